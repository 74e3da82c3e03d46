// A container runtime that runs no containers: for tests, for scale, and for machines without containerd.

import type { Clock } from '../../../machinery/clock.ts'
import type { Random } from '../../../machinery/random.ts'
import {
  type ContainerState,
  type ImageInfo,
  type Runtime,
  RuntimeError,
  type RuntimeEvent,
  type SandboxState,
} from '../runtime.ts'
import { AddressPool } from './address-pool.ts'
import { EventFeed } from './event-feed.ts'

export interface SimulatedOptions {
  readonly clock: Clock
  readonly random: Random
  /** Addresses are given from here until the pod range is known. */
  readonly podCidr?: string
}

/** What a test can make happen. */
export interface SimulatedControls {
  /** Ends a running container. */
  exitContainer(id: string, exit: { readonly exitCode: number; readonly reason?: string }): void
  /** Stops a sandbox behind the kubelet's back, with its containers. */
  killSandbox(id: string): void
  /** Pulls of this image fail with the message until it is cleared with undefined. */
  failPull(image: string, message: string | undefined): void
  /** Starts of containers with this name fail with the message until it is cleared with undefined. */
  failStart(containerName: string, message: string | undefined): void
  /** While down every call fails with UNAVAILABLE; coming back up looks like a reconnection. */
  setDown(down: boolean): void
}

interface Sandbox {
  readonly state: SandboxState
  readonly ip: string | undefined
}

const POD_UID = 'io.kubernetes.pod.uid'
const GIB = 1024 ** 3

