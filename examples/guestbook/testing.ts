// What the guestbook's tests share: a redis of their own, and the server in front of it.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRedisClient } from './redis-client.ts'
import { createGuestbook } from './server.ts'

export const REDIS = '/usr/bin/redis-server'

/** Why these tests cannot run here; empty when they can. */
export function whatIsMissing(...paths: string[]): string {
  return [REDIS, ...paths]
    .filter((path) => !existsSync(path))
    .map((path) => `no ${path}`)
    .join(', ')
}

export interface TestRedis {
  readonly port: number
  stop(): Promise<void>
}

/** Starts redis on a port of loopback, as a replica of another one if wished. */
export async function startRedis(options: { readonly port: number; readonly master?: number }): Promise<TestRedis> {
  const { port, master } = options
  const dir = await mkdtemp(join(tmpdir(), 'guestbook-redis-'))
  const follow = master === undefined ? [] : ['--replicaof', '127.0.0.1', String(master)]
  const args = [
    '--repl-diskless-sync-delay',
    '0',
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--dir',
    dir,
    ...follow,
  ]
  const child = spawn(REDIS, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await says(child, 'Ready to accept connections')
  return {
    port,
    async stop() {
      const ended = new Promise((resolve) => child.once('close', resolve))
      child.kill('SIGTERM')
      await ended
      await rm(dir, { recursive: true })
    },
  }
}

function says(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = ''
    child.stdout?.on('data', (chunk) => {
      seen += chunk
      if (seen.includes(text)) resolve()
    })
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`redis-server ended with ${code}: ${seen}`)))
  })
}

/** A port of loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export interface TestGuestbook {
  readonly url: string
  readonly lines: string[]
  stop(): Promise<void>
}

/** Starts the guestbook on a free port. */
export async function startGuestbook(options: {
  readonly master: number
  readonly replica: number
  readonly hostname: string
}): Promise<TestGuestbook> {
  const lines: string[] = []
  const client = (port: number) => createRedisClient({ host: '127.0.0.1', port, timeout: 2000 })
  const [master, replica] = [client(options.master), client(options.replica)]
  const web = fileURLToPath(new URL('web', import.meta.url))
  const log = (line: string) => lines.push(line)
  const server: Server = await createGuestbook({ master, replica, web, hostname: options.hostname, log })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lines,
    async stop() {
      master.close()
      replica.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
