// Arithmetic on lists of named quantities, such as a pod's requests or a quota's hard limits.

import { compareQuantities, formatQuantity, parseQuantity, QUANTITY_ERROR, type Quantity } from '../quantity.ts'

/** Quantities by resource name. */
export type ResourceList = Readonly<Record<string, string>>

function read(text: string): Quantity {
  const quantity = parseQuantity(text)
  if (!quantity) throw new Error(`cannot read quantity ${JSON.stringify(text)}: ${QUANTITY_ERROR}`)
  return quantity
}

/** A quantity's text in its canonical form: `1000m` is `1`. */
export function canonicalQuantity(text: string): string {
  return formatQuantity(read(text))
}

/** The sum is written the way `a` is; the way `b` is when `a` is zero. */
function plus(a: string, b: string, sign: 1n | -1n): string {
  const [x, y] = [read(a), read(b)]
  return formatQuantity({ nanos: x.nanos + sign * y.nanos, format: x.nanos === 0n ? y.format : x.format })
}

function combine(a: ResourceList, b: ResourceList, both: (x: string, y: string) => string): Record<string, string> {
  const out: Record<string, string> = { ...a }
  for (const [name, value] of Object.entries(b)) out[name] = both(a[name] ?? '0', value)
  return out
}

/** Both lists added up. */
export function addLists(a: ResourceList, b: ResourceList): Record<string, string> {
  return combine(a, b, (x, y) => plus(x, y, 1n))
}

/** `a` less `b`; may go below zero. */
export function subtractLists(a: ResourceList, b: ResourceList): Record<string, string> {
  return combine(a, b, (x, y) => plus(x, y, -1n))
}

/** The greater of both, name by name. */
export function maxLists(a: ResourceList, b: ResourceList): Record<string, string> {
  return combine(a, b, (x, y) => (compareQuantities(x, y) >= 0 ? x : y))
}

/** Only these names of the list. */
export function maskList(list: ResourceList, names: Iterable<string>): Record<string, string> {
  const out: Record<string, string> = {}
  for (const name of names) {
    const value = list[name]
    if (value !== undefined) out[name] = value
  }
  return out
}

/** The names whose quantity `wanted` accepts; it is given the quantity's sign. */
export function namesBySign(list: ResourceList, wanted: (sign: number) => boolean): string[] {
  return Object.keys(list).filter((name) => wanted(compareQuantities(list[name] ?? '0', '0')))
}

/** The names whose quantity in `list` is greater than in `limits`; names without a limit are free. */
export function exceededNames(list: ResourceList, limits: ResourceList): string[] {
  return Object.keys(list).filter((name) => {
    const limit = limits[name]
    return limit !== undefined && compareQuantities(list[name] ?? '0', limit) > 0
  })
}

/** Whether both hold the same names with equal quantities. */
export function sameLists(a: ResourceList, b: ResourceList): boolean {
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  return names.every((name) => b[name] !== undefined && compareQuantities(a[name] ?? '0', b[name] ?? '0') === 0)
}

/** `cpu=1,pods=2`: sorted, canonical. */
export function formatList(list: ResourceList): string {
  return Object.keys(list)
    .sort()
    .map((name) => `${name}=${canonicalQuantity(list[name] ?? '0')}`)
    .join(',')
}
