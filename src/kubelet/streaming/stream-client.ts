// Runs commands and forwards ports through the streaming server of a CRI runtime, over SPDY/3.1.

import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex, Readable, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { SpdyConnection } from '../../machinery/spdy/spdy.ts'
import type { SpdyStream } from '../../machinery/spdy/spdy-stream.ts'
import { RuntimeError, type StreamOptions, type TerminalSize } from '../runtime/runtime.ts'
import { statusToOutcome } from './exit-status.ts'

const COMMAND_PROTOCOL = 'v4.channel.k8s.io'
const PORT_PROTOCOL = 'portforward.k8s.io'
const MAX_TEXT = 64 * 1024

/** Runs the command behind a CRI exec URL. Ends none of the caller's writables; resolves when all output is in them. */
export async function execOverSpdy(url: string, options: StreamOptions): Promise<{ readonly exitCode: number }> {
  const status = await runOverSpdy(url, options)
  // Protocol v4 always says how it ended, so silence means that the connection broke.
  if (status === '') throw new RuntimeError('UNAVAILABLE', 'the stream ended without a status')
  const outcome = statusToOutcome(status)
  if (outcome.kind === 'failed') throw new RuntimeError('UNKNOWN', outcome.message)
  return { exitCode: outcome.exitCode }
}

/** Attaches to the process behind a CRI attach URL, until it ends. */
export async function attachOverSpdy(url: string, options: StreamOptions): Promise<void> {
  await execOverSpdy(url, options)
}

/** Connects to a port behind a CRI port-forward URL. */
export async function portForwardOverSpdy(
  url: string,
  port: number,
  { signal }: { readonly signal: AbortSignal },
): Promise<Duplex> {
  const connection = await dial(url, PORT_PROTOCOL, signal)
  try {
    const headers = { port: String(port), requestid: '0' }
    const errors = await connection.open({ ...headers, streamtype: 'error' })
    errors.end()
    const data = await connection.open({ ...headers, streamtype: 'data' })
    readText(errors).then(
      (message) => {
        if (message !== '') data.destroy(new RuntimeError('UNKNOWN', message))
      },
      (cause) => data.destroy(new RuntimeError('UNAVAILABLE', 'the port-forward connection broke', { cause })),
    )
    const abort = () => connection.destroy()
    signal.addEventListener('abort', abort, { once: true })
    data.once('close', () => {
      signal.removeEventListener('abort', abort)
      connection.destroy()
    })
    return data
  } catch (error) {
    connection.destroy()
    throw asRuntimeError(error, signal)
  }
}

async function runOverSpdy(url: string, options: StreamOptions): Promise<string> {
  const { signal, stdin, stdout, stderr, tty } = options
  const connection = await dial(url, COMMAND_PROTOCOL, signal)
  const abort = () => connection.destroy()
  signal.addEventListener('abort', abort, { once: true })
  const over = new AbortController()
  try {
    const open = (streamtype: string) => connection.open({ streamtype })
    const errors = await open('error')
    const input = stdin === undefined ? undefined : await open('stdin')
    const outputs = [
      ...(stdout === undefined ? [] : [{ from: await open('stdout'), to: stdout }]),
      ...(stderr === undefined || tty ? [] : [{ from: await open('stderr'), to: stderr }]),
    ]
    // The server waits for this one whenever there is a terminal.
    const resize = tty ? await open('resize') : undefined
    if (input !== undefined && stdin !== undefined) supervise(feed(stdin, input, over.signal))
    if (resize !== undefined && options.resize !== undefined) supervise(sendSizes(options.resize, resize, over.signal))
    const [status] = await Promise.all([readText(errors), ...outputs.map(({ from, to }) => drain(from, to))])
    return status
  } catch (error) {
    throw asRuntimeError(error, signal)
  } finally {
    over.abort()
    signal.removeEventListener('abort', abort)
    connection.destroy()
  }
}

// A broken input ends the command's standard input and nothing else: the outcome is told by the error stream.
function supervise(copying: Promise<void>): void {
  copying.catch(() => {})
}

/** Copies the caller's input; when the command is over the caller's stream is let go, not destroyed. */
async function feed(stdin: Readable, input: SpdyStream, over: AbortSignal): Promise<void> {
  stdin.pipe(input)
  const stop = () => {
    stdin.unpipe(input)
    stdin.pause()
  }
  over.addEventListener('abort', stop, { once: true })
  stdin.once('error', () => input.end())
  input.resume()
  await finished(input, { readable: false }).finally(stop)
}

async function sendSizes(sizes: AsyncIterable<TerminalSize>, stream: SpdyStream, over: AbortSignal): Promise<void> {
  stream.resume()
  for await (const { width, height } of sizes) {
    if (over.aborted) return
    stream.write(`${JSON.stringify({ Width: width, Height: height })}\n`)
  }
}

async function drain(from: SpdyStream, to: Writable): Promise<void> {
  await pipeline(from, to, { end: false })
}

async function readText(stream: SpdyStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += String(chunk)
    if (text.length > MAX_TEXT) throw new Error(`the error stream carries more than ${MAX_TEXT} characters`)
  }
  return text
}

function asRuntimeError(error: unknown, signal: AbortSignal): RuntimeError {
  if (signal.aborted) return new RuntimeError('CANCELLED', 'the stream was cancelled', { cause: signal.reason })
  if (error instanceof RuntimeError) return error
  return new RuntimeError('UNAVAILABLE', error instanceof Error ? error.message : String(error), { cause: error })
}

/** Upgrades a connection to SPDY. */
async function dial(url: string, protocol: string, signal: AbortSignal): Promise<SpdyConnection> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest
  try {
    signal.throwIfAborted()
    return await new Promise<SpdyConnection>((resolve, reject) => {
      const call = request(url, {
        method: 'POST',
        agent: false,
        signal,
        headers: {
          Connection: 'Upgrade',
          Upgrade: 'SPDY/3.1',
          'X-Stream-Protocol-Version': protocol,
          'Content-Length': '0',
        },
      })
      call.once('error', reject)
      call.once('response', (response) => {
        refusal(response).then(reject, reject)
      })
      call.once('upgrade', (response, socket, head) => {
        const agreed = response.headers['x-stream-protocol-version']
        if (agreed === protocol) {
          keepReadingAfterFailedWrites(socket)
          return resolve(new SpdyConnection({ socket, head, role: 'client' }))
        }
        socket.destroy()
        reject(
          new RuntimeError('UNIMPLEMENTED', `the runtime speaks "${agreed}" on its streams, expected "${protocol}"`),
        )
      })
      call.end()
    })
  } catch (error) {
    throw asRuntimeError(error, signal)
  }
}

/**
 * A command may end before it has read all its input. The server then closes, writing to it fails, and Node would
 * destroy the socket together with the last output and the exit code that wait to be read. So a failed write passes
 * for done here, and the reading side tells how the connection ended.
 */
function keepReadingAfterFailedWrites(socket: Duplex): void {
  const write = socket._write.bind(socket)
  socket._write = (chunk, encoding, done) => write(chunk, encoding, () => done())
  const writev = socket._writev?.bind(socket)
  if (writev !== undefined) socket._writev = (chunks, done) => writev(chunks, () => done())
}

async function refusal(response: IncomingMessage): Promise<RuntimeError> {
  let text = ''
  for await (const chunk of response) text = (text + String(chunk)).slice(0, MAX_TEXT)
  return new RuntimeError('UNAVAILABLE', `unable to upgrade connection: ${response.statusCode} ${text.trim()}`)
}
