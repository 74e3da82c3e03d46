// What makes an ingress or an ingress class invalid, in upstream's words.
// Behaviour: k8s.io/kubernetes/pkg/apis/networking/validation.

import { isIP } from 'node:net'
import type {
  HTTPIngressPath,
  HTTPIngressRuleValue,
  Ingress,
  IngressBackend,
  IngressClass,
  IngressTLS,
} from '../../../api/generated/networking-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import {
  dnsLabelProblem,
  dnsSubdomainProblem,
  pathSegmentProblem,
  portNameProblem,
  portProblem,
} from '../../../machinery/names.ts'
import { prefixedPathProblems } from '../../../machinery/prefixed-path.ts'
import { checkAddress } from '../core/field-checks.ts'

export const OLD_CLASS = 'kubernetes.io/ingress.class'
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix']
const BAD_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F']
const BAD_ENDS = ['/..', '/.']
const SCOPES = ['Cluster', 'Namespace']
const MAX_CONTROLLER = 250
const MAX_HOST = 253
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const WILDCARD = `\\*\\.${LABEL}(\\.${LABEL})*`
const WILDCARD_REGEX = new RegExp(`^${WILDCARD}$`)

/** Problems of an ingress. What `old` had wrong already may stay wrong. */
export function validateIngress({ spec }: Ingress, old?: Ingress): FieldError[] {
  const errors: FieldError[] = []
  const anySecret = (old?.spec.tls ?? []).some(({ secretName }) => secretName && dnsSubdomainProblem(secretName))
  // Below hosts with a wildcard nothing was looked at once.
  const anyRule = (old?.spec.rules ?? []).some(
    ({ host, http }) => host?.includes('*') && validatePaths(http, '').length > 0,
  )
  const rules = spec.rules ?? []
  if (rules.length === 0 && !spec.defaultBackend) {
    errors.push(field.invalid('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'))
  }
  if (spec.defaultBackend) errors.push(...validateBackend(spec.defaultBackend, 'spec.defaultBackend'))
  for (const [i, rule] of rules.entries()) {
    const at = `spec.rules[${i}]`
    if (rule.host) errors.push(...validateRuleHost(rule.host, `${at}.host`))
    if (!anyRule || !rule.host?.includes('*')) errors.push(...validatePaths(rule.http, `${at}.http`))
  }
  for (const [i, tls] of (spec.tls ?? []).entries()) errors.push(...validateTls(tls, `spec.tls[${i}]`, anySecret))
  if (spec.ingressClassName !== undefined) {
    errors.push(...problemAt('spec.ingressClassName', spec.ingressClassName, dnsSubdomainProblem))
  }
  return errors
}

function validatePaths(http: HTTPIngressRuleValue | undefined, at: string): FieldError[] {
  if (!http) return []
  const paths = http.paths ?? []
  if (paths.length === 0) return [field.required(`${at}.paths`)]
  return paths.flatMap((path, p) => validatePath(path, `${at}.paths[${p}]`))
}

/** A new ingress may name its class in the old place and in the new one when both say the same. */
export function validateNewIngress({ spec, metadata }: Ingress): FieldError[] {
  const old = metadata.annotations?.[OLD_CLASS]
  if (old === undefined || spec.ingressClassName === undefined || old === spec.ingressClassName) return []
  const detail = 'must match `ingressClassName` when both are specified'
  return [field.invalid(`annotations.${OLD_CLASS}`, old, detail)]
}

function problemAt<T>(path: string, value: T, problemOf: (value: T) => string | undefined): FieldError[] {
  const problem = problemOf(value)
  return problem === undefined ? [] : [field.invalid(path, value, problem)]
}

function hostProblem(host: string): string | undefined {
  if (!host.includes('*')) return dnsSubdomainProblem(host)
  if (host.length > MAX_HOST) return `must be no more than ${MAX_HOST} bytes`
  if (WILDCARD_REGEX.test(host)) return undefined
  return `a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '${WILDCARD}')`
}

function validateRuleHost(host: string, path: string): FieldError[] {
  const isAddress = isIP(host) > 0
  return [
    ...(isAddress ? [field.invalid(path, host, 'must be a DNS name, not an IP address')] : []),
    ...problemAt(path, host, hostProblem),
  ]
}

function validateTls(tls: IngressTLS, path: string, anySecret: boolean): FieldError[] {
  const hosts = (tls.hosts ?? []).flatMap((host, i) => problemAt(`${path}.hosts[${i}]`, host, hostProblem))
  if (!tls.secretName || anySecret) return hosts
  return [...hosts, ...problemAt(`${path}.secretName`, tls.secretName, dnsSubdomainProblem)]
}

