// The key-value service of the text: writes go to the redis master, reads to a replica, and every answer says which
// pod gave it and how the redis that was asked sees its replication.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { RedisClient } from '../guestbook/redis-client.ts'

export interface KeyValueOptions {
  readonly master: RedisClient
  readonly replica: RedisClient
  /** Address of the pod. */
  readonly podIP: string
}

const MAX_BODY = 64 * 1024

/** `POST /set` with `{"key","value"}`, `GET /get?key=`; both answer with JSON. */
export function createKeyValueApp({ master, replica, podIP }: KeyValueOptions): Server {
  async function set(request: IncomingMessage): Promise<object> {
    const { key, value } = parse(await bodyOf(request))
    await master.command('SET', key, value)
    return { key, value, redis_replication: await replication(master), action: 'SET', pod_ip: podIP }
  }

  async function get(key: string): Promise<object> {
    const found = await replica.command('GET', key)
    const value = found === null ? `get ${key}: redis: nil` : `get ${key}: ${String(found)}`
    return { key, value, redis_replication: await replication(replica), action: 'GET', pod_ip: podIP }
  }

  async function answer(request: IncomingMessage): Promise<{ code: number; body: object }> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://app')
    try {
      if (request.method === 'POST' && pathname === '/set') return { code: 200, body: await set(request) }
      const key = searchParams.get('key')
      if (request.method === 'GET' && pathname === '/get' && key) return { code: 200, body: await get(key) }
      return { code: 404, body: { error: 'ask POST /set with {"key", "value"}, or GET /get?key=' } }
    } catch (error) {
      const code = error instanceof BadRequest ? 400 : 503
      return { code, body: { error: error instanceof Error ? error.message : String(error), pod_ip: podIP } }
    }
  }

  return createServer((request: IncomingMessage, response: ServerResponse) => {
    void answer(request).then(({ code, body }) => {
      response.writeHead(code, { 'content-type': 'application/json' })
      response.end(`${JSON.stringify(body, null, 4)}\n`)
    })
  })
}

class BadRequest extends Error {}

async function replication(redis: RedisClient): Promise<string> {
  return String(await redis.command('INFO', 'replication'))
}

function parse(body: string): { key: string; value: string } {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    throw new BadRequest('the body is not JSON')
  }
  const { key, value } = (parsed ?? {}) as { key?: unknown; value?: unknown }
  if (typeof key !== 'string' || key === '' || typeof value !== 'string') {
    throw new BadRequest('expected {"key": "…", "value": "…"}')
  }
  return { key, value }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) {
    body += chunk
    if (body.length > MAX_BODY) throw new BadRequest(`the body exceeds ${MAX_BODY} bytes`)
  }
  return body
}
