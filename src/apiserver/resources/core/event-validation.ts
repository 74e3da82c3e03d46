// Rules on events: few for v1, strict ones for events.k8s.io. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type { Event } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { checkQualifiedName, checkRequired, immutable } from './field-checks.ts'

const MAX_SHORT = 128
const MAX_NOTE = 1024
const REPORTER = 'reportingComponent'
/** What the newer API calls it. */
const NEW_REPORTER = 'reportingController'
const MISMATCH = 'does not match event.namespace'
const KEPT = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  // Upstream looks at it twice.
  'reason',
  'type',
  'eventTime',
  'action',
  'related',
] as const

function checkLength(path: string, value: string, most: number): FieldError[] {
  return Buffer.byteLength(value) > most ? [field.invalid(path, '', `can have at most ${most} characters`)] : []
}

/** Problems of an event of whatever API. Events of the newer kind say when they were seen. */
export function validateEvent(event: Event): FieldError[] {
  const { namespace = '' } = event.involvedObject
  const own = event.metadata.namespace
  const mismatch = () => [field.invalid('involvedObject.namespace', namespace, MISMATCH)]
  if (!event.eventTime) {
    const fits = namespace === '' ? own === 'default' : own === namespace
    return fits ? [] : mismatch()
  }
  const { reportingInstance = '', action = '', reason = '', message = '' } = event
  return [
    ...(namespace === '' && own !== 'default' && own !== 'kube-system' ? mismatch() : []),
    ...validateReporter(event, REPORTER),
    ...checkRequired('reportingInstance', reportingInstance),
    ...checkLength('reportingInstance', reportingInstance, MAX_SHORT),
    ...checkRequired('action', action),
    ...checkLength('action', action, MAX_SHORT),
    ...checkRequired('reason', reason),
    ...checkLength('reason', reason, MAX_SHORT),
    ...checkLength('message', message, MAX_NOTE),
  ]
}

function validateReporter({ reportingComponent: name = '' }: Event, path: string): FieldError[] {
  return [...checkRequired(path, name), ...checkQualifiedName(path, name)]
}

/** Problems of a new event of the newer API. */
export function validateNewEvent(event: Event): FieldError[] {
  const { type = '', firstTimestamp, lastTimestamp, count, source } = event
  const errors = [...renamed(event), ...validateSeries(event)]
  if (!event.eventTime) errors.push(field.required('eventTime'))
  if (type !== 'Normal' && type !== 'Warning') errors.push(field.invalid('type', '', `has invalid value: ${type}`))
  const old = { firstTimestamp, lastTimestamp, count, source: source?.component || source?.host }
  for (const [name, value] of Object.entries(old)) {
    if (value) errors.push(field.invalid(name, '', 'needs to be unset'))
  }
  return errors
}

/** Problems of a change of an event by the newer API: only its series goes on. */
export function validateEventUpdate(event: Event, old: Event): FieldError[] {
  return [
    ...renamed(event),
    ...(sameJson(event.series, old.series) ? [] : validateSeries(event)),
    ...KEPT.flatMap((name) => immutable(name, event[name] ?? undefined, old[name] ?? undefined)),
    ...immutable(NEW_REPORTER, event.reportingComponent, old.reportingComponent),
    ...immutable('reportingInstance', event.reportingInstance, old.reportingInstance),
  ]
}

const renamed = (event: Event) => (event.eventTime ? validateReporter(event, NEW_REPORTER) : [])

/** The newer API tells problems of the reporter under its own name. */
export const isRenamed = ({ path }: FieldError) => path === REPORTER

function validateSeries({ series }: Event): FieldError[] {
  if (!series) return []
  return [
    ...((series.count ?? 0) < 2 ? [field.invalid('series.count', '', 'should be at least 2')] : []),
    ...(series.lastObservedTime ? [] : [field.required('series.lastObservedTime')]),
  ]
}
