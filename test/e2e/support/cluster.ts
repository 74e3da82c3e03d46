// A real cluster for tests: made with the sampan command under a name of its own, removed without a trace.

import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type KubectlVersion, kubectlOf } from './kubectl.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')

/** What a program printed and how it ended. */
export interface Output {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string
  readonly timeoutMs?: number
}

const MAX_OUTPUT = 64 * 1024 * 1024

/** Runs a program to its end, whatever its exit code. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      { env: { ...process.env, ...options.env }, maxBuffer: MAX_OUTPUT, timeout: options.timeoutMs ?? 120_000 },
      (error, stdout, stderr) => {
        if (error && typeof error.code !== 'number' && !error.killed) reject(error)
        else resolve({ code: error ? Number(error.code ?? 124) : 0, stdout, stderr })
      },
    )
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input ?? '')
  })
}

export interface TestCluster {
  readonly name: string
  /** Directory with the user's kubeconfig of this test. */
  readonly dir: string
  readonly kubeconfig: string
  /** Runs `sampan` on this cluster. */
  sampan(...args: string[]): Promise<Output>
  /** Runs stock kubectl and gives its standard output; throws when it fails. */
  kubectl(...args: string[]): Promise<string>
  /** Runs stock kubectl of one version, whatever comes of it. */
  tryKubectl(args: readonly string[], options?: { version?: KubectlVersion; input?: string }): Promise<Output>
  /** Starts kubectl and leaves it running; ended with the test's cluster at the latest. */
  start(args: readonly string[], version?: KubectlVersion): ReturnType<typeof spawn>
  /** Pid of the server process. */
  serverPid(): Promise<number>
  config(): {
    apiPort: number
    registryPort: number
    ingress?: { httpPort: number; httpsPort: number }
    nodePorts: { from: number; to: number }
    podCidr: string
    serviceCidr: string
  }
  pki(name: string): string
  remove(): Promise<void>
}

/** Whether this machine can run containers; tests that need it say aloud when they are skipped. */
export const canRunContainers = process.getuid?.() === 0 && existsSync('/usr/bin/containerd')

/** Makes and starts a cluster. */
export async function startCluster(
  options: { runtime?: 'cri' | 'simulated'; nodes?: number } = {},
): Promise<TestCluster> {
  const name = `e2e-${randomBytes(3).toString('hex')}`
  const dir = mkdtempSync(join(tmpdir(), `sampan-${name}-`))
  const kubeconfig = join(dir, 'kubeconfig')
  const env = { KUBECONFIG: kubeconfig }
  const script = join(root, 'bin', 'sampan.cjs')
  const children: ReturnType<typeof spawn>[] = []
  const sampan = (args: string[]) => run(process.execPath, [script, ...args, '--name', name], { env })

  const cluster: TestCluster = {
    name,
    dir,
    kubeconfig,
    sampan: (...args) => sampan(args),
    async kubectl(...args) {
      const { code, stdout, stderr } = await cluster.tryKubectl(args)
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')} gave ${code}: ${stderr}${stdout}`)
      return stdout
    },
    tryKubectl: (args, { version = 'v35', input } = {}) =>
      run(kubectlOf(version), args, { env, ...(input === undefined ? {} : { input }) }),
    start(args, version = 'v35') {
      const child = spawn(kubectlOf(version), [...args], { env: { ...process.env, ...env } })
      children.push(child)
      return child
    },
    async serverPid() {
      const { stdout } = await sampan(['status', '-o', 'json'])
      const { processes } = JSON.parse(stdout) as { processes: { role: string; pid: number }[] }
      const server = processes.find((p) => p.role === 'server')
      if (!server) throw new Error('the server is not running')
      return server.pid
    },
    config: () => JSON.parse(readFileSync(`/var/lib/sampan/${name}/config.json`, 'utf8')),
    pki: (file) => readFileSync(`/var/lib/sampan/${name}/pki/${file}`, 'utf8'),
    async remove() {
      for (const child of children) child.kill('SIGKILL')
      const { code, stdout, stderr } = await sampan(['delete'])
      rmSync(dir, { recursive: true, force: true })
      if (code !== 0) throw new Error(`sampan delete gave ${code}: ${stdout}${stderr}`)
    },
  }
  const { code, stdout, stderr } = await sampan([
    'up',
    '--runtime',
    options.runtime ?? 'cri',
    '--nodes',
    String(options.nodes ?? 1),
  ])
  if (code !== 0) {
    await cluster.remove()
    throw new Error(`sampan up gave ${code}: ${stdout}${stderr}`)
  }
  return cluster
}
