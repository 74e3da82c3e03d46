// Renders a sample as /stats/summary answers it. Pure.

import { formatTime } from '../../machinery/clock.ts'
import type { FilesystemUse } from '../machine.ts'
import type { ContainerSample, NodeSample, PodSample } from './collect.ts'

/** Rates need an earlier sample of the same thing; without one they are left out. */
export function renderSummary(options: {
  nodeName: string
  startedAt: number
  sample: NodeSample
  earlier: NodeSample | undefined
  filesystem: FilesystemUse
  imageBytes: number
}): object {
  const { sample, earlier, filesystem } = options
  const before = new Map((earlier?.pods ?? []).flatMap((p) => p.containers.map((c) => [c.stats.id, c])))
  const time = formatTime(sample.time)
  const nodeFs = {
    time,
    availableBytes: filesystem.availableBytes,
    capacityBytes: filesystem.capacityBytes,
    usedBytes: filesystem.capacityBytes - filesystem.availableBytes,
    inodesFree: filesystem.inodesFree,
    inodes: filesystem.inodes,
    inodesUsed: filesystem.inodes - filesystem.inodesFree,
  }
  return {
    node: {
      nodeName: options.nodeName,
      startTime: formatTime(options.startedAt),
      cpu: {
        time,
        ...(earlier && sample.time > earlier.time
          ? { usageNanoCores: rate(sample.cpuNanoseconds - earlier.cpuNanoseconds, sample.time - earlier.time) }
          : {}),
        usageCoreNanoSeconds: sample.cpuNanoseconds,
      },
      memory: {
        time,
        availableBytes: sample.memoryAvailableBytes,
        usageBytes: sample.memoryUsedBytes,
        workingSetBytes: sample.memoryTotalBytes - sample.memoryAvailableBytes,
      },
      fs: nodeFs,
      runtime: { imageFs: { ...nodeFs, usedBytes: options.imageBytes } },
    },
    pods: sample.pods.map((p) => podSummary(p, before, time)),
  }
}

function rate(nanoseconds: number, milliseconds: number): number {
  return Math.max(0, Math.round((nanoseconds / milliseconds) * 1000))
}

function podSummary(
  { pod, containers }: PodSample,
  before: ReadonlyMap<string, ContainerSample>,
  time: string,
): object {
  const rendered = containers.map((c) => containerSummary(c, before.get(c.stats.id)))
  const sum = (pick: (c: ContainerSample) => number) => containers.reduce((total, c) => total + pick(c), 0)
  const rates = rendered.map((c) => c.cpu.usageNanoCores)
  return {
    podRef: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
    startTime: pod.status.startTime ?? null,
    containers: rendered,
    cpu: {
      time,
      ...(rates.every((r) => r !== undefined) ? { usageNanoCores: rates.reduce((a, b) => a + (b ?? 0), 0) } : {}),
      usageCoreNanoSeconds: sum((c) => c.stats.cpuUsageNanoseconds),
    },
    memory: { time, workingSetBytes: sum((c) => c.stats.memoryWorkingSetBytes) },
    'ephemeral-storage': { time, usedBytes: sum((c) => c.stats.filesystemUsedBytes) },
  }
}

function containerSummary({ state, stats }: ContainerSample, before: ContainerSample | undefined) {
  const time = formatTime(stats.timestamp)
  const elapsed = before ? stats.timestamp - before.stats.timestamp : 0
  const usageNanoCores =
    before && elapsed > 0 ? rate(stats.cpuUsageNanoseconds - before.stats.cpuUsageNanoseconds, elapsed) : undefined
  return {
    name: state.name,
    startTime: formatTime(state.startedAt),
    cpu: { time, usageNanoCores, usageCoreNanoSeconds: stats.cpuUsageNanoseconds },
    memory: { time, workingSetBytes: stats.memoryWorkingSetBytes },
    rootfs: { time, usedBytes: stats.filesystemUsedBytes },
  }
}
