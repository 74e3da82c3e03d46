// Jobs and cron jobs.

import type { CronJob, Job, JobTemplateSpec } from '../../api/generated/batch-v1.ts'
import type { LabelSelector } from '../../api/generated/meta-v1.ts'
import { humanDuration } from '../../machinery/duration.ts'
import { SelectorError } from '../../machinery/labels.ts'
import { as, type Describer } from './describer.ts'
import { printEvents, subjectOf } from './events.ts'
import {
  boolTextOrUnset,
  controllerText,
  dateText,
  printLabelsAndAnnotations,
  printName,
  selectorText,
} from './format.ts'
import { printPodTemplate } from './pod-template.ts'
import type { PrefixWriter } from './writer.ts'

function printSelector(w: PrefixWriter, selector: LabelSelector | undefined): void {
  try {
    w.line(0, `Selector:\t${selectorText(selector)}`)
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    w.line(0, `Selector:\tFailed to get selector: ${error.message}`)
  }
}

export const describeJob: Describer = async (object, w, context) => {
  const job = as<Job>(object)
  const { metadata, spec } = job
  printName(w, metadata)
  printSelector(w, spec.selector)
  printLabelsAndAnnotations(w, metadata)
  const controller = controllerText(metadata)
  if (controller) w.line(0, `Controlled By:\t${controller}`)
  if (spec.parallelism !== undefined) w.line(0, `Parallelism:\t${spec.parallelism}`)
  w.line(0, `Completions:\t${spec.completions ?? '<unset>'}`)
  if (spec.completionMode !== undefined) w.line(0, `Completion Mode:\t${spec.completionMode}`)
  if (spec.suspend !== undefined) w.line(0, `Suspend:\t${spec.suspend}`)
  if (spec.backoffLimit !== undefined) w.line(0, `Backoff Limit:\t${spec.backoffLimit}`)
  if (spec.ttlSecondsAfterFinished !== undefined) {
    w.line(0, `TTL Seconds After Finished:\t${spec.ttlSecondsAfterFinished}`)
  }
  printProgress(w, job)
  printPodTemplate(w, spec.template)
  await printEvents(w, context, subjectOf(object))
}

function printProgress(w: PrefixWriter, { spec, status }: Job): void {
  const { startTime, completionTime, ready, active = 0, succeeded = 0, failed = 0 } = status
  if (startTime) w.line(0, `Start Time:\t${dateText(startTime)}`)
  if (completionTime) w.line(0, `Completed At:\t${dateText(completionTime)}`)
  if (startTime && completionTime) {
    w.line(0, `Duration:\t${humanDuration(Date.parse(completionTime) - Date.parse(startTime))}`)
  }
  if (spec.activeDeadlineSeconds !== undefined) w.line(0, `Active Deadline Seconds:\t${spec.activeDeadlineSeconds}s`)
  const running = ready === undefined ? `${active} Active` : `${active} Active (${ready} Ready)`
  w.line(0, `Pods Statuses:\t${running} / ${succeeded} Succeeded / ${failed} Failed`)
  if (spec.completionMode === 'Indexed') w.line(0, `Completed Indexes:\t${indexesText(status.completedIndexes ?? '')}`)
}

/** The list cut at the first comma after fifty characters. */
function indexesText(indexes: string): string {
  if (indexes === '') return '<none>'
  const comma = indexes.indexOf(',', 50)
  return comma < 0 ? indexes : `${indexes.slice(0, comma + 1)}...`
}

export const describeCronJob: Describer = async (object, w, context) => {
  const { metadata, spec, status } = as<CronJob>(object)
  printName(w, metadata)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, `Schedule:\t${spec.schedule}`)
  w.line(0, `Concurrency Policy:\t${spec.concurrencyPolicy ?? ''}`)
  w.line(0, `Suspend:\t${boolTextOrUnset(spec.suspend)}`)
  w.line(0, `Successful Job History Limit:\t${spec.successfulJobsHistoryLimit ?? '<unset>'}`)
  w.line(0, `Failed Job History Limit:\t${spec.failedJobsHistoryLimit ?? '<unset>'}`)
  const deadline = spec.startingDeadlineSeconds
  w.line(0, `Starting Deadline Seconds:\t${deadline === undefined ? '<unset>' : `${deadline}s`}`)
  printJobTemplate(w, spec.jobTemplate)
  w.line(0, `Last Schedule Time:\t${status.lastScheduleTime ? dateText(status.lastScheduleTime) : '<unset>'}`)
  w.line(0, `Active Jobs:\t${(status.active ?? []).map((job) => job.name).join(', ') || '<none>'}`)
  await printEvents(w, context, subjectOf(object))
}

function printJobTemplate(w: PrefixWriter, { spec }: JobTemplateSpec): void {
  if (spec?.selector) printSelector(w, spec.selector)
  else w.line(0, 'Selector:\t<unset>')
  w.line(0, `Parallelism:\t${spec?.parallelism ?? '<unset>'}`)
  w.line(0, `Completions:\t${spec?.completions ?? '<unset>'}`)
  if (spec?.activeDeadlineSeconds !== undefined) {
    w.line(0, `Active Deadline Seconds:\t${spec.activeDeadlineSeconds}s`)
  }
  printPodTemplate(w, spec?.template)
}
