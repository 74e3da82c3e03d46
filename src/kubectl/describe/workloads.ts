// What keeps pods running: replication controllers, replica sets, deployments, daemon sets, stateful sets.

import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../api/generated/apps-v1.ts'
import type { PersistentVolumeClaim, Pod, ReplicationController } from '../../api/generated/core-v1.ts'
import type { LabelSelector } from '../../api/generated/meta-v1.ts'
import { StatusError } from '../../machinery/errors.ts'
import { compareBytes } from '../../machinery/go/value.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { as, type DescribeContext, type Describer, listOf } from './describer.ts'
import { printEvents, subjectOf } from './events.ts'
import {
  controllerText,
  dateText,
  formatLabels,
  type Meta,
  printLabels,
  printLabelsAndAnnotations,
  printName,
  quantityText,
  selectorText,
  selectorTextOrNone,
} from './format.ts'
import { storageClassOf } from './persistent-volume-claim.ts'
import { printPodTemplate } from './pod-template.ts'
import type { PrefixWriter } from './writer.ts'

/** `1 Running / 0 Waiting / …` over the pods the object controls. */
async function podCounts(context: DescribeContext, metadata: Meta, labelSelector: string): Promise<string> {
  const path = { apiVersion: 'v1', resource: 'pods', namespace: metadata.namespace }
  const pods = await listOf<Pod>(context.reader, path, { labelSelector })
  const count = (phase: string) =>
    pods.filter(
      (pod) =>
        pod.status.phase === phase && pod.metadata.ownerReferences?.find((o) => o.controller)?.uid === metadata.uid,
    ).length
  const states = [`${count('Running')} Running`, `${count('Pending')} Waiting`]
  return [...states, `${count('Succeeded')} Succeeded`, `${count('Failed')} Failed`].join(' / ')
}

function printConditions(
  w: PrefixWriter,
  conditions: readonly { type: string; status: string; reason?: string }[] = [],
): void {
  if (conditions.length === 0) return
  w.line(0, 'Conditions:\n  Type\tStatus\tReason')
  w.line(1, '----\t------\t------')
  for (const { type, status, reason = '' } of conditions) w.line(1, `${type} \t${status}\t${reason}`)
}

export const describeReplicationController: Describer = async (object, w, context) => {
  const { metadata, spec, status } = as<ReplicationController>(object)
  const selector = spec.selector ?? {}
  const counts = await podCounts(context, metadata, selectorText({ matchLabels: selector }))
  printName(w, metadata)
  w.line(0, `Selector:\t${formatLabels(selector)}`)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, `Replicas:\t${status.replicas ?? 0} current / ${spec.replicas ?? 0} desired`)
  w.line(0, `Pods Status:\t${counts}`)
  printPodTemplate(w, spec.template)
  printConditions(w, status.conditions)
  await printEvents(w, context, subjectOf(object))
}

export const describeReplicaSet: Describer = async (object, w, context) => {
  const { metadata, spec, status } = as<ReplicaSet>(object)
  const counts = await podCounts(context, metadata, selectorText(spec.selector)).catch((error: unknown) => {
    if (error instanceof StatusError) return `error in fetching pods: ${error.message}`
    throw error
  })
  printName(w, metadata)
  w.line(0, `Selector:\t${selectorTextOrNone(spec.selector)}`)
  printLabelsAndAnnotations(w, metadata)
  const controller = controllerText(metadata)
  if (controller) w.line(0, `Controlled By:\t${controller}`)
  w.line(0, `Replicas:\t${status.replicas ?? 0} current / ${spec.replicas ?? 0} desired`)
  w.line(0, `Pods Status:\t${counts}`)
  printPodTemplate(w, spec.template)
  printConditions(w, status.conditions)
  await printEvents(w, context, subjectOf(object))
}

export const describeDeployment: Describer = async (object, w, context) => {
  const deployment = as<Deployment>(object)
  const { metadata, spec, status } = deployment
  const { older, newest } = await replicaSetsOf(context, deployment)
  printName(w, metadata)
  w.line(0, `CreationTimestamp:\t${dateText(metadata.creationTimestamp)}`)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, `Selector:\t${selectorText(spec.selector)}`)
  const counts = [
    `${spec.replicas ?? 0} desired`,
    `${status.updatedReplicas ?? 0} updated`,
    `${status.replicas ?? 0} total`,
    `${status.availableReplicas ?? 0} available`,
    `${status.unavailableReplicas ?? 0} unavailable`,
  ]
  w.line(0, `Replicas:\t${counts.join(' | ')}`)
  w.line(0, `StrategyType:\t${spec.strategy?.type ?? ''}`)
  w.line(0, `MinReadySeconds:\t${spec.minReadySeconds ?? 0}`)
  const rolling = spec.strategy?.rollingUpdate
  if (rolling) {
    const { maxUnavailable = '<nil>', maxSurge = '<nil>' } = rolling
    w.line(0, `RollingUpdateStrategy:\t${maxUnavailable} max unavailable, ${maxSurge} max surge`)
  }
  printPodTemplate(w, spec.template)
  printConditions(w, status.conditions)
  if (older.length > 0 || newest) {
    w.line(0, `OldReplicaSets:\t${replicaSetsText(older)}`)
    w.line(0, `NewReplicaSet:\t${replicaSetsText(newest ? [newest] : [])}`)
  }
  await printEvents(w, context, subjectOf(object))
}

