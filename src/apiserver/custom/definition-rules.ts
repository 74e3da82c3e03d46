// What a definition may say. Model: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation.

import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  SelectableField,
} from '../../api/generated/apiextensions-v1.ts'
import { type FieldError, field } from '../../machinery/errors.ts'
import { dns1035LabelProblem, dnsSubdomainProblem } from '../../machinery/names.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { immutable } from '../resources/core/workload-validation.ts'
import { webhookClientProblems } from '../webhook-client-problems.ts'
import { follow, JsonPathError, parseJsonPath } from './json-path.ts'
import { APPROVAL, isProtectedGroup, isTrue } from './names.ts'
import { ruleProblems } from './rule-problems.ts'
import { own, type Schema } from './schema.ts'
import { defaultProblems, schemaProblems } from './schema-rules.ts'
import { structuralProblems } from './structural.ts'

const STORAGE = 'must have exactly one version marked as storage version'
const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string']
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']
const REVIEW_VERSIONS = ['v1', 'v1beta1']
const MAX_SELECTABLE = 8

/** Problems of a definition by itself; `old` is what it was before an update. */
export function definitionProblems(
  { metadata, spec }: CustomResourceDefinition,
  old?: CustomResourceDefinition,
): FieldError[] {
  const errors: FieldError[] = []
  const expected = `${spec.names?.plural}.${spec.group}`
  if (metadata.name !== expected) {
    errors.push(field.invalid('metadata.name', metadata.name ?? '', 'must be spec.names.plural+"."+spec.group'))
  }
  if (spec.group && isProtectedGroup(spec.group)) errors.push(...approvalProblems(metadata.annotations?.[APPROVAL]))
  errors.push(...groupProblems(spec), ...nameProblems(spec.names), ...versionProblems(spec))
  if (spec.preserveUnknownFields) {
    const instead = 'set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'
    errors.push(field.invalid('spec.preserveUnknownFields', true, `cannot set to true, ${instead}`))
  }
  const conversion = conversionProblems(spec)
  errors.push(...(mayHaveBadBundle(old) ? conversion.filter(({ path }) => path !== BUNDLE) : conversion))
  return errors
}

const BUNDLE = 'spec.conversion.webhookClientConfig.caBundle'

/** Before a kind is established, and where it was so before, authorities may be anything. Model: allowInvalidCABundle. */
function mayHaveBadBundle(old: CustomResourceDefinition | undefined): boolean {
  if (!old || !isTrue(old, 'Established')) return true
  return conversionProblems(old.spec).some(({ path }) => path === BUNDLE)
}

function approvalProblems(annotation: string | undefined): FieldError[] {
  const at = `metadata.annotations[${APPROVAL}]`
  const must = `protected groups must have approval annotation "${APPROVAL}"`
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111'
  if (!annotation) return [field.required(at, `${must}, ${see}`)]
  if (annotation.startsWith('unapproved') || URL.canParse(annotation)) return []
  return [field.invalid(at, annotation, `${must} with either a URL or a reason starting with "unapproved", ${see}`)]
}

function groupProblems({ group, scope }: CustomResourceDefinitionSpec): FieldError[] {
  const errors: FieldError[] = []
  const problem = group && dnsSubdomainProblem(group)
  if (!group) errors.push(field.required('spec.group'))
  else if (problem) errors.push(field.invalid('spec.group', group, problem))
  else if (!group.includes('.')) {
    errors.push(field.invalid('spec.group', group, 'should be a domain with at least one dot'))
  }
  const scopes = ['Cluster', 'Namespaced']
  if (!scope) errors.push(field.required('spec.scope'))
  else if (!scopes.includes(scope)) errors.push(field.notSupported('spec.scope', scope, scopes))
  return errors
}

const NAMES = ['plural', 'singular', 'kind', 'listKind'] as const

function nameProblems(names: Partial<CustomResourceDefinitionNames> = {}): FieldError[] {
  const missing = NAMES.filter((key) => !names[key]).map((key) => field.required(`spec.names.${key}`))
  return [...missing, ...namesProblems(names, 'spec.names')]
}

