// The kubelet's container runtime over CRI v1: containerd, or any other runtime that serves it.

import { type Clock, sleep } from '../../../machinery/clock.ts'
import type { Logger } from '../../../machinery/logger.ts'
import { attachOverSpdy, execOverSpdy, portForwardOverSpdy } from '../../streaming/stream-client.ts'
import { type CniConfig, writeCniConfig } from '../containerd/cni-config.ts'
import { type ContainerState, type Runtime, RuntimeError } from '../runtime.ts'
import {
  fromContainer,
  fromContainerStatus,
  fromImage,
  fromSandbox,
  fromStats,
  POD_UID,
  toContainerConfig,
  toResources,
  toSandboxConfig,
} from './convert.ts'
import { followEvents } from './events.ts'
import { ImageService, RuntimeService } from './generated/runtime_pb.ts'
import { openChannel } from './grpc.ts'
import { IdentityCache } from './identity-cache.ts'

// As upstream's kubelet: --runtime-request-timeout is two minutes, twice that for a sandbox.
const TIMEOUT = 120_000
const NETWORK_TIMEOUT = 5000
const NETWORK_INTERVAL = 10

export interface CriRuntimeOptions {
  /** `unix:///run/…/containerd.sock` or a bare path. */
  readonly endpoint: string
  readonly clock: Clock
  readonly log: Logger
  /** Where the pod network's configuration goes once the pod range is known; absent when someone else writes it. */
  readonly cni?: Omit<CniConfig, 'podCidr'>
  /** File with the seccomp profile of the containers that hold pods' namespaces; the runtime's default when absent. */
  readonly sandboxSeccomp?: string
}

