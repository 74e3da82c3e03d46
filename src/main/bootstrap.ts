// The objects every cluster has from the start. Each is made when it is missing, and left alone when it is there.

import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../api/generated/rbac-v1.ts'
import {
  clusterrolebindings,
  clusterroles,
  configmaps,
  endpoints,
  endpointslices,
  namespaces,
  priorityclasses,
  rolebindings,
  roles,
  services,
} from '../api/generated/resources.ts'
import type { ResourceRef } from '../api/resource-ref.ts'
import { bootstrapPolicy } from '../apiserver/authorization/bootstrap-policy.ts'
import type { Client, KubeObject, New } from '../client/client.ts'
import { isReason } from '../machinery/errors.ts'
import { sameJson } from '../machinery/same-json.ts'
import { toYaml } from '../machinery/yaml-writer.ts'
import { bootstrapFlowControl } from './bootstrap-flow-control.ts'
import { PROXY_CLIENT } from './certificates.ts'

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease']

export interface BootstrapOptions {
  readonly client: Client
  /** Cluster address of the API: the first of the service range. */
  readonly apiServiceIP: string
  /** Where the API listens, as pods can reach it. */
  readonly advertise: { readonly ip: string; readonly port: number }
  /** PEM of the cluster's CA, published for machines that join. */
  readonly rootCA: string
  /** PEM of the authority behind the certificate that this server shows to servers of other APIs. */
  readonly proxyCA: string
  /** What a node that joins has to know of the network. */
  readonly network: JoinNetwork
}

/** See BootstrapOptions.network; published as JSON beside the kubeconfig of `cluster-info`. */
export interface JoinNetwork {
  readonly serviceCidr: string
  readonly podCidr: string
  readonly clusterDomain: string
}

/** Key of `cluster-info` that holds the JoinNetwork. */
export const JOIN_NETWORK = 'network'

/** Makes what is missing. Safe to run at every start. */
export async function bootstrap(options: BootstrapOptions): Promise<void> {
  const { client } = options
  await Promise.all(NAMESPACES.map((name) => ensure(client, namespaces, { metadata: { name }, spec: {} })))
  await Promise.all([
    bootstrapRoles(client),
    bootstrapPriorities(client),
    bootstrapFlowControl(client),
    bootstrapApiService(options),
    bootstrapClusterInfo(options),
    bootstrapAuthentication(options),
  ])
}

/**
 * Where the cluster is and who signs for it, readable by everyone: what a machine needs before it can prove who it is.
 * Spec: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#configmap-signing
 */
async function bootstrapClusterInfo({ client, advertise, rootCA, network }: BootstrapOptions): Promise<void> {
  const key = { namespace: 'kube-public', name: 'cluster-info' }
  const cluster = {
    'certificate-authority-data': Buffer.from(rootCA).toString('base64'),
    server: `https://${advertise.ip}:${advertise.port}`,
  }
  const kubeconfig = toYaml({ apiVersion: 'v1', kind: 'Config', clusters: [{ name: '', cluster }] })
  const { serviceCidr, podCidr, clusterDomain } = network
  const data = { kubeconfig, [JOIN_NETWORK]: JSON.stringify({ serviceCidr, podCidr, clusterDomain }) }
  await ensure(client, configmaps, { metadata: key, data })
  await client.patch(configmaps, key, { type: 'merge', patch: { data } })
}

/**
 * What servers of other APIs have to know to believe this server about who its callers are.
 * Spec: https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/#extension-apiserver-authenticates-the-request
 */