/** Problems of the names that there are. Model: ValidateCustomResourceDefinitionNames. */
function namesProblems(names: Partial<CustomResourceDefinitionNames>, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const key of NAMES) {
    const name = names[key]
    if (!name) continue
    const mixed = key === 'kind' || key === 'listKind'
    const problem = dns1035LabelProblem(mixed ? name.toLowerCase() : name)
    const detail = mixed ? `may have mixed case, but should otherwise match: ${problem}` : (problem ?? '')
    if (problem) errors.push(field.invalid(`${path}.${key}`, name, detail))
  }
  for (const key of ['shortNames', 'categories'] as const) {
    for (const [i, name] of (names[key] ?? []).entries()) {
      const problem = dns1035LabelProblem(name)
      if (problem) errors.push(field.invalid(`${path}.${key}[${i}]`, name, problem))
    }
  }
  if (names.kind && names.kind === names.listKind) {
    errors.push(field.invalid(`${path}.listKind`, names.listKind, 'kind and listKind may not be the same'))
  }
  return errors
}

const MAX_WARNING = 256

function deprecationProblems({ deprecated, deprecationWarning: text }: CustomResourceDefinitionVersion): string[] {
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

function versionProblems({ versions = [] }: CustomResourceDefinitionSpec): FieldError[] {
  const errors: FieldError[] = []
  const names = versions.map((v) => v.name)
  for (const [i, version] of versions.entries()) {
    const problem = dns1035LabelProblem(version.name ?? '')
    if (problem) errors.push(field.invalid(`spec.versions[${i}].name`, version.name ?? '', problem))
    for (const detail of deprecationProblems(version)) {
      errors.push(field.invalid(`spec.versions[${i}].deprecationWarning`, version.deprecationWarning, detail))
    }
  }
  if (new Set(names).size < names.length) {
    errors.push(field.invalid('spec.versions', names, 'must contain unique version names'))
  }
  if (versions.filter((v) => v.storage).length !== 1) errors.push(field.invalid('spec.versions', names, STORAGE))
  for (const [i, version] of versions.entries()) {
    if (!version.schema?.openAPIV3Schema) {
      errors.push(field.required(`spec.versions[${i}].schema.openAPIV3Schema`))
    }
  }
  // What all versions have in common upstream looks at once, and names it by where it stood before there were versions.
  const [first] = versions
  const shared = (key: keyof CustomResourceDefinitionVersion) =>
    versions.every((version) => sameJson(version[key], first?.[key]))
  const each = <K extends keyof CustomResourceDefinitionVersion>(
    key: K,
    top: string,
    check: (
      value: CustomResourceDefinitionVersion[K],
      path: string,
      version: CustomResourceDefinitionVersion,
    ) => FieldError[],
  ) => {
    if (first && shared(key)) errors.push(...check(first[key], `spec.${top}`, first))
    else for (const [i, v] of versions.entries()) errors.push(...check(v[key], `spec.versions[${i}].${key}`, v))
  }
  each('schema', 'validation', (schema, path, version) =>
    schema?.openAPIV3Schema
      ? wholeSchemaProblems(schema.openAPIV3Schema as Schema, `${path}.openAPIV3Schema`, version)
      : [],
  )
  each('subresources', 'subresources', (subresources, path) => (subresources ? scaleProblems(subresources, path) : []))
  each('additionalPrinterColumns', 'additionalPrinterColumns', (columns, path) =>
    (columns ?? []).flatMap((column, i) => columnProblems(column, `${path}[${i}]`)),
  )
  each('selectableFields', 'selectableFields', (fields, path, version) =>
    selectableProblems(fields ?? [], path, version.schema?.openAPIV3Schema as Schema | undefined),
  )
  return errors
}

const AT_ROOT = new Set(['description', 'type', 'properties', 'required', 'title', 'externalDocs'])

function wholeSchemaProblems(
  schema: Schema,
  path: string,
  { subresources }: CustomResourceDefinitionVersion,
): FieldError[] {
  const errors: FieldError[] = []
  if (subresources?.status) {
    const odd = Object.keys(schema).find(
      (name) => !AT_ROOT.has(name) && !name.startsWith('x-kubernetes-') && !/^(?:all|any|one)Of$|^not$/.test(name),
    )
    if (odd) {
      const detail =
        'only ["description" "type" "required" "title" "externalDocs" "properties" "allOf" "anyOf" "oneOf" "not"] fields are allowed at the root of the schema if the status subresource is enabled'
      errors.push(field.invalid(path, schema, detail))
    }
  }
  if (schema.nullable) errors.push(field.forbidden(`${path}.nullable`, 'nullable cannot be true at the root'))
  errors.push(...schemaProblems(schema, path))
  // An ill-formed schema cannot be looked at any closer.
  if (errors.length > 0) return errors
  errors.push(...structuralProblems(schema, path))
  if (errors.length > 0) return errors
  const defaults = defaultProblems(schema, path)
  return defaults.length > 0 ? defaults : ruleProblems(schema, path)
}

function scaleProblems({ scale }: CustomResourceSubresources, path: string): FieldError[] {
  if (!scale) return []
  const check = (key: keyof typeof scale, under: string, required: boolean): FieldError[] => {
    const value = scale[key]
    const at = `${path}.scale.${key}`
    if (!value) return required ? [field.required(at)] : []
    if (!value.startsWith('.')) return [field.invalid(at, value, 'must be a simple json path starting with .')]
    const prefixes = under === 'label' ? ['.spec.', '.status.'] : [under]
    if (prefixes.some((prefix) => value.startsWith(prefix))) return []
    const where = under === 'label' ? 'either .spec or .status' : under.slice(0, -1)
    return [field.invalid(at, value, `should be a json path under ${where}`)]
  }
  return [
    ...check('specReplicasPath', '.spec.', true),
    ...check('statusReplicasPath', '.status.', true),
    ...check('labelSelectorPath', 'label', false),
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
  // Upstream tells the path by its name in Go.
  const at = `${path}.JSONPath`
  if (!jsonPath) return [...errors, field.required(at)]
  if (!jsonPath.startsWith('.'))
    return [...errors, field.invalid(at, jsonPath, 'must be a simple json path starting with .')]
  const problem = pathProblem(jsonPath)
  return problem === undefined ? errors : [...errors, field.invalid(at, jsonPath, problem)]
}

function pathProblem(path: string): string | undefined {
  try {
    parseJsonPath(path)
    return undefined
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error
    return `is an invalid path: ${error.message}`
  }
}

function selectableProblems(
  fields: readonly SelectableField[],
  path: string,
  schema: Schema | undefined,
): FieldError[] {
  const errors: FieldError[] = []
  if (fields.length > MAX_SELECTABLE) errors.push(field.tooMany(path, fields.length, MAX_SELECTABLE))
  const seen = new Set<string>()
  for (const [i, { jsonPath }] of fields.entries()) {
    const at = `${path}[${i}].jsonPath`
    if (!jsonPath) errors.push(field.required(at))
    else if (pathProblem(jsonPath) !== undefined || !/^\.[^[\]]+$/.test(jsonPath)) {
      errors.push(field.invalid(at, jsonPath, 'is an invalid path: only field names are allowed'))
    } else if (/^\.metadata(\.|$)/.test(jsonPath))
      errors.push(field.invalid(at, jsonPath, 'must not point to fields in metadata'))
    else {
      const found = schemaAt(schema, jsonPath.slice(1).split('.'))
      if (!found) errors.push(field.invalid(at, jsonPath, 'is an invalid path: does not refer to a valid field'))
      else if (!['string', 'integer', 'boolean'].includes(found.type ?? '')) {
        const detail =
          'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'
        errors.push(field.invalid(at, jsonPath, detail))
      }
    }
    if (jsonPath && seen.has(jsonPath)) errors.push(field.duplicate(at, jsonPath))
    seen.add(jsonPath)
  }
  return errors
}

function schemaAt(schema: Schema | undefined, names: readonly string[]): Schema | undefined {
  return names.reduce<Schema | undefined>((at, name) => own(at?.properties, name), schema)
}

function conversionProblems({ conversion, preserveUnknownFields }: CustomResourceDefinitionSpec): FieldError[] {
  if (!conversion) return []
  const { strategy, webhook } = conversion
  const strategies = ['None', 'Webhook']
  const at = 'spec.conversion'
  const versions = webhook?.conversionReviewVersions ?? []
  const errors: FieldError[] = []
  if (!strategy) errors.push(field.required(`${at}.strategy`))
  else if (!strategies.includes(strategy)) errors.push(field.notSupported(`${at}.strategy`, strategy, strategies))
  if (strategy !== 'Webhook') {
    const detail = 'should not be set when strategy is not set to Webhook'
    if (webhook?.clientConfig) errors.push(field.forbidden(`${at}.webhookClientConfig`, detail))
    if (versions.length > 0) errors.push(field.forbidden(`${at}.conversionReviewVersions`, detail))
    return errors
  }
  const client = webhook?.clientConfig
  errors.push(
    ...(client
      ? webhookClientProblems(`${at}.webhookClientConfig`, client)
      : [field.required(`${at}.webhookClientConfig`, 'required when strategy is set to Webhook')]),
    ...reviewVersionProblems(versions, `${at}.conversionReviewVersions`),
  )
  if (preserveUnknownFields) {
    const detail = 'must be None if spec.preserveUnknownFields is true'
    errors.push(field.invalid(`${at}.strategy`, strategy, detail))
  }
  return errors
}

function reviewVersionProblems(versions: readonly string[], path: string): FieldError[] {
  if (versions.length === 0) return [field.required(path)]
  const errors: FieldError[] = []
  for (const [i, version] of versions.entries()) {
    const problem = versions.indexOf(version) < i ? 'duplicate version' : dns1035LabelProblem(version)
    if (problem) errors.push(field.invalid(`${path}[${i}]`, version, problem))
  }
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    errors.push(field.invalid(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`))
  }
  return errors
}

/** Problems of a change. */
export function definitionUpdateProblems(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition,
): FieldError[] {
  const { spec } = definition
  const established = isTrue(old, 'Established')
  const names: Partial<CustomResourceDefinitionNames> = spec.names ?? {}
  return [
    ...(established ? immutable('spec.scope', spec.scope, old.spec.scope) : []),
    ...(established ? immutable('spec.names.kind', names.kind, old.spec.names.kind) : []),
    ...immutable('spec.group', spec.group, old.spec.group),
    ...immutable('spec.names.plural', names.plural, old.spec.names.plural),
    ...storedVersionProblems(definition),
  ]
}

/** Problems of a status. Model: ValidateUpdateCustomResourceDefinitionStatus, which looks at nothing but the names. */
export function definitionStatusProblems({ status }: CustomResourceDefinition): FieldError[] {
  const { acceptedNames } = status
  return acceptedNames ? namesProblems(acceptedNames, 'status.acceptedNames') : []
}

/** Versions that objects may still be stored in must stay. */
function storedVersionProblems({ spec, status }: CustomResourceDefinition): FieldError[] {
  const versions = spec.versions ?? []
  const names = new Set(versions.map((v) => v.name))
  const stored = status.storedVersions ?? []
  const errors = stored.flatMap((name, i) =>
    names.has(name)
      ? []
      : [
          field.invalid(
            `status.storedVersions[${i}]`,
            name,
            `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
          ),
        ],
  )
  const storage = versions.find((v) => v.storage)?.name
  if (storage !== undefined && !stored.includes(storage)) {
    errors.push(field.invalid('status.storedVersions', stored, `must have the storage version ${storage}`))
  }
  return errors
}

/** The text that a field selector compares. */
export function selectableText(object: unknown, jsonPath: string): string {
  const [value] = follow(parseJsonPath(jsonPath), object)
  return value === undefined || value === null ? '' : String(value)
}
