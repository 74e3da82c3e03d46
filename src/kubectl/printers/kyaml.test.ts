import { expect, it } from 'vitest'
import { toKyaml } from './kyaml.ts'

it('writes braces, quotes and trailing commas', () => {
  const value = { b: [{ x: 1 }, { y: true }], a: ['s'], c: { f: 'a"b', 'a.b/c': null, 10: 'ten' }, d: [], e: {} }
  expect(toKyaml(value)).toBe(`---
{
  a: [
    "s",
  ],
  b: [{
    x: 1,
  }, {
    "y": true,
  }],
  c: {
    "10": "ten",
    a.b/c: null,
    "f": "a\\"b",
  },
  d: [],
  e: {},
}
`)
})

it('writes lines one below the other', () => {
  expect(toKyaml({ k: '  a\nb\n', l: 'a\nb' })).toBe(`---
{
  k: "\\
    \\  a\\n\\
     b\\n\\
    ",
  l: "\\
     a\\n\\
     b\\
    ",
}
`)
})
