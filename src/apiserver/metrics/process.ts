// Figures of the process, of its build, and of the metrics themselves.
// Models: github.com/prometheus/client_golang/prometheus/process_collector, k8s.io/component-base/metrics.

import { readdirSync, readFileSync } from 'node:fs'
import type { MetricSet } from '../../machinery/metrics.ts'

/** Figures of the process itself. Measuring the event loop all the time is left out: too much for a server at rest. */
export function addProcess(metrics: MetricSet): void {
  const gauge = (name: string, help: string) => metrics.gauge({ name, help, stability: 'ALPHA' })
  const cpu = metrics.counter({
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
    stability: 'ALPHA',
  })
  const resident = gauge('process_resident_memory_bytes', 'Resident memory size in bytes.')
  const heap = gauge('nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.')
  const open = gauge('process_open_fds', 'Number of open file descriptors.')
  const most = gauge('process_max_fds', 'Maximum number of open file descriptors.')
  const virtual = gauge('process_virtual_memory_bytes', 'Virtual memory size in bytes.')
  const mostVirtual = gauge('process_virtual_memory_max_bytes', 'Maximum amount of virtual memory available in bytes.')
  const network = (way: string, help: string) =>
    metrics.counter({ name: `process_network_${way}_bytes_total`, help, stability: 'ALPHA' })
  const received = network('receive', 'Number of bytes received by the process over the network.')
  const sent = network('transmit', 'Number of bytes sent by the process over the network.')
  addStartTime(metrics)
  metrics.beforeText(() => {
    const { user, system } = process.cpuUsage()
    cpu.of().set((user + system) / 1e6)
    resident.of().set(process.memoryUsage.rss())
    heap.of().set(process.memoryUsage().heapUsed)
    open.of().set(readdirSync('/proc/self/fd').length)
    const limits = readFileSync('/proc/self/limits', 'utf8')
    most.of().set(limitOf(limits, 'Max open files'))
    mostVirtual.of().set(limitOf(limits, 'Max address space'))
    const [, pages = '0'] = /^(\d+)/.exec(readFileSync('/proc/self/statm', 'utf8')) ?? []
    virtual.of().set(Number(pages) * PAGE_BYTES)
    // As upstream: of all devices that the process has, of which the file tells bytes in and bytes out.
    let [bytesIn, bytesOut] = [0, 0]
    for (const [, into, out] of readFileSync('/proc/self/net/dev', 'utf8').matchAll(
      /:\s*(\d+)(?:\s+\d+){7}\s+(\d+)/g,
    )) {
      bytesIn += Number(into)
      bytesOut += Number(out)
    }
    received.of().set(bytesIn)
    sent.of().set(bytesOut)
  })
}

const PAGE_BYTES = 4096

/** The soft limit in a line of /proc/self/limits. */
function limitOf(limits: string, name: string): number {
  const [, limit = '0'] = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(limits) ?? []
  // As the library of upstream's program has it: the largest number of 64 bits.
  return limit === 'unlimited' ? 2 ** 64 : Number(limit)
}

/** When the process began, for whatever has no other figures of it. */
export function addStartTime(metrics: MetricSet): void {
  metrics
    .gauge({
      name: 'process_start_time_seconds',
      help: 'Start time of the process since unix epoch in seconds.',
      stability: 'ALPHA',
    })
    .of()
    .set(Math.round(performance.timeOrigin / 1000))
}

/** How many metrics there are; none is hidden or switched off. */
export function addMetrics(metrics: MetricSet): void {
  const counter = (name: string, help: string, labels: readonly string[] = []) =>
    metrics.counter({ name, help, stability: 'BETA', labels })
  const registered = counter(
    'registered_metrics_total',
    'The count of registered metrics broken by stability level and deprecation version.',
    ['stability_level', 'deprecated_version'],
  )
  counter('hidden_metrics_total', 'The count of hidden metrics.').of().set(0)
  counter('disabled_metrics_total', 'The count of disabled metrics.').of().set(0)
  metrics.beforeText(() => {
    for (const [stability, count] of metrics.byStability) registered.of(stability, '').set(count)
  })
}

/** What this build is, and which features are on. */
export function addBuild(
  metrics: MetricSet,
  version: Readonly<Record<string, string>>,
  features: readonly { readonly name: string; readonly stage: string; readonly on: boolean }[],
): void {
  const labels = [
    ['build_date', 'buildDate'],
    ['compiler', 'compiler'],
    ['git_commit', 'gitCommit'],
    ['git_tree_state', 'gitTreeState'],
    ['git_version', 'gitVersion'],
    ['go_version', 'goVersion'],
    ['major', 'major'],
    ['minor', 'minor'],
    ['platform', 'platform'],
  ] as const
  metrics
    .gauge({
      name: 'kubernetes_build_info',
      help: "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
      stability: 'ALPHA',
      labels: labels.map(([label]) => label),
    })
    .of(...labels.map(([, field]) => version[field] ?? ''))
    .set(1)
  const { major = '', minor = '', gitVersion = '' } = version
  metrics
    .gauge({
      name: 'version_info',
      help: 'Provides the compatibility version info of the component. The component label is the name of the component, usually kube, but is relevant for aggregated-apiservers.',
      stability: 'ALPHA',
      labels: ['binary', 'component', 'emulation', 'min_compat'],
    })
    .of(
      gitVersion.replace(/^v([^+]*).*/, '$1'),
      'kube',
      `${version.emulationMajor ?? major}.${version.emulationMinor ?? minor}`,
      `${version.minCompatibilityMajor ?? major}.${version.minCompatibilityMinor ?? minor}`,
    )
    .set(1)
  const enabled = metrics.gauge({
    name: 'kubernetes_feature_enabled',
    help: 'This metric records the data about the stage and enablement of a k8s feature.',
    stability: 'BETA',
    labels: ['name', 'stage'],
  })
  for (const { name, stage, on } of features) enabled.of(name, stage).set(on ? 1 : 0)
}
