// Timestamps and durations: parsing, writing, and their parts in time zones.

import { type Declaration, fail } from '../functions.ts'
import { Duration, Timestamp } from '../values.ts'

const NANO = 1_000_000_000n
const MIN_TIME = -62_135_596_800n * NANO
const MAX_TIME = 253_402_300_800n * NANO - 1n
const MAX_DURATION = (1n << 63n) - 1n

/** A timestamp within the years 1 to 9999. */
export function checkedTimestamp(nanos: bigint): Timestamp {
  return nanos < MIN_TIME || nanos > MAX_TIME ? fail('timestamp overflow') : new Timestamp(nanos)
}

/** A duration within 64 bits of nanoseconds. */
export function checkedDuration(nanos: bigint): Duration {
  return nanos < -MAX_DURATION - 1n || nanos > MAX_DURATION ? fail('duration overflow') : new Duration(nanos)
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))$/

/** A timestamp from RFC 3339 text; undefined when it is none. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = RFC3339.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', , sign, zoneHour = '0', zoneMinute = '0'] = match
  const date = dateOf(Number(year), Number(month), Number(day))
  if (date === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  if (Number(zoneHour) > 23 || Number(zoneMinute) > 59) return undefined
  const offset = (sign === '-' ? -1 : 1) * (Number(zoneHour) * 3600 + Number(zoneMinute) * 60)
  const seconds = date / 1000 + Number(hour) * 3600 + Number(minute) * 60 + Number(second) - offset
  const nanos = BigInt(seconds) * NANO + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
  return nanos < MIN_TIME || nanos > MAX_TIME ? undefined : new Timestamp(nanos)
}

/** Milliseconds at a date's midnight; undefined for a date that is none. */
function dateOf(year: number, month: number, day: number): number | undefined {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined
}

/** A date such as 2021-01-31 as the timestamp of its midnight. */
export function parseDate(text: string): Timestamp | undefined {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? parseTimestamp(`${text}T00:00:00Z`) : undefined
}

/** RFC 3339 text of a timestamp in UTC, with as many digits of the second as it has. */
export function formatTimestamp({ nanos }: Timestamp): string {
  const [seconds, fraction] = split(nanos)
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
  const digits = String(fraction).padStart(9, '0').replace(/0+$/, '')
  return digits === '' ? `${text}Z` : `${text}.${digits}Z`
}

/** Whole seconds, rounded down, and the nanoseconds on top. */
function split(nanos: bigint): [seconds: bigint, fraction: bigint] {
  const fraction = ((nanos % NANO) + NANO) % NANO
  return [(nanos - fraction) / NANO, fraction]
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: NANO,
  m: 60n * NANO,
  h: 3600n * NANO,
}

/** A duration such as `1h30m` or `-1.5s`; undefined when it is none. */
export function parseDuration(text: string): Duration | undefined {
  const [, sign, body = ''] = /^([+-]?)(.*)$/s.exec(text) ?? []
  if (body === '0') return new Duration(0n)
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/.test(body)) return undefined
  let nanos = 0n
  for (const [, whole = '', fraction = '', unit = ''] of body.matchAll(
    /(\d*)(?:\.(\d*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g,
  )) {
    const scale = UNITS[unit] ?? 0n
    nanos += BigInt(whole || '0') * scale
    nanos += (BigInt(fraction || '0') * scale) / 10n ** BigInt(fraction.length)
  }
  if (nanos > MAX_DURATION) return undefined
  return new Duration(sign === '-' ? -nanos : nanos)
}

/** A duration in seconds: `90s`, `1.5s`. */
export function formatDuration({ nanos }: Duration): string {
  const positive = nanos < 0n ? -nanos : nanos
  const fraction = String(positive % NANO)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${nanos < 0n ? '-' : ''}${positive / NANO}${fraction === '' ? '' : `.${fraction}`}s`
}

const MAX_ZONES = 64
const zones = new Map<string, Intl.DateTimeFormat>()

/** A date whose UTC parts are the parts of a timestamp in a zone. */
function local({ nanos }: Timestamp, zone: string | undefined): Date {
  const milliseconds = Number(split(nanos)[0]) * 1000 + Number(split(nanos)[1] / 1_000_000n)
  return new Date(milliseconds + offsetOf(milliseconds, zone ?? 'UTC'))
}

function offsetOf(milliseconds: number, zone: string): number {
  if (zone === 'UTC' || zone === '') return 0
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone)
  if (fixed) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000
  const parts = Object.fromEntries(
    formatter(zone)
      .formatToParts(milliseconds)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const shown = new Date(0)
  shown.setUTCFullYear(parts.year ?? 0, (parts.month ?? 1) - 1, parts.day ?? 1)
  shown.setUTCHours((parts.hour ?? 0) % 24, parts.minute ?? 0, parts.second ?? 0)
  return shown.getTime() - Math.floor(milliseconds / 1000) * 1000
}

function formatter(zone: string): Intl.DateTimeFormat {
  const known = zones.get(zone)
  if (known) return known
  if (zones.size >= MAX_ZONES) zones.clear()
  const made = makeFormatter(zone)
  zones.set(zone, made)
  return made
}

function makeFormatter(timeZone: string): Intl.DateTimeFormat {
  const numeric = 'numeric'
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return fail(`unknown time zone ${timeZone}`)
  }
}

const PARTS: readonly (readonly [name: string, part: (date: Date) => number])[] = [
  ['getFullYear', (d) => d.getUTCFullYear()],
  ['getMonth', (d) => d.getUTCMonth()],
  ['getDayOfYear', (d) => Math.floor((d.getTime() - (dateOf(d.getUTCFullYear(), 1, 1) ?? 0)) / 86_400_000)],
  ['getDayOfMonth', (d) => d.getUTCDate() - 1],
  ['getDate', (d) => d.getUTCDate()],
  ['getDayOfWeek', (d) => d.getUTCDay()],
  ['getHours', (d) => d.getUTCHours()],
  ['getMinutes', (d) => d.getUTCMinutes()],
  ['getSeconds', (d) => d.getUTCSeconds()],
  ['getMilliseconds', (d) => d.getUTCMilliseconds()],
]

const parts = PARTS.flatMap(([name, part]): Declaration[] => {
  const id = `timestamp_to_${name.slice(3).toLowerCase()}`
  const at = (time: Timestamp, zone?: string) => BigInt(part(local(time, zone)))
  return [
    [name, id, 'timestamp.()->int', (time: Timestamp) => at(time)],
    [name, `${id}_with_tz`, 'timestamp.(string)->int', at],
  ]
})

export const TIME: readonly Declaration[] = [
  ...parts,
  ['getHours', 'duration_to_hours', 'duration.()->int', (d: Duration) => d.nanos / (3600n * NANO)],
  ['getMinutes', 'duration_to_minutes', 'duration.()->int', (d: Duration) => d.nanos / (60n * NANO)],
  ['getSeconds', 'duration_to_seconds', 'duration.()->int', (d: Duration) => d.nanos / NANO],
  ['getMilliseconds', 'duration_to_milliseconds', 'duration.()->int', (d: Duration) => d.nanos / 1_000_000n],
]
