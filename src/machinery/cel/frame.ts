// The state of one evaluation, and the shape of what expressions are compiled to.

import { CostExceeded, Failure, type Value } from './values.ts'

/** The values of variables by name; functions are called when the variable is first read, and at most once. */
export type Activation = Readonly<Record<string, Value | (() => Value)>>

/** A compiled part of an expression. */
export type Run = (frame: Frame) => Value

/** One evaluation: its variables, and what it has cost so far. */
export class Frame {
  /** Variables of loops; an accumulator may hold an error until the loop's end. */
  readonly slots: (Value | Failure)[] = []
  readonly #activation: Activation
  readonly #computed = new Map<string, Value>()
  readonly #limit: number
  cost = 0

  constructor(activation: Activation, limit: number) {
    this.#activation = activation
    this.#limit = limit
  }

  /** Adds to the cost; ends the evaluation when it is more than it may be. */
  charge(cost: number): void {
    this.cost += cost
    if (this.cost > this.#limit) throw new CostExceeded()
  }

  variable(name: string): Value {
    const value = Object.hasOwn(this.#activation, name) ? this.#activation[name] : undefined
    if (value === undefined) throw new Failure(`no such attribute(s): ${name}`)
    if (typeof value !== 'function') return value
    const known = this.#computed.get(name)
    if (known !== undefined) return known
    const computed = value()
    this.#computed.set(name, computed)
    return computed
  }
}
