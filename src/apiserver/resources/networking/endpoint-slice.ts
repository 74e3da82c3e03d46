// endpointslices. Rules and wording: k8s.io/kubernetes/pkg/apis/discovery/validation.

import { isIPv4, isIPv6 } from 'node:net'
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from '../../../api/generated/discovery-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem, dnsSubdomainProblem, labelValueProblem } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { validateLabels } from '../../registry/metadata.ts'
import { defineResource, type StrategyContext } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import {
  checkAddress,
  checkCanonicalAddress,
  checkEndpointAddress,
  checkEnum,
  checkQualifiedName,
  checkSubdomain,
  immutable,
  invalidFor,
} from '../core/field-checks.ts'

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const MAX_ENDPOINTS = 1000
const MAX_ADDRESSES = 100
const MAX_PORTS = 20_000
const MAX_TOPOLOGY = 16
const MAX_HINTS = 8
const MAX_SHOWN = 3
const HOSTNAME = 'kubernetes.io/hostname'

export const endpointSlices = defineResource<EndpointSlice>({
  group: 'discovery.k8s.io',
  resource: 'endpointslices',
  defaults(slice) {
    for (const port of slice.ports ?? []) {
      port.protocol ??= 'TCP'
      port.name ??= ''
    }
  },
  generation: true,
  prepareCreate: (slice, context) => dropTopology(slice, undefined, context),
  prepareUpdate(slice, old, context) {
    dropTopology(slice, old, context)
    // Its labels say which service it is part of.
    if (sameJson(slice.metadata.labels ?? {}, old.metadata.labels ?? {})) return
    slice.metadata.generation = (old.metadata.generation ?? 0) + 1
  },
  validate(slice, old) {
    const errors = validateEndpoints(slice.endpoints ?? [], slice.addressType)
    // What was let be once may stay as long as nothing of it changes.
    const kept = old !== undefined && errors.length > 0 && sameJson(slice.endpoints, old.endpoints)
    return [
      ...checkEnum('addressType', slice.addressType, ADDRESS_TYPES),
      ...(kept ? [] : errors),
      ...validatePorts(slice.ports ?? []),
    ]
  },
  validateUpdate: (slice, old) => immutable('addressType', slice.addressType, old.addressType),
  columns: [
    nameColumn,
    text('AddressType', (s) => s.addressType),
    text('Ports', portsText),
    text('Endpoints', endpointsText),
    ageColumn,
  ],
})

/** v1 takes no topology; what was the node's name in it becomes the field. Upstream: dropTopologyOnV1. */
function dropTopology(slice: EndpointSlice, old: EndpointSlice | undefined, { apiVersion }: StrategyContext): void {
  if (apiVersion !== 'discovery.k8s.io/v1' || (old && sameJson(slice.endpoints, old.endpoints))) return
  const known = new Set((old?.endpoints ?? []).map((endpoint) => endpoint.deprecatedTopology?.[HOSTNAME]))
  for (const endpoint of slice.endpoints ?? []) {
    const name = endpoint.deprecatedTopology?.[HOSTNAME]
    if (endpoint.nodeName === undefined && name && known.has(name) && !dnsSubdomainProblem(name))
      endpoint.nodeName = name
    delete endpoint.deprecatedTopology
  }
}

function validateEndpoints(endpoints: readonly Endpoint[], type: string): FieldError[] {
  if (endpoints.length > MAX_ENDPOINTS) return [field.tooMany('endpoints', endpoints.length, MAX_ENDPOINTS)]
  const errors: FieldError[] = []
  for (const [i, endpoint] of endpoints.entries()) {
    const path = `endpoints[${i}]`
    const addresses = endpoint.addresses ?? []
    const { nodeName, deprecatedTopology, hostname, hints } = endpoint
    const at = `${path}.addresses`
    if (addresses.length === 0) errors.push(field.required(at, 'must contain at least 1 address'))
    if (addresses.length > MAX_ADDRESSES) errors.push(field.tooMany(at, addresses.length, MAX_ADDRESSES))
    for (const [a, address] of addresses.entries()) errors.push(...validateAddress(address, type, at, a))
    if (nodeName !== undefined) errors.push(...checkSubdomain(`${path}.nodeName`, nodeName))
    if (deprecatedTopology) errors.push(...validateTopology(deprecatedTopology, `${path}.deprecatedTopology`))
    if (hostname !== undefined) errors.push(...invalidFor(`${path}.hostname`, hostname, [dnsLabelProblem(hostname)]))
    if (hints) errors.push(...validateHints(hints, `${path}.hints`))
  }
  return errors
}

