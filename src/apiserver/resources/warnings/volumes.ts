// What is to be said of the volumes of pods, of claims and of volumes for claims.
// Model: k8s.io/kubernetes/pkg/api/{pod,persistentvolume,persistentvolumeclaim}.

import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  Volume,
  VolumeProjection,
} from '../../../api/generated/core-v1.ts'
import { quantityMilli } from '../../../machinery/quantity.ts'
import { canonical } from '../core/resource-requirements.ts'
import { termWarnings } from './node-labels.ts'

const gone = (deprecated: string, removed: string) => `deprecated in ${deprecated}, non-functional in ${removed}+`
/** Kinds of volumes in the order in which they are told. */
const POD_VOLUMES = [
  ['photonPersistentDisk', gone('v1.11', 'v1.16')],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', gone('v1.16', 'v1.22')],
  ['flocker', gone('v1.22', 'v1.25')],
  ['storageos', gone('v1.22', 'v1.25'), 'storageOS'],
  ['quobyte', gone('v1.22', 'v1.25')],
  ['glusterfs', gone('v1.25', 'v1.26')],
  ['ephemeral', ''],
  ['cephfs', gone('v1.28', 'v1.31')],
  ['rbd', gone('v1.28', 'v1.31')],
] as const
const CLAIMED_VOLUMES = [
  ['cephfs', gone('v1.28', 'v1.31')],
  ['photonPersistentDisk', gone('v1.11', 'v1.16')],
  ['scaleIO', gone('v1.16', 'v1.22')],
  ['storageos', gone('v1.22', 'v1.25'), 'storageOS'],
  ['glusterfs', gone('v1.25', 'v1.26')],
  ['rbd', gone('v1.28', 'v1.31')],
] as const
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class'
const BETA_OPTIONS = 'volume.beta.kubernetes.io/mount-options'
const instead = (since: string, attribute: string) => `deprecated since ${since}; use "${attribute}" attribute instead`

/** Of an amount of bytes that is no whole number. */
export function fractionWarnings(path: string, amounts: Readonly<Record<string, string>> = {}, name: string): string[] {
  const amount = amounts[name]
  if (amount === undefined || quantityMilli(amount) % 1000 === 0) return []
  const shown = JSON.stringify(canonical(amount))
  return [`${path}[${name}]: fractional byte value ${shown} is invalid, must be an integer`]
}

export function claimSpecWarnings({ resources = {} }: PersistentVolumeClaimSpec, path: string): string[] {
  return (['requests', 'limits'] as const).flatMap((list) =>
    fractionWarnings(`${path}.resources.${list}`, resources[list], 'storage'),
  )
}

export function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  const old = metadata.annotations?.[BETA_CLASS] !== undefined
  return [
    ...(old ? [`metadata.annotations[${BETA_CLASS}]: ${instead('v1.8', 'storageClassName')}`] : []),
    ...claimSpecWarnings(spec, 'spec'),
  ]
}

export function volumeWarnings({ metadata, spec }: PersistentVolume): string[] {
  const { annotations = {} } = metadata
  const retired = [
    [BETA_CLASS, instead('v1.8', 'storageClassName')],
    [BETA_OPTIONS, instead('v1.31', 'mountOptions')],
  ] as const
  const recycled =
    'The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.'
  const given: object = spec
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
  return [
    ...retired.flatMap(([name, why]) => (name in annotations ? [`metadata.annotations[${name}]: ${why}`] : [])),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle' ? [`spec.persistentVolumeReclaimPolicy: ${recycled}`] : []),
    ...terms.flatMap((term, i) => termWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`)),
    ...CLAIMED_VOLUMES.flatMap(([kind, why, shown = kind]) => (kind in given ? [`spec.${shown}: ${why}`] : [])),
  ]
}

/** Of the volumes of a pod at `path`. */
export function podVolumeWarnings(volumes: readonly Volume[], path: string): string[] {
  const old = volumes.flatMap((volume, i) =>
    POD_VOLUMES.flatMap(([kind, why, shown = kind]) => {
      if (volume[kind] === undefined) return []
      if (kind !== 'ephemeral') return [`${path}[${i}].${shown}: ${why}`]
      const spec = volume.ephemeral?.volumeClaimTemplate?.spec
      return spec ? claimSpecWarnings(spec, `${path}[${i}].ephemeral.volumeClaimTemplate.spec`) : []
    }),
  )
  return [...old, ...volumes.flatMap(overlapWarnings)]
}

interface Place {
  readonly path: string
  /** What puts a file there, if there are several. */
  readonly source: string
}

const shownPlace = ({ path, source }: Place) => (source ? `${JSON.stringify(path)} (${source})` : JSON.stringify(path))
const placesOf = (items: readonly { path: string }[] = [], source = ''): Place[] =>
  items.map(({ path }) => ({ path, source }))

function overlapWarnings(volume: Volume): string[] {
  const { name, configMap, secret, downwardAPI, projected } = volume
  const tell = (what: string, lists: readonly Place[]) =>
    overlaps(lists).map((pair) => `volume ${JSON.stringify(name)} (${what}): overlapping paths: ${pair}`)
  const warnings = [
    ...tell(`ConfigMap ${JSON.stringify(configMap?.name ?? '')}`, placesOf(configMap?.items)),
    ...tell(`Secret ${JSON.stringify(secret?.secretName ?? '')}`, placesOf(secret?.items)),
    ...tell('DownwardAPI', placesOf(downwardAPI?.items)),
  ]
  const sources = projected?.sources ?? []
  for (const source of sources) {
    if (Object.keys(source).length > 0) continue
    warnings.push(`volume ${JSON.stringify(name)} (Projected) has no sources provided`)
  }
  return [...warnings, ...tell('Projected', sources.flatMap(projectedPlaces))]
}

function projectedPlaces(source: VolumeProjection): Place[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source
  if (configMap?.items) return placesOf(configMap.items, `ConfigMap ${JSON.stringify(configMap.name ?? '')}`)
  if (secret?.items) return placesOf(secret.items, `Secret ${JSON.stringify(secret.name ?? '')}`)
  if (downwardAPI?.items) return placesOf(downwardAPI.items, 'DownwardAPI')
  if (serviceAccountToken) return placesOf([serviceAccountToken], 'ServiceAccountToken')
  if (clusterTrustBundle) {
    const name = clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? ''
    return placesOf([clusterTrustBundle], `ClusterTrustBundle ${JSON.stringify(name)}`)
  }
  if (!podCertificate) return []
  const { certificateChainPath, keyPath, credentialBundlePath } = podCertificate
  const parts = { chain: certificateChainPath, key: keyPath, 'credential bundle': credentialBundlePath }
  return Object.entries(parts).flatMap(([part, path]) => (path ? placesOf([{ path }], `PodCertificate ${part}`) : []))
}

/** Pairs of places of which one is the other or in it. */
function overlaps(places: readonly Place[]): string[] {
  const plain = places.map(({ path, source }) => ({ path: path.replace(/\/+$/, ''), source }))
  return plain.flatMap((place, i) =>
    plain
      .slice(0, i)
      .filter(({ path }) => path !== '' && place.path !== '' && isWithin(path, place.path))
      .map((other) => `${shownPlace(place)} with ${shownPlace(other)}`),
  )
}

const isWithin = (one: string, other: string) => `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`)
