// Declarations of functions: names, overloads with their types, and what they do.

import { type Kind, parseType, splitTypes, type Type } from './types.ts'
import {
  Duration,
  Failure,
  List,
  MapValue,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from './values.ts'

/** One way to call a function. For members the first parameter is what it is called on. */
export interface Overload {
  readonly id: string
  readonly member: boolean
  readonly params: readonly Type[]
  readonly result: Type
  readonly call: (...args: Value[]) => Value
}

/** Overloads by the name of their function. */
export type Functions = ReadonlyMap<string, readonly Overload[]>

/** A line of a library: function, overload id, signature such as `string.(int)->string`, implementation. */
export type Declaration = readonly [name: string, id: string, signature: string, call: (...args: never[]) => Value]

const SIGNATURE = /^(?:(.+)\.)?\((.*)\)->(.+)$/

/** Functions from the lines of libraries. */
export function declare(...libraries: readonly (readonly Declaration[])[]): Functions {
  const functions = new Map<string, Overload[]>()
  for (const [name, id, signature, call] of libraries.flat()) {
    const [, target, params = '', result = ''] = SIGNATURE.exec(signature.replaceAll(' ', '')) ?? []
    const types = splitTypes(params).map(parseType)
    const overload: Overload = {
      id,
      member: target !== undefined,
      params: target === undefined ? types : [parseType(target), ...types],
      result: parseType(result),
      // Callers pass only values that fit the parameters: statically checked, or by `accepts`.
      call: call as (...args: Value[]) => Value,
    }
    functions.set(name, [...(functions.get(name) ?? []), overload])
  }
  return functions
}

const FITS: Readonly<Record<Kind, (value: Value, type: Type) => boolean>> = {
  int: (v) => typeof v === 'bigint',
  uint: (v) => v instanceof Uint,
  double: (v) => typeof v === 'number',
  bool: (v) => typeof v === 'boolean',
  string: (v) => typeof v === 'string',
  bytes: (v) => v instanceof Uint8Array,
  null: (v) => v === null,
  timestamp: (v) => v instanceof Timestamp,
  duration: (v) => v instanceof Duration,
  dyn: () => true,
  error: () => false,
  list: (v, { params: [of] }) =>
    v instanceof List && (!of || of.kind === 'param' || of.kind === 'dyn' || v.size === 0 || fits(v.at(0), of)),
  map: (v) => v instanceof MapValue,
  type: (v) => v instanceof TypeValue,
  opaque: (v, { name }) => (name === 'optional_type' ? v instanceof Optional : isOpaque(v, name)),
  struct: (v, { name }) => isOpaque(v, name) || (v instanceof MapValue && v.typeName === name),
  param: () => true,
}

function isOpaque(value: Value, name: string): boolean {
  return value instanceof Opaque && value.type.name === name
}

/** Whether a value is of a type, as far as one can see at run time. */
function fits(value: Value, type: Type): boolean {
  return FITS[type.kind](value, type)
}

/** Whether an overload takes these arguments. */
export function accepts(overload: Overload, args: readonly Value[]): boolean {
  return overload.params.length === args.length && overload.params.every((type, i) => fits(args[i] as Value, type))
}

/** Ends an evaluation with an error. */
export function fail(message: string): never {
  throw new Failure(message)
}
