// The environment variables that tell a container about the services of its namespace.
// Spec: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables

import type { Service } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'

type ApiService = DeepReadonly<Service>

function envName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_')
}

function hostPort(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}

/** The services a pod of `namespace` sees: its own namespace's, and `kubernetes` of the default one. */
export function visibleServices(all: readonly ApiService[], namespace: string, links: boolean): ApiService[] {
  const chosen = new Map<string, ApiService>()
  for (const service of all) {
    const ip = service.spec.clusterIP
    if (!ip || ip === 'None') continue
    const { name, namespace: own } = service.metadata
    if (own === namespace && links) chosen.set(name, service)
    else if (own === 'default' && name === 'kubernetes' && !chosen.has(name)) chosen.set(name, service)
  }
  return [...chosen.values()]
}

/** `<NAME>_SERVICE_HOST`, `_SERVICE_PORT`, and the variables docker links had. */
export function serviceEnv(services: readonly ApiService[]): Map<string, string> {
  const env = new Map<string, string>()
  for (const { metadata, spec } of services) {
    const ip = spec.clusterIP ?? ''
    const prefix = envName(metadata.name)
    const ports = spec.ports ?? []
    env.set(`${prefix}_SERVICE_HOST`, ip)
    if (ports[0]) env.set(`${prefix}_SERVICE_PORT`, String(ports[0].port))
    for (const port of ports) if (port.name) env.set(`${prefix}_SERVICE_PORT_${envName(port.name)}`, String(port.port))
    for (const [i, { port, protocol = 'TCP' }] of ports.entries()) {
      const scheme = protocol.toLowerCase()
      const url = `${scheme}://${hostPort(ip, port)}`
      const link = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`
      if (i === 0) env.set(`${prefix}_PORT`, url)
      env.set(link, url)
      env.set(`${link}_PROTO`, scheme)
      env.set(`${link}_PORT`, String(port))
      env.set(`${link}_ADDR`, ip)
    }
  }
  return env
}
