// What is wrong with a text that is no YAML, in the words of the library that upstream reads it with.
// Model: scannerc.go, parserc.go and fail of decode.go in go.yaml.in/yaml/v2. What is not in the tables below (tags and
// directives for the most part) keeps the words of our own parser.

/** What our parser says, and the text and the place (from 0) that it says it of. */
export interface ParserProblem {
  /** The text ends where the next document begins. */
  readonly cut: boolean
  readonly reason: string
  readonly text: string
  readonly position: number
  readonly line: number
}

/** Who finds the problem: the reader tells no line, the scanner the one it is at, the parser the one before that. */
type Finder = 'reader' | 'scanner' | 'parser'
type Problem = readonly [finder: Finder, message: string]

const CONTENT: Problem = ['parser', 'did not find expected node content']
const KEY: Problem = ['parser', 'did not find expected key']
const INDICATOR: Problem = ['parser', "did not find expected '-' indicator"]
const COLON: Problem = ['scanner', "could not find expected ':'"]
const VALUES: Problem = ['scanner', 'mapping values are not allowed in this context']
const ENTRIES: Problem = ['scanner', 'block sequence entries are not allowed in this context']
const NO_TOKEN: Problem = ['scanner', 'found character that cannot start any token']
const NO_NAME: Problem = ['scanner', 'did not find expected alphabetic or numeric character']
const UNENDED: Problem = ['scanner', 'found unexpected end of stream']
const CUT: Problem = ['scanner', 'found unexpected document indicator']
const CONTROL: Problem = ['reader', 'control characters are not allowed']

const SIMPLE: Readonly<Record<string, Problem>> = {
  'unexpected end of the stream within a double quoted scalar': UNENDED,
  'unexpected end of the stream within a single quoted scalar': UNENDED,
  'unexpected end of the document within a double quoted scalar': CUT,
  'unexpected end of the document within a single quoted scalar': CUT,
  'unknown escape sequence': ['scanner', 'found unknown escape character'],
  'expected hexadecimal character': ['scanner', 'did not find expected hexdecimal number'],
  'name of an alias node must contain at least one character': NO_NAME,
  'name of an anchor node must contain at least one character': NO_NAME,
  'can not read a block mapping entry; a multiline key may not be an implicit key': COLON,
  'can not read an implicit mapping pair; a colon is missed': COLON,
  'bad explicit indentation width of a block scalar; it cannot be less than one': [
    'scanner',
    'found an indentation indicator equal to 0',
  ],
  'a line break is expected': ['scanner', 'did not find expected comment or line break'],
  'null byte is not allowed in input': CONTROL,
  'the stream contains non-printable characters': CONTROL,
  "expected the node content, but found ','": CONTENT,
  'cannot merge mappings; the provided source object is unacceptable': [
    'reader',
    'map merge requires map or sequence of maps as the value',
  ],
}

/** The whole message, with the line if upstream tells one. */
export function yamlProblem(problem: ParserProblem): string {
  const found = problemOf(problem)
  if (!found) return `line ${problem.line + 1}: ${problem.reason}`
  const [finder, message] = found
  // The first line counts as none.
  if (finder === 'reader' || problem.line === 0) return message
  return `line ${finder === 'scanner' ? problem.line + 1 : problem.line}: ${message}`
}

function problemOf(problem: ParserProblem): Problem | undefined {
  const { reason, text, position } = problem
  const simple = SIMPLE[reason]
  if (simple) return simple === UNENDED && problem.cut ? CUT : simple
  const [, alias] = /^unidentified alias "(.*)"$/.exec(reason) ?? []
  if (alias !== undefined) return ['reader', `unknown anchor '${alias}' referenced`]
  if (reason.startsWith('undeclared tag handle ')) return ['parser', 'found undefined tag handle']
  switch (reason) {
    case 'directives end mark is expected':
      return ['parser', 'did not find expected <document start>']
    case 'tab characters must not be used in indentation':
      return tabProblem(text, problem.line)
    case 'unexpected end of the stream within a flow collection':
    case 'missed comma between flow collection entries':
      return flowProblem(text.slice(0, position))
    case 'bad indentation of a mapping entry':
      return startProblem(text, position) ?? KEY
    case 'bad indentation of a sequence entry':
      return startProblem(text, position) ?? (/^- /.test(text) ? INDICATOR : KEY)
    case 'end of the stream or a document separator is expected':
      if (/(?:^|\n) *\t[^\n]*$/.test(text.slice(0, position))) return NO_TOKEN
      return startProblem(text, position) ?? (/^-\s/.test(text) ? INDICATOR : KEY)
    default:
      return undefined
  }
}

/** What cannot be where it is, by how it begins. */
function startProblem(text: string, position: number): Problem | undefined {
  const rest = text.slice(position, position + 2)
  if (/^[@`%\t]/.test(rest)) return NO_TOKEN
  if (/^[}\],]/.test(rest)) return CONTENT
  if (/^:/.test(rest)) return VALUES
  const isFirst = /(?:^|\n)[ ]*$/.test(text.slice(0, position))
  return /^-\s/.test(rest) && !isFirst ? ENTRIES : undefined
}

/** A tab before something: what that would have been depends on the line before it. */
function tabProblem(text: string, line: number): Problem {
  const before = text
    .split('\n', line)
    .findLast((other) => other.trim() !== '')
    ?.trimEnd()
  if (before === undefined || /(?:^|[:\s-])[:-]$|[^\s]:$/.test(before)) return NO_TOKEN
  if (/[|>][-+0-9]*$/.test(before)) return ['scanner', 'found a tab character where an indentation space is expected']
  return ['scanner', 'found a tab character that violates indentation']
}

/** Something other than the next entry or the end of the flow collection that is open at the end of `before`. */
function flowProblem(before: string): Problem {
  const open: string[] = []
  for (const [token] of before.matchAll(/"(?:[^"\\]|\\.)*"|'[^']*'|(?:^|\s)#.*|[[\]{}]/g)) {
    if (token === '[' || token === '{') open.push(token)
    else if (token === ']' || token === '}') open.pop()
  }
  if (/[[{,:]\s*$/.test(before)) return CONTENT
  return ['parser', `did not find expected ',' or '${open.at(-1) === '{' ? '}' : ']'}'`]
}
