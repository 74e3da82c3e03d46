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
export function customTypes(version: ServedVersion): Map<string, CustomType> {
  const { group, kind, typeRef, schema } = version
  if (!schema) return new Map()
  const listKind = version.listKind ?? `${kind}List`
  const gvk = (name: string) => [{ group, kind: name, version: version.version }]
  const object: CustomType = {
    refs: [`${META}ObjectMeta`],
    schema: (dialect) => ({
      ...objectSchema(dialect, schema),
      'x-kubernetes-group-version-kind': gvk(kind),
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
      'x-kubernetes-group-version-kind': gvk(listKind),
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
  const open = schema['x-kubernetes-preserve-unknown-fields'] && !schema.properties
  const { properties = {}, ...rest } = dialect === 'v2' ? forV2(schema) : (schema as Json)
  if (open) return { ...rest, type: 'object' }
  return {
    ...rest,
    type: 'object',
    properties: {
      ...(properties as Json),
      ...TYPE_META,
      metadata: reference(
        dialect,
        `${META}ObjectMeta`,
        'Metadata of the object. Spec: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata',
      ),
    },
  }
}

/** OpenAPI v2 has no alternatives and no null: what would say something wrong is left out. */
function forV2(schema: Schema): Json {
  const { anyOf: _, oneOf: __, not: ___, nullable, items, properties, additionalProperties, ...rest } = schema
  const out: Json = { ...rest }
  delete out.allOf
  // Clients that know v2 alone refuse unknown fields and null wherever a type is given.
  if (nullable || (schema['x-kubernetes-preserve-unknown-fields'] && !schema['x-kubernetes-embedded-resource'])) {
    delete out.required
    if (nullable) delete out.type
    return out
  }
  if (schema['x-kubernetes-int-or-string']) delete out.type
  if (items) out.items = forV2(items)
  if (properties) {
    out.properties = Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, forV2(inner)]))
  }
  const element = elementOf(schema)
  if (element) out.additionalProperties = forV2(element)
  else if (additionalProperties === true) out.additionalProperties = true
  return out
}
