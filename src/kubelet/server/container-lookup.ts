// Finds the container instance that a request is about.

import type { RuntimeCache } from '../pods/runtime-cache.ts'
import { type ApiPod, allContainersOf } from '../pods/types.ts'
import type { ContainerState, SandboxState } from '../runtime/runtime.ts'
import type { ContainerPath } from './requests.ts'

/** An answer other than 200; the message is the body. */
export class HttpError extends Error {
  readonly status: number

  constructor(status: number, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'HttpError'
    this.status = status
  }
}

export interface LookupEnv {
  readonly cache: RuntimeCache
  find(namespace: string, name: string): ApiPod | undefined
}

function findPod(env: LookupEnv, path: { namespace: string; pod: string }): ApiPod {
  const pod = env.find(path.namespace, path.pod)
  if (!pod) throw new HttpError(404, `pod "${path.pod}" not found`)
  return pod
}

/** The instance to read logs of: the newest, the last one that ended, or with `previous` the one before. */
export async function findLog(env: LookupEnv, path: ContainerPath, previous: boolean): Promise<ContainerState> {
  const pod = findPod(env, path)
  const { container: name } = path
  if (!allContainersOf(pod).some((c) => c.name === name)) {
    throw new HttpError(404, `container "${name}" not found in pod "${path.pod}"`)
  }
  const { containers } = await env.cache.read(pod.metadata.uid)
  const instances = containers.filter((c) => c.name === name && c.state !== 'created')
  const waiting = [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])].find(
    (s) => s.name === name,
  )?.state?.waiting
  // Once the container waits to run again, the run that has just ended is the previous one.
  const over = waiting === undefined && !instances.some((c) => c.state === 'running')
  const found = previous ? instances.filter((c) => c.state === 'exited')[over ? 1 : 0] : instances[0]
  if (found) return found
  if (previous) throw new HttpError(400, `previous terminated container "${name}" in pod "${path.pod}" not found`)
  const { reason = 'ContainerCreating', message } = waiting ?? {}
  const why = reason.includes('Image') && message ? `trying and failing to pull image` : reason
  throw new HttpError(400, `container "${name}" in pod "${path.pod}" is waiting to start: ${why}`)
}

/** The running instance, for commands and attaching. */
export async function findRunning(env: LookupEnv, path: ContainerPath): Promise<ContainerState> {
  const pod = findPod(env, path)
  const { containers } = await env.cache.read(pod.metadata.uid)
  const found = containers.find((c) => c.name === path.container && c.state === 'running')
  if (!found) throw new HttpError(404, `container not found ("${path.container}")`)
  return found
}

/** The sandbox that holds the pod's network. */
export async function findSandbox(env: LookupEnv, path: { namespace: string; pod: string }): Promise<SandboxState> {
  const pod = findPod(env, path)
  const { sandboxes } = await env.cache.read(pod.metadata.uid)
  const ready = sandboxes.find((s) => s.ready)
  if (!ready) throw new HttpError(404, `pod sandbox of "${path.pod}" is not ready`)
  return ready
}
