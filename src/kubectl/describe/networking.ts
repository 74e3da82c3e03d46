// Ingresses and their classes, service address ranges and addresses.

import type { Service } from '../../api/generated/core-v1.ts'
import type {
  Ingress,
  IngressBackend,
  IngressClass,
  IPAddress,
  ServiceCIDR,
} from '../../api/generated/networking-v1.ts'
import { StatusError } from '../../machinery/errors.ts'
import { compareBytes } from '../../machinery/go/value.ts'
import { as, type DescribeContext, type Describer } from './describer.ts'
import { printEvents, subjectOf } from './events.ts'
import { printAnnotations, printConditionTable, printLabels, printLabelsAndAnnotations, printName } from './format.ts'
import { endpointsText, slicesOf } from './service.ts'
import type { PrefixWriter } from './writer.ts'

export const describeIngress: Describer = async (object, w, context) => {
  const { metadata, spec, status } = as<Ingress>(object)
  w.line(0, `Name:\t${metadata.name}`)
  printLabels(w, 'Labels', metadata.labels)
  w.line(0, `Namespace:\t${metadata.namespace}`)
  const addresses = (status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '')
  w.line(0, `Address:\t${[...new Set(addresses.filter((a) => a !== ''))].sort(compareBytes).join(',')}`)
  w.line(0, `Ingress Class:\t${spec.ingressClassName ?? '<none>'}`)
  const fallback = spec.defaultBackend
  const fallbackText = fallback ? await backendText(context, metadata.namespace, fallback) : '<default>'
  w.line(0, `Default backend:\t${fallbackText}`)
  if (spec.tls?.length) w.line(0, 'TLS:')
  for (const { hosts = [], secretName } of spec.tls ?? []) {
    w.line(1, secretName ? `${secretName} terminates ${hosts.join(',')}` : `SNI routes ${hosts.join(',')}`)
  }
  await printRules(w, context, { ingress: as<Ingress>(object), fallbackText })
  printAnnotations(w, 'Annotations', metadata.annotations)
  await printEvents(w, context, subjectOf(object))
}

async function printRules(
  w: PrefixWriter,
  context: DescribeContext,
  { ingress, fallbackText }: { ingress: Ingress; fallbackText: string },
): Promise<void> {
  w.line(0, 'Rules:\n  Host\tPath\tBackends')
  w.line(1, '----\t----\t--------')
  const rules = (ingress.spec.rules ?? []).filter((rule) => rule.http)
  for (const { host, http } of rules) {
    w.line(1, `${host || '*'}\t`)
    for (const { path = '', backend } of http?.paths ?? []) {
      w.line(2, `\t${path} \t${await backendText(context, ingress.metadata.namespace, backend)}`)
    }
  }
  if (rules.length === 0) w.line(1, `*\t*\t${fallbackText}`)
}

async function backendText(context: DescribeContext, namespace: string, backend: IngressBackend): Promise<string> {
  if (backend.resource) {
    const { apiGroup = '<none>', kind, name } = backend.resource
    return `APIGroup: ${apiGroup}, Kind: ${kind}, Name: ${name}`
  }
  if (!backend.service) return ''
  const { name, port } = backend.service
  const text = `${name}:${port?.number || port?.name || ''}`
  try {
    const slices = await slicesOf(context, { namespace, name })
    const path = { apiVersion: 'v1', resource: 'services', namespace, name }
    const service = as<Service>(await context.reader.get(path))
    const matching = (service.spec.ports ?? []).findLast(
      (p) => (port?.number && port.number === p.port) || (port?.name && port.name === p.name),
    )
    return `${text} (${endpointsText(slices, matching?.name ?? '')})`
  } catch (error) {
    if (error instanceof StatusError) return `${text} (<error: ${error.message}>)`
    throw error
  }
}

export const describeIngressClass: Describer = async (object, w, context) => {
  const { metadata, spec } = as<IngressClass>(object)
  printName(w, metadata, false)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, `Controller:\t${spec.controller ?? ''}`)
  if (spec.parameters) {
    w.line(0, 'Parameters:')
    if (typeof spec.parameters.apiGroup === 'string') w.line(1, `APIGroup:\t${spec.parameters.apiGroup}`)
    w.line(1, `Kind:\t${spec.parameters.kind}`)
    w.line(1, `Name:\t${spec.parameters.name}`)
  }
  await printEvents(w, context, subjectOf(object))
}

export const describeServiceCidr: Describer = async (object, w, context) => {
  const { metadata, spec, status } = as<ServiceCIDR>(object)
  printName(w, metadata, false)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, `CIDRs:\t${(spec.cidrs ?? []).join(', ')}`)
  if (status.conditions?.length) {
    w.line(0, 'Status:')
    printConditionTable(w, status.conditions)
  }
  await printEvents(w, context, subjectOf(object))
}

export const describeIpAddress: Describer = async (object, w, context) => {
  const { metadata, spec } = as<IPAddress>(object)
  printName(w, metadata, false)
  printLabelsAndAnnotations(w, metadata)
  if (spec.parentRef) {
    const { group = '', resource, namespace = '', name } = spec.parentRef
    w.line(0, 'Parent Reference:')
    w.line(1, `Group:\t${group}`)
    w.line(1, `Resource:\t${resource}`)
    w.line(1, `Namespace:\t${namespace}`)
    w.line(1, `Name:\t${name}`)
  }
  await printEvents(w, context, subjectOf(object))
}
