// serviceaccounts/token: issues a bound token. Spec: KEP-1205.

import type { TokenRequest } from '../../api/generated/authentication-v1.ts'
import type { Node, Pod, Secret, ServiceAccount } from '../../api/generated/core-v1.ts'
import type { ObjectMeta } from '../../api/generated/meta-v1.ts'
import { formatTime } from '../../machinery/clock.ts'
import { badRequest, conflict, field, invalid, notFound } from '../../machinery/errors.ts'
import { setUnset } from '../../machinery/go/unset.ts'
import { admitBody } from '../admission/admit-body.ts'
import type { VirtualCreate } from '../api.ts'
import type { TokenBinding, TokenIssuer } from '../authentication/service-account-tokens.ts'
import { decodeBody } from '../registry/decode-body.ts'
import { trackCreate } from '../registry/field-owners.ts'
import type { Registry, RequestContext } from '../registry/registry.ts'
import type { Resource, ServedVersion } from '../registry/resource.ts'

const MIN_SECONDS = 600
const DEFAULT_SECONDS = 3600
const MAX_SECONDS = 2 ** 32
/** What kubelets ask for when a pod does not say how long. */
const WARN_ONLY_SECONDS = 3607
const EXTENDED_SECONDS = 365 * 24 * 3600
const accounts = { group: '', resource: 'serviceaccounts' }
const GROUP_KIND = { group: 'authentication.k8s.io', kind: 'TokenRequest' }

/** The kind that is posted; it has no resource of its own. */
const KIND: ServedVersion = {
  ...GROUP_KIND,
  version: 'v1',
  apiVersion: 'authentication.k8s.io/v1',
  typeRef: 'io.k8s.api.authentication.v1.TokenRequest',
  verbs: [],
  subresources: new Map(),
}
const kindOf = (resource: Resource): Resource => ({ ...resource, storage: KIND, versions: [KIND] })

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
    const decoded: RequestContext['decoded'] = (sent, version) => {
      defaultSeconds(sent as unknown as TokenRequest)
      context.decoded?.(sent, version)
    }
    const posted = decodeBody(body ?? {}, KIND, { ...context, version: KIND, decoded })
    const request = posted as unknown as TokenRequest & { metadata: Partial<ObjectMeta> }
    const resource = registry.resource('', 'serviceaccounts')
    await admitBody(registry, { resource, subresource: 'token', name, body: request }, context)
    checkNames(request.metadata, name, namespace)
    const account = await registry.lookup<ServiceAccount>('', 'serviceaccounts', namespace, name)
    if (!account) throw notFound(accounts, name)
    settle(request, account.metadata, registry.clock.now())
    trackCreate(kindOf(resource), posted, { ...context, version: KIND }, registry.clock.now(), 'token')
    const asked = request.spec.expirationSeconds ?? DEFAULT_SECONDS
    checkSeconds(asked)
    const seconds = maxSeconds === undefined ? asked : Math.min(asked, maxSeconds)
    if (seconds < asked) context.warn(`requested expiration of ${asked} seconds shortened to ${seconds} seconds`)
    const wanted = request.spec.audiences ?? []
    const granted = wanted.length > 0 ? wanted : audiences
    const binding = await bindingOf(registry, namespace, name, request)
    const extended =
      settings.extends &&
      binding?.kind === 'Pod' &&
      seconds === WARN_ONLY_SECONDS &&
      granted.every((audience) => audiences.includes(audience))
    const { token, id } = issuer.issue({
      namespace,
      account: { name, uid: account.metadata.uid },
      audiences: granted,
      seconds: extended ? EXTENDED_SECONDS : seconds,
      ...(extended ? { warnAfter: seconds } : {}),
      ...(binding ? { binding } : {}),
    })
    context.annotate?.('authentication.kubernetes.io/issued-credential-id', `JTI=${id}`)
    const answer = {
      ...posted,
      spec: { ...request.spec, audiences: granted, expirationSeconds: seconds },
      status: { token, expirationTimestamp: formatTime(registry.clock.now() + seconds * 1000) },
    }
    setUnset(KIND.typeRef, answer)
    return answer
  }
}

/** Throws Invalid when the body speaks of another account than the path. */
function checkNames(said: Partial<ObjectMeta>, name: string, namespace: string): void {
  const check = (part: 'name' | 'namespace', is: string) => {
    const given = said[part]
    if (!given || given === is) return
    throw invalid(GROUP_KIND, name, [
      field.invalid(`metadata.${part}`, given, `must match the service account ${part} if specified`),
    ])
  }
  check('name', name)
  check('namespace', namespace)
}

/** Puts into a request what goes without saying. Throws Conflict when it is about an account that is no more. */
function settle(request: TokenRequest & { metadata: Partial<ObjectMeta> }, account: ObjectMeta, now: number): void {
  const { metadata } = request
  const { name, namespace = '', uid } = account
  if (metadata.uid && metadata.uid !== uid) {
    const why = `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${uid})`
    throw conflict({ group: GROUP_KIND.group, resource: GROUP_KIND.kind }, name, why)
  }
  Object.assign(metadata, { name, namespace, uid, creationTimestamp: formatTime(now) })
  request.status = {} as TokenRequest['status']
}

/** What a request that says nothing asks for. Model: SetDefaults_TokenRequestSpec. */
function defaultSeconds(request: TokenRequest): void {
  request.spec ??= {} as TokenRequest['spec']
  request.spec.expirationSeconds ??= DEFAULT_SECONDS
}

function checkSeconds(seconds: number): void {
  if (seconds >= MIN_SECONDS && seconds <= MAX_SECONDS) return
  const problem =
    seconds < MIN_SECONDS
      ? 'may not specify a duration less than 10 minutes'
      : 'may not specify a duration larger than 2^32 seconds'
  throw invalid(GROUP_KIND, '', [field.invalid('spec.expirationSeconds', seconds, problem)])
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
  const apiVersion = ref.apiVersion?.includes('/') ? ref.apiVersion : `/${ref.apiVersion ?? ''}`
  if (!apiVersion.startsWith('/')) throw unbindable(apiVersion, kind)
  if (name === '') throw badRequest('Name parameter required.')
  switch (kind) {
    case 'Pod': {
      const pod = await registry.lookup<Pod>('', 'pods', namespace, name)
      if (!pod) throw notFound({ group: '', resource: 'pods' }, name)
      if (pod.spec.serviceAccountName !== account) {
        const why = 'to pod running with different serviceaccount name.'
        throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(account)} ${why}`)
      }
      checkUid('Pod', name, ref.uid, pod.metadata.uid)
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
      checkUid('Secret', name, ref.uid, secret.metadata.uid)
      return { kind, name, uid: secret.metadata.uid }
    }
    case 'Node': {
      const node = await registry.lookup<Node>('', 'nodes', '', name)
      if (!node) throw notFound({ group: '', resource: 'nodes' }, name)
      checkUid('Node', name, ref.uid, node.metadata.uid)
      return { kind, name, uid: node.metadata.uid }
    }
    default:
      throw unbindable(apiVersion, kind)
  }
}

const unbindable = (apiVersion: string, kind: string) =>
  badRequest(`cannot bind token to object of type ${apiVersion}, Kind=${kind}`)

function checkUid(resource: string, name: string, wanted: string | undefined, actual: string): void {
  if (!wanted || wanted === actual) return
  throw conflict(
    { group: '', resource },
    name,
    `the UID in the bound object reference (${wanted}) does not match the UID in record. The object might have been deleted and then recreated`,
  )
}
