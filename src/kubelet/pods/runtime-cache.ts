// What the runtime has of each pod: asked for pod by pod, so that a busy node costs no more than a quiet one.

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

/** What was seen of a pod when it was last read. */
interface Seen {
  readonly state: PodRuntimeState
  readonly ipsOf: string | undefined
}

/** See the file comment. Details of containers and addresses of sandboxes are kept while these exist. */
export class RuntimeCache {
  readonly #runtime: Source
  // Why these ended may still change, so they are always asked for.
  readonly #unsettled = new Set<string>()
  readonly #seen = new Map<string, Seen>()

  constructor(runtime: Source) {
    this.#runtime = runtime
  }

  /** The state of a pod, no older than the call. */
  async read(uid: string): Promise<PodRuntimeState> {
    const [foundSandboxes, foundContainers] = await Promise.all([
      this.#runtime.listSandboxes(uid),
      this.#runtime.listContainers(uid),
    ])
    const sandboxes = [...foundSandboxes].sort((a, b) => b.createdAt - a.createdAt || b.pod.attempt - a.pod.attempt)
    const before = this.#seen.get(uid)
    const detailed = await Promise.all(foundContainers.map((c) => this.#detail(c, before)))
    const containers = detailed
      .filter((c) => c !== undefined)
      .sort((a, b) => b.createdAt - a.createdAt || b.attempt - a.attempt)
    const ready = sandboxes.find((s) => s.ready)
    const ips = ready ? await this.#addresses(ready, before) : []
    const state = { sandboxes, containers, ips }
    for (const { id } of before?.state.containers ?? []) {
      if (foundContainers.every((c) => c.id !== id)) this.#unsettled.delete(id)
    }
    if (sandboxes.length === 0 && containers.length === 0) this.#seen.delete(uid)
    else this.#seen.set(uid, { state, ipsOf: ips.length > 0 ? ready?.id : undefined })
    return state
  }

  /** The state as last read. */
  peek(uid: string): PodRuntimeState {
    return this.#seen.get(uid)?.state ?? emptyRuntimeState
  }

  /** The container ran out of memory: the runtime may say so a moment after it has said that the container ended. */
  ranOutOfMemory(containerId: string): void {
    this.#unsettled.add(containerId)
  }

  /** Every pod the runtime has anything of. */
  async podUids(): Promise<Set<string>> {
    const [sandboxes, containers] = await Promise.all([this.#runtime.listSandboxes(), this.#runtime.listContainers()])
    const uids = new Set([...sandboxes.map((s) => s.pod.uid), ...containers.map((c) => c.labels[LABEL_POD_UID] ?? '')])
    uids.delete('')
    return uids
  }

  async #addresses(sandbox: SandboxState, before: Seen | undefined): Promise<readonly string[]> {
    if (before?.ipsOf === sandbox.id) return before.state.ips
    return this.#runtime.sandboxIPs(sandbox.id)
  }

  async #detail(listed: ListedContainer, before: Seen | undefined): Promise<ContainerState | undefined> {
    const known = before?.state.containers.find((c) => c.id === listed.id)
    if (known?.state === listed.state && !this.#unsettled.has(listed.id)) return known
    try {
      const status = await this.#runtime.containerStatus(listed.id)
      return { ...status, sandboxId: status.sandboxId || listed.sandboxId }
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'NOT_FOUND') return undefined
      throw error
    }
  }
}
