// Keeps upstream answers for as long as their records live, counted down when they are handed out again.

import type { Clock } from '../machinery/clock.ts'
import { type Query, RCODE, readAnswerFacts } from './wire.ts'

interface Kept {
  readonly message: Buffer
  readonly ttlOffsets: readonly number[]
  readonly since: number
  readonly until: number
}

const MAX_ENTRIES = 10_000
const MAX_SECONDS = 30

/** See the file comment. The entry that was not asked for the longest goes first. */
export class AnswerCache {
  readonly #clock: Clock
  readonly #entries = new Map<string, Kept>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The answer, addressed to this query. */
  get(message: Buffer, query: Query): Buffer | undefined {
    const key = keyOf(query)
    const kept = this.#entries.get(key)
    if (!kept) return undefined
    const now = this.#clock.now()
    this.#entries.delete(key)
    if (now >= kept.until) return undefined
    this.#entries.set(key, kept)
    const out = Buffer.from(kept.message)
    const age = Math.floor((now - kept.since) / 1000)
    for (const at of kept.ttlOffsets) out.writeUInt32BE(Math.max(0, out.readUInt32BE(at) - age), at)
    // The id and the letter case of the question are the client's; some check both.
    message.copy(out, 0, 0, 2)
    message.copy(out, 12, 12, query.questionEnd)
    return out
  }

  /** Keeps an answer if it may be kept. */
  put(query: Query, answer: Buffer): void {
    const facts = readAnswerFacts(answer)
    if (!facts || facts.truncated || facts.ttl === 0) return
    if (facts.rcode !== RCODE.NOERROR && facts.rcode !== RCODE.NXDOMAIN) return
    const since = this.#clock.now()
    const until = since + Math.min(facts.ttl, MAX_SECONDS) * 1000
    this.#entries.set(keyOf(query), { message: answer, ttlOffsets: facts.ttlOffsets, since, until })
    if (this.#entries.size <= MAX_ENTRIES) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      break
    }
  }
}

function keyOf({ name, type, class: cls, recursionDesired, edns }: Query): string {
  return `${name} ${type} ${cls} ${recursionDesired} ${edns ? `${edns.dnssecOk} ${edns.udpSize}` : ''}`
}
