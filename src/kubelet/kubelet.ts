// The kubelet: makes this machine a node of the cluster and runs the pods that are bound to it.

import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Taint } from '../api/generated/core-v1.ts'
import { nodes, pods, services } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import { Informer } from '../client/informer.ts'
import type { Clock } from '../machinery/clock.ts'
import { ifThere } from '../machinery/if-there.ts'
import type { Logger } from '../machinery/logger.ts'
import type { Random } from '../machinery/random.ts'
import { createPodCgroups, noCgroups } from './cgroups/pod-cgroups.ts'
import { ImageManager } from './images.ts'
import { runLogRotation } from './log-rotation.ts'
import { readMachine } from './machine.ts'
import { NodeAgent } from './node-agent.ts'
import { runNodeLease } from './node-lease.ts'
import { Backoff } from './pods/backoff.ts'
import { parseResolvConf } from './pods/dns.ts'
import { ExitWatch } from './pods/exit-watch.ts'
import type { PodEnv } from './pods/pod-env.ts'
import { PodManager } from './pods/pod-manager.ts'
import { RuntimeCache } from './pods/runtime-cache.ts'
import { StatusManager } from './pods/status-manager.ts'
import type { ApiPod } from './pods/types.ts'
import { ProbeManager } from './probes/probe-manager.ts'
import type { Runtime } from './runtime/runtime.ts'
import { kubeletDocuments } from './server/documents.ts'
import { type KubeletServerOptions, startKubeletServer } from './server/server.ts'
import { type Mounter, systemMounter } from './volumes/mounter.ts'
import { ObjectStore } from './volumes/object-store.ts'
import { TokenManager } from './volumes/tokens.ts'
import { VolumeManager } from './volumes/volume-manager.ts'

export interface KubeletOptions {
  readonly client: Client
  readonly runtime: Runtime
  readonly nodeName: string
  /** Addresses of the node, the primary one first; a second one is of the other family. */
  readonly nodeIPs: readonly string[]
  readonly hostname: string
  readonly dirs: {
    /** Holds pods' volumes and files. */
    readonly root: string
    readonly podLogs: string
  }
  readonly cluster: { readonly dns: readonly string[]; readonly domain: string }
  /** Pod range to use from the start; otherwise spec.podCIDR of the Node is waited for. */
  readonly podCidr?: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Ends the kubelet. Pods go on running. */
  readonly signal: AbortSignal
  /** Absent: no API is served, e.g. for many simulated nodes in one process. */
  readonly server?: KubeletServerOptions
  /** Parent of all pods' cgroups, e.g. `/sampan-main/kubepods`. Absent: cgroups are left to the runtime. */
  readonly cgroupRoot?: string
  /** `v1.36.1+sampan.0.1.0`. */
  readonly version: string
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: readonly Taint[]
  readonly maxPods?: number
  /** Amounts kept back from pods, e.g. `{ cpu: '100m', memory: '256Mi' }`. */
  readonly reserved?: Readonly<Record<string, string>>
  /** The node's resolver configuration; /etc/resolv.conf when absent. */
  readonly resolvConf?: string
  /** Mounts memory volumes; the machine's own mounts when absent. */
  readonly mounter?: Mounter
}

export interface KubeletHandle {
  /** Port of the kubelet's API; 0 when none is served. */
  readonly port: number
  /** The pods this kubelet looks after. */
  pods(): readonly ApiPod[]
  /** Resolves when everything has ended after the signal aborted. */
  readonly stopped: Promise<void>
}

const CRASH_BACKOFF = { initial: 10_000, max: 300_000 }
const DEFAULT_MAX_PODS = 110

