// How names of fields are written in expressions. Model: k8s.io/apiserver/pkg/cel, escaping.

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)
const ESCAPES: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
}

/** The name of a field as expressions write it; undefined for one they cannot. */
export function escapeName(name: string): string | undefined {
  if (!/^[a-zA-Z_./-][a-zA-Z0-9_./-]*$/.test(name)) return undefined
  if (RESERVED.has(name)) return `__${name}__`
  return name.replace(/__|[-./]/g, (part) => ESCAPES[part] ?? part)
}

/** The names under which a field may be looked up: a reserved word may stand after a dot as it is, too. */
export function lookupNames(name: string): readonly string[] {
  return RESERVED.has(name) ? [name, `__${name}__`] : [name]
}
