// What a version of a definition may say, or all of them where they say the same.
// Model: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation.

import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  SelectableField,
} from '../../api/generated/apiextensions-v1.ts'
import { type FieldError, field } from '../../machinery/errors.ts'
import { fieldsSet, schemaValue } from './definition-shapes.ts'
import { fieldAt } from './rule-path.ts'
import { ruleProblems } from './rule-problems.ts'
import type { Schema } from './schema.ts'
import { defaultProblems } from './schema-defaults.ts'
import { schemaProblems } from './schema-rules.ts'
import { structuralProblems, unconvertible } from './structural.ts'

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string']
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']
const MAX_SELECTABLE = 8
const MAX_WARNING = 256

/** What a version says, and where it stands. */
export interface VersionPart {
  readonly version: Partial<CustomResourceDefinitionVersion>
  readonly hasStatus: boolean
  /** What the version had before, where more fields may be selectable than today. */
  readonly before: Partial<CustomResourceDefinitionVersion> | undefined
  /** Where the schema stands: `spec.versions[0].schema`, or for all versions `spec.validation`. */
  readonly schemaPath: string
  readonly path: string
}

/** Problems of what a version, or all of them together, say. */
export function versionProblems({ version, hasStatus, before, schemaPath, path }: VersionPart): FieldError[] {
  const { schema, subresources, additionalPrinterColumns = [], selectableFields = [] } = version
  const openApi = schema?.openAPIV3Schema as Schema | undefined
  return [
    ...(openApi ? wholeSchemaProblems(openApi, `${schemaPath}.openAPIV3Schema`, hasStatus) : []),
    ...(subresources ? scaleProblems(subresources, `${path}.subresources`) : []),
    ...additionalPrinterColumns.flatMap((column, i) =>
      columnProblems(column, `${path}.additionalPrinterColumns[${i}]`),
    ),
    ...selectableProblems(selectableFields, `${path}.selectableFields`, openApi, before?.selectableFields),
  ]
}

/** Model: validateDeprecationWarning. */
export function deprecationProblems({
  deprecated,
  deprecationWarning: text,
}: CustomResourceDefinitionVersion): string[] {
  if (text === undefined) return []
  if (!deprecated) return ['can only be set for deprecated versions']
  const problems: string[] = []
  if (Buffer.byteLength(text) > MAX_WARNING) problems.push(`must be <= ${MAX_WARNING} characters long`)
  if (text === '') problems.push('must not be an empty string')
  const bad = text.search(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u)
  if (bad >= 0) {
    const at = Buffer.byteLength(text.slice(0, bad))
    problems.push(`must only contain printable UTF-8 characters; non-printable character found at index ${at}`)
  }
  return problems
}

const AT_ROOT =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations'
const ALLOWED_AT_ROOT = new Set(AT_ROOT.split(' '))

/** Model: validateCustomResourceDefinitionValidation. */
function wholeSchemaProblems(schema: Schema, path: string, hasStatus: boolean): FieldError[] {
  const errors: FieldError[] = hasStatus ? rootProblems(schema, path) : []
  if (schema.nullable) errors.push(field.forbidden(`${path}.nullable`, 'nullable cannot be true at the root'))
  const broken = unconvertible(schema)
  const shape = broken === undefined ? structuralProblems(schema, path) : []
  const structure = broken === undefined && shape.length === 0 ? defaultProblems(schema, path) : shape
  errors.push(...structure)
  const { problems, faulty } = schemaProblems(schema, path)
  errors.push(...problems)
  if (broken === undefined && structure.length === 0) errors.push(...ruleProblems(schema, path, faulty))
  if (errors.length === 0 && broken !== undefined) errors.push(field.invalid(path, '', broken))
  return errors
}

