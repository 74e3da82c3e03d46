// OpenAPI v3 schemas as `explain` reads them.

import { isObject } from '../object.ts'

/** The parts of a schema that are explained. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly allOf?: readonly Schema[]
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[]
}

/** A kind as schemas and operations name it. */
export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** A served resource. */
export interface GroupVersionResource {
  readonly group: string
  readonly version: string
  readonly resource: string
}

/** `apps/v1, Resource=deployments`, as messages name a resource. */
export function resourceText({ group, version, resource }: GroupVersionResource): string {
  return `${group}/${version}, Resource=${resource}`
}

/** An OpenAPI v3 document. */
export interface OpenApiDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> }
}

/** What a reference inside the document points at; undefined when it points elsewhere or at nothing. */
export function resolveReference(reference: string | undefined, document: OpenApiDocument): Schema | undefined {
  if (!reference?.startsWith('#')) return undefined
  let current: unknown = document
  for (const part of decodeURIComponent(reference.slice(1)).split('/')) {
    if (part === '') continue
    current = isObject(current) && Object.hasOwn(current, part) ? current[part] : undefined
    if (!isObject(current)) return undefined
  }
  return current as Schema
}

/** The schema of a map's values, if the schema is one of a map. */
export function valuesOf(schema: Schema): Schema | undefined {
  return isObject(schema.additionalProperties) ? (schema.additionalProperties as Schema) : undefined
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/** The kind that the operations on a resource name. */
export function kindOfResource(
  document: OpenApiDocument,
  { group, version, resource }: GroupVersionResource,
): GroupVersionKind | undefined {
  const prefix = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const cluster = `${prefix}/${resource}`
  const namespaced = `${prefix}/namespaces/{namespace}/${resource}`
  let found: GroupVersionKind | undefined
  for (const path of [cluster, `${cluster}/{name}`, namespaced, `${namespaced}/{name}`]) {
    for (const method of METHODS) {
      const operation = document.paths?.[path]?.[method]
      if (!isObject(operation)) continue
      found = operation['x-kubernetes-group-version-kind'] as GroupVersionKind | undefined
      if (found) break
    }
  }
  return found
}

/** The schema of a kind's objects: the first by name that says it is this kind's. */
export function schemaOfKind(document: OpenApiDocument, wanted: GroupVersionKind): Schema | undefined {
  const schemas = document.components?.schemas ?? {}
  for (const name of Object.keys(schemas).sort()) {
    const kinds = schemas[name]?.['x-kubernetes-group-version-kind']
    if (!Array.isArray(kinds)) continue
    if (kinds.some((k) => k.group === wanted.group && k.version === wanted.version && k.kind === wanted.kind)) {
      return schemas[name]
    }
  }
  return undefined
}
