// CustomResourceDefinitions: kinds that users make. What follows from one: apiserver/custom.

import type { CustomResourceDefinition } from '../../../api/generated/apiextensions-v1.ts'
import { formatTime } from '../../../machinery/clock.ts'
import {
  definitionNameProblems,
  definitionProblems,
  definitionStatusProblems,
  definitionUpdateProblems,
} from '../../custom/definition-rules.ts'
import { unknownFormats } from '../../custom/formats.ts'
import { isTrue, withCondition } from '../../custom/names.ts'
import type { Schema } from '../../custom/schema.ts'
import { defineResource } from '../../resource-definition.ts'
import { genericColumns } from '../columns/common.ts'

/** Keeps a definition until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io'

export const customResourceDefinitions = defineResource<CustomResourceDefinition>({
  group: 'apiextensions.k8s.io',
  resource: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  unconditionalUpdate: false,
  storagePrefix: 'apiextensions.k8s.io/customresourcedefinitions',
  defaults(definition) {
    const { spec, status } = definition
    const storage = storageOf(definition)
    if (status && storage !== undefined && !status.storedVersions?.length) status.storedVersions = [storage]
    spec.conversion ??= { strategy: 'None' }
    if (spec.names) {
      spec.names.singular ||= spec.names.kind?.toLowerCase()
      if (spec.names.kind) spec.names.listKind ||= `${spec.names.kind}List`
    }
    const { webhook } = spec.conversion
    if (webhook?.clientConfig?.service) webhook.clientConfig.service.port ??= 443
  },
  prepareCreate(definition) {
    const storage = storageOf(definition)
    definition.status = {
      acceptedNames: { plural: '', kind: '' },
      ...(storage === undefined ? {} : { storedVersions: [storage] }),
    }
  },
  prepareUpdate(definition, old) {
    const storage = storageOf(definition)
    const stored = old.status.storedVersions ?? []
    const all = storage === undefined || stored.includes(storage) ? stored : [...stored, storage]
    definition.status = { ...old.status, storedVersions: [...all] }
  },
  prepareDelete(definition, now) {
    // Of a kind that was never served there are no objects to wait for.
    if (!isTrue(definition, 'Established')) return
    const { metadata, status } = definition
    metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), CLEANUP_FINALIZER])]
    if ((status.conditions ?? []).some((c) => c.type === 'Terminating' && c.status === 'True')) return
    const condition = {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    }
    status.conditions = [...withCondition(status.conditions ?? [], condition, formatTime(now))]
  },
  nameProblem: definitionNameProblems,
  validateCreate: definitionProblems,
  validateUpdate: definitionUpdateProblems,
  validateStatusUpdate: definitionStatusProblems,
  // A format that nobody knows checks nothing: whoever wrote it should hear of that, once.
  warnings(definition, old) {
    const known = new Set(old ? formatsOf(old) : [])
    const found = formatsOf(definition).filter((format) => !known.has(format))
    return [...new Set(found)].map((format) => `unrecognized format ${JSON.stringify(format)}`)
  },
  columns: genericColumns,
})

function storageOf({ spec }: CustomResourceDefinition): string | undefined {
  const found = (spec.versions ?? []).find((version) => version.storage)
  return found && (found.name ?? '')
}

function formatsOf({ spec }: CustomResourceDefinition): readonly string[] {
  return (spec.versions ?? []).flatMap((v) => [...unknownFormats(v.schema?.openAPIV3Schema as Schema | undefined)])
}
