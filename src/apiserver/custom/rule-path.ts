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

/**
 * The field at a path, or what is wrong with the path. `brackets`: whether names in them are allowed.
 * Model: ValidFieldPath of k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel.
 */
export function fieldAt(text: string, schema: Schema, { brackets = true } = {}): FoundField | string {
  const tokens = tokensOf(text)
  const END = 'unexpected end of JSON path'
  let at = schema
  let path = ''
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i] ?? ''
    if (token !== '[' && token !== '.') return `expected [ or . but got: ${token}`
    if (token === '[' && !brackets) return 'array notation is not allowed'
    i += 1
    let name = tokens[i]
    if (name === undefined) return END
    if (token === '[') {
      if (name.length < 2 || !name.startsWith("'") || !name.endsWith("'")) {
        return `expected single quoted string but got ${name}`
      }
      name = unescaped(name.slice(1, -1))
      if (name === undefined) return 'invalid string literal: invalid syntax'
    }
    const named = Object.keys(at.properties ?? {}).length > 0
    const next = named ? own(at.properties, name) : elementOf(at)
    if (!next) return 'does not refer to a valid field'
    path = named ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`
    at = next
    if (token === '.') continue
    i += 1
    if (tokens[i] === undefined) return END
    if (tokens[i] !== ']') return `expected ] but got ${tokens[i]}`
  }
  return { path, schema: at }
}

/** Delimiters, what stands in single quotes, and what stands between. */
function tokensOf(text: string): string[] {
  return text.match(/[.[\]]|'(?:[^'\\]|\\.)*'|'.*$|[^.[\]'][^.[\]]*/gs) ?? []
}

function unescaped(text: string): string | undefined {
  if ([...text.matchAll(/\\(.)/gs)].some(([, char = '']) => ESCAPES[char] === undefined)) return undefined
  return text.replace(/\\(.)/gs, (_, char: string) => ESCAPES[char] ?? char)
}
