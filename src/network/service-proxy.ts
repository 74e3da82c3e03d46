// Keeps the kernel's nftables rules equal to what services, endpoint slices and this node's host ports ask for.

import type { Pod, Service } from '../api/generated/core-v1.ts'
import type { EndpointSlice } from '../api/generated/discovery-v1.ts'
import { endpointslices, pods, services } from '../api/generated/resources.ts'
import { type Informer, type InformerFactory, keyOf } from '../client/informer.ts'
import type { Clock } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import type { Logger } from '../machinery/logger.ts'
import { forgetStaleFlows } from './conntrack.ts'
import { mustRun, type Run } from './host.ts'
import { renderHostPorts } from './host-port-rules.ts'
import { type Change, namesInTable, RuleBook, type TableContent } from './rule-book.ts'
import type { Rules, UdpEntry } from './rule-items.ts'
import { renderService } from './service-rules.ts'

export interface ServiceProxyOptions {
  /** Started by the caller. */
  readonly informers: InformerFactory
  readonly nodeName: string
  /** Addresses of this node, where services of type LoadBalancer may be balanced. */
  readonly nodeIPs?: readonly string[]
  /** The node's zone, for endpoints with topology hints. */
  readonly zone?: string
  /** The range of all pods of the cluster. */
  readonly podCidr: string
  readonly bridge: string
  /** The device that leads to other nodes' pods. */
  readonly tunnel?: string
  /** Bridges of other clusters on this machine; see BaseOptions. */
  readonly otherBridges?: readonly string[]
  /** The nftables table (family ip) that is this cluster's own. */
  readonly table: string
  readonly clock: Clock
  readonly log: Logger
  readonly run: Run
  readonly signal: AbortSignal
  /** Told after every applied transaction; the first one is complete. */
  readonly onApplied?: (info: { readonly full: boolean }) => void
}

const SERVICE_OF_SLICE = 'kubernetes.io/service-name'
const BY_SERVICE = 'service'
const COLLECT_MS = 5
const RESYNC_MS = 10 * 60_000
const MIN_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 30_000

/**
 * Runs until the signal aborts. The rules stay when it ends, so that pods and their connections outlive a restart;
 * `tearDownPodNetwork` removes them.
 */
export async function runServiceProxy(options: ServiceProxyOptions): Promise<void> {
  await new ServiceProxy(options).run()
}

class ServiceProxy {
  readonly #options: ServiceProxyOptions
  readonly #services: Informer<Service>
  readonly #slices: Informer<EndpointSlice>
  readonly #pods: Informer<Pod>
  readonly #book: RuleBook
  readonly #dirty = new Set<string>()
  readonly #udp = new Map<string, readonly UdpEntry[]>()
  #staleUdp: UdpEntry[] = []
  #udpChanged = true
  #full = true
  #replace = false
  #wake: () => void = () => {}

