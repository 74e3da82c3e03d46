// The v1.36 API as data: every type with its fields, every resource path. All generic code is driven by it.

import { factsJson } from './generated/facts.ts'

/** What is known of one field. Exactly one of `type`, `ref`, `map` describes its value; `items` comes with arrays. */
export interface FieldSchema {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'array'
  readonly format?: string
  readonly ref?: string
  readonly map?: FieldSchema
  readonly items?: FieldSchema
  /** Strategic merge: the field that identifies an element. */
  readonly mergeKey?: string
  /** Strategic merge: `merge`, `replace`, `retainKeys`, comma-separated. */
  readonly patchStrategy?: string
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listMapKeys?: readonly string[]
  readonly mapType?: 'atomic' | 'granular'
  /** A zero (empty text, 0, false) means the same as an absent field. */
  readonly zeroIsAbsent?: boolean
  /** Protobuf number, or a path of numbers through inlined structs. */
  readonly pb?: number | readonly number[]
  readonly wire?: string
}

export interface TypeSchema {
  readonly type?: string
  readonly format?: string
  /** `apps/v1/Deployment`, for types that are objects of their own. */
  readonly gvk?: readonly string[]
  readonly required?: readonly string[]
  readonly fields?: Readonly<Record<string, FieldSchema>>
}

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

/** One served path: a resource or a subresource of a version. */
export interface ServedResource {
  readonly group: string
  readonly version: string
  readonly resource: string
  /** Empty for the resource itself. */
  readonly subresource: string
  /** Group, version and kind of the body, which for some subresources differ from the resource's. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly namespaced: boolean
  /** `get`, `list`, `post`, `put`, `patch`, `delete`, `deletecollection`, `connect`. */
  readonly actions: readonly string[]
}

const facts: Facts = JSON.parse(factsJson)

/** The upstream release the facts were taken from, e.g. `v1.36.1`. */
export const kubernetesVersion: string = facts.kubernetes

/** The type behind a reference such as `io.k8s.api.core.v1.PodSpec`. Throws when there is none. */
export function typeOf(ref: string): TypeSchema {
  const type = facts.types[ref]
  if (!type) throw new Error(`no type ${JSON.stringify(ref)} in the API facts`)
  return type
}

/** All types by reference. */
export const types: Readonly<Record<string, TypeSchema>> = facts.types

const refsByKind = new Map<string, string>()
for (const [ref, type] of Object.entries(facts.types)) {
  // A kind shared by all groups (DeleteOptions, WatchEvent, …) lists many; only those with one are looked up by kind.
  for (const gvk of type.gvk ?? []) if (!refsByKind.has(gvk)) refsByKind.set(gvk, ref)
}

/** The type of a kind, e.g. `('apps', 'v1', 'Deployment')`; undefined when unknown. */
export function typeRefOfKind(group: string, version: string, kind: string): string | undefined {
  return refsByKind.get(group === '' ? `${version}/${kind}` : `${group}/${version}/${kind}`)
}

function parseKind(text: string): ServedResource['kind'] {
  const parts = text.split('/')
  const [group, version, kind] = parts.length === 3 ? parts : ['', ...parts]
  return { group: group ?? '', version: version ?? '', kind: kind ?? '' }
}

/** Every path of the table. */
export const servedResources: readonly ServedResource[] = Object.entries(facts.resources).map(([path, r]) => {
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
