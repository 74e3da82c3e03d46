// How the API server reaches a node's kubelet: over TLS with its own client certificate.

import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { Node } from '../../api/generated/core-v1.ts'
import { notFound, StatusError } from '../../machinery/errors.ts'
import type { Registry } from '../registry/registry.ts'

/** PEM texts: what the API server shows to kubelets, and whom it believes. */
export interface KubeletCredentials {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

export interface KubeletConnector {
  /** GETs (or POSTs) a path; resolves with the answer once its headers are there. */
  request(nodeName: string, options: { method: string; path: string; signal: AbortSignal }): Promise<IncomingMessage>
  /** Where the node's kubelet listens, and how to speak to it. */
  endpoint(nodeName: string): Promise<{ host: string; port: number; tls: KubeletCredentials }>
  /** Opens a raw connection, for requests that upgrade. */
  open(nodeName: string): Promise<TLSSocket>
}

const CONNECT_TIMEOUT_MS = 10_000

export function createKubeletConnector(registry: Registry, credentials: KubeletCredentials): KubeletConnector {
  async function addressOf(nodeName: string): Promise<{ host: string; port: number }> {
    const node = await registry.lookup<Node>('', 'nodes', '', nodeName)
    if (!node) throw notFound({ group: '', resource: 'nodes' }, nodeName)
    const addresses = node.status.addresses ?? []
    const host = (addresses.find((a) => a.type === 'InternalIP') ?? addresses[0])?.address
    if (!host)
      throw new StatusError({
        message: `no preferred addresses found; known addresses: []`,
        reason: 'InternalError',
        code: 500,
      })
    return { host, port: node.status.daemonEndpoints?.kubeletEndpoint?.Port ?? 10250 }
  }

  return {
    endpoint: async (nodeName) => ({ ...(await addressOf(nodeName)), tls: credentials }),
    async request(nodeName, { method, path, signal }) {
      const { host, port } = await addressOf(nodeName)
      return new Promise((resolve, reject) => {
        const outgoing = httpsRequest({ host, port, method, path, signal, ...credentials }, (answer: IncomingMessage) =>
          resolve(answer),
        )
        outgoing.on('error', (cause: Error) => reject(unreachable(host, port, cause)))
        outgoing.end()
      })
    },
    async open(nodeName) {
      const { host, port } = await addressOf(nodeName)
      const options: ConnectionOptions = {
        host,
        port,
        ...credentials,
        ALPNProtocols: ['http/1.1'],
        timeout: CONNECT_TIMEOUT_MS,
      }
      return new Promise((resolve, reject) => {
        const socket = connect(options, () => {
          socket.setTimeout(0)
          resolve(socket)
        })
        socket.on('timeout', () => socket.destroy(new Error('connection timed out')))
        socket.on('error', (cause) => reject(unreachable(host, port, cause)))
      })
    },
  }
}

function unreachable(host: string, port: number, cause: Error): StatusError {
  return new StatusError(
    {
      message: `error dialing backend: dial tcp ${host}:${port}: ${cause.message}`,
      reason: 'InternalError',
      code: 500,
    },
    { cause },
  )
}
