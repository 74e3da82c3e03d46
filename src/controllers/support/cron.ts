// Cron schedules: five fields, names, ranges, steps, the @-shorthands, in any time zone.

const SHORTHANDS: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const MINUTE_MS = 60_000
const MAX_STEPS = 50_000

/** A parsed schedule. */
export interface CronSchedule {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly days: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  readonly weekdays: ReadonlySet<number>
  /** Whether day of month or day of week is `*`: then both must match, else either. */
  readonly anyDay: boolean
}

/** Parses a schedule. Throws on anything that is none. */
export function parseCron(text: string): CronSchedule {
  const fields = (SHORTHANDS[text.trim()] ?? text).trim().split(/\s+/)
  const [minute, hour, day, month, weekday] = fields
  if (
    fields.length !== 5 ||
    minute === undefined ||
    hour === undefined ||
    day === undefined ||
    month === undefined ||
    weekday === undefined
  ) {
    throw new Error(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`)
  }
  const weekdays = parseField(weekday, 0, 7, DAYS)
  if (weekdays.delete(7)) weekdays.add(0)
  return {
    minutes: parseField(minute, 0, 59),
    hours: parseField(hour, 0, 23),
    days: parseField(day, 1, 31),
    months: parseField(month, 1, 12, ['', ...MONTHS]),
    weekdays,
    anyDay: /^[*?]/.test(day) || /^[*?]/.test(weekday),
  }
}

function parseField(field: string, min: number, max: number, names: readonly string[] = []): Set<number> {
  const out = new Set<number>()
  const value = (text: string) => {
    const named = text === '' ? -1 : names.indexOf(text.toLowerCase())
    const n = named >= 0 ? named : /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (Number.isNaN(n) || n < min || n > max)
      throw new Error(`failed to parse ${JSON.stringify(field)}: expected ${min} to ${max}`)
    return n
  }
  for (const part of field.split(',')) {
    const [range = '', stepText] = part.split('/')
    const step = stepText === undefined ? 1 : Number(stepText)
    if (!Number.isInteger(step) || step < 1) throw new Error(`failed to parse ${JSON.stringify(field)}: bad step`)
    const [from = '', to] = range.split('-')
    const all = range === '*' || range === '?'
    const first = all ? min : value(from)
    const last = all ? max : to === undefined ? (stepText === undefined ? first : max) : value(to)
    for (let i = first; i <= last; i += step) out.add(i)
  }
  return out
}

interface WallTime {
  minute: number
  hour: number
  day: number
  month: number
  weekday: number
}

function wallClock(timeZone: string | undefined): (ms: number) => WallTime {
  if (timeZone === undefined || timeZone === 'UTC') {
    return (ms) => {
      const d = new Date(ms)
      return {
        minute: d.getUTCMinutes(),
        hour: d.getUTCHours(),
        day: d.getUTCDate(),
        month: d.getUTCMonth() + 1,
        weekday: d.getUTCDay(),
      }
    }
  }
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    minute: 'numeric',
    hour: 'numeric',
    day: 'numeric',
    month: 'numeric',
    weekday: 'short',
  })
  return (ms) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map((p) => [p.type, p.value]))
    return {
      minute: Number(parts.minute),
      hour: Number(parts.hour),
      day: Number(parts.day),
      month: Number(parts.month),
      weekday: DAYS.indexOf((parts.weekday ?? '').toLowerCase()),
    }
  }
}

/** The first time after `after` (ms) that the schedule names; undefined when there is none for years. */
export function nextCronTime(schedule: CronSchedule, after: number, timeZone?: string): number | undefined {
  const wall = wallClock(timeZone)
  let time = (Math.floor(after / MINUTE_MS) + 1) * MINUTE_MS
  for (let i = 0; i < MAX_STEPS; i++) {
    const { minute, hour, day, month, weekday } = wall(time)
    const [byDay, byWeekday] = [schedule.days.has(day), schedule.weekdays.has(weekday)]
    const dayFits = schedule.anyDay ? byDay && byWeekday : byDay || byWeekday
    if (!schedule.months.has(month) || !dayFits || !schedule.hours.has(hour)) time += (60 - minute) * MINUTE_MS
    else if (!schedule.minutes.has(minute)) time += MINUTE_MS
    else return time
  }
  return undefined
}
