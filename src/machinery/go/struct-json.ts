// JSON of Go structs whose fields have no tags: every field by its Go name, set or not, in the order of declaration.
// Model: encoding/json, MarshalIndent.

import { formatQuantity, parseQuantity } from '../quantity.ts'
import { sortedEntries } from './value.ts'

/**
 * Structs by name, each with its fields: `Name:type`, where the field of the API is named otherwise than Go's
 * `Name=name:type`, and `...Other` for those of another struct. A field with a tag is `?name:type` where it is left out
 * when it is not set. Types: `s` text (or none is said), `i` number, `b` truth, `q` quantity, `x` number or text,
 * `j` any JSON; `*`
 * before what may be null, `[]` lists, `{}` maps, else a struct.
 */
export type Shapes = Readonly<Record<string, string>>

interface Field {
  readonly goName: string
  readonly name: string
  readonly type: string
  readonly omitted: boolean
}

const ZEROS: Readonly<Record<string, unknown>> = { s: '', i: 0, b: false, q: '0', x: 0, j: null }

/** `HTTPGet` is `httpGet`, `OS` is `os`. */
function apiName(goName: string): string {
  return goName.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+$|^[A-Z]/, (start) => start.toLowerCase())
}

const parsed = new WeakMap<Shapes, Map<string, readonly Field[]>>()

function fieldsOf(shapes: Shapes, name: string): readonly Field[] {
  const known = parsed.get(shapes) ?? new Map<string, readonly Field[]>()
  parsed.set(shapes, known)
  const found = known.get(name)
  if (found) return found
  const text = shapes[name]
  if (text === undefined) throw new Error(`no shape is called ${JSON.stringify(name)}`)
  const parts = text.split(' ').filter((part) => part !== '')
  const fields = parts.flatMap((part) => {
    if (part.startsWith('...')) return fieldsOf(shapes, part.slice(3))
    const [names = '', type = 's'] = part.split(':')
    const omitted = names.startsWith('?')
    const [goName = '', own = apiName(goName)] = names.replace('?', '').split('=')
    return [{ goName, name: own, type, omitted }]
  })
  known.set(name, fields)
  return fields
}

/** The struct of a type for a value of the API: its fields in order. */
export function goStruct(shapes: Shapes, type: string, value: object): ReadonlyMap<string, unknown> {
  const given = value as Readonly<Record<string, unknown>>
  const shown = fieldsOf(shapes, type).filter(({ name, omitted }) => !omitted || given[name] !== undefined)
  return new Map(shown.map((field) => [field.goName, goValue(shapes, field.type, given[field.name])]))
}

function goValue(shapes: Shapes, type: string, value: unknown): unknown {
  const absent = value === undefined || value === null
  if (type.startsWith('*')) return absent ? null : goValue(shapes, type.slice(1), value)
  if (type.startsWith('[]')) {
    return Array.isArray(value) ? value.map((item) => goValue(shapes, type.slice(2), item)) : null
  }
  if (type.startsWith('{}')) {
    if (absent) return null
    const entries = Object.entries(value).map(([key, item]) => [key, goValue(shapes, type.slice(2), item)])
    return Object.fromEntries(entries)
  }
  if (type === 'q' && !absent) return canonical(String(value))
  if (type in ZEROS) return absent ? ZEROS[type] : value
  return goStruct(shapes, type, absent ? {} : (value as object))
}

/** The struct of a type as a plain object, for messages that show it on one line. */
export function structValue(shapes: Shapes, type: string, value: object): unknown {
  return plain(goStruct(shapes, type, value))
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = value instanceof Map ? [...value] : sortedEntries(value)
  return Object.fromEntries(entries.map(([key, item]) => [String(key), plain(item)]))
}

function canonical(text: string): string {
  const quantity = parseQuantity(text)
  return quantity === undefined ? text : formatQuantity(quantity)
}

const ESCAPED: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (c) => ESCAPED[c] ?? c)
}

/** JSON of a struct, a field a line. Keys of maps are sorted. */
export function structJson(value: unknown, indent = ''): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  const inner = `${indent} `
  const isList = Array.isArray(value)
  const items = isList
    ? value.map((item) => structJson(item, inner))
    : [...(value instanceof Map ? value : sortedEntries(value))].map(
        ([key, item]) => `${quoted(String(key))}: ${structJson(item, inner)}`,
      )
  const [start, end] = isList ? ['[', ']'] : ['{', '}']
  if (items.length === 0) return start + end
  return `${start}\n${items.map((item) => inner + item).join(',\n')}\n${indent}${end}`
}
