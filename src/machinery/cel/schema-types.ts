// Types of expressions from structural OpenAPI schemas, with how large their data can be at most.
// Model: k8s.io/apiserver/pkg/cel/common, schemas. The sizes decide over which rules a definition may have.

import type { TypeProvider } from './env.ts'
import { escapeName, lookupNames } from './names.ts'
import type { SizeEstimator } from './ranges.ts'
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  mapType,
  STRING,
  structType,
  TIMESTAMP,
  type Type,
} from './types.ts'
import { type ListSemantics, type MapValue, StructValue, type Value } from './values.ts'

/** The part of a schema that types come from. */
export interface SchemaLike {
  readonly type?: string
  readonly format?: string
  readonly nullable?: boolean
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly maxLength?: number
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly required?: readonly string[]
  readonly items?: SchemaLike
  readonly properties?: Readonly<Record<string, SchemaLike>>
  readonly additionalProperties?: SchemaLike | boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
}

/** What a schema is to expressions. */
export interface DeclaredType {
  readonly type: Type
  /** How JSON of it is read. */
  readonly json:
    | 'any'
    | 'int-or-string'
    | 'int'
    | 'double'
    | 'bool'
    | 'string'
    | 'bytes'
    | 'duration'
    | 'date'
    | 'date-time'
    | 'list'
    | 'map'
    | 'object'
  readonly nullable: boolean
  /** The fewest bytes of JSON. */
  readonly minBytes: number
  /** The most elements, entries or characters. */
  readonly maxElements: number
  readonly element?: DeclaredType
  /** Fields by the names that expressions write. */
  readonly fields?: ReadonlyMap<string, { readonly name: string; readonly declared: DeclaredType }>
  readonly semantics?: ListSemantics
}

/** The largest request that is taken, in bytes. */
const MAX_REQUEST_BYTES = 3 * 1024 * 1024
const MAX_TEXT = MAX_REQUEST_BYTES - 2
const META: SchemaLike = { type: 'object', properties: { name: { type: 'string' }, generateName: { type: 'string' } } }
const TEXT: SchemaLike = { type: 'string' }

/** The type of a schema's values; undefined for values that expressions cannot see. Names of objects start with `name`. */
export function typeOfSchema(schema: SchemaLike, name: string, resource: boolean): DeclaredType | undefined {
  const nullable = schema.nullable === true
  const scalar = (type: Type, json: DeclaredType['json'], minBytes: number, maxElements = 0): DeclaredType => ({
    type,
    json,
    nullable,
    minBytes,
    maxElements,
  })
  if (schema['x-kubernetes-int-or-string']) return scalar(DYN, 'int-or-string', 1, maxLength(schema))
  switch (schema.type) {
    case 'array':
      return declareList(schema, name)
    case 'object':
      return declareObject(schema, name, resource)
    case 'string':
      return declareText(schema, scalar)
    case 'boolean':
      return scalar(BOOL, 'bool', 4)
    case 'number':
      return scalar(DOUBLE, 'double', 1)
    case 'integer':
      return scalar(INT, 'int', 1)
    default:
      return undefined
  }
}

/** Characters are counted as the four bytes that they may have. */
function maxLength({ maxLength: given }: SchemaLike): number {
  return given === undefined ? MAX_TEXT : Math.max(0, given) * 4
}

function declareText(
  schema: SchemaLike,
  scalar: (type: Type, json: DeclaredType['json'], minBytes: number, maxElements?: number) => DeclaredType,
): DeclaredType {
  switch (schema.format) {
    case 'byte':
      return scalar(BYTES, 'bytes', 2, schema.maxLength === undefined ? MAX_TEXT : Math.max(0, schema.maxLength))
    case 'duration':
      return scalar(DURATION, 'duration', 3, 32)
    case 'date':
      return scalar(TIMESTAMP, 'date', 12, 12)
    case 'date-time':
      return scalar(TIMESTAMP, 'date-time', 21, 32)
  }
  const { enum: allowed = [] } = schema
  if (schema.maxLength === undefined && allowed.length > 0) {
    const lengths = allowed.map((one) => (typeof one === 'string' ? Buffer.byteLength(one) : 0))
    return scalar(STRING, 'string', 2, Math.max(...lengths))
  }
  return scalar(STRING, 'string', 2, maxLength(schema))
}

