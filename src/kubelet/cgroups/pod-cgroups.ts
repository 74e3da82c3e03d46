// Makes and removes the control groups of pods: `<root>/{,burstable,besteffort}/pod<uid>`, in every v1 hierarchy or
// in the one v2 tree.

import { lstat, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ifThere } from '../../machinery/if-there.ts'
import type { Logger } from '../../machinery/logger.ts'
import { podCgroupResources, qosClass } from '../pods/qos.ts'
import type { ApiPod } from '../pods/types.ts'

const CPU_PERIOD = 100_000
const CPUSET = ['cpuset.cpus', 'cpuset.mems'] as const
const V2_CONTROLLERS = ['cpuset', 'cpu', 'io', 'memory', 'pids', 'hugetlb']

export interface CgroupSettings {
  readonly cpuShares: number
  readonly cpuQuota: number
  readonly memoryLimit: number
}

export interface PodCgroups {
  /** The path that sandbox and containers live under; empty when cgroups are left to the runtime. */
  pathOf(pod: ApiPod): string
  /** Makes the pod's cgroup; idempotent. */
  ensure(pod: ApiPod): Promise<void>
  /** Gives the pod's cgroup the limits of its present resources. */
  update(pod: ApiPod): Promise<void>
  remove(uid: string): Promise<void>
}

/** Leaves cgroups to the runtime. */
export const noCgroups: PodCgroups = {
  pathOf: () => '',
  ensure: async () => {},
  update: async () => {},
  remove: async () => {},
}

/** Path of a pod's cgroup below the cgroup file systems. */
function podCgroupPath(root: string, pod: ApiPod): string {
  const qos = qosClass(pod)
  const parent = qos === 'Guaranteed' ? root : `${root}/${qos.toLowerCase()}`
  return `${parent}/pod${pod.metadata.uid}`
}

/** v2 weight of v1 shares, as the runtimes convert it. */
function cpuWeight(shares: number): number {
  return shares === 0 ? 0 : Math.floor(1 + ((shares - 2) * 9999) / 262_142)
}

/** `mountpoint` is usually /sys/fs/cgroup; `root` starts with a slash. */
export async function createPodCgroups(options: {
  mountpoint: string
  root: string
  log: Logger
}): Promise<PodCgroups> {
  const { mountpoint, root, log } = options
  const unified = await exists(join(mountpoint, 'cgroup.controllers'))
  const trees = unified ? [mountpoint] : await hierarchies(mountpoint)
  const kinds = new Map<string, V1Tree>()
  if (!unified) for (const tree of trees) kinds.set(tree, await openV1(tree, root))
  const made = new Set<string>()
  const make = async (path: string, settings: CgroupSettings): Promise<void> => {
    for (const tree of trees) {
      const kind = kinds.get(tree)
      await (kind ? ensureV1(join(tree, path), kind, settings) : ensureV2(tree, path, settings))
    }
  }
  await make(root, { cpuShares: 0, cpuQuota: 0, memoryLimit: 0 })
  await make(`${root}/besteffort`, { cpuShares: 2, cpuQuota: 0, memoryLimit: 0 })
  await make(`${root}/burstable`, { cpuShares: 0, cpuQuota: 0, memoryLimit: 0 })
  return {
    pathOf: (pod) => podCgroupPath(root, pod),
    async ensure(pod) {
      if (made.has(pod.metadata.uid)) return
      await make(podCgroupPath(root, pod), podCgroupResources(pod))
      made.add(pod.metadata.uid)
    },
    async update(pod) {
      await make(podCgroupPath(root, pod), podCgroupResources(pod))
      made.add(pod.metadata.uid)
    },
    async remove(uid) {
      made.delete(uid)
      for (const parent of ['', '/burstable', '/besteffort']) {
        for (const tree of trees) {
          const path = join(tree, `${root}${parent}/pod${uid}`)
          await removeTree(path).catch((error: unknown) => log.warn('cgroup-not-removed', { path, error }))
        }
      }
    },
  }
}

