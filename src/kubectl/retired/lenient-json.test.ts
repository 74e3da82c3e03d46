import { describe, expect, it } from 'vitest'
import { LenientJsonError, parseLenientJson } from './lenient-json.ts'

describe('parseLenientJson', () => {
  it.each([
    ['{"a": [1, 2.5, -3e2, true, false, null, "x"]}', { a: [1, 2.5, -300, true, false, null, 'x'] }],
    ['{"a": 1, # one\n "b": 2, // two\n /* three */ "c": 3,\n}', { a: 1, b: 2, c: 3 }],
    ['[1, 2,]', [1, 2]],
    ["{'a': 'b\\'c'}", { a: "b'c" }],
    [
      '{id: redis-master, port: 6379, url: http://x/y#z, image: a/b:v2}',
      { id: 'redis-master', port: 6379, url: 'http://x/y#z', image: 'a/b:v2' },
    ],
    ['{"a": "# no comment // either"}', { a: '# no comment // either' }],
    ['{"a": "\\u00e9\\n\\t\\/"}', { a: 'é\n\t/' }],
    ['\ufeff# heading\n{}', {}],
    ['{version: 007, a: 1 # x\n}', { version: '007', a: 1 }],
    ['  "text"  ', 'text'],
  ])('reads %s', (text, value) => {
    expect(parseLenientJson(text)).toEqual(value)
  })

  it('takes every key as data', () => {
    const value = parseLenientJson('{"__proto__": {"a": 1}}') as object
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })

  it.each([
    ['{"a": 1', 'line 1, column 8: expected "," or "}", found the end'],
    ['{"a"\n 1}', 'line 2, column 2: expected ":" after "a", found "1"'],
    ['{"a": }', 'line 1, column 7: expected a value, found "}"'],
    ['[1 2] x', 'line 1, column 7: expected the end of the text, found "x"'],
    ['"a', 'line 1, column 3: expected a closing quote, found the end'],
    ['', 'line 1, column 1: expected a value, found the end'],
    ['{,}', 'line 1, column 2: expected a key, found ","'],
    ['[,]', 'line 1, column 2: expected a value, found ","'],
  ])('refuses %j', (text, message) => {
    expect(() => parseLenientJson(text)).toThrow(new LenientJsonError(`cannot read JSON at ${message}`))
  })

  it('refuses what is nested without end', () => {
    expect(() => parseLenientJson('['.repeat(100_000))).toThrow('expected at most 200 levels')
  })
})
