// How objects of a custom resource's version are prepared and judged. Model:
// k8s.io/apiextensions-apiserver/pkg/registry/customresource.

import type { CustomResourceDefinitionVersion } from '../../api/generated/apiextensions-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { type FieldError, field, forbidden, type StatusError } from '../../machinery/errors.ts'
import { typeName } from '../../machinery/go/value.ts'
import { qualifiedNameProblems } from '../../machinery/names.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { type ApiObject, isRecord } from '../api-object.ts'
import type { ResourceDefinition, ScalePaths, StrategyContext } from '../resource-definition.ts'
import { columnsOf } from './columns.ts'
import { embeddedProblems } from './embedded.ts'
import { selectableText } from './json-path.ts'
import { duplicateItems } from './list-types.ts'
import type { CompiledRules } from './rules.ts'
import type { Schema } from './schema.ts'
import { validateValue } from './validate.ts'

export interface StrategyOptions {
  readonly group: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly version: DeepReadonly<CustomResourceDefinitionVersion>
  readonly schema: Schema
  readonly rules: CompiledRules | undefined
  /** Whether the definition is being deleted: nothing new is made then. */
  terminating(): boolean
}

/** The hooks of one version of a custom resource. */
export function strategyOf(options: StrategyOptions): ResourceDefinition {
  const { version, schema } = options
  const hasStatus = version.subresources?.status !== undefined
  const scale = scalePathsOf(version)
  const withRules = (errors: readonly FieldError[], object: ApiObject, old?: ApiObject, warn?: Warn) => {
    const { rules } = options
    if (!rules) return errors
    if (errors.some(({ type }) => BLOCKING.has(type))) return [...errors, NOT_CHECKED]
    return [...errors, ...rules.validate(object, old, warn)]
  }
  const judge = (object: ApiObject, old?: ApiObject, context?: Pick<StrategyContext, 'warn'>) => {
    const wrongType = typeProblems(object, options)
    const own = [
      ...validateValue(object, schema, old ? { old: { value: old } } : {}),
      ...(scale ? [...scaleProblems(object, scale.specReplicas), ...scaleStatusProblems(object, scale)] : []),
    ]
    const errors = [
      ...(wrongType.length > 0 ? wrongType : own),
      ...embeddedProblems(object, schema),
      ...newDuplicates(object, old, schema),
    ]
    return withRules(errors, object, old, context?.warn)
  }
  const judgeStatus = (object: ApiObject, old: ApiObject, { warn }: Pick<StrategyContext, 'warn'>) => {
    const wrongType = typeProblems(object, options)
    const known = schema.properties?.status
    const judged =
      object.status === undefined || !known
        ? []
        : validateValue(object.status, known, { base: 'status', old: { value: old.status } })
    const own = [...judged, ...(scale ? scaleStatusProblems(object, scale) : [])]
    const errors = [...(wrongType.length > 0 ? wrongType : own), ...newDuplicates(object, old, schema)]
    return withRules(errors, object, old, warn)
  }
  return {
    group: options.group,
    resource: options.plural,
    singular: options.singular,
    ...(options.shortNames.length > 0 ? { shortNames: options.shortNames } : {}),
    ...(options.categories.length > 0 ? { categories: options.categories } : {}),
    generation: false,
    unconditionalUpdate: false,
    keepStatusOnCreate: true,
    prepareCreate(object, { warn }) {
      if (options.terminating()) throw terminatingRefusal(options, object.metadata.name ?? '')
      for (const warning of finalizerWarnings(object)) warn(warning)
      if (hasStatus) delete object.status
      object.metadata.generation = 1
    },
    prepareUpdate(object, old, { warn }) {
      for (const warning of finalizerWarnings(object, old)) warn(warning)
      if (sameJson(counted(object, hasStatus), counted(old, hasStatus))) return
      object.metadata.generation = (old.metadata.generation ?? 0) + 1
    },
    prepareStatusUpdate(object, old) {
      // Nothing but the status is written, and who owns it.
      const { managedFields, resourceVersion } = object.metadata
      const { managedFields: _, resourceVersion: __, ...metadata } = structuredClone(old.metadata)
      object.metadata = metadata
      if (managedFields !== undefined) object.metadata.managedFields = managedFields
      if (resourceVersion !== undefined) object.metadata.resourceVersion = resourceVersion
    },
    validateCreate: (object) => judge(object),
    validateUpdate: judge,
    validateStatusUpdate: judgeStatus,
    selectableFields: Object.fromEntries(
      (version.selectableFields ?? []).map(({ jsonPath }) => [
        jsonPath.replace(/^\./, ''),
        (object: ApiObject) => selectableText(object, jsonPath),
      ]),
    ),
    columns: columnsOf(version.additionalPrinterColumns),
    ...(scale ? { scale } : {}),
  }
}

