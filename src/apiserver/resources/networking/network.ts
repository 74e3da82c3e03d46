// The kinds of networking in order, ipaddresses and servicecidrs among them.

import type { IPAddress, ServiceCIDR } from '../../../api/generated/networking-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { formatAddress, formatNetwork, parseAddress, parseNetwork } from '../../../machinery/ip.ts'
import { pathSegmentProblem } from '../../../machinery/names.ts'
import { defineResource, type ResourceDefinition, STATUS_ALONE } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { checkAddress, checkCidr, checkSubdomain, immutable, invalidFor } from '../core/field-checks.ts'
import { endpointSlices } from './endpoint-slice.ts'
import { networkPolicies } from './network-policy.ts'

const ipAddresses = defineResource<IPAddress>({
  group: 'networking.k8s.io',
  resource: 'ipaddresses',
  shortNames: ['ip'],
  generation: false,
  nameProblem: (name) => checkCanonicalAddress('', name)[0]?.message.replace(/^Invalid value: ".*?": /, ''),
  validate({ spec }) {
    const { parentRef } = spec
    if (!parentRef) return [field.required('spec.parentRef')]
    const { group, resource, namespace, name } = parentRef
    const at = 'spec.parentRef'
    return [
      ...(group ? checkSubdomain(`${at}.group`, group) : []),
      ...(resource ? checkSegment(`${at}.resource`, resource) : [field.required(`${at}.resource`)]),
      ...(name ? checkSegment(`${at}.name`, name) : [field.required(`${at}.name`)]),
      ...(namespace ? checkSegment(`${at}.namespace`, namespace) : []),
    ]
  },
  validateUpdate: (object, old) => immutable('spec.parentRef', object.spec.parentRef, old.spec.parentRef),
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
    // Upstream fills this cell and has no heading for it.
    { ...ageColumn, hasHeading: false },
  ],
})

const checkSegment = (path: string, value: string) => invalidFor(path, value, [pathSegmentProblem(value)])

/** Objects are named after addresses, and so there is one way to write each. */
function checkCanonicalAddress(path: string, value: string): FieldError[] {
  const problems = checkAddress(path, value)
  const address = parseAddress(value)
  return address && problems.length === 0 ? checkCanonical(path, value, formatAddress(address)) : problems
}

function checkCanonicalCidr(path: string, value: string): FieldError[] {
  const problems = checkCidr(path, value)
  const network = parseNetwork(value)
  return network && problems.length === 0 ? checkCanonical(path, value, formatNetwork(network)) : problems
}

function checkCanonical(path: string, value: string, canonical: string): FieldError[] {
  if (value === canonical) return []
  return [field.invalid(path, value, `must be in canonical form (${JSON.stringify(canonical)})`)]
}

function checkCidrs(cidrs: readonly string[]): FieldError[] {
  const at = 'spec.cidrs'
  if (cidrs.length === 0) return [field.required(at, 'at least one CIDR required')]
  if (cidrs.length > 2) return [field.invalid(at, { CIDRs: cidrs }, 'may only hold up to 2 values')]
  const errors = cidrs.flatMap((cidr, i) => checkCanonicalCidr(`${at}[${i}]`, cidr))
  const [first, second] = cidrs.map((cidr) => parseNetwork(cidr)?.family)
  if (cidrs.length === 2 && first !== undefined && first === second) {
    const why = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'
    errors.push(field.invalid(at, cidrs, why))
  }
  return errors
}

const FIXED = 'field is immutable'

/** Ranges stay, but one of the other family may be added. */
function checkCidrChange(now: readonly string[], old: readonly string[]): FieldError[] {
  if (now.length !== old.length && !(old.length === 1 && now.length === 2)) {
    return [field.invalid('spec.cidrs', now.length > 0 ? now : null, FIXED)]
  }
  return old.flatMap((cidr, i) => (cidr === now[i] ? [] : [field.invalid(`spec.cidrs[${i}]`, now[i], FIXED)]))
}

const serviceCidrs = defineResource<ServiceCIDR>({
  group: 'networking.k8s.io',
  resource: 'servicecidrs',
  resets: STATUS_ALONE,
  generation: false,
  validateCreate: ({ spec }) => checkCidrs(spec.cidrs ?? []),
  validateUpdate({ spec }, old) {
    const [now, before] = [spec.cidrs ?? [], old.spec.cidrs ?? []]
    return [...checkCidrChange(now, before), ...(now.length > before.length ? checkCidrs(now) : [])]
  },
  columns: [nameColumn, text('CIDRs', (o) => (o.spec.cidrs ?? []).join(',')), ageColumn],
})

export const networkDefinitions: readonly ResourceDefinition[] = [
  networkPolicies,
  ipAddresses,
  serviceCidrs,
  endpointSlices,
]
