// Lists as sets. Library: cel-go ext.Sets.

import { includes } from '../equality.ts'
import type { Declaration } from '../functions.ts'
import type { List } from '../values.ts'

const contains = (list: List, part: List) => part.toArray().every((item) => includes(list, item))

export const SETS: readonly Declaration[] = [
  ['sets.contains', 'list_sets_contains_list', '(list(T),list(T))->bool', contains],
  [
    'sets.equivalent',
    'list_sets_equivalent_list',
    '(list(T),list(T))->bool',
    (a: List, b: List) => contains(a, b) && contains(b, a),
  ],
  [
    'sets.intersects',
    'list_sets_intersects_list',
    '(list(T),list(T))->bool',
    (a: List, b: List) => a.toArray().some((item) => includes(b, item)),
  ],
]
