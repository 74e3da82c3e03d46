// Runs the probes of every container on this node on their periods and keeps the latest verdict of each.

import type { Probe } from '../../api/generated/core-v1.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import type { Clock } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { Random } from '../../machinery/random.ts'
import { containerTarget } from '../pods/event-target.ts'
import {
  type ApiContainer,
  type ApiPod,
  initContainersOf,
  isSidecar,
  newest,
  type PodRuntimeState,
  type ProbeResult,
  type ProbeView,
} from '../pods/types.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { runProbe } from './probers.ts'
import { countOutcome, type ProbeCount } from './thresholds.ts'

const TYPES = ['startup', 'liveness', 'readiness'] as const
export type ProbeType = (typeof TYPES)[number]
const TITLES = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const

interface Worker {
  readonly podUid: string
  readonly containerId: string
  readonly type: ProbeType
  pod: ApiPod
  container: ApiContainer
  podIP: string
  result: ProbeResult
  count: ProbeCount
  /** The verdict is final: a startup probe that succeeded, or any probe whose container is to be killed. */
  done: boolean
  cancel: () => void
}

export interface ProbeEnv {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly events: EventRecorder
  readonly version: string
  /** Where pods on the host network answer. */
  readonly hostIP: string
  /** Told when a verdict changes. */
  readonly changed: (podUid: string) => void
}

/** See the file comment. Workers are bounded by the containers that run. */
export class ProbeManager implements ProbeView {
  readonly #env: ProbeEnv
  readonly #workers = new Map<string, Worker>()

  constructor(env: ProbeEnv) {
    this.#env = env
  }

  liveness(containerId: string): ProbeResult {
    return this.#workers.get(`liveness/${containerId}`)?.result ?? 'unknown'
  }

  readiness(containerId: string): ProbeResult {
    return this.#workers.get(`readiness/${containerId}`)?.result ?? 'unknown'
  }

  startup(containerId: string): ProbeResult {
    return this.#workers.get(`startup/${containerId}`)?.result ?? 'unknown'
  }

  /** Matches the workers with the containers that run now. */
  sync(pod: ApiPod, state: PodRuntimeState): void {
    const wanted = new Set<string>()
    const podIP = state.ips[0] ?? this.#env.hostIP
    for (const container of [...initContainersOf(pod).filter(isSidecar), ...pod.spec.containers]) {
      const instance = newest(state, container.name)
      if (instance?.state !== 'running') continue
      for (const type of TYPES) {
        const probe = probeOf(container, type)
        if (!probe) continue
        const key = `${type}/${instance.id}`
        wanted.add(key)
        const worker = this.#workers.get(key)
        if (worker) Object.assign(worker, { pod, container, podIP })
        else this.#start(key, { pod, container, podIP, type, containerId: instance.id, startedAt: instance.startedAt })
      }
    }
    this.#drop((key, w) => w.podUid === pod.metadata.uid && !wanted.has(key))
  }

  /** The pod ends: only readiness goes on. */
  stopLivenessAndStartup(uid: string): void {
    this.#drop((_, w) => w.podUid === uid && w.type !== 'readiness')
  }

  remove(uid: string): void {
    this.#drop((_, w) => w.podUid === uid)
  }

  close(): void {
    this.#drop(() => true)
  }

  #drop(which: (key: string, worker: Worker) => boolean): void {
    for (const [key, worker] of this.#workers) {
      if (!which(key, worker)) continue
      worker.done = true
      worker.cancel()
      this.#workers.delete(key)
    }
  }

  #start(
    key: string,
    options: Pick<Worker, 'pod' | 'container' | 'podIP' | 'type' | 'containerId'> & { startedAt: number },
  ): void {
    const { startedAt, ...rest } = options
    const worker: Worker = {
      ...rest,
      podUid: options.pod.metadata.uid,
      result: initialResult(options),
      count: { last: undefined, run: 0 },
      done: false,
      cancel: () => {},
    }
    this.#workers.set(key, worker)
    const delay = (probeOf(options.container, options.type)?.initialDelaySeconds ?? 0) * 1000
    this.#schedule(worker, Math.max(0, startedAt + delay - this.#env.clock.now()))
  }

  #schedule(worker: Worker, ms: number): void {
    if (worker.done) return
    worker.cancel = this.#env.clock.after(ms, () => {
      this.#probe(worker).catch((error: unknown) => {
        this.#env.log.error('probe-failed', { pod: worker.podUid, container: worker.container.name, error })
        this.#schedule(worker, (probeOf(worker.container, worker.type)?.periodSeconds ?? 10) * 1000)
      })
    })
  }

  async #probe(worker: Worker): Promise<void> {
    const probe = probeOf(worker.container, worker.type)
    if (!probe) return
    const period = (probe.periodSeconds ?? 10) * 1000
    const started = worker.type === 'startup' || !worker.container.startupProbe
    if (!started && this.startup(worker.containerId) !== 'success') {
      this.#schedule(worker, period)
      return
    }
    const outcome = await runProbe(probe, { ...this.#env, ...worker })
    if (worker.done) return
    this.#record(worker, outcome.result, outcome.output)
    const next = countOutcome(worker.count, outcome.result === 'failure' ? 'failure' : 'success', probe)
    worker.count = next.count
    if (next.verdict && next.verdict !== worker.result) {
      worker.result = next.verdict
      if (worker.type === 'startup' || (worker.type === 'liveness' && next.verdict === 'failure')) worker.done = true
      this.#env.changed(worker.podUid)
      if (worker.type === 'startup' && next.verdict === 'success') this.#hurry(worker.containerId)
    }
    this.#schedule(worker, period)
  }

  /** The container has started: its other probes need not wait for their next period. */
  #hurry(containerId: string): void {
    for (const type of ['liveness', 'readiness'] as const) {
      const worker = this.#workers.get(`${type}/${containerId}`)
      if (!worker) continue
      worker.cancel()
      this.#schedule(worker, 0)
    }
  }

  #record(worker: Worker, result: 'success' | 'warning' | 'failure', output: string): void {
    if (result === 'success') return
    const target = containerTarget(worker.pod, worker.container)
    const title = TITLES[worker.type]
    if (result === 'failure') this.#env.events.event(target, 'Warning', 'Unhealthy', `${title} probe failed: ${output}`)
    else this.#env.events.event(target, 'Warning', 'ProbeWarning', `${title} probe warning: ${output}`)
  }
}

function probeOf(container: ApiContainer, type: ProbeType): DeepReadonly<Probe> | undefined {
  return { startup: container.startupProbe, liveness: container.livenessProbe, readiness: container.readinessProbe }[
    type
  ]
}

/** Liveness starts out good, readiness bad; a container that was reported ready before we started stays so. */
function initialResult({
  pod,
  container,
  type,
  containerId,
}: Pick<Worker, 'pod' | 'container' | 'type' | 'containerId'>): ProbeResult {
  if (type === 'liveness') return 'success'
  const before = [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])].find(
    (s) => s.name === container.name && s.containerID?.endsWith(`://${containerId}`),
  )
  const held = type === 'startup' ? before?.started : before?.ready
  if (held) return 'success'
  return type === 'startup' ? 'unknown' : 'failure'
}