/** See the file comment. Every image is present; commands are not run, so `exec` and its like are UNIMPLEMENTED. */
export function createSimulatedRuntime(options: SimulatedOptions): Runtime & { readonly controls: SimulatedControls } {
  const { clock, random } = options
  const sandboxes = new Map<string, Sandbox>()
  const containers = new Map<string, ContainerState>()
  const images = new Map<string, ImageInfo>()
  const failingPulls = new Map<string, string>()
  const failingStarts = new Map<string, string>()
  const feed = new EventFeed()
  let pool = new AddressPool(options.podCidr ?? '10.244.0.0/24')
  let down = false

  const newId = () => (random.uuid() + random.uuid()).replaceAll('-', '')
  const notFound = (what: string, id: string) =>
    new RuntimeError('NOT_FOUND', `an error occurred when try to find ${what} "${id}": not found`)

  function checkUp(): void {
    if (down) throw new RuntimeError('UNAVAILABLE', 'the simulated runtime is down')
  }

  function tell(type: RuntimeEvent['type'], containerId: string, sandboxId: string): void {
    feed.publish({ type, containerId, podUid: sandboxes.get(sandboxId)?.state.pod.uid ?? '' })
  }

  function container(id: string): ContainerState {
    const found = containers.get(id)
    if (found === undefined) throw notFound('container', id)
    return found
  }

  function sandbox(id: string): Sandbox {
    const found = sandboxes.get(id)
    if (found === undefined) throw notFound('sandbox', id)
    return found
  }

  function exit(id: string, exitCode: number, reason: string): void {
    const state = containers.get(id)
    if (state?.state !== 'running') return
    containers.set(id, { ...state, state: 'exited', exitCode, reason, finishedAt: clock.now() })
    tell('exited', id, state.sandboxId)
  }

  function drop(id: string): void {
    const state = containers.get(id)
    if (state === undefined) return
    exit(id, 137, 'Error')
    containers.delete(id)
    tell('removed', id, state.sandboxId)
  }

  function stop(id: string): void {
    const found = sandboxes.get(id)
    if (!found?.state.ready) return
    for (const { id: containerId, sandboxId } of containers.values()) {
      if (sandboxId === id) exit(containerId, 137, 'Error')
    }
    if (found.ip !== undefined) pool.release(found.ip)
    sandboxes.set(id, { state: { ...found.state, ready: false }, ip: undefined })
    tell('exited', id, id)
  }

  function image(name: string): ImageInfo {
    const known = images.get(name)
    if (known !== undefined) return known
    const tag = name.includes('@') || /:[^/]*$/.test(name) ? name : `${name}:latest`
    const made: ImageInfo = { id: `sha256:${newId()}`, repoTags: [tag], repoDigests: [], sizeBytes: 1_000_000 }
    images.set(name, made)
    images.set(made.id, made)
    return made
  }

  // Every call takes this way, so that all of them fail while the runtime is down, as rejections.
  async function call<T>(work: () => T): Promise<T> {
    checkUp()
    return work()
  }
  const unimplemented = (method: string) =>
    call<never>(() => {
      throw new RuntimeError('UNIMPLEMENTED', `${method} is not implemented by the simulated runtime`)
    })

  return {
    version: () => call(() => ({ runtimeName: 'simulated', runtimeVersion: '1.0.0', apiVersion: 'v1' })),
    status: () => call(() => ({ ready: true, networkReady: true, message: '' })),
    updatePodCidr: (podCidr) =>
      call(() => {
        pool = new AddressPool(podCidr)
        for (const { ip } of sandboxes.values()) if (ip !== undefined) pool.reserve(ip)
      }),

    runSandbox: (config) =>
      call(() => {
        const id = newId()
        const { pod, annotations } = config
        const state: SandboxState = {
          id,
          pod,
          ready: true,
          createdAt: clock.now(),
          labels: { ...config.labels, ...podLabels(pod) },
          annotations,
        }
        sandboxes.set(id, { state, ip: config.namespaces.hostNetwork ? undefined : pool.take() })
        return id
      }),
    stopSandbox: (id) => call(() => stop(id)),
    removeSandbox: (id) =>
      call(() => {
        if (!sandboxes.has(id)) return
        stop(id)
        for (const state of [...containers.values()]) if (state.sandboxId === id) drop(state.id)
        tell('removed', id, id)
        sandboxes.delete(id)
      }),
    listSandboxes: (podUid) =>
      call(() => {
        const all = [...sandboxes.values()].map(({ state }) => state)
        return podUid === undefined ? all : all.filter(({ pod }) => pod.uid === podUid)
      }),
    sandboxIPs: (id) =>
      call(() => {
        const { ip } = sandbox(id)
        return ip === undefined ? [] : [ip]
      }),

    createContainer: (sandboxId, config, sandboxConfig) =>
      call(() => {
        if (!sandbox(sandboxId).state.ready) throw new RuntimeError('UNKNOWN', `sandbox "${sandboxId}" is not running`)
        const id = newId()
        containers.set(id, {
          id,
          sandboxId,
          name: config.name,
          attempt: config.attempt,
          state: 'created',
          image: config.image,
          imageRef: image(config.image).id,
          createdAt: clock.now(),
          startedAt: 0,
          finishedAt: 0,
          exitCode: 0,
          reason: '',
          message: '',
          labels: {
            ...config.labels,
            ...podLabels(sandboxConfig.pod),
            'io.kubernetes.container.name': config.name,
          },
          annotations: config.annotations,
          logPath: '',
        })
        return id
      }),
    startContainer: (id) =>
      call(() => {
        const state = container(id)
        if (state.state !== 'created') throw new RuntimeError('UNKNOWN', `container "${id}" is ${state.state}`)
        const failure = failingStarts.get(state.name)
        if (failure !== undefined) {
          containers.set(id, {
            ...state,
            state: 'exited',
            exitCode: 128,
            reason: 'StartError',
            message: failure,
            finishedAt: clock.now(),
          })
          throw new RuntimeError('UNKNOWN', failure)
        }
        containers.set(id, { ...state, state: 'running', startedAt: clock.now() })
      }),
    // A simulated process obeys SIGTERM at once.
    stopContainer: (id) => call(() => exit(id, 0, 'Completed')),
    removeContainer: (id) => call(() => drop(id)),
    listContainers: (podUid) =>
      call(() => {
        const all = [...containers.values()]
        return podUid === undefined ? all : all.filter(({ labels }) => labels[POD_UID] === podUid)
      }),
    containerStatus: (id) => call(() => container(id)),
    updateContainerResources: (id) =>
      call(() => {
        container(id)
      }),
    reopenContainerLog: (id) =>
      call(() => {
        container(id)
      }),
    containerStats: () =>
      call(() =>
        [...containers.values()]
          .filter(({ state }) => state === 'running')
          .map(({ id, startedAt }) => ({
            id,
            timestamp: clock.now(),
            // A hundredth of a core and 16 MiB each.
            cpuUsageNanoseconds: (clock.now() - startedAt) * 10_000,
            memoryWorkingSetBytes: GIB / 64,
            filesystemUsedBytes: 0,
          })),
      ),

    execSync: () => unimplemented('execSync'),
    exec: () => unimplemented('exec'),
    attach: () => unimplemented('attach'),
    portForward: () => unimplemented('portForward'),

    imageStatus: (name) => call(() => image(name)),
    listImages: () => call(() => [...new Set(images.values())]),
    pullImage: (name) =>
      call(() => {
        const failure = failingPulls.get(name)
        if (failure !== undefined) throw new RuntimeError('UNKNOWN', failure)
        return image(name).id
      }),
    removeImage: (name) =>
      call(() => {
        const known = images.get(name)
        for (const [key, value] of images) if (value === known) images.delete(key)
      }),
    imageFilesystem: () => call(() => ({ usedBytes: 0, mountpoint: '/' })),

    events: ({ signal }) => feed.follow(signal),
    close: async () => feed.close(),

    controls: {
      exitContainer: (id, { exitCode, reason }) =>
        exit(id, exitCode, reason ?? (exitCode === 0 ? 'Completed' : 'Error')),
      killSandbox: stop,
      failPull: (name, message) => setOrClear(failingPulls, name, message),
      failStart: (name, message) => setOrClear(failingStarts, name, message),
      setDown(value) {
        const back = down && !value
        down = value
        if (back) feed.publish({ type: 'connected', containerId: '', podUid: '' })
      },
    },
  }
}

function setOrClear(map: Map<string, string>, key: string, value: string | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}

function podLabels(pod: { readonly name: string; readonly namespace: string; readonly uid: string }) {
  return {
    'io.kubernetes.pod.name': pod.name,
    'io.kubernetes.pod.namespace': pod.namespace,
    [POD_UID]: pod.uid,
  }
}
