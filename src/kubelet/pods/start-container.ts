// Brings one container up: image, configuration, create, start, postStart.

import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Secret } from '../../api/generated/core-v1.ts'
import type { EventTarget } from '../../client/event-recorder.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { EnsuredImage } from '../images.ts'
import type { SandboxConfig } from '../runtime/runtime.ts'
import { resolveSubPath } from '../volumes/sub-path.ts'
import { containerConfig, type MountedVolume } from './container-config.ts'
import { hostsFile } from './dns.ts'
import { buildEnv } from './env.ts'
import { ContainerStartError, messageOf } from './errors.ts'
import { containerTarget } from './event-target.ts'
import { runHook } from './hooks.ts'
import { killContainer } from './kill.ts'
import { fieldContext, type PodEnv } from './pod-env.ts'
import { readAtMost } from './read-at-most.ts'
import { type ApiContainer, type ApiPod, newest, type PodRuntimeState } from './types.ts'

export interface StartOptions {
  readonly pod: ApiPod
  readonly container: ApiContainer
  readonly state: PodRuntimeState
  readonly sandboxId: string
  readonly sandbox: SandboxConfig
  readonly volumes: ReadonlyMap<string, MountedVolume>
  /** Aborts between steps when the pod is to stop. */
  readonly signal: AbortSignal
}

/** Rejects with a ContainerStartError that says what the container waits for. */
export async function startContainer(env: PodEnv, options: StartOptions): Promise<void> {
  const { pod, container, signal } = options
  const target = containerTarget(pod, container)
  const image = await abortable(
    env.images.ensure({ pod, container, target, pullSecrets: () => pullSecrets(env, pod) }),
    signal,
  )
  const config = await configure(env, options, image).catch((error: unknown) => {
    env.events.event(target, 'Warning', 'Failed', `Error: ${messageOf(error)}`)
    throw error
  })
  signal.throwIfAborted()
  const id = await env.runtime.createContainer(options.sandboxId, config, options.sandbox).catch((error: unknown) => {
    env.events.event(target, 'Warning', 'Failed', `Error: ${messageOf(error)}`)
    throw new ContainerStartError('CreateContainerError', messageOf(error), { cause: error })
  })
  env.events.event(target, 'Normal', 'Created', 'Container created')
  await env.runtime.startContainer(id).catch((error: unknown) => {
    env.events.event(target, 'Warning', 'Failed', `Error: ${messageOf(error)}`)
    throw new ContainerStartError('RunContainerError', messageOf(error), { cause: error })
  })
  env.events.event(target, 'Normal', 'Started', 'Container started')
  await postStart(env, options, id, target)
}

/** Rejects as soon as the signal aborts; the work goes on unobserved. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    if (signal.aborted) onAbort()
  })
}

async function pullSecrets(env: PodEnv, pod: ApiPod): Promise<DeepReadonly<Secret>[]> {
  const found = await Promise.all(
    (pod.spec.imagePullSecrets ?? []).map((s) => env.objects.secret(pod.metadata.namespace, s.name ?? '')),
  )
  return found.filter((s) => s !== undefined)
}

async function configure(env: PodEnv, options: StartOptions, image: EnsuredImage) {
  const { pod, container, state, volumes } = options
  const restartCount = nextRestartCount(pod, container, state)
  const variables = await buildEnv(container, {
    ...fieldContext(env, pod, state),
    objects: env.objects,
    services: await env.services(),
    readFile: (volume, path) => readVolumeFile(volumes, volume, path),
  }).catch((error: unknown) => {
    throw new ContainerStartError('CreateContainerConfigError', messageOf(error), { cause: error })
  })
  return containerConfig({
    pod,
    container,
    restartCount,
    imageRef: image.ref,
    imageInfo: image.info,
    env: variables,
    volumes,
    hostsPath: await writeHosts(env, pod, state),
    terminationLog: await makeTerminationLog(env, pod, container, restartCount),
    nodeMemory: env.node.memoryBytes,
    targetId: targetOf(pod, container, state),
    seccompRoot: join(env.dirs.root, 'seccomp'),
    subPath: resolveSubPath,
  })
}

/** The container that an ephemeral one targets. Throws when it does not run. */
function targetOf(pod: ApiPod, container: ApiContainer, state: PodRuntimeState): string | undefined {
  const ephemeral = (pod.spec.ephemeralContainers ?? []).find((c) => c.name === container.name)
  if (!ephemeral?.targetContainerName) return undefined
  const target = newest(state, ephemeral.targetContainerName)
  if (target?.state === 'running') return target.id
  throw new ContainerStartError(
    'CreateContainerConfigError',
    `unable to find target container ${JSON.stringify(ephemeral.targetContainerName)}`,
  )
}

