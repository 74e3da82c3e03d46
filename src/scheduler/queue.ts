// Which pod is next: ready ones by priority, then age; failed ones after a back-off; hopeless ones when something changes.

import type { Clock } from '../machinery/clock.ts'
import type { ReadPod } from './resources.ts'

const INITIAL_BACKOFF_MS = 1000
const MAX_BACKOFF_MS = 10_000
const MAX_UNSCHEDULABLE_MS = 5 * 60_000

/** A pod that waits for a node. */
export interface QueuedPod {
  pod: ReadPod
  /** When it first came. */
  since: number
  attempts: number
  /** Plugins that rejected it last time; empty: a failure that any change, or time, may cure. */
  rejectedBy: ReadonlySet<string>
  failedAt: number
}

/** Milliseconds to wait after the given number of attempts. */
function backoffOf(attempts: number): number {
  return Math.min(INITIAL_BACKOFF_MS * 2 ** Math.max(0, attempts - 1), MAX_BACKOFF_MS)
}

function before(a: QueuedPod, b: QueuedPod): boolean {
  const byPriority = (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0)
  return byPriority === 0 ? a.since < b.since : byPriority < 0
}

type Place = 'active' | 'backoff' | 'unschedulable' | 'gated' | 'in-flight'

/** See the file comment. Bounded by the number of pods without a node. */
export class SchedulingQueue {
  readonly #clock: Clock
  readonly #entries = new Map<string, { entry: QueuedPod; place: Place; cancel: () => void }>()
  readonly #heap: QueuedPod[] = []
  #wake: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Numbers by place; for metrics and tests. */
  counts(): Record<Place, number> {
    const counts = { active: 0, backoff: 0, unschedulable: 0, gated: 0, 'in-flight': 0 }
    for (const { place } of this.#entries.values()) counts[place] += 1
    return counts
  }

  /** A pod without a node was seen. `gated`: it must not be tried yet. */
  add(pod: ReadPod, gated: boolean): void {
    const known = this.#entries.get(pod.metadata.uid)
    if (!known) {
      const entry = { pod, since: this.#clock.now(), attempts: 0, rejectedBy: new Set<string>(), failedAt: 0 }
      if (gated) this.#put(entry, 'gated')
      else this.#activate(entry)
      return
    }
    const previous = known.entry.pod
    known.entry.pod = pod
    if (known.place === 'gated' && !gated) this.#activate(known.entry)
    // A changed spec or labels may be what it takes; a changed status is not.
    else if (known.place === 'unschedulable' && differs(previous, pod)) this.#retry(known.entry)
  }

  remove(uid: string): void {
    this.#entries.get(uid)?.cancel()
    this.#entries.delete(uid)
  }

  /** The next pod, which the caller then either `done`s or `fail`s. */
  pop(): QueuedPod | undefined {
    for (;;) {
      const entry = this.#popHeap()
      if (!entry) return undefined
      const known = this.#entries.get(entry.pod.metadata.uid)
      if (known?.entry !== entry || known.place !== 'active') continue
      entry.attempts += 1
      this.#put(entry, 'in-flight')
      return entry
    }
  }

  /** Resolves when there is something to pop. */
  async waitForPod(signal: AbortSignal): Promise<void> {
    if (this.#heap.length > 0 || signal.aborted) return
    await new Promise<void>((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        this.#wake = undefined
        resolve()
      }
      this.#wake = wake
      signal.addEventListener('abort', wake, { once: true })
    })
  }

  /** The pod has a node. */
  done(uid: string): void {
    this.remove(uid)
  }

  /** No node would take it. It waits for a change that one of the rejecting plugins cares about. */
  unschedulable(entry: QueuedPod, rejectedBy: ReadonlySet<string>): void {
    if (!this.#entries.has(entry.pod.metadata.uid)) return
    entry.rejectedBy = rejectedBy
    entry.failedAt = this.#clock.now()
    const cancel = this.#clock.after(MAX_UNSCHEDULABLE_MS, () => this.#retry(entry))
    this.#put(entry, 'unschedulable', cancel)
  }

  /** Something went wrong that may go right next time. */
  failed(entry: QueuedPod): void {
    if (!this.#entries.has(entry.pod.metadata.uid)) return
    entry.rejectedBy = new Set()
    entry.failedAt = this.#clock.now()
    this.#retry(entry)
  }

  /** The cluster changed: pods for which `helps` says so are tried again. */
  changed(helps: (entry: QueuedPod) => boolean): void {
    for (const { entry, place } of [...this.#entries.values()]) {
      if (place === 'unschedulable' && helps(entry)) this.#retry(entry)
    }
  }

  #retry(entry: QueuedPod): void {
    const wait = entry.failedAt + backoffOf(entry.attempts) - this.#clock.now()
    if (wait <= 0) {
      this.#activate(entry)
      return
    }
    const cancel = this.#clock.after(wait, () => this.#activate(entry))
    this.#put(entry, 'backoff', cancel)
  }

  #activate(entry: QueuedPod): void {
    this.#put(entry, 'active')
    this.#pushHeap(entry)
    this.#wake?.()
  }

  #put(entry: QueuedPod, place: Place, cancel: () => void = () => {}): void {
    this.#entries.get(entry.pod.metadata.uid)?.cancel()
    this.#entries.set(entry.pod.metadata.uid, { entry, place, cancel })
  }

  #pushHeap(entry: QueuedPod): void {
    const heap = this.#heap
    let i = heap.push(entry) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = heap[parent] as QueuedPod
      if (!before(entry, above)) break
      heap[i] = above
      i = parent
    }
    heap[i] = entry
  }

  #popHeap(): QueuedPod | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (top === undefined || last === undefined || heap.length === 0) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right && before(right, heap[child] as QueuedPod)) child += 1
      const below = heap[child] as QueuedPod
      if (!before(below, last)) break
      heap[i] = below
      i = child
    }
    heap[i] = last
    return top
  }
}

function differs(a: ReadPod, b: ReadPod): boolean {
  return (
    a.metadata.generation !== b.metadata.generation ||
    JSON.stringify([a.metadata.labels, a.spec]) !== JSON.stringify([b.metadata.labels, b.spec])
  )
}
