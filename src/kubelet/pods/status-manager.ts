// Writes pod statuses to the API: only changes, one write per pod at a time, the newest status wins.

import type { Pod, PodStatus } from '../../api/generated/core-v1.ts'
import { pods } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import { type Clock, pause } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { isReason } from '../../machinery/errors.ts'
import type { Logger } from '../../machinery/logger.ts'
import { statusPatch } from './pod-status.ts'
import type { ApiPod } from './types.ts'

interface Entry {
  /** The newest version of the pod that is known. */
  pod: ApiPod
  wanted: PodStatus
  writing: Promise<void> | undefined
}

const MIN_RETRY_MS = 200
const MAX_RETRY_MS = 10_000

/** See the file comment. */
export class StatusManager {
  readonly #env: { client: Client; clock: Clock; log: Logger; signal: AbortSignal }
  readonly #entries = new Map<string, Entry>()

  constructor(env: { client: Client; clock: Clock; log: Logger; signal: AbortSignal }) {
    this.#env = env
  }

  /** Makes `status` the one to report. Returns at once. */
  set(pod: ApiPod, status: PodStatus): void {
    const { uid } = pod.metadata
    const entry = this.#entries.get(uid) ?? { pod, wanted: status, writing: undefined }
    this.#entries.set(uid, entry)
    entry.wanted = status
    if (isNewer(pod, entry.pod)) entry.pod = pod
    entry.writing ??= this.#write(entry).finally(() => {
      entry.writing = undefined
    })
  }

  /** Resolves when what was set last has been written, or the pod is gone. */
  async settled(uid: string): Promise<void> {
    await this.#entries.get(uid)?.writing
  }

  /** The status as last set. */
  get(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.wanted
  }

  forget(uid: string): void {
    this.#entries.delete(uid)
  }

  /** Removes the pod from the API for good. */
  async finalize(pod: ApiPod): Promise<void> {
    const { namespace, name, uid } = pod.metadata
    try {
      await this.#env.client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } })
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
    }
  }

  async #write(entry: Entry): Promise<void> {
    // Changes of the same moment are one write.
    await Promise.resolve()
    let retry = MIN_RETRY_MS
    while (!this.#env.signal.aborted && this.#entries.get(entry.pod.metadata.uid) === entry) {
      const patch = statusPatch(entry.pod.status, entry.wanted)
      if (!patch) return
      try {
        entry.pod = await this.#patch(entry.pod, patch)
        retry = MIN_RETRY_MS
      } catch (error) {
        if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) return
        this.#env.log.warn('pod-status-not-written', { pod: entry.pod.metadata.name, error })
        await pause(this.#env.clock, retry, { signal: this.#env.signal })
        retry = Math.min(retry * 2, MAX_RETRY_MS)
      }
    }
  }

  #patch(pod: ApiPod, status: Record<string, unknown>): Promise<DeepReadonly<Pod>> {
    const { namespace, name, uid } = pod.metadata
    const patch = { metadata: { uid }, status }
    return this.#env.client.patch(pods, { namespace, name }, { subresource: 'status', type: 'strategic', patch })
  }
}

function isNewer(a: ApiPod, b: ApiPod): boolean {
  const [left, right] = [a.metadata.resourceVersion, b.metadata.resourceVersion]
  return left.length === right.length ? left > right : left.length > right.length
}
