// Carries out a pod's plan: kills, sandbox, volumes, container starts with their back-off.

import { mkdir } from 'node:fs/promises'
import { runtimeclasses } from '../../api/generated/resources.ts'
import { goDuration } from '../images.ts'
import type { SandboxConfig } from '../runtime/runtime.ts'
import type { VolumesReady } from '../volumes/volume-manager.ts'
import { dnsSettings } from './dns.ts'
import { ContainerStartError, messageOf } from './errors.ts'
import { containerTarget, podTarget } from './event-target.ts'
import type { FieldContext } from './field-ref.ts'
import { containerHash, podLogDirectory } from './identity.ts'
import { killContainer, killPod } from './kill.ts'
import type { ContainerKill, PodPlan } from './plan.ts'
import { fieldContext, type PodEnv } from './pod-env.ts'
import { sandboxConfig } from './sandbox-config.ts'
import { startContainer } from './start-container.ts'
import {
  type ApiContainer,
  type ApiPod,
  allContainersOf,
  newest,
  type PodRuntimeState,
  podName,
  type WaitingReason,
} from './types.ts'

const CONFIG_RETRY_MS = 10_000
const PULL_RETRY_MS = 1000
const START_RETRY_MS = 1000

export interface ExecuteOptions {
  readonly pod: ApiPod
  readonly state: PodRuntimeState
  readonly plan: PodPlan
  /** Filled with why containers wait. */
  readonly waiting: Map<string, WaitingReason>
  /** Containers that are not to be started before a time; filled when a start fails. */
  readonly holds: Map<string, number>
  /** Aborts when the pod is to stop. */
  readonly signal: AbortSignal
  renewVolumesAt(at: number): void
}

export interface Execution {
  /** Something was done: plan again. */
  readonly progressed: boolean
  /** Milliseconds until a back-off is over. */
  readonly retryAfter: number | undefined
}

/** Does what the plan says. Rejects when the sandbox or a volume cannot be had. */
export async function executePlan(env: PodEnv, options: ExecuteOptions): Promise<Execution> {
  const { pod, plan } = options
  if (plan.killPod) await replaceSandbox(env, options)
  await Promise.all(plan.kill.map((kill) => killOne(env, options, kill)))
  let { state } = options
  if (plan.kill.length > 0) state = await env.cache.read(pod.metadata.uid)
  if (!plan.killPod) await removeOld(env, state)
  const due: ApiContainer[] = []
  let retryAfter: number | undefined
  for (const container of plan.start) {
    const hold = (options.holds.get(container.name) ?? 0) - env.clock.now()
    const wait = hold > 0 ? hold : crashBackoff(env, options, container, state)
    if (wait === 0) due.push(container)
    else retryAfter = Math.min(retryAfter ?? wait, wait)
  }
  if (due.length === 0 && !plan.createSandbox) return { progressed: plan.kill.length > 0, retryAfter }
  const volumes = await setUpVolumes(env, pod, fieldContext(env, pod, state))
  if (volumes.renewAt !== undefined) options.renewVolumesAt(volumes.renewAt)
  const sandbox = await describeSandbox(env, pod, plan.attempt)
  const sandboxId = plan.sandboxId ?? (await makeSandbox(env, pod, sandbox))
  if (plan.createSandbox) state = await env.cache.read(pod.metadata.uid)
  let started = 0
  for (const container of due) {
    options.signal.throwIfAborted()
    const outcome = await startOne(env, { ...options, state, sandboxId, sandbox, volumes: volumes.volumes }, container)
    if (outcome === 'started') started++
    else retryAfter = Math.min(retryAfter ?? outcome, outcome)
  }
  return { progressed: started > 0 || plan.kill.length > 0, retryAfter }
}

