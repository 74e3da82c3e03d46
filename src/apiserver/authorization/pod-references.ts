// Which other objects a pod refers to: what its node has to read to run it.
// Model: VisitPodSecretNames, VisitPodConfigmapNames and Graph.AddPod of k8s.io/kubernetes.

import type { PersistentVolume, Pod } from '../../api/generated/core-v1.ts'
import { isRecord } from '../api-object.ts'

const MIRROR = 'kubernetes.io/config.mirror'

/** Whether the pod stands for one that its node runs by itself: such a pod refers to nothing that its node may read. */
export const isMirror = ({ metadata }: Pod): boolean => metadata.annotations?.[MIRROR] !== undefined

const containersOf = ({ spec }: Pod) => [
  ...(spec.containers ?? []),
  ...(spec.initContainers ?? []),
  ...(spec.ephemeralContainers ?? []),
]

/** Names of secrets in one source of a volume, however its kind calls them. */
function secretsIn(source: unknown): string[] {
  if (!isRecord(source)) return []
  const refs = [source.secretRef, source.nodePublishSecretRef, source.nodeStageSecretRef, source.nodeExpandSecretRef]
  const names = refs.map((ref) => (isRecord(ref) ? ref.name : undefined))
  return [...names, source.secretName].filter((name): name is string => typeof name === 'string')
}

export function secretsOf(pod: Pod): string[] {
  const volumes = pod.spec.volumes ?? []
  return [
    ...(pod.spec.imagePullSecrets ?? []).map(({ name }) => name ?? ''),
    ...containersOf(pod).flatMap(({ envFrom = [], env = [] }) => [
      ...envFrom.map(({ secretRef }) => secretRef?.name ?? ''),
      ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? ''),
    ]),
    ...volumes.flatMap((volume) => Object.values(volume).flatMap(secretsIn)),
    ...volumes.flatMap(({ projected }) => (projected?.sources ?? []).map(({ secret }) => secret?.name ?? '')),
  ].filter((name) => name !== '')
}

export function configMapsOf(pod: Pod): string[] {
  const volumes = (pod.spec.volumes ?? []).flatMap((volume) => [volume, ...(volume.projected?.sources ?? [])])
  return [
    ...volumes.map(({ configMap }) => configMap?.name ?? ''),
    ...containersOf(pod).flatMap(({ envFrom = [], env = [] }) => [
      ...envFrom.map(({ configMapRef }) => configMapRef?.name ?? ''),
      ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name ?? ''),
    ]),
  ].filter((name) => name !== '')
}

export function volumeClaimsOf({ metadata, spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [volume.persistentVolumeClaim.claimName]
    return volume.ephemeral ? [`${metadata.name}-${volume.name}`] : []
  })
}

export function resourceClaimsOf({ spec, status }: Pod): string[] {
  const made = new Map((status.resourceClaimStatuses ?? []).map((one) => [one.name, one.resourceClaimName]))
  const named = (spec.resourceClaims ?? []).map(({ name, resourceClaimName }) => resourceClaimName ?? made.get(name))
  return [...named, status.extendedResourceClaimStatus?.resourceClaimName].filter((name) => name !== undefined)
}

/** The secrets that mounting a volume takes, as `namespace/name`. */
export function secretsOfVolume({ spec }: PersistentVolume): string[] {
  const home = spec.claimRef?.namespace ?? ''
  return Object.values(spec).flatMap((source) => {
    if (!isRecord(source)) return []
    const refs = [source.secretRef, source.nodePublishSecretRef, source.nodeStageSecretRef, source.nodeExpandSecretRef]
    const named = refs.filter(isRecord).map(({ namespace, name }) => `${namespace || home}/${name}`)
    return source.secretName ? [...named, `${source.secretNamespace || home}/${source.secretName}`] : named
  })
}
