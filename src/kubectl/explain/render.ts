// Renders the explanation of a kind or of one of its fields as plain text.
// Model: the plaintext template of k8s.io/kubectl/pkg/explain/v2.

import { formatValue } from '../../machinery/go/format.ts'
import { compareBytes } from '../../machinery/go/value.ts'
import { KubectlError } from '../errors.ts'
import {
  type GroupVersionResource,
  kindOfResource,
  type OpenApiDocument,
  resolveReference,
  resourceText,
  type Schema,
  schemaOfKind,
  valuesOf,
} from './schema.ts'
import { wrapWords } from './word-wrap.ts'

/** The path leads nowhere. `output` is what kubectl has written by then: which kind it is. */
export class ExplainError extends KubectlError {
  override name = 'ExplainError'
  readonly output: string

  constructor(message: string, output: string) {
    super(message)
    this.output = output
  }
}

/** What to explain. */
export interface ExplainRequest {
  readonly document: OpenApiDocument
  readonly gvr: GroupVersionResource
  readonly fieldPath: readonly string[]
  readonly recursive: boolean
}

const WIDTH = 78
const LISTED_VALUES = 4

/** Schemas inside one another, at most. */
const MAX_DEPTH = 200

/** The whole explanation. Throws KubectlError, ExplainError once the kind is known. */
export function renderExplanation({ document, gvr, fieldPath, recursive }: ExplainRequest): string {
  const gvk = kindOfResource(document, gvr)
  if (!gvk) {
    throw new KubectlError(`GVR (${resourceText(gvr)}) not found in OpenAPI schema`)
  }
  const group = gvk.group ? `GROUP:      ${gvk.group}\n` : ''
  const head = `${group}KIND:       ${gvk.kind}\nVERSION:    ${gvk.version}\n\n`
  const schema = schemaOfKind(document, gvk)
  if (!schema) throw new ExplainError(`GVK ${formatValue(gvk)} not found in OpenAPI schema`, head)
  const body = new Explanation(document, recursive).output(schema, fieldPath, new Set(), 0)
  if (body === '') throw new ExplainError(`field "${fieldPath.at(-1) ?? ''}" does not exist`, head)
  return `${head}${body}\n`
}

class Explanation {
  private readonly document: OpenApiDocument
  private readonly recursive: boolean

  constructor(document: OpenApiDocument, recursive: boolean) {
    this.document = document
    this.recursive = recursive
  }

  /** Follows the path and explains where it ends; empty when it leads nowhere. `seen` holds references on the way. */
  output(schema: Schema, path: readonly string[], seen: ReadonlySet<string>, depth: number): string {
    if (depth > MAX_DEPTH) return ''
    const resolved = this.resolve(schema)
    const [first, ...rest] = path
    if (first === undefined) return this.ending(resolved)
    if (schema.$ref && seen.has(schema.$ref)) return ''
    const next = new Set([...seen, schema.$ref ?? ''])
    const property = own(resolved.properties, first)
    if (property) {
      const head =
        rest.length === 0 ? `FIELD: ${first} <${this.typeText(property, 0)}>\n${allValues(property)}\n\n` : ''
      return head + this.output(property, rest, new Set(), depth + 1)
    }
    const inner = resolved.items ?? valuesOf(resolved)
    if (inner) return this.output(inner, path, next, depth + 1)
    for (const alternative of resolved.allOf ?? []) {
      const text = this.output(alternative, path, next, depth + 1)
      if (text !== '') return text
    }
    return ''
  }

  private resolve(schema: Schema): Schema {
    return resolveReference(schema.$ref, this.document) ?? schema
  }

  private ending(schema: Schema): string {
    const description = indent(wrapWords(this.description(schema, 0) || '<empty>', WIDTH - 2), 4)
    const fields = this.fieldList(schema, { level: 1, seen: new Set() })
    return `DESCRIPTION:\n${description}\n${fields === '' ? '' : `FIELDS:\n${fields}`}`
  }

