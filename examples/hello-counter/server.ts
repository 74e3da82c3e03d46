// The two-container hello of the text: counts its visits in redis, and says so when redis cannot be found.

import { createServer, type Server } from 'node:http'
import type { RedisClient } from '../guestbook/redis-client.ts'

/** Answers `/` with `Hello Shiyanlou! # <count>`; 500 with the reason when redis cannot be reached. */
export function createHelloCounter(redis: RedisClient): Server {
  return createServer((request, response) => {
    const send = (code: number, text: string) => {
      response.writeHead(code, { 'content-type': 'text/html; charset=utf-8' })
      response.end(`${text}\n`)
    }
    if (request.url !== '/') return send(404, 'Not Found')
    redis.command('INCR', 'number').then(
      (count) => send(200, `Hello Shiyanlou! # ${String(count)}`),
      (error: unknown) => send(500, `Internal Server Error: ${error instanceof Error ? error.message : String(error)}`),
    )
  })
}
