// The events of a described object, found and shown as a table.

import type { Event } from '../../api/generated/core-v1.ts'
import { StatusError } from '../../machinery/errors.ts'
import type { KubeObject } from '../object.ts'
import { type DescribeContext, listOf } from './describer.ts'
import { since } from './format.ts'
import type { PrefixWriter } from './writer.ts'

/** Whose events: a reference as events carry it. */
export interface EventSubject {
  readonly name: string
  readonly namespace: string
  readonly kind?: string
  readonly uid?: string
}

/** The reference that events about the object carry. */
export function subjectOf(object: KubeObject): EventSubject {
  const { name = '', namespace = '', uid = '' } = object.metadata ?? {}
  return { name, namespace, uid, kind: object.kind ?? '' }
}

/** All events about a subject. Throws StatusError. */
export async function findEvents(context: DescribeContext, subject: EventSubject): Promise<Event[]> {
  const wanted = [
    ['name', subject.name],
    ['namespace', subject.namespace],
    ...(subject.kind ? [['kind', subject.kind]] : []),
    ...(subject.uid ? [['uid', subject.uid]] : []),
  ]
  const fieldSelector = wanted.map(([field, value]) => `involvedObject.${field}=${value}`).join(',')
  const namespace = subject.namespace || undefined
  return listOf<Event>(context.reader, { apiVersion: 'v1', resource: 'events', namespace }, { fieldSelector })
}

/** Writes the events of each subject in one table, if events are to be shown. */
export async function printEvents(
  w: PrefixWriter,
  context: DescribeContext,
  ...subjects: readonly EventSubject[]
): Promise<void> {
  if (!context.showEvents) return
  const events: Event[] = []
  for (const subject of subjects) events.push(...(await eventsOrNone(context, subject)))
  printEventTable(w, events, context.now)
}

/** A user who may not read events still reads the description. */
async function eventsOrNone(context: DescribeContext, subject: EventSubject): Promise<Event[]> {
  try {
    return await findEvents(context, subject)
  } catch (error) {
    if (error instanceof StatusError) return []
    throw error
  }
}

/** Writes the table of events. */
export function printEventTable(w: PrefixWriter, events: readonly Event[], now: number): void {
  if (events.length === 0) return w.line(0, 'Events:\t<none>')
  w.flush()
  w.line(0, 'Events:\n  Type\tReason\tAge\tFrom\tMessage')
  w.line(1, '----\t------\t----\t----\t-------')
  const moment = (event: Event) => (event.lastTimestamp ? Date.parse(event.lastTimestamp) : Number.NEGATIVE_INFINITY)
  const sorted = [...events].sort((a, b) => (moment(a) < moment(b) ? -1 : moment(a) > moment(b) ? 1 : 0))
  for (const event of sorted) {
    const source = event.source?.component || event.reportingComponent || ''
    const text = (event.message ?? '').trim()
    const path = event.involvedObject?.fieldPath
    const message = path ? `${path}: ${text}` : text
    w.line(1, `${event.type ?? ''}\t${event.reason ?? ''}\t${interval(event, now)}\t${source}\t${message}`)
  }
}

/** `3s`, or `3s (x4 over 10s)` when it happened more than once. */
function interval(event: Event, now: number): string {
  const first = since(event.eventTime || event.firstTimestamp, now)
  if (event.series) {
    return `${since(event.series.lastObservedTime, now)} (x${event.series.count ?? 0} over ${first})`
  }
  if ((event.count ?? 0) > 1) return `${since(event.lastTimestamp, now)} (x${event.count} over ${first})`
  return first
}
