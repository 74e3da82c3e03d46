// What is served: the classic documents under /api and /apis and the aggregated one.
// Spec: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api

import { createHash } from 'node:crypto'
import type { APIGroup, APIResource } from '../api/generated/meta-v1.ts'
import { servedResources } from '../api/schema.ts'
import { compareBytes } from '../machinery/go/value.ts'
import { compareVersions } from '../machinery/version-order.ts'
import { aggregatedVersion, type RemoteVersion } from './aggregation/remote-discovery.ts'
import type { Registry } from './registry/registry.ts'
import { type Resource, type ServedVersion, verbsOf } from './registry/resource.ts'

/** One version of one group with its resources. */
interface GroupVersion {
  readonly group: string
  readonly version: string
  readonly resources: readonly { resource: Resource; version: ServedVersion }[]
}

// Upstream lists groups by how close they are to the core; clients show them in that order.
const GROUP_ORDER = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'internal.apiserver.k8s.io',
  'storagemigration.k8s.io',
]

/** The group whose kinds all live on in other groups. */
const RETIRED_GROUP = 'extensions'

/** Kinds that are answered but never stored: reviews. */
const VIRTUAL = servedResources.filter(
  (r) => r.subresource === '' && /^v\d+$/.test(r.version) && r.actions.includes('post') && !r.actions.includes('get'),
)

/** Every group version in the order of discovery; newer versions first. */
export function groupVersions(registry: Registry): readonly GroupVersion[] {
  const found = new Map<
    string,
    { group: string; version: string; resources: { resource: Resource; version: ServedVersion }[] }
  >()
  const at = (group: string, version: string) => {
    const id = `${group}/${version}`
    let known = found.get(id)
    if (!known) {
      known = { group, version, resources: [] }
      found.set(id, known)
    }
    return known
  }
  for (const resource of registry.resources) {
    for (const version of resource.versions) at(version.group, version.version).resources.push({ resource, version })
  }
  for (const { group, version, resource } of VIRTUAL) {
    if (registry.serves(group, version, resource)) at(group, version)
  }
  return [...found.values()].sort(
    (a, b) =>
      orderOf(a.group) - orderOf(b.group) || a.group.localeCompare(b.group) || compareVersions(a.version, b.version),
  )
}

/** Groups that are not listed follow those that are; the retired one comes last, so that no name resolves to it. */
function orderOf(group: string): number {
  if (group === RETIRED_GROUP) return GROUP_ORDER.length + 1
  return GROUP_ORDER.includes(group) ? GROUP_ORDER.indexOf(group) : GROUP_ORDER.length
}

/** `/api`. */
export function apiVersions(serverAddress: string): object {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  }
}

/** `/apis`. */
export function apiGroupList(registry: Registry): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups(registry) }
}

/** `/apis/<group>`; undefined when it is not served. */
export function apiGroup(registry: Registry, name: string): object | undefined {
  const group = groups(registry).find((g) => g.name === name)
  return group && { kind: 'APIGroup', apiVersion: 'v1', ...group }
}

function groups(registry: Registry): APIGroup[] {
  const out = new Map<string, APIGroup>()
  for (const { group, version } of groupVersions(registry)) {
    if (group === '') continue
    const entry = { groupVersion: `${group}/${version}`, version }
    const known = out.get(group)
    if (known) known.versions.push(entry)
    else out.set(group, { name: group, versions: [entry], preferredVersion: entry })
  }
  for (const { group, version } of remoteVersions(registry)) {
    const entry = { groupVersion: `${group}/${version}`, version }
    const known = out.get(group)
    if (!known) out.set(group, { name: group, versions: [entry], preferredVersion: entry })
    else if (!known.versions.some((other) => other.version === version)) known.versions.push(entry)
  }
  return [...out.values()]
}

/** Versions of other servers, the more important groups and versions first. */
function remoteVersions(registry: Registry): readonly RemoteVersion[] {
  return [...registry.remotes()].sort(
    (a, b) =>
      b.groupPriority - a.groupPriority ||
      a.group.localeCompare(b.group) ||
      b.versionPriority - a.versionPriority ||
      compareVersions(a.version, b.version),
  )
}

/** `/api/v1`, `/apis/<group>/<version>`; undefined when it is not served. */
export function apiResourceList(registry: Registry, group: string, version: string): object | undefined {
  const found = groupVersions(registry).find((gv) => gv.group === group && gv.version === version)
  if (!found) return undefined
  const resources = [
    ...found.resources.flatMap(({ resource, version: v }) => classicResources(resource, v)),
    ...virtualResources(registry, group, version),
  ]
  // Subresources of custom kinds stay in the order in which definitions have them.
  const custom = found.resources.some(({ resource }) => resource.view)
  const place = custom ? (name: string) => name.replace(/\/.*/, '') : (name: string) => name
  resources.sort((a, b) => compareBytes(place(a.name), place(b.name)))
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources,
  }
}

function virtualsOf(registry: Registry, group: string, version: string) {
  return VIRTUAL.filter(
    (r) => r.group === group && r.version === version && registry.serves(group, version, r.resource),
  )
}