/** Connects to a CRI runtime; rejects when it does not answer or speaks no CRI v1. */
export async function createCriRuntime(options: CriRuntimeOptions): Promise<Runtime> {
  const { clock, log } = options
  const channel = openChannel({ endpoint: options.endpoint, clock })
  const identities = new IdentityCache()
  const runtime = RuntimeService.method
  const images = ImageService.method
  const limit = { timeout: TIMEOUT }
  const closed = new AbortController()

  async function listed(filter: Filter = {}) {
    const { containers } = await channel.unary(runtime.listContainers, { filter }, limit)
    for (const container of containers) {
      identities.remember(container.id, {
        kind: 'container',
        podUid: container.labels['io.kubernetes.pod.uid'] ?? '',
        sandboxId: container.podSandboxId,
      })
    }
    return containers
  }

  async function statusOf(id: string, sandboxId: string): Promise<ContainerState> {
    const { status } = await channel.unary(runtime.containerStatus, { containerId: id }, limit)
    if (status === undefined) throw new RuntimeError('INTERNAL', `container "${id}": the runtime gave no status`)
    return fromContainerStatus(status, sandboxId)
  }

  async function podSandbox(id: string) {
    return channel.unary(runtime.podSandboxStatus, { podSandboxId: id }, limit)
  }

  // The runtime watches the directory of the network configuration and takes a moment to read it.
  async function networkIsReady(): Promise<void> {
    const deadline = clock.now() + NETWORK_TIMEOUT
    while (!(await self.status()).networkReady && !closed.signal.aborted) {
      if (clock.now() >= deadline) {
        log.warn('pod-network-not-ready', { message: (await self.status()).message })
        return
      }
      await sleep(clock, NETWORK_INTERVAL, closed)
    }
  }

  const self: Runtime = {
    async version() {
      const answer = await channel.unary(runtime.version, { version: '0.1.0' }, limit)
      return {
        runtimeName: answer.runtimeName,
        runtimeVersion: answer.runtimeVersion,
        apiVersion: answer.runtimeApiVersion,
      }
    },

    async status() {
      const { status } = await channel.unary(runtime.status, {}, limit)
      const conditions = status?.conditions ?? []
      const holds = (type: string) => conditions.some((c) => c.type === type && c.status)
      return {
        ready: holds('RuntimeReady'),
        networkReady: holds('NetworkReady'),
        message: conditions
          .filter((c) => !c.status)
          .map((c) => `${c.type}=false reason:${c.reason} message:${c.message}`)
          .join(', '),
      }
    },

    async updatePodCidr(podCidr) {
      if (options.cni !== undefined) await writeCniConfig({ ...options.cni, podCidr })
      await channel.unary(runtime.updateRuntimeConfig, { runtimeConfig: { networkConfig: { podCidr } } }, limit)
      if (options.cni !== undefined) await networkIsReady()
    },

    async runSandbox(config) {
      const answer = await channel.unary(
        runtime.runPodSandbox,
        { config: toSandboxConfig(config, options.sandboxSeccomp), runtimeHandler: config.runtimeHandler },
        { timeout: 2 * TIMEOUT },
      )
      const id = answer.podSandboxId
      identities.remember(id, { kind: 'sandbox', podUid: config.pod.uid, sandboxId: id })
      return id
    },

    stopSandbox: (id) => untilGone(channel.unary(runtime.stopPodSandbox, { podSandboxId: id }, limit)),
    removeSandbox: (id) => untilGone(channel.unary(runtime.removePodSandbox, { podSandboxId: id }, limit)),

    async listSandboxes(podUid) {
      const { items } = await channel.unary(runtime.listPodSandbox, { filter: filterOf(podUid) }, limit)
      const sandboxes = items.map(fromSandbox)
      for (const { id, pod } of sandboxes) {
        identities.remember(id, { kind: 'sandbox', podUid: pod.uid, sandboxId: id })
      }
      return sandboxes
    },

    async sandboxIPs(id) {
      const { status } = await podSandbox(id)
      const network = status?.network
      if (network === undefined || network.ip === '') return []
      return [network.ip, ...network.additionalIps.map(({ ip }) => ip)]
    },

    async createContainer(sandboxId, container, sandbox) {
      const answer = await channel.unary(
        runtime.createContainer,
        {
          podSandboxId: sandboxId,
          config: toContainerConfig(container, sandbox.pod),
          sandboxConfig: toSandboxConfig(sandbox, options.sandboxSeccomp),
        },
        limit,
      )
      identities.remember(answer.containerId, { kind: 'container', podUid: sandbox.pod.uid, sandboxId })
      return answer.containerId
    },

    async startContainer(id) {
      await channel.unary(runtime.startContainer, { containerId: id }, limit)
    },

    stopContainer: (id, timeoutSeconds) =>
      untilGone(
        channel.unary(
          runtime.stopContainer,
          { containerId: id, timeout: BigInt(Math.max(0, Math.trunc(timeoutSeconds))) },
          { timeout: TIMEOUT + timeoutSeconds * 1000 },
        ),
      ),
    removeContainer: (id) => untilGone(channel.unary(runtime.removeContainer, { containerId: id }, limit)),

    async listContainers(podUid) {
      return (await listed(filterOf(podUid))).map(fromContainer)
    },

    async containerStatus(id) {
      const known = identities.get(id)?.sandboxId ?? ''
      const sandboxId = known !== '' ? known : ((await listed({ id }))[0]?.podSandboxId ?? '')
      return statusOf(id, sandboxId)
    },

    async updateContainerResources(id, resources) {
      await channel.unary(runtime.updateContainerResources, { containerId: id, linux: toResources(resources) }, limit)
    },

    async reopenContainerLog(id) {
      await channel.unary(runtime.reopenContainerLog, { containerId: id }, limit)
    },

    async containerStats() {
      const { stats } = await channel.unary(runtime.listContainerStats, {}, limit)
      return stats.map(fromStats).filter((figures) => figures !== undefined)
    },

    async execSync(id, command, timeoutSeconds) {
      try {
        const answer = await channel.unary(
          runtime.execSync,
          { containerId: id, cmd: [...command], timeout: BigInt(Math.ceil(timeoutSeconds)) },
          timeoutSeconds > 0 ? { timeout: TIMEOUT + timeoutSeconds * 1000 } : {},
        )
        return {
          stdout: Buffer.from(answer.stdout),
          stderr: Buffer.from(answer.stderr),
          exitCode: answer.exitCode,
        }
      } catch (error) {
        // Some runtimes report the time-out as an unknown error with this text.
        if (error instanceof RuntimeError && /timeout .* exceeded|deadline exceeded/.test(error.message)) {
          throw new RuntimeError('DEADLINE_EXCEEDED', error.message, { cause: error })
        }
        throw error
      }
    },

    async exec(id, command, streams) {
      const { url } = await channel.unary(
        runtime.exec,
        { containerId: id, cmd: [...command], ...wanted(streams) },
        { ...limit, signal: streams.signal },
      )
      return execOverSpdy(url, streams)
    },

    async attach(id, streams) {
      const { url } = await channel.unary(
        runtime.attach,
        { containerId: id, ...wanted(streams) },
        { ...limit, signal: streams.signal },
      )
      await attachOverSpdy(url, streams)
    },

    async portForward(sandboxId, port, { signal }) {
      const { url } = await channel.unary(
        runtime.portForward,
        { podSandboxId: sandboxId, port: [port] },
        { ...limit, signal },
      )
      return portForwardOverSpdy(url, port, { signal })
    },

    async imageStatus(image) {
      const answer = await channel.unary(images.imageStatus, { image: { image } }, limit)
      return answer.image === undefined ? undefined : fromImage(answer.image)
    },

    async listImages() {
      return (await channel.unary(images.listImages, {}, limit)).images.map(fromImage)
    },

    // No limit: a pull takes as long as it makes progress, and the runtime watches over that.
    async pullImage(image, auth) {
      const answer = await channel.unary(images.pullImage, {
        image: { image },
        ...(auth === undefined ? {} : { auth }),
      })
      return answer.imageRef
    },

    removeImage: (image) => untilGone(channel.unary(images.removeImage, { image: { image } }, limit)),

    async imageFilesystem() {
      const { imageFilesystems } = await channel.unary(images.imageFsInfo, {}, limit)
      const first = imageFilesystems[0]
      if (first === undefined) throw new RuntimeError('INTERNAL', 'the runtime names no image filesystem')
      return { usedBytes: Number(first.usedBytes?.value ?? 0n), mountpoint: first.fsId?.mountpoint ?? '' }
    },

    events: ({ signal }) => followEvents({ channel, clock, log, identities, signal }),

    async close() {
      closed.abort(new RuntimeError('CANCELLED', 'the runtime client is closed'))
      channel.close()
    },
  }

  try {
    await self.version()
  } catch (error) {
    channel.close()
    throw error
  }
  return self
}

/** What is to be listed; the runtime picks it out by itself. */
interface Filter {
  readonly id?: string
  readonly labelSelector?: Record<string, string>
}

/** Everything of one pod, or of all. */
function filterOf(podUid: string | undefined): Filter {
  return podUid === undefined ? {} : { labelSelector: { [POD_UID]: podUid } }
}

function wanted(streams: { tty: boolean; stdin?: unknown; stdout?: unknown; stderr?: unknown }) {
  return {
    tty: streams.tty,
    stdin: streams.stdin !== undefined,
    stdout: streams.stdout !== undefined,
    // A terminal has one output; CRI refuses a request for both.
    stderr: streams.stderr !== undefined && !streams.tty,
  }
}

/** Stopping or removing what is gone is a success. */
async function untilGone(call: Promise<unknown>): Promise<void> {
  await unlessGone(call)
}

async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}
