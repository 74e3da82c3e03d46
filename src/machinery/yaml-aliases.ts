// What aliases in YAML stand for, written out within bounds: a few of them can stand for more than any memory holds, or
// for themselves. Model: alias, unmarshal and allowedAliasRatio of go.yaml.in/yaml/v2.

import { sortedEntries } from './go/value.ts'

/** Aliases that cannot be written out; the message is upstream's. */
export class AliasError extends Error {
  override name = 'AliasError'
}

const FEW = 400_000
const MANY = 4_000_000

/** How many of so many nodes may come out of aliases. */
function allowedRatio(nodes: number): number {
  if (nodes <= FEW) return 0.99
  return nodes >= MANY ? 0.1 : 0.99 - (0.89 * (nodes - FEW)) / (MANY - FEW)
}

/**
 * A copy in which nothing is shared, with the keys of maps in order. `anchors` are the nodes that have names. Throws
 * AliasError.
 */
export function writtenOut(value: unknown, anchors: Readonly<Record<string, unknown>>): unknown {
  const seen = new Set<object>()
  const open = new Set<object>()
  let nodes = 0
  let aliased = 0
  const copy = (node: unknown, inAlias: boolean): unknown => {
    nodes += 1
    if (inAlias) aliased += 1
    if (aliased > 100 && nodes > 1000 && aliased / nodes > allowedRatio(nodes)) {
      throw new AliasError('document contains excessive aliasing')
    }
    if (typeof node !== 'object' || node === null) return node
    if (open.has(node)) {
      const name = Object.keys(anchors).find((anchor) => anchors[anchor] === node) ?? ''
      throw new AliasError(`anchor '${name}' value contains itself`)
    }
    const again = inAlias || seen.has(node)
    seen.add(node)
    open.add(node)
    const made = Array.isArray(node)
      ? node.map((item) => copy(item, again))
      : Object.fromEntries(sortedEntries(node).map(([name, inner]) => [name, copy(inner, again)]))
    open.delete(node)
    return made
  }
  return copy(value, false)
}
