// YAML as Kubernetes tools read it: YAML 1.1 scalars, JSON data model.
// Model: sigs.k8s.io/yaml.

import { CORE_SCHEMA, load, loadAll, Type, YAMLException } from 'js-yaml'
import { sortedEntries } from './go/value.ts'
import { AliasError, writtenOut } from './yaml-aliases.ts'
import { yamlProblem } from './yaml-problem.ts'

/** Text that is no YAML; the message says where. */
export class YamlError extends Error {
  override name = 'YamlError'
}

const TRUE = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'])
const FALSE = new Set(['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'])

// YAML 1.1 booleans that the 1.2 core schema reads as text.
const oldBoolean = new Type('tag:yaml.org,2002:bool', {
  kind: 'scalar',
  resolve: (text: unknown) =>
    typeof text === 'string' &&
    (TRUE.has(text) || FALSE.has(text) || /^(true|True|TRUE|false|False|FALSE)$/.test(text)),
  construct: (text: string) => TRUE.has(text) || /^true$/i.test(text),
  predicate: (value: unknown) => typeof value === 'boolean',
  represent: (value: object) => String(value),
})

// A leading zero makes an octal number, as in `defaultMode: 0644`.
const oldInteger = new Type('tag:yaml.org,2002:int', {
  kind: 'scalar',
  resolve: (text: unknown) =>
    typeof text === 'string' && /^[-+]?(0[0-7]+|0o[0-7]+|0x[0-9a-fA-F]+|0b[01]+|0|[1-9][0-9]*)$/.test(text),
  construct(text: string) {
    const sign = text.startsWith('-') ? -1 : 1
    const digits = text.replace(/^[-+]/, '')
    if (/^0[0-7]+$/.test(digits)) return sign * Number.parseInt(digits, 8)
    return sign * Number(digits)
  },
  predicate: (value: unknown) => Number.isInteger(value),
  represent: (value: object) => String(value),
})

// A map that another one is made of: `<<: *base`.
const merge = new Type('tag:yaml.org,2002:merge', {
  kind: 'scalar',
  resolve: (text: unknown) => text === '<<' || text === null,
})

const binary = new Type('tag:yaml.org,2002:binary', {
  kind: 'scalar',
  resolve: (text: unknown) => typeof text === 'string' && /^[A-Za-z0-9+/=\s]*$/.test(text),
  construct: (text: string) => Buffer.from(text, 'base64').toString(),
})

// Tags that nobody knows say nothing: scalars are text then, and maps and lists what they are.
const unknownTags = (['scalar', 'mapping', 'sequence'] as const).flatMap((kind) =>
  ['!', 'tag:'].map((prefix) => new Type(prefix, { kind, multi: true, construct: (value: unknown) => value })),
)

const SCHEMA = CORE_SCHEMA.extend({
  implicit: [oldBoolean, oldInteger, merge],
  explicit: [binary, ...unknownTags],
})

/** Parses one document. Throws YamlError. */
export function parseYaml(text: string): unknown {
  return guarded(() => load(text, { schema: SCHEMA }))
}

/** Parses all documents of a stream; empty ones are left out. Throws YamlError. */
export function parseYamlStream(text: string): unknown[] {
  return guarded(() => loadAll(text, null, { schema: SCHEMA })).filter((d) => d !== null && d !== undefined)
}

/**
 * The first document of a stream, with the keys of its maps in order. `twice` says, a line each, which of them are there
 * more than once; the last value counts. Throws YamlError.
 */
export function parseFirstYaml(text: string): { value: unknown; twice: string | undefined } {
  const first = firstDocument(text)
  checkDirectives(first)
  const keys = new KeyWatch()
  let value: unknown
  try {
    value = load(first, { schema: SCHEMA, json: true, listener: keys.listener })
  } catch (error) {
    const end = endOfFlow(error, first)
    if (end !== undefined) return parseFirstYaml(first.slice(0, end))
    throw yamlError(error, first.length < text.length)
  }
  try {
    if (keys.invalid) {
      throw new YamlError(`invalid map key: ${goValue(writtenOut(keys.invalid.node, keys.anchors))}`)
    }
    const twice = keys.twice.length === 0 ? undefined : keys.twice.join('\n  ')
    return { value: writtenOut(value, keys.anchors), twice }
  } catch (error) {
    throw error instanceof AliasError ? new YamlError(error.message, { cause: error }) : error
  }
}

