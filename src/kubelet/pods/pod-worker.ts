// Looks after one pod from its arrival on this node to its removal. Serial per pod, woken by whatever may have changed:
// the API object, the runtime, a probe, a config map, a timer.

import { rm } from 'node:fs/promises'
import { messageOf } from './errors.ts'
import { podTarget } from './event-target.ts'
import { podLogDirectory } from './identity.ts'
import { killPod, removeRemains } from './kill.ts'
import { planPod } from './plan.ts'
import { fieldContext, type PodEnv } from './pod-env.ts'
import { type Execution, executePlan, setUpVolumes } from './pod-executor.ts'
import { isTerminal, podStatus } from './pod-status.ts'
import { ResizeTracker } from './resize.ts'
import { terminationMessage } from './termination-message.ts'
import type { ApiPod, PodRuntimeState, WaitingReason } from './types.ts'

/** Where the pod is in its life on this node. It only ever moves on. */
type Stage = 'running' | 'terminating' | 'terminated' | 'finished'

const MIN_RETRY_MS = 500
const MAX_RETRY_MS = 30_000
const DEFAULT_GRACE = 30

/** See the file comment. */
export class PodWorker {
  readonly uid: string
  readonly #env: PodEnv
  readonly #finished: () => void
  #pod: ApiPod
  #stage: Stage = 'running'
  #gone = false
  #dirty = false
  #running = false
  #failures = 0
  #wakeup: { due: number; cancel: () => void } | undefined
  #verdict: { reason: string; message: string } | undefined
  #starting = new AbortController()
  #hooks = new AbortController()
  #released = false
  #finalized = false
  /** Whether the runtime may have something else of the pod than was last seen: changes of the API object change nothing there. */
  #stale = true
  #killing: { grace: number; containers: readonly string[] } | undefined
  readonly #resizes = new ResizeTracker()
  readonly #waiting = new Map<string, WaitingReason>()
  /** Containers whose last start failed, and when to try again. */
  readonly #holds = new Map<string, number>()
  /** The sandbox or a volume could not be had: when to try again. */
  #heldUntil = 0
  readonly #messages = new Map<string, string>()

  /** `finished` is called once nothing of the pod is left. */
  constructor(env: PodEnv, pod: ApiPod, finished: () => void) {
    this.#env = env
    this.#pod = pod
    this.uid = pod.metadata.uid
    this.#finished = finished
  }

  get pod(): ApiPod {
    return this.#pod
  }

  /** A newer version of the API object. */
  update(pod: ApiPod): void {
    if (pod.metadata.generation !== this.#pod.metadata.generation) this.#clearHolds()
    this.#pod = pod
    if (pod.metadata.deletionTimestamp) this.#starting.abort(new Error('the pod is being deleted'))
    this.#hastenKill()
    this.#turn()
  }

  /** The API object no longer exists. */
  remove(pod: ApiPod): void {
    this.#pod = pod
    this.#gone = true
    this.#starting.abort(new Error('the pod was deleted'))
    this.#hastenKill()
    this.wake()
  }

  /** Ends the pod with this verdict, as eviction and node shutdown do. */
  evict(verdict: { reason: string; message: string }): void {
    this.#verdict ??= verdict
    this.#starting.abort(new Error(verdict.message))
    this.wake()
  }

  /** Something that a start may have failed for has changed: tries again at once. */
  retryNow(): void {
    this.#clearHolds()
    this.wake()
  }

  #clearHolds(): void {
    this.#holds.clear()
    this.#heldUntil = 0
  }

  /** Asks for another look at the pod, and at what the runtime has of it. */
  wake(): void {
    this.#stale = true
    this.#turn()
  }

  /** Asks for another look at the pod. */
  #turn(): void {
    this.#dirty = true
    if (this.#running || this.#stage === 'finished') return
    this.#running = true
    void this.#loop()
  }

