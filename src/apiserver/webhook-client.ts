// Posts to the address that a kubeconfig names, as whom it says, and tries again what may yet succeed.
// Model: k8s.io/apiserver/pkg/util/webhook.

import { Agent } from 'node:https'
import { ExecCredentials } from '../client/exec-credentials.ts'
import type { ExecPlugin, IssuedCredentials } from '../client/exec-plugin.ts'
import type { Clock } from '../machinery/clock.ts'
import type { Random } from '../machinery/random.ts'
import { AnswerError } from './webhook-answer.ts'
import { type PostObserver, postJson } from './webhook-call.ts'
import { namedCertificate } from './webhook-identity.ts'

/** Where a webhook is, and who we are to it. */
export interface WebhookEndpoint {
  readonly url: string
  readonly insecure: boolean
  /** PEM texts. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
  /** Value of the Authorization header. */
  readonly authorization?: string
  /** What gives credentials when there are none here, and what it is run in. */
  readonly exec?: {
    readonly plugin: ExecPlugin
    readonly environment: Readonly<Record<string, string | undefined>>
    readonly terminal: boolean
  }
}

/** Told of every attempt: the status code, or `<error>` without one. */
export type AttemptObserver = (code: string, seconds: number, error: unknown) => void

export interface WebhookClientOptions {
  readonly endpoint: WebhookEndpoint
  readonly timeoutMs: number
  readonly clock: Clock
  readonly random: Random
  readonly observe?: AttemptObserver | undefined
  /** Told of every request that is sent. */
  readonly observePosts?: PostObserver | undefined
  /** How long it waits before it tries again for the first time; half a second unless it is said. */
  readonly firstPauseMs?: number
  /** Whether it tries again after any failure, and only wants to know whether it was heard. */
  readonly insists?: boolean
}

/** Posts an object, or a text of JSON, and gives the answer. Rejects when nobody answers as one should. */
export type WebhookClient = (body: object | string) => Promise<unknown>

const ATTEMPTS = 5
const FIRST_PAUSE_MS = 500
const FACTOR = 1.5
const JITTER = 0.2
const MAX_PAUSE_MS = 10_000

export function webhookClient(options: WebhookClientOptions): WebhookClient {
  const { clock, random, observe, firstPauseMs = FIRST_PAUSE_MS, insists = false } = options
  const post = poster(options)

  async function attempt(text: string): Promise<unknown> {
    const started = clock.now()
    const seconds = () => (clock.now() - started) / 1000
    try {
      const answer = await post(text)
      observe?.('200', seconds(), undefined)
      return answer
    } catch (error) {
      observe?.(error instanceof AnswerError ? String(error.code) : '<error>', seconds(), error)
      throw error
    }
  }

  return async (body) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    let pause = firstPauseMs
    for (let attempts = 1; ; attempts++) {
      try {
        return await attempt(text)
      } catch (error) {
        if (attempts === ATTEMPTS || !(insists || mayYetSucceed(error))) throw error
        const wanted = Math.max(pause * (1 + random.next() * JITTER), pauseOf(error))
        const most = Math.max(MAX_PAUSE_MS, pause * (1 + JITTER))
        await new Promise<void>((resolve) => clock.after(Math.min(wanted, most), resolve))
        pause *= FACTOR
      }
    }
  }
}

/** What posts to the endpoint, with credentials that a plugin may have to give first. */
function poster({ endpoint, timeoutMs, clock, insists, observePosts }: WebhookClientOptions) {
  const { url, servername, authorization, exec } = endpoint
  const address = new URL(url)
  const target = {
    url: address,
    shown: `${address.href}${address.search === '' ? '?' : '&'}timeout=${timeoutMs / 1000}s`,
    timeoutSeconds: timeoutMs / 1000,
    ...(servername ? { servername } : {}),
    ...(insists ? { ignoresAnswer: true } : {}),
    ...(observePosts ? { observe: observePosts } : {}),
  }
  const fixed = authorization ? { headers: { authorization } } : {}
  if (!exec || authorization || endpoint.cert) {
    const agent = agentFor(endpoint)
    return (text: string) => postJson(clock, agent, { ...target, ...fixed }, text)
  }
  const input = { terminal: exec.terminal, inUse: false }
  const source = new ExecCredentials(exec.plugin, { clock, environment: exec.environment, input })
  let current: { readonly issued: IssuedCredentials; readonly agent: Agent } | undefined

  /** Connections are made anew only when there is another certificate. */
  const agentOf = (issued: IssuedCredentials): Agent => {
    const { cert, key } = issued.certificate ?? {}
    const before = current?.issued.certificate
    const same = current && before?.cert === cert && before?.key === key
    if (!same) current?.agent.destroy()
    const agent = same && current ? current.agent : agentFor({ ...endpoint, ...issued.certificate })
    current = { issued, agent }
    return agent
  }

  return async (text: string) => {
    const issued = await source.get().catch((cause: unknown) => {
      throw new Error(`Post "${target.shown}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    })
    const headers = issued.token ? { headers: { authorization: `Bearer ${issued.token}` } } : {}
    try {
      return await postJson(clock, agentOf(issued), { ...target, ...headers }, text)
    } catch (error) {
      if (error instanceof AnswerError && error.code === 401) source.refused(issued)
      throw error
    }
  }
}

function agentFor({ insecure, ca, cert, key, servername }: WebhookEndpoint): Agent {
  return new Agent({
    keepAlive: true,
    rejectUnauthorized: !insecure,
    checkServerIdentity: namedCertificate,
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(servername ? { servername } : {}),
  })
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