/** Addresses of types that are not known are not looked at. */
function validateAddress(address: string, type: string, list: string, index: number): FieldError[] {
  const path = `${list}[${index}]`
  if (type === 'FQDN') return validateDomain(address, path)
  if (type !== 'IPv4' && type !== 'IPv6') return []
  // Only IPv4 addresses came before there was one form of each. Upstream: IsValidIP.
  const errors = type === 'IPv4' ? checkAddress(path, address) : checkCanonicalAddress(path, address)
  if (errors.length > 0) return errors
  const fits = type === 'IPv4' ? isIPv4(address) : isIPv6(address)
  return [
    ...(fits ? [] : [field.invalid(list, address, `must be an ${type} address`)]),
    ...checkEndpointAddress(path, address),
  ]
}

function validateDomain(domain: string, path: string): FieldError[] {
  if (domain === '') return [field.required(path)]
  const name = domain.replace(/\.$/, '')
  const problem = dnsSubdomainProblem(name)
  if (problem) return [field.invalid(path, name, problem)]
  const labels = name.split('.')
  if (labels.length < 2) {
    return [field.invalid(path, name, 'should be a domain with at least two segments separated by dots')]
  }
  return labels.flatMap((label) => invalidFor(path, label, [dnsLabelProblem(label)])).slice(0, 1)
}

function validateTopology(topology: Readonly<Record<string, string>>, path: string): FieldError[] {
  const count = Object.keys(topology).length
  return [
    ...(count > MAX_TOPOLOGY ? [field.tooMany(path, count, MAX_TOPOLOGY)] : []),
    ...validateLabels(topology, path),
  ]
}

function validateHints({ forZones = [], forNodes = [] }: EndpointHints, path: string): FieldError[] {
  const errors = validateNames(forZones, `${path}.forZones`, labelValueProblem)
  if (forZones.length > MAX_HINTS) return errors
  return [...errors, ...validateNames(forNodes, `${path}.forNodes`, dnsSubdomainProblem)]
}

function validateNames(
  hints: readonly { name: string }[],
  path: string,
  problemOf: (name: string) => string | undefined,
): FieldError[] {
  if (hints.length > MAX_HINTS) return [field.tooMany(path, hints.length, MAX_HINTS)]
  const names = new Set<string>()
  return hints.flatMap(({ name }, i) => {
    const at = `${path}[${i}].name`
    const again = names.has(name) ? [field.duplicate(at, name)] : []
    names.add(name)
    return [...again, ...invalidFor(at, name, [problemOf(name)])]
  })
}

function validatePorts(ports: readonly EndpointPort[]): FieldError[] {
  if (ports.length > MAX_PORTS) return [field.tooMany('ports', ports.length, MAX_PORTS)]
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [i, { name = '', protocol, appProtocol }] of ports.entries()) {
    const path = `ports[${i}]`
    if (name !== '') errors.push(...invalidFor(`${path}.name`, name, [dnsLabelProblem(name)]))
    if (names.has(name)) errors.push(field.duplicate(`${path}.name`, name))
    names.add(name)
    errors.push(...checkEnum(`${path}.protocol`, protocol, PROTOCOLS))
    if (appProtocol !== undefined) errors.push(...checkQualifiedName(`${path}.appProtocol`, appProtocol))
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