function virtualResources(registry: Registry, group: string, version: string): APIResource[] {
  return virtualsOf(registry, group, version).map((r) => ({
    name: r.resource,
    singularName: r.kind.kind.toLowerCase(),
    namespaced: r.namespaced,
    kind: r.kind.kind,
    verbs: ['create'],
  }))
}

/** `kubectl get all` asks every group for what belongs to `all`: each resource says so under its home group alone. */
function categoriesOf({ definition, group }: Resource, version: ServedVersion): { categories?: string[] } {
  return definition.categories && version.group === group ? { categories: [...definition.categories] } : {}
}

/** Where a definition is about to go, nothing is made or changed any more. */
function verbsNow({ view }: Resource, { verbs }: ServedVersion): string[] {
  const ending = view?.ending?.() ?? false
  return verbs.filter((verb) => !ending || !['patch', 'create', 'update'].includes(verb))
}

/** Kinds that upstream stores in another version than the newest, which shows in nothing but the hash. */
const STORED_AS_BETA = new Set([
  'customresourcedefinitions',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
])

/** Tells clients when objects have come to be stored in another version. Model: discovery.StorageVersionHash. */
function storageVersionHash({ resource, storage, view }: Resource): string {
  const version = STORED_AS_BETA.has(resource) ? 'v1beta1' : storage.version
  const stored = view ? view.storedAs : `${storage.group}/${version}`
  if (stored === undefined) return ''
  const digest = createHash('sha256').update(`${stored}/${storage.kind}`).digest()
  return digest.subarray(0, 8).toString('base64')
}

/** A short name that two groups claim makes kubectl warn at every use: the retired group claims none. */
function shortNamesOf({ definition }: Resource, version: ServedVersion): { shortNames?: string[] } {
  return definition.shortNames && version.group !== RETIRED_GROUP ? { shortNames: [...definition.shortNames] } : {}
}

function classicResources(resource: Resource, version: ServedVersion): APIResource[] {
  const { namespaced } = resource
  const hash = version.verbs.includes('create') ? storageVersionHash(resource) : ''
  const own: APIResource = {
    name: resource.resource,
    singularName: resource.singular,
    namespaced,
    kind: version.kind,
    verbs: verbsNow(resource, version),
    ...shortNamesOf(resource, version),
    ...categoriesOf(resource, version),
    ...(hash === '' ? {} : { storageVersionHash: hash }),
  }
  const subresources = [...version.subresources.values()].map((served) => {
    const foreign = served.kind.group !== version.group || served.kind.version !== version.version
    return {
      name: `${resource.resource}/${served.subresource}`,
      singularName: '',
      namespaced,
      ...(foreign ? { group: served.kind.group, version: served.kind.version } : {}),
      kind: served.kind.kind,
      verbs: verbsOf(served),
    }
  })
  return [own, ...subresources]
}

/** The aggregated document of `/api` (core group) or `/apis` (all others). */
export function aggregatedDiscovery(registry: Registry, core: boolean, apiVersion: string): object {
  const items = new Map<string, { metadata: object; versions: object[] }>()
  for (const gv of groupVersions(registry)) {
    if ((gv.group === '') !== core) continue
    const item = items.get(gv.group) ?? {
      metadata: core ? {} : { name: gv.group },
      versions: [],
    }
    items.set(gv.group, item)
    item.versions.push({
      version: gv.version,
      resources: [
        ...gv.resources.map(({ resource, version }) => aggregatedResource(resource, version)),
        ...aggregatedVirtual(registry, gv),
      ].sort((a, b) => (a.resource < b.resource ? -1 : 1)),
      freshness: 'Current',
    })
  }
  for (const remote of core ? [] : remoteVersions(registry)) {
    const item = items.get(remote.group) ?? {
      metadata: { name: remote.group },
      versions: [],
    }
    items.set(remote.group, item)
    item.versions.push(aggregatedVersion(remote))
  }
  return { kind: 'APIGroupDiscoveryList', apiVersion, metadata: {}, items: [...items.values()] }
}

interface Kind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

const kindOf = ({ group, version, kind }: Kind): Kind => ({ group, version, kind })

/** The kind of what is answered. Upstream says of its own resources where a kind is at home only when that is elsewhere. */
function responseKind(kind: Kind, at: { readonly group: string; readonly version: string }): Kind {
  const foreign = kind.group !== at.group || kind.version !== at.version
  return foreign ? kindOf(kind) : { group: '', version: '', kind: kind.kind }
}

function aggregatedVirtual(registry: Registry, gv: GroupVersion) {
  return virtualsOf(registry, gv.group, gv.version).map((r) => ({
    resource: r.resource,
    responseKind: responseKind(r.kind, gv),
    scope: r.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: r.kind.kind.toLowerCase(),
    verbs: ['create'],
  }))
}

function aggregatedResource(resource: Resource, version: ServedVersion) {
  const subresources = [...version.subresources.values()].map((served) => ({
    subresource: served.subresource,
    responseKind: resource.view ? served.kind : responseKind(served.kind, version),
    verbs: verbsOf(served),
  }))
  return {
    resource: resource.resource,
    responseKind: resource.view ? kindOf(version) : responseKind(version, version),
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: verbsNow(resource, version),
    ...shortNamesOf(resource, version),
    ...categoriesOf(resource, version),
    ...(subresources.length === 0 ? {} : { subresources }),
  }
}
