// kubectl port-forward: local ports that lead to ports of a pod.
// Model: k8s.io/kubectl/pkg/cmd/portforward and k8s.io/client-go/tools/portforward.

import { createServer, isIP, type Server, type Socket } from 'node:net'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError, plainMessage, usageError } from '../errors.ts'
import { isObject } from '../object.ts'
import { byActivity, firstPodOf, namedObject } from '../pods/selection.ts'
import {
  type Address,
  type ForwardedPort,
  parseAddresses,
  parsePorts,
  podPorts,
  servicePorts,
} from '../port-forward/ports.ts'
import { openTunnel, type Tunnel } from '../port-forward/tunnel.ts'
import { podPath } from './exec.ts'
import { podRunningTimeoutFlag } from './logs.ts'

export const portForward: KubectlCommand = {
  name: 'port-forward',
  usage: 'TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]',
  short: 'Forward one or more local ports to a pod',
  examples: `# Listen on ports 5000 and 6000 locally, forwarding data to/from ports 5000 and 6000 in the pod
kubectl port-forward pod/mypod 5000 6000

# Listen on a random port locally, forwarding to 5000 in the pod
kubectl port-forward pod/mypod :5000`,
  flags: [
    {
      name: 'address',
      type: 'slice',
      fallback: 'localhost',
      description:
        'Addresses to listen on (comma separated). Only accepts IP addresses or localhost as a value. When localhost is supplied, kubectl will try to bind on both 127.0.0.1 and ::1 and will fail if neither of these addresses are available to bind.',
    },
    podRunningTimeoutFlag('1m0s'),
  ],
  async run({ args, path }, ctx) {
    const [name, ...texts] = args
    if (name === undefined || texts.length === 0) {
      throw usageError(path, 'TYPE/NAME and list of ports are required for port-forward')
    }
    const timeoutMs = ctx.flags.duration('pod-running-timeout')
    if (timeoutMs <= 0) throw new KubectlError('--pod-running-timeout must be higher than zero')
    const object = await namedObject(ctx, [name], ctx.namespace().namespace)
    const { pod } = await firstPodOf(ctx, object, { order: byActivity, timeoutMs, why: 'cannot attach to' })
    const ports = parsePorts(object.kind === 'Service' ? servicePorts(texts, object, pod) : podPorts(texts, pod))
    const phase = isObject(pod.status) ? pod.status.phase : undefined
    if (phase !== 'Running') {
      throw new KubectlError(`unable to forward port because pod is not running. Current status=${phase}`)
    }
    const addresses = parseAddresses(ctx.flags.strings('address'), isIP)
    const tunnel = await openTunnel(ctx, podPath(pod, 'portforward')).catch((error: unknown) => {
      throw new KubectlError(`error upgrading connection: ${plainMessage(error)}`, { cause: error })
    })
    try {
      await serve(ctx, tunnel, { ports, addresses })
    } finally {
      tunnel.close()
    }
    return 0
  },
}

/** Listens until the tunnel breaks or the user has enough. */
async function serve(
  ctx: KubectlContext,
  tunnel: Tunnel,
  { ports, addresses }: { readonly ports: readonly ForwardedPort[]; readonly addresses: readonly Address[] },
): Promise<void> {
  const servers: Server[] = []
  const sockets = new Set<Socket>()
  try {
    for (const port of ports) servers.push(...(await listenEverywhere(ctx, tunnel, { port, addresses, sockets })))
    if (servers.length === 0) {
      const all = ports.map(({ local, remote }) => `{${local} ${remote}}`).join(' ')
      throw new KubectlError(`unable to listen on any of the requested ports: [${all}]`)
    }
    await new Promise<void>((resolve, reject) => {
      ctx.signal.addEventListener('abort', () => resolve(), { once: true })
      if (ctx.signal.aborted) resolve()
      tunnel.closed.then(() => reject(new KubectlError('lost connection to pod')), reject)
    })
  } finally {
    for (const server of servers) server.close()
    for (const socket of sockets) socket.destroy()
  }
}

interface Listening {
  readonly port: ForwardedPort
  readonly addresses: readonly Address[]
  readonly sockets: Set<Socket>
}

/** The servers of one port. Throws KubectlError when an address that must be had cannot be. */
async function listenEverywhere(
  ctx: KubectlContext,
  tunnel: Tunnel,
  { port, addresses, sockets }: Listening,
): Promise<Server[]> {
  const servers: Server[] = []
  const problems: string[] = []
  let { local } = port
  for (const { address, mayFail } of addresses) {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      ctx.out(`Handling connection for ${local}\n`)
      tunnel.forward(socket, port.remote).catch((error: unknown) => {
        socket.destroy()
        if (ctx.signal.aborted) return
        // As ever, one failure ends them all: whoever needs to go on starts anew.
        tunnel.close()
        ctx.err(`an error occurred forwarding ${local} -> ${port.remote}: ${plainMessage(error)}\n`)
      })
    })
    try {
      local = await listen(server, address, local)
      servers.push(server)
      const host = address.includes(':') ? `[${address}]` : address
      ctx.out(`Forwarding from ${host}:${local} -> ${port.remote}\n`)
    } catch (error) {
      const why = `unable to create listener: Error listen tcp${isIP(address)} ${hostPort(address, local)}: bind: ${reasonOf(error)}`
      problems.push(why)
      if (!mayFail)
        ctx.err(`Unable to listen on port ${local}: Listeners failed to create with the following errors: [${why}]\n`)
    }
  }
  const allLocal = addresses.every(({ mayFail }) => mayFail)
  if (servers.length === 0 && allLocal) {
    ctx.err(
      `Unable to listen on port ${local}: Listeners failed to create with the following errors: [${problems.join(' ')}]\n`,
    )
  }
  return servers
}

const hostPort = (address: string, port: number) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EADDRINUSE') return 'address already in use'
  if (code === 'EACCES') return 'permission denied'
  if (code === 'EADDRNOTAVAIL') return 'cannot assign requested address'
  return plainMessage(error)
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, ipv6Only: true }, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
