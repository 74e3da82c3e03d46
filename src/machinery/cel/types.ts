// Types of expressions, and how they are written.

export type Kind =
  | 'int'
  | 'uint'
  | 'double'
  | 'bool'
  | 'string'
  | 'bytes'
  | 'null'
  | 'timestamp'
  | 'duration'
  | 'dyn'
  | 'error'
  | 'list'
  | 'map'
  | 'type'
  | 'opaque'
  | 'struct'
  | 'param'

/** A type: `params` are what a list, map or optional is of. */
export interface Type {
  readonly kind: Kind
  readonly name: string
  readonly params: readonly Type[]
}

const simple = (kind: Kind, name: string = kind): Type => ({ kind, name, params: [] })

export const INT = simple('int')
export const UINT = simple('uint')
export const DOUBLE = simple('double')
export const BOOL = simple('bool')
export const STRING = simple('string')
export const BYTES = simple('bytes')
export const NULL = simple('null', 'null_type')
export const TIMESTAMP = simple('timestamp', 'google.protobuf.Timestamp')
export const DURATION = simple('duration', 'google.protobuf.Duration')
export const DYN = simple('dyn')
/** As unknown as dyn, but no loop goes over it. */
export const ANY = simple('dyn', 'google.protobuf.Any')
export const ERROR = simple('error')

export const listType = (element: Type): Type => ({ kind: 'list', name: 'list', params: [element] })
export const mapType = (key: Type, value: Type): Type => ({ kind: 'map', name: 'map', params: [key, value] })
export const optionalType = (of: Type): Type => ({ kind: 'opaque', name: 'optional_type', params: [of] })
export const typeType = (of: Type): Type => ({ kind: 'type', name: 'type', params: [of] })
/** An object type whose fields a TypeProvider knows. */
export const structType = (name: string): Type => simple('struct', name)
const opaqueType = (name: string): Type => simple('opaque', name)
export const paramType = (name: string): Type => simple('param', name)

export const QUANTITY = structType('kubernetes.Quantity')
export const URL_TYPE = structType('kubernetes.URL')
export const SEMVER = structType('kubernetes.Semver')
export const FORMAT = structType('kubernetes.NamedFormat')
export const IP = opaqueType('net.IP')
export const CIDR = opaqueType('net.CIDR')
export const AUTHORIZER = structType('kubernetes.authorization.Authorizer')
export const PATH_CHECK = structType('kubernetes.authorization.PathCheck')
export const GROUP_CHECK = structType('kubernetes.authorization.GroupCheck')
export const RESOURCE_CHECK = structType('kubernetes.authorization.ResourceCheck')
export const DECISION = structType('kubernetes.authorization.Decision')

const NAMED: Readonly<Record<string, Type>> = {
  int: INT,
  uint: UINT,
  double: DOUBLE,
  bool: BOOL,
  string: STRING,
  bytes: BYTES,
  null: NULL,
  timestamp: TIMESTAMP,
  duration: DURATION,
  dyn: DYN,
  quantity: QUANTITY,
  url: URL_TYPE,
  semver: SEMVER,
  format: FORMAT,
  ip: IP,
  cidr: CIDR,
  authorizer: AUTHORIZER,
  pathCheck: PATH_CHECK,
  groupCheck: GROUP_CHECK,
  resourceCheck: RESOURCE_CHECK,
  decision: DECISION,
}

/** Types that expressions may name: `type(x) == string`. */
export const TYPE_NAMES: ReadonlyMap<string, Type> = new Map([
  ...[INT, UINT, DOUBLE, BOOL, STRING, BYTES, NULL, TIMESTAMP, DURATION].map((t) => [t.name, t] as const),
  ['list', listType(DYN)] as const,
  ['map', mapType(DYN, DYN)] as const,
  ['type', typeType(DYN)] as const,
  ['optional_type', optionalType(DYN)] as const,
  ...[QUANTITY, URL_TYPE, SEMVER, FORMAT, IP, CIDR].map((t) => [t.name, t] as const),
])

/** A type from how declarations write it, e.g. `map(string, T)`; single capitals are parameters. */
export function parseType(text: string): Type {
  const trimmed = text.trim()
  const open = trimmed.indexOf('(')
  if (open < 0) {
    const named = NAMED[trimmed]
    if (named) return named
    if (/^[A-Z]$/.test(trimmed)) return paramType(trimmed)
    throw new Error(`no type is called ${JSON.stringify(trimmed)}`)
  }
  const [first, second] = splitTypes(trimmed.slice(open + 1, -1)).map(parseType)
  const head = trimmed.slice(0, open)
  if (first && second && head === 'map') return mapType(first, second)
  if (first && head === 'list') return listType(first)
  if (first && head === 'optional') return optionalType(first)
  if (first && head === 'type') return typeType(first)
  throw new Error(`no type is written ${JSON.stringify(trimmed)}`)
}

/** The parts of a list of types, split at commas outside of parentheses. */
export function splitTypes(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let i = 0; i <= text.length; i++) {
    const char = text[i]
    if (char === '(') depth++
    else if (char === ')') depth--
    else if (depth === 0 && (char === ',' || char === undefined)) {
      if (text.slice(from, i).trim() !== '') parts.push(text.slice(from, i))
      from = i + 1
    }
  }
  return parts
}

/** A type as error messages write it. */
export function formatType(type: Type): string {
  switch (type.kind) {
    case 'null':
      return 'null'
    case 'timestamp':
    case 'duration':
      return type.kind
    case 'dyn':
      return type === ANY ? 'any' : type.kind
    case 'error':
      return '!error!'
    default:
      return type.params.length > 0 ? `${type.name}(${type.params.map(formatType).join(', ')})` : type.name
  }
}

/** A type by its full name: `list(google.protobuf.Timestamp)`. */
export function typeText({ name, params }: Type): string {
  return params.length > 0 ? `${name}(${params.map(typeText).join(', ')})` : name
}

/** Whether two types are the same. */
export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true
  return (
    a.kind === b.kind &&
    a.name === b.name &&
    a.params.length === b.params.length &&
    a.params.every((param, i) => sameType(param, b.params[i] ?? ERROR))
  )
}

export function isOptional(type: Type): boolean {
  return type.kind === 'opaque' && type.name === 'optional_type'
}
