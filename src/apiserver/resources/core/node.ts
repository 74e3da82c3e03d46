// nodes. Spec: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/

import type { Node } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'

const ROLE = 'node-role.kubernetes.io/'

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
  validate(node) {
    const errors: FieldError[] = []
    for (const [i, taint] of (node.spec.taints ?? []).entries()) {
      if (!taint.key) errors.push(field.required(`spec.taints[${i}].key`))
      if (!['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(taint.effect)) {
        errors.push(
          field.notSupported(`spec.taints[${i}].effect`, taint.effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
        )
      }
    }
    return errors
  },
  validateUpdate(node, old) {
    if (old.spec.podCIDR && node.spec.podCIDR !== old.spec.podCIDR) {
      return [field.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid')]
    }
    return []
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
