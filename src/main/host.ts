// What this machine offers: addresses, free ports, programs.

import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { delimiter, join } from 'node:path'

/** The address other machines and pods reach this one at: that of the default route, else the first that is not loopback. */
export function primaryAddress(): string {
  const byInterface = networkInterfaces()
  const outgoing = defaultRouteInterface(readRoutes())
  const candidates = [
    ...(outgoing ? (byInterface[outgoing] ?? []) : []),
    ...Object.values(byInterface).flatMap((a) => a ?? []),
  ]
  return candidates.find((a) => a.family === 'IPv4' && !a.internal)?.address ?? '127.0.0.1'
}

function readRoutes(): string {
  return existsSync('/proc/net/route') ? readFileSync('/proc/net/route', 'utf8') : ''
}

/** The interface of the default route in the text of /proc/net/route. */
function defaultRouteInterface(routes: string): string | undefined {
  for (const line of routes.split('\n').slice(1)) {
    const [name, destination] = line.split('\t')
    if (name && destination === '00000000') return name
  }
  return undefined
}

/** A name for the node: the machine's host name as a DNS label. */
export function defaultNodeName(): string {
  return (
    hostname()
      .toLowerCase()
      .replace(/[^a-z0-9.-]/g, '-')
      .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '') || 'node'
  )
}

/** Whether nothing listens on the port, on any address. */
function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)))
  })
}

/** The wanted port, or one that the system says is free. */
export async function freePort(wanted: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = wanted; port < wanted + 1000; port++) {
    if (!taken.has(port) && (await isPortFree(port))) return port
  }
  throw new Error(`cannot find a free port: all of ${wanted} to ${wanted + 999} are taken`)
}

/** A program that is needed, where it may be, and which Debian package brings it. */
export interface Requirement {
  readonly program: string
  readonly package: string
  readonly why: string
  /** Needed for this only; the cluster itself runs without. */
  readonly optional?: boolean
  /** Besides $PATH. */
  readonly places?: readonly string[]
}

/** Directories in which distributions put CNI plugins. */
export const CNI_DIRS = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni']

export const REQUIREMENTS: readonly Requirement[] = [
  { program: 'containerd', package: 'containerd', why: 'runs the containers' },
  { program: 'containerd-shim-runc-v2', package: 'containerd', why: 'keeps containers running on their own' },
  { program: 'ctr', package: 'containerd', why: 'imports images' },
  { program: 'runc', package: 'runc', why: 'starts containers' },
  { program: 'bridge', package: 'containernetworking-plugins', why: 'connects pods to the network', places: CNI_DIRS },
  { program: 'nft', package: 'nftables', why: 'carries services' },
  { program: 'ip', package: 'iproute2', why: 'sets up the pod network' },
  { program: 'catatonit', package: 'catatonit', why: 'holds the namespaces of a pod' },
  { program: 'conntrack', package: 'conntrack', why: 'forgets UDP connections of gone pods' },
  { program: 'nginx', package: 'nginx-light', why: 'carries ingresses', optional: true },
  { program: 'buildah', package: 'buildah', why: 'builds images from Dockerfiles', optional: true },
]

/** Full path of a program; undefined when it is nowhere. */
export function findProgram(requirement: Requirement, env: NodeJS.ProcessEnv): string | undefined {
  const path = (env.PATH ?? '').split(delimiter)
  const directories = requirement.places ?? [...path, '/usr/sbin', '/sbin', '/usr/local/sbin']
  for (const directory of directories) {
    const file = join(directory, requirement.program)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // Not in this directory: look in the next.
    }
  }
  return undefined
}

/** What is missing for running containers. */
export function missingRequirements(env: NodeJS.ProcessEnv): Requirement[] {
  return REQUIREMENTS.filter((r) => !r.optional && findProgram(r, env) === undefined)
}
