// Keeps one worker per pod of this node, feeds them from the pod informer and the runtime's events, and removes what
// belongs to no pod any more.

import type { Pod } from '../../api/generated/core-v1.ts'
import type { Informer } from '../../client/informer.ts'
import { pause } from '../../machinery/clock.ts'
import { admitPod } from './admission.ts'
import { podTarget } from './event-target.ts'
import type { ExitWatch } from './exit-watch.ts'
import { killPod, removeRemains } from './kill.ts'
import type { PodEnv } from './pod-env.ts'
import { isTerminal } from './pod-status.ts'
import { PodWorker } from './pod-worker.ts'
import type { ApiPod, PodRuntimeState } from './types.ts'

const RESYNC_MS = 60_000
const EVENTS_RETRY_MS = 1000
const ORPHAN_GRACE_SECONDS = 1

/** See the file comment. */
export class PodManager {
  readonly #env: PodEnv
  readonly #informer: Informer<Pod>
  readonly #workers = new Map<string, PodWorker>()
  readonly #exits: ExitWatch
  #sweeping = false

  /** `exits` is fed with the runtime's events. */
  constructor(env: PodEnv, informer: Informer<Pod>, exits: ExitWatch) {
    this.#env = env
    this.#informer = informer
    this.#exits = exits
  }

  /** Follows pods and runtime until the signal aborts. */
  async run(): Promise<void> {
    const { signal } = this.#env
    this.#informer.subscribe({
      add: (pod) => this.#upsert(pod),
      update: (before, pod) => {
        if (before.metadata.uid !== pod.metadata.uid) this.#workers.get(before.metadata.uid)?.remove(before)
        this.#upsert(pod)
      },
      delete: (pod) => this.#workers.get(pod.metadata.uid)?.remove(pod),
    })
    void this.#informer.run(signal)
    await Promise.all([this.#followRuntime(), this.#resync()])
  }

  /** The pods of this node, by uid or by `namespace/name`. */
  pods(): ApiPod[] {
    return [...this.#workers.values()].map((w) => w.pod)
  }

  find(namespace: string, name: string): ApiPod | undefined {
    return this.pods().find((p) => p.metadata.namespace === namespace && p.metadata.name === name)
  }

  wake(uid: string): void {
    this.#workers.get(uid)?.wake()
  }

  /** Something the pod refers to has changed. */
  retry(uid: string): void {
    this.#workers.get(uid)?.retryNow()
  }

  wakeAll(): void {
    for (const worker of this.#workers.values()) worker.wake()
  }

  #upsert(pod: ApiPod): void {
    const { uid } = pod.metadata
    const known = this.#workers.get(uid)
    if (known) {
      known.update(pod)
      return
    }
    const rejection = isNew(pod) ? admitPod(pod, this.pods(), this.#env.node.room()) : undefined
    const worker = new PodWorker(this.#env, pod, () => this.#workers.delete(uid))
    this.#workers.set(uid, worker)
    if (rejection) {
      this.#env.events.event(podTarget(pod), 'Warning', rejection.reason, rejection.message)
      worker.evict(rejection)
    } else worker.wake()
  }

  async #followRuntime(): Promise<void> {
    const { runtime, cache, signal, log, clock } = this.#env
    while (!signal.aborted) {
      try {
        for await (const event of runtime.events({ signal })) {
          if (event.type === 'oom') cache.ranOutOfMemory(event.containerId)
          if (event.type === 'exited' || event.type === 'removed') this.#exits.ended(event.containerId)
          if (event.podUid === '') {
            await this.#exits.recheck()
            this.wakeAll()
            this.#sweepSoon()
          } else this.wake(event.podUid)
        }
      } catch (error) {
        if (signal.aborted) return
        log.warn('runtime-events-interrupted', { error })
      }
      await pause(clock, EVENTS_RETRY_MS, { signal })
    }
  }

  async #resync(): Promise<void> {
    const { clock, signal } = this.#env
    await this.#informer.waitForSync()
    while (!signal.aborted) {
      this.#sweepSoon()
      await pause(clock, RESYNC_MS, { signal })
      this.wakeAll()
    }
  }

  #sweepSoon(): void {
    if (this.#sweeping || !this.#informer.synced) return
    this.#sweeping = true
    this.#sweep()
      .catch((error: unknown) => this.#env.log.warn('orphans-not-removed', { error }))
      .finally(() => {
        this.#sweeping = false
      })
  }

  /** Stops and removes what is left of pods that were deleted while nobody looked. */
  async #sweep(): Promise<void> {
    const { cache, log, signal } = this.#env
    for (const uid of await cache.podUids()) {
      if (signal.aborted || this.#workers.has(uid)) continue
      const state = await cache.read(uid)
      log.info('orphaned-pod-removed', { uid, pod: state.sandboxes[0]?.pod.name })
      await this.#removeOrphan(uid, state)
    }
    for (const uid of await this.#env.volumes.leftovers()) {
      if (!signal.aborted && !this.#workers.has(uid)) await this.#env.volumes.tearDown(uid)
    }
  }

  async #removeOrphan(uid: string, state: PodRuntimeState): Promise<void> {
    const { signal, cgroups, volumes } = this.#env
    const [sandbox] = state.sandboxes
    const pod = orphanPod(uid, sandbox?.pod.namespace ?? '', sandbox?.pod.name ?? '')
    await killPod(this.#env, { pod, state, graceSeconds: ORPHAN_GRACE_SECONDS, signal })
    await removeRemains(this.#env, state)
    await volumes.tearDown(uid)
    await cgroups.remove(uid)
  }
}

/** Whether no kubelet has taken the pod on so far. */
function isNew(pod: ApiPod): boolean {
  return pod.status.startTime === undefined && !pod.metadata.deletionTimestamp && !isTerminal(pod.status)
}

/** Stands in for a pod whose API object is gone: it names the pod and nothing else. */
function orphanPod(uid: string, namespace: string, name: string): ApiPod {
  const metadata = { uid, namespace, name, resourceVersion: '', creationTimestamp: '' }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] }, status: {} }
}
