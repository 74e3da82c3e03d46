// Rules on the counts in the status of workloads. Wording: k8s.io/kubernetes/pkg/apis/{apps,core}/validation.

import { type FieldError, field } from '../../../machinery/errors.ts'
import { checkNonNegative } from './field-checks.ts'

/** A status with counts, by name. */
type Counts<K extends string> = Partial<Record<K, number>>

/** None of the counts is below zero. */
export function checkCounts<K extends string>(status: Counts<K>, names: readonly K[]): FieldError[] {
  const errors: FieldError[] = []
  for (const name of names)
    if ((status[name] ?? 0) < 0) errors.push(...checkNonNegative(`status.${name}`, status[name]))
  return errors
}

/** None of `names` is more than all there are. */
export function checkPartsOf<K extends string>(
  status: Counts<K>,
  whole: K,
  names: readonly K[],
  shown: string = whole,
): FieldError[] {
  const most = status[whole] ?? 0
  return names
    .filter((name) => (status[name] ?? 0) > most)
    .map((name) => field.invalid(`status.${name}`, status[name], `cannot be greater than ${shown}`))
}

const REPLICA_COUNTS = [
  'replicas',
  'fullyLabeledReplicas',
  'readyReplicas',
  'availableReplicas',
  'observedGeneration',
  'terminatingReplicas',
] as const

/** Problems of the status of what keeps so many pods. Upstream: ValidateReplicaSetStatus. */
export function validateReplicaStatus(status: Counts<(typeof REPLICA_COUNTS)[number]>): FieldError[] {
  const parts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const
  return [
    ...checkCounts(status, REPLICA_COUNTS),
    ...checkPartsOf(status, 'replicas', parts, 'status.replicas'),
    ...checkPartsOf(status, 'readyReplicas', ['availableReplicas']),
  ]
}

/** How often names collided is counted up only. */
export function checkCollisions(
  status: { readonly collisionCount?: number },
  old: { readonly collisionCount?: number },
): FieldError[] {
  if (old.collisionCount === undefined) return []
  const count = status.collisionCount ?? 0
  const fell = status.collisionCount === undefined || count < old.collisionCount
  return fell ? [field.invalid('status.collisionCount', count, 'cannot be decremented')] : []
}
