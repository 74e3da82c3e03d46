// jobs. Spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/

import type { Job, JobSpec } from '../../../api/generated/batch-v1.ts'
import type { PodTemplateSpec } from '../../../api/generated/core-v1.ts'
import type { LabelSelector } from '../../../api/generated/meta-v1.ts'
import { humanDuration } from '../../../machinery/duration.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { matches, selectorOf } from '../../../machinery/labels.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, labelSelectorText, nameColumn, text, workloadWideColumns } from '../columns/common.ts'
import { checkOptionalEnum } from '../core/field-checks.ts'
import { hasImpossibleValue } from '../core/label-selector-validation.ts'
import { defaultTemplate } from '../core/pod-defaults.ts'
import {
  immutable,
  misfit,
  nonNegative,
  validateLabelSelector,
  validateSelectorFit,
  validateTemplate,
} from '../core/workload-validation.ts'
import { validateFailurePolicy, validateSuccessPolicy } from './job-policies.ts'
import { validateJobStatus } from './job-status.ts'

const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid'
const JOB_NAME = 'batch.kubernetes.io/job-name'
const LEGACY_CONTROLLER_UID = 'controller-uid'
const LEGACY_JOB_NAME = 'job-name'
const MAX_INT32 = 2_147_483_647
const MOST_INDEXES = 100_000
const MOST_OF_MANY = 10_000
const LONGEST_MANAGER = 63
const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const

export const jobs = defineResource<Job>({
  group: 'batch',
  resource: 'jobs',
  categories: ['all'],
  defaults(job) {
    const { spec } = job
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
    spec.parallelism ??= 1
    spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : MAX_INT32
    spec.completionMode ??= 'NonIndexed'
    spec.suspend ??= false
    spec.manualSelector ??= false
    spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
    defaultTemplate(spec)
    defaultLabels(job)
  },
  prepareCreate(job) {
    job.status = {}
    generateSelector(job)
  },
  validate: (job, old) => [...validateGenerated(job, old), ...validateSpec(job, old)],
  validateUpdate,
  validateStatusUpdate: validateJobStatus,
  unknownField: (label) => `field label ${JSON.stringify(label)} not supported for Job`,
  selectableFields: { 'status.successful': (job) => String(job.status.succeeded ?? 0) },
  columns: [
    nameColumn,
    text('Status', status),
    text('Completions', completions),
    text('Duration', duration),
    ageColumn,
    ...workloadWideColumns<Job>(
      (job) => job.spec.template?.spec?.containers,
      (job) => labelSelectorText(job.spec.selector),
    ),
  ],
})

