// Persistent volumes, storage classes, CSI nodes and volume attributes classes.

import type { NodeSelectorRequirement, PersistentVolume } from '../../api/generated/core-v1.ts'
import type { CSINode, StorageClass, VolumeAttributesClass } from '../../api/generated/storage-v1.ts'
import { as, type Describer } from './describer.ts'
import { printEvents, subjectOf } from './events.ts'
import {
  boolTextOrUnset,
  dateText,
  formatLabels,
  printLabelsAndAnnotations,
  printName,
  quantityText,
  since,
} from './format.ts'
import { accessModesText, storageClassOf } from './persistent-volume-claim.ts'
import { printPersistentSource } from './volumes.ts'
import type { PrefixWriter } from './writer.ts'

export const describePersistentVolume: Describer = async (object, w, context) => {
  const { metadata, spec, status } = as<PersistentVolume>(object)
  printName(w, metadata, false)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, `Finalizers:\t[${(metadata.finalizers ?? []).join(' ')}]`)
  w.line(0, `StorageClass:\t${storageClassOf(metadata, spec)}`)
  const { deletionTimestamp } = metadata
  const lasts = deletionTimestamp && `Terminating (lasts ${since(deletionTimestamp, context.now)})`
  w.line(0, `Status:\t${lasts ?? status.phase ?? ''}`)
  w.line(0, `Claim:\t${spec.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : ''}`)
  w.line(0, `Reclaim Policy:\t${spec.persistentVolumeReclaimPolicy ?? ''}`)
  w.line(0, `Access Modes:\t${accessModesText(spec.accessModes)}`)
  if (spec.volumeMode) w.line(0, `VolumeMode:\t${spec.volumeMode}`)
  w.line(0, `Capacity:\t${quantityText(spec.capacity?.storage)}`)
  printNodeAffinity(w, spec.nodeAffinity)
  w.line(0, `Message:\t${status.message ?? ''}`)
  w.line(0, 'Source:')
  printPersistentSource(w, spec)
  await printEvents(w, context, subjectOf(object))
}

function printNodeAffinity(w: PrefixWriter, affinity: PersistentVolume['spec']['nodeAffinity']): void {
  w.write(0, 'Node Affinity:\t')
  if (!affinity?.required) return w.rest('<none>')
  w.rest('')
  w.write(1, 'Required Terms:\t')
  const terms = affinity.required.nodeSelectorTerms ?? []
  if (terms.length === 0) return w.rest('<none>')
  w.rest('')
  terms.forEach((term, i) => {
    printRequirements(w, { level: 2, title: `Term ${i}` }, (term.matchExpressions ?? []).map(requirementText))
  })
}

function requirementText({ key, operator, values = [] }: NodeSelectorRequirement): string {
  const text = `${key} ${operator.toLowerCase()}`
  return values.length > 0 ? `${text} [${values.join(', ')}]` : text
}

function printRequirements(
  w: PrefixWriter,
  { level, title }: { level: number; title: string },
  texts: readonly string[],
): void {
  w.write(level, `${title}:\t`)
  if (texts.length === 0) return w.rest('<none>')
  texts.forEach((text, i) => {
    if (i > 0) w.write(level, '\t')
    w.line(0, text)
  })
}

export const describeStorageClass: Describer = async (object, w, context) => {
  const storageClass = as<StorageClass>(object)
  const { metadata } = storageClass
  const { annotations } = metadata
  const isDefault = ['storageclass.kubernetes.io', 'storageclass.beta.kubernetes.io'].some(
    (group) => annotations?.[`${group}/is-default-class`] === 'true',
  )
  printName(w, metadata, false)
  w.line(0, `IsDefaultClass:\t${isDefault ? 'Yes' : 'No'}`)
  w.line(0, `Annotations:\t${formatLabels(annotations)}`)
  w.line(0, `Provisioner:\t${storageClass.provisioner}`)
  w.line(0, `Parameters:\t${formatLabels(storageClass.parameters)}`)
  w.line(0, `AllowVolumeExpansion:\t${boolTextOrUnset(storageClass.allowVolumeExpansion)}`)
  const options = storageClass.mountOptions ?? []
  w.line(0, options.length === 0 ? 'MountOptions:\t<none>' : 'MountOptions:')
  for (const option of options) w.line(1, option)
  if (storageClass.reclaimPolicy) w.line(0, `ReclaimPolicy:\t${storageClass.reclaimPolicy}`)
  if (storageClass.volumeBindingMode) w.line(0, `VolumeBindingMode:\t${storageClass.volumeBindingMode}`)
  if (storageClass.allowedTopologies) printTopologies(w, storageClass.allowedTopologies)
  await printEvents(w, context, subjectOf(object))
}

function printTopologies(w: PrefixWriter, terms: NonNullable<StorageClass['allowedTopologies']>): void {
  w.write(0, 'AllowedTopologies:\t')
  if (terms.length === 0) return w.rest('<none>')
  w.rest('')
  terms.forEach((term, i) => {
    const texts = (term.matchLabelExpressions ?? []).map(({ key, values }) =>
      requirementText({ key, operator: 'In', values }),
    )
    printRequirements(w, { level: 1, title: `Term ${i}` }, texts)
  })
}

export const describeVolumeAttributesClass: Describer = async (object, w, context) => {
  const { metadata, driverName, parameters } = as<VolumeAttributesClass>(object)
  printName(w, metadata, false)
  w.line(0, `Annotations:\t${formatLabels(metadata.annotations)}`)
  w.line(0, `DriverName:\t${driverName}`)
  w.line(0, `Parameters:\t${formatLabels(parameters)}`)
  await printEvents(w, context, subjectOf(object))
}

export const describeCsiNode: Describer = async (object, w, context) => {
  const { metadata, spec } = as<CSINode>(object)
  printName(w, metadata, false)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, `CreationTimestamp:\t${dateText(metadata.creationTimestamp)}`)
  w.line(0, 'Spec:')
  if (spec.drivers) w.line(1, 'Drivers:')
  for (const { name, nodeID, allocatable, topologyKeys } of spec.drivers ?? []) {
    w.line(2, `${name}:`)
    w.line(3, `Node ID:\t${nodeID}`)
    if (allocatable?.count !== undefined) {
      w.line(3, 'Allocatables:')
      w.line(4, `Count:\t${allocatable.count}`)
    }
    if (topologyKeys) w.line(3, `Topology Keys:\t[${topologyKeys.join(' ')}]`)
  }
  await printEvents(w, context, subjectOf(object))
}