async function replaceSandbox(env: PodEnv, options: ExecuteOptions): Promise<void> {
  const { pod, state } = options
  if (state.sandboxes.length === 0) return
  env.events.event(podTarget(pod), 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.')
  const graceSeconds = pod.spec.terminationGracePeriodSeconds ?? 30
  await killPod(env, { pod, state, graceSeconds, signal: options.signal })
  // Of the old sandboxes the newest stays, so that attempts go on counting and logs can be read.
  for (const old of state.sandboxes.slice(1)) await env.runtime.removeSandbox(old.id)
}

async function killOne(env: PodEnv, options: ExecuteOptions, kill: ContainerKill): Promise<void> {
  const { pod, state } = options
  const instance = state.containers.find((c) => c.id === kill.id)
  if (!instance) return
  const container = allContainersOf(pod).find((c) => c.name === kill.name)
  const probe = { liveness: container?.livenessProbe, startup: container?.startupProbe }
  const own =
    kill.cause === 'liveness' || kill.cause === 'startup' ? probe[kill.cause]?.terminationGracePeriodSeconds : undefined
  const graceSeconds = own ?? pod.spec.terminationGracePeriodSeconds ?? 30
  await killContainer(env, instance, { pod, state, graceSeconds, signal: options.signal, message: kill.message })
}

/** Of each container one ended instance is kept, for its log and its last state. */
async function removeOld(env: PodEnv, state: PodRuntimeState): Promise<void> {
  const kept = new Set<string>()
  for (const container of state.containers) {
    if (container.state === 'running' || container.state === 'unknown') continue
    if (kept.has(container.name)) await env.runtime.removeContainer(container.id)
    kept.add(container.name)
  }
}

/** Milliseconds the container has to wait since it last ended; 0 when it may start. */
function crashBackoff(env: PodEnv, options: ExecuteOptions, container: ApiContainer, state: PodRuntimeState): number {
  const { pod, waiting } = options
  const last = newest(state, container.name)
  // One that was created and never ran failed to start.
  if (last?.state !== 'exited' && last?.state !== 'created') return 0
  const key = `${pod.metadata.uid}/${container.name}/${containerHash(container)}`
  const since = last.finishedAt || last.createdAt
  const left = env.crashes.remaining(key, since, env.clock.now())
  if (left === 0) {
    env.crashes.next(key, since)
    return 0
  }
  const delay = goDuration(env.crashes.delay(key))
  const message = `back-off ${delay} restarting failed container=${container.name} pod=${podName(pod)}`
  if (waiting.get(container.name)?.message !== message) {
    const text = `Back-off restarting failed container ${container.name} in pod ${podName(pod)}`
    env.events.event(containerTarget(pod, container), 'Warning', 'BackOff', text)
  }
  waiting.set(container.name, { reason: 'CrashLoopBackOff', message })
  return left
}

/** Sets up the pod's volumes; what fails becomes FailedMount events. */
export async function setUpVolumes(env: PodEnv, pod: ApiPod, context: FieldContext): Promise<VolumesReady> {
  try {
    return await env.volumes.setUp(pod, context)
  } catch (error) {
    const failures = error instanceof AggregateError ? error.errors : [error]
    for (const failure of failures) env.events.event(podTarget(pod), 'Warning', 'FailedMount', messageOf(failure))
    throw error
  }
}

async function describeSandbox(env: PodEnv, pod: ApiPod, attempt: number): Promise<SandboxConfig> {
  return sandboxConfig(pod, {
    attempt,
    logDirectory: podLogDirectory(env.dirs.podLogs, pod),
    dns: dnsSettings(pod, env.cluster, env.hostDns),
    clusterDomain: env.cluster.domain,
    cgroupParent: env.cgroups.pathOf(pod),
    runtimeHandler: await runtimeHandler(env, pod),
  })
}

async function runtimeHandler(env: PodEnv, pod: ApiPod): Promise<string> {
  const name = pod.spec.runtimeClassName
  return name ? (await env.client.get(runtimeclasses, { name })).handler : ''
}

async function makeSandbox(env: PodEnv, pod: ApiPod, config: SandboxConfig): Promise<string> {
  try {
    await env.cgroups.ensure(pod)
    await mkdir(config.logDirectory, { recursive: true, mode: 0o755 })
    return await env.runtime.runSandbox(config)
  } catch (error) {
    const message = `Failed to create pod sandbox: ${messageOf(error)}`
    env.events.event(podTarget(pod), 'Warning', 'FailedCreatePodSandBox', message)
    throw error
  }
}

/** Starts one container, or gives the milliseconds after which to try again. */
async function startOne(
  env: PodEnv,
  options: ExecuteOptions & { sandboxId: string; sandbox: SandboxConfig; volumes: VolumesReady['volumes'] },
  container: ApiContainer,
): Promise<'started' | number> {
  const { pod, waiting } = options
  try {
    await startContainer(env, { ...options, container })
    waiting.delete(container.name)
    options.holds.delete(container.name)
    return 'started'
  } catch (error) {
    if (!(error instanceof ContainerStartError)) throw error
    waiting.set(container.name, { reason: error.reason, message: error.message })
    env.log.info('container-not-started', { pod: pod.metadata.name, container: container.name, reason: error.reason })
    const wait = retryDelay(env, pod, container, error.reason)
    options.holds.set(container.name, env.clock.now() + wait)
    return wait
  }
}

function retryDelay(env: PodEnv, pod: ApiPod, container: ApiContainer, reason: string): number {
  switch (reason) {
    case 'ErrImagePull':
      // Soon again, so that the status shows the back-off.
      return PULL_RETRY_MS
    case 'ImagePullBackOff':
      return env.images.retryAfter(pod, container)
    case 'RunContainerError':
    case 'PostStartHookError':
      return START_RETRY_MS
    default:
      return CONFIG_RETRY_MS
  }
}
