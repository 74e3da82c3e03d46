// Objects with every field of their type filled, for tests that send them through encodings and conversions.

import { type FieldSchema, typeOf } from '../api/schema.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const CRD = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.'
/** A value with every field of a type that has a protobuf number. The same every time. */
export function filledObject(ref: string): Record<string, unknown> {
  return new Filler().object(ref) as Record<string, unknown>
}

class Filler {
  #count = 0
  readonly #open: string[] = []

  /** A value with every field of the type; undefined where the type would go on in itself for ever. */
  object(ref: string): unknown {
    const known = this.#special(ref)
    if (known !== undefined) return known
    if (this.#open.filter((open) => open === ref).length > 1) return undefined
    this.#open.push(ref)
    const out: Record<string, unknown> = {}
    for (const [name, schema] of Object.entries(typeOf(ref).fields ?? {})) {
      const value = schema.pb === undefined ? undefined : this.#value(schema)
      if (value !== undefined) out[name] = value
    }
    this.#open.pop()
    return out
  }

  #value(schema: FieldSchema): unknown {
    if (schema.ref) return this.object(schema.ref)
    if (schema.map) {
      const entries = ['one', 'two/three'].map((key) => [key, this.#value(schema.map ?? {})] as const)
      return entries[0]?.[1] === undefined ? undefined : Object.fromEntries(entries)
    }
    if (schema.items) {
      const items = [this.#value(schema.items), this.#value(schema.items)]
      return items[0] === undefined ? undefined : items
    }
    const n = ++this.#count
    switch (schema.type) {
      case 'integer':
        return schema.format === 'int64' ? 2 ** 40 + n : -n
      case 'boolean':
        return true
      case 'number':
        return n + 0.5
      default:
        return schema.format === 'byte' ? Buffer.from([0, 255, n % 256]).toString('base64') : `text ${n} ü`
    }
  }

  #special(ref: string): unknown {
    const n = ++this.#count
    switch (ref) {
      case 'io.k8s.apimachinery.pkg.api.resource.Quantity':
        return `${n}m`
      case 'io.k8s.apimachinery.pkg.util.intstr.IntOrString':
        return n % 2 === 0 ? n : `${n}%`
      case 'io.k8s.apimachinery.pkg.runtime.RawExtension':
        return { apiVersion: 'example.com/v1', kind: 'Any', n }
      case `${META}Time`:
        return '2026-01-02T03:04:05Z'
      case `${META}MicroTime`:
        return '2026-01-02T03:04:05.123456Z'
      case `${META}FieldsV1`:
        return { 'f:spec': { 'f:replicas': {} } }
      case `${CRD}JSON`:
        return [n, 'x', null, { deep: [true] }]
      case `${CRD}JSONSchemaPropsOrArray`:
        return n % 2 === 0 ? { type: 'string' } : [{ type: 'string' }, { type: 'integer' }]
      case `${CRD}JSONSchemaPropsOrBool`:
        return n % 3 === 0 ? { type: 'string' } : n % 3 === 1
      case `${CRD}JSONSchemaPropsOrStringArray`:
        return n % 2 === 0 ? { type: 'string' } : ['a', 'b']
      default:
        return undefined
    }
  }
}
