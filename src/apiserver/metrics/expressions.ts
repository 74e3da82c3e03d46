// Figures of CEL expressions. Model: k8s.io/apiserver/pkg/cel/metrics.

import { observeExpressions } from '../../machinery/cel/index.ts'
import type { MetricSet } from '../../machinery/metrics.ts'

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Counts from here on; the returned function ends it. */
export function addExpressions(metrics: MetricSet, now: () => number): () => void {
  const histogram = (name: string, help: string) =>
    metrics.histogram({ name: `apiserver_cel_${name}`, help, stability: 'BETA', buckets: BUCKETS }).of()
  const compiled = histogram('compilation_duration_seconds', 'CEL compilation time in seconds.')
  const evaluated = histogram('evaluation_duration_seconds', 'CEL evaluation time in seconds.')
  return observeExpressions({
    now,
    compiled: (ms) => compiled.observe(ms / 1000),
    evaluated: (ms) => evaluated.observe(ms / 1000),
  })
}
