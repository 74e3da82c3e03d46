// Selectors of a list or watch as authorizers see them: in the words of a review, and back.
// Model: k8s.io/apiserver/plugin/pkg/authorizer/webhook and k8s.io/kubernetes/pkg/registry/authorization/util.

import type { FieldSelectorAttributes, LabelSelectorAttributes } from '../../api/generated/authorization-v1.ts'
import { formatSelector, parseSelector, type Requirement, SelectorError, selectorOf } from '../../machinery/labels.ts'

/** One condition as reviews have it. */
export interface SelectorRequirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

const TERM = /((?:\\[\s\S]|[^,\\])*)(?:,|$)/gy
const FIELD = /^(.*?)(!=|==|=)(.*)$/s

/** The conditions of a field selector; undefined when there are none, or when it cannot be read. */
export function fieldRequirements(text: string | undefined): SelectorRequirement[] | undefined {
  if (!text) return undefined
  const out: SelectorRequirement[] = []
  for (const [, term = ''] of text.matchAll(TERM)) {
    if (term === '') continue
    const [, key, operator, value] = FIELD.exec(term) ?? []
    // What cannot be read is refused later; here it only must not narrow the question.
    if (key === undefined || value === undefined) return undefined
    const plain = value.replace(/\\([\\,=])/g, '$1')
    out.push({ key, operator: operator === '!=' ? 'NotIn' : 'In', values: [plain] })
  }
  return out.length > 0 ? out : undefined
}

const OPERATORS: Readonly<Partial<Record<Requirement['operator'], string>>> = {
  in: 'In',
  '=': 'In',
  '==': 'In',
  notin: 'NotIn',
  '!=': 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
}

/** The conditions of a label selector; undefined when there are none that reviews have words for. */
export function labelRequirements(text: string | undefined): SelectorRequirement[] | undefined {
  if (!text) return undefined
  const out = parsedLabels(text).flatMap(({ key, operator, values }) => {
    const named = OPERATORS[operator]
    return named === undefined ? [] : [{ key, operator: named, ...(values.length > 0 ? { values } : {}) }]
  })
  return out.length > 0 ? out : undefined
}

function parsedLabels(text: string): readonly Requirement[] {
  try {
    return parseSelector(text)
  } catch (error) {
    if (error instanceof SelectorError) return []
    throw error
  }
}

/** A selector in a review as text, and what was passed over of it. */
interface ReadSelector {
  readonly text: string
  readonly ignored?: 'ignored' | 'partially ignored'
}

/** The field selector that a review asks about. */
export function fieldSelectorOf(given: FieldSelectorAttributes | undefined): ReadSelector {
  const { rawSelector = '', requirements = [] } = given ?? {}
  if (requirements.length === 0) {
    return rawSelector !== '' && !fieldRequirements(rawSelector)
      ? { text: '', ignored: 'ignored' }
      : { text: rawSelector }
  }
  const terms = requirements.flatMap(({ key, operator, values = [] }) => {
    const [value] = values
    if (values.length !== 1 || value === undefined || (operator !== 'In' && operator !== 'NotIn')) return []
    return [`${key}${operator === 'In' ? '=' : '!='}${value.replace(/[\\,=]/g, '\\$&')}`]
  })
  return { text: terms.join(','), ...ignoredOf(terms.length, requirements.length) }
}

/** The label selector that a review asks about. */
export function labelSelectorOf(given: LabelSelectorAttributes | undefined): ReadSelector {
  const { rawSelector = '', requirements = [] } = given ?? {}
  if (requirements.length === 0) {
    return isReadable(rawSelector) ? { text: rawSelector } : { text: '', ignored: 'ignored' }
  }
  const terms = requirements.flatMap((requirement) => {
    try {
      const text = formatSelector(selectorOf({ matchExpressions: [requirement] }) ?? [])
      return isReadable(text) && fits(requirement) ? [text] : []
    } catch (error) {
      if (error instanceof SelectorError) return []
      throw error
    }
  })
  return { text: terms.join(','), ...ignoredOf(terms.length, requirements.length) }
}

function fits({ operator, values = [] }: { operator: string; values?: readonly string[] }): boolean {
  return operator === 'In' || operator === 'NotIn' ? values.length > 0 : values.length === 0
}

function isReadable(text: string): boolean {
  try {
    parseSelector(text)
    return true
  } catch (error) {
    if (error instanceof SelectorError) return false
    throw error
  }
}

function ignoredOf(read: number, given: number): Pick<ReadSelector, 'ignored'> {
  if (read === given) return {}
  return { ignored: read === 0 ? 'ignored' : 'partially ignored' }
}
