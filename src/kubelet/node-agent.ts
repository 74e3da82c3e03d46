// Registers this machine as a Node and keeps its status true: at once when something changes, every five minutes anyway.

import type { Node, NodeStatus, Taint } from '../api/generated/core-v1.ts'
import { nodes } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import { Informer } from '../client/informer.ts'
import { type Clock, pause, sleep } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import type { Logger } from '../machinery/logger.ts'
import { filesystemUse, type MachineInfo, readPressure } from './machine.ts'
import { type NodeFacts, newNode, nodeLabels, nodeStatus, significant } from './node-status.ts'
import type { Runtime } from './runtime/runtime.ts'

const CHECK_MS = 10_000
const REPORT_MS = 5 * 60_000
const REGISTER_RETRY_MS = 200
const NOT_READY_MIN_MS = 50

export interface NodeAgentOptions {
  readonly client: Client
  readonly runtime: Runtime
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
  readonly nodeName: string
  readonly hostname: string
  readonly nodeIPs: readonly string[]
  readonly machine: MachineInfo
  readonly runtimeVersion: string
  readonly version: string
  readonly port: number
  readonly maxPods: number
  readonly reserved: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  /** Pod range to use before the Node has one. */
  readonly podCidr?: string
  readonly root: string
}

/** See the file comment. */
export class NodeAgent {
  readonly #options: NodeAgentOptions
  #node: DeepReadonly<Node> | undefined
  #status: NodeStatus | undefined
  #reportedAt = 0
  #cidr: string | undefined
  #wake: () => void = () => {}
  #backoff = NOT_READY_MIN_MS

  constructor(options: NodeAgentOptions) {
    this.#options = options
  }

  /** The node's labels as last seen; its own ones while there is no Node. */
  labels(): Readonly<Record<string, string>> {
    const { hostname, machine, labels } = this.#options
    return this.#node?.metadata.labels ?? { ...nodeLabels({ hostname, architecture: machine.architecture }), ...labels }
  }

  /** What pods may use. */
  allocatable(): Readonly<Record<string, string>> {
    return this.#status?.allocatable ?? {}
  }

  /** Creates the Node, or takes over the one that is there. Resolves when it is registered. */
  async register(): Promise<DeepReadonly<Node>> {
    const { client, nodeName, podCidr, signal, clock, log } = this.#options
    if (podCidr) await this.#applyCidr(podCidr)
    for (;;) {
      try {
        const facts = await this.#facts()
        const fresh = newNode(facts, this.#options)
        this.#status = fresh.status
        const node = await client.create(nodes, fresh).catch((error: unknown) => {
          if (!isReason(error, 'AlreadyExists')) throw error
          return this.#adopt(nodeName, facts)
        })
        this.#node = node
        if (node.spec.podCIDR) await this.#applyCidr(node.spec.podCIDR)
        await this.#report()
        return this.#node
      } catch (error) {
        signal.throwIfAborted()
        log.warn('node-not-registered', { node: nodeName, error })
        await sleep(clock, REGISTER_RETRY_MS, { signal })
      }
    }
  }

  /** Follows the Node and reports until the signal aborts. */
  async run(): Promise<void> {
    const { client, clock, log, signal, nodeName } = this.#options
    const informer = new Informer<Node>({ client, clock, log }, nodes, { fieldSelector: `metadata.name=${nodeName}` })
    const seen = (node: DeepReadonly<Node>) => {
      this.#node = node
      if (node.spec.podCIDR !== this.#cidr || !this.#isReady()) this.#wake()
    }
    // As upstream, a node that was deleted comes back when its kubelet is started again, not before.
    informer.subscribe({ add: seen, update: (_, node) => seen(node), delete: () => this.#deleted() })
    void informer.run(signal)
    while (!signal.aborted) {
      try {
        const cidr = this.#node?.spec.podCIDR
        if (cidr) await this.#applyCidr(cidr)
        await this.#report()
      } catch (error) {
        if (signal.aborted) return
        log.warn('node-status-not-reported', { node: nodeName, error })
      }
      await this.#pause()
    }
  }

  /** Asks for a report now. */
  wake(): void {
    this.#wake()
  }

  #deleted(): void {
    this.#node = undefined
    this.#options.log.warn('node-deleted', { node: this.#options.nodeName })
  }

  #isReady(): boolean {
    return this.#status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false
  }

  /** Ten seconds; while the runtime is not ready, doubling from 50 ms up to that. */
  async #pause(): Promise<void> {
    const { clock, signal } = this.#options
    const ready = this.#isReady()
    const wait = ready ? CHECK_MS : this.#backoff
    this.#backoff = ready ? NOT_READY_MIN_MS : Math.min(this.#backoff * 2, CHECK_MS)
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    await pause(clock, wait, { signal: AbortSignal.any([signal, woken.signal]) })
    this.#wake = () => {}
  }

  async #applyCidr(cidr: string): Promise<void> {
    if (this.#cidr === cidr) return
    await this.#options.runtime.updatePodCidr(cidr)
    this.#cidr = cidr
    this.#backoff = NOT_READY_MIN_MS
  }

  async #adopt(name: string, facts: NodeFacts): Promise<DeepReadonly<Node>> {
    const { client, labels, hostname, machine } = this.#options
    const found = await client.get(nodes, { name })
    const wanted = { ...nodeLabels({ hostname, architecture: machine.architecture }), ...labels }
    this.#status = nodeStatus(facts, found.status)
    if (Object.entries(wanted).every(([k, v]) => found.metadata.labels?.[k] === v)) return found
    return client.patch(nodes, { name }, { type: 'merge', patch: { metadata: { labels: wanted } } })
  }

