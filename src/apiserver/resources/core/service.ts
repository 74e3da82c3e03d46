// services. Spec: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/
// Cluster addresses and node ports are given out by services/service-allocator.ts.

import type { Service, ServicePort } from '../../../api/generated/core-v1.ts'
import { dnsLabelProblem } from '../../../machinery/names.ts'
import type { Column } from '../../resource-definition.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, loadBalancerText, mapSelectorText, nameColumn, text } from '../columns/common.ts'
import { defaultIpModes, validateServiceStatus } from './load-balancer-status.ts'
import { alignAddresses, dropAddresses, keepAddresses } from './service-families.ts'
import {
  dropTypeDependentFields,
  isExternallyAccessible,
  validateService,
  validateServiceUpdate,
} from './service-validation.ts'

const columns: readonly Column<Service>[] = [
  nameColumn,
  text('Type', (s) => s.spec.type ?? 'ClusterIP'),
  text('Cluster-IP', (s) => s.spec.clusterIPs?.[0] || '<none>'),
  text('External-IP', externalIP),
  text('Port(s)', (s) => (s.spec.ports ?? []).map(portText).join(',') || '<none>'),
  ageColumn,
  text('Selector', (s) => mapSelectorText(s.spec.selector), 1),
]

function portText(port: ServicePort): string {
  const node = port.nodePort ? `:${port.nodePort}` : ''
  return `${port.port}${node}/${port.protocol ?? 'TCP'}`
}

function externalIP(service: Service): string {
  const external = service.spec.externalIPs ?? []
  switch (service.spec.type) {
    case 'ExternalName':
      return service.spec.externalName ?? ''
    case 'LoadBalancer': {
      const ingress = loadBalancerText(service.status.loadBalancer?.ingress)
      return [...(ingress ? [ingress] : []), ...external].join(',') || '<pending>'
    }
    case 'ClusterIP':
    case 'NodePort':
      return external.join(',') || '<none>'
    default:
      return '<unknown>'
  }
}

export const services = defineResource<Service>({
  group: '',
  resource: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  storagePrefix: 'services/specs',
  createOnUpdate: true,
  generation: false,
  nameProblem: dnsLabelProblem,
  defaults(service) {
    const { spec } = service
    spec.sessionAffinity ??= 'None'
    spec.type ??= 'ClusterIP'
    if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
    if (spec.sessionAffinity === 'ClientIP') {
      spec.sessionAffinityConfig ??= { clientIP: { timeoutSeconds: 10800 } }
    }
    for (const port of spec.ports ?? []) {
      port.protocol ??= 'TCP'
      if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port
    }
    if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster'
    if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster'
    if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
  },
  prepareCreate(service) {
    alignAddresses(service.spec, undefined)
    service.status = { loadBalancer: {} }
  },
  prepareUpdate(service, old) {
    const { spec } = service
    keepAddresses(spec, old.spec)
    alignAddresses(spec, old.spec)
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') keepNodePorts(spec.ports ?? [], old.spec.ports ?? [])
    dropTypeDependentFields(spec, old.spec)
    dropAddresses(spec, old.spec)
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  prepareStatusUpdate: defaultIpModes,
  validateStatusUpdate: validateServiceStatus,
  selectableFields: { 'spec.clusterIP': (s) => s.spec.clusterIP ?? '', 'spec.type': (s) => s.spec.type ?? '' },
  columns,
})

function keepNodePorts(ports: ServicePort[], old: readonly ServicePort[]): void {
  const given = new Set(ports.map((p) => p.nodePort).filter(Boolean))
  for (const port of ports) {
    if (port.nodePort) continue
    const same = old.find((o) => o.port === port.port && o.protocol === port.protocol)
    if (same?.nodePort && !given.has(same.nodePort)) port.nodePort = same.nodePort
  }
}
