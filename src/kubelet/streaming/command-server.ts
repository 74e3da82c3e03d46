// Serves exec and attach to kubectl and other clients, over WebSocket channels or SPDY streams.

import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { SpdyStream } from '../../machinery/spdy/spdy-stream.ts'
import type { StreamOptions } from '../runtime/runtime.ts'
import { ChannelSocket } from './channel-socket.ts'
import { type Outcome, outcomeToStatus } from './exit-status.ts'
import { TerminalSizes } from './terminal-sizes.ts'
import {
  acceptSpdy,
  acceptWebSocket,
  asksFor,
  type CommandRequest,
  closeSpdy,
  closeWebSocket,
  parseCommandRequest,
  refuse,
  type UpgradeRequest,
} from './upgrade.ts'

const CHANNELS = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const
const WEBSOCKET_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'channel.k8s.io', '']
const SPDY_PROTOCOLS = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io']
const STREAM_CREATION_TIMEOUT = 30_000

export interface ExecServerOptions extends UpgradeRequest {
  /** Runs the command with the client's streams. It need not end the writables. */
  readonly run: (request: CommandRequest, streams: StreamOptions) => Promise<{ readonly exitCode: number }>
}

export interface AttachServerOptions extends UpgradeRequest {
  readonly run: (request: CommandRequest, streams: StreamOptions) => Promise<void>
}

/** Serves one exec request to its end. Never rejects: what goes wrong is told to the client and logged. */
export function serveExec(options: ExecServerOptions): Promise<void> {
  return serve(options, 'error executing command in container', options.run)
}

/** Serves one attach request to its end. Never rejects: what goes wrong is told to the client and logged. */
export function serveAttach(options: AttachServerOptions): Promise<void> {
  return serve(options, 'error attaching to container', async (request, streams) => {
    await options.run(request, streams)
    return { exitCode: 0 }
  })
}

/** The client's side of a running command. */
interface Session {
  readonly streams: Omit<StreamOptions, 'tty' | 'signal'>
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal
  finish(outcome: Outcome): Promise<void>
}

async function serve(options: UpgradeRequest, failure: string, run: ExecServerOptions['run']): Promise<void> {
  const { req, socket, log } = options
  const request = parseCommandRequest(req.url ?? '')
  if (!request.stdin && !request.stdout && !request.stderr) {
    refuse(socket, 400, 'Bad Request', 'you must specify at least 1 of stdin, stdout, stderr')
    return
  }
  try {
    const session = await openSession(options, request)
    if (session === undefined) return
    const { streams, signal } = session
    let outcome: Outcome
    try {
      const { exitCode } = await run(request, { ...streams, tty: request.tty, signal })
      outcome = { kind: 'exited', exitCode }
    } catch (error) {
      if (!signal.aborted) log.warn('stream-command-failed', { error })
      outcome = { kind: 'failed', message: `${failure}: ${error instanceof Error ? error.message : String(error)}` }
    }
    await session.finish(outcome)
  } catch (error) {
    log.warn('stream-broken', { error })
    socket.destroy()
  }
}

async function openSession(options: UpgradeRequest, request: CommandRequest): Promise<Session | undefined> {
  if (asksFor(options.req, 'websocket')) return openWebSocket(options, request)
  if (asksFor(options.req, 'spdy/3.1')) return openSpdy(options, request)
  refuse(options.socket, 400, 'Bad Request', 'unable to upgrade: missing upgrade headers in request')
  return undefined
}

