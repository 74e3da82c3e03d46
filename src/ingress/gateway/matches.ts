// Reads the matches of rules, and puts those of many routes in the order of their precedence.

import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { RouteCondition, RouteMatchModel } from '../model.ts'
import { hasControlCharacters } from '../quote.ts'
import type { HTTPRouteMatch, NameMatch } from './types.ts'

export type ReadMatch = Pick<RouteMatchModel, 'method' | 'path' | 'conditions'>

/** nginx gives headers whose names have other characters to nobody. */
const MATCHABLE_HEADER = /^[A-Za-z0-9-]+$/
const WRONG_PARTS = ['//', '/./', '/../', '%2f', '%2F', '#']

/** A match, and what of it cannot be done. */
export function readMatch(match: DeepReadonly<HTTPRouteMatch>): { match: ReadMatch; problems: readonly string[] } {
  const problems: string[] = []
  const { type = 'PathPrefix', value = '/' } = match.path ?? {}
  const regex = type === 'RegularExpression'
  const plain = regex ? '/' : readPath(value, problems)
  if (hasControlCharacters(value)) problems.push(`path ${JSON.stringify(value)} has control characters`)
  const read = (source: 'header' | 'query', all: readonly DeepReadonly<NameMatch>[]): RouteCondition[] =>
    all.map(({ type: kind = 'Exact', name, value: wanted }) => {
      if (source === 'header' && !MATCHABLE_HEADER.test(name)) {
        problems.push(`header ${JSON.stringify(name)} cannot be matched: expected letters, digits and "-"`)
      }
      if (hasControlCharacters(wanted)) problems.push(`the value for ${JSON.stringify(name)} has control characters`)
      const folded = source === 'header' ? name.toLowerCase() : name
      return { source, name: folded, regex: kind === 'RegularExpression', value: wanted }
    })
  // Of names that are there twice the first one counts.
  const first = (all: RouteCondition[]) => all.filter((c, i) => all.findIndex((other) => other.name === c.name) === i)
  return {
    match: {
      ...(match.method ? { method: match.method } : {}),
      path: { match: type === 'Exact' ? 'exact' : 'prefix', value: type === 'Exact' ? plain : trimmed(plain) },
      conditions: [
        ...(regex ? [{ source: 'path' as const, name: '', regex: true, value }] : []),
        ...first(read('header', match.headers ?? [])),
        ...first(read('query', match.queryParams ?? [])),
      ],
    },
    problems,
  }
}

/** The path as nginx compares it: decoded. */
function readPath(value: string, problems: string[]): string {
  const wrong = WRONG_PARTS.find((part) => value.includes(part)) ?? /\/\.\.?$/.exec(value)?.[0]
  if (!value.startsWith('/') || wrong !== undefined) {
    problems.push(
      `path ${JSON.stringify(value)} is not an absolute path${wrong ? ` without ${JSON.stringify(wrong)}` : ''}`,
    )
    return '/'
  }
  const path = decoded(value)
  if (path !== undefined && !hasControlCharacters(path)) return path
  problems.push(`path ${JSON.stringify(value)} cannot be decoded to text`)
  return '/'
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

/** Prefixes are compared by element: a slash at the end means nothing. */
function trimmed(path: string): string {
  return path.replace(/(?<=.)\/+$/, '')
}

function pathRank({ path, conditions }: ReadMatch): number {
  if (path.match === 'exact') return 0
  return conditions.some((c) => c.source === 'path') ? 1 : 2
}

function pathLength({ path, conditions }: ReadMatch): number {
  return conditions.find((c) => c.source === 'path')?.value.length ?? path.value.length
}

/** Compares two matches for the same hosts: the one that goes first is the less. Zero: the older route goes first. */
export function byPrecedence(a: ReadMatch, b: ReadMatch): number {
  const count = (match: ReadMatch, source: RouteCondition['source']) =>
    match.conditions.filter((condition) => condition.source === source).length
  return (
    pathRank(a) - pathRank(b) ||
    pathLength(b) - pathLength(a) ||
    Number(b.method !== undefined) - Number(a.method !== undefined) ||
    count(b, 'header') - count(a, 'header') ||
    count(b, 'query') - count(a, 'query')
  )
}
