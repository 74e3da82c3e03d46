// Reads JSON text without building it: finds duplicate keys, and says what is wrong as Go's decoder does.
// Wording: encoding/json and sigs.k8s.io/json.

/** `error` is set when the text is no JSON. Paths look like `spec.containers[0].name`. */
export interface JsonScan {
  readonly duplicates: readonly string[]
  readonly error: string | undefined
}

class SyntaxProblem extends Error {}

const MAX_DEPTH = 10_000
const MAX_DUPLICATES = 100
/** What keeps the text of a string from being its value. */
const NEEDS_CARE = /[\\\p{Cc}]/u

/** Scans a whole document. */
export function scanJson(text: string): JsonScan {
  const scanner = new Scanner(text)
  try {
    scanner.document()
    return { duplicates: scanner.duplicates, error: undefined }
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error
    return { duplicates: scanner.duplicates, error: error.message }
  }
}

class Scanner {
  readonly duplicates: string[] = []
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): void {
    this.#value('', 0)
    this.#space()
    if (this.#at < this.#text.length) this.#unexpected('after top-level value')
  }

  #value(path: string, depth: number): void {
    if (depth > MAX_DEPTH) throw new SyntaxProblem('exceeded max depth')
    this.#space()
    switch (this.#peek()) {
      case '{':
        return this.#object(path, depth)
      case '[':
        return this.#array(path, depth)
      case '"':
        this.#string()
        return
      case 't':
        return this.#literal('true')
      case 'f':
        return this.#literal('false')
      case 'n':
        return this.#literal('null')
      default:
        return this.#number()
    }
  }

  #object(path: string, depth: number): void {
    this.#at += 1
    this.#space()
    if (this.#peek() === '}') {
      this.#at += 1
      return
    }
    const seen = new Set<string>()
    for (;;) {
      this.#space()
      if (this.#peek() !== '"') this.#unexpected('looking for beginning of object key string')
      const key = this.#string()
      const inner = path === '' ? key : `${path}.${key}`
      if (seen.has(key) && this.duplicates.length < MAX_DUPLICATES && !this.duplicates.includes(inner)) {
        this.duplicates.push(inner)
      }
      seen.add(key)
      this.#space()
      if (this.#peek() !== ':') this.#unexpected('after object key')
      this.#at += 1
      this.#value(inner, depth + 1)
      this.#space()
      const next = this.#peek()
      if (next !== ',' && next !== '}') this.#unexpected('after object key:value pair')
      this.#at += 1
      if (next === '}') return
    }
  }

  #array(path: string, depth: number): void {
    this.#at += 1
    this.#space()
    if (this.#peek() === ']') {
      this.#at += 1
      return
    }
    for (let i = 0; ; i++) {
      this.#value(`${path}[${i}]`, depth + 1)
      this.#space()
      const next = this.#peek()
      if (next !== ',' && next !== ']') this.#unexpected('after array element')
      this.#at += 1
      if (next === ']') return
    }
  }

  #string(): string {
    const start = this.#at
    const end = this.#text.indexOf('"', start + 1)
    const plain = end < 0 ? '' : this.#text.slice(start + 1, end)
    if (end >= 0 && !NEEDS_CARE.test(plain)) {
      this.#at = end + 1
      return plain
    }
    this.#at += 1
    for (;;) {
      const c = this.#peek()
      if (c === '"') break
      if (c < ' ') this.#unexpected('in string literal')
      if (c !== '\\') {
        this.#at += 1
        continue
      }
      this.#at += 1
      if (this.#peek() !== 'u') {
        if (!'"\\/bfnrt'.includes(this.#peek())) this.#unexpected('in string escape code')
        this.#at += 1
        continue
      }
      this.#at += 1
      for (let digit = 0; digit < 4; digit++) {
        if (!/[0-9a-fA-F]/.test(this.#peek())) this.#unexpected('in \\u hexadecimal character escape')
        this.#at += 1
      }
    }
    this.#at += 1
    return JSON.parse(this.#text.slice(start, this.#at)) as string
  }

  #literal(word: string): void {
    for (const [i, expected] of [...word].entries()) {
      if (this.#peek() !== expected) this.#unexpected(`in literal ${word} (expecting '${word[i] ?? ''}')`)
      this.#at += 1
    }
  }

  #number(): void {
    if (this.#peek() === '-') {
      this.#at += 1
      if (!this.#isDigit()) this.#unexpected('in numeric literal')
    } else if (!this.#isDigit()) this.#unexpected('looking for beginning of value')
    if (this.#text[this.#at] === '0') this.#at += 1
    else this.#digits()
    if (this.#text[this.#at] === '.') {
      this.#at += 1
      if (!this.#isDigit()) this.#unexpected('after decimal point in numeric literal')
      this.#digits()
    }
    if (this.#text[this.#at] === 'e' || this.#text[this.#at] === 'E') {
      this.#at += 1
      if (this.#text[this.#at] === '+' || this.#text[this.#at] === '-') this.#at += 1
      if (!this.#isDigit()) this.#unexpected('in exponent of numeric literal')
      this.#digits()
    }
  }

  #isDigit(): boolean {
    const c = this.#text[this.#at] ?? ''
    return c >= '0' && c <= '9'
  }

  #digits(): void {
    while (this.#isDigit()) this.#at += 1
  }

  #space(): void {
    for (;;) {
      const c = this.#text[this.#at]
      if (c !== ' ' && c !== '\n' && c !== '\r' && c !== '\t') return
      this.#at += 1
    }
  }

  /** The next character; the end of the text is an error wherever one is needed. */
  #peek(): string {
    const c = this.#text[this.#at]
    if (c === undefined) throw new SyntaxProblem('unexpected end of JSON input')
    return c
  }

  #unexpected(where: string): never {
    const c = this.#peek()
    // Go looks at bytes, and shows the first one of a character as if it were all of it.
    const byte = c > '\x7f' ? String.fromCharCode(Buffer.from(this.#text.slice(this.#at, this.#at + 2))[0] ?? 0) : c
    const shown =
      byte === "'"
        ? `'\\''`
        : byte === '"'
          ? `'"'`
          : `'${JSON.stringify(byte)
              .slice(1, -1)
              .replace(/^\\u00/, '\\x')}'`
    throw new SyntaxProblem(`invalid character ${shown} ${where}`)
  }
}
