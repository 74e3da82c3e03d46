// Which endpoints of a service port take traffic here: readiness, termination, node locality and topology hints.
// Behaviour: https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-policies

import type { Service, ServicePort } from '../api/generated/core-v1.ts'
import type { Endpoint, EndpointSlice } from '../api/generated/discovery-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { parseIPv4 } from './addresses.ts'

/** One address and port that can be chosen. */
export interface Backend {
  readonly ip: string
  readonly port: number
}

export interface Selected {
  /** For traffic under the policy `Cluster`. */
  readonly cluster: readonly Backend[]
  /** For traffic under the policy `Local`. */
  readonly local: readonly Backend[]
}

/** Where the node stands. */
export interface Place {
  readonly nodeName: string
  readonly zone?: string
}

interface Candidate extends Backend {
  readonly ready: boolean
  readonly draining: boolean
  readonly here: boolean
  readonly endpoint: DeepReadonly<Endpoint>
}

/** The endpoints of one port of a service, in a stable order. */
export function selectEndpoints(
  port: DeepReadonly<ServicePort>,
  slices: readonly DeepReadonly<EndpointSlice>[],
  place: Place,
): Selected {
  const candidates = candidatesOf(port, slices, place)
  const preferred = byTopology(
    candidates.filter((c) => c.ready),
    place,
  )
  const cluster = preferred.length > 0 ? preferred : candidates.filter((c) => c.draining)
  const here = candidates.filter((c) => c.here)
  const localReady = here.filter((c) => c.ready)
  const local = localReady.length > 0 ? localReady : here.filter((c) => c.draining)
  return { cluster: cluster.map(backendOf), local: local.map(backendOf) }
}

/** Whether a service has virtual addresses at all: headless and ExternalName services have none. */
export function hasVirtualIP(service: DeepReadonly<Service>): boolean {
  const { type, clusterIP } = service.spec
  return type !== 'ExternalName' && clusterIP !== undefined && clusterIP !== '' && clusterIP !== 'None'
}

function backendOf({ ip, port }: Candidate): Backend {
  return { ip, port }
}

function candidatesOf(
  port: DeepReadonly<ServicePort>,
  slices: readonly DeepReadonly<EndpointSlice>[],
  place: Place,
): Candidate[] {
  const found = new Map<string, Candidate>()
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue
    for (const target of slice.ports ?? []) {
      if (target.port === undefined || (target.name ?? '') !== (port.name ?? '')) continue
      if ((target.protocol ?? 'TCP') !== (port.protocol ?? 'TCP')) continue
      for (const endpoint of slice.endpoints ?? []) {
        const candidate = candidateOf(endpoint, target.port, place)
        if (!candidate) continue
        const id = `${candidate.ip}:${candidate.port}`
        const other = found.get(id)
        // While an endpoint moves between slices it may be in two of them: the ready one counts.
        if (!other || (!other.ready && candidate.ready)) found.set(id, candidate)
      }
    }
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, candidate]) => candidate)
}

function candidateOf(endpoint: DeepReadonly<Endpoint>, port: number, place: Place): Candidate | undefined {
  const [ip] = endpoint.addresses
  if (ip === undefined || parseIPv4(ip) === undefined) return undefined
  const { ready = true, serving = ready, terminating = false } = endpoint.conditions ?? {}
  return { ip, port, ready, draining: serving && terminating, here: endpoint.nodeName === place.nodeName, endpoint }
}

/** Hints count only when every ready endpoint carries one and some are meant for this place. */
function byTopology(ready: readonly Candidate[], place: Place): readonly Candidate[] {
  const { nodeName, zone } = place
  const nodesOf = (c: Candidate) => c.endpoint.hints?.forNodes ?? []
  const zonesOf = (c: Candidate) => c.endpoint.hints?.forZones ?? []
  if (ready.every((c) => nodesOf(c).length > 0)) {
    const mine = ready.filter((c) => nodesOf(c).some((n) => n.name === nodeName))
    if (mine.length > 0) return mine
  }
  if (zone !== undefined && ready.every((c) => zonesOf(c).length > 0)) {
    const mine = ready.filter((c) => zonesOf(c).some((z) => z.name === zone))
    if (mine.length > 0) return mine
  }
  return ready
}
