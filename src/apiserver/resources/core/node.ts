// nodes. Spec: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/

import type { Node, Taint } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { labelValueProblem } from '../../../machinery/names.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { checkCidr, checkEnum, checkQualifiedName, invalidFor } from './field-checks.ts'
import { TAINT_EFFECTS } from './pod-scheduling.ts'
import { validateResourceQuantity } from './resource-requirements.ts'

const ROLE = 'node-role.kubernetes.io/'
const MAX_FEATURE = 253
const FEATURE = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/

function status(node: Node): string {
  const ready = (node.status.conditions ?? []).find((c) => c.type === 'Ready')
  const words = [ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown']
  if (node.spec.unschedulable) words.push('SchedulingDisabled')
  return words.join(',')
}

function roles(node: Node): string {
  const found = new Set<string>()
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(ROLE) && key.length > ROLE.length) found.add(key.slice(ROLE.length))
    else if (key === 'kubernetes.io/role' && value) found.add(value)
  }
  return [...found].sort().join(',') || '<none>'
}

const addressOf = (node: Node, type: string) =>
  (node.status.addresses ?? []).find((a) => a.type === type)?.address ?? '<none>'

const orUnknown = (value: string | undefined) => value || '<unknown>'

export const nodes = defineResource<Node>({
  group: '',
  resource: 'nodes',
  shortNames: ['no'],
  storagePrefix: 'minions',
  generation: false,
  // The kubelet registers with its first status.
  keepStatusOnCreate: true,
  defaults(node) {
    defaultAllocatable(node)
    const { spec } = node
    // The one field and the first of the list say the same. Upstream: Convert_v1_NodeSpec_To_core_NodeSpec.
    if (spec.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR]
    else if (!spec.podCIDR && spec.podCIDRs?.[0]) spec.podCIDR = spec.podCIDRs[0]
  },
  prepareStatusUpdate: defaultAllocatable,
  validate: (node) => [
    ...validateTaints(node.spec.taints ?? []),
    ...validateResources(node),
    ...validateFeatures(node.status.declaredFeatures ?? []),
    ...validateCidrs(node.spec.podCIDRs ?? []),
  ],
  validateStatusUpdate: (node) => [
    ...validateResources(node),
    ...validateFeatures(node.status.declaredFeatures ?? []),
    ...validateAddresses(node),
  ],
  validateUpdate(node, old) {
    const errors: FieldError[] = []
    const [before, now] = [old.spec.podCIDRs ?? [], node.spec.podCIDRs ?? []]
    const changed = before.length !== now.length || before.some((cidr, i) => cidr !== now[i])
    if ((before.length > 0 && changed) || (old.spec.podCIDR && node.spec.podCIDR !== old.spec.podCIDR)) {
      errors.push(field.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'))
    }
    if (old.spec.providerID && node.spec.providerID !== old.spec.providerID) {
      errors.push(field.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'))
    }
    return errors
  },
  selectableFields: { 'spec.unschedulable': (n) => String(n.spec.unschedulable ?? false) },
  columns: [
    nameColumn,
    text('Status', status),
    text('Roles', roles),
    ageColumn,
    text('Version', (n) => n.status.nodeInfo?.kubeletVersion ?? ''),
    text('Internal-IP', (n) => addressOf(n, 'InternalIP'), 1),
    text('External-IP', (n) => addressOf(n, 'ExternalIP'), 1),
    text('OS-Image', (n) => orUnknown(n.status.nodeInfo?.osImage), 1),
    text('Kernel-Version', (n) => orUnknown(n.status.nodeInfo?.kernelVersion), 1),
    text('Container-Runtime', (n) => orUnknown(n.status.nodeInfo?.containerRuntimeVersion), 1),
  ],
})

/** All that a node has can be allocated where nothing else is said. */
function defaultAllocatable({ status }: Node): void {
  if (status?.capacity) status.allocatable ??= { ...status.capacity }
}

function validateResources({ status }: Node): FieldError[] {
  const errors: FieldError[] = []
  for (const list of ['capacity', 'allocatable'] as const) {
    const amounts = status[list]
    for (const name in amounts) {
      errors.push(...validateResourceQuantity(`status.${list}.${name}`, name, amounts[name] ?? '0'))
    }
  }
  return errors
}

/** Upstream: validateNodeDeclaredFeatures. */
function validateFeatures(features: readonly string[]): FieldError[] {
  return features.flatMap((feature, i) => {
    const at = `status.declaredFeatures[${i}]`
    const before = features[i - 1]
    const errors: FieldError[] = []
    if (before === feature) errors.push(field.duplicate(at, feature))
    else if (before !== undefined && before > feature) {
      errors.push(field.invalid(at, feature, 'list must be sorted alphabetically'))
    }
    const why =
      feature.length > MAX_FEATURE
        ? `must be no more than ${MAX_FEATURE} characters`
        : "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
    if (FEATURE.test(feature) && feature.length <= MAX_FEATURE) return errors
    return [...errors, field.invalid(at, feature, `invalid feature name ${JSON.stringify(feature)}: ${why}`)]
  })
}

function validateAddresses({ status }: Node): FieldError[] {
  const seen = new Set<string>()
  return (status.addresses ?? []).flatMap(({ type, address }, i) => {
    const id = `${type} ${address}`
    if (seen.has(id)) return [field.duplicate(`status.addresses[${i}]`, { Type: type, Address: address })]
    seen.add(id)
    return []
  })
}

/** Problems of taints: one per key and effect. The path is upstream's, though taints are in the spec. */
function validateTaints(taints: readonly Taint[]): FieldError[] {
  const seen = new Set<string>()
  return taints.flatMap((taint, i) => {
    const at = `metadata.taints[${i}]`
    const { key = '', value = '', effect } = taint
    const errors = [
      ...checkQualifiedName(`${at}.key`, key),
      ...invalidFor(`${at}.value`, value, [labelValueProblem(value)]),
      ...checkEnum(`${at}.effect`, effect, TAINT_EFFECTS),
    ]
    const id = `${effect}/${key}`
    if (seen.has(id)) {
      const shown = { Key: key, Value: value, Effect: effect, TimeAdded: taint.timeAdded ?? null }
      const { message, ...duplicate } = field.duplicate(at, shown)
      errors.push({ ...duplicate, message: `${message}: taints must be unique by key and effect pair` })
    }
    seen.add(id)
    return errors
  })
}

function validateCidrs(cidrs: readonly string[]): FieldError[] {
  const at = 'spec.podCIDRs'
  const errors = cidrs.flatMap((cidr, i) => checkCidr(`${at}[${i}]`, cidr))
  if (cidrs.length < 2) return errors
  const families = new Set(cidrs.map((cidr) => cidr.includes(':')))
  if (families.size < 2 || cidrs.length > 2) {
    errors.push(field.invalid(at, cidrs, 'may specify no more than one CIDR for each IP family'))
  }
  const again = cidrs.flatMap((cidr, i) => (cidrs.indexOf(cidr) < i ? [field.duplicate(`${at}[${i}]`, cidr)] : []))
  return [...errors, ...again]
}