  #wakeAfter(ms: number): void {
    const due = this.#env.clock.now() + ms
    if (this.#wakeup && this.#wakeup.due <= due) return
    this.#wakeup?.cancel()
    const cancel = this.#env.clock.after(ms, () => {
      this.#wakeup = undefined
      this.wake()
    })
    this.#wakeup = { due, cancel }
  }

  async #loop(): Promise<void> {
    while (this.#dirty && this.#stage !== 'finished' && !this.#env.signal.aborted) {
      this.#dirty = false
      try {
        await this.#step()
        this.#failures = 0
      } catch (error) {
        if (this.#env.signal.aborted) break
        this.#stale = true
        this.#failures++
        const retry = Math.min(MIN_RETRY_MS * 2 ** (this.#failures - 1), MAX_RETRY_MS)
        this.#env.log.warn('pod-sync-failed', { pod: this.#pod.metadata.name, uid: this.uid, retry, error })
        this.#heldUntil = this.#env.clock.now() + retry
        this.#wakeAfter(retry)
      }
    }
    this.#running = false
  }

  async #step(): Promise<void> {
    const state = this.#stale ? await this.#look() : this.#env.cache.peek(this.uid)
    await this.#readMessages(state)
    if (this.#stage === 'running') {
      this.#checkDeadline()
      if (!this.#mustEnd()) await this.#sync(state)
      if (this.#stage === 'running' && this.#mustEnd()) this.#stage = 'terminating'
    }
    if (this.#stage === 'terminating') await this.#terminate()
    if (this.#stage === 'terminated') await this.#cleanUp()
  }

  /** What the runtime has of the pod now. What happens from here on makes it stale again. */
  #look(): Promise<PodRuntimeState> {
    this.#stale = false
    return this.#env.cache.read(this.uid)
  }

  #mustEnd(): boolean {
    return (
      this.#gone ||
      this.#pod.metadata.deletionTimestamp !== undefined ||
      this.#verdict !== undefined ||
      isTerminal(this.#pod.status)
    )
  }

  #checkDeadline(): void {
    const { activeDeadlineSeconds } = this.#pod.spec
    const started = Date.parse(this.#pod.status.startTime ?? '')
    if (activeDeadlineSeconds === undefined || Number.isNaN(started)) return
    const left = started + activeDeadlineSeconds * 1000 - this.#env.clock.now()
    if (left > 0) {
      this.#wakeAfter(left)
      return
    }
    const message = 'Pod was active on the node longer than the specified deadline'
    if (!this.#verdict) this.#env.events.event(podTarget(this.#pod), 'Normal', 'DeadlineExceeded', message)
    this.#verdict ??= { reason: 'DeadlineExceeded', message }
  }

  /** One pass over a pod that is to run. */
  async #sync(state: PodRuntimeState): Promise<void> {
    const { probes, objects } = this.#env
    const pod = this.#pod
    probes.sync(pod, state)
    objects.track(pod)
    const plan = planPod(pod, state, probes)
    for (const name of this.#waiting.keys()) {
      if (state.containers.find((c) => c.name === name)?.state === 'running') this.#waiting.delete(name)
    }
    if (plan.killPod && !plan.createSandbox) {
      this.#report(state, false)
      this.#stage = 'terminating'
      return
    }
    const acts = plan.killPod || plan.kill.length > 0 || plan.start.length > 0
    const held = plan.kill.length === 0 && this.#env.clock.now() < this.#heldUntil
    if (!acts) {
      await this.#refreshVolumes(state)
      await this.#resize(state)
    }
    if (!acts || held || state.sandboxes.length === 0) this.#report(state, false)
    if (!acts || held) return
    const done = await this.#execute(plan, state)
    const after = await this.#look()
    await this.#readMessages(after)
    probes.sync(pod, after)
    this.#report(after, false)
    if (done.progressed) this.#turn()
    if (done.retryAfter !== undefined) this.#wakeAfter(done.retryAfter)
  }

  async #execute(plan: ReturnType<typeof planPod>, state: PodRuntimeState): Promise<Execution> {
    try {
      return await executePlan(this.#env, {
        pod: this.#pod,
        state,
        plan,
        waiting: this.#waiting,
        holds: this.#holds,
        signal: this.#starting.signal,
        renewVolumesAt: (at) => this.#wakeAfter(at - this.#env.clock.now()),
      })
    } catch (error) {
      if (this.#starting.signal.aborted) return { progressed: true, retryAfter: undefined }
      throw error
    }
  }

  async #resize(state: PodRuntimeState): Promise<void> {
    const { runtime, cgroups, node, events } = this.#env
    const steps = this.#resizes.plan(this.#pod, state, node.memoryBytes)
    if (steps.length === 0) return
    await cgroups.update(this.#pod)
    for (const step of steps) {
      await runtime.updateContainerResources(step.instance.id, step.resources)
      this.#resizes.done(step)
    }
    events.event(podTarget(this.#pod), 'Normal', 'ResizeCompleted', 'Pod resize completed')
  }

  /** Publishes what changed in config maps, secrets, labels and tokens. */
  async #refreshVolumes(state: PodRuntimeState): Promise<void> {
    const context = fieldContext(this.#env, this.#pod, state)
    try {
      const { renewAt } = await setUpVolumes(this.#env, this.#pod, context)
      if (renewAt !== undefined) this.#wakeAfter(renewAt - this.#env.clock.now())
    } catch (error) {
      this.#env.log.warn('volumes-not-refreshed', { pod: this.#pod.metadata.name, error })
      this.#wakeAfter(MAX_RETRY_MS)
    }
  }

  #report(state: PodRuntimeState, stopped: boolean): void {
    if (this.#gone) return
    const status = podStatus({
      pod: this.#pod,
      state,
      probes: this.#env.probes,
      waiting: this.#waiting,
      messages: this.#messages,
      runtimeName: this.#env.runtimeName,
      hostIPs: this.#env.node.hostIPs,
      verdict: this.#verdict,
      ending: this.#stage !== 'running',
      stopped,
      now: this.#env.clock.now(),
    })
    this.#env.statuses.set(this.#pod, status)
  }

  async #readMessages(state: PodRuntimeState): Promise<void> {
    for (const container of state.containers) {
      if (container.state !== 'exited' || this.#messages.has(container.id)) continue
      this.#messages.set(container.id, await terminationMessage(container))
    }
    const known = new Set(state.containers.map((c) => c.id))
    for (const id of this.#messages.keys()) if (!known.has(id)) this.#messages.delete(id)
  }

  async #terminate(): Promise<void> {
    const { cache, probes } = this.#env
    probes.stopLivenessAndStartup(this.uid)
    const state = await cache.read(this.uid)
    this.#report(state, false)
    const grace = graceSeconds(this.#pod)
    const alive = state.containers.filter((c) => c.state === 'running' || c.state === 'unknown')
    this.#killing = { grace, containers: alive.map((c) => c.id) }
    await killPod(this.#env, { pod: this.#pod, state, graceSeconds: grace, signal: this.#hooks.signal })
    this.#killing = undefined
    const after = await cache.read(this.uid)
    const left = after.containers.filter((c) => c.state === 'running').map((c) => c.name)
    if (left.length > 0) throw new Error(`detected running containers after a successful KillPod: ${left.join(', ')}`)
    await this.#readMessages(after)
    this.#stage = 'terminated'
    this.#report(after, true)
    probes.remove(this.uid)
  }

  /** The deletion was made more urgent while containers are being stopped: tells the runtime. */
  #hastenKill(): void {
    const grace = graceSeconds(this.#pod)
    if (!this.#killing || grace >= this.#killing.grace) return
    const { containers } = this.#killing
    this.#killing = { grace, containers }
    this.#hooks.abort(new Error('the grace period was shortened'))
    for (const id of containers) {
      this.#env.runtime.stopContainer(id, grace).catch((error: unknown) => {
        this.#env.log.warn('container-not-stopped', { container: id, error })
      })
    }
  }

  /** Everything has stopped: frees what the pod held, and removes it once its deletion was asked for. */
  async #cleanUp(): Promise<void> {
    const { cgroups, statuses } = this.#env
    if (!this.#released) await this.#release()
    if (!this.#gone) {
      if (!this.#pod.metadata.deletionTimestamp || this.#finalized) return
      await statuses.settled(this.uid)
      await statuses.finalize(this.#pod)
      this.#finalized = true
      return
    }
    await removeRemains(this.#env, await this.#env.cache.read(this.uid))
    await rm(podLogDirectory(this.#env.dirs.podLogs, this.#pod), { recursive: true, force: true })
    await cgroups.remove(this.uid)
    statuses.forget(this.uid)
    this.#wakeup?.cancel()
    this.#stage = 'finished'
    this.#finished()
  }

  async #release(): Promise<void> {
    const { volumes, objects, cgroups, images, crashes } = this.#env
    await volumes.tearDown(this.uid).catch((error: unknown) => {
      const why = messageOf(error)
      throw new Error(`cannot tear down volumes of pod "${this.#pod.metadata.name}": ${why}`, { cause: error })
    })
    await cgroups.remove(this.uid)
    objects.untrack(this.uid)
    images.forget(this.uid)
    crashes.forget(`${this.uid}/`)
    this.#released = true
  }
}

/** Seconds between SIGTERM and SIGKILL, at least one. */
function graceSeconds(pod: ApiPod): number {
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata
  const asked = deletionTimestamp ? deletionGracePeriodSeconds : undefined
  return Math.max(1, asked ?? pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE)
}
