// Pieces that columns of many kinds share. Descriptions are our own words; names and values are upstream's.

import type { Container } from '../../../api/generated/core-v1.ts'
import type { LabelSelector } from '../../../api/generated/meta-v1.ts'
import { humanDuration } from '../../../machinery/duration.ts'
import { formatSelector, selectorOf, selectorOfMap } from '../../../machinery/labels.ts'
import { canonicalQuantity } from '../../../machinery/quota/resource-list.ts'
import type { Column } from '../../resource-definition.ts'

/** Time since a timestamp; `<unknown>` when there is none. */
export function age(timestamp: string | null | undefined, now: number): string {
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

/** Numbers in a column that is declared as text, as upstream does in places. */
export function number<T>(name: string, value: (object: T) => number | undefined, priority = 0): Column<T> {
  return text(name, (object: T) => value(object) ?? 0, priority)
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

/** A quantity in its canonical form; `absent` when there is none. */
export function quantityText(quantity: string | undefined, absent = '0'): string {
  return quantity === undefined ? absent : canonicalQuantity(quantity)
}

/** Where a load balancer is reached: addresses before names of the same one, each once, in order. */
export function loadBalancerText(ingress: readonly { ip?: string; hostname?: string }[] | undefined): string {
  const all = new Set((ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter(Boolean))
  return [...all].sort().join(',')
}

/** A label selector as Go prints the structure, which a column of upstream's shows. */
export function goSelectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.entries(matchLabels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`)
    .join('')
  const expressions = matchExpressions
    .map(({ key, operator, values = [] }) => {
      return `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`
    })
    .join('')
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},MatchExpressions:[]LabelSelectorRequirement{${expressions}},}`
}

/** Says of which class a volume or claim is, before there was a field for it; it still goes first. */
export const OLD_STORAGE_CLASS = 'volume.beta.kubernetes.io/storage-class'

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
