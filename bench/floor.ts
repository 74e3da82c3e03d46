// What the parts below allow on this machine at this moment: the figures that ours are compared with in the same run.

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCriRuntime } from '../src/kubelet/runtime/cri/cri-runtime.ts'
import type { ContainerConfig, Runtime, SandboxConfig } from '../src/kubelet/runtime/runtime.ts'
import { systemClock } from '../src/machinery/clock.ts'
import { silentLogger } from '../src/machinery/logger.ts'
import { type LoadResult, load, type Target } from './load.ts'

/** Serves `body` to everyone, with nothing but Node's own HTTPS server. Gives the port. */
export async function serveBare(options: { cert: string; key: string; ca: string; body: Buffer }): Promise<number> {
  const { cert, key, ca, body } = options
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  const server = createServer({ cert, key, ca, requestCert: true }, (_, response) => {
    response.writeHead(200, headers)
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the bare server has no port')
  return address.port
}

/** The same reads as `load` sends to the API server, sent to the bare server on `port`. */
export function loadBare(target: Target, port: number, options: { clients: number; ms: number }): Promise<LoadResult> {
  return load(
    { ...target, url: `https://127.0.0.1:${port}` },
    { ...options, next: () => ({ method: 'GET', path: '/' }) },
  )
}

/** Pods per second through the container runtime alone: `count` at once, each a sandbox, a container, a start. */
export async function runtimeAlone(options: {
  endpoint: string
  image: string
  count: number
  sandboxSeccomp: string
}): Promise<number> {
  const { endpoint, sandboxSeccomp } = options
  const runtime = await createCriRuntime({ endpoint, sandboxSeccomp, clock: systemClock, log: silentLogger })
  const logs = mkdtempSync(join(tmpdir(), 'sampan-bench-'))
  const sandboxes: string[] = []
  try {
    const started = performance.now()
    await Promise.all(
      Array.from({ length: options.count }, async (_, n) =>
        sandboxes.push(await startOne(runtime, options.image, logs, n)),
      ),
    )
    return options.count / ((performance.now() - started) / 1000)
  } finally {
    await Promise.all(
      sandboxes.map(async (id) => {
        await runtime.stopSandbox(id)
        await runtime.removeSandbox(id)
      }),
    )
    await runtime.close()
    rmSync(logs, { recursive: true, force: true })
  }
}

const namespaces = { hostNetwork: false, hostPID: false, hostIPC: false, shareProcessNamespace: false }

async function startOne(runtime: Runtime, image: string, logs: string, n: number): Promise<string> {
  const sandbox: SandboxConfig = {
    pod: { name: `floor-${n}`, namespace: 'default', uid: randomUUID(), attempt: 0 },
    hostname: `floor-${n}`,
    logDirectory: join(logs, `floor-${n}`),
    dns: { servers: [], searches: [], options: [] },
    portMappings: [],
    labels: {},
    annotations: {},
    cgroupParent: '/sampan-bench/kubepods/floor',
    namespaces,
    sysctls: {},
    privileged: false,
    supplementalGroups: [],
    runtimeHandler: '',
  }
  const container: ContainerConfig = {
    name: 'c',
    attempt: 0,
    image,
    command: [],
    args: [],
    workingDir: '',
    env: [],
    mounts: [],
    labels: {},
    annotations: {},
    logPath: 'c.log',
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: { cpuShares: 2, cpuQuota: 0, cpuPeriod: 100_000, memoryLimit: 0, oomScoreAdj: 1000 },
    security: {
      privileged: false,
      readOnlyRootFilesystem: false,
      allowPrivilegeEscalation: true,
      addCapabilities: [],
      dropCapabilities: [],
      supplementalGroups: [],
      seccomp: 'Unconfined',
      procMount: 'Default',
    },
    namespaces,
  }
  const id = await runtime.runSandbox(sandbox)
  await runtime.startContainer(await runtime.createContainer(id, container, sandbox))
  return id
}
