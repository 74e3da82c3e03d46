// The cluster's DNS server: UDP and TCP on one address, in front of the responder.

import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { endpointslices, namespaces, services } from '../api/generated/resources.ts'
import type { InformerFactory } from '../client/informer.ts'
import type { Clock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import type { Random } from '../machinery/random.ts'
import { Forwarder, frame } from './forwarder.ts'
import { Responder } from './responder.ts'
import { addressesOfSlice, ClusterZone, INDEX, ipsOfService, serviceOfSlice } from './zone.ts'

export interface DnsOptions {
  /** Started by the caller. */
  readonly informers: InformerFactory
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number }
  readonly clusterDomain: string
  readonly serviceIP: string
  /** Ranges of services and pods, for reverse names. */
  readonly ownRanges: readonly string[]
  /** Name servers for everything else: `ip` or `ip:port`. */
  readonly upstreams: readonly string[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly signal: AbortSignal
  /** Told once the server answers. */
  readonly onListening?: (address: { readonly host: string; readonly port: number }) => void
}

const MAX_CONNECTIONS = 1_000
const IDLE_MS = 10_000
const RECEIVE_BUFFER = 1024 * 1024

/** Answers queries until the signal aborts. Rejects when the address cannot be listened on. */
export async function runDns(options: DnsOptions): Promise<void> {
  const { listen, signal, log } = options
  const informers = {
    services: options.informers.informer(services),
    slices: options.informers.informer(endpointslices),
    namespaces: options.informers.informer(namespaces),
  }
  informers.services.addIndex(INDEX.serviceByIP, ipsOfService)
  informers.slices.addIndex(INDEX.sliceByService, serviceOfSlice)
  informers.slices.addIndex(INDEX.sliceByAddress, addressesOfSlice)
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  // Before the first lists are in, existing names would be denied.
  await Promise.race([aborted, Promise.all(Object.values(informers).map((informer) => informer.waitForSync()))])
  if (signal.aborted) return
  const responder = new Responder({
    ...options,
    zone: new ClusterZone({ ...options, ...informers }),
    forwarder: new Forwarder(options),
  })
  const connections = new Set<Socket>()
  const tcp = createServer({ allowHalfOpen: true }, (socket) =>
    serveConnection({ socket, responder, connections, clock: options.clock, log }),
  )
  tcp.maxConnections = MAX_CONNECTIONS
  const udp = createSocket({ type: listen.host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER })
  try {
    const port = await open(tcp, udp, listen)
    serveUdp(udp, responder, log)
    tcp.on('error', (error) => log.error('dns-tcp-error', { error }))
    log.info('dns-listening', { host: listen.host, port })
    options.onListening?.({ host: listen.host, port })
    await aborted
  } finally {
    for (const socket of connections) socket.destroy()
    if (tcp.listening) await new Promise<void>((resolve) => tcp.close(() => resolve()))
    await new Promise<void>((resolve) => udp.close(resolve))
  }
}

async function open(tcp: Server, udp: UdpSocket, listen: { host: string; port: number }): Promise<number> {
  tcp.listen(listen.port, listen.host)
  await once(tcp, 'listening')
  const { port } = tcp.address() as AddressInfo
  udp.bind(port, listen.host)
  await once(udp, 'listening')
  return port
}

function serveUdp(udp: UdpSocket, responder: Responder, log: Logger): void {
  const send = (answer: Buffer, port: number, address: string) => {
    udp.send(answer, port, address, (error) => {
      if (error) log.debug('dns-answer-not-sent', { address, error })
    })
  }
  udp.on('error', (error) => log.error('dns-udp-error', { error }))
  udp.on('message', (message, { address, port }) => {
    const answer = responder.respond(message, 'udp')
    if (answer === undefined) return
    if (Buffer.isBuffer(answer)) {
      send(answer, port, address)
      return
    }
    answer.then(
      (late) => send(late, port, address),
      (error) => log.error('dns-query-failed', { address, error }),
    )
  })
}

/** One connection's queries are answered one after the other; a connection that is idle is closed. */
function serveConnection(options: {
  socket: Socket
  responder: Responder
  connections: Set<Socket>
  clock: Clock
  log: Logger
}): void {
  const { socket, responder, connections, clock, log } = options
  connections.add(socket)
  let cancelIdle = clock.after(IDLE_MS, () => socket.destroy())
  async function* answers() {
    for await (const message of frames(socket)) {
      cancelIdle()
      const answer = await responder.respond(message, 'tcp')
      if (answer === undefined) return
      cancelIdle = clock.after(IDLE_MS, () => socket.destroy())
      yield frame(answer)
    }
  }
  pipeline(answers(), socket)
    .catch((error) => log.debug('dns-connection-failed', { error }))
    .finally(() => {
      cancelIdle()
      connections.delete(socket)
      socket.destroySoon()
    })
}

async function* frames(socket: Socket): AsyncGenerator<Buffer> {
  let received: Buffer = Buffer.alloc(0)
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer])
    while (received.length >= 2) {
      const end = 2 + received.readUInt16BE(0)
      if (received.length < end) break
      yield received.subarray(2, end)
      received = received.subarray(end)
    }
  }
}
