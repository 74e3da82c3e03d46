// Custom resources in OpenAPI documents: their operations as the facts have those of built-in ones, and their schemas.
// Model: k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder.

import type { ServedResource } from '../../api/schema.ts'
import { elementOf, type Schema } from '../custom/schema.ts'
import type { Resource, ServedVersion } from '../registry/resource.ts'
import { type Dialect, type Json, refTo } from './schemas.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const ACTIONS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'post', 'put']

/** A type that a definition makes. */
export interface CustomType {
  schema(dialect: Dialect): Json
  /** Built-in types that it refers to. */
  readonly refs: readonly string[]
}

/** A custom resource's version and its subresources as if they stood in the facts. */
export function customServed({ resource, namespaced }: Resource, version: ServedVersion): ServedResource[] {
  const { group, kind } = version
  const own = { group, version: version.version, resource, subresource: '', namespaced, actions: ACTIONS }
  return [{ ...own, kind: { group, version: version.version, kind } }, ...version.subresources.values()]
}

/** The types of a custom resource's version: its objects and lists of them. */
export function customTypes({ definition }: Resource, version: ServedVersion): Map<string, CustomType> {
  const { group, kind, typeRef, schema } = version
  if (!schema) return new Map()
  const listKind = version.listKind ?? `${kind}List`
  const selectable = Object.keys(definition.selectableFields ?? {}).filter((path) => !path.startsWith('metadata.'))
  const extensions = (name: string) => ({
    'x-kubernetes-group-version-kind': [{ group, kind: name, version: version.version }],
    ...(selectable.length > 0
      ? { 'x-kubernetes-selectable-fields': selectable.map((fieldPath) => ({ fieldPath })) }
      : {}),
  })
  const object: CustomType = {
    refs: [`${META}ObjectMeta`],
    schema: (dialect) => ({
      ...objectSchema(dialect, schema),
      ...extensions(kind),
    }),
  }
  const list: CustomType = {
    refs: [`${META}ListMeta`],
    schema: (dialect) => ({
      description: `${listKind} is a list of ${kind}`,
      type: 'object',
      required: ['items'],
      properties: {
        ...TYPE_META,
        items: {
          description: `List of ${version.typeRef.split('.').at(-1)} objects.`,
          type: 'array',
          items: { $ref: refTo(dialect, typeRef) },
        },
        metadata: reference(dialect, `${META}ListMeta`, 'Metadata of the list.'),
      },
      ...extensions(listKind),
    }),
  }
  return new Map([
    [typeRef, object],
    [listTypeRef(version), list],
  ])
}

/** The name of the list's type. */
export function listTypeRef({ typeRef, kind, listKind = `${kind}List` }: ServedVersion): string {
  return `${typeRef.slice(0, typeRef.length - kind.length)}${listKind}`
}

const TYPE_META = {
  apiVersion: {
    type: 'string',
    description:
      'The group and version of the schema that this object follows. Spec: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources',
  },
  kind: {
    type: 'string',
    description:
      'The kind of this object, in CamelCase. It cannot be changed. Spec: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds',
  },
}

function reference(dialect: Dialect, ref: string, description: string): Json {
  const $ref = refTo(dialect, ref)
  return dialect === 'v2' ? { description, $ref } : { description, allOf: [{ $ref }] }
}

function objectSchema(dialect: Dialect, schema: Schema): Json {
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true
  const { properties = {}, ...rest } = dialect === 'v2' ? forV2(schema) : forV3(schema)
  if (dialect === 'v2' && isOpen) {
    delete rest['x-kubernetes-preserve-unknown-fields']
    return { ...rest, type: 'object' }
  }
  return { ...rest, type: 'object', properties: { ...(properties as Json), ...metaOf(dialect) } }
}

function metaOf(dialect: Dialect): Json {
  const spec = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata'
  return { ...TYPE_META, metadata: reference(dialect, `${META}ObjectMeta`, `Metadata of the object. Spec: ${spec}`) }
}

/** What an object within an object has anyway. Model: addEmbeddedProperties. */
function embedded(dialect: Dialect, schema: Schema, out: Json): Json {
  if (schema['x-kubernetes-embedded-resource'] !== true) return out
  const required = new Set([...(schema.required ?? []), 'kind', 'apiVersion'])
  return { ...out, properties: { ...(out.properties as Json), ...metaOf(dialect) }, required: [...required] }
}

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }]

/** What is said of a schema is all there is but for what its extensions mean. */
function forV3(schema: Schema): Json {
  const out = within(schema, { ...(schema as Json) }, forV3)
  if (schema['x-kubernetes-int-or-string'] && !schema.anyOf && !schema.allOf) out.anyOf = INT_OR_STRING
  return embedded('v3', schema, out)
}

/** Puts the schemas within one, as `made` has them, into its place. */
function within({ items, properties, ...schema }: Schema, out: Json, made: (schema: Schema) => Json): Json {
  if (items) out.items = made(items)
  if (properties) {
    out.properties = Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, made(inner)]))
  }
  const element = elementOf(schema)
  if (element) out.additionalProperties = made(element)
  return out
}

/** OpenAPI v2 has no alternatives and no null: what would say something wrong is left out. */
function forV2(schema: Schema): Json {
  const { anyOf: _, oneOf: __, not: ___, nullable, items: ____, properties: _____, ...others } = schema
  const { additionalProperties, default: ______, ...rest } = others
  const out: Json = { ...rest }
  delete out.allOf
  // Clients that know v2 alone refuse unknown fields and null wherever a type is given.
  if (nullable || schema['x-kubernetes-preserve-unknown-fields']) {
    delete out.required
    delete out.type
    return out
  }
  if (schema['x-kubernetes-int-or-string']) delete out.type
  within(schema, out, forV2)
  if (additionalProperties === true) out.additionalProperties = true
  return embedded('v2', schema, out)
}
