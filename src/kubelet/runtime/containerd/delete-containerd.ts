// Removes a containerd of our own without a trace: its pods, processes, mounts and files.

import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sleep } from '../../../machinery/clock.ts'
import { RuntimeService } from '../cri/generated/runtime_pb.ts'
import { openChannel } from '../cri/grpc.ts'
import {
  execWith,
  isGone,
  listProcesses,
  type ProcessInfo,
  signalProcess,
  unmountAll,
  withDescendants,
} from './host.ts'
import { type ContainerdOptions, runningContainerd, startContainerd, stopContainerd } from './start-containerd.ts'

const PARALLEL = 8
const SANDBOX_TIMEOUT = 30_000
const KILL_TIMEOUT = 10_000
const KILL_INTERVAL = 20

/**
 * Stops all pods (through CRI while containerd still answers, so that CNI takes their networks down), then ends
 * containerd and its shims, unmounts everything under its directories and deletes them.
 */
export async function deleteContainerd(options: ContainerdOptions): Promise<void> {
  await reviveForCleanup(options)
  if ((await runningContainerd(options)) !== undefined) await removeSandboxes(options)
  await stopContainerd(options)
  await killShims(options)
  await deleteRuncContainers(options)
  await removeShimSockets(options)
  const directories = [options.stateDir, options.rootDir]
  await unmountAll(options.exec ?? execWith(options.env), directories)
  for (const path of [...directories, options.socketPath, `${options.socketPath}.ttrpc`, options.configPath]) {
    await rm(path, { recursive: true, force: true })
  }
}

/** A containerd that died left pods behind; only a living one can have CNI take their networks down. */
async function reviveForCleanup(options: ContainerdOptions): Promise<void> {
  if ((await runningContainerd(options)) !== undefined) return
  if (shimsOf(options.socketPath, await listProcesses()).length === 0) return
  try {
    await startContainerd(options)
  } catch (error) {
    options.log.warn('containerd-not-revived', { error })
  }
}

async function removeSandboxes(options: ContainerdOptions): Promise<void> {
  const { clock, log, signal } = options
  const channel = openChannel({ endpoint: options.socketPath, clock })
  const limit = { timeout: SANDBOX_TIMEOUT, signal }
  try {
    const { items } = await channel.unary(RuntimeService.method.listPodSandbox, {}, limit)
    const queue = items.map(({ id }) => id)
    const work = async () => {
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
        try {
          await channel.unary(RuntimeService.method.stopPodSandbox, { podSandboxId: id }, limit)
          await channel.unary(RuntimeService.method.removePodSandbox, { podSandboxId: id }, limit)
        } catch (error) {
          // The processes and mounts of this one are taken away below all the same.
          log.warn('sandbox-not-removed', { sandboxId: id, error })
        }
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, work))
  } catch (error) {
    log.warn('sandboxes-not-listed', { error })
  } finally {
    channel.close()
  }
}

/** The shims that serve this containerd and no other. */
export function shimsOf(socketPath: string, processes: readonly ProcessInfo[]): number[] {
  return processes
    .filter(({ args }) => {
      const program = args[0]?.split('/').at(-1) ?? ''
      return program.startsWith('containerd-shim') && args[args.indexOf('-address') + 1] === socketPath
    })
    .map(({ pid }) => pid)
}

async function killShims(options: ContainerdOptions): Promise<void> {
  const { clock, signal } = options
  const processes = await listProcesses()
  const shims = shimsOf(options.socketPath, processes)
  const doomed = withDescendants(shims, processes)
  for (const pid of doomed) signalProcess(pid, 'SIGKILL')
  const deadline = clock.now() + KILL_TIMEOUT
  for (;;) {
    const alive = new Set((await listProcesses()).map(({ pid }) => pid))
    const left = doomed.filter((pid) => alive.has(pid))
    if (left.length === 0) return
    if (clock.now() >= deadline) throw new Error(`cannot end the processes ${left.join(', ')} of "${options.name}"`)
    await sleep(clock, KILL_INTERVAL, { signal })
  }
}

// A shim that was killed leaves the cgroups of its container; runc knows where they are.
async function deleteRuncContainers(options: ContainerdOptions): Promise<void> {
  const exec = options.exec ?? execWith(options.env)
  const root = join(options.stateDir, 'runc', 'k8s.io')
  for (const id of await unlessMissing(readdir(root), [])) {
    const { code, stderr } = await exec('runc', ['--root', root, 'delete', '--force', id])
    if (code !== 0) options.log.warn('container-not-deleted', { containerId: id, message: stderr.trim() })
  }
}

// A shim that was killed leaves its socket in a directory that all containerds share.
async function removeShimSockets({ stateDir }: ContainerdOptions): Promise<void> {
  const tasks = join(stateDir, 'io.containerd.runtime.v2.task', 'k8s.io')
  for (const id of await unlessMissing(readdir(tasks), [])) {
    const address = await unlessMissing(readFile(join(tasks, id, 'address'), 'utf8'), '')
    if (address.startsWith('unix://')) await rm(address.slice('unix://'.length), { force: true })
  }
}

async function unlessMissing<T>(read: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await read
  } catch (error) {
    if (isGone(error)) return otherwise
    throw error
  }
}
