// The image registry of the cluster as a node away from it sees it: a listener on loopback that passes what
// containerd asks on to the API server, which lets nodes read images under /v2/.

import { createServer } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Logger } from '../machinery/logger.ts'

export interface RegistryRelayOptions {
  readonly host: string
  readonly port: number
  /** `https://10.0.0.1:6443`. */
  readonly server: string
  /** PEM texts: the server's authority, the node's own certificate. */
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly log: Logger
}

const PASSED_ON = ['accept', 'range', 'user-agent']
const SILENCE_MS = 60_000

/** Listens; what cannot be passed on is answered with 502, so that containerd goes on to the image's own registry. */
export async function listenRegistryRelay(
  options: RegistryRelayOptions,
): Promise<{ readonly endpoint: string; close(): Promise<void> }> {
  const { server, ca, cert, key, log } = options
  const agent = new Agent({ ca, cert, key, keepAlive: true, maxSockets: 16 })
  const listener = createServer((incoming, outgoing) => {
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
      outgoing.writeHead(405, { allow: 'GET, HEAD' }).end()
      return
    }
    const headers = Object.fromEntries(PASSED_ON.flatMap((name) => entryOf(name, incoming.headers[name])))
    const passed = request(`${server}${incoming.url ?? '/'}`, { agent, method: incoming.method, headers })
    passed.setTimeout(SILENCE_MS, () => passed.destroy(new Error('the server fell silent')))
    passed.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
      answer.on('error', (error) => outgoing.destroy(error))
    })
    passed.on('error', (error) => {
      log.warn('registry-relay-failed', { path: incoming.url, error })
      if (outgoing.headersSent) outgoing.destroy()
      else outgoing.writeHead(502).end()
    })
    outgoing.on('close', () => passed.destroy())
    passed.end()
  })
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(options.port, options.host, () => {
      listener.off('error', reject)
      resolve()
    })
  })
  const { port } = listener.address() as AddressInfo
  return {
    endpoint: `http://${options.host}:${port}`,
    async close() {
      agent.destroy()
      await new Promise<void>((resolve) => {
        listener.close(() => resolve())
        listener.closeAllConnections()
      })
    },
  }
}

function entryOf(name: string, value: string | string[] | undefined): [string, string | string[]][] {
  return value === undefined ? [] : [[name, value]]
}
