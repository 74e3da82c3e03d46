// PodSecurity: holds pods to the level of the Pod Security Standards that their namespace asks for.
// Spec: https://kubernetes.io/docs/concepts/security/pod-security-admission/

import type { Container, Namespace, Pod } from '../../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import { forbidden, internalError, invalid } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { type ApiObject, isRecord } from '../../api-object.ts'
import type { Registry } from '../../registry/registry.ts'
import { keyOf, listPrefix } from '../../registry/resource.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'
import type { PodLike } from './check.ts'
import { NO_SETTINGS, type PodSecuritySettings } from './configuration.ts'
import { detailsText, violationsOf } from './evaluate.ts'
import { existingPodWarnings } from './existing-pods.ts'
import { compareLevels, isPrivileged, levelText, type PodSecurityPolicy, policyOf, sameLevel } from './policy.ts'

const AUDIT = 'pod-security.kubernetes.io/'
const IGNORED_SUBRESOURCES = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status'])

/** Where workloads keep the template of their pods. */
const TEMPLATES: ReadonlyMap<string, Readonly<Record<string, readonly string[]>>> = new Map([
  ['', { replicationcontrollers: ['spec', 'template'], podtemplates: ['template'] }],
  [
    'apps',
    {
      replicasets: ['spec', 'template'],
      deployments: ['spec', 'template'],
      statefulsets: ['spec', 'template'],
      daemonsets: ['spec', 'template'],
    },
  ],
  ['batch', { jobs: ['spec', 'template'], cronjobs: ['spec', 'jobTemplate', 'spec', 'template'] }],
])

/** One level of one policy was held against an object. */
export interface PodSecurityOutcome {
  readonly allowed: boolean
  readonly mode: 'enforce' | 'audit' | 'warn'
  /** `restricted`, `latest`. */
  readonly level: string
  readonly version: string
  readonly operation: string
  readonly resource: 'pod' | 'controller'
  readonly subresource: string
}

/** Told of what was judged, or not even that. */
export type PodSecurityObserver = (
  outcome: PodSecurityOutcome | (Pick<PodSecurityOutcome, 'operation' | 'resource' | 'subresource'> & { exempt: true }),
) => void

