// serviceaccounts/token: issues a bound token. Spec: KEP-1205.

import type { TokenRequest } from '../../api/generated/authentication-v1.ts'
import type { Node, Pod, Secret, ServiceAccount } from '../../api/generated/core-v1.ts'
import { formatTime } from '../../machinery/clock.ts'
import { conflict, field, forbidden, invalid, notFound } from '../../machinery/errors.ts'
import { admitBody } from '../admission/admit-body.ts'
import type { VirtualCreate } from '../api.ts'
import type { TokenBinding, TokenIssuer } from '../authentication/service-account-tokens.ts'
import { nodeNameOf } from '../authorization/node.ts'
import type { Registry } from '../registry/registry.ts'
import type { UserInfo } from '../user.ts'

const MIN_SECONDS = 600
const DEFAULT_SECONDS = 3600
const MAX_SECONDS = 2 ** 32
/** What kubelets ask for when a pod does not say how long. */
const WARN_ONLY_SECONDS = 3607
const EXTENDED_SECONDS = 365 * 24 * 3600
const accounts = { group: '', resource: 'serviceaccounts' }

export interface TokenRequestSettings {
  /** Used when a request names none. */
  readonly audiences: readonly string[]
  /** Longer ones are shortened; absent: none is. */
  readonly maxSeconds?: number
  /** Whether tokens of pods that do not say how long stay good for a year, as old programs read them only once. */
  readonly extends: boolean
}

/** The handler of `serviceaccounts/token`. */
export function tokenRequest(registry: Registry, issuer: TokenIssuer, settings: TokenRequestSettings): VirtualCreate {
  const { audiences, maxSeconds } = settings
  return async ({ name, body, context }) => {
    const { namespace } = context
    const request = body as Partial<TokenRequest>
    const account = await registry.lookup<ServiceAccount>('', 'serviceaccounts', namespace, name)
    if (!account) throw notFound(accounts, name)
    const resource = registry.resource('', 'serviceaccounts')
    await admitBody(registry, { resource, subresource: 'token', name, body: request }, context)
    const asked = request.spec?.expirationSeconds ?? DEFAULT_SECONDS
    checkSeconds(asked)
    const seconds = maxSeconds === undefined ? asked : Math.min(asked, maxSeconds)
    if (seconds < asked) context.warn(`requested expiration of ${asked} seconds shortened to ${seconds} seconds`)
    const wanted = request.spec?.audiences ?? []
    const granted = wanted.length > 0 ? wanted : audiences
    await restrictNode(registry, namespace, name, request, context.user)
    const binding = await bindingOf(registry, namespace, name, request)
    const extended =
      settings.extends &&
      binding?.kind === 'Pod' &&
      seconds === WARN_ONLY_SECONDS &&
      granted.every((audience) => audiences.includes(audience))
    const { token } = issuer.issue({
      namespace,
      account: { name, uid: account.metadata.uid },
      audiences: granted,
      seconds: extended ? EXTENDED_SECONDS : seconds,
      ...(extended ? { warnAfter: seconds } : {}),
      ...(binding ? { binding } : {}),
    })
    return {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name, namespace, creationTimestamp: formatTime(registry.clock.now()) },
      spec: { ...request.spec, audiences: granted, expirationSeconds: seconds },
      status: { token, expirationTimestamp: formatTime(registry.clock.now() + seconds * 1000) },
    } satisfies object
  }
}

function checkSeconds(seconds: number): void {
  if (seconds >= MIN_SECONDS && seconds <= MAX_SECONDS) return
  const problem =
    seconds < MIN_SECONDS
      ? 'may not specify a duration less than 10 minutes'
      : 'may not specify a duration larger than 2^32 seconds'
  throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
    field.invalid('spec.expirationSeconds', seconds, problem),
  ])
}

/** A kubelet gets tokens only for pods that run on its node. */
async function restrictNode(
  registry: Registry,
  namespace: string,
  account: string,
  request: Partial<TokenRequest>,
  user: UserInfo,
): Promise<void> {
  const node = nodeNameOf(user)
  if (node === undefined) return
  const ref = request.spec?.boundObjectRef
  const refuse = (why: string) => forbidden({ group: '', resource: 'serviceaccounts' }, account, why)
  if (ref?.kind !== 'Pod' || !ref.name || !ref.uid) throw refuse('node requested token not bound to a pod')
  const pod = await registry.lookup<Pod>('', 'pods', namespace, ref.name)
  if (pod && pod.spec.nodeName !== node) {
    throw refuse('node requested token bound to a pod scheduled on a different node')
  }
}

async function bindingOf(
  registry: Registry,
  namespace: string,
  account: string,
  request: Partial<TokenRequest>,
): Promise<TokenBinding | undefined> {
  const ref = request.spec?.boundObjectRef
  if (!ref) return undefined
  const { kind = '', name = '' } = ref
  switch (kind) {
    case 'Pod': {
      const pod = await registry.lookup<Pod>('', 'pods', namespace, name)
      if (!pod) throw notFound({ group: '', resource: 'pods' }, name)
      checkUid('pods', name, ref.uid, pod.metadata.uid)
      if (pod.spec.serviceAccountName !== account) {
        throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
          field.invalid(
            'spec.boundObjectRef',
            name,
            `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
          ),
        ])
      }
      const nodeName = pod.spec.nodeName
      const node = nodeName ? await registry.lookup<Node>('', 'nodes', '', nodeName) : undefined
      return {
        kind,
        name,
        uid: pod.metadata.uid,
        ...(nodeName ? { node: { name: nodeName, ...(node ? { uid: node.metadata.uid } : {}) } } : {}),
      }
    }
    case 'Secret': {
      const secret = await registry.lookup<Secret>('', 'secrets', namespace, name)
      if (!secret) throw notFound({ group: '', resource: 'secrets' }, name)
      checkUid('secrets', name, ref.uid, secret.metadata.uid)
      return { kind, name, uid: secret.metadata.uid }
    }
    case 'Node': {
      const node = await registry.lookup<Node>('', 'nodes', '', name)
      if (!node) throw notFound({ group: '', resource: 'nodes' }, name)
      checkUid('nodes', name, ref.uid, node.metadata.uid)
      return { kind, name, uid: node.metadata.uid }
    }
    default:
      throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
        field.invalid('spec.boundObjectRef.kind', kind, `cannot bind token to object of type ${kind}`),
      ])
  }
}

function checkUid(resource: string, name: string, wanted: string | undefined, actual: string): void {
  if (!wanted || wanted === actual) return
  throw conflict(
    { group: '', resource },
    name,
    `the UID in the bound object reference (${wanted}) does not match the UID in record. The object might have been deleted and then recreated`,
  )
}
