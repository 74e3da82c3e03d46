// Makes the cluster's DNS server reachable under its well-known service: kube-system/kube-dns.

import type { Service } from '../api/generated/core-v1.ts'
import { endpointslices, endpoints as endpointsResource, services } from '../api/generated/resources.ts'
import type { ResourceRef } from '../api/resource-ref.ts'
import type { Client, KubeObject, New } from '../client/client.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'

const KEY = { namespace: 'kube-system', name: 'kube-dns' } as const

/** Where a node's DNS server listens: its bridge's address. */
export interface DnsEndpoint {
  readonly ip: string
  readonly nodeName: string
}

/** Creates the service with its endpoints, or points an existing one at them. */
export async function ensureDnsService(options: {
  readonly client: Client
  readonly serviceIP: string
  readonly endpoints: readonly DnsEndpoint[]
  readonly port: number
}): Promise<void> {
  const { client, serviceIP, endpoints, port } = options
  const ports = [
    { name: 'dns', port, protocol: 'UDP' },
    { name: 'dns-tcp', port, protocol: 'TCP' },
  ]
  const service = await ensureService(client, serviceIP)
  if (service.spec.clusterIP !== serviceIP) {
    throw new Error(
      `cannot use service "kube-system/kube-dns": its cluster IP is ${service.spec.clusterIP}, expected ${serviceIP}`,
    )
  }
  const slice = {
    addressType: 'IPv4',
    endpoints: endpoints.map(({ ip, nodeName }) => ({ addresses: [ip], conditions: { ready: true }, nodeName })),
    ports,
  }
  await ensure(client, endpointslices, { metadata: meta({ 'kubernetes.io/service-name': KEY.name }), ...slice }, slice)
  const addresses = endpoints.map(({ ip, nodeName }) => ({ ip, nodeName }))
  const subsets = addresses.length > 0 ? [{ addresses, ports }] : []
  // The slice is ours already; a mirrored one would say everything twice.
  const skip = { 'endpointslice.kubernetes.io/skip-mirror': 'true' }
  await ensure(client, endpointsResource, { metadata: meta(skip), subsets }, { subsets })
}

function meta(labels: Record<string, string> = {}) {
  return { ...KEY, labels: { 'k8s-app': 'kube-dns', ...labels } }
}

async function ensureService(client: Client, serviceIP: string): Promise<DeepReadonly<Service>> {
  const labels = { 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' }
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
    { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
  ]
  const wanted: New<Service> = {
    metadata: meta(labels),
    // Every node answers its own pods.
    spec: {
      type: 'ClusterIP',
      clusterIP: serviceIP,
      clusterIPs: [serviceIP],
      internalTrafficPolicy: 'Local',
      ports,
    },
  }
  return await client.create(services, wanted).catch((error: unknown) => {
    if (isReason(error, 'AlreadyExists')) return client.get(services, KEY)
    // An address that is taken may be taken by the service itself.
    return client.get(services, KEY).catch(() => Promise.reject(error))
  })
}

async function ensure<T extends KubeObject>(
  client: Client,
  ref: ResourceRef<T>,
  object: New<T>,
  patch: object,
): Promise<void> {
  try {
    await client.create(ref, object)
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error
    await client.patch(ref, KEY, { type: 'merge', patch })
  }
}