  async #report(): Promise<void> {
    const { client, nodeName, clock } = this.#options
    const node = this.#node
    if (!node) return
    const status = nodeStatus(await this.#facts(), node.status)
    this.#status = status
    const now = clock.now()
    if (significant(pick(node.status, status)) === significant(status) && now - this.#reportedAt < REPORT_MS) return
    const addresses = [...(status.addresses ?? []), { $patch: 'replace' }]
    this.#node = await client.patch(
      nodes,
      { name: nodeName },
      { subresource: 'status', type: 'strategic', patch: { status: { ...status, addresses } } },
    )
    this.#reportedAt = now
  }

  async #facts(): Promise<NodeFacts> {
    const { runtime, root, clock, log } = this.#options
    const [filesystem, pressure, state, images] = await Promise.all([
      filesystemUse(root),
      readPressure(),
      runtime.status().catch((error: unknown) => {
        log.warn('runtime-status-unknown', { error })
        return { ready: false, networkReady: false, message: error instanceof Error ? error.message : String(error) }
      }),
      runtime.listImages().catch((error: unknown) => {
        log.warn('images-not-listed', { error })
        return []
      }),
    ])
    const { nodeName, hostname, nodeIPs, machine, runtimeVersion, port, maxPods, reserved } = this.#options
    return {
      nodeName,
      hostname,
      nodeIPs,
      machine,
      runtimeVersion,
      port,
      maxPods,
      reserved,
      kubeletVersion: this.#options.version,
      filesystem,
      pressure,
      runtime: state,
      images,
      now: clock.now(),
    }
  }
}

/** Of the stored status, the fields this kubelet reports, in the same order. */
function pick(stored: DeepReadonly<NodeStatus>, own: NodeStatus): DeepReadonly<NodeStatus> {
  const from = stored as Readonly<Record<string, unknown>>
  return project(from, own) as DeepReadonly<NodeStatus>
}

/** Takes from `value` what has a counterpart in `shape`, in the order of `shape`. */
function project(value: unknown, shape: unknown): unknown {
  if (Array.isArray(shape) && Array.isArray(value)) {
    const typed = (item: unknown) => (item as { type?: string } | null)?.type
    return shape.map((s, i) => project(typed(s) ? value.find((v) => typed(v) === typed(s)) : value[i], s))
  }
  if (typeof shape !== 'object' || shape === null || typeof value !== 'object' || value === null) return value
  const from = value as Readonly<Record<string, unknown>>
  return Object.fromEntries(Object.entries(shape).map(([key, inner]) => [key, project(from[key], inner)]))
}
