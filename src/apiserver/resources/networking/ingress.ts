// ingresses and ingressclasses. Spec: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/

import type { Ingress, IngressBackend, IngressClass } from '../../../api/generated/networking-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsSubdomainProblem, portNameProblem, portProblem } from '../../../machinery/names.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { immutable } from '../core/workload-validation.ts'

const OLD_CLASS = 'kubernetes.io/ingress.class'
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix']
const MAX_HOSTS = 3

export const ingresses = defineResource<Ingress>({
  group: 'networking.k8s.io',
  resource: 'ingresses',
  shortNames: ['ing'],
  storagePrefix: 'ingress',
  prepareCreate(ingress) {
    ingress.status = { loadBalancer: {} }
  },
  validate,
  columns: [
    nameColumn,
    text('Class', (i) => i.spec.ingressClassName ?? i.metadata.annotations?.[OLD_CLASS] ?? '<none>'),
    text('Hosts', hostsText),
    text('Address', (i) =>
      (i.status.loadBalancer?.ingress ?? [])
        .map((l) => l.ip || l.hostname || '')
        .filter(Boolean)
        .join(','),
    ),
    text('Ports', (i) => ((i.spec.tls ?? []).length > 0 ? '80, 443' : '80')),
    ageColumn,
  ],
})

function hostsText(ingress: Ingress): string {
  const hosts = (ingress.spec.rules ?? []).map((r) => r.host ?? '').filter((host) => host !== '')
  if (hosts.length === 0) return '*'
  const shown = hosts.slice(0, MAX_HOSTS).join(',')
  return hosts.length > MAX_HOSTS ? `${shown} + ${hosts.length - MAX_HOSTS} more...` : shown
}

function validate({ spec, metadata }: Ingress): FieldError[] {
  const errors: FieldError[] = []
  const rules = spec.rules ?? []
  if (rules.length === 0 && !spec.defaultBackend) {
    errors.push(field.invalid('spec', spec, 'either `defaultBackend` or `rules` must be specified'))
  }
  if (spec.defaultBackend) errors.push(...validateBackend(spec.defaultBackend, 'spec.defaultBackend'))
  if (spec.ingressClassName) {
    const problem = dnsSubdomainProblem(spec.ingressClassName)
    if (problem) errors.push(field.invalid('spec.ingressClassName', spec.ingressClassName, problem))
    if (!metadata.uid && metadata.annotations?.[OLD_CLASS]) {
      errors.push(
        field.invalid(
          `annotations.${OLD_CLASS}`,
          metadata.annotations[OLD_CLASS],
          'can not be set when the class field is also set',
        ),
      )
    }
  }
  for (const [i, rule] of rules.entries()) {
    const at = `spec.rules[${i}]`
    if (rule.host) errors.push(...validateHost(rule.host, `${at}.host`))
    if (rule.http && (rule.http.paths ?? []).length === 0) errors.push(field.required(`${at}.http.paths`))
    for (const [p, path] of (rule.http?.paths ?? []).entries()) {
      const where = `${at}.http.paths[${p}]`
      if (!path.pathType) errors.push(field.required(`${where}.pathType`, 'pathType must be specified'))
      else if (!PATH_TYPES.includes(path.pathType)) {
        errors.push(field.notSupported(`${where}.pathType`, path.pathType, PATH_TYPES))
      } else if (path.pathType !== 'ImplementationSpecific' || path.path)
        errors.push(...validatePath(path.path ?? '', where))
      if (path.backend) errors.push(...validateBackend(path.backend, `${where}.backend`))
      else errors.push(field.required(`${where}.backend`))
    }
  }
  for (const [i, tls] of (spec.tls ?? []).entries()) {
    for (const [h, host] of (tls.hosts ?? []).entries()) {
      errors.push(...validateHost(host, `spec.tls[${i}].hosts[${h}]`))
    }
  }
  return errors
}

function validatePath(path: string, where: string): FieldError[] {
  if (!path.startsWith('/')) return [field.invalid(`${where}.path`, path, 'must be an absolute path')]
  const bad = ['//', '/./', '/../', '%2f', '%2F'].find((sequence) => path.includes(sequence))
  return bad ? [field.invalid(`${where}.path`, path, `must not contain '${bad}'`)] : []
}

function validateHost(host: string, path: string): FieldError[] {
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(host)) {
    return [field.invalid(path, host, 'must be a DNS name, not an IP address')]
  }
  const problem = dnsSubdomainProblem(host.replace(/^\*\./, ''))
  return problem ? [field.invalid(path, host, problem)] : []
}

function validateBackend(backend: IngressBackend, path: string): FieldError[] {
  const { service, resource } = backend
  if (service && resource) {
    return [field.invalid(path, '', 'cannot set both resource and service backends')]
  }
  if (resource) return resource.name ? [] : [field.required(`${path}.resource.name`, 'name is required')]
  if (!service) return [field.required(path, 'resource or service backend is required')]
  const errors: FieldError[] = []
  if (!service.name) errors.push(field.required(`${path}.service.name`))
  const { name, number } = service.port ?? {}
  if (name && number) {
    errors.push(field.invalid(path, '', 'cannot set both port name & port number'))
  } else if (name) {
    const problem = portNameProblem(name)
    if (problem) errors.push(field.invalid(`${path}.service.port.name`, name, problem))
  } else if (number) {
    const problem = portProblem(number)
    if (problem) errors.push(field.invalid(`${path}.service.port.number`, number, problem))
  } else errors.push(field.required(path, 'port name or number is required'))
  return errors
}

export const ingressClasses = defineResource<IngressClass>({
  group: 'networking.k8s.io',
  resource: 'ingressclasses',
  defaults({ spec }) {
    if (spec.parameters) spec.parameters.scope ??= 'Cluster'
  },
  validate({ spec }) {
    const errors: FieldError[] = []
    if (spec.controller && !/^[^/]+\/.+$/.test(spec.controller)) {
      errors.push(
        field.invalid('spec.controller', spec.controller, 'must be a domain-prefixed path (such as "acme.io/foo")'),
      )
    }
    const { parameters } = spec
    const scopes = ['Cluster', 'Namespace']
    if (parameters && !scopes.includes(parameters.scope ?? '')) {
      errors.push(field.notSupported('spec.parameters.scope', parameters.scope, scopes))
    }
    if (parameters?.scope === 'Namespace' && !parameters.namespace) {
      errors.push(field.required('spec.parameters.namespace', "`parameters.scope` is set to 'Namespace'"))
    }
    return errors
  },
  validateUpdate: (c, old) => immutable('spec.controller', c.spec.controller, old.spec.controller),
  columns: [
    nameColumn,
    text('Controller', (c) => c.spec.controller ?? ''),
    text('Parameters', parametersText),
    ageColumn,
  ],
})

function parametersText({ spec }: IngressClass): string {
  const { parameters } = spec
  if (!parameters) return '<none>'
  const group = parameters.apiGroup ? `.${parameters.apiGroup}` : ''
  return `${parameters.kind}${group}/${parameters.name}`
}
