// Validation of services. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type { Service, ServicePort, ServiceSpec } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem, dnsSubdomainProblem, portProblem } from '../../../machinery/names.ts'
import { validateLabels } from '../../registry/metadata.ts'
import {
  checkAddress,
  checkCidr,
  checkEnum,
  checkOptionalEnum,
  checkPort,
  checkQualifiedName,
  checkSpecialAddress,
  invalidFor,
} from './field-checks.ts'
import { validateFamilies, validateFamilyUpdate } from './service-families.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const POLICIES = ['Cluster', 'Local']
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges'
const LONGEST_AFFINITY_SECONDS = 86400
const ONLY_BALANCERS = "may only be used when `type` is 'LoadBalancer'"

const isHeadless = (spec: ServiceSpec) => spec.clusterIP === 'None'

/** Whether something outside of the cluster may use the service. */
export function isExternallyAccessible({ type, externalIPs = [] }: ServiceSpec): boolean {
  return type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && externalIPs.length > 0)
}

/** Whether load balancers have to be told which nodes have endpoints. */
function needsHealthCheck({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local'
}

/** Problems of a service, new or changed. Addresses that `old` had already are let be. */
export function validateService(service: Service, old?: Service): FieldError[] {
  const { spec } = service
  const ports = spec.ports ?? []
  const errors: FieldError[] = []
  if (ports.length === 0 && spec.type !== 'ExternalName' && !isHeadless(spec)) errors.push(field.required('spec.ports'))
  if (isHeadless(spec) && (spec.type === 'NodePort' || spec.type === 'LoadBalancer')) {
    errors.push(field.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`))
  }
  if (spec.type === 'ExternalName') errors.push(...validateExternalName(spec))
  errors.push(...validatePorts(ports))
  errors.push(...validateLabels(spec.selector ?? {}, 'spec.selector'))
  errors.push(...validateAffinity(spec), ...validateFamilies(spec, old?.spec))
  for (const [i, address] of (spec.externalIPs ?? []).entries()) {
    const at = `spec.externalIPs[${i}]`
    const problems = checkAddress(at, address, old?.spec.externalIPs)
    errors.push(...(problems.length > 0 ? problems : checkSpecialAddress(at, address)))
  }
  errors.push(...checkEnum('spec.type', spec.type, TYPES), ...validateUniquePorts(spec, ports))
  errors.push(...validateSourceRanges(service, old), ...validateBalancer(spec), ...validatePolicies(spec))
  return [...errors, ...checkOptionalEnum('spec.trafficDistribution', spec.trafficDistribution, DISTRIBUTIONS)]
}

function validateExternalName(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  const why = 'may not be set for ExternalName services'
  if (spec.clusterIP || (spec.clusterIPs ?? []).length > 0) errors.push(field.forbidden('spec.clusterIPs', why))
  if ((spec.ipFamilies ?? []).length > 0) errors.push(field.forbidden('spec.ipFamilies', why))
  if (spec.ipFamilyPolicy !== undefined) errors.push(field.forbidden('spec.ipFamilyPolicy', why))
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  if (name === '') return [...errors, field.required('spec.externalName')]
  return [...errors, ...invalidFor('spec.externalName', name, [dnsSubdomainProblem(name)])]
}

function validatePorts(ports: readonly ServicePort[]): FieldError[] {
  const names = new Set<string>()
  return ports.flatMap((port, i) => {
    const at = `spec.ports[${i}]`
    const { name = '', appProtocol } = port
    const errors: FieldError[] = []
    if (name === '' && ports.length > 1) errors.push(field.required(`${at}.name`))
    if (name !== '') {
      errors.push(...invalidFor(`${at}.name`, name, [dnsLabelProblem(name)]))
      if (names.has(name)) errors.push(field.duplicate(`${at}.name`, name))
      names.add(name)
    }
    errors.push(...invalidFor(`${at}.port`, port.port ?? 0, [portProblem(port.port ?? 0)]))
    errors.push(...checkEnum(`${at}.protocol`, port.protocol, PROTOCOLS))
    errors.push(...checkPort(`${at}.targetPort`, port.targetPort))
    return appProtocol === undefined ? errors : [...errors, ...checkQualifiedName(`${at}.appProtocol`, appProtocol)]
  })
}

function validateUniquePorts(spec: ServiceSpec, ports: readonly ServicePort[]): FieldError[] {
  const errors: FieldError[] = []
  const nodePorts = new Set<string>()
  const numbers = new Set<string>()
  for (const [i, { nodePort }] of ports.entries()) {
    if (spec.type !== 'ClusterIP' || !nodePort) continue
    errors.push(field.forbidden(`spec.ports[${i}].nodePort`, "may not be used when `type` is 'ClusterIP'"))
  }
  for (const [i, { nodePort, protocol }] of ports.entries()) {
    if (!nodePort) continue
    const id = `${protocol}/${nodePort}`
    // The allocator has given the port away to the first of them before anything is checked.
    if (nodePorts.has(id)) {
      errors.push(field.invalid(`spec.ports[${i}].nodePort`, nodePort, 'provided port is already allocated'))
    }
    nodePorts.add(id)
  }
  for (const [i, { port, protocol }] of ports.entries()) {
    const id = `${protocol}/${port}`
    // The port as upstream names it internally, where only these two fields say something.
    const key = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 }
    if (numbers.has(id)) errors.push(field.duplicate(`spec.ports[${i}]`, key))
    numbers.add(id)
  }
  return errors
}

function validateAffinity({ sessionAffinity, sessionAffinityConfig: config }: ServiceSpec): FieldError[] {
  const errors = checkEnum('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None'])
  const at = 'spec.sessionAffinityConfig'
  if (sessionAffinity !== 'ClientIP') {
    if (sessionAffinity === 'None' && config) {
      errors.push(field.forbidden(at, 'must not be set when session affinity is None'))
    }
    return errors
  }
  const why = 'when session affinity type is ClientIP'
  if (!config) return [...errors, field.required(at, why)]
  if (!config.clientIP) return [...errors, field.required(`${at}.clientIP`, why)]
  const seconds = config.clientIP.timeoutSeconds
  const secondsAt = `${at}.clientIP.timeoutSeconds`
  if (seconds === undefined) return [...errors, field.required(secondsAt, why)]
  if (seconds > 0 && seconds <= LONGEST_AFFINITY_SECONDS) return errors
  return [
    ...errors,
    field.invalid(secondsAt, seconds, `must be greater than 0 and less than ${LONGEST_AFFINITY_SECONDS}`),
  ]
}

function validateSourceRanges({ spec, metadata }: Service, old: Service | undefined): FieldError[] {
  const ranges = spec.loadBalancerSourceRanges ?? []
  const annotation = metadata.annotations?.[SOURCE_RANGES]
  if (ranges.length > 0) {
    const at = 'spec.LoadBalancerSourceRanges'
    const misplaced = spec.type === 'LoadBalancer' ? [] : [field.forbidden(at, ONLY_BALANCERS)]
    const known = (old?.spec.loadBalancerSourceRanges ?? []).map((range) => range.trim())
    return [...misplaced, ...ranges.flatMap((range, i) => checkCidr(`${at}[${i}]`, range.trim(), known))]
  }
  if (annotation === undefined) return []
  const at = `metadata.annotations[${SOURCE_RANGES}]`
  const misplaced = spec.type === 'LoadBalancer' ? [] : [field.forbidden(at, ONLY_BALANCERS)]
  if (annotation.trim() === '' || annotation === old?.metadata.annotations?.[SOURCE_RANGES]) return misplaced
  return [...misplaced, ...annotation.split(',').flatMap((range) => checkCidr(at, range.trim()))]
}

function validateBalancer({
  type,
  allocateLoadBalancerNodePorts: allocate,
  loadBalancerClass,
}: ServiceSpec): FieldError[] {
  if (type === 'LoadBalancer') {
    return loadBalancerClass === undefined ? [] : checkQualifiedName('spec.loadBalancerClass', loadBalancerClass)
  }
  return [
    ...(allocate === undefined ? [] : [field.forbidden('spec.allocateLoadBalancerNodePorts', ONLY_BALANCERS)]),
    ...(loadBalancerClass === undefined ? [] : [field.forbidden('spec.loadBalancerClass', ONLY_BALANCERS)]),
  ]
}

function validatePolicies(spec: ServiceSpec): FieldError[] {
  const { externalTrafficPolicy: policy, healthCheckNodePort: port } = spec
  const errors: FieldError[] = []
  const at = 'spec.externalTrafficPolicy'
  if (isExternallyAccessible(spec)) errors.push(...checkEnum(at, policy, POLICIES))
  else if (policy) errors.push(field.invalid(at, policy, 'may only be set for externally-accessible services'))
  if (port && !needsHealthCheck(spec)) {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    errors.push(field.invalid('spec.healthCheckNodePort', port, why))
  } else if (port) errors.push(...invalidFor('spec.healthCheckNodePort', port, [portProblem(port)]))
  const internal = 'spec.internalTrafficPolicy'
  if (spec.internalTrafficPolicy === undefined && spec.type !== 'ExternalName') errors.push(field.required(internal))
  return [...errors, ...checkOptionalEnum(internal, spec.internalTrafficPolicy, POLICIES)]
}

/** Problems of a change: addresses stay unless the service had none or loses them. */
export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const [now, before] = [service.spec, old.spec]
  const errors: FieldError[] = validateFamilyUpdate(now, before)
  if (
    now.type === 'LoadBalancer' &&
    before.type === 'LoadBalancer' &&
    now.loadBalancerClass !== before.loadBalancerClass
  ) {
    errors.push(field.invalid('spec.loadBalancerClass', now.loadBalancerClass ?? null, 'may not change once set'))
  }
  if (needsHealthCheck(now) && needsHealthCheck(before) && now.healthCheckNodePort !== before.healthCheckNodePort) {
    errors.push(field.forbidden('spec.healthCheckNodePort', 'field is immutable'))
  }
  return errors
}

/** Takes away what only the old type could have, where the client just left it as it was. */
export function dropTypeDependentFields(spec: ServiceSpec, old: ServiceSpec): void {
  const hasNodePorts = ({ type }: ServiceSpec) => type === 'NodePort' || type === 'LoadBalancer'
  const drop = (
    name: 'allocateLoadBalancerNodePorts' | 'loadBalancerClass' | 'externalTrafficPolicy' | 'healthCheckNodePort',
    may: (spec: ServiceSpec) => boolean,
  ) => {
    if (may(old) && !may(spec) && spec[name] === old[name]) delete spec[name]
  }
  if (hasNodePorts(old) && !hasNodePorts(spec)) {
    const had = new Set((old.ports ?? []).map((port) => port.nodePort))
    for (const port of spec.ports ?? []) if (had.has(port.nodePort)) delete port.nodePort
  }
  drop('healthCheckNodePort', needsHealthCheck)
  drop('allocateLoadBalancerNodePorts', ({ type }) => type === 'LoadBalancer')
  drop('loadBalancerClass', ({ type }) => type === 'LoadBalancer')
  drop('externalTrafficPolicy', isExternallyAccessible)
}
