// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { EventSource, ObjectReference } from './core-v1.ts'
import type { ListMeta, NamespacedObjectMeta } from './meta-v1.ts'

export interface Event {
  action?: string
  apiVersion: string
  deprecatedCount?: number
  deprecatedFirstTimestamp?: string | null
  deprecatedLastTimestamp?: string | null
  deprecatedSource?: EventSource
  eventTime: string
  kind: string
  metadata: NamespacedObjectMeta
  note?: string
  reason?: string
  regarding?: ObjectReference
  related?: ObjectReference
  reportingController?: string
  reportingInstance?: string
  series?: EventSeries
  type?: string
}

export interface EventList {
  apiVersion: string
  items: Event[]
  kind: string
  metadata: ListMeta
}

export interface EventSeries {
  count: number
  lastObservedTime: string
}