export function podSecurity(
  registry: Registry,
  observe?: PodSecurityObserver,
  settings: PodSecuritySettings = NO_SETTINGS,
): AdmissionPlugin {
  const namespaces = registry.resource('', 'namespaces')
  /** Of namespaces, which change seldom: what their labels ask for. */
  const policies = new WeakMap<object, ReturnType<typeof policyOf>>()

  function policyOfNamespace(namespace: DeepReadonly<Namespace>): ReturnType<typeof policyOf> {
    let policy = policies.get(namespace)
    if (!policy) {
      policy = policyOf(namespace.metadata.labels, settings.defaults)
      policies.set(namespace, policy)
    }
    return policy
  }

  /** Whether nothing is asked of this request. */
  function isExempt(attributes: AdmissionAttributes): boolean {
    const { namespaces: exempt, users } = settings
    if (exempt.size > 0 && exempt.has(attributes.namespace)) return noteExempt(attributes, 'namespace', observe)
    return users.size > 0 && users.has(attributes.context.user.name) && noteExempt(attributes, 'user', observe)
  }

  function isExemptPod(attributes: AdmissionAttributes, { spec }: PodLike): boolean {
    const { runtimeClasses } = settings
    if (runtimeClasses.size === 0 || !runtimeClasses.has(spec.runtimeClassName ?? '')) return false
    return noteExempt(attributes, 'runtimeClass', observe)
  }

  function policyIn({ namespace: name }: AdmissionAttributes): ReturnType<typeof policyOf> {
    const found = registry.openCache(namespaces)?.get(keyOf(namespaces, '', name))
    if (!found) throw internalError(`failed to lookup namespace ${JSON.stringify(name)}`)
    return policyOfNamespace(found.object as unknown as Namespace)
  }

  function checkPod(attributes: AdmissionAttributes): void {
    if (isExempt(attributes)) return
    const { operation, object, old, context } = attributes
    const { policy, errors } = policyIn(attributes)
    if (errors.length === 0 && isPrivileged(policy)) {
      context.annotate?.(`${AUDIT}enforce-policy`, 'privileged:latest')
      if (observe) tell(observe, attributes, 'enforce', policy.enforce, true)
      return
    }
    const pod = object as unknown as Pod
    if (operation === 'UPDATE' && !changesContainers(pod, old as unknown as DeepReadonly<Pod>)) return
    if (!isExemptPod(attributes, pod)) judge(attributes, policy, pod, true, observe)
  }

  function checkTemplate(attributes: AdmissionAttributes, path: readonly string[]): void {
    if (isExempt(attributes)) return
    const { policy } = policyIn(attributes)
    if (policy.warn.level === 'privileged' && policy.audit.level === 'privileged') return
    let template: unknown = attributes.object
    for (const field of path) template = isRecord(template) ? template[field] : undefined
    if (!isRecord(template) || !isRecord(template.spec)) return
    const pod = template as unknown as PodLike
    if (!isExemptPod(attributes, pod)) judge(attributes, policy, pod, false, observe)
  }

  async function checkNamespace(attributes: AdmissionAttributes): Promise<void> {
    const { object, old, context, name } = attributes
    if (!object) return
    const { policy, errors } = policyOf(object.metadata.labels, settings.defaults)
    const before = old ? policyOf(old.metadata.labels, settings.defaults) : undefined
    if (errors.length > 0 && (!before || !sameJson(errors, before.errors))) {
      throw invalid({ group: '', kind: 'Namespace' }, object.metadata.name ?? name, [...errors])
    }
    if (settings.namespaces.has(name || (object.metadata.name ?? ''))) {
      const warning = ignoredPolicy(object, policy, settings.defaults)
      if (warning !== undefined && !(before && sameJson(before.policy, policy))) context.warn(warning)
      return
    }
    if (!before || !isTightened(before.policy, policy)) return
    const pods = registry.resource('', 'pods')
    const cache = await registry.cache(pods)
    const existing = cache.entriesUnder(listPrefix(pods, name)).map((entry) => entry.object as unknown as Pod)
    const deadline = registry.clock.now() + 1000
    const warnings = existingPodWarnings(existing, {
      namespace: name,
      enforce: policy.enforce,
      isLate: () => registry.clock.now() > deadline,
    })
    for (const warning of warnings) context.warn(warning)
  }

  return {
    name: 'PodSecurity',
    validate(attributes) {
      const { operation, resource, subresource } = attributes
      if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined
      const isPod = resource.group === '' && resource.resource === 'pods'
      if (isPod ? IGNORED_SUBRESOURCES.has(subresource) : subresource !== '') return undefined
      if (!isPod && resource.group === '' && resource.resource === 'namespaces') return checkNamespace(attributes)
      const path = TEMPLATES.get(resource.group)?.[resource.resource]
      if (!isPod && !path) return undefined
      // Once it is open, nothing has to be waited for.
      const check = () => (path ? checkTemplate(attributes, path) : checkPod(attributes))
      return registry.openCache(namespaces) ? check() : registry.cache(namespaces).then(check)
    },
  }
}

function noteExempt(
  { context, operation, resource, subresource }: AdmissionAttributes,
  why: string,
  observe: PodSecurityObserver | undefined,
): true {
  context.annotate?.(`${AUDIT}exempt`, why)
  const kind = resource.resource === 'pods' ? 'pod' : 'controller'
  observe?.({ exempt: true, operation: operation.toLowerCase(), resource: kind, subresource })
  return true
}

