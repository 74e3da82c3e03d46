// Durations as flags and URLs have them: `1m30s`, `250ms`. Model: time.ParseDuration of Go.

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const PART = /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|ms|s|m|h)/gy

/** Milliseconds; undefined when the text is no duration. A sign or none at all is no duration here, but `0` is. */
export function parseGoDuration(text: string): number | undefined {
  if (text === '0') return 0
  let total = 0
  let end = 0
  PART.lastIndex = 0
  for (let part = PART.exec(text); part; part = PART.exec(text)) {
    total += Number(part[1]) * (UNITS[part[2] ?? ''] ?? 0)
    end = PART.lastIndex
  }
  return text !== '' && end === text.length ? total : undefined
}

/** What is wrong with a text that is no duration, a sign before it or not. Model: time.ParseDuration of Go. */
export function goDurationProblem(text: string): string | undefined {
  const bare = text.replace(/^[+-]/, '')
  if (parseGoDuration(bare) !== undefined) return undefined
  const quoted = JSON.stringify(text)
  for (const [, , unit = ''] of bare.matchAll(/(\d+\.?\d*|\.\d+)([^\d.]*)/gy)) {
    if (unit === '') return `time: missing unit in duration ${quoted}`
    if (!(unit in UNITS)) return `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`
  }
  return `time: invalid duration ${quoted}`
}

/** Milliseconds as Go writes them: `1m30s`, `250ms`. Model: Duration.String of Go. */
export function formatGoDuration(ms: number): string {
  if (ms === 0) return '0s'
  if (ms < 1000) return `${ms}ms`
  const [hours, minutes] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60]
  const seconds = `${(ms % 60_000) / 1000}s`
  if (hours > 0) return `${hours}h${minutes}m${seconds}`
  return minutes > 0 ? `${minutes}m${seconds}` : seconds
}
