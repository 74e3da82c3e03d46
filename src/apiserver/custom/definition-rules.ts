// What a definition may say. Model: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation.

import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
} from '../../api/generated/apiextensions-v1.ts'
import { type FieldError, field } from '../../machinery/errors.ts'
import { dns1035LabelProblem, dnsSubdomainProblem } from '../../machinery/names.ts'
import { immutable } from '../resources/core/workload-validation.ts'
import { conversionProblems } from './definition-conversion.ts'
import { type InternalSpec, internalSpec, versionsValue } from './definition-shapes.ts'
import { deprecationProblems, versionProblems } from './definition-versions.ts'
import { APPROVAL, approvalOf, isProtectedGroup, isTrue } from './names.ts'
import { hasDefaults, type Schema } from './schema.ts'

/** What is wrong with the name of a definition, which is called after what it defines. */
export function definitionNameProblems(name: string, { spec }: CustomResourceDefinition): string[] {
  const problem = dnsSubdomainProblem(name)
  const isCalledSo = name === `${spec.names?.plural ?? ''}.${spec.group ?? ''}`
  return [...(problem ? [problem] : []), ...(isCalledSo ? [] : ['must be spec.names.plural+"."+spec.group'])]
}

/** Problems of a new definition. */
export function definitionProblems(definition: CustomResourceDefinition): FieldError[] {
  return [...specProblems(definition.spec, undefined), ...commonProblems(definition, undefined)]
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
    ...specProblems(spec, old),
    ...(established ? immutable('spec.scope', spec.scope, old.spec.scope) : []),
    ...(established ? immutable('spec.names.kind', names.kind, old.spec.names.kind) : []),
    ...immutable('spec.group', spec.group, old.spec.group),
    ...immutable('spec.names.plural', names.plural, old.spec.names.plural),
    ...commonProblems(definition, old),
  ]
}

/** Problems of a status. Model: ValidateUpdateCustomResourceDefinitionStatus, which looks at nothing but the names. */
export function definitionStatusProblems({ status }: CustomResourceDefinition): FieldError[] {
  const { acceptedNames } = status
  return acceptedNames ? namesProblems(acceptedNames, 'status.acceptedNames') : []
}

function commonProblems(definition: CustomResourceDefinition, old: CustomResourceDefinition | undefined): FieldError[] {
  const { spec } = definition
  const errors = [
    ...definitionStatusProblems(definition),
    ...storedVersionProblems(definition),
    ...approvalProblems(definition, old),
  ]
  if (spec.preserveUnknownFields && !old?.spec.preserveUnknownFields) {
    const instead = 'set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'
    errors.push(field.invalid('spec.preserveUnknownFields', true, `cannot set to true, ${instead}`))
  }
  return errors
}

/** Who may define kinds in groups of the project is asked when the answer changes. Model: validateAPIApproval. */
function approvalProblems(
  { metadata, spec }: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  if (!spec.group || !isProtectedGroup(spec.group)) return []
  const annotation = metadata.annotations?.[APPROVAL]
  const { state, reason } = approvalOf(annotation)
  if (old && approvalOf(old.metadata.annotations?.[APPROVAL]).state === state) return []
  const at = `metadata.annotations[${APPROVAL}]`
  if (state === 'missing') return [field.required(at, reason)]
  return state === 'invalid' ? [field.invalid(at, annotation, reason)] : []
}

function specProblems(given: CustomResourceDefinitionSpec, old: CustomResourceDefinition | undefined): FieldError[] {
  const spec = internalSpec(given)
  return [
    ...groupProblems(spec),
    ...versionsProblems(spec, old && internalSpec(old.spec)),
    ...nameProblems(spec.names),
    ...versionProblems({
      version: spec.common,
      hasStatus: [spec.common, ...spec.versions].some(({ subresources }) => subresources?.status !== undefined),
      before: old && internalSpec(old.spec).common,
      schemaPath: 'spec.validation',
      path: 'spec',
    }),
    ...conversionProblems(given, old),
  ]
}

