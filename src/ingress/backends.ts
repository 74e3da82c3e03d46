// Where the requests for a service go: straight to its ready endpoints.

import type { Service } from '../api/generated/core-v1.ts'
import type { EndpointSlice } from '../api/generated/discovery-v1.ts'
import type { IngressServiceBackend } from '../api/generated/networking-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'

export interface ResolvedBackend {
  /** Name of the upstream: a namespace and a service have no dots, so these cannot collide. */
  readonly name: string
  readonly servers: readonly string[]
  readonly backup?: string
}

/** Resolves a backend; undefined when the service or its port is not there. */
export function resolveBackend(options: {
  namespace: string
  backend: DeepReadonly<IngressServiceBackend>
  service: DeepReadonly<Service> | undefined
  slices: readonly DeepReadonly<EndpointSlice>[]
}): ResolvedBackend | undefined {
  const { namespace, backend, service, slices } = options
  if (!service) return undefined
  const wanted = backend.port
  const port = (service.spec.ports ?? []).find((p) =>
    wanted?.name ? p.name === wanted.name : p.port === wanted?.number,
  )
  if (service.spec.type === 'ExternalName') {
    const number = port?.port ?? wanted?.number
    const host = service.spec.externalName ?? ''
    if (!number || !/^[a-z0-9.-]+$/i.test(host)) return undefined
    return { name: `${namespace}.${backend.name}.${number}`, servers: [`${host}:${number}`] }
  }
  if (!port || (port.protocol ?? 'TCP') !== 'TCP') return undefined
  const { clusterIP } = service.spec
  return {
    name: `${namespace}.${backend.name}.${port.port}`,
    servers: endpointAddresses(slices, port.name ?? ''),
    ...(clusterIP && clusterIP !== 'None' ? { backup: addressWith(clusterIP, port.port) } : {}),
  }
}

/** All ready endpoints, in a stable order; when there are none, those that still serve while they end. */
function endpointAddresses(slices: readonly DeepReadonly<EndpointSlice>[], portName: string): string[] {
  const ready = new Set<string>()
  const ending = new Set<string>()
  for (const slice of slices) {
    if (slice.addressType === 'FQDN') continue
    const port = (slice.ports ?? []).find((p) => (p.name ?? '') === portName)?.port
    if (port === undefined) continue
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      const [address] = addresses
      if (address === undefined) continue
      if (conditions?.ready ?? true) ready.add(addressWith(address, port))
      else if (conditions?.serving && conditions.terminating) ending.add(addressWith(address, port))
    }
  }
  return [...(ready.size > 0 ? ready : ending)].sort()
}

function addressWith(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
