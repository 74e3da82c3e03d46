// Builds the types and paths of retired versions from what they have in common with today's.

import { type LegacyVersion, legacyVersions, type TypeDifference } from './legacy-types.ts'
import type { FieldSchema, ServedResource, TypeSchema } from './schema-types.ts'

export interface LegacySchema {
  readonly types: Readonly<Record<string, TypeSchema>>
  readonly served: readonly ServedResource[]
  /** For each type of a retired version that has one: the type that took over. */
  readonly successors: ReadonlyMap<string, string>
}

/** The schema of all retired versions. Types that `types` has already are left as they are. */
export function legacySchema(
  types: Readonly<Record<string, TypeSchema>>,
  served: readonly ServedResource[],
): LegacySchema {
  const made: Record<string, TypeSchema> = {}
  const successors = new Map<string, string>()
  const paths: ServedResource[] = []
  for (const legacy of legacyVersions) {
    const own = pathsOf(legacy, served)
    paths.push(...own)
    const kinds = new Set(own.map((path) => path.kind).filter((k) => groupVersion(k) === groupVersion(legacy)))
    const names = [...kinds].map(({ kind }) => kind)
    const stored = own.filter((path) => path.subresource === '').map((path) => path.kind.kind)
    copyTypes(legacy, [...names, ...stored.map((kind) => `${kind}List`)], { types, made, successors })
  }
  return { types: made, served: paths, successors }
}

function groupVersion({ group, version }: { group: string; version: string }): string {
  return `${group}/${version}`
}

/** The retired version's paths: today's, under the old group and version. */
function pathsOf(legacy: LegacyVersion, served: readonly ServedResource[]): ServedResource[] {
  const { group, version, subresources = {}, withoutSubresources = [] } = legacy
  const out: ServedResource[] = []
  for (const [home, resources] of Object.entries(legacy.resources)) {
    for (const path of served) {
      if (groupVersion(path) !== home || !resources.includes(path.resource)) continue
      const name = `${path.resource}/${path.subresource}`
      if (withoutSubresources.includes(name) || name in subresources) continue
      const kind = groupVersion(path.kind) === home ? { group, version, kind: path.kind.kind } : path.kind
      out.push({ ...path, group, version, kind })
    }
  }
  for (const [name, { kind, actions }] of Object.entries(subresources)) {
    const [resource = '', subresource = ''] = name.split('/')
    out.push({ group, version, resource, subresource, kind: { group, version, kind }, namespaced: true, actions })
  }
  return out
}

interface Copying {
  readonly types: Readonly<Record<string, TypeSchema>>
  readonly made: Record<string, TypeSchema>
  readonly successors: Map<string, string>
}

/** Copies the types `roots` lead to into the retired version. */
function copyTypes(legacy: LegacyVersion, roots: readonly string[], { types, made, successors }: Copying): void {
  const { prefix, like, shared = [], types: differences = {} } = legacy
  const pending = [...roots]
  const objects = new Set(roots)
  const moved = (field: FieldSchema): FieldSchema => {
    if (field.map) return { ...field, map: moved(field.map) }
    if (field.items) return { ...field, items: moved(field.items) }
    const name = field.ref && localName(field.ref, like)
    if (!name || shared.includes(name)) return field
    pending.push(name)
    return { ...field, ref: prefix + name }
  }
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const ref = prefix + name
    if (made[ref] || types[ref]) continue
    const base = like.map((p) => p + name).find((candidate) => types[candidate])
    const difference = differences[name] ?? {}
    const from = base !== undefined && !difference.alone ? types[base] : undefined
    if (!from && !difference.alone) throw new Error(`no type to make ${JSON.stringify(ref)} from`)
    if (base !== undefined && from) successors.set(ref, base)
    const changed = differing(from ?? {}, difference)
    const fields = Object.entries(changed.fields ?? {}).map(([key, field]) => [key, moved(field)])
    const { gvk: _, ...rest } = changed
    made[ref] = {
      ...rest,
      ...(objects.has(name) ? { gvk: [`${legacy.group}/${legacy.version}/${name}`] } : {}),
      ...(changed.fields ? { fields: Object.fromEntries(fields) } : {}),
    }
  }
}

/** The bare name of a type that the version had a copy of; undefined for types from elsewhere. */
function localName(ref: string, like: readonly string[]): string | undefined {
  if (ref.startsWith('#')) return ref.slice(1)
  const home = like.find((prefix) => ref.startsWith(prefix))
  return home === undefined ? undefined : ref.slice(home.length)
}

function differing(type: TypeSchema, difference: TypeDifference): TypeSchema {
  const { without = [], fields = {}, optional = [], required = [] } = difference
  const kept = Object.entries(type.fields ?? {}).filter(([name]) => !without.includes(name))
  const needed = [...(type.required ?? []).filter((n) => !without.includes(n) && !optional.includes(n)), ...required]
  if (!type.fields && Object.keys(fields).length === 0) return type
  return {
    ...type,
    fields: { ...Object.fromEntries(kept), ...fields },
    ...(needed.length > 0 || type.required ? { required: [...new Set(needed)] } : {}),
  }
}
