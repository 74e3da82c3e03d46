// Services and endpoints as v1beta1, v1beta2 and v1beta3 had them.

import { portLabel } from './metadata.ts'
import { defined, filled, type Json, type Notes, record, records } from './notes.ts'

/** Finds the first container port of the pods a selector chooses, as far as they are known. */
export type FirstPort = (selector: Json) => number | undefined

/** A service's spec of today from the fields that stood at the top. */
export function serviceSpecOfFields(old: Json, firstPort: FirstPort, notes: Notes): Json {
  const { port, portName, protocol, containerPort, ports, proxyPort, ...rest } = old
  const selector = record(rest.selector)
  const given = records(ports)
  if (filled(proxyPort)) notes.say('proxyPort is left out: there is no proxy port any more')
  const single = given.length > 0 || port === undefined ? [] : [{ name: portName, protocol, port, containerPort }]
  if (single.length > 0) {
    notes.moved('port', 'spec.ports[0].port')
    if (filled(portName)) notes.moved('portName', 'spec.ports[0].name')
    if (filled(containerPort)) notes.moved('containerPort', 'spec.ports[0].targetPort')
  }
  const spec = serviceSpec(rest, notes)
  const all = [...single, ...given].map((one) => servicePort(one, selector, firstPort, notes))
  return { ...spec, ...(all.length > 0 ? { ports: all } : {}) }
}

function servicePort(old: Json, selector: Json, firstPort: FirstPort, notes: Notes): Json {
  const { name, protocol, port, containerPort, targetPort = containerPort, ...rest } = old
  const none = targetPort === undefined || targetPort === '' || targetPort === 0
  const target = none && filled(selector) ? impliedTarget(port, selector, firstPort, notes) : targetPort
  return defined({
    ...rest,
    name: filled(name) ? portLabel(name, notes) : undefined,
    protocol: typeof protocol === 'string' && protocol !== '' ? protocol.toUpperCase() : undefined,
    port: Number(port),
    targetPort: none ? target : portOf(targetPort, notes),
  })
}

/** Without a container port, a service led to the first port of the pod. */
function impliedTarget(port: unknown, selector: Json, firstPort: FirstPort, notes: Notes): number | undefined {
  const found = firstPort(selector)
  if (found !== undefined) return found
  notes.say(
    `spec.ports[0].targetPort is ${String(port)}, as the port: without containerPort it used to be the first port of the pod`,
  )
  return undefined
}

/** A port by number, which may be written as text, or by name. */
function portOf(port: unknown, notes: Notes): number | string {
  if (typeof port === 'number') return port
  const text = String(port)
  return /^\d+$/.test(text) ? Number(text) : portLabel(text, notes)
}

/** What v1beta3 and its predecessors called otherwise in a service. */
export function serviceSpec(old: Json, notes: Notes): Json {
  const { portalIP, publicIPs, createExternalLoadBalancer, sessionAffinity, ...rest } = old
  const out: Json = { ...rest }
  if (filled(portalIP)) {
    notes.moved('portalIP', 'spec.clusterIP')
    out.clusterIP ??= portalIP
  }
  if (Array.isArray(publicIPs) && publicIPs.length > 0) {
    notes.moved('publicIPs', 'spec.externalIPs')
    out.externalIPs ??= publicIPs
  }
  if (createExternalLoadBalancer !== undefined) {
    notes.moved('createExternalLoadBalancer', 'spec.type: LoadBalancer')
    if (createExternalLoadBalancer === true || createExternalLoadBalancer === 'true') out.type ??= 'LoadBalancer'
  }
  if (filled(sessionAffinity)) out.sessionAffinity = affinity(String(sessionAffinity))
  if (!filled(out.selector)) delete out.selector
  return out
}

const AFFINITIES: Readonly<Record<string, string>> = { none: 'None', clientip: 'ClientIP' }

function affinity(text: string): string {
  return AFFINITIES[text.toLowerCase()] ?? text
}

/** The subsets of today from a list of `address:port`. */
export function subsetsOf(old: Json, notes: Notes): Json[] {
  if (Array.isArray(old.subsets)) return records(old.subsets)
  const protocol = filled(old.protocol) ? String(old.protocol).toUpperCase() : undefined
  const byPort = new Map<number, string[]>()
  for (const endpoint of Array.isArray(old.endpoints) ? old.endpoints : []) {
    const [, ip = '', port = ''] = /^(.*):(\d+)$/.exec(String(endpoint)) ?? []
    if (ip === '') {
      notes.say(`endpoint ${JSON.stringify(endpoint)} is left out: expected address:port`)
      continue
    }
    byPort.set(Number(port), [...(byPort.get(Number(port)) ?? []), ip])
  }
  if (byPort.size > 0) notes.moved('endpoints', 'subsets')
  return [...byPort].map(([port, ips]) => ({
    addresses: ips.map((ip) => ({ ip })),
    ports: [defined({ port, protocol })],
  }))
}
