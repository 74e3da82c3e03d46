// Everything the pod workers use, handed down once by kubelet.ts.

import type { Service } from '../../api/generated/core-v1.ts'
import type { Client } from '../../client/client.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import type { Clock } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { PodCgroups } from '../cgroups/pod-cgroups.ts'
import type { ImageManager } from '../images.ts'
import type { ProbeManager } from '../probes/probe-manager.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { ObjectStore } from '../volumes/object-store.ts'
import type { VolumeManager } from '../volumes/volume-manager.ts'
import type { NodeRoom } from './admission.ts'
import type { Backoff } from './backoff.ts'
import type { DnsSettings } from './dns.ts'
import type { FieldContext } from './field-ref.ts'
import type { RuntimeCache } from './runtime-cache.ts'
import type { StatusManager } from './status-manager.ts'
import type { ApiPod, PodRuntimeState } from './types.ts'

export interface PodEnv {
  readonly client: Client
  readonly runtime: Runtime
  readonly clock: Clock
  readonly log: Logger
  readonly events: EventRecorder
  readonly signal: AbortSignal
  readonly cache: RuntimeCache
  readonly probes: ProbeManager
  readonly volumes: VolumeManager
  readonly objects: ObjectStore
  readonly images: ImageManager
  readonly cgroups: PodCgroups
  readonly statuses: StatusManager
  readonly crashes: Backoff
  /** The cluster's services, once they have been read. */
  services(): Promise<readonly DeepReadonly<Service>[]>
  readonly node: {
    readonly hostIPs: readonly string[]
    readonly memoryBytes: number
    allocatable(): Readonly<Record<string, string>>
    /** What admission of new pods is decided by. */
    room(): NodeRoom
  }
  readonly dirs: { readonly root: string; readonly podLogs: string; readonly hostsFile: string }
  readonly cluster: { readonly dns: readonly string[]; readonly domain: string }
  readonly hostDns: DnsSettings
  readonly runtimeName: string
  readonly version: string
}

/** What downward API values are taken from. */
export function fieldContext(env: PodEnv, pod: ApiPod, state: PodRuntimeState): FieldContext {
  const podIPs = pod.spec.hostNetwork ? env.node.hostIPs : state.ips
  return { pod, podIPs, hostIPs: env.node.hostIPs, allocatable: env.node.allocatable() }
}
