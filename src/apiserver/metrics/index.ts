// Metrics of the API server under upstream's names.
// Spec: https://kubernetes.io/docs/reference/instrumentation/metrics/

import type { Clock } from '../../machinery/clock.ts'
import { MetricSet } from '../../machinery/metrics.ts'
import type { Registry } from '../registry/registry.ts'
import { AccessMetrics } from './access.ts'
import { AdmissionMetrics } from './admission.ts'
import { HealthMetrics } from './health.ts'
import { addMetrics, addProcess } from './process.ts'
import { RequestMetrics } from './requests.ts'
import { addStorage } from './server.ts'

export interface ApiMetrics {
  /** What /metrics shows; parts of the server add to it. */
  readonly all: MetricSet
  readonly requests: RequestMetrics
  readonly access: AccessMetrics
  readonly admission: AdmissionMetrics
  /** What /metrics/slis shows. */
  readonly health: HealthMetrics
}

export function createApiMetrics(registry: Registry, clock: Clock, all = new MetricSet()): ApiMetrics {
  const now = () => clock.now()
  const requests = new RequestMetrics(all, registry, now)
  const access = new AccessMetrics(all)
  const admission = new AdmissionMetrics(all, clock)
  addStorage(all, registry)
  addProcess(all)
  addMetrics(all)
  return { all, requests, access, admission, health: new HealthMetrics() }
}
