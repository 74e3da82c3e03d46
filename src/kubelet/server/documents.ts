// The plain documents of the kubelet's API: health, pods, stats, metrics.

import type { Clock } from '../../machinery/clock.ts'
import { filesystemUse, type MachineInfo } from '../machine.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import type { ApiPod } from '../pods/types.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { collectStats, type NodeSample } from '../stats/collect.ts'
import { cadvisorMetrics, kubeletMetrics, resourceMetrics } from '../stats/metrics.ts'
import { renderSummary } from '../stats/summary.ts'
import type { KubeletServerEnv } from './server.ts'

const METRICS = 'text/plain; version=0.0.4; charset=utf-8'
const JSON_TYPE = 'application/json'

export interface DocumentsEnv {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly cache: RuntimeCache
  readonly machine: MachineInfo
  readonly nodeName: string
  readonly version: string
  readonly root: string
  pods(): readonly ApiPod[]
}

/** The documents by path. */
export function kubeletDocuments(env: DocumentsEnv): KubeletServerEnv['documents'] {
  const startedAt = env.clock.now()
  let earlier: NodeSample | undefined
  const states = (uid: string) => env.cache.peek(uid).containers
  const sample = () => collectStats({ runtime: env.runtime, pods: env.pods(), states, now: env.clock.now() })
  return {
    '/healthz': { type: 'text/plain; charset=utf-8', render: async () => 'ok' },
    '/pods': { type: JSON_TYPE, render: async () => podList(env.pods()) },
    '/runningpods': {
      type: JSON_TYPE,
      render: async () => podList(env.pods().filter((p) => states(p.metadata.uid).some((c) => c.state === 'running'))),
    },
    '/stats/summary': {
      type: JSON_TYPE,
      render: async () => {
        const [now, filesystem, image] = await Promise.all([
          sample(),
          filesystemUse(env.root),
          env.runtime.imageFilesystem(),
        ])
        const { nodeName } = env
        const summary = renderSummary({
          nodeName,
          startedAt,
          sample: now,
          earlier,
          filesystem,
          imageBytes: image.usedBytes,
        })
        earlier = now
        return JSON.stringify(summary)
      },
    },
    '/metrics': { type: METRICS, render: async () => renderOwn(env) },
    '/metrics/resource': { type: METRICS, render: async () => resourceMetrics(await sample()) },
    '/metrics/cadvisor': { type: METRICS, render: async () => cadvisorMetrics(await sample(), env.machine) },
  }
}

function podList(items: readonly ApiPod[]): string {
  return JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items })
}

function renderOwn(env: DocumentsEnv): string {
  const all = env.pods().map((p) => env.cache.peek(p.metadata.uid))
  const containers: Record<string, number> = {}
  for (const { state } of all.flatMap((s) => s.containers)) containers[state] = (containers[state] ?? 0) + 1
  const { user, system } = process.cpuUsage()
  return kubeletMetrics({
    nodeName: env.nodeName,
    version: env.version,
    pods: all.filter((s) => s.sandboxes.some((b) => b.ready)).length,
    containers,
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1e6,
  })
}
