// ingresses and ingressclasses. Spec: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/

import type { Ingress, IngressClass } from '../../../api/generated/networking-v1.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { immutable } from '../core/workload-validation.ts'
import { OLD_CLASS, validateIngress, validateIngressClass, validateNewIngress } from './ingress-validation.ts'

const MAX_HOSTS = 3

export const ingresses = defineResource<Ingress>({
  group: 'networking.k8s.io',
  resource: 'ingresses',
  shortNames: ['ing'],
  storagePrefix: 'ingress',
  prepareCreate(ingress) {
    ingress.status = { loadBalancer: {} }
  },
  validate: validateIngress,
  validateCreate: validateNewIngress,
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

export const ingressClasses = defineResource<IngressClass>({
  group: 'networking.k8s.io',
  resource: 'ingressclasses',
  defaults({ spec }) {
    if (spec.parameters) spec.parameters.scope ??= 'Cluster'
  },
  validate: validateIngressClass,
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
