// Which fields differ between two values of a type.

import { sameJson } from '../same-json.ts'
import { EMPTY, type FieldSet, isEmpty, LEAF, nodeOf, recursiveDifference, union } from './field-set.ts'
import { alignedDifferences, itemElement, itemsByElement } from './list-items.ts'
import type { ListSchema, MapSchema, TypeSchema } from './schema.ts'
import { granularMap, isEmptyMap, isGranular, isMap, type Json, mergingList, schemaUnder } from './value.ts'

/** The fields in which a new value differs from an old one. */
export interface Comparison {
  readonly added: FieldSet
  readonly modified: FieldSet
  readonly removed: FieldSet
}

type Node = { [element: string]: FieldSet }
const KINDS = ['added', 'modified', 'removed'] as const

/** The differences of one value; absent where there are none. */
interface Difference {
  added?: FieldSet | undefined
  modified?: FieldSet | undefined
  removed?: FieldSet | undefined
}

/** Compares two values of a type. Parts that are the same object are not looked into. */
export function compare(schema: TypeSchema, before: unknown, after: unknown): Comparison {
  const found: Difference = {}
  compareInto(schema, before, after, found)
  const { added = EMPTY, modified = EMPTY, removed = EMPTY } = found
  return { added, modified, removed }
}

export function isSame(comparison: Comparison): boolean {
  return isEmpty(comparison.added) && isEmpty(comparison.modified) && isEmpty(comparison.removed)
}

/** The comparison without the given fields and what lies below them. */
export function exclude(comparison: Comparison, fields: FieldSet | undefined): Comparison {
  if (!fields) return comparison
  return {
    added: recursiveDifference(comparison.added, fields),
    modified: recursiveDifference(comparison.modified, fields),
    removed: recursiveDifference(comparison.removed, fields),
  }
}

/** What was added or given another value. */
export function changed(comparison: Comparison): FieldSet {
  return union(comparison.modified, comparison.added)
}

/** Undefined stands for a value that is not there; null is a value. */
function compareInto(schema: TypeSchema, before: unknown, after: unknown, out: Difference): void {
  if (before === after) return
  const left = before ?? after
  const right = after ?? before
  if (isGranular(schema) && isMap(left) !== isMap(right)) {
    // One is a map and the other is not: the field changed, and the map's fields came or went.
    leaf(before, after, out)
    const map = isMap(right) ? right : (left as Json)
    const inner: Difference = {}
    compareMaps(granularMap(schema, map) as MapSchema, isMap(before) ? before : {}, isMap(after) ? after : {}, inner)
    for (const kind of KINDS) out[kind] = nodeOf(inner[kind], out[kind] !== undefined)
    return
  }
  const map = granularMap(schema, right)
  const list = mergingList(schema)
  if (map) {
    const old = isMap(before) ? before : {}
    const now = isMap(after) ? after : {}
    if (isEmptyMap(old) && isEmptyMap(now)) return leaf(before, after, out)
    compareMaps(map, old, now, out)
  } else if (list) {
    const old = Array.isArray(before) ? before : []
    const now = Array.isArray(after) ? after : []
    if (old.length === 0 && now.length === 0) return leaf(before, after, out)
    compareLists(list, old, now, out)
  } else {
    return leaf(before, after, out)
  }
  // A map or list that came or went is itself among what changed.
  if (before === undefined) out.added = nodeOf(out.added, true)
  else if (after === undefined) out.removed = nodeOf(out.removed, true)
}

function leaf(before: unknown, after: unknown, out: Difference): void {
  if (before === undefined) out.added = LEAF
  else if (after === undefined) out.removed = LEAF
  else if (!sameJson(before, after)) out.modified = LEAF
}

function compareMaps(schema: MapSchema, before: Json, after: Json, out: Difference): void {
  for (const name in after) {
    const old = Object.hasOwn(before, name) ? before[name] : undefined
    if (old !== after[name]) compareChild(schemaUnder(schema, name), `f:${name}`, old, after[name], out)
  }
  for (const name in before) {
    if (after[name] === undefined) compareChild(schemaUnder(schema, name), `f:${name}`, before[name], undefined, out)
  }
}

function compareChild(schema: TypeSchema, element: string, before: unknown, after: unknown, out: Difference): void {
  const inner: Difference = {}
  compareInto(schema, before, after, inner)
  attach(out, element, inner)
}

function attach(out: Difference, element: string, inner: Difference): void {
  for (const kind of KINDS) {
    const node = inner[kind]
    if (node === undefined) continue
    out[kind] ??= {}
    ;(out[kind] as Node)[element] = node
  }
}

function compareLists(schema: ListSchema, before: readonly unknown[], after: readonly unknown[], out: Difference) {
  const aligned = alignedDifferences(schema, before, after)
  if (aligned) {
    for (const i of aligned) {
      compareChild(schema.element, itemElement(schema, after[i]), before[i], after[i], out)
    }
    return
  }
  if (sameJson(before, after)) return
  const old = itemsByElement(schema, before)
  const now = itemsByElement(schema, after)
  for (const [element, items] of old) if (!now.has(element)) compareItems(schema, element, items, [], out)
  for (const [element, items] of now) compareItems(schema, element, old.get(element) ?? [], items, out)
}

/** Items that occur twice are owned as a whole, the way an atomic value is. */
function compareItems(
  schema: ListSchema,
  element: string,
  before: readonly unknown[],
  after: readonly unknown[],
  out: Difference,
): void {
  if (before.length <= 1 && after.length <= 1) {
    return compareChild(schema.element, element, before[0], after[0], out)
  }
  const inner: Difference = {}
  if (before.length >= 2 && after.length >= 2) {
    if (!sameJson(before, after)) inner.modified = LEAF
  } else if (before.length >= 2) {
    if (after.length > 0) compareInto(schema.element, undefined, after[0], inner)
    inner.removed = LEAF
  } else {
    if (before.length > 0) compareInto(schema.element, before[0], undefined, inner)
    inner.added = LEAF
  }
  attach(out, element, inner)
}
