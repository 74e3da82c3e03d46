// Renders samples in the Prometheus text format for /metrics, /metrics/resource and /metrics/cadvisor. Pure.

import type { ContainerSample, NodeSample } from './collect.ts'

interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly values: readonly {
    readonly labels?: Readonly<Record<string, string>>
    readonly value: number
    readonly at?: number
  }[]
}

/** Text of the metrics, in the order given. */
function renderMetrics(metrics: readonly Metric[]): string {
  return metrics
    .flatMap(({ name, help, type, values }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...values.map(
        ({ labels, value, at }) => `${name}${renderLabels(labels)} ${value}${at === undefined ? '' : ` ${at}`}`,
      ),
    ])
    .map((line) => `${line}\n`)
    .join('')
}

function renderLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(labels ?? {})
  if (entries.length === 0) return ''
  const quote = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
  return `{${entries.map(([key, value]) => `${key}="${quote(value)}"`).join(',')}}`
}

interface Named {
  readonly labels: { readonly container: string; readonly namespace: string; readonly pod: string }
  readonly sample: ContainerSample
}

function containersOf(sample: NodeSample): Named[] {
  return sample.pods.flatMap(({ pod, containers }) =>
    containers.map((c) => ({
      labels: { container: c.state.name, namespace: pod.metadata.namespace, pod: pod.metadata.name },
      sample: c,
    })),
  )
}

/** What metrics-server scrapes. */
export function resourceMetrics(sample: NodeSample): string {
  const containers = containersOf(sample)
  const perPod = (pick: (c: ContainerSample) => number) =>
    sample.pods.map(({ pod, containers: own }) => ({
      labels: { namespace: pod.metadata.namespace, pod: pod.metadata.name },
      value: own.reduce((sum, c) => sum + pick(c), 0),
      at: sample.time,
    }))
  const cpuSeconds = (c: ContainerSample) => c.stats.cpuUsageNanoseconds / 1e9
  const memory = (c: ContainerSample) => c.stats.memoryWorkingSetBytes
  return renderMetrics([
    {
      name: 'container_cpu_usage_seconds_total',
      help: '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
      type: 'counter',
      values: containers.map(({ labels, sample: c }) => ({ labels, value: cpuSeconds(c), at: c.stats.timestamp })),
    },
    {
      name: 'container_memory_working_set_bytes',
      help: '[STABLE] Current working set of the container in bytes',
      type: 'gauge',
      values: containers.map(({ labels, sample: c }) => ({ labels, value: memory(c), at: c.stats.timestamp })),
    },
    {
      name: 'container_start_time_seconds',
      help: '[STABLE] Start time of the container since unix epoch in seconds',
      type: 'gauge',
      values: containers.map(({ labels, sample: c }) => ({ labels, value: c.state.startedAt / 1000 })),
    },
    {
      name: 'node_cpu_usage_seconds_total',
      help: '[STABLE] Cumulative cpu time consumed by the node in core-seconds',
      type: 'counter',
      values: [{ value: sample.cpuNanoseconds / 1e9, at: sample.time }],
    },
    {
      name: 'node_memory_working_set_bytes',
      help: '[STABLE] Current working set of the node in bytes',
      type: 'gauge',
      values: [{ value: sample.memoryTotalBytes - sample.memoryAvailableBytes, at: sample.time }],
    },
    {
      name: 'pod_cpu_usage_seconds_total',
      help: '[STABLE] Cumulative cpu time consumed by the pod in core-seconds',
      type: 'counter',
      values: perPod(cpuSeconds),
    },
    {
      name: 'pod_memory_working_set_bytes',
      help: '[STABLE] Current working set of the pod in bytes',
      type: 'gauge',
      values: perPod(memory),
    },
    {
      name: 'resource_scrape_error',
      help: '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise',
      type: 'gauge',
      values: [{ value: 0 }],
    },
  ])
}

/** The part of cAdvisor's metrics that the runtime can tell. */
export function cadvisorMetrics(sample: NodeSample, machine: { cpus: number; memoryBytes: number }): string {
  const containers = containersOf(sample).map(({ labels, sample: c }) => ({
    labels: { ...labels, id: c.stats.id, image: c.state.image, name: c.stats.id },
    sample: c,
  }))
  const of = (pick: (c: ContainerSample) => number) =>
    containers.map(({ labels, sample: c }) => ({ labels, value: pick(c), at: c.stats.timestamp }))
  return renderMetrics([
    {
      name: 'container_cpu_usage_seconds_total',
      help: 'Cumulative cpu time consumed in seconds.',
      type: 'counter',
      values: of((c) => c.stats.cpuUsageNanoseconds / 1e9),
    },
    {
      name: 'container_memory_working_set_bytes',
      help: 'Current working set in bytes.',
      type: 'gauge',
      values: of((c) => c.stats.memoryWorkingSetBytes),
    },
    {
      name: 'container_fs_usage_bytes',
      help: 'Number of bytes that are consumed by the container on this filesystem.',
      type: 'gauge',
      values: of((c) => c.stats.filesystemUsedBytes),
    },
    {
      name: 'container_start_time_seconds',
      help: 'Start time of the container since unix epoch in seconds.',
      type: 'gauge',
      values: of((c) => c.state.startedAt / 1000),
    },
    {
      name: 'machine_cpu_cores',
      help: 'Number of logical CPU cores.',
      type: 'gauge',
      values: [{ value: machine.cpus }],
    },
    {
      name: 'machine_memory_bytes',
      help: 'Amount of memory installed on the machine.',
      type: 'gauge',
      values: [{ value: machine.memoryBytes }],
    },
  ])
}

/** The kubelet about itself. */
export function kubeletMetrics(facts: {
  nodeName: string
  version: string
  pods: number
  containers: Readonly<Record<string, number>>
  residentBytes: number
  cpuSeconds: number
}): string {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(facts.version) ?? []
  return renderMetrics([
    {
      name: 'kubelet_node_name',
      help: "[ALPHA] The node's name. The count is always 1.",
      type: 'gauge',
      values: [{ labels: { node: facts.nodeName }, value: 1 }],
    },
    {
      name: 'kubelet_running_pods',
      help: '[ALPHA] Number of pods that have a running pod sandbox',
      type: 'gauge',
      values: [{ value: facts.pods }],
    },
    {
      name: 'kubelet_running_containers',
      help: '[ALPHA] Number of containers currently running',
      type: 'gauge',
      values: Object.entries(facts.containers).map(([state, value]) => ({ labels: { container_state: state }, value })),
    },
    {
      name: 'kubernetes_build_info',
      help: "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version of the build.",
      type: 'gauge',
      values: [{ labels: { git_version: facts.version, major, minor }, value: 1 }],
    },
    {
      name: 'process_resident_memory_bytes',
      help: 'Resident memory size in bytes.',
      type: 'gauge',
      values: [{ value: facts.residentBytes }],
    },
    {
      name: 'process_cpu_seconds_total',
      help: 'Total user and system CPU time spent in seconds.',
      type: 'counter',
      values: [{ value: facts.cpuSeconds }],
    },
  ])
}
