// Label selectors: the text form of `kubectl -l` and the LabelSelector object of workloads.
// Spec: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors

import type { LabelSelector } from '../api/generated/meta-v1.ts'
import type { DeepReadonly } from './deep-readonly.ts'
import { quote } from './go/format.ts'
import { labelValueProblem, qualifiedNameProblems } from './names.ts'

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
  return new Parser(tokenize(text)).selector()
}

const SIGN = /^[=!<>(),]/
const OPERATORS = ['==', '=', '!=', 'in', 'notin', '>', '<'] as const
const EXPECTED_OPERATORS = 'in, notin, =, ==, !=, gt, lt'

/** The end of the text is an empty token. Model: Parser of k8s.io/apimachinery/pkg/labels. */
class Parser {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  selector(): Selector {
    const out: Requirement[] = []
    while (this.#peek() !== '') {
      if (this.#peek() !== '!' && !this.#isWord) this.#unexpected("!, identifier, or 'end of string'")
      out.push(this.#whole())
      const end = this.#take()
      if (end === '') break
      if (end !== ',') throw new SelectorError(`found '${end}', expected: ',' or 'end of string'`)
      if (this.#peek() !== '!' && !this.#isWord) this.#unexpected("identifier after ','")
    }
    return out
  }

  #whole(): Requirement {
    try {
      return checked(this.#requirement())
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error
      throw new SelectorError(`unable to parse requirement: ${error.message}`)
    }
  }

  #requirement(): Requirement {
    const negated = this.#peek() === '!'
    if (negated) this.#take()
    if (!this.#isWord) this.#unexpected('identifier')
    const key = this.#take()
    const problem = qualifiedNameProblems(key).join('; ')
    if (problem !== '') throw new SelectorError(`<nil>: Invalid value: ${quote(key)}: ${problem}`)
    if (negated) return { key, operator: '!', values: [] }
    if (this.#peek() === '' || this.#peek() === ',') return { key, operator: 'exists', values: [] }
    const operator = OPERATORS.find((known) => known === this.#peek())
    if (operator === undefined) return this.#unexpected(EXPECTED_OPERATORS)
    this.#take()
    if (operator === 'in' || operator === 'notin') return { key, operator, values: this.#list() }
    const meant = operator === '>' ? 'gt' : operator === '<' ? 'lt' : operator
    return { key, operator: meant, values: [this.#exactValue()] }
  }

  #exactValue(): string {
    if (this.#peek() === '' || this.#peek() === ',') return ''
    if (!this.#isWord) this.#unexpected('identifier')
    return this.#take()
  }

  /** Values in parentheses, each once and in order; where there is nothing between commas is the empty one. */
  #list(): string[] {
    if (this.#peek() !== '(') throw new SelectorError(`found '${this.#peek()}' expected: '('`)
    this.#take()
    if (this.#peek() !== ')' && this.#peek() !== ',' && !this.#isWord) this.#unexpected("',', ')' or identifier")
    const values = new Set<string>()
    for (;;) {
      if (this.#isWord) values.add(this.#take())
      else if (this.#peek() === ',' || this.#peek() === ')') values.add('')
      else this.#unexpected("',', or identifier")
      if (this.#peek() !== ',' && this.#peek() !== ')') this.#unexpected("',' or ')'")
      if (this.#take() === ')') return [...values].sort()
    }
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? ''
  }

  get #isWord(): boolean {
    return this.#peek() !== '' && !SIGN.test(this.#peek())
  }

  #take(): string {
    const token = this.#peek()
    this.#at += 1
    return token
  }

  #unexpected(expected: string): never {
    throw new SelectorError(`found '${this.#peek()}', expected: ${expected}`)
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

/** Throws SelectorError for values that no label has. Model: NewRequirement. */
function checked(requirement: Requirement): Requirement {
  const { key, operator, values } = requirement
  const problems: string[] = []
  const wrong = (at: string, value: string, why: string) =>
    problems.push(`${at}: Invalid value: ${quote(value)}: ${why}`)
  for (const [i, value] of values.entries()) {
    const compared = operator === 'gt' || operator === 'lt'
    if (compared && !/^[-+]?\d+$/.test(value)) {
      wrong(`values[${i}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer")
    }
  }
  for (const [i, value] of values.entries()) {
    const problem = labelValueProblem(value)
    if (problem) wrong(`values[${i}][${key}]`, value, problem)
  }
  if (problems.length === 0) return requirement
  throw new SelectorError(problems.length === 1 ? String(problems[0]) : `[${problems.join(', ')}]`)
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
