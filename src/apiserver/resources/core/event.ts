// events, stored once and served as v1 and as events.k8s.io/v1.
// Spec: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/

import type { Event } from '../../../api/generated/core-v1.ts'
import type { Event as NewEvent } from '../../../api/generated/events-v1.ts'
import type { ApiObject, StoredObject } from '../../api-object.ts'
import { defineResource } from '../../resource-definition.ts'
import { age, nameColumn, number, text } from '../columns/common.ts'
import { isRenamed, validateEvent, validateEventUpdate, validateNewEvent } from './event-validation.ts'

const HOUR_SECONDS = 3600

/** What events.k8s.io calls the fields to select by. */
const FIELD_LABELS = {
  ...Object.fromEntries(
    ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((part) => [
      `regarding.${part}`,
      `involvedObject.${part}`,
    ]),
  ),
  reason: 'reason',
  reportingController: 'reportingComponent',
  type: 'type',
}

function lastSeen(event: Event, now: number): string {
  if (event.series) return age(event.series.lastObservedTime, now)
  return event.lastTimestamp ? age(event.lastTimestamp, now) : firstSeen(event, now)
}

function firstSeen(event: Event, now: number): string {
  return age(event.firstTimestamp ?? event.eventTime, now)
}

const objectText = ({ involvedObject: { kind = '', name } }: Event) =>
  name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase()

const sourceText = (event: Event) => {
  const component = event.source?.component || event.reportingComponent || ''
  const instance = event.source?.host || event.reportingInstance
  return instance ? `${component}, ${instance}` : component
}

export const events = defineResource<Event>({
  group: '',
  resource: 'events',
  shortNames: ['ev'],
  createOnUpdate: true,
  ttlSeconds: HOUR_SECONDS,
  otherVersions: [
    {
      group: 'events.k8s.io',
      version: 'v1',
      toStorage,
      fromStorage,
      fieldLabels: FIELD_LABELS,
      forgives: isRenamed,
      validateCreate: (event) => validateNewEvent(event as unknown as Event),
      validateUpdate: (event, old) => validateEventUpdate(event as unknown as Event, old as unknown as Event),
    },
  ],
  validate: validateEvent,
  selectableFields: {
    'involvedObject.kind': (e) => e.involvedObject.kind ?? '',
    'involvedObject.namespace': (e) => e.involvedObject.namespace ?? '',
    'involvedObject.name': (e) => e.involvedObject.name ?? '',
    'involvedObject.uid': (e) => e.involvedObject.uid ?? '',
    'involvedObject.apiVersion': (e) => e.involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': (e) => e.involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': (e) => e.involvedObject.fieldPath ?? '',
    reason: (e) => e.reason ?? '',
    reportingComponent: (e) => e.reportingComponent ?? '',
    source: (e) => e.source?.component || e.reportingComponent || '',
    type: (e) => e.type ?? '',
  },
  columns: [
    text('Last Seen', lastSeen),
    text('Type', (e) => e.type ?? ''),
    text('Reason', (e) => e.reason ?? ''),
    text('Object', objectText),
    text('Subobject', (e) => e.involvedObject.fieldPath ?? '', 1),
    text('Source', sourceText, 1),
    text('Message', (e) => (e.message ?? '').trim()),
    text('First Seen', firstSeen, 1),
    number('Count', (e) => (e.series ? e.series.count : e.count || 1), 1),
    { ...nameColumn, priority: 1 },
  ],
})

function toStorage(object: ApiObject): ApiObject {
  const e = object as unknown as NewEvent
  const event = {
    kind: 'Event',
    apiVersion: 'v1',
    metadata: e.metadata,
    involvedObject: e.regarding ?? {},
    related: e.related,
    reason: e.reason,
    message: e.note,
    type: e.type,
    eventTime: e.eventTime,
    series: e.series,
    action: e.action,
    reportingComponent: e.reportingController ?? '',
    reportingInstance: e.reportingInstance ?? '',
    source: e.deprecatedSource ?? {},
    firstTimestamp: e.deprecatedFirstTimestamp,
    lastTimestamp: e.deprecatedLastTimestamp,
    count: e.deprecatedCount,
  }
  return defined(event)
}

function fromStorage(object: StoredObject): ApiObject {
  const e = object as unknown as Event
  return defined({
    kind: 'Event',
    apiVersion: 'events.k8s.io/v1',
    metadata: e.metadata,
    regarding: e.involvedObject,
    related: e.related,
    reason: e.reason,
    note: e.message,
    type: e.type,
    eventTime: e.eventTime ?? null,
    series: e.series,
    action: e.action,
    reportingController: e.reportingComponent || undefined,
    reportingInstance: e.reportingInstance || undefined,
    deprecatedSource: e.source,
    deprecatedFirstTimestamp: e.firstTimestamp,
    deprecatedLastTimestamp: e.lastTimestamp,
    deprecatedCount: e.count,
  })
}

function defined(object: Record<string, unknown>): ApiObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as unknown as ApiObject
}
