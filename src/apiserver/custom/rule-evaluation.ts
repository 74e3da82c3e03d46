// Evaluates the rules of custom resources. Model: k8s.io/apiextensions-apiserver, pkg/apiserver/schema/cel, validation.

import type { ValidationRule } from '../../api/generated/apiextensions-v1.ts'
import {
  type Activation,
  type DeclaredType,
  fromTypedJson,
  LIMITS,
  Optional,
  providerOf,
  type TypeProvider,
  typeOfSchema,
} from '../../machinery/cel/index.ts'
import { type FieldError, field } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { isRecord } from '../api-object.ts'
import { type CompiledRule, compileRules } from './rule-compile.ts'
import type { CompiledRules, CustomRules } from './rules.ts'
import { elementOf, hasRules, own, type Schema } from './schema.ts'

const MAX_MESSAGE_BYTES = 5 * 1024
const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run'

/** Enforces rules in the Common Expression Language. */
export const celRules: CustomRules = {
  compile(schema): CompiledRules | undefined {
    const root = hasRules(schema) ? nodeOf(schema, { name: 'selfType', resource: true }) : undefined
    return root && { validate: (object, old, warn) => new Run({ warn }).validate(root, object, { old }) }
  },
}

/** Problems that rules find in a default at a path: as what was there before, and as something new. */
export function defaultRuleProblems(value: unknown, schema: Schema, path: string): readonly FieldError[] {
  const resource = schema['x-kubernetes-embedded-resource'] === true
  const root = nodeOf(schema, { name: 'selfType', resource })
  if (!root) return []
  const run = (old: unknown) => new Run({ ratchets: false }).validate(root, value, { old, path })
  const problems = run(value)
  return problems.length > 0 ? problems : run(undefined)
}

/** A schema with its rules and those of the schemas inside. */
interface Node {
  readonly schema: Schema
  readonly declared: DeclaredType
  readonly rules: readonly CompiledRule[]
  readonly element: Node | undefined
  readonly properties: ReadonlyMap<string, Node>
}

interface Position {
  readonly name: string
  readonly resource: boolean
  readonly declared?: DeclaredType
  readonly types?: TypeProvider
}

function nodeOf(schema: Schema, { name, resource, ...given }: Position): Node | undefined {
  if (!hasRules(schema)) return undefined
  const declared = given.declared ?? typeOfSchema(schema, name, resource)
  if (!declared) return undefined
  const types = given.types && given.declared ? given.types : providerOf([declared])
  const all = [schema, ...(schema.allOf ?? [])].flatMap((one) => one['x-kubernetes-validations'] ?? [])
  const within = (inner: Schema, type: DeclaredType | undefined, at: string): Node | undefined =>
    nodeOf(inner, {
      name: `${name}.${at}`,
      resource: inner['x-kubernetes-embedded-resource'] === true,
      ...(type ? { declared: type, types } : {}),
    })
  const fields = new Map([...(declared.fields?.values() ?? [])].map((one) => [one.name, one.declared]))
  const properties = Object.entries(schema.properties ?? {}).flatMap(([property, inner]): [string, Node][] => {
    const node = within(inner, fields.get(property), property)
    return node ? [[property, node]] : []
  })
  const inside = schema.items ?? elementOf(schema)
  return {
    schema,
    declared,
    rules: compileRules(all, schema, declared, types),
    element: inside && within(inside, declared.element, '@idx'),
    properties: new Map(properties),
  }
}

/** A value, what stood there before if that is known, and whether nothing has changed there. */
interface Pair {
  readonly value: unknown
  readonly old: unknown
  unchanged(): boolean
}

/** Whether a value is as it was is found out once, and only when a rule fails. */
function pairOf(value: unknown, old: unknown, parent?: Pair): Pair {
  let same: boolean | undefined
  return {
    value,
    old,
    unchanged() {
      same ??= old === undefined ? (parent?.unchanged() ?? false) : sameJson(value, old)
      return same
    },
  }
}

/** One validation of one object, with one budget. */
class Run {
  readonly #errors: FieldError[] = []
  readonly #warn: ((message: string) => void) | undefined
  readonly #ratchets: boolean
  #budget: number = LIMITS.perRequest
  #over = false

  constructor({ warn, ratchets = true }: { warn?: ((message: string) => void) | undefined; ratchets?: boolean }) {
    this.#warn = warn
    this.#ratchets = ratchets
  }

  validate(root: Node, value: unknown, { old, path = '' }: { old: unknown; path?: string }): readonly FieldError[] {
    this.#visit(root, path, pairOf(value, old))
    return this.#errors
  }

  #visit(node: Node, path: string, pair: Pair): void {
    const { value, old } = pair
    if (this.#over || value === null || value === undefined) return
    this.#evaluate(node, path, pair)
    if (Array.isArray(value) && node.element) {
      const before = correlated(node.schema, old)
      for (const [i, item] of value.entries()) {
        this.#visit(node.element, `${path}[${i}]`, pairOf(item, before(item), pair))
      }
    } else if (isRecord(value)) {
      const before = isRecord(old) ? old : {}
      for (const [key, inner] of Object.entries(value)) {
        const property = node.properties.get(key)
        const at = property ? joined(path, key) : `${path}[${key}]`
        const next = property ?? (elementOf(node.schema) ? node.element : undefined)
        if (next) this.#visit(next, at, pairOf(inner, own(before, key), pair))
      }
    }
  }

