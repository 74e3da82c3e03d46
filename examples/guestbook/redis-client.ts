// A redis client as small as the guestbook needs: one connection, commands in order, a new connection after a broken one.

import { connect, type Socket } from 'node:net'

const MAX_REPLY = 8 * 1024 * 1024
const MAX_WAITING = 1000

/** What redis answers. */
export type Reply = string | number | null | readonly Reply[] | ReplyError

/** An error that redis answered with. */
export class ReplyError extends Error {
  override name = 'ReplyError'
}

export interface RedisClient {
  /** Sends one command; rejects when redis refuses it, or cannot be reached in time. */
  command(...words: string[]): Promise<Reply>
  close(): void
}

interface Waiting {
  resolve(reply: Reply): void
  reject(error: Error): void
}

/** A client that connects when it is first needed. `timeout` is in milliseconds. */
export function createRedisClient(options: {
  readonly host: string
  readonly port: number
  readonly timeout: number
}): RedisClient {
  const { host, port, timeout } = options
  let connection: { readonly socket: Socket; readonly waiting: Waiting[] } | undefined

  const open = () => {
    const socket = connect({ host, port, noDelay: true })
    const opened = { socket, waiting: [] as Waiting[] }
    let buffered: Buffer = Buffer.alloc(0)
    const fail = (why: string) => {
      if (connection === opened) connection = undefined
      socket.destroy()
      for (const { reject } of opened.waiting.splice(0))
        reject(new Error(`cannot reach redis at ${host}:${port}: ${why}`))
    }
    socket.setTimeout(timeout, () => {
      if (opened.waiting.length > 0) fail(`no answer within ${timeout} ms`)
    })
    socket.on('error', (error) => fail(error.message))
    socket.on('close', () => fail('the connection was closed'))
    socket.on('data', (chunk) => {
      buffered = Buffer.concat([buffered, chunk])
      if (buffered.length > MAX_REPLY) return fail('its answer is too large')
      for (let parsed = parseReply(buffered); parsed !== undefined; parsed = parseReply(buffered)) {
        buffered = buffered.subarray(parsed.end)
        const { reply } = parsed
        const waiting = opened.waiting.shift()
        if (reply instanceof ReplyError) waiting?.reject(reply)
        else waiting?.resolve(reply)
      }
    })
    return opened
  }

  return {
    command(...words) {
      connection ??= open()
      const { socket, waiting } = connection
      return new Promise((resolve, reject) => {
        if (waiting.length >= MAX_WAITING) return reject(new Error('too many commands are waiting for redis'))
        waiting.push({ resolve, reject })
        socket.write(formatCommand(words))
      })
    },
    close() {
      connection?.socket.destroy()
    },
  }
}

/** A command in redis's protocol. */
export function formatCommand(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}

/** The reply that begins at `start`, and where it ends; nothing while it is incomplete. */
export function parseReply(data: Buffer, start = 0): { reply: Reply; end: number } | undefined {
  const lineEnd = data.indexOf('\r\n', start)
  if (lineEnd < 0) return undefined
  const type = String.fromCharCode(data[start] ?? 0)
  const line = data.toString('utf8', start + 1, lineEnd)
  const next = lineEnd + 2
  if (type === '+') return { reply: line, end: next }
  if (type === '-') return { reply: new ReplyError(line), end: next }
  if (type === ':') return { reply: Number(line), end: next }
  if (type === '$') {
    const length = Number(line)
    if (length < 0) return { reply: null, end: next }
    if (data.length < next + length + 2) return undefined
    return { reply: data.toString('utf8', next, next + length), end: next + length + 2 }
  }
  if (type !== '*') return { reply: new ReplyError(`unexpected reply "${type}${line}"`), end: data.length }
  if (Number(line) < 0) return { reply: null, end: next }
  const items: Reply[] = []
  let end = next
  for (let left = Number(line); left > 0; left--) {
    const item = parseReply(data, end)
    if (item === undefined) return undefined
    items.push(item.reply)
    end = item.end
  }
  return { reply: items, end }
}
