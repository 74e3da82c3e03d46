// Nodes, with the pods that run on them and what those ask for.

import type { Lease } from '../../api/generated/coordination-v1.ts'
import type { Node, Pod } from '../../api/generated/core-v1.ts'
import { isReason, StatusError } from '../../machinery/errors.ts'
import { compareBytes } from '../../machinery/go/value.ts'
import { as, type DescribeContext, type Describer, listOf } from './describer.ts'
import { printEvents, subjectOf } from './events.ts'
import { dateText, printLabelsAndAnnotations, printMultiline, quantityText, since, sortedKeys } from './format.ts'
import {
  type Amounts,
  addAmounts,
  amountOf,
  amountsOf,
  amountText,
  measure,
  podLimits,
  podRequests,
} from './pod-resources.ts'
import type { PrefixWriter } from './writer.ts'

const ROLE_PREFIX = 'node-role.kubernetes.io/'

export const describeNode: Describer = async (object, w, context) => {
  const node = as<Node>(object)
  const { metadata, spec, status } = node
  const pods = await podsOf(context, metadata.name)
  w.line(0, `Name:\t${metadata.name}`)
  w.line(0, `Roles:\t${rolesOf(node).join(',') || '<none>'}`)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, `CreationTimestamp:\t${dateText(metadata.creationTimestamp)}`)
  printTaints(w, node)
  w.line(0, `Unschedulable:\t${spec.unschedulable ?? false}`)
  await printLease(w, context, metadata.name)
  printConditions(w, node)
  w.line(0, 'Addresses:')
  for (const { type, address } of status.addresses ?? []) w.line(1, `${type}:\t${address}`)
  printAmounts(w, 'Capacity', status.capacity)
  printAmounts(w, 'Allocatable', status.allocatable)
  printSystemInfo(w, node)
  if (spec.podCIDR) w.line(0, `PodCIDR:\t${spec.podCIDR}`)
  if (spec.podCIDRs?.length) w.line(0, `PodCIDRs:\t${spec.podCIDRs.join(',')}`)
  if (spec.providerID) w.line(0, `ProviderID:\t${spec.providerID}`)
  if (pods) printPods(w, { node, pods, now: context.now })
  else w.line(0, 'Pods:\tnot authorized')
  // Kubelets name the node by its name where the uid belongs.
  const subject = subjectOf(object)
  await printEvents(w, context, subject, { ...subject, uid: metadata.name })
}

/** The pods on the node that are not over; undefined when the user may not see them. */
async function podsOf({ reader }: DescribeContext, name: string): Promise<Pod[] | undefined> {
  const fieldSelector = `spec.nodeName=${name},status.phase!=Succeeded,status.phase!=Failed`
  try {
    return await listOf<Pod>(reader, { apiVersion: 'v1', resource: 'pods' }, { fieldSelector })
  } catch (error) {
    if (isReason(error, 'Forbidden')) return undefined
    throw error
  }
}

function rolesOf(node: Node): string[] {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key !== ROLE_PREFIX) roles.add(key.slice(ROLE_PREFIX.length))
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value)
  }
  return [...roles].sort(compareBytes)
}

function printTaints(w: PrefixWriter, { spec }: Node): void {
  const taints = [...(spec.taints ?? [])].sort((a, b) => compareBytes(`${a.effect},${a.key}`, `${b.effect},${b.key}`))
  const texts = taints.map(({ key, value, effect }) => {
    if (!effect) return value ? `${key}=${value}:` : key
    return value ? `${key}=${value}:${effect}` : `${key}:${effect}`
  })
  printMultiline(w, 'Taints:\t', '\t', texts)
}

async function printLease(w: PrefixWriter, { reader }: DescribeContext, name: string): Promise<void> {
  const path = { apiVersion: 'coordination.k8s.io/v1', resource: 'leases', namespace: 'kube-node-lease', name }
  let lease: Lease
  try {
    lease = as<Lease>(await reader.get(path))
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return w.line(0, `Lease:\tFailed to get lease: ${error.message}`)
  }
  const { holderIdentity, acquireTime, renewTime } = lease.spec ?? {}
  w.line(0, 'Lease:')
  w.line(1, `HolderIdentity:\t${holderIdentity ?? '<unset>'}`)
  w.line(1, `AcquireTime:\t${acquireTime ? dateText(acquireTime) : '<unset>'}`)
  w.line(1, `RenewTime:\t${renewTime ? dateText(renewTime) : '<unset>'}`)
}

