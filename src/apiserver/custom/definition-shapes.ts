// How upstream's server holds definitions inside: the fields that its messages show, in order, and what all versions
// have in common said once. Facts: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions.

import type {
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from '../../api/generated/apiextensions-v1.ts'
import { goStruct, type Shapes, structValue } from '../../machinery/go/struct-json.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { isRecord } from '../api-object.ts'
import type { Schema } from './schema.ts'

const SHAPES: Shapes = {
  CustomResourceDefinitionVersion: [
    'Name Served:b Storage:b Deprecated:b DeprecationWarning:*s Schema:*CustomResourceValidation',
    'Subresources:*CustomResourceSubresources AdditionalPrinterColumns:[]CustomResourceColumnDefinition',
    'SelectableFields:[]SelectableField',
  ].join(' '),
  CustomResourceValidation: 'OpenAPIV3Schema=openAPIV3Schema:*JSONSchemaProps',
  CustomResourceSubresources: 'Status:*CustomResourceSubresourceStatus Scale:*CustomResourceSubresourceScale',
  CustomResourceSubresourceStatus: '',
  CustomResourceSubresourceScale: 'SpecReplicasPath StatusReplicasPath LabelSelectorPath:*s',
  CustomResourceColumnDefinition: 'Name Type Format Description Priority:i JSONPath',
  SelectableField: 'JSONPath',
  JSONSchemaProps: [
    'ID Schema=$schema Ref=$ref:*s Description Type Nullable:b Format Title Default:*j Maximum:*i ExclusiveMaximum:b',
    'Minimum:*i ExclusiveMinimum:b MaxLength:*i MinLength:*i Pattern MaxItems:*i MinItems:*i UniqueItems:b',
    'MultipleOf:*i Enum:[]j MaxProperties:*i MinProperties:*i Required:[]s Items:*JSONSchemaPropsOrArray',
    'AllOf:[]JSONSchemaProps OneOf:[]JSONSchemaProps AnyOf:[]JSONSchemaProps Not:*JSONSchemaProps',
    'Properties:{}JSONSchemaProps AdditionalProperties:*JSONSchemaPropsOrBool PatternProperties:{}JSONSchemaProps',
    'Dependencies:{}JSONSchemaPropsOrStringArray AdditionalItems:*JSONSchemaPropsOrBool',
    'Definitions:{}JSONSchemaProps ExternalDocs:*ExternalDocumentation Example:*j',
    'XPreserveUnknownFields=x-kubernetes-preserve-unknown-fields:*b',
    'XEmbeddedResource=x-kubernetes-embedded-resource:b XIntOrString=x-kubernetes-int-or-string:b',
    'XListMapKeys=x-kubernetes-list-map-keys:[]s XListType=x-kubernetes-list-type:*s',
    'XMapType=x-kubernetes-map-type:*s XValidations=x-kubernetes-validations:[]ValidationRule',
  ].join(' '),
  JSONSchemaPropsOrArray: 'Schema:*JSONSchemaProps JSONSchemas:[]JSONSchemaProps',
  JSONSchemaPropsOrBool: 'Allows:b Schema:*JSONSchemaProps',
  JSONSchemaPropsOrStringArray: 'Schema:*JSONSchemaProps Property:[]s',
  ExternalDocumentation: 'Description URL',
  ValidationRule: 'Rule Message MessageExpression Reason:*s FieldPath OptionalOldSelf:*b',
}

/** What versions have in common stands once beside them. Model: Convert_v1_CustomResourceDefinitionSpec. */
export type InternalSpec = Omit<CustomResourceDefinitionSpec, 'versions'> & {
  readonly versions: readonly CustomResourceDefinitionVersion[]
  readonly common: Partial<CustomResourceDefinitionVersion>
  /** Whether there is a list of versions, be it empty. */
  readonly listed: boolean
  /** The name of the first version. */
  readonly version: string
}

const SHARED = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const

/** A definition as upstream's rules look at it. */
export function internalSpec(spec: CustomResourceDefinitionSpec): InternalSpec {
  const given = spec.versions ?? []
  const [first] = given
  const same = (a: unknown, b: unknown) => sameJson(a ?? [], b ?? [])
  const shared = SHARED.filter((key) => first && given.every((version) => same(version[key], first[key])))
  const common: Partial<CustomResourceDefinitionVersion> = {}
  for (const key of shared) if (first?.[key] !== undefined) Object.assign(common, { [key]: first[key] })
  const versions = given.map((version) => {
    const own = { ...version }
    for (const key of shared) delete own[key]
    return own
  })
  return { ...spec, versions, common, listed: Array.isArray(spec.versions), version: first?.name ?? '' }
}

/** Versions, as messages show them. */
export function versionsValue(versions: readonly CustomResourceDefinitionVersion[]): unknown {
  return versions.map((version) => {
    const schema = version.schema && {
      ...version.schema,
      ...(version.schema.openAPIV3Schema
        ? { openAPIV3Schema: internalSchema(version.schema.openAPIV3Schema as Schema) }
        : {}),
    }
    return structValue(SHAPES, 'CustomResourceDefinitionVersion', { ...version, ...(schema ? { schema } : {}) })
  })
}

/** A schema, as messages show it. */
export function schemaValue(schema: Schema): unknown {
  return structValue(SHAPES, 'JSONSchemaProps', internalSchema(schema))
}

/** A rule, as messages show it. */
export function ruleValue(rule: object): unknown {
  return structValue(SHAPES, 'ValidationRule', rule)
}

const ZEROS: ReadonlySet<unknown> = new Set([null, '', false, 0])

/** The fields of a schema that are set, by their names inside, in order. */
export function fieldsSet(schema: Schema): string[] {
  const fields = [...goStruct(SHAPES, 'JSONSchemaProps', internalSchema(schema))]
  return fields.filter(([, value]) => !ZEROS.has(value)).map(([name]) => name)
}

/** What may be a schema or something else is a struct of both inside. */
function internalSchema(schema: Schema): object {
  const { items, additionalProperties, additionalItems, ...rest } = schema as Schema & { example?: unknown }
  const within = (value: unknown) => (isRecord(value) ? internalSchema(value as Schema) : value)
  const list = (value: unknown) => (Array.isArray(value) ? value.map(within) : value)
  const map = (value: unknown) =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, within(inner)])) : value
  const orBool = (value: unknown) =>
    isRecord(value) ? { allows: true, schema: within(value) } : { allows: value === true }
  const out: Record<string, unknown> = { ...rest }
  if (items !== undefined) out.items = Array.isArray(items) ? { jsonSchemas: list(items) } : { schema: within(items) }
  if (additionalProperties !== undefined) out.additionalProperties = orBool(additionalProperties)
  if (additionalItems !== undefined) out.additionalItems = orBool(additionalItems)
  for (const key of ['allOf', 'anyOf', 'oneOf']) if (out[key] !== undefined) out[key] = list(out[key])
  for (const key of ['properties', 'patternProperties', 'definitions'])
    if (out[key] !== undefined) out[key] = map(out[key])
  if (isRecord(out.dependencies)) {
    const entries = Object.entries(out.dependencies).map(([key, value]) => [
      key,
      Array.isArray(value) ? { property: value } : { schema: within(value) },
    ])
    out.dependencies = Object.fromEntries(entries)
  }
  if (out.not !== undefined) out.not = within(out.not)
  return out
}
