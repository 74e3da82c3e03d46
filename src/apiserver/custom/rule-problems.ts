// What a definition's rules may say, and what they may cost. Model: k8s.io/apiextensions-apiserver,
// pkg/apis/apiextensions/validation.

import type { ValidationRule } from '../../api/generated/apiextensions-v1.ts'
import {
  type DeclaredType,
  LIMITS,
  maxCardinality,
  providerOf,
  type TypeProvider,
  typeOfSchema,
} from '../../machinery/cel/index.ts'
import { type FieldError, field } from '../../machinery/errors.ts'
import { ruleValue } from './definition-shapes.ts'
import { compileRules } from './rule-compile.ts'
import { elementOf, hasRules, type Schema } from './schema.ts'

const RULES = 'x-kubernetes-validations'
const MOST_EXPENSIVE = 4
const ADVICE =
  'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared'

/** What the rules of a schema mean and cost. Those of `faulty` schemas are not looked at. */
export function ruleProblems(schema: Schema, path: string, faulty: ReadonlySet<Schema>): FieldError[] {
  return hasRules(schema) ? new Costs(faulty).problems(schema, path) : []
}

interface Child {
  readonly schema: Schema
  readonly path: string
  readonly property?: string
}

function children(schema: Schema, path: string): Child[] {
  const element = elementOf(schema)
  return [
    ...(element ? [{ schema: element, path: `${path}.additionalProperties` }] : []),
    ...Object.entries(schema.properties ?? {}).map(([property, inner]) => ({
      schema: inner,
      path: `${path}.properties[${property}]`,
      property,
    })),
    ...(schema.items ? [{ schema: schema.items, path: `${path}.items` }] : []),
  ]
}

/** Where a schema stands: how often its data may occur, and whether it can be matched with the data before. */
interface Place {
  readonly cardinality: number | undefined
  readonly uncorrelated: string | undefined
  readonly declared: DeclaredType | undefined
  readonly types: TypeProvider | undefined
  readonly root: boolean
}

/** Compiles all rules of a schema and adds up what they may cost. */
class Costs {
  readonly #faulty: ReadonlySet<Schema>
  readonly #errors: FieldError[] = []
  readonly #expensive: { readonly path: string; readonly cost: number }[] = []
  #total = 0

  constructor(faulty: ReadonlySet<Schema>) {
    this.#faulty = faulty
  }

  problems(schema: Schema, path: string): FieldError[] {
    this.#visit(schema, path, {
      cardinality: 1,
      uncorrelated: undefined,
      declared: undefined,
      types: undefined,
      root: true,
    })
    const limit = LIMITS.estimatedPerDefinition
    if (this.#total > limit) {
      const worst = [...this.#expensive].sort((a, b) => b.cost - a.cost).slice(0, MOST_EXPENSIVE)
      const detail = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'
      this.#errors.push(...worst.map((rule) => field.forbidden(rule.path, detail)))
      const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema'
      this.#errors.push(field.forbidden(path, exceeded(what, this.#total, limit)))
    }
    return this.#errors
  }

  #visit(schema: Schema, path: string, place: Place): void {
    const rules = schema[RULES] ?? []
    const own = this.#typed(schema, place, rules.length > 0)
    const cardinality = multiplied(place.cardinality, maxElements(schema))
    const cut = schema.items !== undefined && schema['x-kubernetes-list-type'] !== 'map'
    for (const child of children(schema, path)) {
      this.#visit(child.schema, child.path, {
        cardinality,
        uncorrelated: place.uncorrelated ?? (cut && child.property === undefined ? path : undefined),
        declared: childType(own.declared, child),
        types: own.types,
        root: false,
      })
    }
    if (rules.length === 0 || this.#faulty.has(schema)) return
    const { declared, types } = own
    if (!declared || !types) {
      const detail =
        'internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations'
      this.#errors.push({
        type: 'InternalError',
        path: `${path}.${RULES}`,
        message: `Internal error: ${detail}`,
      })
      return
    }
    this.#judge(schema, path, { ...place, declared, types })
  }

  /** The type of a schema: the one within its parent's, or one of its own when rules begin here. */
  #typed(schema: Schema, place: Place, needed: boolean): Pick<Place, 'declared' | 'types'> {
    if (place.declared || !needed) return place
    const declared = typeOfSchema(schema, 'selfType', place.root || schema['x-kubernetes-embedded-resource'] === true)
    return { declared, types: declared && providerOf([declared]) }
  }

  #judge(schema: Schema, path: string, place: Place & { declared: DeclaredType; types: TypeProvider }): void {
    const rules = schema[RULES] ?? []
    const times = place.cardinality ?? maxCardinality(place.declared)
    const limit = LIMITS.estimatedPerExpression
    for (const [i, compiled] of compileRules(rules, schema, place.declared, place.types).entries()) {
      const at = `${path}.${RULES}[${i}]`
      const { rule } = compiled
      const cost = compiled.cost * times
      if (cost > limit) this.#errors.push(field.forbidden(`${at}.rule`, exceeded('estimated rule cost', cost, limit)))
      this.#observe(`${at}.rule`, cost)
      if (compiled.error !== undefined) this.#errors.push(invalidRule(`${at}.rule`, rule, compiled.error))
      if (compiled.messageError !== undefined) {
        this.#errors.push(invalidRule(`${at}.messageExpression`, rule, compiled.messageError))
      } else if (compiled.message) {
        if (compiled.messageCost > limit) {
          const detail = exceeded('estimated messageExpression cost', compiled.messageCost, limit)
          this.#errors.push(field.forbidden(`${at}.messageExpression`, detail))
        }
        this.#observe(`${at}.messageExpression`, compiled.messageCost)
      }
      if (compiled.usesOldSelf && place.uncorrelated !== undefined) {
        const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelated}`
        this.#errors.push(field.invalid(`${at}.rule`, rule.rule, detail))
      } else if (!compiled.usesOldSelf && rule.optionalOldSelf !== undefined) {
        const detail = 'may not be set if oldSelf is not used in rule'
        this.#errors.push(field.invalid(`${at}.optionalOldSelf`, rule.optionalOldSelf, detail))
      }
    }
  }

  #observe(path: string, cost: number): void {
    this.#total += cost
    if (cost >= LIMITS.estimatedPerDefinition / 100) this.#expensive.push({ path, cost })
  }
}

/** Rules are shown whole, with what is not set. */
function invalidRule(path: string, rule: ValidationRule, detail: string): FieldError {
  const json = JSON.stringify(ruleValue(rule))
  const value = json.replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)
  return { type: 'FieldValueInvalid', path, message: `Invalid value: ${value}: ${detail}` }
}

function childType(declared: DeclaredType | undefined, { property }: Child): DeclaredType | undefined {
  if (property === undefined) return declared?.element
  return [...(declared?.fields?.values() ?? [])].find(({ name }) => name === property)?.declared
}

function multiplied(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a * b
}

/** How many values of the schemas inside there are for one value of this; undefined when there is no limit. */
function maxElements(schema: Schema): number | undefined {
  const positive = (value: number | undefined) => (value === undefined ? undefined : Math.max(0, value))
  if (schema.type === 'object' && schema.additionalProperties !== undefined) return positive(schema.maxProperties)
  return schema.type === 'array' ? positive(schema.maxItems) : 1
}

function exceeded(what: string, cost: number, limit: number): string {
  const factor = cost / limit
  const shown = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`
  return `${what} exceeds budget by factor of ${shown} (${ADVICE})`
}
