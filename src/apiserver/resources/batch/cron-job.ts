// cronjobs. Spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/

import type { CronJob, JobSpec, JobTemplateSpec } from '../../../api/generated/batch-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsSubdomainProblem } from '../../../machinery/names.ts'
import { defineResource } from '../../resource-definition.ts'
import { age, ageColumn, integer, labelSelectorText, nameColumn, text, workloadWideColumns } from '../columns/common.ts'
import { invalidFor } from '../core/field-checks.ts'
import { defaultTemplate } from '../core/pod-defaults.ts'
import { nonNegative } from '../core/workload-validation.ts'
import { validateJobSpec } from './job.ts'

// Jobs are named after their cron job with eleven characters more.
const MAX_NAME = 52
const MACRO = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly|every .+)$/
const PARTS: readonly { name: string; min: number; max: number }[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12 },
  { name: 'day of week', min: 0, max: 6 },
]
const NAMES = /^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)$/i

export const cronJobs = defineResource<CronJob>({
  group: 'batch',
  resource: 'cronjobs',
  shortNames: ['cj'],
  categories: ['all'],
  nameProblem: (name) =>
    dnsSubdomainProblem(name) ?? (name.length > MAX_NAME ? `must be no more than ${MAX_NAME} characters` : undefined),
  defaults({ spec }) {
    spec.concurrencyPolicy ||= 'Allow'
    spec.suspend ??= false
    spec.successfulJobsHistoryLimit ??= 3
    spec.failedJobsHistoryLimit ??= 1
    spec.jobTemplate ??= {} as JobTemplateSpec
    spec.jobTemplate.spec ??= {} as JobSpec
    defaultTemplate(spec.jobTemplate.spec)
  },
  validate,
  columns: [
    nameColumn,
    text('Schedule', (c) => c.spec.schedule),
    text('Timezone', (c) => c.spec.timeZone ?? '<none>'),
    { ...text('Suspend', suspendText), type: 'boolean' },
    integer('Active', (c) => (c.status.active ?? []).length),
    text('Last Schedule', (c, now) => (c.status.lastScheduleTime ? age(c.status.lastScheduleTime, now) : '<none>')),
    ageColumn,
    ...workloadWideColumns<CronJob>(
      (c) => c.spec.jobTemplate?.spec?.template?.spec?.containers,
      (c) => labelSelectorText(c.spec.jobTemplate?.spec?.selector),
    ),
  ],
})

function suspendText({ spec }: CronJob): string {
  if (spec.suspend === undefined) return '<unset>'
  return spec.suspend ? 'True' : 'False'
}

function validate({ spec }: CronJob, old?: CronJob): FieldError[] {
  const errors: FieldError[] = []
  if (!spec.schedule) errors.push(field.required('spec.schedule'))
  else {
    const problem = scheduleProblem(spec.schedule)
    if (problem) errors.push(field.invalid('spec.schedule', spec.schedule, problem))
    const zone = zoneProblem(spec, old)
    if (zone) errors.push(field.invalid('spec.schedule', spec.schedule, zone))
  }
  errors.push(...nonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds))
  if (spec.timeZone !== undefined && (!old || spec.timeZone !== old.spec.timeZone)) {
    errors.push(...invalidFor('spec.timeZone', spec.timeZone, timeZoneProblems(spec.timeZone)))
  }
  const policies = ['Allow', 'Forbid', 'Replace']
  if (!policies.includes(spec.concurrencyPolicy ?? '')) {
    errors.push(field.notSupported('spec.concurrencyPolicy', spec.concurrencyPolicy, policies))
  }
  const template = spec.jobTemplate?.spec
  if (!template) errors.push(field.required('spec.jobTemplate.spec'))
  else {
    errors.push(...validateJobSpec(template, 'spec.jobTemplate.spec', old?.spec.jobTemplate?.spec?.template))
    if (template.selector) {
      const why = '`selector` will be auto-generated'
      errors.push(field.invalid('spec.jobTemplate.spec.selector', template.selector, why))
    }
    if (template.manualSelector) {
      errors.push(field.notSupported('spec.jobTemplate.spec.manualSelector', template.manualSelector, ['nil', 'false']))
    }
  }
  return [
    ...errors,
    ...nonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...nonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
  ]
}

/** A zone is not part of the schedule, unless it always was. */
function zoneProblem({ schedule, timeZone }: CronJob['spec'], old: CronJob | undefined): string | undefined {
  if (!schedule.includes('TZ')) return undefined
  if (!old?.spec.schedule?.includes('TZ')) return 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'
  return timeZone === undefined ? undefined : 'cannot use both timeZone field and TZ or CRON_TZ in schedule'
}

/** What is wrong with a cron expression, in the words of the library that upstream uses. */
export function scheduleProblem(schedule: string): string | undefined {
  const text = schedule.replace(/^(CRON_)?TZ=\S+\s+/, '').trim()
  if (text.startsWith('@')) return MACRO.test(text) ? undefined : `unrecognized descriptor: ${text}`
  const fields = text.split(/\s+/)
  if (fields.length !== PARTS.length) {
    return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`
  }
  for (const [i, part] of PARTS.entries()) {
    for (const item of (fields[i] ?? '').split(',')) {
      const problem = itemProblem(item, part)
      if (problem) return problem
    }
  }
  return undefined
}

function itemProblem(item: string, part: { min: number; max: number }): string | undefined {
  const [range = '', step, ...more] = item.split('/')
  if (more.length > 0) return `too many slashes: ${item}`
  if (step !== undefined && !(Number(step) > 0)) return `step of range should be a positive number: ${item}`
  if (range === '*' || range === '?') return undefined
  const ends = range.split('-')
  if (ends.length > 2) return `too many hyphens: ${item}`
  const numbers: number[] = []
  for (const end of ends) {
    if (NAMES.test(end)) continue
    if (!/^\d+$/.test(end))
      return `failed to parse int from ${end}: strconv.Atoi: parsing ${JSON.stringify(end)}: invalid syntax`
    numbers.push(Number(end))
  }
  const [first, last] = numbers
  if (first !== undefined && first < part.min)
    return `beginning of range (${first}) below minimum (${part.min}): ${item}`
  const end = last ?? first
  if (end !== undefined && end > part.max) return `end of range (${end}) above maximum (${part.max}): ${item}`
  if (first !== undefined && last !== undefined && first > last) {
    return `beginning of range (${first}) beyond end of range (${last}): ${item}`
  }
  return undefined
}

function timeZoneProblems(name: string): string[] {
  if (name === '') return ['timeZone must be nil or non-empty string']
  const unknown = `unknown time zone ${name}`
  const parts = name.split('/')
  if (!parts.every((part) => /^[A-Za-z._0-9+][A-Za-z._0-9+-]{0,13}$/.test(part) && part !== '.' && part !== '..'))
    return [unknown]
  if (/^local$/i.test(name)) {
    const why = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'
    return name === 'Local' ? [why] : [why, unknown]
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return []
  } catch (error) {
    if (error instanceof RangeError) return [unknown]
    throw error
  }
}
