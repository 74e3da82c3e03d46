// What the server serves: every group, version and resource, asked once and kept on disk for a while.
// Model: aggregated discovery (apidiscovery.k8s.io/v2), with the classic documents for servers without it.

import type { RestClient } from '../rest/client.ts'

/** One resource of one group and version. */
export interface DiscoveredResource {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Plural name, as in paths. */
  readonly name: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  readonly subresources: readonly string[]
}

/** Groups in the server's order; in each, versions by preference. */
export interface Discovery {
  readonly groups: readonly { readonly name: string; readonly versions: readonly string[] }[]
  readonly resources: readonly DiscoveredResource[]
}

const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'

interface AggregatedResource {
  resource: string
  responseKind?: { kind?: string }
  scope?: string
  singularResource?: string
  verbs?: string[]
  shortNames?: string[]
  categories?: string[]
  subresources?: { subresource: string }[]
}

interface AggregatedGroup {
  metadata?: { name?: string }
  versions?: { version: string; resources?: AggregatedResource[] }[]
}

/** Asks the server. */
export async function discover(client: RestClient): Promise<Discovery> {
  const [core, named] = await Promise.all([
    client.json({ path: '/api', accept: AGGREGATED }),
    client.json({ path: '/apis', accept: AGGREGATED }),
  ])
  if (!isAggregated(core) || !isAggregated(named)) return discoverClassic(client, core, named)
  const groups = [...core.items, ...named.items]
  return {
    groups: groups.map((g) => ({ name: g.metadata?.name ?? '', versions: (g.versions ?? []).map((v) => v.version) })),
    resources: groups.flatMap((g) =>
      (g.versions ?? []).flatMap((v) => (v.resources ?? []).map((r) => fromAggregated(g, v.version, r))),
    ),
  }
}

function isAggregated(document: unknown): document is { items: AggregatedGroup[] } {
  return (document as { kind?: string }).kind === 'APIGroupDiscoveryList'
}

function fromAggregated(group: AggregatedGroup, version: string, r: AggregatedResource): DiscoveredResource {
  return {
    group: group.metadata?.name ?? '',
    version,
    kind: r.responseKind?.kind ?? '',
    name: r.resource,
    singular: r.singularResource || (r.responseKind?.kind ?? '').toLowerCase(),
    shortNames: r.shortNames ?? [],
    categories: r.categories ?? [],
    namespaced: r.scope === 'Namespaced',
    verbs: r.verbs ?? [],
    subresources: (r.subresources ?? []).map((s) => s.subresource),
  }
}

interface ClassicResource {
  name: string
  singularName?: string
  namespaced?: boolean
  kind: string
  verbs?: string[]
  shortNames?: string[]
  categories?: string[]
}

async function discoverClassic(client: RestClient, core: unknown, named: unknown): Promise<Discovery> {
  const coreVersions = (core as { versions?: string[] }).versions ?? []
  const apis = (
    named as { groups?: { name: string; preferredVersion?: { version: string }; versions: { version: string }[] }[] }
  ).groups
  const groups = [
    { name: '', versions: coreVersions },
    ...(apis ?? []).map((g) => ({ name: g.name, versions: preferredFirst(g) })),
  ]
  const pairs = groups.flatMap((g) => g.versions.map((version) => ({ group: g.name, version })))
  const lists = await Promise.all(
    pairs.map(async ({ group, version }) => {
      const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
      const list = (await client.json({ path })) as { resources?: ClassicResource[] }
      return fromClassic(group, version, list.resources ?? [])
    }),
  )
  return { groups, resources: lists.flat() }
}

function preferredFirst(group: { preferredVersion?: { version: string }; versions: { version: string }[] }): string[] {
  const all = group.versions.map((v) => v.version)
  const preferred = group.preferredVersion?.version
  return preferred ? [preferred, ...all.filter((v) => v !== preferred)] : all
}

function fromClassic(group: string, version: string, list: readonly ClassicResource[]): DiscoveredResource[] {
  const subresourcesOf = (name: string) =>
    list.filter((r) => r.name.startsWith(`${name}/`)).map((r) => r.name.slice(name.length + 1))
  return list
    .filter((r) => !r.name.includes('/'))
    .map((r) => ({
      group,
      version,
      kind: r.kind,
      name: r.name,
      singular: r.singularName || r.kind.toLowerCase(),
      shortNames: r.shortNames ?? [],
      categories: r.categories ?? [],
      namespaced: r.namespaced === true,
      verbs: r.verbs ?? [],
      subresources: subresourcesOf(r.name),
    }))
}
