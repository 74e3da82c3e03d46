// Evaluates Kubernetes' JSONPath templates and prints what they find.
// Spec: https://kubernetes.io/docs/reference/kubectl/jsonpath/

import { formatValue } from '../../machinery/go/format.ts'
import { ComparisonError, equalBasic, kindOf, lessBasic, sortedEntries, typeName } from '../../machinery/go/value.ts'
import { marshalJson } from './go-json.ts'
import { JsonPathError, type JsonPathNode, parseJsonPathTemplate } from './jsonpath-parser.ts'

export { JsonPathError } from './jsonpath-parser.ts'

/** How paths treat what is missing, and how results are printed. */
export interface JsonPathOptions {
  /** A field that is not there gives nothing instead of an error. */
  readonly allowMissingKeys?: boolean
  /** Print every expression's results as one indented JSON array. */
  readonly asJson?: boolean
}

/** Reads a template once; the function it returns prints data with it. Both throw JsonPathError. */
export function parseJsonPath(template: string): (data: unknown, options?: JsonPathOptions) => string {
  const nodes = parseJsonPathTemplate(template)
  return (data, options = {}) =>
    new Evaluation(nodes, options.allowMissingKeys ?? false)
      .find(data)
      .map((results) => print(results, options.asJson ?? false))
      .join('')
}

/** The values an expression finds: one list per part of the template. Throws JsonPathError. */
export function findJsonPath(expr: string, data: unknown, options: JsonPathOptions = {}): unknown[][] {
  return new Evaluation(parseJsonPathTemplate(expr), options.allowMissingKeys ?? false).find(data)
}

function print(results: readonly unknown[], asJson: boolean): string {
  if (asJson) return `${marshalJson(results, '    ')}\n`
  return results.map(printOne).join(' ')
}

function printOne(value: unknown): string {
  switch (kindOf(value)) {
    case 'nil':
      return 'null'
    case 'invalid':
      return '<no value>'
    case 'slice':
    case 'map':
      return marshalJson(value)
    default:
      return formatValue(value)
  }
}

/** The deepest data and the deepest nesting of ranges that are followed. */
const MAX_DEPTH = 1000

class Evaluation {
  private readonly nodes: readonly JsonPathNode[]
  private readonly allowMissingKeys: boolean
  private openRanges = 0
  private rangeDepth = 0
  private ends = 0
  private lastEnd = 0

  constructor(nodes: readonly JsonPathNode[], allowMissingKeys: boolean) {
    this.nodes = nodes
    this.allowMissingKeys = allowMissingKeys
  }

  find(data: unknown): unknown[][] {
    return this.run(data, 0)
  }

  /** Evaluates from node `from` to the end of the template, or to the end of the surrounding range. */
  private run(data: unknown, from: number): unknown[][] {
    if (this.rangeDepth > MAX_DEPTH) throw new JsonPathError('ranges nested too deeply')
    const all: unknown[][] = []
    for (let i = from; i < this.nodes.length; i++) {
      const node = this.nodes[i] as JsonPathNode
      const results = this.walk([data], node)
      if (this.ends > 0 && this.ends <= this.rangeDepth) {
        this.ends -= 1
        this.lastEnd = i
        break
      }
      if (this.openRanges > 0) {
        this.openRanges -= 1
        this.rangeDepth += 1
        for (const value of results) all.push(...this.run(value, i + 1))
        // An empty range is still walked, to learn where it ends.
        if (results.length === 0) this.run(undefined, i + 1)
        this.rangeDepth -= 1
        if (this.lastEnd > i) i = this.lastEnd
        continue
      }
      all.push(results)
    }
    return all
  }

  private walk(input: unknown[], node: JsonPathNode): unknown[] {
    switch (node.type) {
      case 'list':
        return this.walkAll(input, node.nodes)
      case 'text':
        return [node.text]
      case 'literal':
        return input.map(() => node.value)
      case 'field':
        return this.field(input, node.name)
      case 'array':
        return input.flatMap((value) => sliced(value, node.params))
      case 'filter':
        return this.filter(input, node)
      case 'wildcard':
        return input.flatMap(children)
      case 'recursive':
        return input.flatMap((value) => descendants(value, 0))
      case 'union':
        return node.lists.flatMap((list) => this.walkAll(input, list))
      case 'identifier':
        return this.identifier(input, node.name)
    }
  }

  private walkAll(input: unknown[], nodes: readonly JsonPathNode[]): unknown[] {
    return nodes.reduce((values, node) => this.walk(values, node), input)
  }

