import { describe, expect, it } from 'vitest'
import { scanJson } from './json-scan.ts'

describe('scanning JSON', () => {
  for (const [text, duplicates] of [
    ['{"a":1,"b":{"c":[{"d":1,"d":2}]}}', ['b.c[0].d']],
    ['{"spec":{"replicas":1,"replicas":2,"replicas":3}}', ['spec.replicas']],
    ['{"a":{"x":1},"b":{"x":1}}', []],
    ['{"\\u0061":1,"a":2}', ['a']],
    [' [1, -2.5e+3, "x\\n", true, false, null, {}, []] ', []],
  ] as const) {
    it(`finds duplicates in ${text}`, () => {
      expect(scanJson(text)).toEqual({ duplicates, error: undefined })
    })
  }

  for (const [text, error] of [
    ['', 'unexpected end of JSON input'],
    ['{"a":', 'unexpected end of JSON input'],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{"a":}', "invalid character '}' looking for beginning of value"],
    ['{"a":1}}', "invalid character '}' after top-level value"],
    ['trux', "invalid character 'x' in literal true (expecting 'e')"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ] as const) {
    it(`says what is wrong with ${JSON.stringify(text)}`, () => {
      expect(scanJson(text).error).toBe(error)
    })
  }
})
