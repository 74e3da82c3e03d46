// What there is to say of flow control, level by level and schema by schema.

import type { Clock } from '../../machinery/clock.ts'
import type { RejectReason } from './level.ts'

/** Told how long requests of one schema wait and last. */
export interface FlowObserver {
  waited(executed: boolean, seconds: number): void
  lasted(type: 'regular' | 'watch', seconds: number): void
}

/** Requests that one schema sent to its level. */
export class SchemaFigures {
  readonly schema: string
  readonly level: string
  executing = 0
  seats = 0
  waiting = 0
  dispatched = 0
  readonly rejected = new Map<RejectReason, number>()

  readonly #clock: Clock
  readonly #observer: FlowObserver | undefined

  constructor(names: { schema: string; level: string }, clock: Clock, observer: FlowObserver | undefined) {
    this.schema = names.schema
    this.level = names.level
    this.#clock = clock
    this.#observer = observer
  }

  /** A request is in service; the returned function ends that, and calls `release`. */
  begun(seats: number, type: 'regular' | 'watch', release: () => void): () => void {
    const started = this.#clock.now()
    this.dispatched += 1
    this.executing += 1
    this.seats += seats
    return () => {
      this.executing -= 1
      this.seats -= seats
      this.#observer?.lasted(type, (this.#clock.now() - started) / 1000)
      release()
    }
  }

  /** A request waits in a queue; the returned function ends that. */
  queued(): (executed: boolean) => void {
    const since = this.#clock.now()
    this.waiting += 1
    return (executed) => {
      this.waiting -= 1
      this.#observer?.waited(executed, (this.#clock.now() - since) / 1000)
    }
  }

  refused(reason: RejectReason): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1)
  }
}

/** The limits of one level, in seats. */
export interface LevelLimits {
  readonly name: string
  readonly nominal: number
  readonly lendable: number
  readonly borrowingLimit: number
  /** Seats of all levels. */
  readonly total: number
}

export interface FlowFigures {
  readonly levels: readonly LevelLimits[]
  readonly schemas: readonly SchemaFigures[]
}
