// Starts a containerd of our own, detached so that pods outlive us, or adopts the one that already runs.

import { spawn as spawnProcess } from 'node:child_process'
import { access, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Clock, sleep } from '../../../machinery/clock.ts'
import type { Logger } from '../../../machinery/logger.ts'
import { RuntimeService } from '../cri/generated/runtime_pb.ts'
import { openChannel } from '../cri/grpc.ts'
import { RuntimeError } from '../runtime.ts'
import { renderContainerdConfig } from './containerd-config.ts'
import {
  canLowerOomScore,
  canMountOverlay,
  type Exec,
  execWith,
  isGone,
  keepInMemory,
  readProcess,
  signalProcess,
} from './host.ts'
import { PAUSE_IMAGE } from './image-archive.ts'

const MAX_SOCKET_PATH = 107
const READY_TIMEOUT = 30_000
const READY_INTERVAL = 15
const STOP_TIMEOUT = 10_000
const LOG_TAIL = 2000

export interface ContainerdOptions {
  /** Cluster name; for messages. */
  readonly name: string
  /** Volatile state (`/run/…`) and what must last (`/var/lib/…`). */
  readonly stateDir: string
  readonly rootDir: string
  /** At most 107 bytes, as the kernel demands. */
  readonly socketPath: string
  readonly configPath: string
  readonly pidPath: string
  readonly logPath: string
  readonly sandboxImage?: string
  readonly cniConfDir: string
  /** The first of these that holds the bridge plugin is used. */
  readonly cniBinDirs: readonly string[]
  readonly registryHostsDir: string
  readonly maxContainerLogLineSize?: number
  /** Environment of containerd; its PATH finds runc, the shim and what CNI plugins call. */
  readonly env: NodeJS.ProcessEnv
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
  readonly spawn?: typeof spawnProcess
  readonly exec?: Exec
}

export interface Containerd {
  readonly endpoint: string
  readonly pid: number
  /** Whether it was running already. */
  readonly adopted: boolean
  readonly snapshotter: 'overlayfs' | 'native'
}

/** Gives a containerd that answers on its socket. A running one whose configuration has changed is restarted. */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const exec = options.exec ?? execWith(options.env)
  if (Buffer.byteLength(`${options.socketPath}.ttrpc`) > MAX_SOCKET_PATH) {
    throw new RuntimeError(
      'INVALID_ARGUMENT',
      `cannot use socket "${options.socketPath}": with ".ttrpc" it must not exceed ${MAX_SOCKET_PATH} bytes`,
    )
  }
  for (const dir of [options.stateDir, options.rootDir, options.cniConfDir, options.registryHostsDir]) {
    await mkdir(dir, { recursive: true, mode: 0o711 })
  }
  for (const path of [options.socketPath, options.configPath, options.pidPath, options.logPath]) {
    await mkdir(dirname(path), { recursive: true, mode: 0o711 })
  }
  const onDisk = await keepInMemory(exec, options.stateDir)
  if (onDisk !== undefined) options.log.warn('containerd-state-on-disk', { message: onDisk })
  const snapshotter = await chooseSnapshotter(options, exec)
  const config = renderContainerdConfig({
    ...options,
    sandboxImage: options.sandboxImage ?? PAUSE_IMAGE,
    cniBinDir: await findCniPlugins(options.cniBinDirs),
    snapshotter,
    restrictOomScoreAdj: !(await canLowerOomScore(exec)),
    maxContainerLogLineSize: options.maxContainerLogLineSize ?? 16_384,
  })
  const endpoint = `unix://${options.socketPath}`
  const running = await runningContainerd(options)
  if (running !== undefined) {
    const same = (await readIfThere(options.configPath)) === config
    if (same && (await answers(options, running))) {
      options.log.info('containerd-adopted', { pid: running })
      return { endpoint, pid: running, adopted: true, snapshotter }
    }
    await stopContainerd(options)
  }
  await writeFile(`${options.configPath}.new`, config, { mode: 0o600 })
  await rename(`${options.configPath}.new`, options.configPath)
  const pid = await launch(options)
  if (!(await answers(options, pid))) {
    throw new RuntimeError('UNAVAILABLE', `cannot start containerd "${options.name}": ${await logTail(options)}`)
  }
  options.log.info('containerd-started', { pid, snapshotter })
  return { endpoint, pid, adopted: false, snapshotter }
}

