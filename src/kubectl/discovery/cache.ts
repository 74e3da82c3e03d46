// The server's discovery document on disk, where kubectl keeps its own, for six hours.

import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { KubectlContext } from '../command.ts'
import type { Discovery } from './discovery.ts'

const TTL_MS = 6 * 3_600_000
// A server with thousands of resources stays below this; more is not read back.
const MAX_BYTES = 16 * 1024 * 1024

export interface DiscoveryCache {
  read(): Discovery | undefined
  write(discovery: Discovery): void
  clear(): void
}

/** The cache that the flags and the environment ask for. */
export function cacheOf(ctx: KubectlContext, server: string): DiscoveryCache {
  const directory = ctx.flags.string('cache-dir') || ctx.env.KUBECACHEDIR || `${ctx.home}/.kube/cache`
  return discoveryCache(directory, server, ctx.now)
}

/** The cache of one server below `directory`. */
function discoveryCache(directory: string, server: string, now: () => number): DiscoveryCache {
  const host = server.replace(/^https?:\/\//, '').replace(/[^\w./-]/g, '_')
  const file = join(directory, 'discovery', host, 'sampan.json')
  return {
    read() {
      try {
        const { mtimeMs, size } = statSync(file)
        if (now() - mtimeMs > TTL_MS || size > MAX_BYTES) return undefined
        return JSON.parse(readFileSync(file, 'utf8'))
      } catch {
        // A cache that is absent, foreign or half written is no cache: the server is asked.
        return undefined
      }
    },
    write(discovery) {
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o750 })
        writeFileSync(`${file}.${process.pid}`, JSON.stringify(discovery), { mode: 0o660 })
        renameSync(`${file}.${process.pid}`, file)
      } catch {
        // A home that cannot be written costs a request each time, nothing else.
      }
    },
    clear: () => rmSync(file, { force: true }),
  }
}
