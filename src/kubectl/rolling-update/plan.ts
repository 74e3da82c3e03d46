// How many replicas each controller gets next in a rolling update: one more than wanted at most, never fewer available.
// Model: pkg/kubectl/rolling_updater.go of kubernetes 1.2.

export interface Update {
  /** Replicas that the new controller shall have in the end. */
  readonly desired: number
  /** Pods that must stay available. */
  readonly minAvailable: number
  readonly maxSurge: number
}

export interface Sizes {
  readonly old: number
  readonly new: number
}

/** The bounds of an update from a controller of `original` replicas. */
export function boundsOf({ original, desired }: { readonly original: number; readonly desired: number }): Update {
  return { desired, minAvailable: desired === 0 ? 0 : original, maxSurge: 1 }
}

/** Replicas of the new controller after scaling up as far as the surge allows. */
export function nextUp({ desired, maxSurge }: Update, sizes: Sizes): number {
  if (sizes.new >= desired) return desired
  if (sizes.old === 0) return desired
  const room = desired + maxSurge - (sizes.old + sizes.new)
  return room <= 0 ? sizes.new : Math.min(desired, sizes.new + room)
}

/** Replicas of the old controller after scaling down as far as availability allows. */
export function nextDown({ minAvailable }: Update, sizes: Sizes, newAvailable: number): number {
  if (sizes.old === 0) return 0
  const newUnavailable = sizes.new - newAvailable
  const spare = sizes.old + sizes.new - minAvailable - newUnavailable
  return spare <= 0 ? sizes.old : Math.max(0, sizes.old - spare)
}
