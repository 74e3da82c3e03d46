// The seam for `x-kubernetes-validations`: who evaluates rules is handed in.

import type { FieldError } from '../../machinery/errors.ts'
import type { Schema } from './schema.ts'

/** The rules of one version's schema. */
export interface CompiledRules {
  /** Problems of an object; `old` is what it was before an update. `warn` hears of those that it had before. */
  validate(object: object, old: object | undefined, warn?: (message: string) => void): readonly FieldError[]
}

/** Evaluates the rules of schemas. */
export interface CustomRules {
  /** Prepares the rules of a schema; undefined when it has none. */
  compile(schema: Schema): CompiledRules | undefined
}
