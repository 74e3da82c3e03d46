// statefulsets and controllerrevisions.
// Spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/stateful-set-v1/

import type {
  ControllerRevision,
  RollingUpdateStatefulSetStrategy,
  StatefulSet,
} from '../../../api/generated/apps-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, labelSelectorText, nameColumn, number, text, workloadWideColumns } from '../columns/common.ts'
import { checkAtMostWhole, checkIntOrPercent, invalidFor, isZero } from '../core/field-checks.ts'
import { defaultTemplate } from '../core/pod-defaults.ts'
import { checkCollisions, checkCounts, checkPartsOf } from '../core/status-counts.ts'
import { defaultClaimSpec } from '../core/volume-defaults.ts'
import {
  immutable,
  nonNegative,
  validateRunningTemplate,
  validateWorkloadSelector,
} from '../core/workload-validation.ts'
import { validateClaimSpec } from '../storage/claim-validation.ts'

const UPDATE_FORBIDDEN =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
const MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
]

const PARTS = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const
const STATUS_COUNTS = ['replicas', ...PARTS, 'observedGeneration', 'collisionCount'] as const

export const statefulSets = defineResource<StatefulSet>({
  group: 'apps',
  resource: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  scale: { selector: 'selector' },
  nameProblem: dnsLabelProblem,
  defaults({ spec }) {
    spec.podManagementPolicy ??= 'OrderedReady'
    spec.updateStrategy ??= {}
    spec.updateStrategy.type ??= 'RollingUpdate'
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {}
      spec.updateStrategy.rollingUpdate.partition ??= 0
    }
    spec.persistentVolumeClaimRetentionPolicy ??= {}
    spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain'
    spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain'
    spec.replicas ??= 1
    spec.revisionHistoryLimit ??= 10
    defaultTemplate(spec)
    for (const claim of spec.volumeClaimTemplates ?? []) {
      claim.apiVersion ??= 'v1'
      claim.kind ??= 'PersistentVolumeClaim'
      claim.spec ??= {}
      defaultClaimSpec(claim.spec)
      claim.status = { phase: 'Pending' }
    }
  },
  prepareCreate(set) {
    set.status = { replicas: 0 }
    dropMaxUnavailable(set)
  },
  prepareUpdate: dropMaxUnavailable,
  validate: (set, old) => [
    ...validatePolicies(set),
    ...nonNegative('spec.replicas', set.spec.replicas),
    ...nonNegative('spec.minReadySeconds', set.spec.minReadySeconds),
    ...nonNegative('spec.ordinals.start', set.spec.ordinals?.start),
    ...validateWorkloadSelector(set.spec.selector, set.spec.template, 'statefulset'),
    // Templates were not looked at once: what was wrong may stay wrong.
    ...(old && validateSetTemplate(old).length > 0 ? [] : validateSetTemplate(set, old)),
  ],
  // Objects of earlier versions may have other names.
  validateCreate: ({ spec }) => [
    ...(spec.volumeClaimTemplates ?? []).flatMap((claim, i) =>
      validateClaimSpec(claim.spec ?? {}, `spec.volumeClaimTemplates[${i}].spec`),
    ),
    ...(spec.serviceName ? invalidFor('spec.serviceName', spec.serviceName, [dnsLabelProblem(spec.serviceName)]) : []),
  ],
  validateUpdate(set, old) {
    const kept: Record<string, unknown> = { ...set.spec }
    for (const name of MUTABLE) {
      const value = (old.spec as unknown as Record<string, unknown>)[name]
      if (value === undefined) delete kept[name]
      else kept[name] = value
    }
    return sameJson(kept, old.spec) ? [] : [field.forbidden('spec', UPDATE_FORBIDDEN)]
  },
  validateStatusUpdate: ({ status }, old) => [
    ...checkCounts(status, STATUS_COUNTS),
    ...checkPartsOf(status, 'replicas', PARTS, 'status.replicas'),
    ...checkPartsOf(status, 'readyReplicas', ['availableReplicas'], 'status.readyReplicas'),
    ...checkCollisions(status, old.status),
  ],
  columns: [
    nameColumn,
    text('Ready', (s) => `${s.status.readyReplicas ?? 0}/${s.spec.replicas ?? 0}`),
    ageColumn,
    ...workloadWideColumns<StatefulSet>(
      (s) => s.spec.template?.spec?.containers,
      (s) => labelSelectorText(s.spec.selector),
    ).slice(0, 2),
  ],
})

