// Writes YAML exactly as upstream does: block style, keys in go-yaml's natural order, its quoting rules and its folding.
// Model: sigs.k8s.io/yaml's marshalling of JSON values.

/** The document, ending in a newline. */
export function toYaml(value: unknown): string {
  if (isEmptyOrScalar(value)) return `${scalarOrEmpty(value, { indent: 0, column: 0 })}\n`
  const lines: string[] = []
  writeBlock(lines, value, 0, '')
  return `${lines.join('\n')}\n`
}

/** Where a scalar starts, and where its further lines stand. */
interface Place {
  readonly indent: number
  readonly column: number
  readonly key?: boolean
}

function isEmptyOrScalar(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (typeof value === 'object' && value !== null) return entriesOf(value).length === 0
  return true
}

function entriesOf(value: object): [string, unknown][] {
  return Object.entries(value)
    .filter(([, v]) => v !== undefined)
    .sort(([a], [b]) => compareKeys(a, b))
}

/** Writes a non-empty list or mapping; `head` stands before its first line in place of the indentation. */
function writeBlock(lines: string[], value: unknown, indent: number, head: string): void {
  let lead = head
  const pad = ' '.repeat(indent)
  const start = () => {
    const text = lead === '' ? pad : lead
    lead = ''
    return text
  }
  const below = indent + 2
  const scalar = (prefix: string, item: unknown) =>
    lines.push(prefix + scalarOrEmpty(item, { indent: below, column: prefix.length }))
  if (Array.isArray(value)) {
    for (const item of value) {
      const prefix = `${start()}- `
      if (isEmptyOrScalar(item)) scalar(prefix, item)
      else writeBlock(lines, item, below, prefix)
    }
    return
  }
  for (const [key, item] of entriesOf(value as object)) {
    const prefix = `${start()}${scalarText(key, { indent, column: indent, key: true })}:`
    if (isEmptyOrScalar(item)) scalar(`${prefix} `, item)
    else {
      lines.push(prefix)
      // Lists stand at the level of their key.
      writeBlock(lines, item, Array.isArray(item) ? indent : below, '')
    }
  }
}

function scalarOrEmpty(value: unknown, place: Place): string {
  if (Array.isArray(value)) return '[]'
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'object') return '{}'
  if (typeof value === 'string') return scalarText(value, place)
  if (typeof value === 'number') return numberText(value)
  return String(value)
}

function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value)
  return goFloat(value)
}

/** strconv.FormatFloat(value, 'g', -1, 64). */
function goFloat(value: number): string {
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)))
  if (exponent >= -4 && exponent < 21) return String(value)
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}

/** A string in the style that go-yaml chooses. */
function scalarText(text: string, place: Place): string {
  const facts = analyze(text)
  if (text.includes('\n')) {
    return facts.blockAllowed && !place.key ? literal(text, place.indent) : doubleQuoted(text, place)
  }
  if (!resolvesToString(text) || BASE_60.test(text)) return doubleQuoted(text, place)
  if (facts.plainAllowed) return fold([...text], place, { quoted: false })
  if (!facts.singleAllowed) return doubleQuoted(text, place)
  const chars = [...text].map((c) => (c === "'" ? "''" : c))
  return `'${fold(chars, { ...place, column: place.column + 1 }, { quoted: true })}'`
}

const BEST_WIDTH = 80

/** Breaks at single spaces beyond the best width. `chars` may hold escapes of several characters. */
function fold(chars: readonly string[], place: Place, { quoted }: { quoted: boolean }): string {
  let { column } = place
  let out = ''
  let afterSpace = false
  for (const [i, c] of chars.entries()) {
    if (c !== ' ') {
      out += c
      column += c.length > 1 && [...c].length === 1 ? 1 : c.length
      afterSpace = false
      continue
    }
    const inside = !quoted || (i > 0 && i < chars.length - 1)
    if (!place.key && !afterSpace && column > BEST_WIDTH && inside && chars[i + 1] !== ' ') {
      out += `\n${' '.repeat(place.indent)}`
      column = place.indent
    } else {
      out += c
      column++
    }
    afterSpace = true
  }
  return out
}

const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/
const WORDS = new Set(
  `~ null Null NULL y Y yes Yes YES true True TRUE on On ON n N no No NO false False FALSE off Off OFF
  .nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF <<`.split(/\s+/),
)
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/
const INTEGER = /^[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[0-9]+)$/
const TIMESTAMP =
  /^\d{4}-\d{1,2}-\d{1,2}([Tt]\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?(Z|[-+]\d\d:\d\d)| \d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?)?$/

/** Whether the text, written plainly, would be read back as text. */
function resolvesToString(text: string): boolean {
  if (text === '' || WORDS.has(text)) return false
  const first = text[0] ?? ''
  if (first === '.') return !FLOAT.test(text)
  if (!/[-+0-9]/.test(first)) return true
  const plain = text.replaceAll('_', '')
  return !INTEGER.test(plain) && !FLOAT.test(plain) && !TIMESTAMP.test(text)
}

interface ScalarFacts {
  readonly plainAllowed: boolean
  readonly singleAllowed: boolean
  readonly blockAllowed: boolean
}