  /** The schema's own description and those of everything it consists of. */
  private description(schema: Schema, depth: number): string {
    if (depth > MAX_DEPTH) return ''
    const resolved = this.resolve(schema)
    const parts = [...(resolved.allOf ?? [])]
    if (resolved.items) parts.push(resolved.items)
    const values = valuesOf(resolved)
    if (values) parts.push(values)
    const ownText = resolved.description ? `${resolved.description}\n` : ''
    return ownText + parts.map((part) => this.description(part, depth + 1)).join('')
  }

  private fieldList(schema: Schema, { level, seen }: { level: number; seen: ReadonlySet<string> }): string {
    if (level > MAX_DEPTH || (schema.$ref && seen.has(schema.$ref))) return ''
    const resolved = this.resolve(schema)
    const next = { level, seen: new Set([...seen, schema.$ref ?? '']) }
    let out = ''
    for (const name of Object.keys(resolved.properties ?? {}).sort(compareBytes)) {
      const field = own(resolved.properties, name)
      if (!field) continue
      out += this.fieldDetail(name, { field, required: resolved.required?.includes(name) ?? false, level })
      if (this.recursive) out += this.fieldList(field, { ...next, level: level + 1 })
    }
    for (const part of resolved.allOf ?? []) out += this.fieldList(part, next)
    if (resolved.items) out += this.fieldList(resolved.items, next)
    const values = valuesOf(resolved)
    if (values) out += this.fieldList(values, next)
    return out
  }

  private fieldDetail(name: string, detail: { field: Schema; required: boolean; level: number }): string {
    const { field, required, level } = detail
    const amount = level * 2
    const head = `${' '.repeat(amount)}${name}\t<${this.typeText(field, 0)}>${required ? ' -required-' : ''}`
    const line = `${head}${someValues(field, amount)}\n`
    if (this.recursive) return line
    const text = wrapWords(field.description || '<no description>', WIDTH - amount)
    return `${line}${indent(text, amount + 2)}\n\n`
  }

  /** `string`, `[]Container`, `map[string]string`, `Object`. */
  private typeText(schema: Schema, depth: number): string {
    if (depth > MAX_DEPTH) return 'Object'
    if (schema.items) return `[]${this.typeText(schema.items, depth + 1)}`
    const values = valuesOf(schema)
    if (values) return `map[string]${this.typeText(values, depth + 1)}`
    const [only, ...more] = schema.allOf ?? []
    if (only && more.length === 0 && !schema.properties) return this.typeText(only, depth + 1)
    if (schema.$ref) {
      const target = resolveReference(schema.$ref, this.document)
      if (target?.type && target.type !== 'object') return target.type
      return schema.$ref.split('/').at(-1)?.split('.').at(-1) || 'Object'
    }
    return !schema.type || schema.type === 'object' ? 'Object' : schema.type
  }
}

function own(properties: Schema['properties'], name: string): Schema | undefined {
  return properties && Object.hasOwn(properties, name) ? properties[name] : undefined
}

function indent(text: string, amount: number): string {
  const pad = ' '.repeat(amount)
  return pad + text.replaceAll('\n', `\n${pad}`)
}

function valueText(value: unknown): string {
  return value === '' ? '""' : formatValue(value)
}

/** All values of an enumeration, one a line. */
function allValues(schema: Schema): string {
  if (!schema.enum?.length) return ''
  return `ENUM:${schema.enum.map((value) => `\n    ${valueText(value)}`).join('')}`
}

/** The first values of an enumeration. */
function someValues(schema: Schema, amount: number): string {
  if (!schema.enum?.length) return ''
  const more = schema.enum.length > LISTED_VALUES ? ', ....' : ''
  return `\n${' '.repeat(amount)}enum: ${schema.enum.slice(0, LISTED_VALUES).map(valueText).join(', ')}${more}`
}
