// The type of objects that caches hand out: readable all the way down, never writable.

/** `T` with every level read-only. To change an object: copy (`structuredClone`), edit, write through the API. */
export type DeepReadonly<T> = T extends (infer U)[]
  ? readonly DeepReadonly<U>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T

/** Freezes `value` and everything in it. Returns the same object. */
export function deepFreeze<T>(value: T): DeepReadonly<T> {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value as DeepReadonly<T>
}

/** A mutable deep copy of a cached object. */
export function copy<T>(value: DeepReadonly<T>): T {
  return structuredClone(value) as T
}
