// The items of lists that merge: what identifies each one.

import { sameJson } from '../same-json.ts'
import { keyElement, valueElement } from './path-element.ts'
import type { ListSchema } from './schema.ts'
import { isMap } from './value.ts'

/** The element of one item of a set or keyed list. Throws Error with upstream's wording when it has none. */
export function itemElement(schema: ListSchema, item: unknown): string {
  return schema.relationship === 'map' ? keyedElement(schema, item) : setElement(item)
}

function keyedElement(schema: ListSchema, item: unknown): string {
  if (item === null) throw new Error('associative list with keys may not have a null element')
  if (typeof item !== 'object' || Array.isArray(item)) {
    throw new Error('associative list with keys may not have non-map elements')
  }
  const record = item as Readonly<Record<string, unknown>>
  const keys: [string, unknown][] = []
  for (const name of schema.keys) {
    const value = record[name] ?? schema.defaults[name]
    if (value !== undefined) keys.push([name, value])
  }
  if (keys.length === 0) {
    const names = schema.keys.map((name) => JSON.stringify(name)).join(' ')
    throw new Error(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    )
  }
  if (keys.length > 1) keys.sort(([a], [b]) => (a < b ? -1 : 1))
  return keyElement(keys)
}

function setElement(item: unknown): string {
  if (item === null) throw new Error("associative list without keys has an element that's an explicit null")
  if (Array.isArray(item)) throw new Error('not supported: associative list with lists as elements')
  if (typeof item === 'object') throw new Error("associative list without keys has an element that's a map type")
  return valueElement(item)
}

/** Items by element, in order; an element that occurs twice has all its items. Items without one are left out. */
export function itemsByElement(schema: ListSchema, list: readonly unknown[]): Map<string, unknown[]> {
  const out = new Map<string, unknown[]>()
  for (const item of list) {
    const element = elementIfAny(schema, item)
    if (element === undefined) continue
    const others = out.get(element)
    if (others) others.push(item)
    else out.set(element, [item])
  }
  return out
}

/**
 * The places at which two keyed lists differ, when they hold the same items in the same places and none of those that
 * differ occurs twice; else undefined.
 */
export function alignedDifferences(
  schema: ListSchema,
  before: readonly unknown[],
  after: readonly unknown[],
): number[] | undefined {
  if (schema.relationship !== 'map' || before.length !== after.length) return undefined
  const out: number[] = []
  for (let i = 0; i < after.length; i++) {
    if (!sameKeys(schema, before[i], after[i])) return undefined
    if (!sameJson(before[i], after[i])) out.push(i)
  }
  const single = (i: number) => after.every((item, j) => i === j || !sameKeys(schema, item, after[i]))
  return out.every(single) ? out : undefined
}

function sameKeys(schema: ListSchema, a: unknown, b: unknown): boolean {
  if (!isMap(a) || !isMap(b)) return false
  let any = false
  for (const name of schema.keys) {
    const value = a[name] ?? schema.defaults[name]
    if (value !== (b[name] ?? schema.defaults[name])) return false
    any ||= value !== undefined
  }
  return any
}

/** The element of an item of a list that has been accepted: one that fits no schema of today has none. */
export function elementIfAny(schema: ListSchema, item: unknown): string | undefined {
  try {
    return itemElement(schema, item)
  } catch {
    return undefined
  }
}
