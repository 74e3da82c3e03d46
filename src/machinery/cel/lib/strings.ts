// Functions on strings. Library: cel-go ext.Strings, version 2.

import { ESCAPES } from '../../go/format.ts'
import { type Declaration, fail } from '../functions.ts'
import { ArrayList, type List } from '../values.ts'
import { format } from './format-string.ts'

/** A string as its code points: indexes count these. */
const points = (text: string) => [...text]

function outOfRange(index: bigint): never {
  return fail(`index out of range: ${index}`)
}

function charAt(text: string, index: bigint): string {
  const chars = points(text)
  if (index < 0n || index > chars.length) return outOfRange(index)
  return chars[Number(index)] ?? ''
}

function indexOf(text: string, part: string, from = 0n): bigint {
  if (from < 0n) return outOfRange(from)
  const chars = points(text)
  if (part === '') return from > chars.length ? BigInt(chars.length) : from
  if (from >= chars.length) return -1n
  const skipped = chars.slice(0, Number(from)).join('').length
  const found = text.indexOf(part, skipped)
  return found < 0 ? -1n : BigInt(points(text.slice(0, found)).length)
}

function lastIndexOf(text: string, part: string): bigint {
  const { length } = points(text)
  if (part === '') return BigInt(length)
  return length === 0 ? -1n : lastIndexFrom(text, part, BigInt(length - 1))
}

function lastIndexFrom(text: string, part: string, from: bigint): bigint {
  if (from < 0n) return outOfRange(from)
  const chars = points(text)
  if (part === '') return from > chars.length ? BigInt(chars.length) : from
  if (from >= chars.length) return -1n
  const found = text.lastIndexOf(part, chars.slice(0, Number(from)).join('').length)
  return found < 0 ? -1n : BigInt(points(text.slice(0, found)).length)
}

/** Texts that calls make are no longer than this: costs are counted by what goes in. */
const MAX_RESULT = 1 << 26

function bounded(length: number): void {
  if (length > MAX_RESULT) fail(`string length exceeds limit: ${MAX_RESULT}`)
}

function replace(text: string, old: string, replacement: string, limit = -1n): string {
  const most = Math.ceil(text.length / Math.max(1, old.length)) + 1
  bounded(text.length + replacement.length * (limit < 0n ? most : Math.min(most, Number(limit))))
  if (limit < 0n)
    return old === '' ? between(text, replacement, Number.POSITIVE_INFINITY) : text.split(old).join(replacement)
  if (old === '') return between(text, replacement, Number(limit))
  const parts = text.split(old)
  const count = Math.min(Number(limit), parts.length - 1)
  const head = parts.slice(0, count + 1).join(replacement)
  return [head, ...parts.slice(count + 1)].join(old)
}

/** The empty string is found before every character and at the end. */
function between(text: string, replacement: string, limit: number): string {
  const chars = points(text)
  const places = [...chars.map((char, i) => (i < limit ? replacement + char : char))].join('')
  return chars.length < limit ? places + replacement : places
}

function split(text: string, separator: string, limit = -1n): ArrayList {
  if (limit === 0n) return new ArrayList([])
  const parts = separator === '' ? points(text) : text.split(separator)
  if (limit < 0n || parts.length <= limit) return new ArrayList(parts)
  const head = parts.slice(0, Number(limit) - 1)
  return new ArrayList([...head, parts.slice(Number(limit) - 1).join(separator)])
}

function substring(text: string, start: bigint, end?: bigint): string {
  const chars = points(text)
  const stop = end ?? BigInt(chars.length)
  if (end !== undefined && start > end) return fail(`invalid substring range. start: ${start}, end: ${end}`)
  if (start < 0n || start > chars.length) return outOfRange(start)
  if (stop < 0n || stop > chars.length) return outOfRange(stop)
  return chars.slice(Number(start), Number(stop)).join('')
}

function join(list: List, separator = ''): string {
  const texts = list
    .toArray()
    .map((item) => (typeof item === 'string' ? item : fail(`join: invalid input: ${String(item)}`)))
  bounded(texts.reduce((sum, text) => sum + text.length + separator.length, 0))
  return texts.join(separator)
}

/** A string in double quotes, escaped. */
export function quote(text: string): string {
  return `"${[...text].map((char) => (char === '"' ? '\\"' : (ESCAPES[char] ?? char))).join('')}"`
}

/** Without the white space around: what Unicode calls so, which a byte order mark is not. */
const trim = (text: string) => text.replace(/^[\s\u0085]+|[\s\u0085]+$/g, (space) => space.replace(/[^\ufeff]/g, ''))

export const STRINGS: readonly Declaration[] = [
  ['charAt', 'string_char_at_int', 'string.(int)->string', charAt],
  ['indexOf', 'string_index_of_string', 'string.(string)->int', (text: string, part: string) => indexOf(text, part)],
  ['indexOf', 'string_index_of_string_int', 'string.(string,int)->int', indexOf],
  ['lastIndexOf', 'string_last_index_of_string', 'string.(string)->int', lastIndexOf],
  ['lastIndexOf', 'string_last_index_of_string_int', 'string.(string,int)->int', lastIndexFrom],
  [
    'lowerAscii',
    'string_lower_ascii',
    'string.()->string',
    (t: string) => t.replace(/[A-Z]+/g, (s) => s.toLowerCase()),
  ],
  [
    'upperAscii',
    'string_upper_ascii',
    'string.()->string',
    (t: string) => t.replace(/[a-z]+/g, (s) => s.toUpperCase()),
  ],
  [
    'replace',
    'string_replace_string_string',
    'string.(string,string)->string',
    (text: string, old: string, replacement: string) => replace(text, old, replacement),
  ],
  ['replace', 'string_replace_string_string_int', 'string.(string,string,int)->string', replace],
  ['split', 'string_split_string', 'string.(string)->list(string)', (text: string, by: string) => split(text, by)],
  ['split', 'string_split_string_int', 'string.(string,int)->list(string)', split],
  [
    'substring',
    'string_substring_int',
    'string.(int)->string',
    (text: string, start: bigint) => substring(text, start),
  ],
  ['substring', 'string_substring_int_int', 'string.(int,int)->string', substring],
  ['trim', 'string_trim', 'string.()->string', trim],
  ['format', 'string_format', 'string.(list(dyn))->string', (text: string, args: List) => format(text, args.toArray())],
  ['strings.quote', 'strings_quote', '(string)->string', quote],
  ['join', 'list_join', 'list(string).()->string', (list: List) => join(list)],
  ['join', 'list_join_string', 'list(string).(string)->string', join],
]
