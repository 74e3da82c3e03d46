// One step of a path to an owned field, in the text form of FieldsV1: `f:name`, `k:{"key":…}`, `v:value`, `i:3`.

/** The element of a list item that is identified by keys. `keys` are sorted by name. */
export function keyElement(keys: readonly (readonly [string, unknown])[]): string {
  return `k:{${keys.map(([name, value]) => `${encodeValue(name)}:${encodeValue(value)}`).join(',')}}`
}

/** The element of an item of a set. */
export function valueElement(value: unknown): string {
  return `v:${encodeValue(value)}`
}

/** Texts that JSON writes as they are. */
const PLAIN = /^[ !#-%'-;=?-[\]-~]*$/
const HTML = /[<>&\u2028\u2029]/g

/** JSON as Go writes it: what could mean something in HTML is escaped. */
function encodeValue(value: unknown): string {
  if (typeof value === 'string' && PLAIN.test(value)) return `"${value}"`
  const json = JSON.stringify(value) ?? 'null'
  return json.replace(HTML, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** An element as a client wrote it in its canonical form; undefined for kinds of elements that nobody knows. Throws Error. */
export function canonicalElement(text: string): string | undefined {
  if (text.length < 2) throw new Error('key must be 2 characters long:')
  if (text[1] !== ':') throw new Error(`missing colon: ${text}`)
  const rest = text.slice(2)
  switch (text[0]) {
    case 'f':
      return text
    case 'k':
      return keyElement(keysOf(text))
    case 'v':
      return valueElement(JSON.parse(rest))
    case 'i':
      if (!/^[+-]?\d+$/.test(rest)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(rest)}: invalid syntax`)
      return `i:${Number(rest)}`
    default:
      return undefined
  }
}

function keysOf(element: string): [string, unknown][] {
  const parsed: unknown = JSON.parse(element.slice(2))
  if (typeof parsed !== 'object' || parsed === null) throw new Error(`expected an object in ${element}`)
  return Object.entries(parsed).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** The element as paths show it: `.name`, `[key="value"]`, `[="value"]`, `[3]`. */
export function printElement(element: string): string {
  const rest = element.slice(2)
  switch (element[0]) {
    case 'f':
      return `.${rest}`
    case 'k':
      return `[${keysOf(element)
        .map(([name, value]) => `${name}=${printValue(value)}`)
        .join(',')}]`
    case 'v':
      return `[=${printValue(JSON.parse(rest))}]`
    default:
      return `[${rest}]`
  }
}

function printValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printValue).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, inner]) => `${name}=${printValue(inner)}`)
      .join('')
  }
  return JSON.stringify(value)
}

const RANK: Readonly<Record<string, number>> = { '.': 0, f: 1, k: 2, v: 3, i: 4 }

/** The order in which a set is written: itself, fields, keys, values, indexes. */
export function compareElements(a: string, b: string): number {
  const rank = (RANK[a.charAt(0)] ?? 5) - (RANK[b.charAt(0)] ?? 5)
  if (rank !== 0) return rank
  switch (a[0]) {
    case 'k':
      return compareKeys(readable(a, keysOf, []), readable(b, keysOf, []))
    case 'v':
      return compareValues(readable(a, setValueOf, ''), readable(b, setValueOf, ''))
    case 'i':
      return Number(a.slice(2)) - Number(b.slice(2))
    default:
      return compareTexts(a, b)
  }
}

function setValueOf(element: string): unknown {
  return JSON.parse(element.slice(2))
}

/** What an element holds. An unreadable one has its place too: it may have been stored before such were refused. */
function readable<T>(element: string, read: (element: string) => T, otherwise: T): T {
  try {
    return read(element)
  } catch {
    return otherwise
  }
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareKeys(a: readonly [string, unknown][], b: readonly [string, unknown][]): number {
  for (const [i, [name, value]] of a.entries()) {
    const other = b[i]
    if (!other) return 1
    const order = compareTexts(name, other[0]) || compareValues(value, other[1])
    if (order !== 0) return order
  }
  return a.length - b.length
}

const VALUE_RANK: Readonly<Record<string, number>> = { number: 0, string: 1, boolean: 2, object: 3 }

/** Numbers come before texts, and texts before booleans. */
function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  const rank = (VALUE_RANK[typeof a] ?? 4) - (VALUE_RANK[typeof b] ?? 4)
  return rank || compareTexts(String(a), String(b))
}
