// Services and what they send traffic to.

import type { Endpoints, Service } from '../../api/generated/core-v1.ts'
import type { EndpointSlice } from '../../api/generated/discovery-v1.ts'
import { StatusError } from '../../machinery/errors.ts'
import { as, type DescribeContext, type Describer, listOf } from './describer.ts'
import { printEvents, subjectOf } from './events.ts'
import { formatLabels, joinHostPort, printLabelsAndAnnotations, printName } from './format.ts'
import type { PrefixWriter } from './writer.ts'

const SHOWN_ENDPOINTS = 3

/** The endpoint slices of a service. Throws StatusError. */
export function slicesOf(
  context: DescribeContext,
  service: { namespace: string | undefined; name: string },
): Promise<EndpointSlice[]> {
  const path = { apiVersion: 'discovery.k8s.io/v1', resource: 'endpointslices', namespace: service.namespace }
  return listOf(context.reader, path, { labelSelector: `kubernetes.io/service-name=${service.name}` })
}

/** `10.0.0.1:80,10.0.0.2:80 + 3 more...`: the ready endpoints of a port. */
export function endpointsText(slices: readonly EndpointSlice[], portName: string): string {
  if (slices.length === 0) return '<none>'
  const shown: string[] = []
  let more = false
  let count = 0
  for (const slice of slices) {
    const [ports, endpoints] = [slice.ports ?? [], slice.endpoints ?? []]
    // A headless service may have no ports at all.
    const numbers = ports.length === 0 ? [undefined] : ports.filter((p) => (p.name ?? '') === portName)
    for (const port of numbers) {
      for (const endpoint of endpoints) {
        if (shown.length === SHOWN_ENDPOINTS) more = true
        if (endpoint.conditions?.ready === false) continue
        const address = endpoint.addresses[0] ?? ''
        if (!more) shown.push(port ? joinHostPort(address, port.port ?? 0) : address)
        count += 1
      }
    }
  }
  return more ? `${shown.join(',')} + ${count - SHOWN_ENDPOINTS} more...` : shown.join(',')
}

export const describeService: Describer = async (object, w, context) => {
  const service = as<Service>(object)
  const { metadata, spec } = service
  const slices = await slicesOf(context, metadata).catch((error: unknown): EndpointSlice[] => {
    // A user who may not read endpoint slices still reads the description.
    if (error instanceof StatusError) return []
    throw error
  })
  printName(w, metadata)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, `Selector:\t${formatLabels(spec.selector)}`)
  printAddresses(w, service)
  printPorts(w, service, slices)
  w.line(0, `Session Affinity:\t${spec.sessionAffinity ?? ''}`)
  if (spec.externalTrafficPolicy) w.line(0, `External Traffic Policy:\t${spec.externalTrafficPolicy}`)
  if (spec.internalTrafficPolicy) w.line(0, `Internal Traffic Policy:\t${spec.internalTrafficPolicy}`)
  if (spec.healthCheckNodePort) w.line(0, `HealthCheck NodePort:\t${spec.healthCheckNodePort}`)
  if (spec.loadBalancerSourceRanges?.length) {
    w.line(0, `LoadBalancer Source Ranges:\t${spec.loadBalancerSourceRanges.join(',')}`)
  }
  if (spec.trafficDistribution) w.line(0, `Traffic Distribution:\t${spec.trafficDistribution}`)
  await printEvents(w, context, subjectOf(object))
}

