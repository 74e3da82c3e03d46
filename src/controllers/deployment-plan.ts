// The decisions of a rollout: which ReplicaSet is current, and how many replicas each should have next.

import type { Deployment, ReplicaSet } from '../api/generated/apps-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { sameValue, scaledValue, timeOf } from './support/values.ts'

export type ReadDeployment = DeepReadonly<Deployment>
export type ReadReplicaSet = DeepReadonly<ReplicaSet>

/** Annotations that record a rollout; kubectl reads them. */
export const REVISION = 'deployment.kubernetes.io/revision'
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history'
const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas'
const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas'
export const TEMPLATE_HASH = 'pod-template-hash'

const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
])

/** Whether an annotation travels between a deployment and its ReplicaSets. */
export function isCopied(annotation: string): boolean {
  return !NOT_COPIED.has(annotation)
}

/** One ReplicaSet and the size it shall have. */
export interface ScaleStep {
  readonly replicaSet: ReadReplicaSet
  readonly replicas: number
}

export function specReplicas(object: { readonly spec: { readonly replicas?: number } }): number {
  return object.spec.replicas ?? 1
}

export function isRollingUpdate(deployment: ReadDeployment): boolean {
  return (deployment.spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate'
}

/** maxSurge and maxUnavailable as numbers; when both come to 0, one pod may be unavailable. */
export function rollingLimits(deployment: ReadDeployment): { maxSurge: number; maxUnavailable: number } {
  const replicas = specReplicas(deployment)
  if (!isRollingUpdate(deployment)) return { maxSurge: 0, maxUnavailable: 0 }
  const { maxSurge, maxUnavailable } = deployment.spec.strategy?.rollingUpdate ?? {}
  const surge = scaledValue(maxSurge ?? '25%', replicas, 'up')
  const unavailable = scaledValue(maxUnavailable ?? '25%', replicas, 'down')
  if (surge === 0 && unavailable === 0) return { maxSurge: 0, maxUnavailable: Math.min(1, replicas) }
  return { maxSurge: surge, maxUnavailable: Math.min(unavailable, replicas) }
}

function byAge(a: ReadReplicaSet, b: ReadReplicaSet): number {
  return (
    timeOf(a.metadata.creationTimestamp) - timeOf(b.metadata.creationTimestamp) ||
    (a.metadata.name < b.metadata.name ? -1 : 1)
  )
}

function withoutHash(template: ReadDeployment['spec']['template'] | undefined) {
  const { [TEMPLATE_HASH]: _hash, ...labels } = template?.metadata?.labels ?? {}
  const { creationTimestamp: _created, ...metadata } = { ...template?.metadata, labels }
  return { ...template, metadata }
}

/** Whether two templates are the same but for the hash label. */
export function sameTemplate(
  a: ReadDeployment['spec']['template'] | undefined,
  b: ReadDeployment['spec']['template'] | undefined,
): boolean {
  return sameValue(withoutHash(a), withoutHash(b))
}

/** The oldest ReplicaSet with the deployment's template, and the others. */
export function splitReplicaSets(
  deployment: ReadDeployment,
  all: readonly ReadReplicaSet[],
): { current: ReadReplicaSet | undefined; old: ReadReplicaSet[] } {
  const sorted = [...all].sort(byAge)
  const current = sorted.find((rs) => sameTemplate(rs.spec.template, deployment.spec.template))
  return { current, old: sorted.filter((rs) => rs !== current) }
}

/** The revision an object carries; 0 without one. */
export function revisionOf(object: {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
}): number {
  const revision = Number.parseInt(object.metadata.annotations?.[REVISION] ?? '0', 10)
  return Number.isNaN(revision) ? 0 : revision
}

/** The revision that the current ReplicaSet gets: one more than any old one. */
export function nextRevision(old: readonly ReadReplicaSet[]): number {
  return Math.max(0, ...old.map(revisionOf)) + 1
}

/** The annotations the current ReplicaSet should have. `existing` are those it has, absent for a new one. */
export function replicaSetAnnotations(options: {
  deployment: ReadDeployment
  existing: Readonly<Record<string, string>> | undefined
  revision: number
}): Record<string, string> {
  const out: Record<string, string> = { ...options.existing }
  for (const [key, value] of Object.entries(options.deployment.metadata.annotations ?? {})) {
    if (!NOT_COPIED.has(key)) out[key] = value
  }
  const before = out[REVISION]
  if (Number(before ?? '0') < options.revision) {
    out[REVISION] = String(options.revision)
    if (options.existing && before) {
      const history = out[REVISION_HISTORY]
      out[REVISION_HISTORY] = history ? `${history},${before}` : before
    }
  }
  if (!options.existing) Object.assign(out, sizeAnnotations(options.deployment))
  return out
}

/** What a ReplicaSet remembers about the deployment's size when it was last scaled. */
export function sizeAnnotations(deployment: ReadDeployment): Record<string, string> {
  const replicas = specReplicas(deployment)
  return {
    [DESIRED_REPLICAS]: String(replicas),
    [MAX_REPLICAS]: String(replicas + rollingLimits(deployment).maxSurge),
  }
}

function sum(sets: readonly ReadReplicaSet[], value: (rs: ReadReplicaSet) => number): number {
  return sets.reduce((total, rs) => total + value(rs), 0)
}

const available = (rs: ReadReplicaSet) => rs.status.availableReplicas ?? 0

/** How many replicas the current ReplicaSet may have now. `size` is what it has (0 before it exists). */
export function currentSize(deployment: ReadDeployment, all: readonly ReadReplicaSet[], size: number): number {
  const wanted = specReplicas(deployment)
  if (!isRollingUpdate(deployment)) return wanted
  const total = sum(all, specReplicas)
  const room = wanted + rollingLimits(deployment).maxSurge - total
  if (room <= 0) return size
  return size + Math.min(room, wanted - size)
}

/** Next step for the current ReplicaSet of a rolling update; none when it has its size. */
export function planCurrent(
  deployment: ReadDeployment,
  current: ReadReplicaSet,
  old: readonly ReadReplicaSet[],
): ScaleStep[] {
  const wanted = specReplicas(deployment)
  const size = specReplicas(current)
  if (size === wanted) return []
  const replicas = size > wanted ? wanted : currentSize(deployment, [...old, current], size)
  return replicas === size ? [] : [{ replicaSet: current, replicas }]
}

/** Next steps for the old ReplicaSets of a rolling update: first pods that are not available, then as many as allowed. */
export function planOld(
  deployment: ReadDeployment,
  current: ReadReplicaSet,
  old: readonly ReadReplicaSet[],
): ScaleStep[] {
  const sizes = new Map(old.map((rs) => [rs, specReplicas(rs)]))
  const all = [...old, current]
  if (sum(old, specReplicas) === 0) return []
  const minAvailable = specReplicas(deployment) - rollingLimits(deployment).maxUnavailable
  const currentUnavailable = specReplicas(current) - available(current)
  let removable = sum(all, specReplicas) - minAvailable - currentUnavailable
  if (removable <= 0) return []
  const sorted = [...old].sort(byAge)
  for (const rs of sorted) {
    const size = sizes.get(rs) ?? 0
    const unhealthy = Math.min(removable, size - available(rs))
    if (size === 0 || unhealthy <= 0) continue
    sizes.set(rs, size - unhealthy)
    removable -= unhealthy
  }
  let surplus = sum(all, available) - minAvailable
  for (const rs of sorted) {
    const size = sizes.get(rs) ?? 0
    const count = Math.min(size, surplus)
    if (count <= 0) continue
    sizes.set(rs, size - count)
    surplus -= count
  }
  return sorted
    .filter((rs) => sizes.get(rs) !== specReplicas(rs))
    .map((replicaSet) => ({ replicaSet, replicas: sizes.get(replicaSet) ?? 0 }))
}

/** Whether the deployment's size was changed since its ReplicaSets were last scaled. */
export function isScalingEvent(deployment: ReadDeployment, all: readonly ReadReplicaSet[]): boolean {
  return all.some((rs) => {
    const desired = rs.metadata.annotations?.[DESIRED_REPLICAS]
    return specReplicas(rs) > 0 && desired !== undefined && Number(desired) !== specReplicas(deployment)
  })
}

/** Resizes what is there without rolling out: all to the one active, or in proportion while several are. */
export function planScale(
  deployment: ReadDeployment,
  current: ReadReplicaSet | undefined,
  old: readonly ReadReplicaSet[],
): ScaleStep[] {
  const wanted = specReplicas(deployment)
  const all = current ? [...old, current] : [...old]
  const active = all.filter((rs) => specReplicas(rs) > 0)
  if (active.length <= 1) {
    const only = active[0] ?? current ?? [...old].sort(byAge).at(-1)
    return only && specReplicas(only) !== wanted ? [{ replicaSet: only, replicas: wanted }] : []
  }
  if (current && isSaturated(deployment, current)) {
    return active.filter((rs) => rs !== current).map((replicaSet) => ({ replicaSet, replicas: 0 }))
  }
  return isRollingUpdate(deployment) ? planProportional(deployment, active) : []
}

function isSaturated(deployment: ReadDeployment, rs: ReadReplicaSet): boolean {
  const wanted = specReplicas(deployment)
  return (
    specReplicas(rs) === wanted &&
    Number(rs.metadata.annotations?.[DESIRED_REPLICAS] ?? Number.NaN) === wanted &&
    available(rs) === wanted
  )
}

function planProportional(deployment: ReadDeployment, active: readonly ReadReplicaSet[]): ScaleStep[] {
  const wanted = specReplicas(deployment)
  const allowed = wanted > 0 ? wanted + rollingLimits(deployment).maxSurge : 0
  const toAdd = allowed - sum(active, specReplicas)
  const sorted = [...active].sort(
    (a, b) => specReplicas(b) - specReplicas(a) || (toAdd > 0 ? byAge(b, a) : byAge(a, b)),
  )
  let added = 0
  const sizes = sorted.map((rs) => {
    const share = proportion(deployment, rs, toAdd, added)
    added += share
    return specReplicas(rs) + share
  })
  return sorted.map((replicaSet, i) => ({
    replicaSet,
    replicas: Math.max(0, (sizes[i] ?? 0) + (i === 0 ? toAdd - added : 0)),
  }))
}

function proportion(deployment: ReadDeployment, rs: ReadReplicaSet, toAdd: number, added: number): number {
  const size = specReplicas(rs)
  if (size === 0 || toAdd === 0 || toAdd === added) return 0
  const left = toAdd - added
  const fraction = growth(deployment, rs)
  return toAdd > 0 ? Math.min(fraction, left) : Math.max(fraction, left)
}

/** By how much a ReplicaSet grows when the deployment does, judged by the size it was last scaled for. */
function growth(deployment: ReadDeployment, rs: ReadReplicaSet): number {
  const size = specReplicas(rs)
  const wanted = specReplicas(deployment)
  if (wanted === 0) return -size
  const before = Number(rs.metadata.annotations?.[MAX_REPLICAS] ?? deployment.status.replicas ?? 0)
  if (!before) return 0
  const now = wanted + rollingLimits(deployment).maxSurge
  return Math.round((size * now) / before) - size
}

/** Old, empty ReplicaSets beyond the history limit, oldest revision first. */
export function planCleanup(deployment: ReadDeployment, old: readonly ReadReplicaSet[]): ReadReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit ?? 10
  const candidates = old.filter((rs) => rs.metadata.deletionTimestamp === undefined)
  const surplus = candidates.length - limit
  if (surplus <= 0) return []
  return candidates
    .sort((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, surplus)
    .filter(
      (rs) =>
        rs.status.replicas === 0 &&
        specReplicas(rs) === 0 &&
        (rs.metadata.generation ?? 0) <= (rs.status.observedGeneration ?? 0),
    )
}
