// What may be written to the status of a job. Rules and wording: k8s.io/kubernetes/pkg/apis/batch/validation.
// What a write leaves as it was is not looked at again: getStatusValidationOptions of pkg/registry/batch/job.

import type { Job, JobStatus } from '../../../api/generated/batch-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { checkCounts } from '../core/status-counts.ts'
import { indexesProblem, overlapProblem } from './job-indexes.ts'

const COUNTS = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const
const CONDITIONS_AT = 'status.conditions'

const is = (status: JobStatus, type: string) =>
  (status.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True')
const isFinished = (status: JobStatus) => is(status, 'Complete') || is(status, 'Failed')

/** A condition that must not be; what is wrong is told without the value. */
function wrongConditions(why: string): FieldError {
  return { type: 'FieldValueInvalid', path: CONDITIONS_AT, message: `Invalid value: ${why}` }
}

/** What a write changes. */
type Changed = (...what: readonly (keyof JobStatus | Condition)[]) => boolean
type Condition = 'Complete' | 'Failed' | 'FailureTarget' | 'SuccessCriteriaMet' | 'Finished'

/** Problems of a write to the status. Upstream: ValidateJobUpdateStatus. */
export function validateJobStatus(job: Job, old: Job): FieldError[] {
  const { status } = job
  const changed: Changed = (...what) =>
    what.some((name) => {
      if (name === 'Finished') return isFinished(status) !== isFinished(old.status)
      if (/^[A-Z]/.test(name)) return is(status, name) !== is(old.status, name)
      return !sameJson(status[name as keyof JobStatus], old.status[name as keyof JobStatus])
    })
  return [
    ...checkCounts(status, COUNTS),
    ...validateUncounted(status),
    ...validateContradictions(status, changed),
    ...validateTimes(status, changed),
    ...validateReasons(status, changed),
    ...validateFinished(status, changed),
    ...validateIndexes(job, changed),
    ...validateSuccess(job),
    ...validateTransition(job, old),
  ]
}

function validateUncounted({ uncountedTerminatedPods: uncounted }: JobStatus): FieldError[] {
  const seen = new Set<string>()
  return (['succeeded', 'failed'] as const).flatMap((list) =>
    (uncounted?.[list] ?? []).flatMap((uid, i) => {
      const at = `status.uncountedTerminatedPods.${list}[${i}]`
      if (uid === '') return [field.invalid(at, uid, 'must not be empty')]
      if (seen.has(uid)) return [field.duplicate(at, uid)]
      seen.add(uid)
      return []
    }),
  )
}

function validateContradictions(status: JobStatus, changed: Changed): FieldError[] {
  if (!is(status, 'Complete')) return []
  return [
    ...(is(status, 'Failed') && changed('Complete', 'Failed')
      ? [wrongConditions('cannot set Complete=True and Failed=true conditions')]
      : []),
    ...(is(status, 'FailureTarget') && changed('Complete', 'FailureTarget')
      ? [wrongConditions('cannot set Complete=True and FailureTarget=true conditions')]
      : []),
  ]
}

/** What has to be said before a job ends. */
function validateReasons(status: JobStatus, changed: Changed): FieldError[] {
  const ends = (type: Condition, reason: Condition) =>
    is(status, type) && !is(status, reason) && changed(type, reason)
      ? [wrongConditions(`cannot set ${type}=True condition without the ${reason}=true condition`)]
      : []
  return [...ends('Failed', 'FailureTarget'), ...ends('Complete', 'SuccessCriteriaMet')]
}

function validateTimes(status: JobStatus, changed: Changed): FieldError[] {
  const { startTime, completionTime } = status
  const at = 'status.completionTime'
  const errors: FieldError[] = []
  if (changed('Complete', 'completionTime')) {
    if (completionTime && !is(status, 'Complete')) {
      const why = 'cannot set completionTime when there is no Complete=True condition'
      errors.push(field.invalid(at, completionTime, why))
    }
    if (!completionTime && is(status, 'Complete')) {
      errors.push(field.required(at, 'completionTime is required for Complete jobs'))
    }
  }
  const early = startTime && completionTime && Date.parse(completionTime) < Date.parse(startTime)
  if (early && changed('startTime', 'completionTime')) {
    errors.push(field.invalid(at, completionTime, 'must be equal to or after `startTime`'))
  }
  return errors
}

function validateFinished(status: JobStatus, changed: Changed): FieldError[] {
  const { active = 0, ready, terminating = 0, startTime, uncountedTerminatedPods: uncounted } = status
  const errors: FieldError[] = []
  const left = (uncounted?.failed ?? []).length + (uncounted?.succeeded ?? []).length
  if (isFinished(status)) {
    if (active > 0 && changed('Finished', 'active')) {
      errors.push(field.invalid('status.active', active, 'active>0 is invalid for finished job'))
    }
    if (!startTime && changed('Finished', 'startTime')) {
      errors.push(field.required('status.startTime', 'startTime is required for finished job'))
    }
    if (left > 0 && changed('Finished', 'uncountedTerminatedPods')) {
      const shown = { Succeeded: uncounted?.succeeded ?? null, Failed: uncounted?.failed ?? null }
      const why = 'must be empty for finished job'
      errors.push(field.invalid('status.uncountedTerminatedPods', shown, why))
    }
    if (terminating > 0 && changed('Finished', 'terminating')) {
      errors.push(field.invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job'))
    }
  }
  if (ready !== undefined && ready > active && changed('ready', 'active')) {
    errors.push(field.invalid('status.ready', ready, 'cannot set more ready pods than active'))
  }
  return errors
}

function validateIndexes({ spec, status }: Job, changed: Changed): FieldError[] {
  const { completedIndexes = '', failedIndexes } = status
  const [completedAt, failedAt] = ['status.completedIndexes', 'status.failedIndexes']
  const { completions, backoffLimitPerIndex } = spec
  const errors: FieldError[] = []
  if (changed('completedIndexes')) {
    const problem = completions === undefined ? undefined : indexesProblem(completedIndexes, completions)
    if (problem) errors.push(field.invalid(completedAt, completedIndexes, `error parsing completedIndexes: ${problem}`))
    if (completedIndexes !== '' && spec.completionMode !== 'Indexed') {
      const why = 'cannot set non-empty completedIndexes when non-indexed completion mode'
      errors.push(field.invalid(completedAt, completedIndexes, why))
    }
  }
  if (failedIndexes === undefined) return errors
  if (changed('failedIndexes')) {
    const limited = completions !== undefined && backoffLimitPerIndex !== undefined
    const problem = limited ? indexesProblem(failedIndexes, completions) : undefined
    if (problem) errors.push(field.invalid(failedAt, failedIndexes, `error parsing failedIndexes: ${problem}`))
    if (backoffLimitPerIndex === undefined) {
      const why = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'
      errors.push(field.invalid(failedAt, failedIndexes, why))
    }
  }
  if (completions !== undefined && changed('failedIndexes', 'completedIndexes')) {
    const problem = overlapProblem(completedIndexes, failedIndexes, completions)
    if (problem) errors.push(field.invalid(failedAt, failedIndexes, problem))
  }
  return errors
}

function validateSuccess({ spec, status }: Job): FieldError[] {
  const met = is(status, 'SuccessCriteriaMet')
  const errors: FieldError[] = []
  if (met && is(status, 'Failed')) {
    errors.push(wrongConditions('cannot set SuccessCriteriaMet=True and Failed=true conditions'))
  }
  if (met && is(status, 'FailureTarget')) {
    errors.push(wrongConditions('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'))
  }
  if (spec.successPolicy && !met && is(status, 'Complete')) {
    const why = 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True'
    errors.push(wrongConditions(why))
  }
  return errors
}

function validateTransition({ spec, status }: Job, { status: old }: Job): FieldError[] {
  const errors: FieldError[] = []
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (!is(old, type) || is(status, type)) continue
    errors.push(wrongConditions(`cannot disable the terminal ${type}=True condition`))
  }
  if ((status.failed ?? 0) < (old.failed ?? 0)) {
    errors.push(field.invalid('status.failed', status.failed ?? 0, 'cannot decrease the failed counter'))
  }
  // Where as many run at once as are to succeed, fewer may be wanted later.
  const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism
  if (!elastic && (status.succeeded ?? 0) < (old.succeeded ?? 0)) {
    errors.push(field.invalid('status.succeeded', status.succeeded ?? 0, 'cannot decrease the succeeded counter'))
  }
  if (status.completionTime && old.completionTime && status.completionTime !== old.completionTime) {
    errors.push(field.invalid('status.completionTime', status.completionTime, 'field is immutable'))
  }
  // A job that goes on starts again.
  const resumes = is(old, 'Suspended') && status.conditions?.some((c) => c.type === 'Suspended' && c.status === 'False')
  if (old.startTime && status.startTime !== old.startTime && !spec.suspend && !resumes) {
    const why = 'field is immutable for unsuspended job once set'
    errors.push(field.invalid('status.startTime', status.startTime ?? null, why))
  }
  const [met, wasMet] = [is(status, 'SuccessCriteriaMet'), is(old, 'SuccessCriteriaMet')]
  if (wasMet && !met) errors.push(wrongConditions('cannot disable the SuccessCriteriaMet=True condition'))
  if (is(old, 'Complete') && !wasMet && met) {
    const why = 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'
    errors.push(wrongConditions(why))
  }
  return errors
}
