// Asks another server to review something: posts to the address that a kubeconfig names, and tries again what may yet succeed.
// Model: k8s.io/apiserver/pkg/util/webhook.

import { Agent } from 'node:https'
import type { Clock } from '../machinery/clock.ts'
import type { Random } from '../machinery/random.ts'
import { AnswerError, postJson } from './webhook-call.ts'

/** Where the reviewer is, and who we are to it. */
export interface ReviewEndpoint {
  readonly url: string
  readonly insecure: boolean
  /** PEM texts. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
  /** Value of the Authorization header. */
  readonly authorization?: string
}

/** Told of every attempt: the status code, or `<error>` without one. */
export type AttemptObserver = (code: string, seconds: number, error: unknown) => void

export interface ReviewClientOptions {
  readonly endpoint: ReviewEndpoint
  readonly timeoutMs: number
  readonly clock: Clock
  readonly random: Random
  readonly observe?: AttemptObserver | undefined
}

/** Posts a review and gives the answer. Rejects when nobody answers as one should. */
export type ReviewClient = (review: object) => Promise<unknown>

const ATTEMPTS = 5
const FIRST_PAUSE_MS = 500
const FACTOR = 1.5
const JITTER = 0.2
const MAX_PAUSE_MS = 10_000

export function reviewClient({ endpoint, timeoutMs, clock, random, observe }: ReviewClientOptions): ReviewClient {
  const { url, insecure, ca, cert, key, servername, authorization } = endpoint
  const agent = new Agent({
    keepAlive: true,
    rejectUnauthorized: !insecure,
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(servername ? { servername } : {}),
  })
  const address = new URL(url)
  const target = {
    url: address,
    shown: `${address.href}${address.search === '' ? '?' : '&'}timeout=${timeoutMs / 1000}s`,
    timeoutSeconds: timeoutMs / 1000,
    ...(servername ? { servername } : {}),
    ...(authorization ? { headers: { authorization } } : {}),
  }

  async function attempt(text: string): Promise<unknown> {
    const started = clock.now()
    const seconds = () => (clock.now() - started) / 1000
    try {
      const answer = await postJson(clock, agent, target, text)
      observe?.('200', seconds(), undefined)
      return answer
    } catch (error) {
      observe?.(error instanceof AnswerError ? String(error.code) : '<error>', seconds(), error)
      throw error
    }
  }

  return async (review) => {
    const text = JSON.stringify(review)
    let pause = FIRST_PAUSE_MS
    for (let attempts = 1; ; attempts++) {
      try {
        return await attempt(text)
      } catch (error) {
        if (attempts === ATTEMPTS || !mayYetSucceed(error)) throw error
        const wanted = Math.max(pause * (1 + random.next() * JITTER), pauseOf(error))
        await new Promise<void>((resolve) => clock.after(Math.min(wanted, MAX_PAUSE_MS), resolve))
        pause *= FACTOR
      }
    }
  }
}

function pauseOf(error: unknown): number {
  return error instanceof AnswerError ? (error.retryAfterSeconds ?? 0) * 1000 : 0
}

/** Reset connections, and answers that say that it is not the question's fault. */
function mayYetSucceed(error: unknown): boolean {
  if (error instanceof AnswerError) {
    return [429, 500, 504].includes(error.code) || error.retryAfterSeconds !== undefined
  }
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined
  return cause?.code === 'ECONNRESET'
}