  private identifier(input: unknown[], name: string): unknown[] {
    if (name === 'range') {
      this.openRanges += 1
      return input
    }
    if (name !== 'end') throw new JsonPathError(`unrecognized identifier ${name}`)
    if (this.rangeDepth === 0) throw new JsonPathError('not in range, nothing to end')
    this.ends += 1
    return []
  }

  private field(input: unknown[], name: string): unknown[] {
    if (input.length === 0) return []
    const found: unknown[] = []
    for (const value of input) {
      if (kindOf(value) !== 'map' || !Object.hasOwn(value as object, name)) continue
      const entry = (value as Record<string, unknown>)[name]
      if (entry !== undefined) found.push(entry)
    }
    if (found.length === 0 && !this.allowMissingKeys) throw new JsonPathError(`${name} is not found`)
    return found
  }

  private filter(input: unknown[], node: Extract<JsonPathNode, { type: 'filter' }>): unknown[] {
    return input.flatMap((value) => {
      if (value === undefined) return []
      if (!Array.isArray(value)) {
        throw new JsonPathError(`${formatValue(value)} is not array or slice and cannot be filtered`)
      }
      return value.filter((element) => this.passes(element, node))
    })
  }

  private passes(element: unknown, node: Extract<JsonPathNode, { type: 'filter' }>): boolean {
    if (node.operator === 'exists') return this.exists(element, node.left)
    const [left, ...moreLeft] = this.walkAll([element], node.left)
    if (moreLeft.length > 0) throw new JsonPathError('can only compare one element at a time')
    if (left === undefined) return false
    const [right, ...moreRight] = this.walkAll([element], node.right)
    if (moreRight.length > 0) throw new JsonPathError('can only compare one element at a time')
    if (right === undefined) return false
    return compare(node.operator, left, right)
  }

  private exists(element: unknown, path: readonly JsonPathNode[]): boolean {
    try {
      return this.walkAll([element], path).length > 0
    } catch (error) {
      // What cannot be reached does not exist.
      if (error instanceof JsonPathError) return false
      throw error
    }
  }
}

function compare(operator: string, left: unknown, right: unknown): boolean {
  try {
    switch (operator) {
      case '==':
        return equalBasic(left, right)
      case '!=':
        return !equalBasic(left, right)
      case '<':
        return lessBasic(left, right)
      case '<=':
        return lessBasic(left, right) || equalBasic(left, right)
      case '>':
        return !lessBasic(left, right) && !equalBasic(left, right)
      case '>=':
        return !lessBasic(left, right)
      default:
        throw new JsonPathError(`unrecognized filter operator ${operator}`)
    }
  } catch (error) {
    if (error instanceof ComparisonError) throw new JsonPathError(error.message, { cause: error })
    throw error
  }
}

function sliced(value: unknown, params: Extract<JsonPathNode, { type: 'array' }>['params']): unknown[] {
  if (value === null || value === undefined) return []
  if (!Array.isArray(value)) throw new JsonPathError(`${typeName(value)} is not array or slice`)
  const length = value.length
  const [first, second, third] = params
  let from = first.known ? first.value : 0
  let to = second.known ? second.value : length
  if (from < 0) from += length
  if (to < 0 || (to === 0 && second.derived)) to += length
  if (from === to) return []
  if (from >= length || from < 0) throw outOfBounds(from, length)
  if (to > length || to < 0) throw outOfBounds(to - 1, length)
  if (from > to) throw new JsonPathError(`starting index ${from} is greater than ending index ${to}`)
  if (third.known && third.value <= 0) throw new JsonPathError('step must be > 0')
  const step = third.known ? third.value : 1
  return value.slice(from, to).filter((_, i) => i % step === 0)
}

function outOfBounds(index: number, length: number): JsonPathError {
  return new JsonPathError(`array index out of bounds: index ${index}, length ${length}`)
}

function children(value: unknown): unknown[] {
  switch (kindOf(value)) {
    case 'slice':
      return value as unknown[]
    case 'map':
      return sortedEntries(value as object).map(([, entry]) => entry)
    case 'string':
      return [...Buffer.from(value as string)]
    default:
      return []
  }
}

/** The value and everything under it that has parts of its own. */
function descendants(value: unknown, depth: number): unknown[] {
  if (depth > MAX_DEPTH) throw new JsonPathError('data nested too deeply')
  const parts = children(value)
  if (parts.length === 0) return []
  return [value, ...parts.flatMap((part) => descendants(part, depth + 1))]
}
