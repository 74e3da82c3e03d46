// An object whose fields are computed when they are first read, such as the `variables` of a policy.

import { MapValue, type Value } from './values.ts'

/** Computes each field at most once; a field that fails, fails each time it is read. */
export class LazyObject extends MapValue {
  readonly #name: string
  readonly #fields: ReadonlyMap<string, () => Value>
  readonly #known = new Map<string, Value>()

  constructor(name: string, fields: ReadonlyMap<string, () => Value>) {
    super()
    this.#name = name
    this.#fields = fields
  }

  get size(): number {
    return this.#fields.size
  }

  override get typeName(): string {
    return this.#name
  }

  get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const value = this.#fields.get(key)?.()
    if (value !== undefined) this.#known.set(key, value)
    return value
  }

  keys(): Value[] {
    return [...this.#fields.keys()]
  }
}
