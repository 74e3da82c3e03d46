// Takes one sample of what the node, its pods and their containers use.

import { readFile } from 'node:fs/promises'
import { LABEL_POD_UID } from '../pods/identity.ts'
import type { ApiPod } from '../pods/types.ts'
import type { ContainerState, ContainerStats, Runtime } from '../runtime/runtime.ts'

export interface ContainerSample {
  readonly state: ContainerState
  readonly stats: ContainerStats
}

export interface PodSample {
  readonly pod: ApiPod
  readonly containers: readonly ContainerSample[]
}

export interface NodeSample {
  readonly time: number
  readonly cpuNanoseconds: number
  readonly memoryTotalBytes: number
  readonly memoryAvailableBytes: number
  readonly memoryUsedBytes: number
  readonly pods: readonly PodSample[]
}

// USER_HZ, which Linux fixes at 100 for user space.
const NANOSECONDS_PER_TICK = 10_000_000

/** `states` are the containers as last seen. */
export async function collectStats(env: {
  runtime: Runtime
  pods: readonly ApiPod[]
  states: (uid: string) => readonly ContainerState[]
  now: number
}): Promise<NodeSample> {
  const [stats, cpu, meminfo] = await Promise.all([
    env.runtime.containerStats(),
    readFile('/proc/stat', 'utf8'),
    readFile('/proc/meminfo', 'utf8'),
  ])
  const byId = new Map(stats.map((s) => [s.id, s]))
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0) * 1024
  const total = kibibytes('MemTotal')
  return {
    time: env.now,
    cpuNanoseconds: busyTicks(cpu) * NANOSECONDS_PER_TICK,
    memoryTotalBytes: total,
    memoryAvailableBytes: kibibytes('MemAvailable'),
    memoryUsedBytes: total - kibibytes('MemFree'),
    pods: env.pods.map((pod) => ({ pod, containers: samplesOf(env.states(pod.metadata.uid), byId) })),
  }
}

function samplesOf(states: readonly ContainerState[], byId: ReadonlyMap<string, ContainerStats>): ContainerSample[] {
  const out: ContainerSample[] = []
  for (const state of states) {
    const stats = byId.get(state.id)
    if (state.state === 'running' && stats && state.labels[LABEL_POD_UID] !== undefined) out.push({ state, stats })
  }
  return out
}

/** Ticks in which any processor did work: everything but idle and waiting for disks. */
function busyTicks(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (/^cpu\s+(.*)$/m.exec(stat)?.[1] ?? '')
    .split(' ')
    .map(Number)
  return user + nice + system + irq + softirq + steal
}