/** Where the status is written apart, its schema is taken out of the root's, which may hence say little else. */
function rootProblems(schema: Schema, path: string): FieldError[] {
  for (const name of fieldsSet(schema)) {
    if (name === 'Type' && schema.type !== 'object') {
      const detail =
        'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
      return [field.invalid(`${path}.type`, schema.type, detail)]
    }
    if (ALLOWED_AT_ROOT.has(name)) continue
    const detail = `only [${AT_ROOT}] fields are allowed at the root of the schema if the status subresource is enabled`
    return [field.invalid(path, schemaValue(schema), detail)]
  }
  return []
}

function scaleProblems({ scale }: CustomResourceSubresources, path: string): FieldError[] {
  if (!scale) return []
  const check = (key: keyof typeof scale, prefixes: readonly string[], where: string): FieldError[] => {
    const value = scale[key]
    const at = `${path}.scale.${key}`
    if (!value) return key === 'labelSelectorPath' ? [] : [field.required(at)]
    if (!value.startsWith('.')) return [field.invalid(at, value, 'must be a simple json path starting with .')]
    if (prefixes.some((prefix) => value.startsWith(prefix))) return []
    return [field.invalid(at, value, `should be a json path under ${where}`)]
  }
  return [
    ...check('specReplicasPath', ['.spec.'], '.spec'),
    ...check('statusReplicasPath', ['.status.'], '.status'),
    ...check('labelSelectorPath', ['.spec.', '.status.'], 'either .spec or .status'),
  ]
}

function columnProblems(column: CustomResourceColumnDefinition, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { name, type, format, jsonPath } = column
  if (!name) errors.push(field.required(`${path}.name`))
  const types = `must be one of ${COLUMN_TYPES.join(',')}`
  if (!type) errors.push(field.required(`${path}.type`, types))
  else if (!COLUMN_TYPES.includes(type)) errors.push(field.invalid(`${path}.type`, type, types))
  if (format && !COLUMN_FORMATS.includes(format)) {
    errors.push(field.invalid(`${path}.format`, format, `must be one of ${COLUMN_FORMATS.join(',')}`))
  }
  // Upstream tells the path by its name in Go, and looks at nothing but its first character: validateSimpleJSONPath.
  const at = `${path}.JSONPath`
  if (!jsonPath) errors.push(field.required(at))
  else if (!jsonPath.startsWith('.')) {
    errors.push(field.invalid(at, jsonPath, 'must be a simple json path starting with .'))
  }
  return errors
}

/** Model: ValidateCustomResourceSelectableFields. */
function selectableProblems(
  fields: readonly SelectableField[],
  path: string,
  schema: Schema | undefined,
  before: readonly SelectableField[] = [],
): FieldError[] {
  if (fields.length > 0 && !schema) {
    const here = path.startsWith('spec.versions[')
    const when = here ? '`version.schema.openAPIV3Schema` is not included' : 'validations.schema is included'
    return [field.invalid(path, '', `may only be set when ${when}`)]
  }
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [i, { jsonPath }] of fields.entries()) {
    const at = `${path}[${i}].jsonPath`
    if (!jsonPath) {
      errors.push(field.required(at))
      continue
    }
    const found = fieldAt(jsonPath, schema ?? {}, { brackets: false })
    if (typeof found === 'string') {
      errors.push(field.invalid(at, jsonPath, `is an invalid path: ${found}`))
      continue
    }
    if (/^metadata(\.|\[|$)/.test(found.path)) {
      errors.push(field.invalid(at, jsonPath, 'must not point to fields in metadata'))
    }
    if (!['string', 'integer', 'boolean'].includes(found.schema.type ?? '')) {
      const detail =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'
      errors.push(field.invalid(at, jsonPath, detail))
    }
    if (seen.has(found.path)) errors.push(field.duplicate(at, jsonPath))
    seen.add(found.path)
  }
  const asBefore = before.length > MAX_SELECTABLE && JSON.stringify(before) === JSON.stringify(fields)
  if (seen.size > MAX_SELECTABLE && !asBefore) errors.push(field.tooMany(path, seen.size, MAX_SELECTABLE))
  return errors
}