/** What begins with a bracket ends with its counterpart, and what comes after that nobody reads. */
function endOfFlow(error: unknown, text: string): number | undefined {
  if (!(error instanceof YAMLException) || !/^\s*[[{]/.test(text)) return undefined
  return error.reason === 'end of the stream or a document separator is expected' ? error.mark?.position : undefined
}

/** Where the parser stands. */
interface ParserState {
  readonly input: string
  readonly position: number
  readonly line: number
  readonly kind: string | null
  readonly result: unknown
  /** The nodes that have names. */
  readonly anchorMap: Readonly<Record<string, unknown>>
}

/** Hears of each node that begins and ends, and notes keys that a map has already, and those that are no scalars. */
class KeyWatch {
  readonly twice: string[] = []
  /** The first key that is a list or a map. */
  invalid: { readonly node: unknown } | undefined
  anchors: Readonly<Record<string, unknown>> = {}
  /** The nodes that are open: their keys, and where they begin. */
  readonly #open: { readonly keys: Set<unknown>; readonly start: number }[] = []

  readonly listener = (event: 'open' | 'close', state: unknown): void => {
    const { input, position, line, kind, result, anchorMap } = state as ParserState
    this.anchors = anchorMap
    if (event === 'open') {
      this.#open.push({ keys: new Set(), start: position })
      return
    }
    const { start = 0 } = this.#open.pop() ?? {}
    const keys = this.#open.at(-1)?.keys
    if (keys === undefined) return
    const isKey = /^[ \t]*:/.test(input.slice(position, position + NEAR))
    if (kind !== 'scalar') {
      const isFirst = /\{[ \t]*$/.test(input.slice(Math.max(0, start - NEAR), start))
      if ((isKey || isFirst) && kind !== null && this.invalid === undefined) this.invalid = { node: result }
      return
    }
    if (!isKey) return
    if (keys.has(result) && this.twice.length < MAX_TWICE) {
      this.twice.push(`line ${line + 1}: key ${JSON.stringify(result)} already set in map`)
    }
    keys.add(result)
  }
}

/** How far around a key brackets and colons are looked for. */
const NEAR = 80
const MAX_TWICE = 100

/** A value in Go's syntax. */
function goValue(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)'
  if (Array.isArray(value)) return `[]interface {}{${value.map(goValue).join(', ')}}`
  if (typeof value !== 'object') return JSON.stringify(value)
  const entries = sortedEntries(value).map(([name, inner]) => `${JSON.stringify(name)}:${goValue(inner)}`)
  return `map[interface {}]interface {}{${entries.join(', ')}}`
}

/** Throws for what stands before a document and asks for another YAML, or for what nobody knows. */
function checkDirectives(text: string): void {
  if (!/^\s*(?:#.*\n\s*)*%/.test(text)) return
  for (const line of text.split('\n')) {
    if (line.startsWith('---')) return
    const [, name, value] = /^%(\S+)[ \t]*(\S*)/.exec(line) ?? []
    if (name === 'YAML' && value !== '1.1') throw new YamlError('found incompatible YAML document')
    if (name !== undefined && name !== 'YAML' && name !== 'TAG') throw new YamlError('found unknown directive name')
  }
}

/** A line of three dashes begins a document wherever it is; before the first one there may be directives. */
function firstDocument(text: string): string {
  const marks = [...text.matchAll(/^---(?=\s|$)/gm)].map(({ index }) => index)
  const hasHead = /^[^\s#%]/m.test(text.slice(0, marks[0] ?? 0))
  const end = marks[hasHead ? 0 : 1]
  return end === undefined ? text : text.slice(0, end)
}

function guarded<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw yamlError(error)
  }
}

function yamlError(error: unknown, cut = false): unknown {
  if (!(error instanceof YAMLException)) return error
  const { reason, mark } = error
  if (!mark) return new YamlError(reason, { cause: error })
  const { buffer: text, position, line } = mark
  return new YamlError(yamlProblem({ reason, text, position, line, cut }), { cause: error })
}
