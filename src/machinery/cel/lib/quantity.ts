// Quantities such as `500m` and `2Gi`. Library: k8s.io/apiserver/pkg/cel/library, quantity.

import { parseQuantity, QUANTITY_ERROR } from '../../quantity.ts'
import { type Declaration, fail } from '../functions.ts'
import { QUANTITY } from '../types.ts'
import { Opaque } from '../values.ts'

const NANO = 1_000_000_000n
const MAX_INT = (1n << 63n) - 1n

function quantityOf(nanos: bigint): Opaque {
  return new Opaque(QUANTITY, nanos, (other) => other === nanos)
}

function parse(text: string): Opaque {
  const quantity = parseQuantity(text)
  return quantity ? quantityOf(quantity.nanos) : fail(QUANTITY_ERROR)
}

/** Nanos: quantities carry no more precision than that. */
const nanos = (quantity: Opaque) => quantity.data as bigint

const sign = (value: bigint) => (value < 0n ? -1n : value > 0n ? 1n : 0n)

function isInteger(quantity: Opaque): boolean {
  const value = nanos(quantity)
  return value % NANO === 0n && value / NANO <= MAX_INT && value / NANO >= -MAX_INT - 1n
}

export const QUANTITIES: readonly Declaration[] = [
  ['quantity', 'string_to_quantity', '(string)->quantity', parse],
  ['isQuantity', 'is_quantity_string', '(string)->bool', (text: string) => parseQuantity(text) !== undefined],
  ['sign', 'quantity_sign', '(quantity)->int', (q: Opaque) => sign(nanos(q))],
  [
    'isGreaterThan',
    'quantity_is_greater_than',
    'quantity.(quantity)->bool',
    (a: Opaque, b: Opaque) => nanos(a) > nanos(b),
  ],
  ['isLessThan', 'quantity_is_less_than', 'quantity.(quantity)->bool', (a: Opaque, b: Opaque) => nanos(a) < nanos(b)],
  ['compareTo', 'quantity_compare_to', 'quantity.(quantity)->int', (a: Opaque, b: Opaque) => sign(nanos(a) - nanos(b))],
  ['asApproximateFloat', 'quantity_get_float', 'quantity.()->double', (q: Opaque) => Number(nanos(q)) / 1e9],
  [
    'asInteger',
    'quantity_get_int',
    'quantity.()->int',
    (q: Opaque) => (isInteger(q) ? nanos(q) / NANO : fail('cannot convert value to integer')),
  ],
  ['isInteger', 'quantity_is_integer', 'quantity.()->bool', isInteger],
  ['add', 'quantity_add', 'quantity.(quantity)->quantity', (a: Opaque, b: Opaque) => quantityOf(nanos(a) + nanos(b))],
  ['add', 'quantity_add_int', 'quantity.(int)->quantity', (a: Opaque, b: bigint) => quantityOf(nanos(a) + b * NANO)],
  ['sub', 'quantity_sub', 'quantity.(quantity)->quantity', (a: Opaque, b: Opaque) => quantityOf(nanos(a) - nanos(b))],
  ['sub', 'quantity_sub_int', 'quantity.(int)->quantity', (a: Opaque, b: bigint) => quantityOf(nanos(a) - b * NANO)],
]
