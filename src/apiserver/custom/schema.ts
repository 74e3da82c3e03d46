// The OpenAPI v3 schema of a custom resource's version, as definitions hold it.

import type { ValidationRule } from '../../api/generated/apiextensions-v1.ts'
import { isRecord } from '../api-object.ts'

/** One schema. In a structural one, what stands under allOf, anyOf, oneOf and not only judges values. */
export interface Schema {
  readonly $ref?: string
  readonly id?: string
  readonly type?: string
  readonly format?: string
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly nullable?: boolean
  readonly externalDocs?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly definitions?: unknown
  readonly dependencies?: unknown
  readonly items?: Schema
  readonly additionalItems?: unknown
  readonly additionalProperties?: Schema | boolean
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: boolean
  readonly exclusiveMaximum?: boolean
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly not?: Schema
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-map-type'?: string
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[]
}

/** The schema that values under names other than the properties have; undefined when it says nothing about them. */
export function elementOf(schema: Schema): Schema | undefined {
  const { additionalProperties } = schema
  return isRecord(additionalProperties) ? (additionalProperties as Schema) : undefined
}

/** Whether any name is a field, whatever stands under it. */
export function takesAnyField(schema: Schema): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true
}

/** A property of a record, not of its prototype. */
export function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined
}

/** Sets a key that may be called `__proto__`. */
export function put(record: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(record, key, { value, enumerable: true, writable: true, configurable: true })
}

/** Whether some schema in the tree has rules in the expression language. */
export function hasRules(schema: Schema | undefined): boolean {
  if (!schema) return false
  if ((schema['x-kubernetes-validations'] ?? []).length > 0) return true
  const inner = [schema.items, elementOf(schema), ...Object.values(schema.properties ?? {}), ...(schema.allOf ?? [])]
  return inner.some(hasRules)
}

/** Whether some schema in the tree has a default. */
export function hasDefaults(schema: Schema | undefined): boolean {
  if (!schema) return false
  if (schema.default !== undefined) return true
  const { items, not, properties = {}, allOf = [], anyOf = [], oneOf = [] } = schema
  return [items, not, elementOf(schema), ...Object.values(properties), ...allOf, ...anyOf, ...oneOf].some(hasDefaults)
}
