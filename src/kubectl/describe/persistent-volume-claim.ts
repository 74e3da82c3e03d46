// PersistentVolumeClaims, and claims that pods make for themselves.

import type { PersistentVolumeClaim, Pod } from '../../api/generated/core-v1.ts'
import { compareBytes } from '../../machinery/go/value.ts'
import { as, type Describer, listOf } from './describer.ts'
import { printEvents, subjectOf } from './events.ts'
import {
  dateText,
  type Meta,
  printLabelsAndAnnotations,
  printMultiline,
  printName,
  quantityText,
  since,
} from './format.ts'
import type { PrefixWriter } from './writer.ts'

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class'
const MODES = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
] as const

/** `RWO,ROX`, always in the same order. */
export function accessModesText(modes: readonly string[] = []): string {
  return MODES.filter(([mode]) => modes.includes(mode))
    .map(([, short]) => short)
    .join(',')
}

/** The storage class, from the old annotation or from the spec. */
export function storageClassOf(metadata: Meta, spec: { storageClassName?: string }): string {
  return metadata.annotations?.[CLASS_ANNOTATION] ?? spec.storageClassName ?? ''
}

/** A claim's spec; of a claim that is an object of its own, everything. */
export function printClaim(
  w: PrefixWriter,
  claim: { metadata: Meta; spec: PersistentVolumeClaim['spec'] },
  full?: { status: PersistentVolumeClaim['status']; now: number },
): void {
  const { metadata, spec } = claim
  if (full) printName(w, metadata)
  w.line(0, `StorageClass:\t${storageClassOf(metadata, spec)}`)
  if (full) {
    const { deletionTimestamp } = metadata
    const lasts = deletionTimestamp && `Terminating (lasts ${since(deletionTimestamp, full.now)})`
    w.line(0, `Status:\t${lasts ?? full.status?.phase ?? ''}`)
  }
  w.line(0, `Volume:\t${spec.volumeName ?? ''}`)
  printLabelsAndAnnotations(w, metadata)
  if (full) w.line(0, `Finalizers:\t[${(metadata.finalizers ?? []).join(' ')}]`)
  w.line(0, `Capacity:\t${spec.volumeName ? quantityText(full?.status?.capacity?.storage) : ''}`)
  w.line(0, `Access Modes:\t${spec.volumeName ? accessModesText(full?.status?.accessModes) : ''}`)
  if (spec.volumeMode) w.line(0, `VolumeMode:\t${spec.volumeMode}`)
  if (!spec.dataSource) return
  w.line(0, 'DataSource:')
  if (typeof spec.dataSource.apiGroup === 'string') w.line(1, `APIGroup:\t${spec.dataSource.apiGroup}`)
  w.line(1, `Kind:\t${spec.dataSource.kind}`)
  w.line(1, `Name:\t${spec.dataSource.name}`)
}

/** The pods of the claim's namespace that use it or own it. */
function usersOf(claim: PersistentVolumeClaim, pods: readonly Pod[]): Pod[] {
  const users: Pod[] = []
  for (const pod of pods) {
    for (const volume of pod.spec.volumes ?? []) {
      if (volume.persistentVolumeClaim?.claimName === claim.metadata.name) users.push(pod)
    }
  }
  for (const owner of claim.metadata.ownerReferences ?? []) {
    if (owner.kind !== 'Pod' || users.some((pod) => pod.metadata.uid === owner.uid)) continue
    const pod = pods.find((candidate) => candidate.metadata.uid === owner.uid)
    if (pod) users.push(pod)
  }
  return users
}

export const describePersistentVolumeClaim: Describer = async (object, w, context) => {
  const claim = as<PersistentVolumeClaim>(object)
  const { namespace } = claim.metadata
  const pods = await listOf<Pod>(context.reader, { apiVersion: 'v1', resource: 'pods', namespace })
  printClaim(w, claim, { status: claim.status, now: context.now })
  const names = usersOf(claim, pods).map((pod) => pod.metadata.name)
  printMultiline(w, 'Used By:\t', '\t', names.sort(compareBytes))
  const conditions = claim.status?.conditions ?? []
  if (conditions.length > 0) {
    w.line(0, 'Conditions:')
    w.line(1, 'Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage')
    w.line(1, '----\t------\t-----------------\t------------------\t------\t-------')
  }
  for (const c of conditions) {
    const times = `${dateText(c.lastProbeTime)} \t${dateText(c.lastTransitionTime)}`
    w.line(1, `${c.type} \t${c.status} \t${times} \t${c.reason ?? ''} \t${c.message ?? ''}`)
  }
  await printEvents(w, context, subjectOf(object))
}
