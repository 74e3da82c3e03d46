// Sends what a test sends to its server to the server's companion as well, one after another in the test's order.

import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, RequestOptions } from 'node:http'
import type { Agent } from 'node:https'
import { expect } from 'vitest'
import { type Answer, deferred, type Reading, reading } from './answers.ts'
import { type Names, writeDown } from './pair.ts'

type Https = typeof import('node:https')
type Options = RequestOptions & { readonly ca?: string; readonly cert?: string; readonly key?: string }

/** How long a companion's answer is waited for. */
const ANSWER_WITHIN_MS = 20_000
/** How long its watches have for what ours said. */
const EVENTS_WITHIN_MS = 3_000

/** How soon kube-apiserver hears of new policies and webhooks, for which it looks once a second. */
const HEARD_WITHIN_MS = 1_500
const ADMISSION = '/apis/admissionregistration.k8s.io/'

/** The server that is asked what a test's server is asked. */
export class Companion {
  readonly url: string
  readonly names: Names
  #before: Promise<void> = Promise.resolve()
  readonly #watches = new Set<Promise<void>>()

  constructor(url: string, names: Names) {
    this.url = url
    this.names = names
  }

  /** Everything that was asked so far has been answered. */
  get caughtUp(): Promise<void> {
    return this.#before
  }

  /** The same, and all watches have ended. */
  async settled(): Promise<void> {
    await this.#before
    await Promise.all(this.#watches)
  }

  /** Runs `step` after all that came before. */
  next(step: () => Promise<void>): void {
    this.#before = this.#before.then(step)
  }

  /** A watch begins in its turn, and is over when it is. */
  watch(begin: () => Promise<{ readonly over: Promise<void> }>): void {
    const over = deferred<void>()
    this.#watches.add(over.promise)
    this.next(async () => {
      const begun = await begin()
      void begun.over.finally(over.resolve)
    })
  }
}

const companions = new Map<string, Companion>()
let https: Https | undefined

/** `https.request` that nobody listens to. */
export function untapped(): Https['request'] {
  if (!https) throw new Error('nothing is tapped')
  return https.request
}

/** What goes to `port` goes to the companion, until the function that is given is called. */
export function accompany(port: string, companion: Companion): () => void {
  companions.set(port, companion)
  return () => companions.delete(port)
}

/** The module with a `request` that goes to companions, too. */
export function tap(real: Https): Https {
  https = real
  const request = (...args: unknown[]): ClientRequest => {
    const outgoing = (real.request as (...args: unknown[]) => ClientRequest)(...args)
    const options = optionsOf(args)
    const companion = companions.get(String(options.port))
    if (companion) follow(outgoing, options, companion)
    return outgoing
  }
  const tapped = { ...real, request }
  return { ...tapped, default: tapped } as unknown as Https
}

/** The three forms of the arguments in one. */
function optionsOf(args: readonly unknown[]): Options {
  const [target, options] = args
  if (typeof target !== 'string' && !(target instanceof URL)) return target as Options
  const url = new URL(target)
  return { port: url.port, path: `${url.pathname}${url.search}`, ...(typeof options === 'object' ? options : {}) }
}

const isWatch = (path: string) => /[?&]watch(?!=(false|0|f|F|False|FALSE)(&|$))/.test(path)

function follow(outgoing: ClientRequest, options: Options, companion: Companion): void {
  const sent = sentBy(outgoing)
  const isStream = isWatch(options.path ?? '')
  const first = reading(outgoing, isStream)
  const { currentTestName: test } = expect.getState()
  const compare = (ours: Answer | undefined, theirs: Answer | undefined) => {
    if (!ours) return
    const { names } = companion
    names.learn(ours.body, theirs?.body)
    const { method = 'GET', path, headers } = options
    writeDown(
      {
        request: { method, path, headers, body: sent().toString().slice(0, 2000) },
        ours: JSON.parse(names.said(JSON.stringify(upTo(ours, theirs)))),
        theirs: theirs ? upTo(theirs, ours) : { code: 0, headers: {}, body: 'no answer' },
      },
      test,
    )
  }
  if (isStream) {
    companion.watch(async () => {
      const asked = askAgain(options, sent(), companion)
      await Promise.race([asked.begun, new Promise((resolve) => setTimeout(resolve, EVENTS_WITHIN_MS))])
      return { over: first.done.then(async (ours) => compare(ours, await asked.seen(first.size()))) }
    })
  } else
    companion.next(async () => {
      const ours = await first.done
      if (ours) compare(ours, await askAgain(options, sent(), companion).done)
      const configures = options.method === 'POST' && options.path?.startsWith(ADMISSION)
      if (configures) await new Promise((resolve) => setTimeout(resolve, HEARD_WITHIN_MS))
    })
}

/** As many events as both have, if one of them was not read to its end. */
function upTo(answer: Answer, other: Answer | undefined): Answer {
  const { isCut, ...whole } = answer
  const [own, others] = [framesOf(answer), framesOf(other)]
  if (!own || !others || !(isCut || other?.isCut)) return whole
  return { ...whole, body: { frames: own.slice(0, Math.min(own.length, others.length)) } }
}

const framesOf = (answer: Answer | undefined) => (answer?.body as { frames?: readonly unknown[] } | undefined)?.frames

/** What is written into a request. */
function sentBy(outgoing: ClientRequest): () => Buffer {
  const chunks: Buffer[] = []
  const note = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as string))
  }
  const { write, end } = outgoing
  outgoing.write = ((chunk: unknown, ...rest: unknown[]) => {
    note(chunk)
    return (write as (...args: unknown[]) => boolean).call(outgoing, chunk, ...rest)
  }) as typeof write
  outgoing.end = ((chunk: unknown, ...rest: unknown[]) => {
    note(chunk)
    outgoing.write = write
    return (end as (...args: unknown[]) => ClientRequest).call(outgoing, chunk, ...rest)
  }) as typeof end
  return () => Buffer.concat(chunks)
}

interface Asked extends Reading {
  /** What has come when that many bytes have, or soon after. */
  seen(size: number): Promise<Answer | undefined>
}

function askAgain({ path, method, agent, ...own }: Options, sent: Buffer, { url, names }: Companion): Asked {
  const headers = { ...(own.headers as OutgoingHttpHeaders) }
  const isBinary = /protobuf|cbor/.test(String(headers['content-type'] ?? ''))
  const body = isBinary ? sent : Buffer.from(names.said(sent.toString()))
  for (const name of Object.keys(headers)) {
    if (name.toLowerCase() === 'content-length' && Number(headers[name]) === sent.length) headers[name] = body.length
  }
  const tls = agent && typeof agent === 'object' ? (agent as Agent).options : {}
  const { ca, cert, key } = own
  const request = untapped()({
    ...tls,
    ...(ca ? { ca } : {}),
    ...(cert && key ? { cert, key } : {}),
    agent: false,
    host: '127.0.0.1',
    port: new URL(url).port,
    path: names.path(path ?? '/'),
    method,
    headers,
  })
  const read = reading(request, isWatch(path ?? ''))
  request.on('response', (message: IncomingMessage) => message.resume())
  request.setTimeout(ANSWER_WITHIN_MS, () => request.destroy())
  request.end(body.length > 0 ? body : undefined)
  return {
    ...read,
    async seen(size) {
      const until = Date.now() + EVENTS_WITHIN_MS
      const late = setInterval(() => {
        if (read.size() >= size || Date.now() > until) request.destroy()
      }, 50)
      return read.done.finally(() => clearInterval(late))
    },
  }
}
