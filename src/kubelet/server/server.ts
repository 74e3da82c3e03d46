// The kubelet's own HTTPS API: logs, commands, stats, metrics. Only callers with a certificate of the cluster's CA (or
// a token that the authorizer accepts) get in.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../machinery/clock.ts'
import type { Logger } from '../../machinery/logger.ts'
import { messageOf } from '../pods/errors.ts'
import type { ExitWatch } from '../pods/exit-watch.ts'
import type { ApiPod } from '../pods/types.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { findLog, findRunning, HttpError, type LookupEnv } from './container-lookup.ts'
import { readContainerLogs } from './read-logs.ts'
import { containerPath, logQuery, subresourceOf, verbOf } from './requests.ts'
import { serveUpgrade } from './upgrades.ts'

/** Who asks for what; the verb and subresource are those of `nodes/<subresource>`. */
export interface KubeletRequest {
  readonly user: { readonly name: string; readonly groups: readonly string[] } | undefined
  readonly bearerToken: string | undefined
  readonly verb: string
  readonly subresource: string
  readonly path: string
}

/** `unauthenticated` answers 401, `denied` 403. */
export type Authorize = (request: KubeletRequest) => Promise<'allowed' | 'denied' | 'unauthenticated'>

export interface KubeletServerOptions {
  readonly host: string
  readonly port: number
  readonly tls: { readonly cert: string | Buffer; readonly key: string | Buffer; readonly clientCA: string | Buffer }
  readonly authorize: Authorize
}

export interface KubeletServerEnv extends LookupEnv {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly log: Logger
  readonly exits: ExitWatch
  readonly nodeName: string
  pods(): readonly ApiPod[]
  /** Bodies of the documents, by path. */
  readonly documents: Readonly<Record<string, { readonly type: string; render(): Promise<string> }>>
}

/** Starts listening. `port` is the one that was bound. */
export async function startKubeletServer(
  options: KubeletServerOptions,
  env: KubeletServerEnv,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { cert, key, clientCA } = options.tls
  const server = createServer({
    cert,
    key,
    ca: clientCA,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
  })
  server.on('request', (req, res) => {
    handle(options, env, req, res).catch((error: unknown) => answerError(env, res, error))
  })
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', (error) => env.log.debug('kubelet-connection-broke', { error }))
    handleUpgrade(options, env, req, socket, head).catch((error: unknown) => refuseUpgrade(env, socket, error))
  })
  server.on('clientError', (_, socket) => socket.destroy())
  await listen(server, options)
  const { port } = server.address() as AddressInfo
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, { host, port }: KubeletServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function admit(options: KubeletServerOptions, req: IncomingMessage, url: URL): Promise<void> {
  const socket = req.socket as TLSSocket
  const certificate = socket.authorized ? socket.getPeerCertificate() : undefined
  const subject = certificate?.subject as Readonly<Record<string, string | string[] | undefined>> | undefined
  const name = [subject?.CN].flat()[0]
  const groups = [subject?.O].flat().filter((g) => g !== undefined)
  const request: KubeletRequest = {
    user: name === undefined ? undefined : { name, groups },
    bearerToken: /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1],
    verb: verbOf(req.method),
    subresource: subresourceOf(url.pathname),
    path: url.pathname,
  }
  const verdict = await options.authorize(request)
  if (verdict === 'unauthenticated') throw new HttpError(401, 'Unauthorized')
  if (verdict === 'denied') {
    const who = `user=${request.user?.name ?? ''}, verb=${request.verb}, resource=nodes, subresource(s)=[${request.subresource}]`
    throw new HttpError(403, `Forbidden (${who})`)
  }
}

function urlOf(req: IncomingMessage): URL {
  return new URL(req.url ?? '/', 'https://kubelet')
}

function segmentsOf(url: URL): string[] {
  return url.pathname.split('/').filter(Boolean).map(decodeURIComponent)
}

async function handle(
  options: KubeletServerOptions,
  env: KubeletServerEnv,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const url = urlOf(req)
  await admit(options, req, url)
  const segments = segmentsOf(url)
  const document = env.documents[url.pathname.replace(/(.)\/$/, '$1')]
  if (document) {
    res.setHeader('content-type', document.type)
    res.end(await document.render())
  } else if (segments[0] === 'containerLogs') await serveLogs(env, segments, url, res)
  else if (segments[0] === 'run' && req.method === 'POST') await serveRun(env, segments, url, res)
  else throw new HttpError(404, '404 page not found')
}

async function handleUpgrade(
  options: KubeletServerOptions,
  env: KubeletServerEnv,
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const url = urlOf(req)
  await admit(options, req, url)
  await serveUpgrade(env, segmentsOf(url), { req, socket, head })
}

async function serveLogs(
  env: KubeletServerEnv,
  segments: readonly string[],
  url: URL,
  res: ServerResponse,
): Promise<void> {
  const path = containerPath(segments)
  if (!path) throw new HttpError(400, 'the path must be /containerLogs/{podNamespace}/{podID}/{containerName}')
  const query = readQuery(url, env.clock.now())
  const container = await findLog(env, path, query.previous)
  if (container.logPath === '') throw new HttpError(400, `container "${path.container}" has no log`)
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  const watch = query.follow ? await env.exits.watch(container.id) : { ended: AbortSignal.abort(), release() {} }
  try {
    res.setHeader('content-type', 'text/plain')
    if (query.follow) res.flushHeaders()
    const { ended } = watch
    await pipeline(readContainerLogs({ ...query, path: container.logPath, ended, signal: gone.signal }), res)
  } catch (error) {
    if (!gone.signal.aborted) throw error
  } finally {
    watch.release()
  }
}

function readQuery(url: URL, now: number): ReturnType<typeof logQuery> {
  try {
    return logQuery(url.searchParams, now)
  } catch (error) {
    throw new HttpError(400, messageOf(error), { cause: error })
  }
}

/** Runs a command without streams and answers its output. */
async function serveRun(
  env: KubeletServerEnv,
  segments: readonly string[],
  url: URL,
  res: ServerResponse,
): Promise<void> {
  const path = containerPath(segments)
  if (!path) throw new HttpError(400, 'the path must be /run/{podNamespace}/{podID}/{containerName}')
  const container = await findRunning(env, path)
  const command = (url.searchParams.get('cmd') ?? '').split(' ').filter(Boolean)
  const answer = await env.runtime.execSync(container.id, command, 0)
  res.setHeader('content-type', 'text/plain')
  res.statusCode = answer.exitCode === 0 ? 200 : 500
  res.end(Buffer.concat([answer.stdout, answer.stderr]))
}

function answerError(env: KubeletServerEnv, res: ServerResponse, error: unknown): void {
  const status = error instanceof HttpError ? error.status : 500
  if (status === 500) env.log.error('kubelet-request-failed', { error })
  if (res.headersSent) {
    res.destroy()
    return
  }
  res.statusCode = status
  res.setHeader('content-type', 'text/plain; charset=utf-8')
  res.end(`${messageOf(error)}\n`)
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
}

function refuseUpgrade(env: KubeletServerEnv, socket: Duplex, error: unknown): void {
  const status = error instanceof HttpError ? error.status : 500
  if (status === 500) env.log.error('kubelet-request-failed', { error })
  const body = `${messageOf(error)}\n`
  const head = `HTTP/1.1 ${status} ${REASONS[status] ?? 'Internal Server Error'}\r\ncontent-type: text/plain; charset=utf-8\r\n`
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`)
}
