// The APIService objects of what this server serves itself: made when they are missing, and taken away with the
// definition of a custom resource that they were made for.
// Model: the autoregistration controllers of k8s.io/kube-aggregator.

import type { APIService } from '../../api/generated/apiregistration-v1.ts'
import { apiservices } from '../../api/generated/resources.ts'
import type { Client, New } from '../../client/client.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { isReason } from '../../machinery/errors.ts'

/** `onstart`: made at the start and then left to its owner; `true`: kept, and taken away when it is no longer served. */
const AUTOMANAGED = 'kube-aggregator.kubernetes.io/automanaged'

/** A group version that is served here. */
export interface LocalVersion {
  readonly group: string
  readonly version: string
  /** Whether it comes from definitions of custom resources. */
  readonly custom: boolean
}

/** Upstream's places of groups, and of versions that are not simply the newest first. */
const PRIORITIES: Readonly<Record<string, { group: number; version: number }>> = {
  '/v1': { group: 18_000, version: 1 },
  'apps/v1': { group: 17_800, version: 15 },
  'events.k8s.io/v1': { group: 17_750, version: 15 },
  'authentication.k8s.io/v1': { group: 17_700, version: 15 },
  'authorization.k8s.io/v1': { group: 17_600, version: 15 },
  'autoscaling/v1': { group: 17_500, version: 15 },
  'autoscaling/v2': { group: 17_500, version: 30 },
  'batch/v1': { group: 17_400, version: 15 },
  'certificates.k8s.io/v1': { group: 17_300, version: 15 },
  'certificates.k8s.io/v1alpha1': { group: 17_300, version: 1 },
  'networking.k8s.io/v1': { group: 17_200, version: 15 },
  'policy/v1': { group: 17_100, version: 15 },
  'rbac.authorization.k8s.io/v1': { group: 17_000, version: 15 },
  'storage.k8s.io/v1': { group: 16_800, version: 15 },
  'apiextensions.k8s.io/v1': { group: 16_700, version: 15 },
  'admissionregistration.k8s.io/v1': { group: 16_700, version: 15 },
  'admissionregistration.k8s.io/v1beta1': { group: 16_700, version: 12 },
  'scheduling.k8s.io/v1': { group: 16_600, version: 15 },
  'coordination.k8s.io/v1': { group: 16_500, version: 15 },
  'coordination.k8s.io/v1beta1': { group: 16_500, version: 13 },
  'coordination.k8s.io/v1alpha2': { group: 16_500, version: 12 },
  'node.k8s.io/v1': { group: 16_300, version: 15 },
  'discovery.k8s.io/v1': { group: 16_200, version: 15 },
  'flowcontrol.apiserver.k8s.io/v1': { group: 16_100, version: 21 },
  'internal.apiserver.k8s.io/v1alpha1': { group: 16_000, version: 9 },
  'resource.k8s.io/v1': { group: 15_900, version: 20 },
  'resource.k8s.io/v1beta2': { group: 15_900, version: 15 },
  'resource.k8s.io/v1alpha3': { group: 15_900, version: 1 },
  'storagemigration.k8s.io/v1beta1': { group: 15_800, version: 9 },
}
const CUSTOM = { group: 1000, version: 100 }
/** Versions beside those of today: behind them. */
const OTHER_VERSION = 9
const RETIRED_GROUP = { group: 100, version: 1 }
/** The aggregator serves its own group; it is not registered with itself. */
const OWN_GROUP = 'apiregistration.k8s.io'

/** The APIService of a local version. Spec: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/api-service-v1/ */
export function localService({ group, version, custom }: LocalVersion): New<APIService> {
  const places = custom ? CUSTOM : prioritiesOf(group, version)
  return {
    metadata: {
      name: `${version}.${group}`,
      labels: { [AUTOMANAGED]: custom ? 'true' : 'onstart' },
    },
    spec: {
      ...(group === '' ? {} : { group }),
      version,
      groupPriorityMinimum: places.group,
      versionPriority: places.version,
    },
  }
}

function prioritiesOf(group: string, version: string): { group: number; version: number } {
  const known = PRIORITIES[`${group}/${version}`]
  if (known) return known
  const home = PRIORITIES[`${group}/v1`]
  return home ? { group: home.group, version: OTHER_VERSION } : RETIRED_GROUP
}

/** What is to be made and what to be taken away so that there is a service for every local version. */
export function planLocalServices(
  existing: readonly DeepReadonly<APIService>[],
  served: readonly LocalVersion[],
): { readonly create: readonly LocalVersion[]; readonly remove: readonly string[] } {
  const names = new Set(existing.map(({ metadata }) => metadata.name))
  const wanted = served.filter(({ group }) => group !== OWN_GROUP)
  const kept = new Set(wanted.map(({ group, version }) => `${version}.${group}`))
  return {
    create: wanted.filter(({ group, version }) => !names.has(`${version}.${group}`)),
    remove: existing
      .filter(({ metadata }) => metadata.labels?.[AUTOMANAGED] === 'true' && !kept.has(metadata.name))
      .map(({ metadata }) => metadata.name),
  }
}

/** Brings the objects in line with what is served. Safe to run at any time. */
export async function syncLocalServices(client: Client, served: readonly LocalVersion[]): Promise<void> {
  const { items } = await client.list(apiservices)
  const { create, remove } = planLocalServices(items, served)
  await Promise.all(create.map((version) => make(client, localService(version))))
  await Promise.all(remove.map((name) => take(client, name)))
}

async function make(client: Client, service: New<APIService>): Promise<void> {
  try {
    await client.create(apiservices, service)
  } catch (error) {
    // Someone else made it meanwhile.
    if (!isReason(error, 'AlreadyExists')) throw error
  }
}

async function take(client: Client, name: string): Promise<void> {
  try {
    await client.delete(apiservices, { name })
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error
  }
}
