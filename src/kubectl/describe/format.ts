// Small pieces of description text: labels, annotations, times, quantities, selectors.

import type { LabelSelector, ObjectMeta } from '../../api/generated/meta-v1.ts'
import { humanDuration } from '../../machinery/duration.ts'
import { compareBytes } from '../../machinery/go/value.ts'
import { selectorOf } from '../../machinery/labels.ts'
import { formatQuantity, parseQuantity } from '../../machinery/quantity.ts'
import type { PrefixWriter } from './writer.ts'

type TextMap = Readonly<Record<string, string>> | undefined
/** The metadata that descriptions show. */
export type Meta = Partial<ObjectMeta>

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const MAX_ANNOTATION = 140

/** Keys in the order in which kubectl shows maps. */
export function sortedKeys(map: object | undefined): string[] {
  return Object.keys(map ?? {}).sort(compareBytes)
}

/** `Labels:  a=b`, one a line. */
export function printLabels(w: PrefixWriter, title: string, labels: TextMap, indent = ''): void {
  printMultiline(
    w,
    `${indent}${title}:\t`,
    `${indent}\t`,
    sortedKeys(labels).map((key) => `${key}=${labels?.[key]}`),
  )
}

/** A title and its entries one below the other, or `<none>`. */
export function printMultiline(w: PrefixWriter, title: string, indent: string, entries: readonly string[]): void {
  w.write(0, title)
  if (entries.length === 0) return w.rest('<none>')
  entries.forEach((entry, i) => {
    if (i > 0) w.write(0, indent)
    w.line(0, entry)
  })
}

/** Annotations, long ones shortened, without the one that repeats the whole object. */
export function printAnnotations(w: PrefixWriter, title: string, annotations: TextMap): void {
  w.write(0, `${title}:\t`)
  const keys = sortedKeys(annotations).filter((key) => key !== LAST_APPLIED)
  if (keys.length === 0) return w.rest('<none>')
  keys.forEach((key, i) => {
    if (i > 0) w.write(0, '\t')
    const value = (annotations?.[key] ?? '').replace(/\n$/, '')
    if (byteLength(value) + byteLength(key) + 2 <= MAX_ANNOTATION && !value.includes('\n')) {
      w.line(0, `${key}: ${value}`)
      return
    }
    w.line(0, `${key}:`)
    for (const line of value.split('\n')) w.line(0, `\t  ${shorten(line, MAX_ANNOTATION - 2)}`)
  })
}

/** At most `max` bytes, with dots when something is left out. */
export function shorten(text: string, max: number): string {
  return byteLength(text) > max ? `${Buffer.from(text).subarray(0, max).toString()}...` : text
}

function byteLength(text: string): number {
  return Buffer.byteLength(text)
}

/** `Name` and `Namespace` lines. */
export function printName(w: PrefixWriter, metadata: Meta, namespaced = true): void {
  w.line(0, `Name:\t${metadata.name ?? ''}`)
  if (namespaced) w.line(0, `Namespace:\t${metadata.namespace ?? ''}`)
}

/** `Labels` and `Annotations`. */
export function printLabelsAndAnnotations(w: PrefixWriter, metadata: Meta): void {
  printLabels(w, 'Labels', metadata.labels)
  printAnnotations(w, 'Annotations', metadata.annotations)
}

/** `a=b,c=d`, or `<none>`. */
export function formatLabels(labels: TextMap): string {
  const keys = sortedKeys(labels)
  return keys.length === 0 ? '<none>' : keys.map((key) => `${key}=${labels?.[key]}`).join(',')
}

/** The text of a LabelSelector: absent selects nothing, and has no text either. */
export function selectorText(selector: LabelSelector | undefined): string {
  // Validates the operators.
  selectorOf(selector)
  const parts = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` }))
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    const list = `(${[...values].sort(compareBytes).join(',')})`
    const text = { In: `${key} in ${list}`, NotIn: `${key} notin ${list}`, Exists: key, DoesNotExist: `!${key}` }[
      operator
    ]
    parts.push({ key, text: text ?? key })
  }
  return parts
    .sort((a, b) => compareBytes(a.key, b.key))
    .map((part) => part.text)
    .join(',')
}

/** As selectorText, but `<none>` for an empty one and `<error>` for one that is wrong. */
export function selectorTextOrNone(selector: LabelSelector | undefined): string {
  try {
    return selectorText(selector) || '<none>'
  } catch {
    // kubectl shows the rest of the object all the same.
    return '<error>'
  }
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const ZERO_TIME = 'Mon, 01 Jan 0001 00:00:00 +0000'

/** `Mon, 02 Jan 2006 15:04:05 -0700` in local time. */
export function dateText(timestamp: string | null | undefined): string {
  if (!timestamp) return ZERO_TIME
  const date = new Date(timestamp)
  const day = `${DAYS[date.getDay()]}, ${two(date.getDate())} ${MONTHS[date.getMonth()]} ${date.getFullYear()}`
  return `${day} ${clockText(date)} ${zoneOffset(date)}`
}

/** `2006-01-02 15:04:05 -0700 MST` in local time. */
export function plainDateText(timestamp: string | undefined): string {
  if (!timestamp) return '0001-01-01 00:00:00 +0000 UTC'
  const date = new Date(timestamp)
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${clockText(date)} ${zoneOffset(date)} ${zoneName(date)}`
}

/** Each knows the short names of the zones of its own region only. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-NZ', 'en-ZA', 'ja-JP']

/** `CET`, `EST`, or `+03` for a zone without a short name. */
function zoneName(date: Date): string {
  for (const locale of LOCALES) {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(date)
    const name = parts.find((part) => part.type === 'timeZoneName')?.value
    if (name && !/\d/.test(name)) return name
  }
  return zoneOffset(date).replace(/00$/, '')
}

function clockText(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

function zoneOffset(date: Date): string {
  const minutes = -date.getTimezoneOffset()
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** How long ago, or `<unknown>`. */
export function since(timestamp: string | null | undefined, now: number): string {
  return timestamp ? humanDuration(now - Date.parse(timestamp)) : '<unknown>'
}

/** A quantity in its canonical form; an absent one is `0`. */
export function quantityText(value: string | number | undefined): string {
  const parsed = parseQuantity(value ?? '0')
  return parsed ? formatQuantity(parsed) : String(value)
}

/** `True` or `False`. */
export function boolText(value: boolean | undefined): string {
  return value ? 'True' : 'False'
}

/** `True`, `False`, or `<unset>`. */
export function boolTextOrUnset(value: boolean | undefined): string {
  return value === undefined ? '<unset>' : boolText(value)
}

/** `ReplicaSet/web`: what controls the object, if anything does. */
export function controllerText(metadata: Meta): string | undefined {
  const owner = metadata.ownerReferences?.find((reference) => reference.controller)
  return owner && `${owner.kind}/${owner.name}`
}

/** `host:port`, with brackets around an IPv6 address. */
export function joinHostPort(host: string, port: string | number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** A table of conditions with times, as several kinds show it. */
export function printConditionTable(
  w: PrefixWriter,
  conditions: readonly {
    type: string
    status: string
    lastTransitionTime?: string | null
    reason?: string
    message?: string
  }[],
): void {
  w.line(0, 'Conditions:')
  w.line(1, 'Type\tStatus\tLastTransitionTime\tReason\tMessage')
  w.line(1, '----\t------\t------------------\t------\t-------')
  for (const c of conditions) {
    w.line(1, `${c.type}\t${c.status}\t${dateText(c.lastTransitionTime)}\t${c.reason ?? ''}\t${c.message ?? ''}`)
  }
}
