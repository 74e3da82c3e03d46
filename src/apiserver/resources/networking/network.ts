// networkpolicies, ipaddresses, servicecidrs and endpointslices.

import type { EndpointSlice } from '../../../api/generated/discovery-v1.ts'
import type { IPAddress, NetworkPolicy, NetworkPolicyPeer, ServiceCIDR } from '../../../api/generated/networking-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem, portNameProblem, portProblem } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource, type ResourceDefinition } from '../../resource-definition.ts'
import { ageColumn, labelSelectorText, nameColumn, text } from '../columns/common.ts'
import { immutable, validateLabelSelector } from '../core/workload-validation.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const MAX_ENDPOINTS = 1000
const MAX_SHOWN = 3
const NO_ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const NO_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

const isIPv4 = (text: string) => /^(\d{1,3}\.){3}\d{1,3}$/.test(text) && text.split('.').every((n) => Number(n) < 256)
const isIPv6 = (text: string) => text.includes(':') && /^[0-9a-fA-F:.]+$/.test(text)

function isCidr(text: string): boolean {
  const [address = '', bits = ''] = text.split('/')
  if (!/^\d+$/.test(bits)) return false
  return (isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128)
}

const networkPolicies = defineResource<NetworkPolicy>({
  group: 'networking.k8s.io',
  resource: 'networkpolicies',
  shortNames: ['netpol'],
  defaults({ spec }) {
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of rule.ports ?? []) port.protocol ??= 'TCP'
    }
    if ((spec.policyTypes ?? []).length === 0) {
      spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
    }
    spec.podSelector ??= {}
  },
  validate({ spec }) {
    const errors = validateLabelSelector(spec.podSelector ?? {}, 'spec.podSelector')
    const sides = [
      ...(spec.ingress ?? []).map((rule, i) => ({
        at: `spec.ingress[${i}]`,
        ports: rule.ports,
        peers: rule.from,
        of: 'from',
      })),
      ...(spec.egress ?? []).map((rule, i) => ({
        at: `spec.egress[${i}]`,
        ports: rule.ports,
        peers: rule.to,
        of: 'to',
      })),
    ]
    for (const { at, ports, peers, of } of sides) {
      for (const [i, port] of (ports ?? []).entries()) {
        const path = `${at}.ports[${i}]`
        if (!PROTOCOLS.includes(port.protocol ?? '')) {
          errors.push(field.notSupported(`${path}.protocol`, port.protocol, PROTOCOLS))
        }
        if (port.port !== undefined) {
          const problem = typeof port.port === 'number' ? portProblem(port.port) : portNameProblem(port.port)
          if (problem) errors.push(field.invalid(`${path}.port`, port.port, problem))
        }
        if (port.endPort !== undefined && typeof port.port !== 'number') {
          errors.push(field.required(`${path}.port`, 'may not be empty when `endPort` is specified'))
        } else if (port.endPort !== undefined && port.endPort < Number(port.port)) {
          errors.push(field.invalid(`${path}.endPort`, port.endPort, 'must be greater than or equal to `port`'))
        }
      }
      for (const [i, peer] of (peers ?? []).entries()) errors.push(...validatePeer(peer, `${at}.${of}[${i}]`))
    }
    for (const [i, type] of (spec.policyTypes ?? []).entries()) {
      const types = ['Ingress', 'Egress']
      if (!types.includes(type)) errors.push(field.notSupported(`spec.policyTypes[${i}]`, type, types))
    }
    return errors
  },
  columns: [nameColumn, text('Pod-Selector', (p) => labelSelectorText(p.spec.podSelector)), ageColumn],
})

