// Regular expressions in RE2's syntax, which match in linear time. Library: k8s.io/apiserver/pkg/cel/library, regex.

import { RE2JS } from 're2js'
import { type Declaration, fail } from '../functions.ts'
import { ArrayList } from '../values.ts'

const MAX_CACHED = 256
const cache = new Map<string, RE2JS>()

/** A compiled pattern; compiled ones are kept, the oldest go first. */
export function regex(pattern: string): RE2JS {
  const known = cache.get(pattern)
  if (known) return known
  const compiled = compile(pattern)
  if (cache.size >= MAX_CACHED) {
    const [oldest] = cache.keys()
    if (oldest !== undefined) cache.delete(oldest)
  }
  cache.set(pattern, compiled)
  return compiled
}

/** What is wrong with a pattern; undefined when nothing is. */
export function regexProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return fail(why)
  }
}

function findAll(text: string, pattern: string, limit: number): ArrayList {
  const matcher = regex(pattern).matcher(text)
  const found: string[] = []
  while ((limit < 0 || found.length < limit) && matcher.find()) found.push(matcher.group() ?? '')
  return new ArrayList(found)
}

function find(text: string, pattern: string): string {
  const matcher = regex(pattern).matcher(text)
  return matcher.find() ? (matcher.group() ?? '') : ''
}

export const REGEX: readonly Declaration[] = [
  ['find', 'string_find_string', 'string.(string)->string', find],
  [
    'findAll',
    'string_find_all_string',
    'string.(string)->list(string)',
    (text: string, pattern: string) => findAll(text, pattern, -1),
  ],
  [
    'findAll',
    'string_find_all_string_int',
    'string.(string,int)->list(string)',
    (text: string, pattern: string, limit: bigint) => findAll(text, pattern, Number(limit)),
  ],
]
