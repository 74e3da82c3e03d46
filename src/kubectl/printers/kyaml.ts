// KYAML: the strict dialect of YAML with braces, quotes and trailing commas.
// Spec: https://kubernetes.io/docs/reference/encodings/kyaml/

/** The document with its `---`. */
export function toKyaml(value: unknown): string {
  return `---\n${render(value, '')}\n`
}

const AMBIGUOUS = /^(y|n|t|f|yes|no|on|off|true|false|null|nil|inf|nan)$/i
const PLAIN_KEY = /^[A-Za-z_/][A-Za-z0-9_./-]*$/

function render(value: unknown, indent: string): string {
  if (Array.isArray(value)) return renderList(value, indent)
  if (typeof value === 'string') return renderText(value, indent)
  if (typeof value !== 'object' || value === null) return String(value ?? null)
  const entries = Object.entries(value).filter(([, v]) => v !== undefined)
  if (entries.length === 0) return '{}'
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const inner = `${indent}  `
  const lines = entries.map(([key, v]) => `${inner}${keyText(key)}: ${render(v, inner)},\n`)
  return `{\n${lines.join('')}${indent}}`
}

/** Mappings and lists stand right inside the bracket; scalars on lines of their own. */
function renderList(list: readonly unknown[], indent: string): string {
  if (list.length === 0) return '[]'
  const nested = list.every((item) => typeof item === 'object' && item !== null && Object.keys(item).length > 0)
  if (nested) return `[${list.map((item) => render(item, indent)).join(', ')}]`
  const inner = `${indent}  `
  return `[\n${list.map((item) => `${inner}${render(item, inner)},\n`).join('')}${indent}]`
}

function keyText(key: string): string {
  return PLAIN_KEY.test(key) && !AMBIGUOUS.test(key) ? key : `"${escaped(key)}"`
}

/** Several lines are written one below the other, each break escaped. */
function renderText(text: string, indent: string): string {
  if (!text.includes('\n')) return `"${escaped(text)}"`
  const pad = `${indent}  `
  const lines = text.split(/(?<=\n)/).map((line) => {
    const shown = escaped(line)
    // The space after the margin is taken away again by a reader, unless it is escaped.
    return `${pad}${/^[ \t]/.test(shown) ? '\\' : ' '}${shown}\\\n`
  })
  return `"\\\n${lines.join('')}${pad}"`
}

function escaped(text: string): string {
  const quoted = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  return quoted.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
