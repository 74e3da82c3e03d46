// Calls webhooks over HTTPS: by URL, or by the cluster address of a service.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#contacting-the-webhook

import { getServers } from 'node:dns'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { isIP } from 'node:net'
import type { WebhookClientConfig } from '../api/generated/admissionregistration-v1.ts'
import type { Service } from '../api/generated/core-v1.ts'
import type { Clock } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import type { Registry } from './registry/registry.ts'
import { AnswerError, readAnswer } from './webhook-answer.ts'
import { namedCertificate, UNNAMED } from './webhook-identity.ts'

/** Posts a body to a webhook and gives the parsed answer. Rejects with what went wrong. */
export type CallWebhook = (
  client: DeepReadonly<WebhookClientConfig>,
  body: object,
  options?: { readonly timeoutSeconds: number },
) => Promise<unknown>

/** Where a service is reached. Rejects when it cannot be. */
export type ResolveService = (service: {
  namespace: string
  name: string
  port: number
}) => Promise<{ host: string; port: number }>

const TIMEOUT_SECONDS = 30
const MAX_REDIRECTS = 10
const MAX_AGENTS = 64
const IDLE_MS = 60_000

/** Services by their cluster addresses, which the node that the server runs on forwards. */
export function clusterAddresses(registry: Registry): ResolveService {
  return async ({ namespace, name, port }) => {
    const service = await registry.lookup<Service>('', 'services', namespace, name)
    if (!service) throw new Error(`service ${JSON.stringify(name)} not found`)
    if (service.spec.type === 'ExternalName') return { host: service.spec.externalName ?? '', port }
    const { clusterIP } = service.spec
    if (!clusterIP || clusterIP === 'None') throw new Error(`service ${JSON.stringify(name)} has no cluster IP`)
    if (!service.spec.ports?.some((candidate) => candidate.port === port)) {
      throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`)
    }
    return { host: clusterIP, port }
  }
}

/** Where a question is posted. */
export interface PostTarget {
  readonly url: URL
  /** How errors name it. */
  readonly shown: string
  readonly timeoutSeconds: number
  readonly headers?: Readonly<Record<string, string>>
  /** What the certificate must be for, and the Host header, when they are not the address. */
  readonly servername?: string
  readonly name?: string
  /** Whether all that counts is that the answer is no refusal. */
  readonly ignoresAnswer?: boolean
  readonly observe?: PostObserver
}

/** A request that was sent, and what became of it. */
export interface PostOutcome {
  readonly host: string
  /** The status, or `<error>` when there was no answer. */
  readonly code: string
  readonly seconds: number
  readonly sentBytes: number
  readonly answerBytes: number
  readonly error?: unknown
}

export type PostObserver = (outcome: PostOutcome) => void

/** Who we are to a webhook. */
export interface WebhookIdentity {
  /** Value of the Authorization header. */
  readonly authorization?: string
  /** PEM texts. */
  readonly cert?: string
  readonly key?: string
  /** Called when the webhook does not know us by this. */
  refused?(): void
}

/** Who we are to the webhook at `host:port`. */
export type IdentityOf = (target: string) => Promise<WebhookIdentity>

interface Endpoint extends PostTarget {
  readonly ca: Buffer | undefined
  readonly identity: WebhookIdentity
}

const NOBODY: WebhookIdentity = {}

/** A caller of webhooks. Connections are kept for a while. */
export function webhookCaller(options: {
  readonly clock: Clock
  readonly resolve: ResolveService
  /** Absent: nobody. */
  readonly identityOf?: IdentityOf | undefined
  /** Told of every request that is sent. */
  readonly observe?: PostObserver
}): CallWebhook {
  const agents = new Map<string, Agent>()

  function agentFor({ ca, servername, identity: { cert, key } }: Endpoint): Agent {
    const id = `${servername ?? ''} ${ca?.toString('base64') ?? ''} ${cert ?? ''}`
    const known = agents.get(id)
    if (known) {
      // The one that was used longest ago is given up first.
      agents.delete(id)
      agents.set(id, known)
      return known
    }
    const own = cert && key ? { cert, key } : {}
    const trust = { ...(ca ? { ca } : {}), ...(servername ? { servername } : {}), ...own }
    const agent = new Agent({ keepAlive: true, timeout: IDLE_MS, checkServerIdentity: namedCertificate, ...trust })
    agents.set(id, agent)
    const [oldest] = agents.keys()
    if (agents.size > MAX_AGENTS && oldest !== undefined) agents.delete(oldest)
    return agent
  }

  return async (
    { url, service, caBundle },
    body,
    { timeoutSeconds = TIMEOUT_SECONDS } = { timeoutSeconds: TIMEOUT_SECONDS },
  ) => {
    const ca = caBundle ? Buffer.from(caBundle, 'base64') : undefined
    const query = `timeout=${timeoutSeconds}s`
    const { clock, observe } = options
    const send = async (target: string, shown: string, to: Omit<Endpoint, 'identity' | 'shown'>) => {
      const identity = (await options.identityOf?.(target).catch(failedPost(shown))) ?? NOBODY
      const { authorization } = identity
      const endpoint = { ...to, shown, identity, ...(authorization ? { headers: { authorization } } : {}) }
      try {
        return await postJson(
          clock,
          agentFor(endpoint),
          observe ? { ...endpoint, observe } : endpoint,
          JSON.stringify(body),
        )
      } catch (error) {
        if (error instanceof AnswerError && error.code === 401) identity.refused?.()
        throw error
      }
    }
    if (url !== undefined) {
      const address = new URL(url)
      address.search = address.search === '' ? query : `${address.search}&${query}`
      return send(`${address.hostname}:${address.port || 443}`, address.href, { url: address, ca, timeoutSeconds })
    }
    if (!service) throw new Error('webhook has neither url nor service')
    const port = service.port ?? 443
    const path = service.path ? `/${service.path.replace(/^\//, '')}` : '/'
    const name = `${service.name}.${service.namespace}.svc`
    const shown = `https://${name}:${port}${path}?${query}`
    const resolved = await options
      .resolve({ namespace: service.namespace, name: service.name, port })
      .catch(failedPost(shown))
    const host = resolved.host.includes(':') ? `[${resolved.host}]` : resolved.host
    const address = new URL(`https://${host}:${resolved.port}${path}?${query}`)
    const target = `${name}:${port}`
    return send(target, shown, { url: address, ca, timeoutSeconds, name: target, servername: name })
  }
}

/** What there is to say when it did not even come to a request. */
const failedPost = (shown: string) => (cause: unknown) => {
  throw new Error(`Post "${shown}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
}

/** Posts a text of JSON and gives the parsed answer. Rejects with an AnswerError, or with what is wrong with the connection. */
export function postJson(clock: Clock, agent: Agent, endpoint: PostTarget, text: string): Promise<unknown> {
  const { url, name, shown, timeoutSeconds, observe, ignoresAnswer = false } = endpoint
  const started = clock.now()
  const over = (code: string, answerBytes: number, error?: unknown) =>
    observe?.({
      ...{ host: url.host, code, sentBytes: Buffer.byteLength(text), answerBytes, error },
      seconds: (clock.now() - started) / 1000,
    })
  const failed = (why: string, cause?: unknown) => new Error(`Post "${shown}": ${why}`, { cause })
  return new Promise<unknown>((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, */*',
      'content-length': Buffer.byteLength(text),
      ...(name ? { host: name } : {}),
      ...endpoint.headers,
    }
    let late = false
    let sent: ClientRequest
    const cancel = clock.after(timeoutSeconds * 1000, () => {
      late = true
      sent.destroy()
      const error = failed('context deadline exceeded')
      over('<error>', 0, error)
      reject(error)
    })
    const settle = (finish: () => void) => {
      cancel()
      finish()
    }
    const fail = (error: unknown) =>
      settle(() => {
        over(error instanceof AnswerError ? String(error.code) : '<error>', 0, error)
        reject(error)
      })
    const open = ({ at, method, redirects }: Step, again: boolean) => {
      const isPost = method === 'POST'
      sent = request(at, { method, agent, headers: isPost ? headers : bodiless(headers) }, (response) => {
        const next = redirected({ at, method, redirects }, response)
        if (next) {
          response.resume()
          if (next.redirects > MAX_REDIRECTS) fail(failed(`stopped after ${MAX_REDIRECTS} redirects`))
          else open(next, false)
          return
        }
        readAnswer(response, ignoresAnswer).then(
          ({ answer, bytes }) =>
            settle(() => {
              over(String(response.statusCode), bytes)
              resolve(answer)
            }),
          fail,
        )
      })
      sent.on('error', (error: NodeJS.ErrnoException) => {
        if (late) return
        // A kept connection that the other side has closed meanwhile: nothing was asked yet.
        const isStale = sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
        if (!again && isStale) return open({ at, method, redirects }, true)
        fail(failed(describe(error, endpoint), error))
      })
      sent.end(isPost ? text : undefined)
    }
    open({ at: url, method: 'POST', redirects: 0 }, false)
  })
}

/** What is asked for next, and how often it was somewhere else. */
interface Step {
  readonly at: URL
  readonly method: 'POST' | 'GET'
  readonly redirects: number
}

const bodiless = ({ 'content-length': _, ...headers }: Record<string, string | number>) => headers

/** Where an answer leads; undefined when it is to be read. Model: redirectBehavior of Go's net/http. */
function redirected(step: Step, { statusCode = 0, headers }: IncomingMessage): Step | undefined {
  const { location } = headers
  if (![301, 302, 303, 307, 308].includes(statusCode) || !location || !URL.canParse(location, step.at.href))
    return undefined
  const method = statusCode < 307 ? 'GET' : step.method
  return { at: new URL(location, step.at), method, redirects: step.redirects + 1 }
}

/** Whom one asks for addresses first, as Go tells it. */
function nameServer(): string {
  const [first] = getServers()
  if (first === undefined) return ''
  return ` on ${/^[\d.]+$/.test(first) ? `${first}:53` : isIP(first) ? `[${first}]:53` : first}`
}

/** A failed connection in the words of Go. */
function describe(error: NodeJS.ErrnoException & { address?: string; port?: number }, { url }: PostTarget): string {
  const port = url.port === '' ? '443' : url.port
  switch (error.code) {
    case 'ECONNREFUSED':
      return `dial tcp ${error.address ?? url.hostname}:${error.port ?? port}: connect: connection refused`
    case 'EHOSTUNREACH':
      return `dial tcp ${url.host}: connect: no route to host`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${url.hostname}${nameServer()}: no such host`
    case 'ECONNRESET':
      return 'EOF'
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'tls: failed to verify certificate: x509: certificate signed by unknown authority'
    case 'CERT_HAS_EXPIRED':
      return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid'
    case UNNAMED:
      return `tls: failed to verify certificate: ${error.message}`
    default:
      return error.message
  }
}
