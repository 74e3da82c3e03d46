// Sets of fields against the schema of today, and values against it.

import { type FieldSet, isEmpty, LEAF, nodeOf } from './field-set.ts'
import { itemElement } from './list-items.ts'
import { printElement } from './path-element.ts'
import type { ListSchema, MapSchema, TypeSchema } from './schema.ts'
import { isMap, type Json, schemaUnder } from './value.ts'

/** The set with every named field that something is owned below as a member too. */
export function withNamedFields(schema: TypeSchema | undefined, set: FieldSet): FieldSet {
  const out: { [element: string]: FieldSet } = {}
  for (const element in set) {
    const node = set[element]
    if (node === undefined) continue
    if (element === '.' || isEmpty(node)) {
      out[element] = node
      continue
    }
    const named = element.startsWith('f:') && schema?.kind === 'map' && schema.field(element.slice(2)) !== undefined
    const inner = withNamedFields(schemaOf(schema, element), node)
    out[element] = named && node['.'] === undefined ? { '.': LEAF, ...inner } : inner
  }
  return out
}

function schemaOf(schema: TypeSchema | undefined, element: string): TypeSchema | undefined {
  if (schema?.kind === 'map' && element.startsWith('f:')) return schema.field(element.slice(2)) ?? schema.element
  if (schema?.kind === 'list' && element.startsWith('k:')) return schema.element
  return undefined
}

/** Sets that fit a schema already. */
const reconciled = new WeakMap<FieldSet, TypeSchema>()

/**
 * A set that was written under an earlier schema: where a map or list has become atomic since, it is owned as a whole
 * by whoever owned a part of it.
 */
export function reconcile(schema: TypeSchema, set: FieldSet): FieldSet {
  if (reconciled.get(set) === schema) return set
  const out = reconcileFields(schema, set)
  if (!isEmpty(out)) reconciled.set(out, schema)
  return out
}

function reconcileFields(schema: TypeSchema, set: FieldSet): FieldSet {
  let out: { [element: string]: FieldSet } | undefined
  for (const element in set) {
    const node = set[element]
    const inner = element === '.' ? undefined : schemaOf(schema, element)
    if (!node || !inner || isEmpty(node)) continue
    const atomic = (inner.kind === 'map' || inner.kind === 'list') && inner.relationship === 'atomic'
    const fitting = atomic ? (nodeOf(undefined, true) ?? LEAF) : reconcileFields(inner, node)
    if (fitting === node) continue
    out ??= { ...set }
    out[element] = fitting
  }
  return out ?? set
}

/** One problem of a value with its type. */
export interface ValueProblem {
  readonly path: string
  readonly message: string
}

/** The problems as one text, as upstream words them. */
export function describeProblems(problems: readonly ValueProblem[]): string {
  const lines = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  return lines.length === 1 ? (lines[0] ?? '') : ['errors:', ...lines.map((line) => `  ${line}`)].join('\n')
}

/** What keeps `value` from being an applied configuration of the type: unknown fields, wrong types, duplicates. */
export function problemsOf(schema: TypeSchema, value: unknown): ValueProblem[] {
  const out: ValueProblem[] = []
  check(schema, value, '', out)
  return out
}

function check(schema: TypeSchema, value: unknown, path: string, out: ValueProblem[]): void {
  if (value === null || value === undefined) return
  switch (schema.kind) {
    case 'untyped':
      return
    case 'scalar': {
      const message = scalarProblem(schema.scalar, value)
      if (message) out.push({ path, message })
      return
    }
    case 'map':
      if (!isMap(value)) out.push({ path, message: `expected map, got ${shown(value)}` })
      else checkMap(schema, value, path, out)
      return
    case 'list':
      if (!Array.isArray(value)) out.push({ path, message: `expected list, got ${shown(value)}` })
      else checkList(schema, value, path, out)
  }
}

function checkMap(schema: MapSchema, value: Json, path: string, out: ValueProblem[]): void {
  for (const name in value) {
    if (!schema.field(name) && !schema.element) {
      out.push({ path: `${path}.${name}`, message: 'field not declared in schema' })
      return
    }
    check(schemaUnder(schema, name), value[name], `${path}.${name}`, out)
  }
}

function checkList(schema: ListSchema, list: readonly unknown[], path: string, out: ValueProblem[]): void {
  const seen = new Set<string>()
  for (const [i, item] of list.entries()) {
    let shownElement = `[${i}]`
    if (schema.relationship !== 'atomic') {
      let element: string
      try {
        element = itemElement(schema, item)
      } catch (error) {
        out.push({ path, message: `element ${i}: ${(error as Error).message}` })
        return
      }
      shownElement = printElement(element)
      if (seen.has(element)) out.push({ path, message: `duplicate entries for key ${shownElement}` })
      seen.add(element)
    }
    check(schema.element, item, path + shownElement, out)
  }
}

function scalarProblem(scalar: 'string' | 'numeric' | 'boolean' | 'untyped', value: unknown): string | undefined {
  switch (scalar) {
    case 'numeric':
      return typeof value === 'number' ? undefined : `expected numeric (int or float), got ${goType(value)}`
    case 'string':
      return typeof value === 'string' ? undefined : `expected string, got ${quoted(value)}`
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got ${shown(value)}`
    default:
      return typeof value === 'object' ? `expected any scalar, got ${shown(value)}` : undefined
  }
}

function goType(value: unknown): string {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}'
}

/** A list or a map as `%#v` prints it. */
function goLiteral(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'interface {}(nil)' : JSON.stringify(value)
  const inner = Array.isArray(value)
    ? value.map(goLiteral)
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${goLiteral(item)}`)
  return `${goType(value)}{${inner.join(', ')}}`
}

/** Values as Go's `&value.valueUnstructured{Value:…}` shows them. */
function quoted(value: unknown): string {
  return `&value.valueUnstructured{Value:${typeof value === 'object' ? goLiteral(value) : JSON.stringify(value)}}`
}

function shown(value: unknown): string {
  if (typeof value === 'object') return goText(value)
  return `&{${String(value)}}`
}

function goText(value: unknown): string {
  if (Array.isArray(value)) return `&{[${value.map((v) => (typeof v === 'object' ? goText(v) : String(v))).join(' ')}]}`
  const entries = Object.entries(value as Json).sort(([a], [b]) => (a < b ? -1 : 1))
  return `&{map[${entries.map(([k, v]) => `${k}:${String(v)}`).join(' ')}]}`
}
