// How JSON values appear to Go code: their kinds, type names and comparisons.
// Model: reflect and text/template's comparison functions.

/** A floating-point constant written in a template; whole numbers in data are integers. */
export class GoFloat {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

/**
 * A value inside a template: JSON data, `undefined` for what is not there, a bigint for an `int` that the
 * template itself made, a GoFloat for a floating-point constant.
 */
export type GoValue = unknown

/** What Go's reflection would call the value. */
export type GoKind = 'invalid' | 'nil' | 'bool' | 'int' | 'int64' | 'float64' | 'string' | 'slice' | 'map'

/** The kind of a value. */
export function kindOf(value: GoValue): GoKind {
  if (value === undefined) return 'invalid'
  if (value === null) return 'nil'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'float64'
    case 'string':
      return 'string'
    default:
      if (value instanceof GoFloat) return 'float64'
      return Array.isArray(value) ? 'slice' : 'map'
  }
}

/** The Go type's name, as error messages and `%T` show it. */
export function typeName(value: GoValue): string {
  const kind = kindOf(value)
  switch (kind) {
    case 'invalid':
    case 'nil':
      return '<nil>'
    case 'slice':
      return '[]interface {}'
    case 'map':
      return 'map[string]interface {}'
    default:
      return kind
  }
}

/** The number inside a float or an integer. */
export function numberOf(value: GoValue): number {
  return value instanceof GoFloat ? value.value : Number(value)
}

/** The entries of a map in the order in which Go prints and ranges over them. */
export function sortedEntries(map: object): [string, unknown][] {
  return Object.entries(map)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => compareBytes(a, b))
}

/** Orders text as Go does: by its UTF-8 bytes. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0
  // UTF-16 order differs from byte order only where surrogates occur.
  if (/[\ud800-\udfff]/.test(a + b)) return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : 1
}

/** Whether a value counts as true in a condition: anything but the empty value of its kind. */
export function isTrue(value: GoValue): boolean {
  switch (kindOf(value)) {
    case 'invalid':
    case 'nil':
      return false
    case 'bool':
      return value === true
    case 'string':
    case 'slice':
      return (value as string | unknown[]).length > 0
    case 'map':
      return Object.keys(value as object).length > 0
    default:
      return numberOf(value) !== 0
  }
}

/** A comparison that Go's templates refuse. */
export class ComparisonError extends Error {
  override name = 'ComparisonError'
}

type BasicKind = 'bool' | 'int' | 'float' | 'string'

/** The kind that decides whether two values can be compared; undefined when the value is no basic one. */
export function basicKind(value: GoValue): BasicKind | undefined {
  switch (kindOf(value)) {
    case 'bool':
      return 'bool'
    case 'int':
    case 'int64':
      return 'int'
    case 'float64':
      return 'float'
    case 'string':
      return 'string'
    default:
      return undefined
  }
}

function sameBasicKind(a: GoValue, b: GoValue): BasicKind {
  const kindA = basicKind(a)
  const kindB = basicKind(b)
  if (!kindA || !kindB) throw new ComparisonError('invalid type for comparison')
  if (kindA !== kindB) throw new ComparisonError('incompatible types for comparison')
  return kindA
}

/** a == b for two basic values of one kind. Throws ComparisonError. */
export function equalBasic(a: GoValue, b: GoValue): boolean {
  switch (sameBasicKind(a, b)) {
    case 'bool':
    case 'string':
      return a === b
    default:
      return numberOf(a) === numberOf(b)
  }
}

/** a < b for two ordered values of one kind. Throws ComparisonError. */
export function lessBasic(a: GoValue, b: GoValue): boolean {
  switch (sameBasicKind(a, b)) {
    case 'bool':
      throw new ComparisonError('invalid type for comparison')
    case 'string':
      return compareBytes(a as string, b as string) < 0
    default:
      return numberOf(a) < numberOf(b)
  }
}