function validatePath({ path = '', pathType, backend }: HTTPIngressPath, at: string): FieldError[] {
  if (!pathType) return [field.required(`${at}.pathType`, 'pathType must be specified')]
  const errors: FieldError[] = []
  const bad = (detail: string) => errors.push(field.invalid(`${at}.path`, path, detail))
  if (!PATH_TYPES.includes(pathType)) {
    errors.push(field.notSupported(`${at}.pathType`, pathType, PATH_TYPES))
  } else if (pathType === 'ImplementationSpecific') {
    if (path !== '' && !path.startsWith('/')) bad('must be an absolute path')
  } else {
    if (!path.startsWith('/')) bad('must be an absolute path')
    for (const sequence of BAD_SEQUENCES) if (path.includes(sequence)) bad(`must not contain '${sequence}'`)
    for (const end of BAD_ENDS) if (path.endsWith(end)) bad(`cannot end with '${end}'`)
  }
  return [...errors, ...validateBackend(backend ?? {}, `${at}.backend`)]
}

function validateBackend({ service, resource }: IngressBackend, path: string): FieldError[] {
  if (service && resource) return [field.invalid(path, '', 'cannot set both resource and service backends')]
  if (resource) return validateReference(resource, `${path}.resource`)
  if (!service) return [field.invalid(path, '', 'resource or service backend is required')]
  const at = `${path}.service`
  const errors = service.name ? problemAt(`${at}.name`, service.name, dnsLabelProblem) : [field.required(`${at}.name`)]
  const { name, number } = service.port ?? {}
  if (name && number) errors.push(field.invalid(path, '', 'cannot set both port name & port number'))
  else if (name) errors.push(...problemAt(`${at}.port.name`, name, portNameProblem))
  else if (number) errors.push(...problemAt(`${at}.port.number`, number, portProblem))
  else errors.push(field.required(path, 'port name or number is required'))
  return errors
}

function validateReference(
  { apiGroup, kind, name }: { apiGroup?: string | null; kind?: string; name?: string },
  path: string,
): FieldError[] {
  const errors = apiGroup == null ? [] : problemAt(`${path}.apiGroup`, apiGroup, dnsSubdomainProblem)
  if (kind) errors.push(...problemAt(`${path}.kind`, kind, pathSegmentProblem))
  else errors.push(field.required(`${path}.kind`))
  if (name) errors.push(...problemAt(`${path}.name`, name, pathSegmentProblem))
  else errors.push(field.required(`${path}.name`))
  return errors
}

/** Problems of where an ingress is said to be reached. Upstream: ValidateIngressLoadBalancerStatus. */
export function validateIngressStatus({ status }: Ingress, old: Ingress): FieldError[] {
  const known = new Set(old.status.loadBalancer?.ingress?.map(({ ip }) => ip))
  return (status.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }, i) => {
    const at = `status.loadBalancer.ingress[${i}]`
    return [
      ...(ip && !known.has(ip) ? checkAddress(`${at}.ip`, ip) : []),
      ...(hostname ? validateHostname(hostname, `${at}.hostname`) : []),
    ]
  })
}

function validateHostname(hostname: string, path: string): FieldError[] {
  const errors = problemAt(path, hostname, dnsSubdomainProblem)
  if (isIP(hostname) > 0) errors.push(field.invalid(path, hostname, 'must be a DNS name, not an IP address'))
  return errors
}

/** Problems of an ingress class. */
export function validateIngressClass({ spec }: IngressClass): FieldError[] {
  const errors: FieldError[] = []
  const { controller = '', parameters } = spec
  if (Buffer.byteLength(controller) > MAX_CONTROLLER) errors.push(field.tooLong('spec.controller', MAX_CONTROLLER))
  if (controller === '') errors.push(field.required('spec.controller'))
  else errors.push(...prefixedPathProblems('spec.controller', controller))
  if (!parameters) return errors
  const at = 'spec.parameters'
  errors.push(...validateReference(parameters, at))
  const { namespace } = parameters
  const scope = parameters.scope ?? ''
  if (!SCOPES.includes(scope)) errors.push(field.notSupported(`${at}.scope`, scope, SCOPES))
  else if (scope === 'Cluster') {
    if (namespace !== undefined) {
      errors.push(field.forbidden(`${at}.namespace`, "`parameters.scope` is set to 'Cluster'"))
    }
  } else if (namespace === undefined) {
    errors.push(field.required(`${at}.namespace`, "`parameters.scope` is set to 'Namespace'"))
  } else errors.push(...problemAt(`${at}.namespace`, namespace, dnsLabelProblem))
  return errors
}
