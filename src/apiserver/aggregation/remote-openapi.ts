// What other servers say of their APIs in OpenAPI: v3 documents passed on as they are, v2 made one with our own.
// Model: k8s.io/kube-aggregator/pkg/controllers/{openapi,openapiv3}.

import { sameJson } from '../../machinery/same-json.ts'
import { isRecord } from '../api-object.ts'

type Json = Record<string, unknown>

/** The documents of one remote version, as last heard. */
export interface RemoteDocuments {
  /** `apis/metrics.k8s.io/v1beta1`. */
  readonly key: string
  /** Where the v3 document is said to be, with its hash; absent when the server has none. */
  readonly v3?: { readonly url: string; readonly bytes: Buffer }
  /** The part of its v2 document that is about this version. */
  readonly v2?: Json
}

/** Where an index of v3 documents says that a version is described. */
export function indexedUrl(index: unknown, key: string): string | undefined {
  const paths = isRecord(index) && isRecord(index.paths) ? index.paths : {}
  const entry = paths[key]
  const url = isRecord(entry) ? entry.serverRelativeURL : undefined
  return typeof url === 'string' && url.startsWith('/openapi/v3/') ? url : undefined
}

/** The paths of a version in a v2 document, with the definitions that they use; undefined when it has none. */
export function versionPart(document: unknown, key: string): Json | undefined {
  if (!isRecord(document) || !isRecord(document.paths)) return undefined
  const own = Object.entries(document.paths).filter(([path]) => path === `/${key}` || path.startsWith(`/${key}/`))
  if (own.length === 0) return undefined
  const all = isRecord(document.definitions) ? document.definitions : {}
  const definitions: Json = {}
  const pending = referencesIn(own)
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name in definitions || all[name] === undefined) continue
    definitions[name] = all[name]
    pending.push(...referencesIn(all[name]))
  }
  return { paths: Object.fromEntries(own), definitions }
}

const REFERENCE = '#/definitions/'

function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn)
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' && inner.startsWith(REFERENCE)
      ? [inner.slice(REFERENCE.length)]
      : referencesIn(inner),
  )
}

/** A v2 document with the parts of others. What two of them call the same and is not gets a number behind its name. */
export function mergeV2(document: Json, parts: readonly Json[]): Json {
  if (parts.length === 0) return document
  const paths = { ...(document.paths as Json) }
  const definitions = { ...(document.definitions as Json) }
  for (const part of parts) {
    const renamed = new Map<string, string>()
    const added = Object.entries(isRecord(part.definitions) ? part.definitions : {})
    for (const [name, definition] of added) {
      let free = name
      for (let n = 2; free in definitions && !sameJson(definitions[free], definition); n++) free = `${name}_v${n}`
      if (free !== name) renamed.set(name, free)
    }
    for (const [name, definition] of added) definitions[renamed.get(name) ?? name] ??= withNames(definition, renamed)
    for (const [path, item] of Object.entries(isRecord(part.paths) ? part.paths : {})) {
      paths[path] ??= withNames(item, renamed)
    }
  }
  return { ...document, paths, definitions }
}

function withNames(value: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (renamed.size === 0) return value
  if (Array.isArray(value)) return value.map((item) => withNames(item, renamed))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key !== '$ref' || typeof inner !== 'string') return [key, withNames(inner, renamed)]
      const name = renamed.get(inner.slice(REFERENCE.length))
      return [key, name === undefined ? inner : `${REFERENCE}${name}`]
    }),
  )
}
