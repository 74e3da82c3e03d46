// Parses JSON as Go does into a struct: what is said again goes into what was said before.
// Model: encoding/json, Unmarshal into a value that is there.

type Json = Record<string, unknown>

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value of JSON that is known to be well-formed. */
export function parseMerged(text: string): unknown {
  // Every key becomes another one, so that the parser keeps all of them: its place and its name.
  let at = 0
  const marked = text.replace(/("(?:[^"\\]|\\.)*")(\s*:)?/g, (whole, string: string, colon: string | undefined) => {
    if (colon === undefined) return whole
    at += 1
    return `"${at}:${string.slice(1)}${colon}`
  })
  return merged(JSON.parse(marked))
}

function merged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(merged)
  if (!isMap(value)) return value
  const result: Json = {}
  for (const [marked, inner] of Object.entries(value)) {
    const key = marked.slice(marked.indexOf(':') + 1)
    const next = merged(inner)
    const now = Object.hasOwn(result, key) ? into(result[key], next) : next
    Object.defineProperty(result, key, { value: now, enumerable: true, configurable: true, writable: true })
  }
  return result
}

/** Maps take over what is new, lists item by item; they are as long as they are said to be last. */
function into(before: unknown, after: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(after)) {
    return after.map((item, i) => (i < before.length ? into(before[i], item) : item))
  }
  if (!isMap(before) || !isMap(after)) return after
  const result: Json = { ...before }
  for (const [key, value] of Object.entries(after)) {
    result[key] = Object.hasOwn(before, key) ? into(before[key], value) : value
  }
  return result
}