function declareList(schema: SchemaLike, name: string): DeclaredType | undefined {
  const { items, maxItems } = schema
  const element = items && typeOfSchema(items, `${name}.@idx`, items['x-kubernetes-embedded-resource'] === true)
  if (!element) return undefined
  const semantics = semanticsOf(schema)
  return {
    type: listType(element.type),
    json: 'list',
    nullable: schema.nullable === true,
    minBytes: 2,
    maxElements: maxItems === undefined ? Math.trunc(MAX_TEXT / (element.minBytes + 1)) : Math.max(0, maxItems),
    element,
    ...(semantics ? { semantics } : {}),
  }
}

function semanticsOf(schema: SchemaLike): ListSemantics | undefined {
  const kind = schema['x-kubernetes-list-type']
  if (kind === 'set') return { kind }
  if (kind !== 'map') return undefined
  const keys = (schema['x-kubernetes-list-map-keys'] ?? []).map((key) => escapeName(key) ?? key)
  return { kind, keys }
}

function declareObject(schema: SchemaLike, name: string, resource: boolean): DeclaredType | undefined {
  const { additionalProperties: values, nullable = false } = schema
  if (typeof values === 'object') {
    const element = typeOfSchema(values, `${name}.@elem`, values['x-kubernetes-embedded-resource'] === true)
    if (!element) return undefined
    const most = Math.trunc(MAX_TEXT / (element.minBytes + 6))
    const maxElements = schema.maxProperties === undefined ? most : Math.max(0, schema.maxProperties)
    return { type: mapType(STRING, element.type), json: 'map', nullable, minBytes: 2, maxElements, element }
  }
  const fields = new Map<string, { name: string; declared: DeclaredType }>()
  let minBytes = 2
  const properties = resource
    ? { ...schema.properties, kind: TEXT, apiVersion: TEXT, metadata: META }
    : (schema.properties ?? {})
  for (const [property, inner] of Object.entries(properties)) {
    const escaped = escapeName(property)
    const at = `${name}.${escaped ?? property}`
    const declared = typeOfSchema(inner, at, inner['x-kubernetes-embedded-resource'] === true)
    if (!declared) continue
    if (escaped !== undefined) fields.set(escaped, { name: property, declared })
    if (schema.required?.includes(property) && inner.default === undefined) {
      minBytes += Buffer.byteLength(property) + declared.minBytes + 4
    }
  }
  return { type: structType(name), json: 'object', nullable, minBytes, maxElements: 0, fields }
}

/** A field by the name that an expression writes. Model: DeclTypeProvider.FindStructFieldType. */
export function declaredField(declared: DeclaredType | undefined, name: string) {
  for (const one of lookupNames(name)) {
    const found = declared?.fields?.get(one)
    if (found) return found
  }
  return undefined
}

/** The object types within some types. */
export function providerOf(roots: readonly DeclaredType[]): TypeProvider {
  const known = new Map<string, DeclaredType>()
  const visit = (declared: DeclaredType): void => {
    if (declared.json === 'object') known.set(declared.type.name, declared)
    if (declared.element) visit(declared.element)
    for (const field of declared.fields?.values() ?? []) visit(field.declared)
  }
  roots.forEach(visit)
  return {
    constructs: (name) => known.has(name),
    fieldType: (name, field) => declaredField(known.get(name), field)?.declared.type,
    construct(name: string, fields: ReadonlyMap<string, Value>): MapValue {
      const made = new StructValue(name)
      for (const [field, value] of fields) made.set(field, value)
      return made
    },
  }
}

/** How large data can be, by paths into what any variable has; names of types count as variables, too. */
export function sizesOf(root: DeclaredType): SizeEstimator {
  return ([variable, ...path]) => {
    let at: DeclaredType | undefined = variable === undefined ? undefined : root
    for (const part of path) {
      if (!at) return undefined
      if (part === '@keys') {
        // Nothing is said of how long keys are.
        if (at.json !== 'map') return undefined
        at = { type: STRING, json: 'string', nullable: false, minBytes: 2, maxElements: 0 }
      } else if (part === '@items' || part === '@values') at = at.element
      else at = at.fields?.get(part)?.declared
    }
    return at && { min: 0, max: at.maxElements }
  }
}

/** How often data of a type can be in one request at most. */
export function maxCardinality({ minBytes }: DeclaredType): number {
  return Math.trunc(MAX_REQUEST_BYTES / (minBytes + 1))
}
