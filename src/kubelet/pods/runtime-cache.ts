// A local picture of what the runtime has, by pod. One listing serves everyone who asks meanwhile.

import {
  type ContainerState,
  type ListedContainer,
  type Runtime,
  RuntimeError,
  type SandboxState,
} from '../runtime/runtime.ts'
import { LABEL_POD_UID } from './identity.ts'
import { emptyRuntimeState, type PodRuntimeState } from './types.ts'

type Source = Pick<Runtime, 'listSandboxes' | 'listContainers' | 'containerStatus' | 'sandboxIPs'>

interface Listing {
  readonly sandboxes: ReadonlyMap<string, readonly SandboxState[]>
  readonly containers: ReadonlyMap<string, readonly ListedContainer[]>
}

/** See the file comment. Details of containers and addresses of sandboxes are kept while these exist. */
export class RuntimeCache {
  readonly #runtime: Source
  readonly #details = new Map<string, ContainerState>()
  // Why these ended may still change, so they are always asked for.
  readonly #unsettled = new Set<string>()
  readonly #ips = new Map<string, readonly string[]>()
  readonly #last = new Map<string, PodRuntimeState>()
  #current: Promise<Listing> | undefined
  #next: Promise<Listing> | undefined

  constructor(runtime: Source) {
    this.#runtime = runtime
  }

  /** The state of a pod, no older than the call. */
  async read(uid: string): Promise<PodRuntimeState> {
    const listing = await this.#list()
    const sandboxes = [...(listing.sandboxes.get(uid) ?? [])].sort(
      (a, b) => b.createdAt - a.createdAt || b.pod.attempt - a.pod.attempt,
    )
    const listed = await Promise.all((listing.containers.get(uid) ?? []).map((c) => this.#detail(c)))
    const containers = listed
      .filter((c) => c !== undefined)
      .sort((a, b) => b.createdAt - a.createdAt || b.attempt - a.attempt)
    const ready = sandboxes.find((s) => s.ready)
    const state = { sandboxes, containers, ips: ready ? await this.#addresses(ready) : [] }
    if (sandboxes.length === 0 && containers.length === 0) this.#last.delete(uid)
    else this.#last.set(uid, state)
    return state
  }

  /** The state as last read. */
  peek(uid: string): PodRuntimeState {
    return this.#last.get(uid) ?? emptyRuntimeState
  }

  /** The container ran out of memory: the runtime may say so a moment after it has said that the container ended. */
  ranOutOfMemory(containerId: string): void {
    this.#unsettled.add(containerId)
    this.#details.delete(containerId)
  }

  /** Every pod the runtime has anything of. */
  async podUids(): Promise<Set<string>> {
    const listing = await this.#list()
    return new Set([...listing.sandboxes.keys(), ...listing.containers.keys()])
  }

  async #addresses(sandbox: SandboxState): Promise<readonly string[]> {
    const known = this.#ips.get(sandbox.id)
    if (known) return known
    const ips = await this.#runtime.sandboxIPs(sandbox.id)
    if (ips.length > 0) this.#ips.set(sandbox.id, ips)
    return ips
  }

  async #detail(listed: ListedContainer): Promise<ContainerState | undefined> {
    const known = this.#details.get(listed.id)
    if (known && known.state === listed.state) return known
    try {
      const status = await this.#runtime.containerStatus(listed.id)
      const detail = { ...status, sandboxId: status.sandboxId || listed.sandboxId }
      if (!this.#unsettled.has(listed.id)) this.#details.set(listed.id, detail)
      return detail
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'NOT_FOUND') return undefined
      throw error
    }
  }

  #list(): Promise<Listing> {
    if (!this.#current) {
      this.#current = this.#fetch().finally(() => {
        this.#current = this.#next
        this.#next = undefined
      })
      return this.#current
    }
    // The listing under way may have begun before what the caller wants to see.
    const begin = () => this.#fetch()
    this.#next ??= this.#current.then(begin, begin).finally(() => {
      this.#current = this.#next
      this.#next = undefined
    })
    return this.#next
  }

  async #fetch(): Promise<Listing> {
    const [sandboxes, containers] = await Promise.all([this.#runtime.listSandboxes(), this.#runtime.listContainers()])
    this.#prune(sandboxes, containers)
    return {
      sandboxes: groupBy(sandboxes, (s) => s.pod.uid),
      containers: groupBy(containers, (c) => c.labels[LABEL_POD_UID] ?? ''),
    }
  }

  #prune(sandboxes: readonly SandboxState[], containers: readonly ListedContainer[]): void {
    const sandboxIds = new Set(sandboxes.map((s) => s.id))
    const containerIds = new Set(containers.map((c) => c.id))
    for (const id of this.#ips.keys()) if (!sandboxIds.has(id)) this.#ips.delete(id)
    for (const id of this.#unsettled) if (!containerIds.has(id)) this.#unsettled.delete(id)
    for (const id of this.#details.keys()) if (!containerIds.has(id)) this.#details.delete(id)
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    if (key === '') continue
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}