function printConditions(w: PrefixWriter, { status }: Node): void {
  const conditions = status.conditions ?? []
  if (conditions.length === 0) return
  w.line(0, 'Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage')
  w.line(1, '----\t------\t-----------------\t------------------\t------\t-------')
  for (const c of conditions) {
    const times = `${dateText(c.lastHeartbeatTime)} \t${dateText(c.lastTransitionTime)}`
    w.line(1, `${c.type} \t${c.status} \t${times} \t${c.reason ?? ''} \t${c.message ?? ''}`)
  }
}

function printAmounts(w: PrefixWriter, title: string, list: Record<string, string> | undefined): void {
  const names = sortedKeys(list)
  if (names.length > 0) w.line(0, `${title}:`)
  for (const name of names) w.line(0, `  ${name}:\t${quantityText(list?.[name])}`)
}

function printSystemInfo(w: PrefixWriter, { status }: Node): void {
  const info = status.nodeInfo
  w.line(0, 'System Info:')
  for (const [title, value] of [
    ['Machine ID', info?.machineID],
    ['System UUID', info?.systemUUID],
    ['Boot ID', info?.bootID],
    ['Kernel Version', info?.kernelVersion],
    ['OS Image', info?.osImage],
    ['Operating System', info?.operatingSystem],
    ['Architecture', info?.architecture],
    ['Container Runtime Version', info?.containerRuntimeVersion],
    ['Kubelet Version', info?.kubeletVersion],
    ['Kube-Proxy Version', info?.kubeProxyVersion],
  ]) {
    w.line(0, `  ${title}:\t${value ?? ''}`)
  }
}

function printPods(w: PrefixWriter, { node, pods, now }: { node: Node; pods: readonly Pod[]; now: number }): void {
  const { capacity, allocatable = {} } = node.status
  const available = amountsOf(Object.keys(allocatable).length > 0 ? allocatable : capacity)
  w.line(0, `Non-terminated Pods:\t(${pods.length} in total)`)
  w.line(1, 'Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge')
  w.line(1, '---------\t----\t\t------------\t----------\t---------------\t-------------\t---')
  const requests = new Map()
  const limits = new Map()
  for (const pod of pods) {
    const [own, most] = [podRequests(pod), podLimits(pod)]
    addAmounts(requests, own)
    addAmounts(limits, most)
    const shares = ['cpu', 'memory'].flatMap((name) => [share(own, available, name), share(most, available, name)])
    const age = since(pod.metadata.creationTimestamp, now)
    w.line(1, `${pod.metadata.namespace}\t${pod.metadata.name}\t\t${shares.join('\t')}\t${age}`)
  }
  w.line(0, 'Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)')
  w.line(1, 'Resource\tRequests\tLimits')
  w.line(1, '--------\t--------\t------')
  const names = [...available.keys()].sort(compareBytes)
  const isHugePage = (name: string) => name.startsWith('hugepages-')
  const standard = ['cpu', 'memory', 'ephemeral-storage']
  for (const name of [...standard, ...names.filter(isHugePage)]) {
    w.line(1, `${name}\t${share(requests, available, name)}\t${share(limits, available, name)}`)
  }
  for (const name of names) {
    if (standard.includes(name) || isHugePage(name) || name === 'pods') continue
    w.line(1, `${name}\t${amountText(requests, name)}\t${amountText(limits, name)}`)
  }
}

/** `500m (25%)` of what the node has. */
function share(amounts: Amounts, available: Amounts, name: string): string {
  const whole = measure(amountOf(available, name), name)
  const percent = whole === 0 ? 0 : Math.trunc((measure(amountOf(amounts, name), name) / whole) * 100)
  return `${amountText(amounts, name)} (${percent}%)`
}
