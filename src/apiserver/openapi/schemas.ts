// Types of the schema as JSON schemas, in the dialects of OpenAPI v2 and v3.
// Extensions: k8s.io/kube-openapi and https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition

import { type FieldSchema, successorOf, types } from '../../api/schema.ts'

/** Prose about one type. */
export interface TypeDocs {
  readonly description?: string
  readonly fields?: Readonly<Record<string, string>>
}

/** Prose by type reference. */
export type ApiDocs = Readonly<Record<string, TypeDocs>>

export type Dialect = 'v2' | 'v3'
export type Json = Record<string, unknown>

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.'
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity'
const OBJECTS = new Set([
  `${META}FieldsV1`,
  `${META}Patch`,
  'io.k8s.apimachinery.pkg.runtime.RawExtension',
  `${EXTENSIONS}CustomResourceSubresourceStatus`,
])

/** Fields of which upstream says nothing but their type. */
const UNDESCRIBED = new Set([
  ...['additionalItems', 'additionalProperties', 'example', 'externalDocs', 'items', 'not'].map(
    (name) => `${EXTENSIONS}JSONSchemaProps.${name}`,
  ),
  'io.k8s.api.networking.v1.IngressRule.http',
])

/** Where definitions live in a document. */
export function refTo(dialect: Dialect, ref: string): string {
  return `${dialect === 'v2' ? '#/definitions/' : '#/components/schemas/'}${ref}`
}

/** The schema of one type. */
export function typeSchema(dialect: Dialect, ref: string, docs: ApiDocs): Json {
  const type = types[ref] ?? {}
  // A type of a retired version is explained by the one that took over.
  const prose = docs[ref] ?? docs[successorOf(ref) ?? '']
  const out: Json = prose?.description ? { description: prose.description } : {}
  if (type.fields) {
    const properties = Object.entries(type.fields).map(([name, field]) => [
      name,
      UNDESCRIBED.has(`${ref}.${name}`) && field.ref
        ? { $ref: refTo(dialect, field.ref) }
        : fieldSchema(dialect, field, prose?.fields?.[name] ?? (field.ref ? docs[field.ref]?.description : undefined)),
    ])
    if (properties.length > 0) out.properties = Object.fromEntries(properties)
    if (type.required && type.required.length > 0) out.required = type.required
    out.type = 'object'
  } else if (ref === INT_OR_STRING || ref === QUANTITY) Object.assign(out, scalarChoice(dialect, ref))
  else if (OBJECTS.has(ref)) out.type = 'object'
  else if (!ref.startsWith(EXTENSIONS)) {
    if (type.type) out.type = type.type
    if (type.format) out.format = type.format
  }
  if (type.mapType) out['x-kubernetes-map-type'] = type.mapType
  if (type.unions) out['x-kubernetes-unions'] = type.unions
  if (type.gvk) out['x-kubernetes-group-version-kind'] = type.gvk.map(kindOf)
  return out
}

function scalarChoice(dialect: Dialect, ref: string): Json {
  const format = ref === INT_OR_STRING ? { format: 'int-or-string' } : {}
  if (dialect === 'v2') return { type: 'string', ...format }
  const choices = [{ type: 'string' }, { type: ref === INT_OR_STRING ? 'integer' : 'number' }]
  return { ...format, oneOf: ref === INT_OR_STRING ? choices.reverse() : choices }
}

function kindOf(text: string): { group: string; kind: string; version: string } {
  const parts = text.split('/')
  const [group = '', version = '', kind = ''] = parts.length === 3 ? parts : ['', ...parts]
  return { group, kind, version }
}

function fieldSchema(dialect: Dialect, field: FieldSchema, description: string | undefined): Json {
  const extensions = extensionsOf(field)
  const prose = description ? { description } : {}
  const unset = dialect === 'v3' ? unsetOf(field) : {}
  if (!field.ref) return { ...prose, ...valueSchema(dialect, field), ...unset, ...extensions }
  const $ref = refTo(dialect, field.ref)
  if (dialect === 'v2') return { $ref, ...prose, ...extensions }
  // In v3 nothing may stand beside a reference.
  return { allOf: [{ $ref }], ...prose, ...unset, ...extensions }
}

const ZEROS: Readonly<Record<string, unknown>> = { string: '', integer: 0, number: 0, boolean: false }

/** What a field is when nobody says: its default, or the zero that is written in its place. */
function unsetOf(field: FieldSchema): Json {
  if (field.default !== undefined) return { default: field.default }
  if (field.unset === 'struct') return { default: {} }
  return field.unset === 'zero' && field.type && !field.ref ? { default: ZEROS[field.type] } : {}
}

function valueSchema(dialect: Dialect, field: FieldSchema): Json {
  if (field.map) return { additionalProperties: elementSchema(dialect, field.map), type: 'object' }
  if (field.items) return { items: elementSchema(dialect, field.items), type: 'array' }
  return {
    ...(field.type ? { type: field.type } : {}),
    ...(field.format ? { format: field.format } : {}),
    ...(field.enum ? { enum: field.enum } : {}),
  }
}

/** What a list or a map holds: values, of which none is ever absent. */
function elementSchema(dialect: Dialect, field: FieldSchema): Json {
  if (!field.ref) {
    const isPlain = dialect === 'v3' && field.type && field.type in ZEROS && field.format !== 'byte'
    const zero = isPlain && field.type ? { default: ZEROS[field.type] } : {}
    return { ...valueSchema(dialect, field), ...zero }
  }
  const $ref = refTo(dialect, field.ref)
  const isStruct = types[field.ref]?.fields !== undefined
  return dialect === 'v3' && isStruct ? { default: {}, allOf: [{ $ref }] } : { $ref }
}

function extensionsOf(field: FieldSchema): Json {
  return {
    ...(field.listMapKeys ? { 'x-kubernetes-list-map-keys': field.listMapKeys } : {}),
    ...(field.listType ? { 'x-kubernetes-list-type': field.listType } : {}),
    ...(field.mapType ? { 'x-kubernetes-map-type': field.mapType } : {}),
    ...(field.mergeKey ? { 'x-kubernetes-patch-merge-key': field.mergeKey } : {}),
    ...(field.patchStrategy ? { 'x-kubernetes-patch-strategy': field.patchStrategy } : {}),
  }
}

/** `roots` and every type they lead to. */
export function reachable(roots: Iterable<string>): string[] {
  const found = new Set<string>()
  const pending = [...roots]
  for (let ref = pending.pop(); ref !== undefined; ref = pending.pop()) {
    if (found.has(ref)) continue
    found.add(ref)
    for (const field of Object.values(types[ref]?.fields ?? {})) {
      for (let f: FieldSchema | undefined = field; f; f = f.map ?? f.items) if (f.ref) pending.push(f.ref)
    }
  }
  return [...found].sort()
}
