// The v1.36 API as data: every type with its fields, every resource path. All generic code is driven by it.

import { factsJson } from './generated/facts.ts'
import { legacySchema } from './legacy-schema.ts'
import type { ServedResource, TypeSchema } from './schema-types.ts'

export type { FieldSchema, ServedResource, TypeSchema } from './schema-types.ts'

interface ResourceFacts {
  readonly kind: string
  readonly namespaced: boolean
  readonly actions: readonly string[]
}

interface Facts {
  readonly kubernetes: string
  readonly resources: Readonly<Record<string, ResourceFacts>>
  readonly types: Readonly<Record<string, TypeSchema>>
}

const facts: Facts = JSON.parse(factsJson)

/** Types that are another version's under a name of their own, for which the table has no protobuf numbers. */
const ALIASES: Readonly<Record<string, string>> = {
  'io.k8s.api.admissionregistration.v1alpha1.MatchCondition': 'io.k8s.api.admissionregistration.v1.MatchCondition',
}
const aliased = Object.fromEntries(
  Object.entries(ALIASES).map(([name, original]) => [name, facts.types[original] ?? {}]),
)

/** The upstream release the facts were taken from, e.g. `v1.36.1`. */
export const kubernetesVersion: string = facts.kubernetes

function parseKind(text: string): ServedResource['kind'] {
  const parts = text.split('/')
  const [group, version, kind] = parts.length === 3 ? parts : ['', ...parts]
  return { group: group ?? '', version: version ?? '', kind: kind ?? '' }
}

/** Every path of the table of v1.36. */
export const currentResources: readonly ServedResource[] = Object.entries(facts.resources).map(([path, r]) => {
  const [prefix = '', name = ''] = path.split(' ')
  const segments = prefix.split('/')
  const [resource = '', subresource = ''] = name.split('/')
  return {
    group: segments[1] === 'api' ? '' : (segments[2] ?? ''),
    version: (segments[1] === 'api' ? segments[2] : segments[3]) ?? '',
    resource,
    subresource,
    kind: parseKind(r.kind),
    namespaced: r.namespaced,
    actions: r.actions,
  }
})

const legacy = legacySchema(facts.types, currentResources)

/** Every path there is, those of retired versions last. */
export const servedResources: readonly ServedResource[] = [...currentResources, ...legacy.served]

/** All types by reference. */
export const types: Readonly<Record<string, TypeSchema>> = { ...facts.types, ...aliased, ...legacy.types }

/** The type of today that took over from a type of a retired version; undefined for all others. */
export function successorOf(ref: string): string | undefined {
  return legacy.successors.get(ref)
}

/** The type behind a reference such as `io.k8s.api.core.v1.PodSpec`. Throws when there is none. */
export function typeOf(ref: string): TypeSchema {
  const type = types[ref]
  if (!type) throw new Error(`no type ${JSON.stringify(ref)} in the API facts`)
  return type
}

const refsByKind = new Map<string, string>()
for (const [ref, type] of Object.entries(types)) {
  // A kind shared by all groups (DeleteOptions, WatchEvent, …) lists many; only those with one are looked up by kind.
  for (const gvk of type.gvk ?? []) if (!refsByKind.has(gvk)) refsByKind.set(gvk, ref)
}

/** The type of a kind, e.g. `('apps', 'v1', 'Deployment')`; undefined when unknown. */
export function typeRefOfKind(group: string, version: string, kind: string): string | undefined {
  return refsByKind.get(group === '' ? `${version}/${kind}` : `${group}/${version}/${kind}`)
}
