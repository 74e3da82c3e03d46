// JSON exactly as kubectl prints it: keys sorted, four spaces, HTML characters escaped as Go's encoder does.

/** The document, ending in a newline. `keepOrder` is for what kubectl prints from structs, in their order. */
export function toJson(value: unknown, { indent = '    ', keepOrder = false } = {}): string {
  return `${write(value, { indent, keepOrder }, '\n')}\n`
}

/** The document on one line, keys sorted. */
export function toCompactJson(value: unknown): string {
  return write(value, { indent: '', keepOrder: false }, '')
}

// Written by hand: JSON.stringify puts keys that look like numbers first, whatever their order.
interface Style {
  readonly indent: string
  readonly keepOrder: boolean
}

function write(value: unknown, style: Style, newline: string): string {
  const { indent, keepOrder } = style
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]'
    const inner = newline + indent
    return `[${inner}${value.map((v) => write(v, style, inner)).join(`,${inner}`)}${newline}]`
  }
  if (typeof value !== 'object' || value === null) return escapeHtml(JSON.stringify(value ?? null))
  const entries = Object.entries(value).filter(([, v]) => v !== undefined)
  if (entries.length === 0) return '{}'
  if (!keepOrder) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const inner = indent === '' ? '' : newline + indent
  const colon = indent === '' ? ':' : ': '
  const fields = entries.map(([k, v]) => `${escapeHtml(JSON.stringify(k))}${colon}${write(v, style, inner)}`)
  return `{${inner}${fields.join(`,${inner}`)}${newline}}`
}

/** Go's escaping of `<`, `>`, `&` and line separators inside JSON. */
function escapeHtml(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