async function openWebSocket(options: UpgradeRequest, request: CommandRequest): Promise<Session | undefined> {
  const accepted = await acceptWebSocket(options, WEBSOCKET_PROTOCOLS)
  if (accepted === undefined) return undefined
  const { ws, protocol } = accepted
  const gone = new AbortController()
  ws.once('close', () => gone.abort(new Error('the client closed the stream')))
  const channels = new ChannelSocket(ws, { closeMessages: protocol === 'v5.channel.k8s.io' })
  const stdout = request.stdout ? channels.writable(CHANNELS.stdout) : undefined
  const stderr = request.stderr ? channels.writable(CHANNELS.stderr) : undefined
  const errors = channels.writable(CHANNELS.error)
  errors.on('error', () => {})
  const resize = request.tty ? sizesFrom(channels.readable(CHANNELS.resize)) : undefined
  // Some clients wait for a first, empty message before they send anything.
  const lowest = request.stdout ? CHANNELS.stdout : request.stderr ? CHANNELS.stderr : CHANNELS.error
  ws.send(Buffer.of(lowest))
  const stdin = request.stdin ? channels.readable(CHANNELS.stdin) : undefined
  ws.resume()
  return {
    streams: {
      ...(stdin === undefined ? {} : { stdin }),
      ...(stdout === undefined ? {} : { stdout }),
      ...(stderr === undefined ? {} : { stderr }),
      ...(resize === undefined ? {} : { resize }),
    },
    signal: gone.signal,
    async finish(outcome) {
      await Promise.all([stdout, stderr].map(flush))
      const text = statusText(outcome, protocol)
      if (text !== '' && !gone.signal.aborted) errors.write(text)
      await flush(errors)
      await closeWebSocket(ws, options.clock)
    },
  }
}

async function openSpdy(options: UpgradeRequest, request: CommandRequest): Promise<Session | undefined> {
  const streams = new Map<string, SpdyStream>()
  const wanted = new Set(['error', ...(['stdin', 'stdout', 'stderr'] as const).filter((name) => request[name])])
  const complete = new AbortController()
  const accepted = acceptSpdy(options, SPDY_PROTOCOLS, (stream) => {
    const type = stream.headers.streamtype ?? ''
    if (!wanted.has(type) || streams.has(type)) {
      stream.destroy(new Error(`unexpected stream type "${type}"`))
      return
    }
    streams.set(type, stream)
    stream.reply()
    if (streams.size === wanted.size) complete.abort()
  })
  if (accepted === undefined) return undefined
  const { connection, protocol } = accepted
  if (request.tty && /^v[34]\./.test(protocol)) wanted.add('resize')
  const gone = new AbortController()
  const over = connection.closed.then((cause) => gone.abort(new Error('the client closed the stream', { cause })))
  const cancel = options.clock.after(STREAM_CREATION_TIMEOUT, () => connection.destroy())
  if (!complete.signal.aborted) await Promise.race([once(complete.signal, 'abort'), over])
  cancel()
  const errors = streams.get('error')
  if (!complete.signal.aborted || errors === undefined) {
    options.log.warn('stream-incomplete', { have: [...streams.keys()], wanted: [...wanted] })
    connection.destroy()
    return undefined
  }
  const [stdin, stdout, stderr, sizes] = ['stdin', 'stdout', 'stderr', 'resize'].map((name) => streams.get(name))
  // Nothing is expected on these, but an unread end would hold the stream open.
  for (const stream of [errors, stdout, stderr]) stream?.resume()
  return {
    streams: {
      ...(stdin === undefined ? {} : { stdin }),
      ...(stdout === undefined ? {} : { stdout }),
      ...(stderr === undefined ? {} : { stderr }),
      ...(sizes === undefined ? {} : { resize: sizesFrom(sizes) }),
    },
    signal: gone.signal,
    async finish(outcome) {
      await Promise.all([stdout, stderr].map(flush))
      const text = statusText(outcome, protocol)
      if (text !== '') errors.write(text)
      await flush(errors)
      stdin?.resume()
      await closeSpdy(connection, options.clock)
      await over
    },
  }
}

// Before version 4 the error channel carries plain text, and nothing on success.
function statusText(outcome: Outcome, protocol: string): string {
  const status = outcomeToStatus(outcome)
  if (/^v[45]\./.test(protocol)) return JSON.stringify(status)
  return status.status === 'Success' ? '' : (status.message ?? '')
}

/** Ends a stream and waits until everything is on its way; a client that is gone is no failure here. */
async function flush(stream: Writable | undefined): Promise<void> {
  if (stream === undefined || stream.destroyed) return
  stream.end()
  await finished(stream, { readable: false }).catch(() => {})
}

function sizesFrom(source: Readable): TerminalSizes {
  const sizes = new TerminalSizes()
  source.setEncoding('utf8')
  source.on('data', (text: string) => sizes.feed(text))
  source.on('error', () => sizes.end())
  source.on('end', () => sizes.end())
  source.on('close', () => sizes.end())
  return sizes
}
