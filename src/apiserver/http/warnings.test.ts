import { expect, it } from 'vitest'
import type { Response } from './exchange.ts'
import { warningsOf } from './warnings.ts'

function recorded() {
  let headers: readonly string[] = []
  const response = {
    setHeader(_: string, value: readonly string[]) {
      headers = [...value]
    },
  }
  return { warn: warningsOf(response as unknown as Response), headers: () => headers }
}

it('tells each warning once, quoted, in bytes of UTF-8', () => {
  const { warn, headers } = recorded()
  for (const text of ['a "b" \\c', 'a "b" \\c', '', 'größer']) warn(text)
  expect(headers()).toEqual(['299 - "a \\"b\\" \\\\c"', `299 - "${Buffer.from('größer').toString('latin1')}"`])
})

it('shortens all as soon as they are too long together, and then says no more than that', () => {
  const { warn, headers } = recorded()
  const long = (i: number) => `${i}`.padEnd(1500, 'x')
  warn(long(1))
  warn(long(2))
  expect(headers().map((h) => h.length)).toEqual([1508, 1508])
  warn(long(3))
  expect(headers().map((h) => h.length)).toEqual([264, 264, 264])
  for (let i = 4; i < 100; i++) warn(long(i))
  expect(headers()).toHaveLength(16)
})
