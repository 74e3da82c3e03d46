// Talks to another registry: one request at a time, with the token or password that it asks for.

import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const MAX_ANSWER = 1024 * 1024
const SILENCE = 60_000

export interface Credentials {
  readonly username: string
  readonly password: string
}

export interface RemoteRequest {
  readonly method: string
  /** Relative to the registry, or whole. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: { readonly size: number; readonly open: () => Readable }
}

export interface RemoteAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** The registry that serves the images of a host. */
export function registryEndpoint(host: string): string {
  if (host === 'docker.io') return 'https://registry-1.docker.io'
  return /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(host) ? `http://${host}` : `https://${host}`
}

/** A session with one registry; what it learns about authentication it keeps. */
export class RegistryClient {
  readonly #endpoint: string
  readonly #credentials: Credentials | undefined
  #authorization: string | undefined

  constructor(options: { readonly endpoint: string; readonly credentials?: Credentials | undefined }) {
    this.#endpoint = options.endpoint
    this.#credentials = options.credentials
  }

  /** Sends a request, and once more with authorization when that is asked for. */
  async send(request: RemoteRequest): Promise<RemoteAnswer> {
    const first = await this.#try(request)
    const challenge = first.headers['www-authenticate']
    if (first.status !== 401 || challenge === undefined) return first
    this.#authorization = await this.#answerChallenge(challenge)
    return this.#authorization === undefined ? first : this.#try(request)
  }

  #try(request: RemoteRequest): Promise<RemoteAnswer> {
    const url = new URL(request.url, this.#endpoint)
    // A redirect to a store elsewhere carries its own permission.
    const ours = url.origin === new URL(this.#endpoint).origin
    const authorization = ours && this.#authorization !== undefined ? { authorization: this.#authorization } : {}
    return sendOnce({ ...request, headers: { ...request.headers, ...authorization } }, url)
  }

  async #answerChallenge(challenge: string): Promise<string | undefined> {
    const basic =
      this.#credentials &&
      `Basic ${Buffer.from(`${this.#credentials.username}:${this.#credentials.password}`).toString('base64')}`
    const bearer = parseChallenge(challenge)
    if (bearer === undefined) return basic
    const url = new URL(bearer.realm)
    if (bearer.service !== undefined) url.searchParams.set('service', bearer.service)
    if (bearer.scope !== undefined) url.searchParams.set('scope', bearer.scope)
    const headers = basic === undefined ? {} : { authorization: basic }
    const { status, body } = await sendOnce({ method: 'GET', url: url.href, headers }, url)
    if (status !== 200) throw new Error(`cannot log in at ${url.host}: ${status} ${remoteMessage(body)}`)
    const { token, access_token } = JSON.parse(body) as { token?: string; access_token?: string }
    return `Bearer ${token ?? access_token ?? ''}`
  }
}

/** The parameters of a Bearer challenge; nothing for any other. */
export function parseChallenge(header: string): { realm: string; service?: string; scope?: string } | undefined {
  if (!/^bearer /i.test(header)) return undefined
  const found = Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]))
  const { realm, service, scope } = found as Record<string, string | undefined>
  if (realm === undefined) return undefined
  return { realm, ...(service === undefined ? {} : { service }), ...(scope === undefined ? {} : { scope }) }
}

/** What `~/.docker/config.json` has for a host. Throws when the file is no JSON. */
export function dockerCredentials(config: string, host: string): Credentials | undefined {
  const { auths = {} } = JSON.parse(config) as { auths?: Record<string, { auth?: string } | null> }
  const names = host === 'docker.io' ? ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io'] : []
  for (const name of [...names, host, `https://${host}`]) {
    const auth = auths[name]?.auth
    if (!auth) continue
    const [username = '', ...password] = Buffer.from(auth, 'base64').toString('utf8').split(':')
    return { username, password: password.join(':') }
  }
  return undefined
}

/** The messages of an error answer. */
export function remoteMessage(body: string): string {
  try {
    const { errors } = JSON.parse(body) as { errors?: { code?: string; message?: string }[] }
    if (errors?.length) return errors.map(({ code, message }) => message || code).join('; ')
  } catch {
    // Proxies answer in HTML; then their text is all there is.
  }
  return body.slice(0, 200).trim()
}

function sendOnce(request: RemoteRequest, url: URL): Promise<RemoteAnswer> {
  const { method, body, headers } = request
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => reject(new Error(`cannot reach ${url.host}: ${cause.message}`, { cause }))
    const send = url.protocol === 'https:' ? requestHttps : requestHttp
    const length = body === undefined && method !== 'POST' ? {} : { 'content-length': String(body?.size ?? 0) }
    const outgoing = send(url, { method, headers: { ...headers, ...length }, timeout: SILENCE }, (incoming) => {
      readAnswer(incoming).then(resolve, fail)
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${SILENCE} ms`)))
    outgoing.on('error', fail)
    if (body === undefined || body.size === 0) outgoing.end()
    else pipeline(body.open(), outgoing).catch(fail)
  })
}

async function readAnswer(incoming: IncomingMessage): Promise<RemoteAnswer> {
  let body = ''
  for await (const chunk of incoming.setEncoding('utf8')) {
    body += chunk
    if (body.length > MAX_ANSWER) throw new Error('its answer is too large')
  }
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body }
}