/** Starts the kubelet. Resolves once the node is registered; pods are run from then on. */
export async function runKubelet(options: KubeletOptions): Promise<KubeletHandle> {
  const { client, runtime, clock, log, signal, nodeName, dirs } = options
  await Promise.all([join(dirs.root, 'pods'), dirs.podLogs].map((d) => mkdir(d, { recursive: true, mode: 0o750 })))
  const [machine, version] = await Promise.all([readMachine(), runtime.version()])
  const events = createEventRecorder({ client, clock, log, component: 'kubelet', host: nodeName })
  const cache = new RuntimeCache(runtime)
  const exits = new ExitWatch(runtime)
  const informerEnv = { client, clock, log }
  const wake = (uid: string) => manager.wake(uid)
  const objects = new ObjectStore(informerEnv, (uid) => manager.retry(uid))
  const probes = new ProbeManager({ ...options, events, hostIP: options.nodeIPs[0] ?? '', changed: wake })
  const serviceInformer = new Informer(informerEnv, services)
  const images = new ImageManager({ runtime, clock, events })
  const mounter = options.mounter ?? systemMounter
  const tokens = new TokenManager({ client, clock })
  const volumes = new VolumeManager({ root: dirs.root, client, clock, objects, tokens, mounter })
  const podInformer = new Informer(informerEnv, pods, { fieldSelector: `spec.nodeName=${nodeName}` })

  let agent: NodeAgent | undefined
  const env: PodEnv = {
    client,
    runtime,
    clock,
    log,
    events,
    signal,
    cache,
    probes,
    volumes,
    objects,
    images,
    cgroups: options.cgroupRoot
      ? await createPodCgroups({ mountpoint: '/sys/fs/cgroup', root: options.cgroupRoot, log })
      : noCgroups,
    statuses: new StatusManager({ client, clock, log, signal }),
    crashes: new Backoff(CRASH_BACKOFF),
    services: async () => {
      await serviceInformer.waitForSync()
      return serviceInformer.list()
    },
    node: {
      hostIPs: options.nodeIPs,
      memoryBytes: machine.memoryBytes,
      allocatable: () => agent?.allocatable() ?? {},
      room: () => ({ allocatable: agent?.allocatable() ?? {}, labels: agent?.labels() ?? {} }),
    },
    dirs: { root: dirs.root, podLogs: dirs.podLogs, hostsFile: '/etc/hosts' },
    cluster: options.cluster,
    hostDns: parseResolvConf((await ifThere(readFile(options.resolvConf ?? '/etc/resolv.conf', 'utf8'))) ?? ''),
    runtimeName: version.runtimeName,
    version: options.version,
  }
  const manager: PodManager = new PodManager(env, podInformer, exits)

  const server = options.server
    ? await startKubeletServer(options.server, {
        runtime,
        clock,
        log,
        exits,
        cache,
        nodeName,
        pods: () => manager.pods(),
        find: (namespace, name) => manager.find(namespace, name),
        documents: kubeletDocuments({ ...options, cache, machine, root: dirs.root, pods: () => manager.pods() }),
      })
    : undefined
  agent = new NodeAgent({
    ...options,
    machine,
    runtimeVersion: `${version.runtimeName}://${version.runtimeVersion}`,
    port: server?.port ?? 0,
    maxPods: options.maxPods ?? DEFAULT_MAX_PODS,
    reserved: options.reserved ?? {},
    labels: options.labels ?? {},
    taints: options.taints ?? [],
    root: dirs.root,
  })
  void serviceInformer.run(signal)
  const node = await agent.register()
  const target = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, uid: nodeName } }
  events.event(target, 'Normal', 'Starting', 'Starting kubelet.')
  log.info('kubelet-started', { node: nodeName, resource: nodes.resource, port: server?.port ?? 0 })
  const stopped = Promise.all([
    agent.run(),
    runNodeLease({ client, clock, log, signal }, { name: nodeName, uid: node.metadata.uid }),
    manager.run(),
    runLogRotation({ runtime, clock, log, signal, logs: () => runningLogs(manager, cache) }),
  ]).then(async () => {
    probes.close()
    objects.close()
    await server?.close()
  })
  return { port: server?.port ?? 0, pods: () => manager.pods(), stopped }
}

function runningLogs(manager: PodManager, cache: RuntimeCache): { id: string; path: string }[] {
  return manager
    .pods()
    .flatMap((pod) => cache.peek(pod.metadata.uid).containers)
    .filter((c) => c.state === 'running' && c.logPath !== '')
    .map((c) => ({ id: c.id, path: c.logPath }))
}