/** A job without labels has those of its template. */
function defaultLabels(job: Job): void {
  const labels = job.spec.template?.metadata?.labels
  if (labels && Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = { ...labels }
}

/** Gives the job a selector of its own and its template the labels that match it, unless the user chose one. */
function generateSelector(job: Job): void {
  const { spec, metadata } = job
  if (!spec.template || spec.manualSelector) return
  spec.template.metadata ??= {}
  const labels = { ...spec.template.metadata.labels }
  labels[LEGACY_JOB_NAME] ??= metadata.name
  labels[JOB_NAME] ??= metadata.name
  labels[LEGACY_CONTROLLER_UID] ??= metadata.uid
  labels[CONTROLLER_UID] ??= metadata.uid
  spec.selector ??= {}
  spec.selector.matchLabels = { ...spec.selector.matchLabels }
  spec.selector.matchLabels[CONTROLLER_UID] ??= metadata.uid
  spec.template.metadata.labels = labels
  defaultLabels(job)
}

function validateSelector(job: Job, old: Job | undefined): FieldError[] {
  const { selector, template } = job.spec
  // None selects nothing.
  if (!selector) return [field.required('spec.selector'), ...misfit(template)]
  const wrong = validateLabelSelector(selector, 'spec.selector', hasImpossibleValue(old?.spec.selector))
  // What is no selector at all matches nothing, and need not be told twice.
  if (wrong.length > 0 || hasImpossibleValue(selector)) return wrong
  return validateSelectorFit(selectorOf(selector) ?? [], template)
}

/** Upstream: ValidateJobSpec. */
function validateSpec(job: Job, old: Job | undefined): FieldError[] {
  return [...validateJobSpec(job.spec, 'spec', old?.spec.template), ...validateSelector(job, old)]
}

function validateGenerated(job: Job, old: Job | undefined): FieldError[] {
  const { selector, manualSelector } = job.spec
  return selector && !manualSelector ? validateGeneratedSelector(job, selector, old) : []
}

/** Problems of labels and selector that are made from the job itself. Upstream: validateGeneratedSelector. */
function validateGeneratedSelector(job: Job, selector: LabelSelector, old: Job | undefined): FieldError[] {
  const { name, uid } = job.metadata
  const before = old?.spec.template?.metadata?.labels
  // Jobs of earlier versions have only the labels without a prefix.
  const prefixed = !old || (before?.[JOB_NAME] !== undefined && before[CONTROLLER_UID] !== undefined)
  const expected: Record<string, string> = { [LEGACY_CONTROLLER_UID]: uid, [LEGACY_JOB_NAME]: name }
  if (prefixed) Object.assign(expected, { [CONTROLLER_UID]: uid, [JOB_NAME]: name })
  const labels = job.spec.template?.metadata?.labels ?? {}
  const errors = Object.entries(expected).flatMap(([key, value]) => {
    const at = `spec.template.metadata.labels[${key}]`
    if (labels[key] === undefined) return [field.required(at, `must be '${value}'`)]
    return labels[key] === value ? [] : [field.invalid(at, labels, `must be '${value}'`)]
  })
  const valid = validateLabelSelector(selector, '').length === 0
  if (!valid || matches(selectorOf(selector) ?? [], expected)) return errors
  return [...errors, field.invalid('spec.selector', selector, '`selector` not auto-generated')]
}

/** Problems of a job's spec that hold for jobs and for the templates of cron jobs. */
export function validateJobSpec(spec: JobSpec, path: string, old?: PodTemplateSpec): FieldError[] {
  const errors = COUNTS.flatMap((name) => nonNegative(`${path}.${name}`, spec[name]))
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(field.required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'))
  }
  if ((spec.managedBy ?? '').length > LONGEST_MANAGER) errors.push(field.tooLong(`${path}.managedBy`, LONGEST_MANAGER))
  errors.push(...checkOptionalEnum(`${path}.completionMode`, spec.completionMode, ['NonIndexed', 'Indexed']))
  errors.push(...(spec.completionMode === 'Indexed' ? validateIndexed(spec, path) : validateNonIndexed(spec, path)))
  if (spec.podFailurePolicy) errors.push(...validateFailurePolicy(spec, `${path}.podFailurePolicy`))
  if (spec.successPolicy && spec.completionMode === 'Indexed') {
    errors.push(...validateSuccessPolicy(spec, `${path}.successPolicy`))
  } else if (spec.successPolicy) {
    errors.push(field.invalid(`${path}.successPolicy`, spec.successPolicy, 'requires indexed completion mode'))
  }
  const replacements = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed']
  errors.push(...checkOptionalEnum(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, replacements))
  errors.push(...validateTemplate(spec.template, `${path}.template`, ['OnFailure', 'Never', 'Always'], old))
  const policy = spec.template?.spec?.restartPolicy
  const at = `${path}.template.spec.restartPolicy`
  if (policy === 'Always') errors.push(field.required(at, 'valid values: "OnFailure", "Never"'))
  else if (spec.podFailurePolicy && policy === 'OnFailure') {
    errors.push(field.invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified'))
  }
  return errors
}

function validateIndexed(spec: JobSpec, path: string): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes: failed } = spec
  const errors: FieldError[] = []
  const limit = (name: 'parallelism' | 'maxFailedIndexes', value: number, most: number, why: string) => {
    if (value <= most) return
    errors.push(field.invalid(`${path}.${name}`, value, `must be less than or equal to ${why}`))
  }
  if (completions === undefined) errors.push(field.required(`${path}.completions`, 'when completion mode is Indexed'))
  limit('parallelism', parallelism, MOST_INDEXES, `${MOST_INDEXES} when completion mode is Indexed`)
  if (completions !== undefined) limit('maxFailedIndexes', failed ?? 0, completions, 'completions')
  limit('maxFailedIndexes', failed ?? 0, MOST_INDEXES, `${MOST_INDEXES}`)
  if ((completions ?? 0) <= MOST_INDEXES || spec.backoffLimitPerIndex === undefined) return errors
  if (failed === undefined) {
    errors.push(
      field.required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${MOST_INDEXES}`),
    )
  }
  const why = `${MOST_OF_MANY} when completions are above ${MOST_INDEXES} and used with backoff limit per index`
  limit('parallelism', parallelism, MOST_OF_MANY, why)
  limit('maxFailedIndexes', failed ?? 0, MOST_OF_MANY, why)
  return errors
}

function validateNonIndexed(spec: JobSpec, path: string): FieldError[] {
  return (['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
    .filter((name) => spec[name] !== undefined)
    .map((name) => field.invalid(`${path}.${name}`, spec[name], 'requires indexed completion mode'))
}

function validateUpdate(job: Job, old: Job): FieldError[] {
  const { spec } = job
  const indexed = spec.completionMode === 'Indexed'
  const outOfTandem = spec.completions !== old.spec.completions && spec.completions !== spec.parallelism
  return [
    // ValidateJobSpecUpdate asks for all of it again.
    ...validateSpec(job, old),
    ...(indexed ? [] : immutable('spec.completions', spec.completions, old.spec.completions)),
    ...(indexed && outOfTandem && spec.completions !== undefined
      ? [field.invalid('spec.completions', spec.completions, 'can only be modified in tandem with spec.parallelism')]
      : []),
    ...immutable('spec.selector', spec.selector, old.spec.selector),
    ...validateTemplateUpdate(job, old),
    ...immutable('spec.completionMode', spec.completionMode, old.spec.completionMode),
    ...immutable('spec.podFailurePolicy', spec.podFailurePolicy, old.spec.podFailurePolicy),
    ...immutable('spec.successPolicy', spec.successPolicy, old.spec.successPolicy),
    ...immutable('spec.backoffLimitPerIndex', spec.backoffLimitPerIndex, old.spec.backoffLimitPerIndex),
    ...immutable('spec.managedBy', spec.managedBy, old.spec.managedBy),
  ]
}

/** A job that is suspended, and of which nothing runs, may still be told where to run and with how much. */
function validateTemplateUpdate({ spec: { template } }: Job, old: Job): FieldError[] {
  const before = old.spec.template
  const idle = old.spec.suspend === true && hasCondition(old, 'Suspended') && (old.status.active ?? 0) === 0
  if (!idle || !template?.spec || !before?.spec) return immutable('spec.template', template, before)
  const expected = structuredClone(before.spec)
  const { affinity } = template.spec
  const { nodeAffinity: _, ...others } = expected.affinity ?? {}
  const nodeAffinity = affinity?.nodeAffinity ? { nodeAffinity: affinity.nodeAffinity } : {}
  const merged = { ...others, ...nodeAffinity }
  if (affinity || Object.keys(merged).length > 0) expected.affinity = merged
  else delete expected.affinity
  for (const name of ['nodeSelector', 'tolerations', 'schedulingGates'] as const) {
    const value = template.spec[name]
    if (value === undefined) delete expected[name]
    else Object.assign(expected, { [name]: value })
  }
  for (const list of ['containers', 'initContainers'] as const) {
    const now = template.spec[list] ?? []
    if (now.length !== (expected[list] ?? []).length) continue
    for (const [i, container] of (expected[list] ?? []).entries()) {
      const same = now[i]
      if (same?.name !== container.name) continue
      if (same.resources) container.resources = same.resources
      else delete container.resources
    }
  }
  return immutable('spec.template.spec', template.spec, expected)
}

function hasCondition(job: Job, type: string): boolean {
  return (job.status.conditions ?? []).some((c) => c.type === type && c.status === 'True')
}

function status(job: Job): string {
  if (hasCondition(job, 'Complete')) return 'Complete'
  if (hasCondition(job, 'Failed')) return 'Failed'
  if (job.metadata.deletionTimestamp) return 'Terminating'
  if (hasCondition(job, 'Suspended')) return 'Suspended'
  if (hasCondition(job, 'FailureTarget')) return 'FailureTarget'
  return 'Running'
}

function completions(job: Job): string {
  const done = job.status.succeeded ?? 0
  if (job.spec.completions !== undefined) return `${done}/${job.spec.completions}`
  const parallelism = job.spec.parallelism ?? 0
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`
}

function duration(job: Job, now: number): string {
  const { startTime, completionTime } = job.status
  if (!startTime) return ''
  return humanDuration((completionTime ? Date.parse(completionTime) : now) - Date.parse(startTime))
}
