import { describe, expect, it } from 'vitest'
import { nextCronTime, parseCron } from './cron.ts'

describe('nextCronTime', () => {
  it.each([
    ['*/5 * * * *', '2026-01-01T00:01:00Z', undefined, '2026-01-01T00:05:00.000Z'],
    ['0 3 * * 1-5', '2026-01-02T04:00:00Z', undefined, '2026-01-05T03:00:00.000Z'],
    ['@monthly', '2026-01-02T04:00:00Z', undefined, '2026-02-01T00:00:00.000Z'],
    ['0 0 13 * FRI', '2026-01-01T00:00:00Z', undefined, '2026-01-02T00:00:00.000Z'],
    ['30 9 * JUL *', '2026-01-01T00:00:00Z', 'Europe/Berlin', '2026-07-01T07:30:00.000Z'],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', undefined, '2028-02-29T00:00:00.000Z'],
  ])('%s after %s', (text, after, zone, expected) => {
    const next = nextCronTime(parseCron(text), Date.parse(after), zone)
    expect(new Date(next ?? 0).toISOString()).toBe(expected)
  })

  it.each(['* * * *', '61 * * * *', 'a b c d e', '*/0 * * * *'])('refuses %s', (text) => {
    expect(() => parseCron(text)).toThrow()
  })
})
