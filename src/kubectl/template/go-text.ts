// Go string literals: what stands between quotes in templates and paths.
// Model: strconv.Unquote and strconv.UnquoteChar.

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
}

const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/** The text a quoted literal stands for; undefined when it is no valid literal. Raw literals use backquotes. */
export function unquote(literal: string): string | undefined {
  const mark = literal[0]
  if (literal.length < 2 || mark === undefined || literal.at(-1) !== mark) return undefined
  const inner = literal.slice(1, -1)
  if (mark === '`') return inner.includes('`') ? undefined : inner.replaceAll('\r', '')
  if (mark !== '"' && mark !== "'") return undefined
  if (!inner.includes('\\') && !inner.includes(mark)) return inner
  return withoutEscapes(inner, mark)
}

function withoutEscapes(inner: string, mark: string): string | undefined {
  const bytes: Buffer[] = []
  let at = 0
  while (at < inner.length) {
    const char = String.fromCodePoint(inner.codePointAt(at) ?? 0)
    at += char.length
    if (char === mark) return undefined
    if (char !== '\\') {
      bytes.push(Buffer.from(char))
      continue
    }
    const letter = inner[at++]
    if (letter === undefined) return undefined
    const simple = SIMPLE[letter] ?? (letter === mark ? mark : undefined)
    if (simple !== undefined) {
      bytes.push(Buffer.from(simple))
      continue
    }
    const octal = /^[0-7]/.test(letter)
    const length = octal ? 2 : HEX_DIGITS[letter]
    if (length === undefined) return undefined
    const digits = (octal ? letter : '') + inner.slice(at, at + length)
    at += length
    if (!(octal ? /^[0-7]{3}$/ : new RegExp(`^[0-9a-fA-F]{${length}}$`)).test(digits)) return undefined
    const code = Number.parseInt(digits, octal ? 8 : 16)
    if (octal || letter === 'x') {
      if (code > 0xff) return undefined
      bytes.push(Buffer.from([code]))
    } else {
      if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined
      bytes.push(Buffer.from(String.fromCodePoint(code)))
    }
  }
  return Buffer.concat(bytes).toString()
}

/** Letters, digits and the underscore, of any script. */
export function isAlphaNumeric(char: string): boolean {
  return /^[_\p{L}\p{Nd}]$/u.test(char)
}