const FIRST_INDICATORS = new Set('#,[]{}&*!|>\'"%@`')
const isBreak = (c: string | undefined) => c !== undefined && /[\r\n\u0085\u2028\u2029]/.test(c)
const isBlankOrEnd = (c: string | undefined) => c === undefined || c === ' ' || c === '\t' || isBreak(c)

function isPrintable(c: string): boolean {
  const code = c.codePointAt(0) ?? 0
  if (code === 0x0a) return true
  if (code < 0xa0) return code >= 0x20 && code <= 0x7e
  return (code <= 0xd7ff || code >= 0xe000) && code <= 0xfffd && code !== 0xfeff
}

/** What go-yaml's emitter finds out about a scalar. */
function analyze(text: string): ScalarFacts {
  const chars = [...text]
  let indicators = text.startsWith('---') || text.startsWith('...')
  let special = false
  let lineBreaks = false
  let breakSpace = false
  let spaceBreak = false
  let previousSpace = false
  let previousBreak = false
  for (const [i, c] of chars.entries()) {
    const beforeBlank = isBlankOrEnd(chars[i + 1])
    if (i === 0) {
      if (FIRST_INDICATORS.has(c) || (/[?:-]/.test(c) && beforeBlank)) indicators = true
    } else if ((c === ':' && beforeBlank) || (c === '#' && isBlankOrEnd(chars[i - 1]))) indicators = true
    if (!isPrintable(c)) special = true
    if (c === ' ') {
      if (previousBreak) breakSpace = true
      previousSpace = true
      previousBreak = false
    } else if (isBreak(c)) {
      lineBreaks = true
      if (previousSpace) spaceBreak = true
      previousSpace = false
      previousBreak = true
    } else {
      previousSpace = false
      previousBreak = false
    }
  }
  const first = chars[0]
  const last = chars.at(-1)
  const ragged = first === ' ' || last === ' ' || isBreak(first) || isBreak(last)
  const broken = spaceBreak || special
  return {
    plainAllowed: !ragged && !breakSpace && !broken && !lineBreaks && !indicators,
    singleAllowed: !breakSpace && !broken,
    blockAllowed: last !== ' ' && !broken,
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
}

function escaped(c: string): string {
  const known = ESCAPES[c]
  if (known) return known
  if (isPrintable(c)) return c
  const code = c.codePointAt(0) ?? 0
  const hex = code.toString(16).toUpperCase()
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

function doubleQuoted(text: string, place: Place): string {
  const chars = [...text]
  let column = place.column + 1
  let out = ''
  let afterSpace = false
  for (const [i, c] of chars.entries()) {
    if (c !== ' ') {
      const piece = escaped(c)
      out += piece
      column += piece === c ? 1 : piece.length
      afterSpace = false
      continue
    }
    if (!place.key && !afterSpace && column > BEST_WIDTH && i > 0 && i < chars.length - 1) {
      out += `\n${' '.repeat(place.indent)}`
      column = place.indent
      // A space that begins a line would be lost.
      if (chars[i + 1] === ' ') {
        out += '\\'
        column++
      }
    } else {
      out += c
      column++
    }
    afterSpace = true
  }
  return `"${out}"`
}

function literal(text: string, indent: number): string {
  const hint = /^[ \n]/.test(text) ? '2' : ''
  let chomp = ''
  if (!text.endsWith('\n')) chomp = '-'
  else if (text === '\n' || text.endsWith('\n\n')) chomp = '+'
  const body = text.endsWith('\n') ? text.slice(0, -1) : text
  const pad = ' '.repeat(indent)
  return [`|${hint}${chomp}`, ...body.split('\n').map((line) => (line === '' ? '' : pad + line))].join('\n')
}

const isLetter = (c: string) => /\p{L}/u.test(c)
const isDigit = (c: string | undefined) => c !== undefined && /\p{Nd}/u.test(c)

/** go-yaml's order of keys: numbers inside by their value, letters after everything else. */
export function compareKeys(a: string, b: string): number {
  const left = [...a]
  const right = [...b]
  for (let i = 0; i < left.length && i < right.length; i++) {
    const x = left[i] ?? ''
    const y = right[i] ?? ''
    if (x === y) continue
    const letters = [isLetter(x), isLetter(y)]
    if (letters[0] && letters[1]) return x < y ? -1 : 1
    if (letters[0] || letters[1]) return letters[1] ? -1 : 1
    const numbers = digitRuns(left, right, i)
    if (numbers !== 0) return numbers
    return x < y ? -1 : 1
  }
  return left.length - right.length
}

function digitRuns(left: readonly string[], right: readonly string[], at: number): number {
  let seed = ''
  if (left[at] === '0' || right[at] === '0') {
    for (let j = at - 1; j >= 0 && isDigit(left[j]); j--) {
      if (left[j] !== '0') {
        seed = '1'
        break
      }
    }
  }
  const run = (chars: readonly string[]) => {
    let end = at
    while (isDigit(chars[end])) end++
    return { value: BigInt(`${seed || '0'}${chars.slice(at, end).join('')}`), end }
  }
  const x = run(left)
  const y = run(right)
  if (x.value !== y.value) return x.value < y.value ? -1 : 1
  return x.end - y.end
}
