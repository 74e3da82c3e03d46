// How a pod counts against quotas. Model: k8s.io/kubernetes/pkg/quota/v1/evaluator/core/pods.go.

import type { Container, Pod } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../deep-readonly.ts'
import { podLimits, podRequests } from './pod-resources.ts'
import type { ResourceList } from './resource-list.ts'
import type { ScopeRequirement } from './scopes.ts'

type ReadPod = DeepReadonly<Pod>

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'] as const
const COUNTED = new Set([
  'pods',
  'count/pods',
  ...COMPUTE.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
])
/** What every container of a pod must say when a quota limits it. */
const MANDATORY = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'])

/** Whether a quota's resource name is about pods. */
export function isPodQuota(name: string): boolean {
  if (COUNTED.has(name) || name.startsWith('hugepages-') || name.startsWith('requests.hugepages-')) return true
  return name.startsWith('requests.') && isExtended(name.slice('requests.'.length))
}

/** `vendor.example/device`: everything outside Kubernetes' own domain. */
function isExtended(name: string): boolean {
  return name.includes('/') && !/^(?:[^/]+\.)?kubernetes\.io\//.test(name) && !name.startsWith('requests.')
}

/** What one pod uses up. A pod that has ended is only an object. */
export function podUsage(pod: ReadPod, now: number): Record<string, string> {
  const count = { 'count/pods': '1' }
  if (!countsAsRunning(pod, now)) return count
  return { ...count, pods: '1', ...computeUsage(podRequests(pod.spec), podLimits(pod.spec)) }
}

/** False once the pod has ended, or should have: a lost node must not hold the quota. */
function countsAsRunning(pod: ReadPod, now: number): boolean {
  const phase = pod.status?.phase
  if (phase === 'Failed' || phase === 'Succeeded') return false
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true
  return now <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000
}

function computeUsage(requests: ResourceList, limits: ResourceList): Record<string, string> {
  const usage: Record<string, string> = {}
  for (const [name, value] of Object.entries(requests)) {
    if (isExtended(name)) usage[`requests.${name}`] = value
    else if (COMPUTE.some((known) => known === name) || name.startsWith('hugepages-')) {
      usage[name] = value
      usage[`requests.${name}`] = value
    }
  }
  for (const name of COMPUTE) {
    const value = limits[name]
    if (value !== undefined) usage[`limits.${name}`] = value
  }
  return usage
}

/** What the pod's containers leave unsaid of what the quota limits; undefined when all is said. */
export function podOmissions(pod: ReadPod, limited: readonly string[]): string | undefined {
  const required = limited.filter((name) => MANDATORY.has(name)).sort()
  if (required.length === 0) return undefined
  const { resources } = pod.spec
  const forPod = computeUsage({ ...resources?.limits, ...resources?.requests }, resources?.limits ?? {})
  const containers: readonly DeepReadonly<Container>[] = [
    ...(pod.spec.containers ?? []),
    ...(pod.spec.initContainers ?? []),
  ]
  const said = containers.map(({ name, resources: own }) => ({
    name,
    usage: computeUsage(own?.requests ?? {}, own?.limits ?? {}),
  }))
  const omissions = required.flatMap((resource) => {
    if (forPod[resource] !== undefined) return []
    const names = said.filter(({ usage }) => usage[resource] === undefined).map(({ name }) => name)
    return names.length === 0 ? [] : [`${resource} for: ${names.sort().join(',')}`]
  })
  return omissions.length === 0 ? undefined : `must specify ${omissions.join('; ')}`
}

/** Whether the pod is one of those that a quota's scope speaks of. */
export function podInScope(pod: ReadPod, scope: ScopeRequirement): boolean {
  switch (scope.scopeName) {
    case 'Terminating':
      return hasDeadline(pod)
    case 'NotTerminating':
      return !hasDeadline(pod)
    case 'BestEffort':
      return pod.status.qosClass === 'BestEffort'
    case 'NotBestEffort':
      return pod.status.qosClass !== 'BestEffort'
    case 'PriorityClass':
      return holds(scope, pod.spec.priorityClassName ?? '')
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(pod)
    default:
      return false
  }
}

function hasDeadline({ spec }: ReadPod): boolean {
  return spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds >= 0
}

/** Whether a requirement on a name holds; an empty name is one that is not set. */
export function holds({ operator, values = [] }: ScopeRequirement, name: string): boolean {
  switch (operator) {
    case 'Exists':
      return name !== ''
    case 'DoesNotExist':
      return name === ''
    case 'In':
      return values.includes(name)
    case 'NotIn':
      return !values.includes(name)
    default:
      return false
  }
}

function crossesNamespaces({ spec }: ReadPod): boolean {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {}
  return [podAffinity, podAntiAffinity].some((affinity) => {
    const terms = [
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((p) => p.podAffinityTerm),
    ]
    return terms.some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined)
  })
}
