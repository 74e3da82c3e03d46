// Counts probe outcomes against successThreshold and failureThreshold. Pure.

export interface ProbeCount {
  readonly last: 'success' | 'failure' | undefined
  /** How often in a row `last` has been seen. */
  readonly run: number
}

/** `verdict` is set once the threshold is reached. */
export function countOutcome(
  count: ProbeCount,
  outcome: 'success' | 'failure',
  thresholds: { readonly successThreshold?: number; readonly failureThreshold?: number },
): { readonly count: ProbeCount; readonly verdict: 'success' | 'failure' | undefined } {
  const run = count.last === outcome ? count.run + 1 : 1
  const needed = outcome === 'success' ? (thresholds.successThreshold ?? 1) : (thresholds.failureThreshold ?? 3)
  return { count: { last: outcome, run }, verdict: run >= needed ? outcome : undefined }
}
