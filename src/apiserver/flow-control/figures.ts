// What there is to say of flow control, level by level and schema by schema.

import type { RejectReason } from './level.ts'

/** Requests that one schema sent to its level. */
export class SchemaFigures {
  readonly schema: string
  readonly level: string
  executing = 0
  seats = 0
  waiting = 0
  dispatched = 0
  readonly rejected = new Map<RejectReason, number>()

  constructor(schema: string, level: string) {
    this.schema = schema
    this.level = level
  }

  /** A request is in service; the returned function ends that, and calls `release`. */
  begun(seats: number, release: () => void): () => void {
    this.dispatched += 1
    this.executing += 1
    this.seats += seats
    return () => {
      this.executing -= 1
      this.seats -= seats
      release()
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