async function bootstrapAuthentication({ client, rootCA, proxyCA }: BootstrapOptions): Promise<void> {
  const key = { namespace: 'kube-system', name: 'extension-apiserver-authentication' }
  const data = {
    'client-ca-file': rootCA,
    'requestheader-allowed-names': JSON.stringify([PROXY_CLIENT.commonName]),
    'requestheader-client-ca-file': proxyCA,
    'requestheader-extra-headers-prefix': JSON.stringify(['X-Remote-Extra-']),
    'requestheader-group-headers': JSON.stringify(['X-Remote-Group']),
    'requestheader-uid-headers': JSON.stringify(['X-Remote-Uid']),
    'requestheader-username-headers': JSON.stringify(['X-Remote-User']),
  }
  await ensure(client, configmaps, { metadata: key, data })
  await client.patch(configmaps, key, { type: 'merge', patch: { data } })
}

/** Creates an object unless one of its name is there. */
async function ensure<T extends KubeObject>(client: Client, ref: ResourceRef<T>, object: New<T>): Promise<void> {
  try {
    await client.create(ref, object)
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error
  }
}

async function bootstrapRoles(client: Client): Promise<void> {
  const policy = bootstrapPolicy()
  const existing = await client.list(clusterroles, { limit: 1 })
  if (existing.items.length > 0) {
    await reconcileRoles(client, policy.clusterRoles)
  }
  await Promise.all([
    ...policy.clusterRoles.map((o: New<ClusterRole>) => ensure(client, clusterroles, o)),
    ...policy.clusterRoleBindings.map((o: New<ClusterRoleBinding>) => ensure(client, clusterrolebindings, o)),
    ...policy.roles.map((o: New<Role>) => ensure(client, roles, o)),
    ...policy.roleBindings.map((o: New<RoleBinding>) => ensure(client, rolebindings, o)),
  ])
}

/** Built-in roles follow the version of the server, unless someone has switched that off for one. */
async function reconcileRoles(client: Client, wanted: readonly New<ClusterRole>[]): Promise<void> {
  const { items } = await client.list(clusterroles)
  const byName = new Map(items.map((role) => [role.metadata.name, role]))
  for (const role of wanted) {
    const current = byName.get(role.metadata.name ?? '')
    if (!current || current.aggregationRule || sameJson(current.rules, role.rules)) continue
    if (current.metadata.annotations?.['rbac.authorization.kubernetes.io/autoupdate'] === 'false') continue
    await client.update(clusterroles, { ...current, rules: role.rules ?? [] })
  }
}

async function bootstrapPriorities(client: Client): Promise<void> {
  const make = (name: string, value: number, description: string) =>
    ensure(client, priorityclasses, { metadata: { name }, value, description })
  await make(
    'system-cluster-critical',
    2_000_000_000,
    'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  )
  await make(
    'system-node-critical',
    2_000_001_000,
    'Used for system critical pods that must not be moved from their current node.',
  )
}

async function bootstrapApiService({ client, apiServiceIP, advertise }: BootstrapOptions): Promise<void> {
  const namespace = 'default'
  const labels = { component: 'apiserver', provider: 'kubernetes' }
  await ensure(client, services, {
    metadata: { name: 'kubernetes', namespace, labels },
    spec: {
      type: 'ClusterIP',
      clusterIP: apiServiceIP,
      ipFamilyPolicy: 'SingleStack',
      sessionAffinity: 'None',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: advertise.port }],
    },
  })
  const key = { namespace, name: 'kubernetes' }
  const subsets = [
    { addresses: [{ ip: advertise.ip }], ports: [{ name: 'https', port: advertise.port, protocol: 'TCP' }] },
  ]
  await ensure(client, endpoints, {
    metadata: { ...key, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets,
  })
  await client.patch(endpoints, key, { type: 'merge', patch: { subsets } })
  const slice = {
    addressType: 'IPv4',
    endpoints: [{ addresses: [advertise.ip], conditions: { ready: true } }],
    ports: [{ name: 'https', port: advertise.port, protocol: 'TCP' }],
  }
  await ensure(client, endpointslices, {
    metadata: { ...key, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    ...slice,
  })
  await client.patch(endpointslices, key, { type: 'merge', patch: { endpoints: slice.endpoints, ports: slice.ports } })
}