/** What is to be said when an exempt namespace asks for something. */
function ignoredPolicy(
  { metadata: { name, labels = {} } }: ApiObject,
  policy: PodSecurityPolicy,
  defaults: PodSecurityPolicy,
): string | undefined {
  const modes = ['enforce', 'audit', 'warn'] as const
  if (isPrivileged(policy) || modes.every((mode) => sameLevel(policy[mode], defaults[mode]))) return undefined
  const shown = modes.flatMap((mode) => {
    const label = `${AUDIT}${mode}`
    const asked = label in labels || `${label}-version` in labels
    return asked && policy[mode].level !== 'privileged' ? [`${mode}=${levelText(policy[mode])}`] : []
  })
  return `namespace ${JSON.stringify(name)} is exempt from Pod Security, and the policy (${shown.join(', ')}) will be ignored`
}

/** Whether pods that were fine before may no longer be. */
function isTightened(before: PodSecurityPolicy, { enforce }: PodSecurityPolicy): boolean {
  if (enforce.level === 'privileged' || sameLevel(enforce, before.enforce)) return false
  return enforce.minor !== before.enforce.minor || compareLevels(enforce.level, before.enforce.level) > 0
}

function tell(
  observe: PodSecurityObserver,
  { operation, resource, subresource }: AdmissionAttributes,
  mode: PodSecurityOutcome['mode'],
  judged: PodSecurityPolicy['warn'],
  allowed: boolean,
): void {
  const [level = '', version = ''] = levelText(judged).split(':')
  observe({
    ...{ allowed, mode, level, version, operation: operation.toLowerCase(), subresource },
    resource: resource.resource === 'pods' ? 'pod' : 'controller',
  })
}

function judge(
  attributes: AdmissionAttributes,
  policy: PodSecurityPolicy,
  pod: PodLike,
  enforced: boolean,
  observe: PodSecurityObserver | undefined,
): void {
  const { context, resource, name, object } = attributes
  if (enforced) {
    const text = levelText(policy.enforce)
    context.annotate?.(`${AUDIT}enforce-policy`, text)
    const violations = violationsOf(policy.enforce, pod)
    if (observe) tell(observe, attributes, 'enforce', policy.enforce, violations.length === 0)
    if (violations.length > 0) {
      noteForAudit(attributes, policy, pod, observe)
      throw forbidden(
        resource,
        object?.metadata.name ?? name,
        `violates PodSecurity ${JSON.stringify(text)}: ${detailsText(violations)}`,
      )
    }
  }
  noteForAudit(attributes, policy, pod, observe)
  if (enforced && sameLevel(policy.warn, policy.enforce)) return
  const violations = violationsOf(policy.warn, pod)
  if (violations.length === 0) return
  if (observe) tell(observe, attributes, 'warn', policy.warn, false)
  context.warn(wouldViolate(policy.warn, violations))
}

function noteForAudit(
  attributes: AdmissionAttributes,
  policy: PodSecurityPolicy,
  pod: PodLike,
  observe: PodSecurityObserver | undefined,
): void {
  const { context } = attributes
  if (!context.annotate && !observe) return
  const violations = violationsOf(policy.audit, pod)
  if (violations.length === 0) return
  if (observe) tell(observe, attributes, 'audit', policy.audit, false)
  context.annotate?.(`${AUDIT}audit-violations`, wouldViolate(policy.audit, violations))
}

function wouldViolate(level: PodSecurityPolicy['warn'], violations: Parameters<typeof detailsText>[0]): string {
  return `would violate PodSecurity ${JSON.stringify(levelText(level))}: ${detailsText(violations)}`
}

/** Of what can change in a pod only containers that are added and images matter. */
function changesContainers({ spec }: DeepReadonly<Pod>, { spec: old }: DeepReadonly<Pod>): boolean {
  const images = (containers: readonly DeepReadonly<Container>[] | undefined) => (containers ?? []).map((c) => c.image)
  if (!sameJson(images(spec.containers), images(old.containers))) return true
  if (!sameJson(images(spec.initContainers), images(old.initContainers))) return true
  const before = new Map((old.ephemeralContainers ?? []).map((c) => [c.name, c.image]))
  return (spec.ephemeralContainers ?? []).some((c) => !before.has(c.name) || before.get(c.name) !== c.image)
}
