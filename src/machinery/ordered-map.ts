// An ordered map from strings, copy-on-write: a clone costs nothing and is a consistent snapshot.

import sortedBtree from 'sorted-btree'

// The package is CommonJS: some loaders hand out its class, others the module whose `default` is the class.
type Tree = typeof sortedBtree.default
const BTree: Tree = typeof sortedBtree === 'function' ? (sortedBtree as Tree) : sortedBtree.default

/** Keys in code-unit order. `clone()` shares structure until either side changes. */
export type OrderedMap<V> = InstanceType<typeof BTree<string, V>>

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export function orderedMap<V>(): OrderedMap<V> {
  return new BTree<string, V>(undefined, compare)
}

/** The first key after all that start with `prefix`: the exclusive end of a range over it. */
export function prefixEnd(prefix: string): string {
  if (prefix === '') return '\u{10ffff}'
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
}
