// Turns one query into one answer: from the cluster's zone, else from the cache, else from upstream.

import { decode } from 'dns-packet'
import type { Clock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import { AnswerCache } from './answer-cache.ts'
import type { Forwarder } from './forwarder.ts'
import {
  type DnsRecord,
  encodeError,
  encodeQuery,
  encodeResponse,
  parseQuery,
  type Query,
  RCODE,
  type Response,
  udpLimit,
} from './wire.ts'
import type { ClusterZone, ZoneAnswer } from './zone.ts'

export type Transport = 'udp' | 'tcp'

const CLASS_IN = 1
const MAX_TCP = 65_535
const MAX_ALIASES = 8
const LOG_EVERY_MS = 60_000

/** See the file comment. */
export class Responder {
  readonly #zone: ClusterZone
  readonly #forwarder: Forwarder
  readonly #cache: AnswerCache
  readonly #clock: Clock
  readonly #log: Logger
  readonly #signal: AbortSignal
  #turn = 0
  #failures = 0
  #loggedAt = Number.NEGATIVE_INFINITY

  constructor(options: { zone: ClusterZone; forwarder: Forwarder; clock: Clock; log: Logger; signal: AbortSignal }) {
    this.#zone = options.zone
    this.#forwarder = options.forwarder
    this.#cache = new AnswerCache(options.clock)
    this.#clock = options.clock
    this.#log = options.log
    this.#signal = options.signal
  }

  /** The answer; nothing when the message deserves none. What the cluster knows is answered at once. */
  respond(message: Buffer, transport: Transport): Buffer | Promise<Buffer> | undefined {
    const query = parseQuery(message)
    if (query === 'not a query') return undefined
    if (query === 'malformed') return encodeError(message, RCODE.FORMERR)
    const limit = transport === 'udp' ? udpLimit(query) : MAX_TCP
    const finish = (response: Response) => encodeResponse(message, query, response, limit)
    if (query.opcode !== 0) return finish(failure(RCODE.NOTIMP))
    if (query.class !== CLASS_IN) return finish(failure(RCODE.REFUSED))
    const own = this.#zone.answer(query.name, query.type)
    if (!own) return this.#cached(message, query, transport) ?? this.#forward(message, query, transport, limit)
    if (own.follow === undefined) return finish(this.#rotate(own))
    return this.#follow(own, query.type).then(finish)
  }

  #cached(message: Buffer, query: Query, transport: Transport): Buffer | undefined {
    const answer = this.#cache.get(message, query)
    // It may have come over TCP; a client asks again over TCP when UDP says that there is more.
    const fits = transport === 'tcp' || (answer?.length ?? 0) <= Math.max(512, query.edns?.udpSize ?? 0)
    return fits ? answer : undefined
  }

  /** Clients take the first address: each of several gets its turn. */
  #rotate(answer: ZoneAnswer): ZoneAnswer {
    const { answers } = answer
    if (answers.length < 2) return answer
    this.#turn = (this.#turn + 1) % 0x10000
    const at = this.#turn % answers.length
    return { ...answer, answers: [...answers.slice(at), ...answers.slice(0, at)] }
  }

  async #forward(message: Buffer, query: Query, transport: Transport, limit: number): Promise<Buffer> {
    try {
      const answer = await this.#forwarder.ask(message, transport, this.#signal)
      this.#cache.put(query, answer)
      return answer
    } catch (error) {
      this.#report(error)
      return encodeResponse(message, query, failure(RCODE.SERVFAIL), limit)
    }
  }

  /** Appends what the alias stands for, within the cluster or beyond. */
  async #follow(first: ZoneAnswer, type: number): Promise<Response> {
    let answers = first.answers
    let target = first.follow
    for (let i = 0; target !== undefined && i < MAX_ALIASES; i++) {
      const next = this.#zone.answer(target, type)
      if (!next) {
        const beyond = await this.#resolve(target, type)
        return beyond ? { ...first, answers: [...answers, ...beyond] } : failure(RCODE.SERVFAIL)
      }
      answers = [...answers, ...next.answers]
      target = next.follow
    }
    return { ...first, answers }
  }

  async #resolve(name: string, type: number): Promise<DnsRecord[] | undefined> {
    const question = encodeQuery(0, name, type)
    const query = parseQuery(question)
    if (typeof query === 'string') return undefined
    try {
      let answer = this.#cache.get(question, query)
      if (!answer) {
        answer = await this.#forwarder.ask(question, 'udp', this.#signal)
        this.#cache.put(query, answer)
      }
      return decodeRecords(answer)
    } catch (error) {
      this.#report(error)
      return undefined
    }
  }

  /** Without a network every foreign name fails: one line a minute tells it. */
  #report(error: unknown): void {
    if (this.#signal.aborted) return
    this.#failures++
    if (this.#clock.now() - this.#loggedAt < LOG_EVERY_MS) return
    this.#log.warn('dns-forward-failed', { failures: this.#failures, error })
    this.#loggedAt = this.#clock.now()
    this.#failures = 0
  }
}

function failure(rcode: number): Response {
  return { rcode, authoritative: false, answers: [], authorities: [], additionals: [] }
}

/** The records of an upstream answer of the kinds that we can write. */
function decodeRecords(message: Buffer): DnsRecord[] {
  const records: DnsRecord[] = []
  for (const answer of decode(message).answers ?? []) {
    if (answer.type === 'A') {
      records.push({ name: answer.name, ttl: answer.ttl ?? 0, type: 'A', address: answer.data })
    } else if (answer.type === 'CNAME') {
      records.push({ name: answer.name, ttl: answer.ttl ?? 0, type: 'CNAME', target: answer.data })
    } else if (answer.type === 'AAAA') {
      records.push({ name: answer.name, ttl: answer.ttl ?? 0, type: 'AAAA', address: answer.data })
    }
  }
  return records
}
