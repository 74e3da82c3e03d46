// Manifests of the API versions before v1 (v1beta1, v1beta2, v1beta3), turned into what they mean today.
// Model: github.com/kubernetes/kubernetes v0.21, pkg/api/{v1beta1,v1beta2,v1beta3}/{types,conversion}.go.

import { convertKind, firstContainerPort } from './kinds.ts'
import { isRecord, type Json, type Notes, record } from './notes.ts'
import type { FirstPort } from './service.ts'

const RETIRED = new Set(['v1beta1', 'v1beta2', 'v1beta3'])
const MAX_NESTED_LISTS = 10

/**
 * The object as API v1 writes it; objects of other versions are returned as they are. `warn` is told, once for each
 * object, what to write today, and of everything that could not be kept as it was.
 */
export function convertRetired(object: unknown, warn: (text: string) => void): unknown {
  return convert(object, { warn, firstPort: () => undefined, depth: 0, listed: undefined })
}

interface Conversion {
  readonly warn: (text: string) => void
  readonly firstPort: FirstPort
  readonly depth: number
  /** Version and kind of an item of a list that does not say them itself. */
  readonly listed: { readonly apiVersion: unknown; readonly kind: string } | undefined
}

function convert(object: unknown, conversion: Conversion): unknown {
  if (!isRecord(object)) return object
  const { listed } = conversion
  const { apiVersion = listed?.apiVersion, kind = listed?.kind } = object
  if (typeof kind !== 'string') return object
  if (kind.endsWith('List')) return convertList({ ...object, apiVersion, kind }, object, conversion)
  if (typeof apiVersion !== 'string' || !RETIRED.has(apiVersion)) return object
  const taken = notesOf()
  const style = apiVersion === 'v1beta3' ? 'spec' : 'manifest'
  const converted = convertKind(kind, object, { style, notes: taken.notes, firstPort: conversion.firstPort })
  conversion.warn(warning({ apiVersion, kind, name: record(converted.metadata).name, taken }))
  for (const text of taken.said) conversion.warn(`${kind} ${nameOf(converted)}: ${text}`)
  return converted
}

interface Taken {
  readonly notes: Notes
  readonly moves: Map<string, string>
  readonly said: Set<string>
}

function notesOf(): Taken {
  const moves = new Map<string, string>()
  const said = new Set<string>()
  const notes: Notes = {
    moved: (old, now) => void moves.set(old, now),
    say: (text) => void said.add(text),
  }
  return { notes, moves, said }
}

function nameOf(object: Json): string {
  return JSON.stringify(record(object.metadata).name ?? '')
}

function warning({
  apiVersion,
  kind,
  name,
  taken,
}: {
  apiVersion: string
  kind: string
  name: unknown
  taken: Taken
}): string {
  const moves = [...taken.moves].map(([old, now]) => `${now} instead of ${old}`)
  const today = ['apiVersion: v1', ...moves].join(', ')
  return `${apiVersion} ${kind} ${JSON.stringify(name ?? '')} is from before Kubernetes 1.0 and was read as v1; today write ${today}`
}

/** A list, whose items may be of old versions even where the list is not. Services find their pods in it. */
function convertList(list: Json & { kind: string }, original: Json, conversion: Conversion): unknown {
  const { apiVersion, kind, items } = list
  if (!Array.isArray(items) || conversion.depth >= MAX_NESTED_LISTS) return original
  const retired = typeof apiVersion === 'string' && RETIRED.has(apiVersion)
  const ofKind = kind.slice(0, -'List'.length)
  const listed = ofKind === '' || !retired ? undefined : { apiVersion, kind: ofKind }
  const inner: Conversion = { ...conversion, depth: conversion.depth + 1, listed }
  const isService = (item: unknown) => isRecord(item) && (item.kind ?? ofKind) === 'Service'
  // Pods first, so that services can look their ports up.
  const others = items.map((item) => (isService(item) ? item : convert(item, inner)))
  const firstPort = firstPortIn(others)
  const converted = others.map((item) => (isService(item) ? convert(item, { ...inner, firstPort }) : item))
  if (!retired && converted.every((item, i) => item === items[i])) return original
  return { apiVersion: 'v1', kind: 'List', items: converted }
}

/** Finds ports in the pods and pod templates of converted objects. */
function firstPortIn(objects: readonly unknown[]): FirstPort {
  const pods = objects.filter(isRecord).flatMap((object) => {
    if (object.kind === 'Pod') return [object]
    const template = record(object.spec).template
    return isRecord(template) ? [template] : []
  })
  return (selector) => {
    const chosen = pods.find((pod) => {
      const labels = record(record(pod.metadata).labels)
      return Object.entries(selector).every(([key, value]) => labels[key] === value)
    })
    return chosen && firstContainerPort(record(chosen.spec))
  }
}
