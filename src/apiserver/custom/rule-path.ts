// Paths to fields that rules report at: `.spec.replicas`, `.labels['a']`.

import { elementOf, own, type Schema } from './schema.ts'

/** A field that a path leads to. */
export interface FoundField {
  /** Written as errors write it: `spec.replicas`, `labels[a]`. */
  readonly path: string
  readonly schema: Schema
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  "'": "'",
  '\\': '\\',
}
const PART = /\.([^.[\]']+)|\['((?:[^'\\]|\\.)*)'\]/y

/** The field at a path, or what is wrong with the path. */
export function fieldAt(text: string, schema: Schema): FoundField | string {
  let at = schema
  let path = ''
  PART.lastIndex = 0
  while (PART.lastIndex < text.length) {
    const from = PART.lastIndex
    const match = PART.exec(text)
    if (!match) return `expected [ or . but got: ${text.slice(from)}`
    const name = match[1] ?? unescaped(match[2] ?? '')
    if (name === undefined) return 'invalid string literal'
    const named = Object.keys(at.properties ?? {}).length > 0
    const next = named ? own(at.properties, name) : elementOf(at)
    if (!next) return 'does not refer to a valid field'
    path = named ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`
    at = next
  }
  return { path, schema: at }
}

function unescaped(text: string): string | undefined {
  if ([...text.matchAll(/\\(.)/gs)].some(([, char = '']) => ESCAPES[char] === undefined)) return undefined
  return text.replace(/\\(.)/gs, (_, char: string) => ESCAPES[char] ?? char)
}