  #evaluate({ rules, declared, schema }: Node, path: string, pair: Pair): void {
    if (rules.length === 0) return
    const type = schema.type ?? ''
    const activations = activationsOf(declared, pair)
    for (const compiled of rules) {
      if (this.#over) return
      const { rule, program } = compiled
      if (compiled.error !== undefined) {
        this.#errors.push(field.invalid(shown(path), type, `rule compile error: ${compiled.error}`))
        continue
      }
      const absent = pair.old === undefined || pair.old === null
      if (!program || (compiled.usesOldSelf && absent && !rule.optionalOldSelf)) continue
      const activation = rule.optionalOldSelf ? activations.optional : activations.plain
      const result = program.evaluate(activation, { costLimit: Math.min(LIMITS.perCall, this.#budget) })
      if (!this.#pay(result.cost)) {
        if (result.cost > LIMITS.perCall && result.error !== undefined) {
          const detail = `'${result.error}': no further validation rules will be run due to call cost exceeds limit for rule: ${described(rule)}`
          this.#stop(field.invalid(shown(path), type, detail))
        } else this.#stop(field.invalid(shown(path), type, OUT_OF_BUDGET))
        return
      }
      if (result.error !== undefined) {
        this.#errors.push(field.invalid(shown(path), type, failure(result.error, rule)))
      } else if (result.value !== true) this.#fail(compiled, path, pair, { type, activation: activations.plain })
    }
  }

  /** Takes a cost off the budget; false when that is more than there is, or than one call may cost. */
  #pay(cost: number): boolean {
    if (cost > this.#budget || cost > LIMITS.perCall) return false
    this.#budget -= cost
    return true
  }

  #stop(error: FieldError): void {
    this.#errors.push(error)
    this.#over = true
  }

  #fail(
    compiled: CompiledRule,
    path: string,
    pair: Pair,
    { type, activation }: { type: string; activation: Activation },
  ): void {
    // What failed before and did not change is only warned of.
    const tolerated = this.#ratchets && !compiled.usesOldSelf && pair.unchanged()
    const at = compiled.fieldPath === '' ? path : joined(path, compiled.fieldPath)
    const message = this.#message(compiled, activation)
    if (message.stop !== undefined) {
      if (tolerated) this.#over = true
      else this.#stop(field.invalid(shown(at), type, message.stop))
      return
    }
    const error = errorOf(compiled.rule, shown(at), pair.value, message.text)
    if (tolerated) this.#warn?.(`${error.path}: ${error.message}`)
    else this.#errors.push(error)
  }

  #message({ rule, message }: CompiledRule, activation: Activation): { text: string; stop?: string } {
    const text = rule.message ? rule.message.trim() : `failed rule: ${described(rule)}`
    if (!message) return { text }
    const result = message.evaluate(activation, { costLimit: Math.min(LIMITS.perCall, this.#budget) })
    if (!this.#pay(result.cost)) {
      const quoted = JSON.stringify(rule.messageExpression)
      const stop =
        result.cost > LIMITS.perCall
          ? `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${quoted}`
          : 'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run'
      return { text, stop }
    }
    // A message that cannot be made gives way to the one that is always there.
    const made = typeof result.value === 'string' ? result.value.trim() : ''
    const usable = made !== '' && Buffer.byteLength(made) <= MAX_MESSAGE_BYTES && !made.includes('\n')
    return { text: usable ? made : text }
  }
}

const shown = (path: string) => (path === '' ? '<nil>' : path)
const joined = (path: string, name: string) => (path === '' ? name : `${path}.${name}`)

function described(rule: ValidationRule): string {
  return rule.message ? rule.message.trim() : rule.rule.trim()
}

function failure(error: string, rule: ValidationRule): string {
  return error.startsWith('no such overload')
    ? `'${error}': call arguments did not match a supported operator, function or macro signature for rule: ${described(rule)}`
    : `${error} evaluating rule: ${described(rule)}`
}

function errorOf({ reason }: ValidationRule, path: string, value: unknown, detail: string): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return field.forbidden(path, detail)
    case 'FieldValueRequired':
      return field.required(path, detail)
    case 'FieldValueDuplicate':
      return typeof value === 'object'
        ? { type: 'FieldValueDuplicate', path, message: 'Duplicate value' }
        : field.duplicate(path, value)
    default:
      // Whole objects and lists are not repeated in errors.
      return typeof value === 'object'
        ? { type: 'FieldValueInvalid', path, message: `Invalid value: ${detail}` }
        : field.invalid(path, value, detail)
  }
}

function activationsOf(declared: DeclaredType, { value, old }: Pair): { plain: Activation; optional: Activation } {
  const self = once(() => fromTypedJson(value, declared))
  if (old === undefined || old === null) return { plain: { self }, optional: { self, oldSelf: Optional.none } }
  const oldSelf = once(() => fromTypedJson(old, declared))
  return { plain: { self, oldSelf }, optional: { self, oldSelf: () => new Optional(oldSelf()) } }
}

/** What is computed when it is first asked for, and kept: all rules of a value share it. */
function once<T>(compute: () => T): () => T {
  let kept: { readonly value: T } | undefined
  return () => {
    kept ??= { value: compute() }
    return kept.value
  }
}

/** Finds what an item of a list was before: only lists with keys tell. */
function correlated(schema: Schema, old: unknown): (item: unknown) => unknown {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old)) return () => undefined
  const keyOf = (item: unknown) => JSON.stringify(keys.map((key) => (isRecord(item) ? (own(item, key) ?? null) : null)))
  const byKey = new Map(old.map((item) => [keyOf(item), item] as const))
  return (item) => byKey.get(keyOf(item))
}
