// JSON as Go's encoding/json writes it: sorted keys, HTML characters escaped.

import { sortedEntries } from '../../machinery/go/value.ts'

const UNSAFE = /[<>&\u2028\u2029]/g

/** json.Marshal, or json.MarshalIndent when `indent` is given. */
export function marshalJson(value: unknown, indent = ''): string {
  return encode(value, indent, '')
}

function encode(value: unknown, indent: string, prefix: string): string {
  if (typeof value === 'string') return encodeText(value)
  if (typeof value === 'bigint') return String(value)
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  const inner = prefix + indent
  const items = Array.isArray(value)
    ? value.map((item) => encode(item, indent, inner))
    : sortedEntries(value).map(
        ([key, item]) => `${encodeText(key)}:${indent === '' ? '' : ' '}${encode(item, indent, inner)}`,
      )
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  if (items.length === 0 || indent === '') return `${open}${items.join(',')}${close}`
  return `${open}\n${items.map((item) => inner + item).join(',\n')}\n${prefix}${close}`
}

function encodeText(text: string): string {
  return JSON.stringify(text).replace(UNSAFE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
