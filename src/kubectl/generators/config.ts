// kubectl create configmap and secret.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import type { Flag } from '../flags.ts'
import type { KubeObject } from '../object.ts'
import { toCompactJson } from '../printers/json.ts'
import { generator, textFlag } from './generator.ts'
import { configMapData, readSources, secretData, sourceFlags } from './key-values.ts'
import { withHashedName } from './name-hash.ts'

const hashFlag = (what: string): Flag => ({
  name: 'append-hash',
  type: 'boolean',
  description: `Append a hash of the ${what} to its name.`,
})

function sourcesOf(ctx: KubectlContext): Map<string, Buffer> {
  const { flags, cwd, env } = ctx
  const [files, literals] = [flags.strings('from-file'), flags.strings('from-literal')]
  const envFiles = flags.strings('from-env-file')
  if (envFiles.length > 0 && files.length + literals.length > 0) {
    throw new KubectlError('from-env-file cannot be combined with from-file or from-literal')
  }
  return readSources({ files, literals, envFiles }, { cwd, env })
}

const hashed = (ctx: KubectlContext, object: KubeObject) =>
  ctx.flags.boolean('append-hash') ? withHashedName(object) : object

export const configmap = generator({
  name: 'configmap',
  aliases: ['cm'],
  usage: 'NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none] [options]',
  short: 'Create a config map from a local file, directory or literal value',
  failure: 'configmap:',
  flags: [...sourceFlags('configmap'), hashFlag('configmap')],
  make({ ctx, name }) {
    return hashed(ctx, {
      apiVersion: 'v1',
      ...configMapData(sourcesOf(ctx)),
      kind: 'ConfigMap',
      metadata: { name },
    })
  },
})

const secretOf = (name: string, values: Map<string, Buffer>, type: string): KubeObject => ({
  apiVersion: 'v1',
  ...secretData(values),
  kind: 'Secret',
  metadata: { name },
  ...(type === '' ? {} : { type }),
})

const generic = generator({
  name: 'generic',
  usage:
    'NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none] [options]',
  short: 'Create a secret from a local file, directory, or literal value',
  failure: 'secret',
  flags: [...sourceFlags('secret'), hashFlag('secret'), textFlag('type', 'The type of secret to create')],
  make: ({ ctx, name }) => hashed(ctx, secretOf(name, sourcesOf(ctx), ctx.flags.string('type') ?? '')),
})

const tls = generator({
  name: 'tls',
  usage: 'NAME --cert=path/to/cert/file --key=path/to/key/file [--dry-run=server|client|none] [options]',
  short: 'Create a TLS secret',
  failure: 'secret',
  flags: [
    textFlag('cert', 'Path to PEM encoded public key certificate.'),
    textFlag('key', 'Path to private key associated with given certificate.'),
    hashFlag('secret'),
  ],
  async make({ ctx, name }) {
    const [cert = '', key = ''] = [ctx.flags.string('cert'), ctx.flags.string('key')]
    if (cert === '' || key === '') throw new KubectlError('key and cert must be specified')
    const pair = { cert: read(ctx, cert), key: read(ctx, key) }
    await checkPair(pair)
    const values = new Map([
      ['tls.crt', pair.cert],
      ['tls.key', pair.key],
    ])
    return hashed(ctx, secretOf(name, values, 'kubernetes.io/tls'))
  },
})

function read(ctx: KubectlContext, file: string): Buffer {
  try {
    return readFileSync(resolve(ctx.cwd, file))
  } catch (error) {
    throw new KubectlError(`open ${file}: no such file or directory`, { cause: error })
  }
}

async function checkPair({ cert, key }: { cert: Buffer; key: Buffer }): Promise<void> {
  const { createPrivateKey, X509Certificate } = await import('node:crypto')
  const parsed = attempt(() => new X509Certificate(cert), 'tls: failed to find any PEM data in certificate input')
  const own = attempt(() => createPrivateKey(key), 'tls: failed to find any PEM data in key input')
  if (!parsed.checkPrivateKey(own)) throw new KubectlError('tls: private key does not match public key')
}

function attempt<T>(parse: () => T, message: string): T {
  try {
    return parse()
  } catch (error) {
    throw new KubectlError(message, { cause: error })
  }
}

const dockerRegistry = generator({
  name: 'docker-registry',
  usage:
    'NAME --docker-username=user --docker-password=password --docker-email=email [--docker-server=string] [--from-file=[key=]source] [--dry-run=server|client|none] [options]',
  short: 'Create a secret for use with a Docker registry',
  failure: 'secret',
  flags: [
    textFlag('docker-username', 'Username for Docker registry authentication'),
    textFlag('docker-password', 'Password for Docker registry authentication'),
    textFlag('docker-email', 'Email for Docker registry'),
    textFlag('docker-server', 'Server location for Docker registry', { fallback: 'https://index.docker.io/v1/' }),
    hashFlag('secret'),
    ...sourceFlags('secret').filter((flag) => flag.name === 'from-file'),
  ],
  make({ ctx, name }) {
    const { flags, cwd, env } = ctx
    const files = flags.strings('from-file').map((file) => (file.includes('=') ? file : `.dockerconfigjson=${file}`))
    const [username = '', password = ''] = [flags.string('docker-username'), flags.string('docker-password')]
    const [server = '', email = ''] = [flags.string('docker-server'), flags.string('docker-email')]
    if (files.length === 0 && (username === '' || password === '' || server === '')) {
      throw new KubectlError(
        'either --from-file or the combination of --docker-username, --docker-password and --docker-server is required',
      )
    }
    const values =
      files.length > 0
        ? readSources({ files, literals: [], envFiles: [] }, { cwd, env })
        : new Map([['.dockerconfigjson', dockerConfig({ server, username, password, email })]])
    return hashed(ctx, secretOf(name, values, 'kubernetes.io/dockerconfigjson'))
  },
})

function dockerConfig(o: { server: string; username: string; password: string; email: string }): Buffer {
  const { server, username, password, email } = o
  const auth = Buffer.from(`${username}:${password}`).toString('base64')
  // In the order of the Go struct.
  const entry = { username, password, ...(email === '' ? {} : { email }), auth }
  const fields = Object.entries(entry).map(([k, v]) => `${JSON.stringify(k)}:${toCompactJson(v)}`)
  return Buffer.from(`{"auths":{${toCompactJson(server)}:{${fields.join(',')}}}}`)
}

export const secret: KubectlCommand = {
  name: 'secret',
  usage: '(docker-registry | generic | tls) [options]',
  short: 'Create a secret using a specified subcommand',
  flags: [],
  children: [dockerRegistry, generic, tls],
}