async function exists(path: string): Promise<boolean> {
  return (await ifThere(lstat(path))) !== undefined
}

/** The v1 hierarchies: real directories (co-mounted controllers are symlinks), without the unified one. */
async function hierarchies(mountpoint: string): Promise<string[]> {
  const out: string[] = []
  for (const name of await readdir(mountpoint)) {
    const path = join(mountpoint, name)
    if (name === 'unified' || !(await lstat(path)).isDirectory()) continue
    if (await exists(join(path, 'cgroup.procs'))) out.push(path)
  }
  return out
}

/** What the groups of one v1 hierarchy have: looked up once, so that a pod's group costs a mkdir and a few writes. */
interface V1Tree {
  readonly files: ReadonlySet<string>
}

/** Makes the group `root` with its parents, and looks what groups have here: the hierarchy's own root lacks some files. */
async function openV1(tree: string, root: string): Promise<V1Tree> {
  let at = tree
  for (const part of root.split('/').filter(Boolean)) {
    const cpuset = await exists(join(at, CPUSET[0]))
    at = join(at, part)
    if ((await makeDirectory(at)) && cpuset) await inheritCpuset(dirname(at), at)
  }
  return { files: new Set(await readdir(at)) }
}

/** The parent of `path` must be there. */
async function ensureV1(path: string, { files }: V1Tree, settings: CgroupSettings): Promise<void> {
  if ((await makeDirectory(path)) && files.has(CPUSET[0])) await inheritCpuset(dirname(path), path)
  const set = async (file: string, value: number) => {
    if (value > 0 && files.has(file)) await writeFile(join(path, file), String(value))
  }
  await set('cpu.shares', settings.cpuShares)
  if (settings.cpuQuota > 0) {
    await set('cpu.cfs_period_us', CPU_PERIOD)
    await set('cpu.cfs_quota_us', settings.cpuQuota)
  }
  await set('memory.limit_in_bytes', settings.memoryLimit)
}

/** Gives whether it had to be made. */
async function makeDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** A new v1 cpuset takes no processes until it has cpus and memory nodes. */
async function inheritCpuset(parent: string, child: string): Promise<void> {
  for (const file of CPUSET) {
    await writeFile(join(child, file), await readFile(join(parent, file), 'utf8'))
  }
}

async function ensureV2(tree: string, path: string, settings: CgroupSettings): Promise<void> {
  let at = tree
  for (const part of path.split('/').filter(Boolean)) {
    await delegate(at)
    at = join(at, part)
    await mkdir(at, { recursive: true })
  }
  await delegate(at)
  await set(at, 'cpu.weight', cpuWeight(settings.cpuShares))
  if (settings.cpuQuota > 0) await writeFile(join(at, 'cpu.max'), `${settings.cpuQuota} ${CPU_PERIOD}`)
  await set(at, 'memory.max', settings.memoryLimit)
}

/** Lets children use the controllers that are there. */
async function delegate(path: string): Promise<void> {
  const available = (await readFile(join(path, 'cgroup.controllers'), 'utf8')).trim().split(' ')
  const enabled = (await readFile(join(path, 'cgroup.subtree_control'), 'utf8')).trim().split(' ')
  const missing = V2_CONTROLLERS.filter((c) => available.includes(c) && !enabled.includes(c))
  if (missing.length > 0) await writeFile(join(path, 'cgroup.subtree_control'), missing.map((c) => `+${c}`).join(' '))
}

async function set(directory: string, file: string, value: number): Promise<void> {
  if (value > 0 && (await exists(join(directory, file)))) await writeFile(join(directory, file), String(value))
}

/** Children first; a cgroup directory goes away with rmdir only. */
async function removeTree(path: string): Promise<void> {
  const found = await ifThere(readdir(path, { withFileTypes: true }))
  if (!found) return
  for (const entry of found) if (entry.isDirectory()) await removeTree(join(path, entry.name))
  await rmdir(path)
}
