// The types that mutating policies make: `Object`, `Object.spec` and so on, and `JSONPatch`.
// Model: k8s.io/apiserver/pkg/cel/mutation.

import type { TypeProvider } from './env.ts'
import { DYN, STRING, structType, type Type } from './types.ts'
import { List, MapValue, StructValue, type Value } from './values.ts'

/** The type of what an apply configuration comes to. */
export const OBJECT_TYPE: Type = structType('Object')
/** The type of one operation of a JSON patch. */
export const JSON_PATCH_TYPE: Type = structType('JSONPatch')

const isObject = (name: string) => name === 'Object' || name.startsWith('Object.')

/** Knows `Object…`, of which any field may be set to anything, and `JSONPatch`. */
export const MUTATION_TYPES: TypeProvider = {
  constructs: (name) => name === 'JSONPatch' || isObject(name),
  fieldType(typeName, field) {
    if (isObject(typeName)) return DYN
    if (typeName !== 'JSONPatch') return undefined
    return ['op', 'path', 'from'].includes(field) ? STRING : field === 'value' ? DYN : undefined
  },
  construct(typeName, fields) {
    const made = new StructValue(typeName)
    for (const [field, value] of fields) made.set(field, value)
    return made
  },
}

/** Knows what any of several providers knows. */
export function combineTypes(...providers: readonly TypeProvider[]): TypeProvider {
  return {
    constructs: (name) => providers.some((provider) => provider.constructs(name)),
    fieldType(typeName, field) {
      for (const provider of providers) {
        const type = provider.fieldType(typeName, field)
        if (type) return type
      }
      return undefined
    },
    construct(typeName, fields) {
      const provider = providers.find((one) => one.constructs(typeName))
      if (!provider) throw new Error(`no provider makes ${JSON.stringify(typeName)}`)
      return provider.construct(typeName, fields)
    },
  }
}

/** Objects whose type is not the one that their place in the root `Object` asks for, in upstream's words. */
export function objectNameProblems(value: Value, path = 'Object'): string[] {
  if (value instanceof List) return value.toArray().flatMap((item) => objectNameProblems(item, path))
  if (!(value instanceof MapValue)) return []
  const { typeName } = value
  const made = typeName !== undefined && isObject(typeName)
  const own =
    made && typeName !== path
      ? [`unexpected type name "${typeName}", expected "${path}", which matches field name path from root Object type`]
      : []
  const inner = value.keys().flatMap((key) => {
    const field = value.get(key)
    return field === undefined ? [] : objectNameProblems(field, made ? `${path}.${String(key)}` : path)
  })
  return [...own, ...inner]
}
