// Stops containers and whole pods gracefully: preStop, SIGTERM, SIGKILL; sidecars after the containers they serve.

import { type ContainerState, RuntimeError } from '../runtime/runtime.ts'
import { messageOf } from './errors.ts'
import { containerTarget, podTarget } from './event-target.ts'
import { runHook } from './hooks.ts'
import type { PodEnv } from './pod-env.ts'
import { type ApiPod, allContainersOf, initContainersOf, isSidecar, type PodRuntimeState } from './types.ts'

const MIN_GRACE_AFTER_HOOK = 2

export interface KillOptions {
  readonly pod: ApiPod
  readonly state: PodRuntimeState
  readonly graceSeconds: number
  /** Cuts preStop handlers short. */
  readonly signal: AbortSignal
}

/** Stops one container. `message` is the text of the Killing event. */
export async function killContainer(
  env: PodEnv,
  instance: ContainerState,
  options: KillOptions & { message?: string },
): Promise<void> {
  const { pod } = options
  const container = allContainersOf(pod).find((c) => c.name === instance.name)
  const target = container ? containerTarget(pod, container) : podTarget(pod)
  const message = options.message ?? `Stopping container ${instance.name}`
  env.events.event(target, 'Normal', 'Killing', message)
  const started = env.clock.now()
  const preStop = container?.lifecycle?.preStop
  let grace = options.graceSeconds
  if (preStop && container && grace > 0 && instance.state === 'running') {
    const cut = options.signal
    const hook = runHook(env, preStop, {
      container,
      containerId: instance.id,
      state: options.state,
      timeoutSeconds: grace,
      signal: cut,
    })
    await withDeadline(env, hook, grace * 1000, cut).catch((error: unknown) => {
      env.log.warn('pre-stop-hook-failed', { pod: pod.metadata.name, container: container.name, error })
      env.events.event(target, 'Warning', 'FailedPreStopHook', 'PreStopHook failed')
    })
    grace = Math.max(grace - Math.floor((env.clock.now() - started) / 1000), MIN_GRACE_AFTER_HOOK)
  }
  try {
    await env.runtime.stopContainer(instance.id, grace)
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'NOT_FOUND') return
    env.events.event(target, 'Warning', 'FailedKillPod', `error killing pod: ${messageOf(error)}`)
    throw error
  }
}

/** Rejects when `work` takes longer than `ms` or the signal aborts; the work itself goes on unobserved. */
async function withDeadline(env: PodEnv, work: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
  let cancel = () => {}
  let onAbort = () => {}
  const limit = new Promise<never>((_, reject) => {
    cancel = env.clock.after(ms, () => reject(new Error('the grace period has run out')))
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
  try {
    await Promise.race([work, limit])
  } finally {
    cancel()
    signal.removeEventListener('abort', onAbort)
    work.catch(() => {})
    limit.catch(() => {})
  }
}

/** Stops every container of the pod, then its sandboxes. */
export async function killPod(env: PodEnv, options: KillOptions): Promise<void> {
  const { pod, state } = options
  const started = env.clock.now()
  const alive = state.containers.filter((c) => c.state === 'running' || c.state === 'unknown')
  const sidecarNames = initContainersOf(pod)
    .filter(isSidecar)
    .map((c) => c.name)
  const first = alive.filter((c) => !sidecarNames.includes(c.name))
  await allOrThrow(first.map((c) => killContainer(env, c, options)))
  for (const name of sidecarNames.reverse()) {
    const instance = alive.find((c) => c.name === name)
    if (!instance) continue
    const left = options.graceSeconds - Math.floor((env.clock.now() - started) / 1000)
    await killContainer(env, instance, { ...options, graceSeconds: Math.max(left, MIN_GRACE_AFTER_HOOK) })
  }
  await allOrThrow(state.sandboxes.filter((s) => s.ready).map((s) => env.runtime.stopSandbox(s.id)))
}

/** Waits for all, then throws the first failure. */
async function allOrThrow(work: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) if (outcome.status === 'rejected') throw outcome.reason
}

/** Removes stopped containers and sandboxes of a pod from the runtime. */
export async function removeRemains(env: PodEnv, state: PodRuntimeState): Promise<void> {
  for (const c of state.containers) await env.runtime.removeContainer(c.id)
  for (const s of state.sandboxes) {
    await env.runtime.stopSandbox(s.id)
    await env.runtime.removeSandbox(s.id)
  }
}
