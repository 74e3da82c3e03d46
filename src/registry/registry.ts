// The built-in image registry: a store, its HTTP handler, and a listener on plain HTTP for this machine's containerd.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import type { Random } from '../machinery/random.ts'
import { type RegistryHandler, registryHandler } from './handler.ts'
import { RegistryStore } from './store.ts'
import { Uploads } from './uploads.ts'

// Long enough for any push in progress.
const GARBAGE_AGE = 24 * 60 * 60 * 1000

export interface RegistryOptions {
  /** Directory of the store; made when it is not there. */
  readonly root: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export interface Registry {
  readonly store: RegistryStore
  readonly handler: RegistryHandler
}

export interface RegistryListener {
  /** `http://127.0.0.1:5000` */
  readonly endpoint: string
  readonly port: number
  close(): Promise<void>
}

/** A registry over the images of one directory. */
export function createRegistry(options: Pick<RegistryOptions, 'root' | 'random' | 'log'>): Registry {
  const { root, random, log } = options
  const store = new RegistryStore({ root, random })
  return { store, handler: registryHandler({ store, uploads: new Uploads({ store, random }), log }) }
}

/** Serves a registry; port 0 takes a free one. Old leftovers of broken pushes are removed in the background. */
export async function listenRegistry(
  options: RegistryOptions & { readonly host: string; readonly port: number },
): Promise<Registry & RegistryListener> {
  const { clock, log, host, port } = options
  const registry = createRegistry(options)
  const server = createServer((request, response) => {
    registry.handler(request, response).catch((error: unknown) => log.error('registry-request-failed', { error }))
  })
  // Layers may take long; a client that falls silent is dropped by `timeout`.
  server.requestTimeout = 0
  server.timeout = 10 * 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const collected = registry.store.collectGarbage(clock.now() - GARBAGE_AGE).then(
    ({ removed }) => log.debug('registry-garbage-collected', { removed }),
    (error: unknown) => log.warn('registry-garbage-collection-failed', { error }),
  )
  const address = server.address() as AddressInfo
  const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return {
    ...registry,
    endpoint: `http://${shown}:${address.port}`,
    port: address.port,
    async close() {
      await collected
      await closeServer(server)
    },
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()))
    server.closeAllConnections()
  })
}
