// How objects of each kind count against quotas. Model: k8s.io/kubernetes/pkg/quota/v1/evaluator.

import type { PersistentVolumeClaim, Pod, Service } from '../../api/generated/core-v1.ts'
import { groupResourceOf } from '../../api/resource-ref.ts'
import type { DeepReadonly } from '../deep-readonly.ts'
import { quantityValue } from '../quantity.ts'
import { holds, isPodQuota, podInScope, podOmissions, podUsage } from './pod-usage.ts'
import { maxLists } from './resource-list.ts'
import type { ScopeRequirement } from './scopes.ts'

/** How one resource counts. Objects are of that resource's storage version. */
export interface QuotaEvaluator {
  /** Whether a quota's resource name is about this resource. */
  matches(name: string): boolean
  usage(object: unknown, now: number): Record<string, string>
  /** Whether an update can change what the object uses up; given the subresource. */
  changesOn(subresource: string): boolean
  /** What the object leaves unsaid though a quota limits it. */
  omissions(object: unknown, limited: readonly string[]): string | undefined
  inScope(object: unknown, scope: ScopeRequirement): boolean
}

const CLASS_MARK = '.storageclass.storage.k8s.io/'
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class'
/** These are also counted under their bare names. */
const BARE = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets'])

const never = () => false
const nothing = () => undefined

const pods: QuotaEvaluator = {
  matches: isPodQuota,
  usage: (object, now) => podUsage(object as DeepReadonly<Pod>, now),
  changesOn: (subresource) => subresource === 'resize',
  omissions: (object, limited) => podOmissions(object as DeepReadonly<Pod>, limited),
  inScope: (object, scope) => podInScope(object as DeepReadonly<Pod>, scope),
}

const SERVICE_NAMES = new Set(['services', 'count/services', 'services.nodeports', 'services.loadbalancers'])

const services: QuotaEvaluator = {
  matches: (name) => SERVICE_NAMES.has(name),
  usage: (object) => serviceUsage(object as DeepReadonly<Service>),
  changesOn: (subresource) => subresource === '',
  omissions: nothing,
  inScope: never,
}

function serviceUsage({ spec }: DeepReadonly<Service>): Record<string, string> {
  const ports = spec.ports ?? []
  const balanced = spec.type === 'LoadBalancer'
  const allocated =
    balanced && spec.allocateLoadBalancerNodePorts === false ? ports.filter((p) => (p.nodePort ?? 0) !== 0) : ports
  return {
    services: '1',
    'count/services': '1',
    'services.nodeports': String(balanced || spec.type === 'NodePort' ? allocated.length : 0),
    'services.loadbalancers': balanced ? '1' : '0',
  }
}

const claims: QuotaEvaluator = {
  matches: (name) =>
    ['persistentvolumeclaims', 'count/persistentvolumeclaims', 'requests.storage'].includes(name) ||
    name.endsWith(`${CLASS_MARK}persistentvolumeclaims`) ||
    name.endsWith(`${CLASS_MARK}requests.storage`),
  usage: (object) => claimUsage(object as DeepReadonly<PersistentVolumeClaim>),
  changesOn: (subresource) => subresource === '',
  omissions: nothing,
  inScope(object, scope) {
    const { spec } = object as DeepReadonly<PersistentVolumeClaim>
    return scope.scopeName === 'VolumeAttributesClass' && holds(scope, spec.volumeAttributesClassName ?? '')
  },
}

function claimUsage({ metadata, spec, status }: DeepReadonly<PersistentVolumeClaim>): Record<string, string> {
  const usage: Record<string, string> = { persistentvolumeclaims: '1', 'count/persistentvolumeclaims': '1' }
  const storageClass = metadata.annotations?.[BETA_CLASS] ?? spec.storageClassName ?? ''
  const { storage } = maxLists(spec.resources?.requests ?? {}, status?.allocatedResources ?? {})
  // Bytes are whole; a quantity that is keeps the way it was written.
  const whole = storage === undefined || !/[mnu]$|\./.test(storage) ? storage : String(quantityValue(storage))
  if (whole !== undefined) usage['requests.storage'] = whole
  if (storageClass === '') return usage
  usage[`${storageClass}${CLASS_MARK}persistentvolumeclaims`] = '1'
  if (whole !== undefined) usage[`${storageClass}${CLASS_MARK}requests.storage`] = whole
  return usage
}

/** Everything else is counted and no more. */
function counted(groupResource: string): QuotaEvaluator {
  const names = [`count/${groupResource}`, ...(BARE.has(groupResource) ? [groupResource] : [])]
  const usage = Object.fromEntries(names.map((name) => [name, '1']))
  return {
    matches: (name) => names.includes(name),
    usage: () => usage,
    changesOn: never,
    omissions: nothing,
    inScope: never,
  }
}

const SPECIAL: Readonly<Record<string, QuotaEvaluator>> = { pods, services, persistentvolumeclaims: claims }
/** Objects that are made by the thousand and go by themselves. */
const UNCOUNTED = new Set(['events', 'events.events.k8s.io'])
const known = new Map<string, QuotaEvaluator>()

/** How objects of the resource count; undefined for those that never do. */
export function quotaEvaluator(resource: { group: string; resource: string }): QuotaEvaluator | undefined {
  const id = groupResourceOf(resource)
  if (UNCOUNTED.has(id)) return undefined
  let evaluator = known.get(id) ?? SPECIAL[id]
  if (!evaluator) {
    evaluator = counted(id)
    known.set(id, evaluator)
  }
  return evaluator
}

/** The resource (`pods`, `deployments.apps`) whose objects a quota's resource name counts; undefined when unknown. */
export function resourceCountedBy(name: string): string | undefined {
  for (const [id, evaluator] of Object.entries(SPECIAL)) if (evaluator.matches(name)) return id
  if (BARE.has(name)) return name
  return name.startsWith('count/') ? name.slice('count/'.length) : undefined
}
