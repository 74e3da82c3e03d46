// Pieces that columns of many kinds share. Descriptions are our own words; names and values are upstream's.

import type { Container } from '../../../api/generated/core-v1.ts'
import type { LabelSelector } from '../../../api/generated/meta-v1.ts'
import { humanDuration } from '../../../machinery/duration.ts'
import { formatSelector, selectorOf, selectorOfMap } from '../../../machinery/labels.ts'
import type { Column } from '../../resource-definition.ts'

/** Time since a timestamp; `<unknown>` when there is none. */
export function age(timestamp: string | undefined, now: number): string {
  return timestamp ? humanDuration(now - Date.parse(timestamp)) : '<unknown>'
}

type Named = { metadata: { name?: string; creationTimestamp?: string } }

export const nameColumn: Column<Named> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name of the object, unique within its namespace and kind.',
  value: (object) => object.metadata.name ?? '',
}

export const ageColumn: Column<Named> = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  value: (object, now) => age(object.metadata.creationTimestamp, now),
}

/** A text column. */
export function text<T>(name: string, value: (object: T, now: number) => unknown, priority = 0): Column<T> {
  return { name, type: 'string', description: `${name} of the object.`, value, ...(priority ? { priority } : {}) }
}

/** A number column. */
export function integer<T>(name: string, value: (object: T) => number | undefined, priority = 0): Column<T> {
  return {
    name,
    type: 'integer',
    description: `${name} of the object.`,
    value: (o) => value(o) ?? 0,
    ...(priority ? { priority } : {}),
  }
}

/** A column of true and false. */
export function bool<T>(name: string, value: (object: T) => boolean): Column<T> {
  return { name, type: 'boolean', description: `${name} of the object.`, value }
}

/** `Containers`, `Images`, and `Selector`, which workloads show with `-o wide`. */
export function workloadWideColumns<T>(
  containersOf: (object: T) => readonly Container[] | undefined,
  selectorTextOf: (object: T) => string,
): Column<T>[] {
  return [
    text('Containers', (o: T) => (containersOf(o) ?? []).map((c) => c.name).join(','), 1),
    text('Images', (o: T) => (containersOf(o) ?? []).map((c) => c.image ?? '').join(','), 1),
    text('Selector', selectorTextOf, 1),
  ]
}

export function labelSelectorText(selector: LabelSelector | undefined): string {
  return formatSelector(selectorOf(selector) ?? []) || '<none>'
}

export function mapSelectorText(selector: Record<string, string> | undefined): string {
  return formatSelector(selectorOfMap(selector) ?? []) || '<none>'
}

/** What kinds without columns of their own show. */
export const genericColumns: readonly Column<Named>[] = [
  nameColumn,
  {
    name: 'Created At',
    type: 'date',
    description: 'When the object was created.',
    value: (o) => o.metadata.creationTimestamp ?? '',
  },
]
