// How a cluster is doing, seen from outside: its processes, its addresses, its health.

import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import type { ClusterConfig, ClusterPaths } from './config.ts'
import { runningPid } from './running-pid.ts'

export interface ProcessStatus {
  readonly pid: number
  readonly role: 'server' | 'agent' | 'containerd'
  /** The node whose process it is. */
  readonly node: string
  /** Resident memory in bytes. */
  readonly memoryBytes: number
}

export interface ClusterStatus {
  readonly name: string
  readonly state: 'running' | 'stopped' | 'absent'
  readonly health: 'ok' | 'failing' | 'unreachable' | 'none'
  readonly processes: readonly ProcessStatus[]
  readonly addresses: {
    readonly api?: string
    readonly registry?: string
    readonly ingress?: { readonly http: string; readonly https: string }
  }
  readonly nodes: readonly { readonly name: string; readonly ready: boolean }[]
  readonly data: string
}

const TIMEOUT_MS = 3000

export async function clusterStatus(
  name: string,
  config: ClusterConfig | undefined,
  paths: ClusterPaths,
  /** Further nodes of the cluster on this machine. */
  others: readonly { readonly config: ClusterConfig; readonly paths: ClusterPaths }[] = [],
): Promise<ClusterStatus> {
  const own = config ? processesOf(config, paths) : []
  const processes = [...own, ...others.flatMap((node) => processesOf(node.config, node.paths))]
  const running = config !== undefined && own.some((p) => p.role !== 'containerd')
  if (config?.agent) {
    const state = running ? 'running' : 'stopped'
    return {
      name,
      state,
      health: 'none',
      processes,
      addresses: { api: config.agent.server },
      nodes: [],
      data: paths.data,
    }
  }
  const health = running ? await readyz(config, paths) : 'none'
  return {
    name,
    state: running ? 'running' : config ? 'stopped' : 'absent',
    health,
    processes,
    addresses: config
      ? {
          api: `https://127.0.0.1:${config.apiPort}`,
          registry: `http://127.0.0.1:${config.registryPort}`,
          ...(config.ingress
            ? {
                ingress: {
                  http: `http://127.0.0.1:${config.ingress.httpPort}`,
                  https: `https://127.0.0.1:${config.ingress.httpsPort}`,
                },
              }
            : {}),
        }
      : {},
    nodes: health === 'ok' && config ? await readNodes(config, paths) : [],
    data: paths.data,
  }
}

function processesOf(config: ClusterConfig, paths: ClusterPaths): ProcessStatus[] {
  const pids = [
    { role: config.agent ? 'agent' : 'server', pid: runningPid(paths) },
    { role: 'containerd', pid: pidFrom(`${paths.run}/containerd.pid`, 'containerd') },
  ] as const
  return pids.flatMap(({ role, pid }) =>
    pid === undefined ? [] : [{ pid, role, node: config.nodeName, memoryBytes: residentBytes(pid) }],
  )
}

function pidFrom(file: string, program: string): number | undefined {
  if (!existsSync(file)) return undefined
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
  const command = `/proc/${pid}/cmdline`
  return existsSync(command) && readFileSync(command, 'utf8').includes(program) ? pid : undefined
}

function residentBytes(pid: number): number {
  const file = `/proc/${pid}/status`
  const kilobytes = existsSync(file) ? /VmRSS:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1] : undefined
  return Number(kilobytes ?? 0) * 1024
}

/** GETs a path of the API as the cluster's administrator. */
function get(config: ClusterConfig, paths: ClusterPaths, path: string): Promise<{ code: number; body: string }> {
  const pem = (name: string) => readFileSync(join(paths.pki, name), 'utf8')
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: config.apiPort,
        path,
        ca: pem('ca.crt'),
        cert: pem('admin.crt'),
        key: pem('admin.key'),
        timeout: TIMEOUT_MS,
      },
      (answer) => {
        let body = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => {
          body += chunk
        })
        answer.on('end', () => resolve({ code: answer.statusCode ?? 0, body }))
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error('timed out')))
    outgoing.on('error', reject)
    outgoing.end()
  })
}

async function readyz(config: ClusterConfig, paths: ClusterPaths): Promise<'ok' | 'failing' | 'unreachable'> {
  try {
    return (await get(config, paths, '/readyz')).code === 200 ? 'ok' : 'failing'
  } catch {
    // The answer to "is it reachable" is no, whatever the reason.
    return 'unreachable'
  }
}

async function readNodes(config: ClusterConfig, paths: ClusterPaths): Promise<{ name: string; ready: boolean }[]> {
  const { body } = await get(config, paths, '/api/v1/nodes')
  const list = JSON.parse(body) as {
    items: { metadata: { name: string }; status: { conditions?: { type: string; status: string }[] } }[]
  }
  return list.items.map((node) => ({
    name: node.metadata.name,
    ready: (node.status.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True'),
  }))
}
