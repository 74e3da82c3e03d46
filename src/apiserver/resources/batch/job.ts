// jobs. Spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/

import type { Job, JobSpec } from '../../../api/generated/batch-v1.ts'
import { humanDuration } from '../../../machinery/duration.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { selectorOf } from '../../../machinery/labels.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, labelSelectorText, nameColumn, text, workloadWideColumns } from '../columns/common.ts'
import { defaultPodSpec } from '../core/pod-defaults.ts'
import {
  immutable,
  nonNegative,
  validateLabelSelector,
  validateSelectorFit,
  validateTemplate,
} from '../core/workload-validation.ts'

const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid'
const JOB_NAME = 'batch.kubernetes.io/job-name'
const LEGACY_CONTROLLER_UID = 'controller-uid'
const LEGACY_JOB_NAME = 'job-name'
const MAX_INT32 = 2_147_483_647

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
    if (spec.template?.spec) defaultPodSpec(spec.template.spec)
    defaultLabels(job)
  },
  prepareCreate(job) {
    job.status = {}
    generateSelector(job)
  },
  validate: (job) => [...validateSelector(job), ...validateJobSpec(job.spec, 'spec')],
  validateUpdate,
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
  if (!spec.template) return
  spec.template.metadata ??= {}
  const labels = { ...spec.template.metadata.labels }
  labels[LEGACY_JOB_NAME] ??= metadata.name
  labels[JOB_NAME] ??= metadata.name
  if (!spec.manualSelector) {
    labels[LEGACY_CONTROLLER_UID] ??= metadata.uid
    labels[CONTROLLER_UID] ??= metadata.uid
    spec.selector ??= {}
    spec.selector.matchLabels = { ...spec.selector.matchLabels }
    spec.selector.matchLabels[CONTROLLER_UID] ??= metadata.uid
  }
  spec.template.metadata.labels = labels
  defaultLabels(job)
}

function validateSelector(job: Job): FieldError[] {
  const { spec } = job
  if (!spec.selector) return [field.required('spec.selector')]
  const errors = validateLabelSelector(spec.selector, 'spec.selector')
  if (!spec.manualSelector) {
    for (const label of [LEGACY_CONTROLLER_UID, CONTROLLER_UID]) {
      const value = spec.template?.metadata?.labels?.[label]
      if (value !== job.metadata.uid) {
        errors.push(
          field.invalid(
            `spec.template.metadata.labels`,
            spec.template?.metadata?.labels,
            `must be '${job.metadata.uid}'`,
          ),
        )
      }
    }
    const selected = spec.selector.matchLabels?.[CONTROLLER_UID] ?? spec.selector.matchLabels?.[LEGACY_CONTROLLER_UID]
    if (selected !== job.metadata.uid) {
      errors.push(field.invalid('spec.selector', spec.selector, '`selector` not auto-generated'))
    }
  }
  return errors.length > 0 ? errors : validateSelectorFit(selectorOf(spec.selector) ?? [], spec.template)
}

/** Problems of a job's spec that hold for jobs and for the templates of cron jobs. */
export function validateJobSpec(spec: JobSpec, path: string): FieldError[] {
  const errors = [
    ...nonNegative(`${path}.parallelism`, spec.parallelism),
    ...nonNegative(`${path}.completions`, spec.completions),
    ...nonNegative(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds),
    ...nonNegative(`${path}.backoffLimit`, spec.backoffLimit),
    ...nonNegative(`${path}.ttlSecondsAfterFinished`, spec.ttlSecondsAfterFinished),
    ...nonNegative(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex),
  ]
  const modes = ['Indexed', 'NonIndexed']
  if (spec.completionMode && !modes.includes(spec.completionMode)) {
    errors.push(field.notSupported(`${path}.completionMode`, spec.completionMode, modes))
  }
  if (spec.completionMode === 'Indexed') {
    if (spec.completions === undefined) {
      errors.push(field.required(`${path}.completions`, 'when completion mode is Indexed'))
    }
  } else if (spec.backoffLimitPerIndex !== undefined) {
    errors.push(
      field.invalid(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, 'requires indexed completion mode'),
    )
  }
  const policy = spec.template?.spec?.restartPolicy
  if (policy === 'Always') {
    errors.push(field.required(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'))
  }
  errors.push(...validateTemplate(spec.template, `${path}.template`, ['OnFailure', 'Never', 'Always']))
  if (spec.podFailurePolicy && policy !== 'Never') {
    errors.push(
      field.invalid(
        `${path}.template.spec.restartPolicy`,
        policy,
        'only "Never" is supported when podFailurePolicy is specified',
      ),
    )
  }
  return errors
}

function validateUpdate(job: Job, old: Job): FieldError[] {
  const { spec } = job
  const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism
  // A job that is suspended and has not started may still be told where to run.
  const unstarted = old.spec.suspend === true && !old.status.startTime
  const template = structuredClone(spec.template)
  if (unstarted && template?.spec && old.spec.template?.spec) {
    const before = old.spec.template
    for (const name of ['nodeSelector', 'affinity', 'tolerations', 'schedulingGates'] as const) {
      const value = before.spec?.[name]
      if (value === undefined) delete template.spec[name]
      else Object.assign(template.spec, { [name]: value })
    }
    template.metadata = { ...template.metadata, ...before.metadata }
    for (const [i, container] of (template.spec.containers ?? []).entries()) {
      const resources = before.spec?.containers?.[i]?.resources
      if (resources) container.resources = resources
    }
  }
  return [
    ...(elastic ? [] : immutable('spec.completions', spec.completions, old.spec.completions)),
    ...immutable('spec.selector', spec.selector, old.spec.selector),
    ...immutable('spec.template', template, old.spec.template),
    ...immutable('spec.completionMode', spec.completionMode, old.spec.completionMode),
    ...immutable('spec.podFailurePolicy', spec.podFailurePolicy, old.spec.podFailurePolicy),
    ...immutable('spec.successPolicy', spec.successPolicy, old.spec.successPolicy),
    ...immutable('spec.backoffLimitPerIndex', spec.backoffLimitPerIndex, old.spec.backoffLimitPerIndex),
    ...immutable('spec.managedBy', spec.managedBy, old.spec.managedBy),
  ]
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
