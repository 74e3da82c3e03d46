// Runs commands in containers over a WebSocket: standard streams, terminal, exit code.
// Spec: v5.channel.k8s.io; model: k8s.io/client-go/tools/remotecommand.

import type { WebSocket } from 'ws'
import type { KubectlContext } from '../command.ts'
import { ExitError, KubectlError } from '../errors.ts'
import type { Query } from '../rest/client.ts'
import { sendInput, type Terminal } from './terminal.ts'

const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const
const CLOSE_CHANNEL = 255
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
const MAX_STATUS = 64 * 1024

export interface RemoteCommand {
  readonly path: string
  readonly query: Query
  readonly stdin: NodeJS.ReadableStream | undefined
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  /** The terminal whose size the other side follows; undefined when there is none. */
  readonly terminal: Terminal | undefined
  /** Typed by the user, these leave the process alone with itself. */
  readonly detachKeys?: Buffer
}

/** Resolves when the command ends well. Throws ExitError with the command's exit code, or what went wrong. */
export async function runRemote(ctx: KubectlContext, command: RemoteCommand): Promise<void> {
  const client = await ctx.client()
  const socket = await client.webSocket(command.path, command.query, PROTOCOLS)
  const over = new AbortController()
  const interrupt = () => socket.terminate()
  ctx.signal.addEventListener('abort', interrupt, { once: true })
  try {
    const ended = readUntilEnd(socket, command)
    command.terminal?.onResize((size) => sendSize(socket, size), over.signal)
    if (command.stdin) sendInput(command.stdin, detachable(inputOf(socket), socket, command.detachKeys), over.signal)
    judge(await ended)
  } catch (error) {
    if (ctx.signal.aborted) throw new ExitError(130)
    throw error
  } finally {
    ctx.signal.removeEventListener('abort', interrupt)
    over.abort()
    socket.terminate()
  }
}

function sendSize(socket: WebSocket, { width, height }: { width: number; height: number }): void {
  if (socket.readyState !== socket.OPEN) return
  socket.send(frame(CHANNEL.resize, Buffer.from(JSON.stringify({ Width: width, Height: height }))))
}

const frame = (channel: number, data: Buffer) => Buffer.concat([Buffer.of(channel), data])

function inputOf(socket: WebSocket) {
  return {
    write: (data: Buffer) =>
      new Promise<void>((resolve, reject) => {
        if (socket.readyState !== socket.OPEN) return resolve()
        socket.send(frame(CHANNEL.stdin, data), (error) => (error ? reject(error) : resolve()))
      }),
    end() {
      // Before v5 the protocol has no word for the end of input.
      if (socket.readyState === socket.OPEN && socket.protocol === PROTOCOLS[0]) {
        socket.send(Buffer.of(CLOSE_CHANNEL, CHANNEL.stdin))
      }
    },
  }
}

/** Input that closes the socket at the detach keys. */
function detachable(input: ReturnType<typeof inputOf>, socket: WebSocket, keys: Buffer | undefined) {
  if (keys === undefined) return input
  let held = Buffer.alloc(0)
  return {
    ...input,
    write(data: Buffer) {
      const typed = Buffer.concat([held, data])
      const at = typed.indexOf(keys)
      if (at >= 0) {
        socket.close(1000)
        return Promise.resolve()
      }
      const keep = partialEnd(typed, keys)
      held = typed.subarray(typed.length - keep)
      return input.write(typed.subarray(0, typed.length - keep))
    },
  }
}

/** How many bytes at the end may be the beginning of the keys. */
export function partialEnd(typed: Buffer, keys: Buffer): number {
  for (let length = Math.min(typed.length, keys.length - 1); length > 0; length--) {
    if (typed.subarray(typed.length - length).equals(keys.subarray(0, length))) return length
  }
  return 0
}

/** Copies output; gives what the error channel said. */
function readUntilEnd(socket: WebSocket, { stdout, stderr }: RemoteCommand): Promise<string> {
  let status = ''
  const copy = (target: NodeJS.WritableStream, data: Buffer) => {
    if (data.length === 0 || target.write(data)) return
    socket.pause()
    target.once('drain', () => socket.resume())
  }
  return new Promise((resolve, reject) => {
    socket.on('message', (message: Buffer) => {
      const data = message.subarray(1)
      switch (message[0]) {
        case CHANNEL.stdout:
          return copy(stdout, data)
        case CHANNEL.stderr:
          return copy(stderr, data)
        case CHANNEL.error:
          if (status.length < MAX_STATUS) status += data.toString()
      }
    })
    socket.on('error', reject)
    socket.on('close', (code: number, reason: Buffer) => {
      if (status !== '' || code === 1000 || code === 1005) resolve(status)
      else reject(new KubectlError(`websocket: close ${code}${reason.length > 0 ? `: ${reason.toString()}` : ''}`))
    })
  })
}

/** Reads the status that ends a command: silence is success. */
export function judge(text: string): void {
  if (text === '') return
  let status: { status?: string; message?: string; reason?: string; details?: { causes?: Cause[] } }
  try {
    status = JSON.parse(text)
  } catch (error) {
    throw new KubectlError(`error stream protocol error: ${text}`, { cause: error })
  }
  if (status.status === 'Success') return
  const cause = status.details?.causes?.find((c) => c.reason === 'ExitCode')
  const code = Number(cause?.message)
  if (status.reason === 'NonZeroExitCode' && Number.isInteger(code)) {
    throw new ExitError(code, `command terminated with exit code ${code}\n`)
  }
  throw new KubectlError(status.message ?? 'unknown error')
}

interface Cause {
  readonly reason?: string
  readonly message?: string
}