interface ReplicaSetHistory {
  readonly older: readonly ReplicaSet[]
  readonly newest: ReplicaSet | undefined
}

async function replicaSetsOf(context: DescribeContext, deployment: Deployment): Promise<ReplicaSetHistory> {
  const { metadata, spec } = deployment
  const path = { apiVersion: 'apps/v1', resource: 'replicasets', namespace: metadata.namespace }
  try {
    const all = await listOf<ReplicaSet>(context.reader, path, { labelSelector: selectorText(spec.selector) })
    return historyOf(deployment, all)
  } catch (error) {
    // A user who may not read replica sets still reads the description.
    if (error instanceof StatusError) return { older: [], newest: undefined }
    throw error
  }
}

/** Which of the deployment's replica sets has its present template, and the others by age. */
function historyOf(deployment: Deployment, all: readonly ReplicaSet[]): ReplicaSetHistory {
  const owned = all
    .filter((set) => set.metadata.ownerReferences?.find((o) => o.controller)?.uid === deployment.metadata.uid)
    .sort(
      (a, b) =>
        Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) ||
        compareBytes(a.metadata.name, b.metadata.name),
    )
  const wanted = withoutHash(deployment.spec.template)
  const newest = owned.find((set) => sameJson(withoutHash(set.spec.template), wanted))
  return { older: owned.filter((set) => set !== newest), newest }
}

function withoutHash(template: Deployment['spec']['template'] | undefined): unknown {
  const { 'pod-template-hash': _, ...labels } = template?.metadata?.labels ?? {}
  const { creationTimestamp: __, ...metadata } = { ...template?.metadata }
  return { ...template, metadata: { ...metadata, labels } }
}

function replicaSetsText(sets: readonly ReplicaSet[]): string {
  const texts = sets.map(
    ({ metadata, spec, status }) => `${metadata.name} (${status.replicas ?? 0}/${spec.replicas ?? 0} replicas created)`,
  )
  return texts.join(', ') || '<none>'
}

export const describeDaemonSet: Describer = async (object, w, context) => {
  const { metadata, spec, status } = as<DaemonSet>(object)
  const selector = selectorText(spec.selector)
  const counts = await podCounts(context, metadata, selector)
  printName(w, metadata)
  w.line(0, `Selector:\t${selector}`)
  w.line(0, `Node-Selector:\t${formatLabels(spec.template.spec?.nodeSelector)}`)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, `Desired Number of Nodes Scheduled: ${status.desiredNumberScheduled ?? 0}`)
  w.line(0, `Current Number of Nodes Scheduled: ${status.currentNumberScheduled ?? 0}`)
  w.line(0, `Number of Nodes Scheduled with Up-to-date Pods: ${status.updatedNumberScheduled ?? 0}`)
  w.line(0, `Number of Nodes Scheduled with Available Pods: ${status.numberAvailable ?? 0}`)
  w.line(0, `Number of Nodes Misscheduled: ${status.numberMisscheduled ?? 0}`)
  w.line(0, `Pods Status:\t${counts}`)
  printPodTemplate(w, spec.template)
  await printEvents(w, context, subjectOf(object))
}

export const describeStatefulSet: Describer = async (object, w, context) => {
  const { metadata, spec, status } = as<StatefulSet>(object)
  const selector = selectorText(spec.selector as LabelSelector)
  const counts = await podCounts(context, metadata, selector)
  printName(w, metadata)
  w.line(0, `CreationTimestamp:\t${dateText(metadata.creationTimestamp)}`)
  w.line(0, `Selector:\t${selector}`)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, `Replicas:\t${spec.replicas ?? 0} desired | ${status.replicas ?? 0} total`)
  w.line(0, `Update Strategy:\t${spec.updateStrategy?.type ?? ''}`)
  const rolling = spec.updateStrategy?.rollingUpdate
  if (rolling?.partition !== undefined) {
    w.line(1, `Partition:\t${rolling.partition}`)
    if (rolling.maxUnavailable !== undefined) w.line(1, `MaxUnavailable:\t${rolling.maxUnavailable}`)
  }
  w.line(0, `Pods Status:\t${counts}`)
  printPodTemplate(w, spec.template)
  printClaimTemplates(w, spec.volumeClaimTemplates)
  await printEvents(w, context, subjectOf(object))
}

function printClaimTemplates(w: PrefixWriter, templates: readonly PersistentVolumeClaim[] = []): void {
  if (templates.length === 0) return w.line(0, 'Volume Claims:\t<none>')
  w.line(0, 'Volume Claims:')
  for (const { metadata, spec } of templates) {
    const storage = spec.resources?.requests?.storage
    w.line(1, `Name:\t${metadata.name}`)
    w.line(1, `StorageClass:\t${storageClassOf(metadata, spec)}`)
    printLabels(w, 'Labels', metadata.labels, '  ')
    printLabels(w, 'Annotations', metadata.annotations, '  ')
    w.line(1, `Capacity:\t${storage === undefined ? '<default>' : quantityText(storage)}`)
    w.line(1, `Access Modes:\t[${(spec.accessModes ?? []).join(' ')}]`)
  }
}
