// Compiles the rules of one schema (`x-kubernetes-validations`). Model: k8s.io/apiextensions-apiserver,
// pkg/apiserver/schema/cel, compilation.

import type { ValidationRule } from '../../api/generated/apiextensions-v1.ts'
import {
  BOOL,
  type Compiled,
  compile,
  type DeclaredType,
  makeEnv,
  optionalType,
  type Program,
  STRING,
  sameType,
  sizesOf,
  type Type,
  type TypeProvider,
} from '../../machinery/cel/index.ts'
import { type FoundField, fieldAt } from './rule-path.ts'
import type { Schema } from './schema.ts'

/** A rule ready to be evaluated, or what is wrong with it. */
export interface CompiledRule {
  readonly rule: ValidationRule
  readonly program?: Program
  readonly error?: string
  readonly cost: number
  readonly usesOldSelf: boolean
  readonly message?: Program
  readonly messageError?: string
  readonly messageCost: number
  /** Where failures are reported, below the value the rule is of. */
  readonly fieldPath: string
}

/** Compiles the rules of a schema whose values are of a declared type. */
export function compileRules(
  rules: readonly ValidationRule[],
  schema: Schema,
  declared: DeclaredType,
  types: TypeProvider,
): CompiledRule[] {
  const sizes = sizesOf(declared)
  const envs = {
    plain: makeEnv({ variables: { self: declared.type, oldSelf: declared.type }, types }),
    optional: makeEnv({ variables: { self: declared.type, oldSelf: optionalType(declared.type) }, types }),
  }
  return rules.map((rule) => {
    const env = rule.optionalOldSelf ? envs.optional : envs.plain
    const compiled = compile(env, rule.rule, { sizes })
    const error = problemOf(compiled, BOOL, '', 'cel expression must evaluate to a bool')
    if (error !== undefined || compiled.issues !== undefined) {
      return { rule, error: error ?? '', cost: 0, usesOldSelf: usesOldSelf(compiled), messageCost: 0, fieldPath: '' }
    }
    const found: FoundField | string = rule.fieldPath ? fieldAt(rule.fieldPath, schema) : ''
    return {
      rule,
      program: compiled.program,
      cost: compiled.cost.max,
      usesOldSelf: usesOldSelf(compiled),
      ...messageOf(rule, compile(env, rule.messageExpression ?? "''", { sizes })),
      fieldPath: typeof found === 'string' ? '' : found.path,
    }
  })
}

function usesOldSelf(compiled: Compiled): boolean {
  return compiled.program?.uses('oldSelf') ?? false
}

function messageOf({ messageExpression }: ValidationRule, compiled: Compiled) {
  if (!messageExpression) return { messageCost: 0 }
  const messageError = problemOf(compiled, STRING, 'messageExpression ', 'messageExpression must evaluate to a string')
  if (messageError !== undefined || compiled.issues !== undefined)
    return { messageError: messageError ?? '', messageCost: 0 }
  return { message: compiled.program, messageCost: compiled.cost.max }
}

function problemOf(compiled: Compiled, wanted: Type, what: string, mistyped: string): string | undefined {
  const result = compiled.issues === undefined ? compiled.program.result : compiled.result
  if (result && !sameType(result, wanted)) return mistyped
  if (compiled.issues !== undefined) {
    return `${what || (compiled.unprogrammable ? 'program ' : '')}${compiled.unprogrammable ? 'instantiation' : 'compilation'} failed: ${compiled.issues}`
  }
  return undefined
}
