// The guestbook's web server: messages in redis, written to the master and read from the replicas.

import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { RedisClient, Reply } from './redis-client.ts'

const MAX_MESSAGE = 500
const MAX_MESSAGES = 1000
const MAX_BODY = 16 * 1024
// The guestbook of old kept all messages in one string, and `cmd=set` still replaces them all.
const KEY = 'messages'
const APPENDED = 'messages:appended'

const PAGES = [
  { paths: ['/', '/index.html'], file: 'index.html', type: 'text/html; charset=utf-8' },
  { paths: ['/style.css'], file: 'style.css', type: 'text/css; charset=utf-8' },
  { paths: ['/app.js'], file: 'app.js', type: 'text/javascript; charset=utf-8' },
] as const

export interface GuestbookOptions {
  readonly master: RedisClient
  readonly replica: RedisClient
  /** Directory of the page's files. */
  readonly web: string
  /** Name of the pod, shown on the page. */
  readonly hostname: string
  readonly log: (line: string) => void
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string | Buffer
}

/** The server, not yet listening. */
export async function createGuestbook(options: GuestbookOptions): Promise<Server> {
  const pages = new Map<string, Answer>()
  for (const { paths, file, type } of PAGES) {
    const body = await readFile(join(options.web, file))
    for (const path of paths) pages.set(path, { status: 200, type, body })
  }
  return createServer((request, response) => {
    respond(options, pages, request)
      .catch((error: unknown) => unavailable(options, error))
      .then((answer) => send(request, response, answer))
      .catch((error: unknown) => {
        options.log(`cannot answer ${request.method} ${request.url}: ${messageOf(error)}`)
        response.destroy()
      })
  })
}

async function respond(
  options: GuestbookOptions,
  pages: ReadonlyMap<string, Answer>,
  request: IncomingMessage,
): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://guestbook')
  const path = url.pathname
  if (path === '/healthz') return { status: 200, type: 'text/plain', body: 'ok\n' }
  if (path === '/api/messages' && request.method === 'POST') return addMessage(options, request)
  if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { error: 'method not allowed' })
  if (path === '/api/messages') {
    return json(200, { messages: await readMessages(options.replica), pod: options.hostname })
  }
  if (path === '/index.php' || path === '/guestbook.php') {
    return url.searchParams.has('cmd') ? classic(options, url.searchParams) : (pages.get('/') ?? notFound(path))
  }
  return pages.get(path) ?? notFound(path)
}

/** The interface of the first guestbook: `cmd=set&key=…&value=…` and `cmd=get&key=…`. */
async function classic({ master, replica }: GuestbookOptions, query: URLSearchParams): Promise<Answer> {
  const key = query.get('key') ?? ''
  if (query.get('cmd') === 'set') {
    const value = query.get('value') ?? ''
    if (key === KEY) await replaceMessages(master, value)
    else await master.command('SET', key, value)
    return { status: 200, type: 'application/json', body: '{"message": "Updated"}' }
  }
  const value = key === KEY ? (await readMessages(replica)).join(',') : ((await replica.command('GET', key)) ?? '')
  return { status: 200, type: 'application/json', body: `{"data": ${JSON.stringify(value)}}` }
}

// The client sends these in one go, so that no other command of ours comes between.
async function replaceMessages(master: RedisClient, value: string): Promise<void> {
  await Promise.all([
    master.command('MULTI'),
    master.command('SET', KEY, value),
    master.command('DEL', APPENDED),
    master.command('EXEC'),
  ])
}

async function readMessages(replica: RedisClient): Promise<string[]> {
  const [joined, appended] = await Promise.all([
    replica.command('GET', KEY),
    replica.command('LRANGE', APPENDED, '0', '-1'),
  ])
  const first = typeof joined === 'string' ? joined.split(',') : []
  return [...first, ...strings(appended)].filter((message) => message !== '')
}

function strings(reply: Reply): string[] {
  return Array.isArray(reply) ? reply.filter((item) => typeof item === 'string') : []
}

async function addMessage({ master, hostname }: GuestbookOptions, request: IncomingMessage): Promise<Answer> {
  const message = messageIn(await readBody(request))
  if (message === undefined) {
    return json(400, { error: `expected {"message": "…"} with 1 to ${MAX_MESSAGE} characters` })
  }
  await Promise.all([
    master.command('RPUSH', APPENDED, message),
    master.command('LTRIM', APPENDED, String(-MAX_MESSAGES), '-1'),
  ])
  return json(201, { message, pod: hostname })
}

function messageIn(body: string): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return undefined
  }
  const message = typeof value === 'object' && value !== null && 'message' in value ? value.message : undefined
  const text = typeof message === 'string' ? message.trim() : ''
  return text === '' || text.length > MAX_MESSAGE ? undefined : text
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    size += part.length
    if (size > MAX_BODY) return ''
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function unavailable({ hostname, log }: GuestbookOptions, error: unknown): Answer {
  log(messageOf(error))
  return json(503, { error: messageOf(error), pod: hostname })
}

function notFound(path: string): Answer {
  return json(404, { error: `no such page: ${path}` })
}

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json', body: JSON.stringify(value) }
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'self'",
    'X-Content-Type-Options': 'nosniff',
    // A new connection may reach another pod: that is what this example is there to show.
    Connection: 'close',
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