  constructor(options: ServiceProxyOptions) {
    this.#options = options
    const { informers, nodeName } = options
    this.#services = informers.informer(services)
    this.#slices = informers.informer(endpointslices)
    this.#slices.addIndex(BY_SERVICE, (slice) => {
      const name = serviceOf(slice)
      return name === undefined ? [] : [name]
    })
    this.#pods = informers.dedicated(pods, { fieldSelector: `spec.nodeName=${nodeName}` })
    this.#book = new RuleBook(options)
  }

  async run(): Promise<void> {
    const { signal } = this.#options
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#subscribe()
    const synced = Promise.all([this.#services, this.#slices, this.#pods].map((informer) => informer.waitForSync()))
    await Promise.race([synced, aborted])
    let backoff = MIN_BACKOFF_MS
    let nextFull = this.#options.clock.now() + RESYNC_MS
    while (!signal.aborted) {
      if (this.#options.clock.now() >= nextFull) this.#full = true
      try {
        const full = this.#full
        await this.#sync()
        if (full) nextFull = this.#options.clock.now() + RESYNC_MS
        backoff = MIN_BACKOFF_MS
        await this.#pause(nextFull - this.#options.clock.now(), aborted)
        // More changes usually follow the first at once.
        await this.#delay(COLLECT_MS, aborted)
      } catch (error) {
        this.#options.log.error('service-rules-not-applied', { error, retryInMs: backoff })
        // What the kernel has now is not known: write everything; the second time over, do not build on what is there.
        this.#replace = this.#full
        this.#full = true
        await this.#delay(backoff, aborted)
        backoff = Math.min(backoff * 2, MAX_BACKOFF_MS)
      }
    }
  }

  #subscribe(): void {
    const on = <T>(keyOfObject: (object: DeepReadonly<T>) => string | undefined) => {
      const changed = (object: DeepReadonly<T>) => {
        const key = keyOfObject(object)
        if (key === undefined) return
        this.#dirty.add(key)
        this.#wake()
      }
      return {
        add: changed,
        update(previous: DeepReadonly<T>, object: DeepReadonly<T>) {
          changed(previous)
          changed(object)
        },
        delete: changed,
      }
    }
    this.#services.subscribe(on<Service>((service) => `service ${keyOf(service)}`))
    this.#slices.subscribe(
      on<EndpointSlice>((slice) => {
        const name = serviceOf(slice)
        return name === undefined ? undefined : `service ${name}`
      }),
    )
    this.#pods.subscribe(on<Pod>((pod) => `pod ${keyOf(pod)}`))
  }

  async #sync(): Promise<void> {
    for (const owner of this.#dirty) this.#render(owner)
    this.#dirty.clear()
    if (this.#full) {
      await this.#apply(this.#book.full(this.#replace ? undefined : await this.#content()))
      this.#full = false
      this.#replace = false
      this.#options.onApplied?.({ full: true })
    } else {
      const change = this.#book.change()
      if (!change.empty) {
        await this.#apply(change)
        this.#options.onApplied?.({ full: false })
      }
    }
    await this.#forgetUdp()
  }

  #render(owner: string): void {
    const [kind, key = ''] = owner.split(' ')
    const rules = kind === 'service' ? this.#rulesOfService(key) : this.#rulesOfPod(key)
    this.#book.set(owner, rules.items)
    const before = this.#udp.get(owner) ?? []
    if (JSON.stringify(before) === JSON.stringify(rules.udp)) return
    this.#udpChanged = true
    const now = new Set(rules.udp.map(addressOf))
    for (const entry of before) if (!now.has(addressOf(entry))) this.#staleUdp.push({ ...entry, backends: [] })
    if (rules.udp.length === 0) this.#udp.delete(owner)
    else this.#udp.set(owner, rules.udp)
  }

  #rulesOfService(key: string): Rules {
    const service = this.#services.get(key)
    return service ? renderService(service, this.#slices.by(BY_SERVICE, key), this.#options) : { items: [], udp: [] }
  }

  #rulesOfPod(key: string): Rules {
    const pod = this.#pods.get(key)
    return pod ? renderHostPorts(pod) : { items: [], udp: [] }
  }

  /** What the table holds; nothing when there is no table yet. */
  async #content(): Promise<TableContent | undefined> {
    const { run, table } = this.#options
    const [chains, sets] = await Promise.all([
      mustRun(run, 'list chains', ['nft', 'list', 'chains', 'ip']),
      mustRun(run, 'list sets', ['nft', '--terse', 'list', 'sets', 'ip']),
    ])
    const content = { chains: namesInTable(chains, table), sets: namesInTable(sets, table) }
    return content.chains.length > 0 ? content : undefined
  }

  async #apply(change: Change): Promise<void> {
    await mustRun(this.#options.run, 'apply service rules', ['nft', '-f', '-'], `${change.script}\n`)
    change.applied()
  }

  /** Stale flows only delay a client's recovery, so failing to drop them is reported and tried at the next change. */
  async #forgetUdp(): Promise<void> {
    if (!this.#udpChanged) return
    // An address that another owner has taken over by now is not stale.
    const current = [...this.#udp.values()].flat()
    const taken = new Set(current.map(addressOf))
    const entries = [...current, ...this.#staleUdp.filter((entry) => !taken.has(addressOf(entry)))]
    try {
      if (entries.length > 0) {
        await forgetStaleFlows({ entries, run: this.#options.run, log: this.#options.log })
      }
      this.#udpChanged = false
      this.#staleUdp = []
    } catch (error) {
      this.#options.log.warn('udp-flows-not-forgotten', { error })
      this.#staleUdp = this.#staleUdp.slice(-1000)
    }
  }

  /** Resolves when something is to be done, at the latest after `ms`. */
  async #pause(ms: number, aborted: Promise<void>): Promise<void> {
    if (this.#dirty.size > 0) return
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    await this.#delay(ms, Promise.race([woken, aborted]))
    this.#wake = () => {}
  }

  async #delay(ms: number, until: Promise<void>): Promise<void> {
    let cancel = () => {}
    const due = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(ms, resolve)
    })
    await Promise.race([due, until])
    cancel()
  }
}

function addressOf(entry: UdpEntry): string {
  return `${entry.ip ?? ''}:${entry.port}`
}

function serviceOf(slice: DeepReadonly<EndpointSlice>): string | undefined {
  const name = slice.metadata.labels?.[SERVICE_OF_SLICE]
  return name === undefined ? undefined : `${slice.metadata.namespace}/${name}`
}