/** What counts as a change of what is wanted: everything but metadata, and the status where it is written apart. */
function counted(object: ApiObject, hasStatus: boolean): object {
  const { metadata: _, status, ...rest } = object
  return hasStatus ? rest : { ...rest, status }
}

/** Model: forbidCreateAdmission. */
function terminatingRefusal({ group, plural }: StrategyOptions, name: string): StatusError {
  const why = 'create not allowed while custom resource definition is terminating'
  return forbidden({ group, resource: plural }, name, why)
}

type Warn = (message: string) => void

/** Problems after which rules are not asked any more. Model: hasBlockingErr. */
const BLOCKING: ReadonlySet<FieldError['type']> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])
const NOT_CHECKED = field.invalid(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
)

const STANDARD_FINALIZERS = new Set(['orphan', 'foregroundDeletion', 'kubernetes'])

/**
 * What is to be said of finalizers that an object did not have before. Malformed ones are refused, and nothing is said
 * then. Model: validateKubeFinalizerName.
 */
function finalizerWarnings(object: ApiObject, old?: ApiObject): string[] {
  const before = new Set(old?.metadata.finalizers ?? [])
  const names = object.metadata.finalizers ?? []
  if (names.some((name) => qualifiedNameProblems(name).length > 0)) return []
  const added = new Set(names.filter((name) => !before.has(name)))
  return [...added].sort().flatMap((name) => {
    if (name.includes('/') || STANDARD_FINALIZERS.has(name)) return []
    const path = name.includes('.') ? ' including a path (/)' : ''
    const better = `prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`
    return [`metadata.finalizers: ${JSON.stringify(name)}: ${better}`]
  })
}

function typeProblems(object: ApiObject, { kind, group, version }: StrategyOptions): FieldError[] {
  const apiVersion = `${group}/${version.name}`
  return [
    ...(object.kind === kind ? [] : [field.invalid('kind', object.kind, `must be ${kind}`)]),
    ...(object.apiVersion === apiVersion
      ? []
      : [field.invalid('apiVersion', object.apiVersion, `must be ${apiVersion}`)]),
  ]
}

/** Lists that had duplicates before may keep them. */
function newDuplicates(object: ApiObject, old: ApiObject | undefined, schema: Schema): FieldError[] {
  const errors = duplicateItems(object, schema)
  return errors.length > 0 && old && duplicateItems(old, schema).length > 0 ? [] : errors
}

function scalePathsOf(version: DeepReadonly<CustomResourceDefinitionVersion>): ScalePaths | undefined {
  const scale = version.subresources?.scale
  if (!scale) return undefined
  const names = (path: string) => path.split('.').filter((name) => name !== '')
  return {
    selector: 'path',
    specReplicas: names(scale.specReplicasPath),
    statusReplicas: names(scale.statusReplicasPath),
    ...(scale.labelSelectorPath ? { labelSelector: names(scale.labelSelectorPath) } : {}),
  }
}

const MAX_REPLICAS = 2 ** 31 - 1

/** Model: ValidateScaleSpec. */
function scaleProblems(object: ApiObject, path: readonly string[]): FieldError[] {
  const at = `.${path.join('.')}`
  const { value, problem } = nested(object, path, 'int64')
  if (problem !== undefined) return [field.invalid(at, 0, problem)]
  if (typeof value !== 'number') return []
  if (value < 0) return [field.invalid(at, value, 'should be a non-negative integer')]
  if (value > MAX_REPLICAS) return [field.invalid(at, value, `should be less than or equal to ${MAX_REPLICAS}`)]
  return []
}

/** Model: ValidateScaleStatus. */
function scaleStatusProblems(object: ApiObject, { statusReplicas, labelSelector }: ScalePaths): FieldError[] {
  const errors = scaleProblems(object, statusReplicas)
  const selector = labelSelector && nested(object, labelSelector, 'string')
  if (!labelSelector || selector?.problem === undefined) return errors
  return [...errors, field.invalid(`.${labelSelector.join('.')}`, '', selector.problem)]
}

/** A value at a path, or what is wrong with it. Model: NestedInt64 and NestedString of apimachinery's unstructured. */
function nested(
  object: ApiObject,
  path: readonly string[],
  wanted: 'int64' | 'string',
): { value?: unknown; problem?: string } {
  let value: unknown = object
  for (const [i, name] of path.entries()) {
    if (value === null) return {}
    if (!isRecord(value)) {
      return { problem: mistyped(path.slice(0, i + 1), value, 'map[string]interface{}') }
    }
    if (!Object.hasOwn(value, name)) return {}
    value = value[name]
  }
  return typeName(value) === wanted ? { value } : { problem: mistyped(path, value, wanted) }
}

function mistyped(path: readonly string[], value: unknown, wanted: string): string {
  const shown = value === null ? '<nil>' : typeof value === 'object' ? JSON.stringify(value) : String(value)
  return `.${path.join('.')} accessor error: ${shown} is of the type ${typeName(value)}, expected ${wanted}`
}