/** Problems of the template as the set's pods have it: with volumes for their claims, and names of their own. */
function validateSetTemplate({ spec }: StatefulSet, old?: StatefulSet): FieldError[] {
  const { template, volumeClaimTemplates: claims = [] } = spec
  if (!template?.spec) return validateRunningTemplate(template, 'StatefulSet', old?.spec.template)
  const { subdomain: _, hostname: __, ...rest } = template.spec
  // A claim that says nothing of itself has a name all the same: the empty one.
  const names = claims.map((claim) => (claim as Partial<typeof claim>).metadata?.name ?? '')
  const claimed = names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))
  const others = (rest.volumes ?? []).filter(({ name }) => !names.includes(name))
  const filled = { ...template, spec: { ...rest, volumes: [...claimed, ...others] } }
  return validateRunningTemplate(filled, 'StatefulSet', old?.spec.template)
}

function validatePolicies({ spec }: StatefulSet): FieldError[] {
  const errors: FieldError[] = []
  const policies = ['OrderedReady', 'Parallel']
  if (!policies.includes(spec.podManagementPolicy ?? '')) {
    errors.push(
      field.invalid(
        'spec.podManagementPolicy',
        spec.podManagementPolicy,
        `must be '${policies[0]}' or '${policies[1]}'`,
      ),
    )
  }
  const { type, rollingUpdate } = spec.updateStrategy ?? {}
  if (!type) errors.push(field.required('spec.updateStrategy'))
  else if (type !== 'RollingUpdate' && type !== 'OnDelete') {
    errors.push(field.invalid('spec.updateStrategy', spec.updateStrategy, "must be 'RollingUpdate' or 'OnDelete'"))
  } else if (type === 'OnDelete' && rollingUpdate) {
    errors.push(
      field.invalid(
        'spec.updateStrategy.rollingUpdate',
        rollingUpdate,
        "only allowed for updateStrategy 'RollingUpdate'",
      ),
    )
  }
  if (type === 'RollingUpdate') errors.push(...validateRollingUpdate(rollingUpdate ?? {}))
  for (const name of ['whenDeleted', 'whenScaled'] as const) {
    const value = spec.persistentVolumeClaimRetentionPolicy?.[name]
    if (value !== 'Retain' && value !== 'Delete') {
      errors.push(field.notSupported(`spec.persistentVolumeClaimRetentionPolicy.${name}`, value, ['Retain', 'Delete']))
    }
  }
  return errors
}

/** The gate MaxUnavailableStatefulSet is off: what was not used before is dropped. */
function dropMaxUnavailable({ spec }: StatefulSet, old?: StatefulSet): void {
  if (old?.spec.updateStrategy?.rollingUpdate?.maxUnavailable !== undefined) return
  delete spec.updateStrategy?.rollingUpdate?.maxUnavailable
}

function validateRollingUpdate({ partition, maxUnavailable }: RollingUpdateStatefulSetStrategy): FieldError[] {
  const path = 'spec.updateStrategy.rollingUpdate'
  const errors = nonNegative(`${path}.partition`, partition)
  if (maxUnavailable === undefined) return errors
  const at = `${path}.maxUnavailable`
  errors.push(...checkIntOrPercent(at, maxUnavailable))
  if (isZero(maxUnavailable)) errors.push(field.invalid(at, maxUnavailable, 'cannot be 0'))
  return [...errors, ...checkAtMostWhole(at, maxUnavailable)]
}

export const controllerRevisions = defineResource<ControllerRevision>({
  group: 'apps',
  resource: 'controllerrevisions',
  validate: (r) => [
    ...(r.data === undefined ? [field.required('data', 'data is mandatory')] : []),
    ...nonNegative('revision', r.revision),
  ],
  validateUpdate: (r, old) => immutable('data', r.data, old.data),
  columns: [nameColumn, text('Controller', (r) => controllerText(r)), number('Revision', (r) => r.revision), ageColumn],
})

function controllerText(revision: ControllerRevision): string {
  const owner = (revision.metadata.ownerReferences ?? []).find((o) => o.controller)
  if (!owner) return '<none>'
  const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : ''
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`
}
