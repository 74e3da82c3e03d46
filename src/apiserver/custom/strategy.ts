// How objects of a custom resource's version are prepared and judged. Model:
// k8s.io/apiextensions-apiserver/pkg/registry/customresource.

import type { CustomResourceDefinitionVersion } from '../../api/generated/apiextensions-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { type FieldError, field, StatusError } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { ApiObject } from '../api-object.ts'
import { valueAt } from '../registry/scale.ts'
import type { ResourceDefinition, ScalePaths, StrategyContext } from '../resource-definition.ts'
import { columnsOf } from './columns.ts'
import { selectableText } from './definition-rules.ts'
import { embeddedProblems } from './embedded.ts'
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
  const judge = (object: ApiObject, old?: ApiObject, context?: Pick<StrategyContext, 'warn'>) => [
    ...typeProblems(object, options),
    ...validateValue(object, schema, old ? { old: { value: old } } : {}),
    ...newDuplicates(object, old, schema),
    ...embeddedProblems(object, schema),
    ...(scale ? scaleProblems(object, scale) : []),
    ...(options.rules?.validate(object, old, context?.warn) ?? []),
  ]
  return {
    group: options.group,
    resource: options.plural,
    singular: options.singular,
    ...(options.shortNames.length > 0 ? { shortNames: options.shortNames } : {}),
    ...(options.categories.length > 0 ? { categories: options.categories } : {}),
    generation: false,
    unconditionalUpdate: false,
    keepStatusOnCreate: true,
    prepareCreate(object) {
      if (options.terminating()) throw terminatingRefusal(options)
      if (hasStatus) delete object.status
      object.metadata.generation = 1
    },
    prepareUpdate(object, old) {
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
    validateStatusUpdate: judge,
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

function terminatingRefusal({ group, plural }: StrategyOptions): StatusError {
  return new StatusError({
    message: 'create not allowed while custom resource definition is terminating',
    reason: 'MethodNotAllowed',
    details: { group, kind: plural },
    code: 405,
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

function scaleProblems(object: ApiObject, { specReplicas, statusReplicas }: ScalePaths): FieldError[] {
  return [specReplicas, statusReplicas].flatMap((path) => {
    const value = valueAt(object, path)
    if (typeof value !== 'number' || value >= 0) return []
    return [field.invalid(`.${path.join('.')}`, value, 'should be a non-negative integer')]
  })
}
