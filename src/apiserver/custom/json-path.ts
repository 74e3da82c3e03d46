// The part of kubectl's JSONPath that columns and scale paths of custom resources use: fields, indexes, wildcards,
// descents, unions and filters. Spec: https://kubernetes.io/docs/reference/kubectl/jsonpath/

import { isRecord } from '../api-object.ts'

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly from: number; readonly to: number | undefined; readonly by: number }
  | { readonly kind: 'all' }
  /** The value, and all that is in it. */
  | { readonly kind: 'descend' }
  | { readonly kind: 'union'; readonly paths: readonly JsonPath[] }
  | { readonly kind: 'filter'; readonly path: readonly Step[]; readonly operator: string; readonly operand: unknown }

/** A path, ready to be followed. */
export type JsonPath = readonly Step[]

/** A path that cannot be understood. */
export class JsonPathError extends Error {
  override name = 'JsonPathError'
}

const FIELD = /^\.((?:\\.|[^.[\]\\])+)/
const ALL = /^(?:\.\*|\[\*\])/
const QUOTED = /^\[\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\s*\]/
const INDEX = /^\[\s*(-?\d+)\s*\]/
const SLICE = /^\[\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?\]/
const UNION = /^\[([^\]()]*,[^\]()]*)\]/
const FILTER =
  /^\[\?\(\s*@((?:\.(?:\\.|[^.[\]\\\s=!<>()])+|\[[^\]]*\])*)\s*(?:(==|!=|<=|>=|<|>)\s*('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^)\s]+)\s*)?\)\]/

/** Parses a path such as `.status.conditions[?(@.type=="Ready")].status`. Throws JsonPathError. */
export function parseJsonPath(text: string): JsonPath {
  const steps: Step[] = []
  let rest = text.replace(/^\$/, '')
  if (rest === '.') return steps
  while (rest !== '') {
    const [step, length] = nextStep(rest, text)
    steps.push(step)
    rest = rest.slice(length)
  }
  return steps
}

/** Whether a path can be understood. */
export function isJsonPath(text: string): boolean {
  try {
    parseJsonPath(text)
    return true
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error
    return false
  }
}

function nextStep(rest: string, text: string): [Step, number] {
  // What is looked for everywhere follows its second dot.
  if (rest.startsWith('..')) return [{ kind: 'descend' }, 1]
  const all = ALL.exec(rest)
  if (all) return [{ kind: 'all' }, all[0].length]
  const name = FIELD.exec(rest)
  if (name) return [{ kind: 'field', name: (name[1] ?? '').replace(/\\(.)/g, '$1') }, name[0].length]
  const quoted = QUOTED.exec(rest)
  if (quoted) return [{ kind: 'field', name: (quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1') }, quoted[0].length]
  const index = INDEX.exec(rest)
  if (index) return [{ kind: 'index', index: Number(index[1]) }, index[0].length]
  const slice = SLICE.exec(rest)
  if (slice) {
    const [whole, from = '', to = '', by = ''] = slice
    const until = to === '' ? undefined : Number(to)
    return [{ kind: 'slice', from: Number(from || 0), to: until, by: Number(by || 1) }, whole.length]
  }
  const union = UNION.exec(rest)
  if (union) {
    const paths = (union[1] ?? '').split(',').map((part) => parseJsonPath(`[${part}]`))
    return [{ kind: 'union', paths }, union[0].length]
  }
  const filter = FILTER.exec(rest)
  if (filter) {
    const [whole, path = '', operator = '', operand = ''] = filter
    return [{ kind: 'filter', path: parseJsonPath(path), operator, operand: literal(operand) }, whole.length]
  }
  throw new JsonPathError(`unrecognized character in action: ${JSON.stringify(rest)} of ${JSON.stringify(text)}`)
}

function literal(text: string): unknown {
  if (/^['"]/.test(text)) return text.slice(1, -1).replace(/\\(.)/g, '$1')
  if (text === 'true' || text === 'false') return text === 'true'
  return text !== '' && !Number.isNaN(Number(text)) ? Number(text) : text
}

/** Everything that a path leads to. */
export function follow(path: JsonPath, value: unknown): unknown[] {
  return path.reduce<unknown[]>((found, step) => found.flatMap((one) => take(step, one)), [value])
}

function take(step: Step, value: unknown): unknown[] {
  switch (step.kind) {
    case 'field':
      return isRecord(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : []
    case 'index': {
      const item: unknown = Array.isArray(value) ? value.at(step.index) : undefined
      return item === undefined ? [] : [item]
    }
    case 'slice':
      // What goes beyond the end is nothing at all.
      if (!Array.isArray(value) || step.from >= value.length || (step.to ?? 0) > value.length) return []
      return value.slice(step.from, step.to).filter((_, i) => i % step.by === 0)
    case 'all':
      return Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : []
    case 'descend':
      return everything(value)
    case 'union':
      return step.paths.flatMap((path) => follow(path, value))
    case 'filter':
      return Array.isArray(value) ? value.filter((item) => passes(step, item)) : []
  }
}

/** Everything that has something in it. */
function everything(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.values(value)
  return inner.length === 0 ? [] : [value, ...inner.flatMap(everything)]
}

function passes(step: Extract<Step, { kind: 'filter' }>, item: unknown): boolean {
  const [found] = follow(step.path, item)
  if (step.operator === '') return found !== undefined
  if (found === undefined || typeof found !== typeof step.operand) return step.operator === '!=' && found !== undefined
  const [a, b] = [found as string | number, step.operand as string | number]
  switch (step.operator) {
    case '==':
      return a === b
    case '!=':
      return a !== b
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    default:
      return a >= b
  }
}

/** The text that a field selector compares. */
export function selectableText(object: unknown, jsonPath: string): string {
  const [value] = follow(parseJsonPath(jsonPath), object)
  return value === undefined || value === null ? '' : String(value)
}
