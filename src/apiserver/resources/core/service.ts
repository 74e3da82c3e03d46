// services. Spec: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/
// Cluster addresses and node ports are given out by registry/service-allocator.ts.

import type { Service, ServicePort } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import {
  dns1035LabelProblem,
  dnsLabelProblem,
  dnsSubdomainProblem,
  portNameProblem,
  portProblem,
} from '../../../machinery/names.ts'
import { validateLabels } from '../../registry/metadata.ts'
import type { Column } from '../../resource-definition.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, loadBalancerText, mapSelectorText, nameColumn, text } from '../columns/common.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

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
  nameProblem: dns1035LabelProblem,
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
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') spec.externalTrafficPolicy ??= 'Cluster'
    if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
  },
  prepareCreate(service) {
    service.status = { loadBalancer: {} }
  },
  prepareUpdate(service, old) {
    const { spec } = service
    // A client that leaves the addresses out keeps them.
    if (spec.type !== 'ExternalName' && !spec.clusterIP) {
      if (old.spec.clusterIP) spec.clusterIP = old.spec.clusterIP
      if (old.spec.clusterIPs) spec.clusterIPs = old.spec.clusterIPs
    }
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') keepNodePorts(spec.ports ?? [], old.spec.ports ?? [])
    if (spec.type === 'ClusterIP' || spec.type === 'ExternalName') {
      if (old.spec.type === 'NodePort' || old.spec.type === 'LoadBalancer') {
        for (const port of spec.ports ?? []) delete port.nodePort
        delete spec.externalTrafficPolicy
        delete spec.allocateLoadBalancerNodePorts
        delete spec.healthCheckNodePort
      }
    }
    if (spec.type === 'ExternalName') {
      delete spec.clusterIP
      delete spec.clusterIPs
      delete spec.ipFamilies
      delete spec.ipFamilyPolicy
      delete spec.internalTrafficPolicy
    }
  },
  validate,
  validateUpdate(service, old) {
    const before = old.spec.clusterIP
    const after = service.spec.clusterIP
    const hadAddress = old.spec.type !== 'ExternalName' && service.spec.type !== 'ExternalName' && before
    if (hadAddress && after !== before) {
      return [field.invalid('spec.clusterIPs[0]', service.spec.clusterIPs?.[0] ?? after, 'may not change once set')]
    }
    return []
  },
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

function validate(service: Service): FieldError[] {
  const { spec } = service
  const errors: FieldError[] = []
  const ports = spec.ports ?? []
  const headless = spec.clusterIP === 'None'
  if (!TYPES.includes(spec.type ?? '')) errors.push(field.notSupported('spec.type', spec.type, TYPES))
  if (ports.length === 0 && spec.type !== 'ExternalName' && !headless) errors.push(field.required('spec.ports'))
  if (spec.type === 'ExternalName') {
    if (!spec.externalName) errors.push(field.required('spec.externalName'))
    else {
      const problem = dnsSubdomainProblem(spec.externalName.replace(/\.$/, ''))
      if (problem) errors.push(field.invalid('spec.externalName', spec.externalName, problem))
    }
    if (spec.clusterIP) errors.push(field.forbidden('spec.clusterIPs', "may not be set when `type` is 'ExternalName'"))
  }
  if (headless && (spec.type === 'NodePort' || spec.type === 'LoadBalancer')) {
    errors.push(field.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`))
  }
  errors.push(...validateLabels(spec.selector ?? {}, 'spec.selector'))
  const affinities = ['ClientIP', 'None']
  if (!affinities.includes(spec.sessionAffinity ?? '')) {
    errors.push(field.notSupported('spec.sessionAffinity', spec.sessionAffinity, affinities))
  }
  const timeout = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds
  if (timeout !== undefined && (timeout <= 0 || timeout > 86400)) {
    errors.push(
      field.invalid(
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
        timeout,
        'must be greater than 0 and less than 86400',
      ),
    )
  }
  for (const [i, ip] of (spec.externalIPs ?? []).entries()) {
    if (!isAddress(ip))
      errors.push(
        field.invalid(`spec.externalIPs[${i}]`, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'),
      )
    else if (/^(127\.|0\.0\.0\.0|169\.254\.|::1$)/.test(ip)) {
      errors.push(
        field.invalid(`spec.externalIPs[${i}]`, ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'),
      )
    }
  }
  errors.push(...validatePorts(service, ports))
  return errors
}

function isAddress(text: string): boolean {
  return /^(\d{1,3}\.){3}\d{1,3}$/.test(text)
    ? text.split('.').every((n) => Number(n) < 256)
    : /^[0-9a-fA-F:]*:[0-9a-fA-F:.]*$/.test(text)
}

function validatePorts(service: Service, ports: readonly ServicePort[]): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  const numbers = new Set<string>()
  const nodePorts = new Set<string>()
  for (const [i, port] of ports.entries()) {
    const at = `spec.ports[${i}]`
    if (!port.name) {
      if (ports.length > 1) errors.push(field.required(`${at}.name`))
    } else {
      const problem = dnsLabelProblem(port.name)
      if (problem) errors.push(field.invalid(`${at}.name`, port.name, problem))
      if (names.has(port.name)) errors.push(field.duplicate(`${at}.name`, port.name))
      names.add(port.name)
    }
    const problem = portProblem(port.port)
    if (problem) errors.push(field.invalid(`${at}.port`, port.port, problem))
    if (!PROTOCOLS.includes(port.protocol ?? ''))
      errors.push(field.notSupported(`${at}.protocol`, port.protocol, PROTOCOLS))
    const target = port.targetPort
    if (target !== undefined) {
      const targetProblem = typeof target === 'number' ? portProblem(target) : portNameProblem(target)
      if (targetProblem) errors.push(field.invalid(`${at}.targetPort`, target, targetProblem))
    }
    const id = `${port.protocol}/${port.port}`
    if (numbers.has(id)) errors.push(field.duplicate(at, { protocol: port.protocol, port: port.port }))
    numbers.add(id)
    if (!port.nodePort) continue
    if (service.spec.type === 'ClusterIP')
      errors.push(field.forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"))
    const nodeId = `${port.protocol}/${port.nodePort}`
    if (nodePorts.has(nodeId)) errors.push(field.duplicate(`${at}.nodePort`, port.nodePort))
    nodePorts.add(nodeId)
  }
  return errors
}
