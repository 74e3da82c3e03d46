// Ranges of sizes and costs, which grow to the greatest unsigned number and no further.

import type { Expr } from './ast.ts'
import type { Type } from './types.ts'

/** From the least to the most. */
export interface Range {
  readonly min: number
  readonly max: number
}

export type CostEstimate = Range

/**
 * How large data may be, by the path to it: a variable, then fields, `@items`, `@keys`, `@values`. Undefined when
 * nothing is known.
 */
export type SizeEstimator = (path: readonly string[], type: Type) => Range | undefined

/** An argument of a call whose cost is estimated. */
export interface Node {
  readonly path: readonly string[] | undefined
  readonly type: Type
  readonly expr: Expr | undefined
  readonly size: Range | undefined
}

/** The greatest size or cost. */
export const MOST = 2 ** 64
export const UNKNOWN: Range = { min: 0, max: MOST }

const limited = (value: number) => Math.min(value, MOST)
export const fixed = (value: number): Range => ({ min: value, max: value })

export function add(...ranges: readonly Range[]): Range {
  let [min, max] = [0, 0]
  for (const range of ranges) {
    min += range.min
    max += range.max
  }
  return { min: limited(min), max: limited(max) }
}

export function times(a: Range, b: Range): Range {
  return { min: limited(a.min * b.min), max: limited(a.max * b.max) }
}

/** Both ends times a factor, rounded up. */
export function scaled({ min, max }: Range, factor: number): Range {
  return { min: limited(Math.ceil(min * factor)), max: limited(Math.ceil(max * factor)) }
}

export function union(a: Range, b: Range): Range {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }
}
