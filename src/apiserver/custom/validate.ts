// Judges values by a schema, in upstream's words. Model: k8s.io/kube-openapi/pkg/validation/validate, and for what an
// update may leave as it was k8s.io/apiextensions-apiserver/pkg/apiserver/validation/ratcheting.go.

import { type FieldError, field } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { isRecord } from '../api-object.ts'
import { hasFormat, isKnownFormat } from './formats.ts'
import { matchesPattern } from './patterns.ts'
import { elementOf, own, type Schema } from './schema.ts'

/** What stood at the place before an update; `nothing` when that is unknown, and then everything is judged. */
type Before = { readonly value: unknown } | undefined

interface Result {
  readonly errors: FieldError[]
  /** How many checks went well: alternatives with more of them explain a failure better. */
  readonly matches: number
}

/** The problems of a value. `old` is what stood there before an update: what is still the same is not judged again. */
export function validateValue(
  value: unknown,
  schema: Schema,
  options: { readonly base?: string; readonly old?: { readonly value: unknown } } = {},
): FieldError[] {
  return new Judge(options.base ?? '').judge(value, schema, '', options.old).errors
}

class Judge {
  readonly #base: string

  constructor(base: string) {
    this.#base = base
  }

  judge(value: unknown, schema: Schema, path: string, before: Before): Result {
    if (before && sameJson(before.value, value)) return { errors: [], matches: 0 }
    const results = [this.#type(value, schema, path), this.#enum(value, schema, path)]
    // Nothing but its type and the list of values can be said of null.
    if (value === null) return merged(results)
    results.push(this.#junctors(value, schema, path))
    if (typeof value === 'string') results.push(this.#string(value, schema, path))
    else if (typeof value === 'number') results.push(this.#number(value, schema, path))
    else if (Array.isArray(value)) results.push(this.#array(value, schema, path, before))
    else if (isRecord(value)) results.push(this.#object(value, schema, path, before))
    return merged(results)
  }

  #at(path: string): string {
    const inner = path.replace(/^\./, '')
    if (this.#base === '') return inner === '' ? '<nil>' : inner
    // Upstream puts a dot before an index, too.
    return inner === '' ? this.#base : `${this.#base}.${inner}`
  }

  #wrong(path: string, value: unknown, text: string): FieldError {
    return field.invalid(this.#at(path), value, `${path} in body ${text}`)
  }

  /** What is not about one field. */
  #general(text: string): FieldError {
    return field.invalid(this.#base === '' ? '<nil>' : this.#base, '', text)
  }

  #mistyped(path: string, wanted: string, got: string): FieldError {
    return {
      ...this.#wrong(path, got, `must be of type ${wanted}: ${JSON.stringify(got)}`),
      type: 'FieldValueTypeInvalid',
    }
  }

  #type(value: unknown, schema: Schema, path: string): Result {
    const wanted = schema['x-kubernetes-int-or-string'] ? ['integer', 'string'] : schema.type ? [schema.type] : []
    const format = schema.format && isKnownFormat(schema.format) ? schema.format : ''
    if (wanted.length === 0 && format === '') return fine(0)
    const type = typeName(value)
    const fits =
      wanted.length === 0 ||
      wanted.includes(type) ||
      (type === 'integer' && wanted.includes('number')) ||
      (value === null && schema.nullable === true)
    if (!fits) {
      const byFormat = format !== '' && typeof value !== 'string' && !Array.isArray(value) && value !== null
      const error = byFormat
        ? this.#mistyped(path, format, numberFormat(value))
        : this.#mistyped(path, wanted.join(','), type)
      return { errors: [error], matches: 0 }
    }
    if (typeof value === 'string' && format !== '' && !hasFormat(format, value)) {
      return { errors: [this.#mistyped(path, format, value)], matches: 1 }
    }
    return fine(1)
  }

  #enum(value: unknown, schema: Schema, path: string): Result {
    const { enum: allowed } = schema
    // A fraction is compared with whole numbers without what is behind its point.
    const whole = typeof value === 'number' ? Math.trunc(value) : value
    const same = (one: unknown) => sameJson(one, value) || (Number.isInteger(one) && one === whole)
    if (!allowed || allowed.length === 0 || allowed.some(same)) return fine(1)
    const shown = allowed.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
    const supported = shown.map((one) => JSON.stringify(one)).join(', ')
    const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`
    return { errors: [{ type: 'FieldValueNotSupported', path: this.#at(path), message }], matches: 0 }
  }

  #junctors(value: unknown, schema: Schema, path: string): Result {
    const name = JSON.stringify(path)
    const errors: FieldError[] = []
    let matches = 1
    const take = (result: Result | undefined) => {
      errors.push(...(result?.errors ?? []))
      matches += result?.matches ?? 0
    }
    const judged = (all: readonly Schema[]) => all.map((one) => this.judge(value, one, path, undefined))
    const { anyOf = [], oneOf = [], allOf = [], not } = schema
    if (anyOf.length > 0) {
      const results = judged(anyOf)
      const good = results.find(isFine)
      if (!good) errors.push(this.#general(`${name} must validate at least one schema (anyOf)`))
      take(good ?? closest(results))
    }
    if (oneOf.length > 0) {
      const results = judged(oneOf)
      const good = results.filter(isFine)
      if (good.length !== 1) {
        const found = good.length === 0 ? 'Found none valid' : `Found ${good.length} valid alternatives`
        errors.push(this.#general(`${name} must validate one and only one schema (oneOf). ${found}`))
        if (good.length === 0) take(closest(results))
      } else take(good[0])
    }
    if (allOf.length > 0) {
      const results = judged(allOf)
      for (const result of results) take(result)
      if (!results.every(isFine)) {
        const none = results.some(isFine) ? '' : '. None validated'
        errors.push(this.#general(`${name} must validate all the schemas (allOf)${none}`))
      }
    }
    if (not && isFine(this.judge(value, not, path, undefined))) {
      errors.push(this.#general(`${name} must not validate the schema (not)`))
    }
    return { errors, matches }
  }

  #string(value: string, schema: Schema, path: string): Result {
    const { maxLength, minLength, pattern } = schema
    const length = [...value].length
    if (maxLength !== undefined && length > maxLength) return bad(field.tooLong(this.#at(path), maxLength))
    if (minLength !== undefined && length < minLength) {
      return bad(this.#wrong(path, value, `should be at least ${minLength} chars long`))
    }
    if (pattern && !matchesPattern(pattern, value)) return bad(this.#wrong(path, value, `should match '${pattern}'`))
    return fine(1)
  }

  #number(value: number, schema: Schema, path: string): Result {
    const { minimum, maximum, multipleOf, type, format } = schema
    const errors: FieldError[] = []
    if (!isInRange(value, type, format)) {
      const how = format ? ` with format ${format}` : ' (default format)'
      errors.push(this.#general(`Checked value must be of type ${type}${how} in ${path}`))
    }
    const refuse = (text: string) => errors.push(this.#wrong(path, value, text))
    if (multipleOf !== undefined && !isMultiple(value, multipleOf)) refuse(`should be a multiple of ${multipleOf}`)
    if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) {
      refuse(`should be less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`)
    }
    if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) {
      refuse(`should be greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`)
    }
    return { errors, matches: errors.length === 0 ? 1 : 0 }
  }

  #array(value: readonly unknown[], schema: Schema, path: string, before: Before): Result {
    const { items, minItems, maxItems } = schema
    const results: Result[] = [fine(1)]
    if (items) {
      const old = formerItems(schema, before)
      for (const [i, item] of value.entries()) results.push(this.judge(item, items, `${path}[${i}]`, old(item)))
    }
    if (minItems !== undefined && value.length < minItems) {
      results.push(bad(this.#wrong(path, value.length, `should have at least ${minItems} items`)))
    }
    if (maxItems !== undefined && value.length > maxItems) {
      results.push(bad(field.tooMany(this.#at(path), value.length, maxItems)))
    }
    if (schema.uniqueItems && value.some((item, i) => value.slice(0, i).some((other) => sameJson(item, other)))) {
      results.push(bad(this.#wrong(path, '', "shouldn't contain duplicates")))
    }
    return merged(results)
  }

  #object(value: Record<string, unknown>, schema: Schema, path: string, before: Before): Result {
    const { minProperties, maxProperties, required = [] } = schema
    const names = Object.keys(value)
    const results: Result[] = [fine(1)]
    if (minProperties !== undefined && names.length < minProperties) {
      results.push(bad(this.#wrong(path, names.length, `should have at least ${minProperties} properties`)))
    }
    if (maxProperties !== undefined && names.length > maxProperties) {
      results.push(bad(field.tooMany(this.#at(path), names.length, maxProperties)))
    }
    const element = elementOf(schema)
    const old = before && isRecord(before.value) ? before.value : undefined
    for (const name of names) {
      const known = own(schema.properties, name)
      const inner = path === '' ? name : `${path}.${name}`
      if (!known && schema.additionalProperties === false) {
        results.push(bad(field.invalid(this.#at(path), name, `${inner} in body is a forbidden property`)))
      }
      const judged = known ?? element
      if (!judged) continue
      results.push(
        this.judge(value[name], judged, inner, old && Object.hasOwn(old, name) ? { value: old[name] } : undefined),
      )
    }
    for (const name of required) {
      if (!Object.hasOwn(value, name)) results.push(bad(field.required(this.#at(`${path}.${name}`))))
    }
    return merged(results)
  }
}

/** Items of a list with keys are found again by these; other items have no past. */
function formerItems(schema: Schema, before: Before): (item: unknown) => Before {
  const keys = schema['x-kubernetes-list-type'] === 'map' ? schema['x-kubernetes-list-map-keys'] : undefined
  if (!keys || !before || !Array.isArray(before.value)) return () => undefined
  const id = (item: unknown) => JSON.stringify(isRecord(item) ? keys.map((key) => item[key] ?? null) : null)
  const known = new Map(before.value.map((item) => [id(item), { value: item as unknown }]))
  return (item) => known.get(id(item))
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return isInteger64(value) ? 'integer' : 'number'
  return typeof value
}

/** What is too large for that is read as a fraction. */
function isInteger64(value: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63
}

/** The format of numbers as Go holds them; all else has none. Model: schemaInfoForType. */
function numberFormat(value: unknown): string {
  if (typeof value !== 'number') return ''
  return isInteger64(value) ? 'int64' : 'float64'
}

/** Model: IsValueValidAgainstRange. */
function isInRange(value: number, type: string | undefined, format: string | undefined): boolean {
  if (type === 'integer') {
    return isInteger64(value) && (format !== 'int32' || (value <= 2147483647 && value >= -2147483648))
  }
  return type !== 'number' || format !== 'float' || Number.isFinite(Math.fround(value))
}

function isMultiple(value: number, factor: number): boolean {
  const quotient = value / factor
  return Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient))
}

const fine = (matches: number): Result => ({ errors: [], matches })
const bad = (error: FieldError): Result => ({ errors: [error], matches: 0 })
const isFine = ({ errors }: Result) => errors.length === 0

function merged(results: readonly Result[]): Result {
  return {
    errors: results.flatMap((r) => r.errors),
    matches: results.reduce((sum, r) => sum + r.matches, 0),
  }
}

/** The alternative that came nearest, the first of several. */
function closest(results: readonly Result[]): Result | undefined {
  return results.reduce<Result | undefined>(
    (best, one) => (best && best.matches >= one.matches ? best : one),
    undefined,
  )
}
