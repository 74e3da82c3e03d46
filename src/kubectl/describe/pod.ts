// Pods.

import type { Pod } from '../../api/generated/core-v1.ts'
import { compareQuantities, quantityMilli } from '../../machinery/quantity.ts'
import { printContainers, printResources } from './containers.ts'
import { as, type Describer } from './describer.ts'
import { type EventSubject, printEvents } from './events.ts'
import { controllerText, dateText, printLabels, printLabelsAndAnnotations, printName, since } from './format.ts'
import { printSpreadConstraints, printTolerations } from './pod-template.ts'
import { printVolumes } from './volumes.ts'
import type { PrefixWriter } from './writer.ts'

const MIRROR = 'kubernetes.io/config.mirror'

export const describePod: Describer = async (object, w, context) => {
  const pod = as<Pod>(object)
  const { metadata, spec, status } = pod
  printPlacement(w, pod)
  printLabelsAndAnnotations(w, metadata)
  printStatus(w, pod, context.now)
  printAddresses(w, pod)
  const controller = controllerText(metadata)
  if (controller) w.line(0, `Controlled By:\t${controller}`)
  if (status.nominatedNodeName) w.line(0, `NominatedNodeName:\t${status.nominatedNodeName}`)
  if (spec.resources) {
    w.line(0, 'Resources:')
    printResources(w, spec.resources, 1)
  }
  printAllContainers(w, pod)
  printConditions(w, pod)
  printVolumes(w, spec.volumes)
  w.line(0, `QoS Class:\t${status.qosClass || qosClassOf(pod)}`)
  printLabels(w, 'Node-Selectors', spec.nodeSelector)
  printTolerations(w, 'Tolerations', spec.tolerations)
  printSpreadConstraints(w, spec.topologySpreadConstraints)
  await printEvents(w, context, eventSubject(pod))
}

/** Events name a static pod by the hash of its manifest. */
function eventSubject({ metadata }: Pod): EventSubject {
  const { name, namespace, uid, annotations } = metadata
  return { name, namespace, uid: annotations?.[MIRROR] ?? uid }
}

function printPlacement(w: PrefixWriter, { metadata, spec, status }: Pod): void {
  printName(w, metadata)
  if (spec.priority !== undefined) w.line(0, `Priority:\t${spec.priority}`)
  if (spec.priorityClassName) w.line(0, `Priority Class Name:\t${spec.priorityClassName}`)
  if (spec.runtimeClassName) w.line(0, `Runtime Class Name:\t${spec.runtimeClassName}`)
  if (spec.serviceAccountName) w.line(0, `Service Account:\t${spec.serviceAccountName}`)
  w.line(0, `Node:\t${spec.nodeName ? `${spec.nodeName}/${status.hostIP ?? ''}` : '<none>'}`)
  if (status.startTime) w.line(0, `Start Time:\t${dateText(status.startTime)}`)
}

function printStatus(w: PrefixWriter, { metadata, spec, status }: Pod, now: number): void {
  const over = status.phase === 'Failed' || status.phase === 'Succeeded'
  if (metadata.deletionTimestamp && !over) {
    w.line(0, `Status:\tTerminating (lasts ${since(metadata.deletionTimestamp, now)})`)
    w.line(0, `Termination Grace Period:\t${metadata.deletionGracePeriodSeconds ?? 0}s`)
  } else {
    w.line(0, `Status:\t${status.phase ?? ''}`)
  }
  if (status.reason) w.line(0, `Reason:\t${status.reason}`)
  if (status.message) w.line(0, `Message:\t${status.message}`)
  const seccomp = spec.securityContext?.seccompProfile
  if (!seccomp) return
  w.line(0, `SeccompProfile:\t${seccomp.type}`)
  if (seccomp.type === 'Localhost') w.line(0, `LocalhostProfile:\t${seccomp.localhostProfile ?? ''}`)
}

function printAddresses(w: PrefixWriter, { status }: Pod): void {
  w.line(0, `IP:\t${status.podIP ?? ''}`)
  const addresses = status.podIPs ?? []
  if (addresses.length === 0) return w.line(0, 'IPs:\t<none>')
  w.line(0, 'IPs:')
  for (const { ip } of addresses) w.line(1, `IP:\t${ip}`)
}

function printAllContainers(w: PrefixWriter, { metadata, spec, status }: Pod): void {
  // Other fields are known only to the server.
  const known: Record<string, string> = { 'metadata.name': metadata.name, 'metadata.namespace': metadata.namespace }
  const fieldValue = (path: string) => known[path] ?? ''
  const common = { fieldValue, space: '' }
  const { initContainers = [], ephemeralContainers = [] } = spec
  if (initContainers.length > 0) {
    const statuses = status.initContainerStatuses
    printContainers(w, { ...common, label: 'Init Containers', containers: initContainers, statuses })
  }
  printContainers(w, {
    ...common,
    label: 'Containers',
    containers: spec.containers,
    statuses: status.containerStatuses,
  })
  if (ephemeralContainers.length > 0) {
    const statuses = status.ephemeralContainerStatuses
    printContainers(w, { ...common, label: 'Ephemeral Containers', containers: ephemeralContainers, statuses })
  }
}

function printConditions(w: PrefixWriter, { spec, status }: Pod): void {
  const conditions = status.conditions ?? []
  const gates = spec.readinessGates ?? []
  if (gates.length > 0) w.line(0, 'Readiness Gates:\n  Type\tStatus')
  for (const { conditionType } of gates) {
    const state = conditions.find((condition) => condition.type === conditionType)?.status ?? '<none>'
    w.line(1, `${conditionType} \t${state} `)
  }
  if (conditions.length > 0) w.line(0, 'Conditions:\n  Type\tStatus')
  for (const condition of conditions) w.line(1, `${condition.type} \t${condition.status} `)
}

/** The class of a pod whose status does not tell. */
function qosClassOf({ spec }: Pod): string {
  const holders = spec.resources ? [spec] : [...spec.containers, ...(spec.initContainers ?? [])]
  const amount = (list: Record<string, string> | undefined, name: string) =>
    list?.[name] !== undefined && compareQuantities(list[name], '0') > 0 ? quantityMilli(list[name]) : undefined
  let any = false
  let guaranteed = true
  const totals = new Map<string, number>()
  for (const { resources } of holders) {
    for (const name of ['cpu', 'memory']) {
      const request = amount(resources?.requests, name)
      const limit = amount(resources?.limits, name)
      any ||= request !== undefined || limit !== undefined
      guaranteed &&= limit !== undefined
      totals.set(name, (totals.get(name) ?? 0) + (limit ?? 0) - (request ?? 0))
    }
  }
  if (!any) return 'BestEffort'
  return guaranteed && [...totals.values()].every((difference) => difference === 0) ? 'Guaranteed' : 'Burstable'
}
