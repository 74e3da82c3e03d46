// What an expression may refer to: variables, types and functions.

import { declare, type Functions } from './functions.ts'
import { AUTHORIZERS } from './lib/authorizer.ts'
import { CONVERSIONS } from './lib/conversions.ts'
import { IPS } from './lib/ip.ts'
import { JSON_PATCH } from './lib/json-patch.ts'
import { LISTS } from './lib/lists.ts'
import { NAMED_FORMATS } from './lib/named-formats.ts'
import { OPTIONALS } from './lib/optionals.ts'
import { QUANTITIES } from './lib/quantity.ts'
import { REGEX } from './lib/regex.ts'
import { SEMVERS } from './lib/semver.ts'
import { SETS } from './lib/sets.ts'
import { STANDARD } from './lib/standard.ts'
import { STRINGS } from './lib/strings.ts'
import { TIME } from './lib/time.ts'
import { URLS } from './lib/urls.ts'
import type { Type } from './types.ts'
import type { MapValue, Value } from './values.ts'

/** Knows the object types that expressions may meet or make. */
export interface TypeProvider {
  /** Whether `name{…}` makes an object of this type. */
  constructs(name: string): boolean
  /** The type of a field; undefined when the type has no such field. */
  fieldType(typeName: string, field: string): Type | undefined
  /** Makes an object from its fields. */
  construct(typeName: string, fields: ReadonlyMap<string, Value>): MapValue
}

/** An environment to compile expressions in. */
export interface Env {
  readonly variables: ReadonlyMap<string, Type>
  readonly types: TypeProvider | undefined
  readonly functions: Functions
  /** Whether there is `cel.bind`. */
  readonly bindings: boolean
}

/** All functions of Kubernetes v1.36's base environment. */
const BASE_FUNCTIONS: Functions = declare(
  STANDARD,
  CONVERSIONS,
  TIME,
  STRINGS,
  REGEX,
  LISTS,
  SETS,
  OPTIONALS,
  URLS,
  IPS,
  QUANTITIES,
  SEMVERS,
  NAMED_FORMATS,
  AUTHORIZERS,
)

/** The base functions and those that only mutating policies have. */
export const MUTATION_FUNCTIONS: Functions = new Map([...BASE_FUNCTIONS, ...declare(JSON_PATCH)])

export interface EnvOptions {
  readonly variables?: Readonly<Record<string, Type>>
  readonly types?: TypeProvider
  readonly functions?: Functions
  readonly bindings?: boolean
}

/** An environment with Kubernetes' functions. */
export function makeEnv({ variables = {}, types, functions = BASE_FUNCTIONS, bindings = false }: EnvOptions): Env {
  return { variables: new Map(Object.entries(variables)), types, functions, bindings }
}