function validatePeer(peer: NetworkPolicyPeer, path: string): FieldError[] {
  const { podSelector, namespaceSelector, ipBlock } = peer
  if (!podSelector && !namespaceSelector && !ipBlock) return [field.required(path, 'must specify a peer')]
  if (ipBlock && (podSelector || namespaceSelector)) {
    return [field.forbidden(path, 'may not specify both ipBlock and another peer')]
  }
  const errors = [
    ...(podSelector ? validateLabelSelector(podSelector, `${path}.podSelector`) : []),
    ...(namespaceSelector ? validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`) : []),
  ]
  if (ipBlock && !ipBlock.cidr) errors.push(field.required(`${path}.ipBlock.cidr`))
  else if (ipBlock && !isCidr(ipBlock.cidr)) {
    errors.push(field.invalid(`${path}.ipBlock.cidr`, ipBlock.cidr, NO_CIDR))
  }
  for (const [i, except] of (ipBlock?.except ?? []).entries()) {
    if (!isCidr(except)) errors.push(field.invalid(`${path}.ipBlock.except[${i}]`, except, NO_CIDR))
  }
  return errors
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

const endpointSlices = defineResource<EndpointSlice>({
  group: 'discovery.k8s.io',
  resource: 'endpointslices',
  defaults(slice) {
    for (const port of slice.ports ?? []) {
      port.protocol ??= 'TCP'
      port.name ??= ''
    }
    slice.endpoints ??= []
  },
  generation: true,
  prepareUpdate(slice, old) {
    // Its labels say which service it is part of.
    if (sameJson(slice.metadata.labels ?? {}, old.metadata.labels ?? {})) return
    slice.metadata.generation = (old.metadata.generation ?? 0) + 1
  },
  validate,
  validateUpdate: (slice, old) => immutable('addressType', slice.addressType, old.addressType),
  columns: [
    nameColumn,
    text('AddressType', (s) => s.addressType),
    text('Ports', portsText),
    text('Endpoints', endpointsText),
    ageColumn,
  ],
})

function validate(slice: EndpointSlice): FieldError[] {
  const types = ['FQDN', 'IPv4', 'IPv6']
  if (!slice.addressType) return [field.required('addressType')]
  if (!types.includes(slice.addressType)) return [field.notSupported('addressType', slice.addressType, types)]
  const errors: FieldError[] = []
  const endpoints = slice.endpoints ?? []
  if (endpoints.length > MAX_ENDPOINTS) errors.push(field.tooMany('endpoints', endpoints.length, MAX_ENDPOINTS))
  for (const [i, endpoint] of endpoints.entries()) {
    const at = `endpoints[${i}]`
    const addresses = endpoint.addresses ?? []
    if (addresses.length === 0) errors.push(field.required(`${at}.addresses`, 'must contain at least 1 address'))
    for (const [a, address] of addresses.entries()) {
      if (slice.addressType === 'IPv4' && !isIPv4(address)) {
        errors.push(field.invalid(`${at}.addresses[${a}]`, address, 'must be a valid IPv4 address'))
      }
      if (slice.addressType === 'IPv6' && !isIPv6(address)) {
        errors.push(field.invalid(`${at}.addresses[${a}]`, address, 'must be a valid IPv6 address'))
      }
    }
    if (endpoint.hostname) {
      const problem = dnsLabelProblem(endpoint.hostname)
      if (problem) errors.push(field.invalid(`${at}.hostname`, endpoint.hostname, problem))
    }
  }
  const names = new Set<string>()
  for (const [i, port] of (slice.ports ?? []).entries()) {
    const at = `ports[${i}]`
    const name = port.name ?? ''
    if (names.has(name)) errors.push(field.duplicate(`${at}.name`, name))
    names.add(name)
    const problem = name === '' ? undefined : dnsLabelProblem(name)
    if (problem) errors.push(field.invalid(`${at}.name`, name, problem))
    if (!PROTOCOLS.includes(port.protocol ?? '')) {
      errors.push(field.notSupported(`${at}.protocol`, port.protocol, PROTOCOLS))
    }
  }
  return errors
}

function portsText(slice: EndpointSlice): string {
  const ports = slice.ports ?? []
  if (ports.length === 0) return '<unset>'
  return shortened(ports.map((p) => (p.port === undefined ? (p.name ?? '*') : String(p.port)))) || '<unset>'
}

function endpointsText(slice: EndpointSlice): string {
  const addresses = (slice.endpoints ?? []).flatMap((e) => e.addresses ?? [])
  return addresses.length === 0 ? '<unset>' : shortened(addresses)
}

function shortened(values: readonly string[]): string {
  const shown = values.slice(0, MAX_SHOWN).join(',')
  return values.length > MAX_SHOWN ? `${shown} + ${values.length - MAX_SHOWN} more...` : shown
}

export const networkDefinitions: readonly ResourceDefinition[] = [
  networkPolicies,
  ipAddresses,
  serviceCidrs,
  endpointSlices,
]
