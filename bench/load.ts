// Load on the API over HTTPS: clients that each send one request after the other on a connection of their own.

import { type ClientHttp2Session, connect } from 'node:http2'

/** Who asks and where. PEM texts. */
export interface Target {
  readonly url: string
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface LoadResult {
  readonly clients: number
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** One request: method, path and perhaps a JSON body. */
export interface LoadRequest {
  readonly method: string
  readonly path: string
  readonly body?: string
}

/** Opens a connection of its own. */
export function open(target: Target): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connect(target.url, { ca: target.ca, cert: target.cert, key: target.key })
    session.once('connect', () => resolve(session))
    session.once('error', reject)
  })
}

/** Sends one request; resolves with the answer's body. Rejects when the status is 400 or above. */
export function send(session: ClientHttp2Session, request: LoadRequest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = {
      ':method': request.method,
      ':path': request.path,
      ...(request.body ? { 'content-type': 'application/json' } : {}),
    }
    const stream = session.request(headers)
    const chunks: Buffer[] = []
    let status = 0
    stream.on('response', (answer) => {
      status = Number(answer[':status'])
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      const body = Buffer.concat(chunks)
      if (status >= 200 && status < 400) resolve(body)
      else reject(new Error(`${request.method} ${request.path} gave ${status}: ${body.toString().slice(0, 200)}`))
    })
    stream.on('error', reject)
    stream.end(request.body)
  })
}

/** `clients` connections, each sending its next request when the last is answered, for `ms` milliseconds. */
export async function load(
  target: Target,
  options: { clients: number; ms: number; next: (client: number, n: number) => LoadRequest },
): Promise<LoadResult> {
  const sessions = await Promise.all(Array.from({ length: options.clients }, () => open(target)))
  const times: number[] = []
  const started = performance.now()
  const end = started + options.ms
  await Promise.all(
    sessions.map(async (session, client) => {
      for (let n = 0; performance.now() < end; n++) {
        const before = performance.now()
        await send(session, options.next(client, n))
        times.push(performance.now() - before)
      }
    }),
  )
  const seconds = (performance.now() - started) / 1000
  for (const session of sessions) session.close()
  times.sort((a, b) => a - b)
  const at = (q: number) => times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? 0
  return {
    clients: options.clients,
    requests: times.length,
    perSecond: Math.round(times.length / seconds),
    p50Ms: Number(at(0.5).toFixed(2)),
    p99Ms: Number(at(0.99).toFixed(2)),
  }
}