/** Ends the containerd process alone; its containers keep running under their shims. */
export async function stopContainerd(
  options: Pick<ContainerdOptions, 'pidPath' | 'configPath' | 'socketPath' | 'clock' | 'signal'>,
): Promise<void> {
  const pid = await runningContainerd(options)
  if (pid !== undefined) {
    signalProcess(pid, 'SIGTERM')
    if (!(await ended(options, pid, STOP_TIMEOUT))) {
      signalProcess(pid, 'SIGKILL')
      if (!(await ended(options, pid, STOP_TIMEOUT))) throw new Error(`cannot stop containerd: process ${pid} stays`)
    }
  }
  await rm(options.pidPath, { force: true })
}

/** The process id of a running containerd that was started with our configuration file. */
export async function runningContainerd(
  options: Pick<ContainerdOptions, 'pidPath' | 'configPath'>,
): Promise<number | undefined> {
  const pid = Number.parseInt((await readIfThere(options.pidPath)) ?? '', 10)
  if (!Number.isInteger(pid) || pid <= 1) return undefined
  // The pid may have been given to another process since.
  const info = await readProcess(pid)
  return info?.args.includes(options.configPath) ? pid : undefined
}

async function launch(options: ContainerdOptions): Promise<number> {
  const spawn = options.spawn ?? spawnProcess
  const log = await open(options.logPath, 'a', 0o600)
  try {
    const child = spawn('containerd', ['--config', options.configPath], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: options.env,
      cwd: '/',
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (cause) =>
        reject(new RuntimeError('FAILED_PRECONDITION', `cannot run containerd: ${cause.message}`, { cause })),
      )
    })
    child.unref()
    const pid = child.pid ?? 0
    await writeFile(options.pidPath, `${pid}\n`, { mode: 0o600 })
    return pid
  } finally {
    await log.close()
  }
}

/** Waits until CRI answers; false when the process ends or stays silent too long. */
async function answers(options: ContainerdOptions, pid: number): Promise<boolean> {
  const { clock, signal } = options
  const deadline = clock.now() + READY_TIMEOUT
  while (clock.now() < deadline) {
    if (await exists(options.socketPath)) {
      const channel = openChannel({ endpoint: options.socketPath, clock })
      try {
        await channel.unary(RuntimeService.method.version, {}, { timeout: READY_TIMEOUT, signal })
        return true
      } catch (error) {
        signal.throwIfAborted()
        if (!isNotYet(error)) throw error
      } finally {
        channel.close()
      }
    }
    if ((await readProcess(pid)) === undefined) return false
    await sleep(clock, READY_INTERVAL, { signal })
  }
  return false
}

// The socket is served a moment before the CRI plugin has read back its pods.
function isNotYet(error: unknown): boolean {
  if (!(error instanceof RuntimeError)) return false
  return ['UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(error.code) || error.message.includes('not initialized yet')
}

async function ended({ clock, signal }: Pick<ContainerdOptions, 'clock' | 'signal'>, pid: number, timeout: number) {
  const deadline = clock.now() + timeout
  while ((await readProcess(pid)) !== undefined) {
    if (clock.now() >= deadline) return false
    await sleep(clock, READY_INTERVAL, { signal })
  }
  return true
}

// Images unpacked for one snapshotter are not there for another, so a choice once made stays.
async function chooseSnapshotter(options: ContainerdOptions, exec: Exec): Promise<'overlayfs' | 'native'> {
  const before = /^snapshotter = "(overlayfs|native)"$/m.exec((await readIfThere(options.configPath)) ?? '')?.[1]
  if (before === 'overlayfs' || before === 'native') return before
  return (await canMountOverlay(exec, options.rootDir)) ? 'overlayfs' : 'native'
}

async function findCniPlugins(directories: readonly string[]): Promise<string> {
  for (const directory of directories) if (await exists(join(directory, 'bridge'))) return directory
  throw new RuntimeError('FAILED_PRECONDITION', `cannot find the CNI plugin "bridge" in ${directories.join(', ')}`)
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

async function logTail(options: ContainerdOptions): Promise<string> {
  return ((await readIfThere(options.logPath)) ?? '').slice(-LOG_TAIL).trim()
}
