// Label selectors: the text form of `kubectl -l` and the LabelSelector object of workloads.
// Spec: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors

import type { LabelSelector } from '../api/generated/meta-v1.ts'
import type { DeepReadonly } from './deep-readonly.ts'
import { labelValueProblem, qualifiedNameProblem } from './names.ts'

/** Labels of an object. */
export type Labels = Readonly<Record<string, string>>

/** One condition on labels. */
export interface Requirement {
  readonly key: string
  readonly operator: 'in' | 'notin' | '=' | '==' | '!=' | 'exists' | '!' | 'gt' | 'lt'
  readonly values: readonly string[]
}

/** All requirements must hold; an empty list matches everything. */
export type Selector = readonly Requirement[]

/** Whether `labels` satisfy every requirement. */
export function matches(selector: Selector, labels: Labels | undefined): boolean {
  return selector.every((requirement) => holds(requirement, labels ?? {}))
}

function holds(requirement: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined
  switch (requirement.operator) {
    case 'in':
    case '=':
    case '==':
      return value !== undefined && requirement.values.includes(value)
    case 'notin':
    case '!=':
      return value === undefined || !requirement.values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case 'gt':
      return value !== undefined && Number(value) > Number(requirement.values[0])
    case 'lt':
      return value !== undefined && Number(value) < Number(requirement.values[0])
  }
}

/** Thrown for text that is no selector; the message has upstream's wording. */
export class SelectorError extends Error {
  override name = 'SelectorError'
}

const TOKEN = /\s*(?:(==|!=|=|!|<|>|\(|\)|,)|([^\s=!<>(),]+))/y

/** Parses `a=b,c in (d,e),!f`. Throws SelectorError. */
export function parseSelector(text: string): Selector {
  const tokens = tokenize(text)
  let at = 0
  const peek = () => tokens[at] ?? ''
  const next = () => tokens[at++] ?? ''
  const word = (what: string): string => {
    const token = next()
    if (token === '' || /^[=!<>(),]/.test(token)) {
      throw new SelectorError(`unable to parse requirement: found '${token}', expected: ${what}`)
    }
    return token
  }
  const out: Requirement[] = []
  while (at < tokens.length) {
    out.push(checked(requirement()))
    if (at < tokens.length && next() !== ',') {
      throw new SelectorError(`found '${tokens[at - 1]}', expected: ',' or 'end of string'`)
    }
    if (tokens[at - 1] === ',' && at === tokens.length) {
      throw new SelectorError("found '', expected: identifier after ','")
    }
  }
  return out

  function requirement(): Requirement {
    if (peek() === '!') {
      next()
      return { key: word('identifier'), operator: '!', values: [] }
    }
    const key = word("!, identifier, or 'end of string'")
    const operator = peek()
    switch (operator) {
      case '':
      case ',':
        return { key, operator: 'exists', values: [] }
      case '=':
      case '==':
      case '!=': {
        next()
        const value = peek() === ',' || peek() === '' ? '' : word('identifier')
        return { key, operator, values: [value] }
      }
      case '<':
      case '>':
        next()
        return { key, operator: operator === '<' ? 'lt' : 'gt', values: [word('identifier')] }
      case 'in':
      case 'notin':
        next()
        return { key, operator, values: list() }
      default:
        throw new SelectorError(
          `unable to parse requirement: found '${operator}', expected: in, notin, =, ==, !=, gt, lt`,
        )
    }
  }

  function list(): string[] {
    if (next() !== '(') throw new SelectorError(`found '${tokens[at - 1] ?? ''}' expected: '('`)
    const values: string[] = []
    for (;;) {
      values.push(peek() === ',' || peek() === ')' ? '' : word('identifier'))
      const token = next()
      if (token === ')') return values
      if (token !== ',') throw new SelectorError(`found '${token}', expected: ',' or ')'`)
    }
  }
}

function tokenize(text: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const start = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (!match) {
      if (text.slice(start).trim() === '') break
      throw new SelectorError(`unable to parse requirement: ${text.slice(start)}`)
    }
    tokens.push(match[1] ?? match[2] ?? '')
  }
  return tokens
}

function checked(requirement: Requirement): Requirement {
  const keyProblem = qualifiedNameProblem(requirement.key)
  if (keyProblem) throw new SelectorError(`key: Invalid value: ${JSON.stringify(requirement.key)}: ${keyProblem}`)
  for (const value of requirement.values) {
    const problem = labelValueProblem(value)
    if (problem) {
      throw new SelectorError(`values[0][${requirement.key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`)
    }
  }
  return requirement
}

/** The selector of a LabelSelector object. An absent one matches nothing, an empty one everything. */
export function selectorOf(selector: DeepReadonly<LabelSelector> | undefined): Selector | undefined {
  if (!selector) return undefined
  const out: Requirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: 'in',
    values: [value],
  }))
  for (const e of selector.matchExpressions ?? []) {
    const operator = ({ In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' } as const)[e.operator]
    if (!operator) throw new SelectorError(`"${e.operator}" is not a valid label selector operator`)
    out.push({ key: e.key, operator, values: e.values ?? [] })
  }
  return out
}

/** The selector of a plain map, as Services and ReplicationControllers have; absent matches nothing. */
export function selectorOfMap(map: Labels | undefined): Selector | undefined {
  return map && Object.entries(map).map(([key, value]) => ({ key, operator: 'in' as const, values: [value] }))
}

/** The text form, sorted by key: what goes into query strings and status.selector. */
export function formatSelector(selector: Selector): string {
  return [...selector]
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map((r) => {
      switch (r.operator) {
        case 'exists':
          return r.key
        case '!':
          return `!${r.key}`
        case 'in':
          return r.values.length === 1 ? `${r.key}=${r.values[0]}` : `${r.key} in (${[...r.values].sort().join(',')})`
        case 'notin':
          return `${r.key} notin (${[...r.values].sort().join(',')})`
        case 'gt':
          return `${r.key}>${r.values[0]}`
        case 'lt':
          return `${r.key}<${r.values[0]}`
        default:
          return `${r.key}${r.operator}${r.values[0]}`
      }
    })
    .join(',')
}