function groupProblems({ group, scope }: Pick<CustomResourceDefinitionSpec, 'group' | 'scope'>): FieldError[] {
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

/** Problems of the versions, each and together. What all have in common is judged after their names. */
function versionsProblems(
  { versions, common, listed, version: first, preserveUnknownFields }: InternalSpec,
  old: InternalSpec | undefined,
): FieldError[] {
  const errors: FieldError[] = []
  if (!common.schema?.openAPIV3Schema) {
    for (const [i, { schema }] of versions.entries()) {
      if (!schema?.openAPIV3Schema) errors.push(field.required(`spec.versions[${i}].schema.openAPIV3Schema`))
    }
  }
  const defaults = [common, ...versions].some(({ schema }) =>
    hasDefaults(schema?.openAPIV3Schema as Schema | undefined),
  )
  if (preserveUnknownFields && defaults) {
    const detail = 'must be false in order to use defaults in the schema'
    errors.push(field.invalid('spec.preserveUnknownFields', true, detail))
  }
  for (const [i, version] of versions.entries()) {
    const path = `spec.versions[${i}]`
    const { name = '' } = version
    const problem = dns1035LabelProblem(name)
    if (problem) errors.push(field.invalid(`${path}.name`, name, problem))
    for (const detail of deprecationProblems(version)) {
      // Upstream has a pointer to a text here, which is shown in JSON.
      const shown = { toJSON: () => version.deprecationWarning }
      errors.push(field.invalid(`${path}.deprecationWarning`, shown, detail))
    }
    const { subresources = common.subresources } = version
    const before = old?.versions.find((one) => one.name === name)
    const hasStatus = subresources?.status !== undefined
    errors.push(...versionProblems({ version, hasStatus, before, schemaPath: `${path}.schema`, path }))
  }
  const shown = listed ? versionsValue(versions) : null
  const refuse = (detail: string) => errors.push(field.invalid('spec.versions', shown, detail))
  if (new Set(versions.map(({ name }) => name)).size < versions.length) refuse('must contain unique version names')
  if (versions.filter(({ storage }) => storage).length !== 1) {
    refuse('must have exactly one version marked as storage version')
  }
  const problem = first ? dns1035LabelProblem(first) : undefined
  if (problem) errors.push(field.invalid('spec.version', first, problem))
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
  const each = (key: 'shortNames' | 'categories') => {
    for (const [i, name] of (names[key] ?? []).entries()) {
      const problem = dns1035LabelProblem(name)
      if (problem) errors.push(field.invalid(`${path}.${key}[${i}]`, name, problem))
    }
  }
  each('shortNames')
  if (names.kind && names.kind === names.listKind) {
    errors.push(field.invalid(`${path}.listKind`, names.listKind, 'kind and listKind may not be the same'))
  }
  each('categories')
  return errors
}

/** Versions that objects may still be stored in must stay. Model: ValidateCustomResourceDefinitionStoredVersions. */
function storedVersionProblems({ spec, status }: CustomResourceDefinition): FieldError[] {
  const versions = spec.versions ?? []
  const names = new Set(versions.map(({ name = '' }) => name))
  const stored = status.storedVersions ?? []
  const at = 'status.storedVersions'
  if (stored.length === 0) return [field.invalid(at, null, 'must have at least one stored version')]
  // Who comes second of two of one name is not known any more.
  const left = new Set(stored)
  const lacking = versions.filter(({ name = '', storage }) => !left.delete(name) && storage)
  return [
    ...lacking.map(({ name }) => field.invalid(at, stored, `must have the storage version ${name}`)),
    ...stored.flatMap((name, i) =>
      names.has(name)
        ? []
        : [
            field.invalid(
              `${at}[${i}]`,
              name,
              `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
            ),
          ],
    ),
  ]
}
