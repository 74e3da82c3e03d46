// kubectl create namespace, serviceaccount, token.

import type { KubectlCommand, KubectlContext } from '../command.ts'
import { ConnectionError, KubectlError, plainMessage } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { printerOf, printFlags } from '../printers/print-flags.ts'
import { generator, textFlag } from './generator.ts'
import { nameArgument } from './made.ts'

export const namespace = generator({
  name: 'namespace',
  aliases: ['ns'],
  usage: 'NAME [--dry-run=server|client|none] [options]',
  short: 'Create a namespace with the specified name',
  flags: [],
  make: ({ name }) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: {}, status: {} }),
})

export const serviceaccount = generator({
  name: 'serviceaccount',
  aliases: ['sa'],
  usage: 'NAME [--dry-run=server|client|none] [options]',
  short: 'Create a service account with the specified name',
  failure: 'serviceaccount:',
  flags: [],
  make: ({ name }) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }),
})

const BOUND: Readonly<Record<string, string>> = { Node: 'v1', Pod: 'v1', Secret: 'v1' }

export const token: KubectlCommand = {
  name: 'token',
  usage: 'SERVICE_ACCOUNT_NAME [options]',
  short: 'Request a service account token',
  flags: [
    ...printFlags(),
    {
      name: 'audience',
      type: 'strings',
      description:
        'Audience of the requested token. If unset, defaults to requesting a token for use with the Kubernetes API server. May be repeated to request a token valid for multiple audiences.',
    },
    {
      name: 'duration',
      type: 'duration',
      description:
        'Requested lifetime of the issued token. If not set or if set to 0, the lifetime will be determined by the server automatically. The server may return a token with a longer or shorter lifetime.',
    },
    textFlag(
      'bound-object-kind',
      'Kind of an object to bind the token to. Supported kinds are Node, Pod, Secret. If set, --bound-object-name must be provided.',
    ),
    textFlag(
      'bound-object-name',
      'Name of an object to bind the token to. The token will expire when the object is deleted. Requires --bound-object-kind.',
    ),
    textFlag(
      'bound-object-uid',
      'UID of an object to bind the token to. Requires --bound-object-kind and --bound-object-name. If unset, the UID of the existing object is used.',
    ),
  ],
  async run({ args, path }, ctx) {
    const name = nameArgument(args, path)
    const spec = tokenSpec(ctx)
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec, status: {} }
    const answer = await request(ctx, name, body)
    const print = await printerOf(ctx)
    const issued = (answer.status as { token?: string } | undefined)?.token
    if (!issued) throw new KubectlError('failed to create token: no token in server response')
    ctx.out(print ? print(answer) : `${issued}\n`)
    return 0
  },
}

async function request(ctx: KubectlContext, name: string, body: object): Promise<KubeObject> {
  const client = await ctx.client()
  const where = encodeURIComponent(ctx.namespace().namespace)
  const path = `/api/v1/namespaces/${where}/serviceaccounts/${encodeURIComponent(name)}/token`
  try {
    return (await client.json({ method: 'POST', path, body: JSON.stringify(body), signal: ctx.signal })) as KubeObject
  } catch (error) {
    if (error instanceof ConnectionError) throw error
    throw new KubectlError(`failed to create token: ${plainMessage(error)}`, { cause: error })
  }
}

function tokenSpec({ flags }: KubectlContext): object {
  const audiences = flags.strings('audience')
  const ms = flags.duration('duration')
  const [kind = '', bound = '', uid = ''] = ['kind', 'name', 'uid'].map((f) => flags.string(`bound-object-${f}`))
  if (ms < 0) throw new KubectlError('--duration must be greater than or equal to 0')
  if (ms % 1000 !== 0) throw new KubectlError('--duration cannot be expressed in units less than seconds')
  if (audiences.includes('')) throw new KubectlError('--audience must not be an empty string')
  if (kind === '' && bound !== '') {
    throw new KubectlError('--bound-object-name can only be set if --bound-object-kind is provided')
  }
  if (kind === '' && uid !== '') {
    throw new KubectlError('--bound-object-uid can only be set if --bound-object-kind is provided')
  }
  const apiVersion = BOUND[kind]
  if (kind !== '' && !apiVersion) {
    throw new KubectlError(`supported --bound-object-kind values are ${Object.keys(BOUND).join(', ')}`)
  }
  if (kind !== '' && bound === '') {
    throw new KubectlError('--bound-object-name is required if --bound-object-kind is provided')
  }
  return {
    audiences: audiences.length > 0 ? audiences : null,
    ...(ms > 0 ? { expirationSeconds: ms / 1000 } : {}),
    ...(kind === '' ? {} : { boundObjectRef: { kind, apiVersion, name: bound, ...(uid === '' ? {} : { uid }) } }),
  }
}
