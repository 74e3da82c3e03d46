// The kinds of networking in order, ipaddresses and servicecidrs among them.

import type { IPAddress, ServiceCIDR } from '../../../api/generated/networking-v1.ts'
import { field } from '../../../machinery/errors.ts'
import { defineResource, type ResourceDefinition } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { immutable } from '../core/workload-validation.ts'
import { endpointSlices } from './endpoint-slice.ts'
import { networkPolicies } from './network-policy.ts'

const NO_ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const NO_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

const isIPv4 = (text: string) => /^(\d{1,3}\.){3}\d{1,3}$/.test(text) && text.split('.').every((n) => Number(n) < 256)
const isIPv6 = (text: string) => text.includes(':') && /^[0-9a-fA-F:.]+$/.test(text)

function isCidr(text: string): boolean {
  const [address = '', bits = ''] = text.split('/')
  if (!/^\d+$/.test(bits)) return false
  return (isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128)
}

const ipAddresses = defineResource<IPAddress>({
  group: 'networking.k8s.io',
  resource: 'ipaddresses',
  shortNames: ['ip'],
  generation: false,
  nameProblem: (name) => (isIPv4(name) || isIPv6(name) ? undefined : NO_ADDRESS),
  validate({ spec }) {
    if (!spec.parentRef) return [field.required('spec.parentRef')]
    return (['resource', 'name'] as const)
      .filter((n) => !spec.parentRef[n])
      .map((n) => field.required(`spec.parentRef.${n}`))
  },
  validateUpdate: (object, old) => immutable('spec.parentRef', object.spec.parentRef, old.spec.parentRef),
  selectableFields: {
    'spec.parentRef.group': (o) => o.spec.parentRef.group ?? '',
    'spec.parentRef.resource': (o) => o.spec.parentRef.resource,
    'spec.parentRef.namespace': (o) => o.spec.parentRef.namespace ?? '',
    'spec.parentRef.name': (o) => o.spec.parentRef.name,
  },
  columns: [
    nameColumn,
    text('ParentRef', ({ spec: { parentRef } }) =>
      parentRef
        ? [
            (parentRef.resource + (parentRef.group ? `.${parentRef.group}` : '')).toLowerCase(),
            ...(parentRef.namespace ? [parentRef.namespace] : []),
            parentRef.name,
          ].join('/')
        : '<none>',
    ),
  ],
})

const serviceCidrs = defineResource<ServiceCIDR>({
  group: 'networking.k8s.io',
  resource: 'servicecidrs',
  generation: false,
  validate({ spec }) {
    const cidrs = spec.cidrs ?? []
    if (cidrs.length === 0) return [field.required('spec.cidrs', 'at least one CIDR required')]
    return cidrs.flatMap((cidr, i) => (isCidr(cidr) ? [] : [field.invalid(`spec.cidrs[${i}]`, cidr, NO_CIDR)]))
  },
  validateUpdate: (object, old) => immutable('spec.cidrs', object.spec.cidrs, old.spec.cidrs),
  columns: [nameColumn, text('CIDRs', (o) => (o.spec.cidrs ?? []).join(',')), ageColumn],
})

export const networkDefinitions: readonly ResourceDefinition[] = [
  networkPolicies,
  ipAddresses,
  serviceCidrs,
  endpointSlices,
]