/** One more than the newest instance's, or than what was last reported. */
function nextRestartCount(pod: ApiPod, container: ApiContainer, state: PodRuntimeState): number {
  const instance = newest(state, container.name)
  if (instance) return instance.attempt + 1
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status
  const before = [...containerStatuses, ...initContainerStatuses].find((s) => s.name === container.name)
  return before?.containerID ? before.restartCount + 1 : 0
}

/** Upstream's limit on files that give environment variables. */
const MAX_ENV_FILE = 64 * 1024

async function readVolumeFile(
  volumes: ReadonlyMap<string, MountedVolume>,
  volume: string,
  path: string,
): Promise<string | undefined> {
  const mounted = volumes.get(volume)
  if (!mounted) throw new Error(`cannot find the volume "${volume}" referenced by FileKeyRef`)
  const content = await readAtMost(join(mounted.path, path), MAX_ENV_FILE + 1)
  if (content && content.length > MAX_ENV_FILE) {
    throw new Error(`cannot read "${path}" of volume "${volume}": it is longer than ${MAX_ENV_FILE} bytes`)
  }
  return content?.toString()
}

async function writeHosts(env: PodEnv, pod: ApiPod, state: PodRuntimeState): Promise<string> {
  const directory = env.volumes.podDirectory(pod.metadata.uid)
  const path = join(directory, 'etc-hosts')
  const hostFile = pod.spec.hostNetwork ? await readFile(env.dirs.hostsFile, 'utf8') : ''
  await mkdir(directory, { recursive: true, mode: 0o750 })
  await writeFile(path, hostsFile(pod, { podIPs: state.ips, clusterDomain: env.cluster.domain, hostFile }))
  await chmod(path, 0o644)
  return path
}

async function makeTerminationLog(env: PodEnv, pod: ApiPod, container: ApiContainer, attempt: number): Promise<string> {
  const directory = join(env.volumes.podDirectory(pod.metadata.uid), 'containers', container.name)
  const path = join(directory, String(attempt))
  await mkdir(directory, { recursive: true, mode: 0o750 })
  await writeFile(path, '')
  await chmod(path, 0o666)
  return path
}

async function postStart(env: PodEnv, options: StartOptions, id: string, target: EventTarget): Promise<void> {
  const { pod, container, state, signal } = options
  const handler = container.lifecycle?.postStart
  if (!handler) return
  try {
    await runHook(env, handler, { container, containerId: id, state, timeoutSeconds: 0, signal })
  } catch (error) {
    env.log.warn('post-start-hook-failed', { pod: pod.metadata.name, container: container.name, error })
    env.events.event(target, 'Warning', 'FailedPostStartHook', 'PostStartHook failed')
    const instance = await env.runtime.containerStatus(id)
    const graceSeconds = pod.spec.terminationGracePeriodSeconds ?? 30
    await killContainer(env, instance, { pod, state, graceSeconds, signal, message: 'FailedPostStartHook' })
    throw new ContainerStartError('PostStartHookError', messageOf(error), { cause: error })
  }
}
