// ingresses and ingressclasses. Spec: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/

import type { Ingress, IngressClass } from '../../../api/generated/networking-v1.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, loadBalancerText, nameColumn, text } from '../columns/common.ts'
import { immutable } from '../core/workload-validation.ts'
import {
  validateIngress,
  validateIngressClass,
  validateIngressStatus,
  validateNewIngress,
} from './ingress-validation.ts'

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
  validateStatusUpdate: validateIngressStatus,
  columns: [
    nameColumn,
    text('Class', (i) => i.spec.ingressClassName ?? '<none>'),
    text('Hosts', hostsText),
    text('Address', (i) => loadBalancerText(i.status.loadBalancer?.ingress)),
    text('Ports', (i) => ((i.spec.tls ?? []).length > 0 ? '80, 443' : '80')),
    ageColumn,
  ],
})

/** Up to three hosts; rules that come after the third count as more of them, with a host or without. */
function hostsText(ingress: Ingress): string {
  const rules = ingress.spec.rules ?? []
  const shown: string[] = []
  let more = false
  for (const { host } of rules) {
    if (shown.length === MAX_HOSTS) more = true
    else if (host) shown.push(host)
  }
  if (shown.length === 0) return '*'
  return more ? `${shown.join(',')} + ${rules.length - MAX_HOSTS} more...` : shown.join(',')
}

export const ingressClasses = defineResource<IngressClass>({
  group: 'networking.k8s.io',
  resource: 'ingressclasses',
  defaults({ spec }) {
    if (spec.parameters) spec.parameters.scope ??= 'Cluster'
  },
  validate: (c, old) => [
    ...(old ? immutable('spec.controller', c.spec.controller ?? '', old.spec.controller ?? '') : []),
    ...validateIngressClass(c),
  ],
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
