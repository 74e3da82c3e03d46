// A pod against one level and version of the Pod Security Standards.

import { baselineChecks } from './baseline.ts'
import type { Check, CheckPod, PodLike, Violation } from './check.ts'
import type { LevelVersion } from './policy.ts'
import { restrictedChecks } from './restricted.ts'

/** Versions after it are as this one. */
const NEWEST = Math.max(...[...baselineChecks, ...restrictedChecks].flatMap((c) => c.versions.map((v) => v.since)))

const known = new Map<string, readonly CheckPod[]>()

/** Everything about the pod that the level forbids, in upstream's order. */
export function violationsOf({ level, minor }: LevelVersion, pod: PodLike): readonly Violation[] {
  if (level === 'privileged') return []
  const capped = Math.min(minor, NEWEST)
  const id = `${level} ${capped}`
  let checks = known.get(id)
  if (!checks) {
    checks = checksOf(level, capped)
    known.set(id, checks)
  }
  return checks.flatMap((check) => check(pod) ?? [])
}

function checksOf(level: 'baseline' | 'restricted', minor: number): CheckPod[] {
  const at = (check: Check) => check.versions.findLast((version) => version.since <= minor)
  const restricted = level === 'restricted' ? restrictedChecks.flatMap((check) => at(check) ?? []) : []
  const overridden = new Set(restricted.map(({ overrides }) => overrides))
  const baseline = baselineChecks.filter(({ id }) => !overridden.has(id)).flatMap((check) => at(check) ?? [])
  return [...baseline, ...restricted].map(({ check }) => check)
}

/** `host namespaces, privileged`. */
export function reasonsText(violations: readonly Violation[]): string {
  return violations.map(({ reason }) => reason).join(', ')
}

/** `host namespaces (hostPID=true), privileged (container "a" must not set …)`. */
export function detailsText(violations: readonly Violation[]): string {
  return violations.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ')
}