function printAddresses(w: PrefixWriter, { spec, status }: Service): void {
  w.line(0, `Type:\t${spec.type ?? ''}`)
  if (spec.ipFamilyPolicy) w.line(0, `IP Family Policy:\t${spec.ipFamilyPolicy}`)
  w.line(0, `IP Families:\t${(spec.ipFamilies ?? []).join(',') || '<none>'}`)
  w.line(0, `IP:\t${spec.clusterIP ?? ''}`)
  w.line(0, `IPs:\t${(spec.clusterIPs ?? []).join(',') || '<none>'}`)
  if (spec.externalIPs?.length) w.line(0, `External IPs:\t${spec.externalIPs.join(',')}`)
  if (spec.loadBalancerIP) w.line(0, `Desired LoadBalancer IP:\t${spec.loadBalancerIP}`)
  if (spec.externalName) w.line(0, `External Name:\t${spec.externalName}`)
  const ingress = status.loadBalancer?.ingress ?? []
  if (ingress.length === 0) return
  const texts = ingress.map(({ ip, ipMode, hostname = '' }) => (ip ? ip + (ipMode ? ` (${ipMode})` : '') : hostname))
  w.line(0, `LoadBalancer Ingress:\t${texts.join(', ')}`)
}

function printPorts(w: PrefixWriter, { spec }: Service, slices: readonly EndpointSlice[]): void {
  for (const { name = '', port, protocol = '', targetPort = 0, nodePort } of spec.ports ?? []) {
    w.line(0, `Port:\t${name || '<unset>'}\t${port}/${protocol}`)
    w.line(0, `TargetPort:\t${targetPort}/${protocol}`)
    if (nodePort) w.line(0, `NodePort:\t${name || '<unset>'}\t${nodePort}/${protocol}`)
    w.line(0, `Endpoints:\t${endpointsText(slices, name)}`)
  }
}

export const describeEndpoints: Describer = async (object, w, context) => {
  const { metadata, subsets = [] } = as<Endpoints>(object)
  printName(w, metadata)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, 'Subsets:')
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    w.line(1, `Addresses:\t${addresses.map((a) => a.ip).join(',') || '<none>'}`)
    w.line(1, `NotReadyAddresses:\t${notReadyAddresses.map((a) => a.ip).join(',') || '<none>'}`)
    if (ports.length > 0) {
      w.line(1, 'Ports:')
      w.line(2, 'Name\tPort\tProtocol')
      w.line(2, '----\t----\t--------')
    }
    for (const { name, port, protocol = '' } of ports) w.line(2, `${name || '<unset>'}\t${port}\t${protocol}`)
    w.write(0, '\n')
  }
  await printEvents(w, context, subjectOf(object))
}

export const describeEndpointSlice: Describer = async (object, w, context) => {
  const { metadata, addressType, ports, endpoints } = as<EndpointSlice>(object)
  printName(w, metadata)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, `AddressType:\t${addressType}`)
  if (ports?.length) {
    w.line(0, 'Ports:')
    w.line(1, 'Name\tPort\tProtocol')
    w.line(1, '----\t----\t--------')
    for (const { name, port, protocol = '' } of ports) {
      w.line(1, `${name || '<unset>'}\t${port ?? '<unset>'}\t${protocol}`)
    }
  } else {
    w.line(0, 'Ports: <unset>')
  }
  if (endpoints?.length) {
    w.line(0, 'Endpoints:')
    for (const endpoint of endpoints) printEndpoint(w, endpoint)
  } else {
    w.line(0, 'Endpoints: <none>')
  }
  await printEvents(w, context, subjectOf(object))
}

function printEndpoint(w: PrefixWriter, endpoint: NonNullable<EndpointSlice['endpoints']>[number]): void {
  const { addresses, conditions, hostname, targetRef, nodeName, zone } = endpoint
  w.line(1, `- Addresses:\t${addresses.join(', ') || '<none>'}`)
  w.line(2, 'Conditions:')
  w.line(3, `Ready:\t${conditions?.ready ?? '<unset>'}`)
  w.line(2, `Hostname:\t${hostname ?? '<unset>'}`)
  if (targetRef) w.line(2, `TargetRef:\t${targetRef.kind ?? ''}/${targetRef.name ?? ''}`)
  w.line(2, `NodeName:\t${nodeName ?? '<unset>'}`)
  w.line(2, `Zone:\t${zone ?? '<unset>'}`)
}
