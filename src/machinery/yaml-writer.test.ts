import { expect, it } from 'vitest'
import { compareKeys, toYaml } from './yaml-writer.ts'

it.each([
  ['plain', 'plain'],
  ['', '""'],
  ['true', '"true"'],
  ['y', '"y"'],
  ['~', '"~"'],
  ['12', '"12"'],
  ['1e3', '"1e3"'],
  ['0x1F', '"0x1F"'],
  ['1.2.3', '1.2.3'],
  ['12:30', '"12:30"'],
  ['2020-01-01', '"2020-01-01"'],
  ['2020-01-01T00:00:00Z', '"2020-01-01T00:00:00Z"'],
  ['a: b', "'a: b'"],
  ['a:b', 'a:b'],
  ['a #b', "'a #b'"],
  ['#a', "'#a'"],
  [' a', "' a'"],
  ['a ', "'a '"],
  ['- a', "'- a'"],
  ['-', "'-'"],
  ['-a', '-a'],
  ['*a', "'*a'"],
  ["it's", "it's"],
  ["'q'", "'''q'''"],
  ['"q"', '\'"q"\''],
  ['a\tb', '"a\\tb"'],
  ['🎉', '"\\U0001F389"'],
  ['ü', 'ü'],
])('writes the text %j as %s', (text, yaml) => {
  expect(toYaml({ k: text })).toBe(`k: ${yaml}\n`)
})

it.each([
  ['a\nb', 'k: |-\n  a\n  b\n'],
  ['a\nb\n', 'k: |\n  a\n  b\n'],
  ['a\n\n', 'k: |+\n  a\n\n'],
  ['\n', 'k: |2+\n\n'],
  ['  a\nb', 'k: |2-\n    a\n  b\n'],
  ['a \nb', 'k: "a \\nb"\n'],
])('writes the lines of %j', (text, yaml) => {
  expect(toYaml({ k: text })).toBe(yaml)
})

it('breaks long texts at spaces beyond column 80', () => {
  const words = Array.from({ length: 24 }, () => 'word').join(' ')
  expect(toYaml({ k: words })).toBe(
    `k: ${Array.from({ length: 16 }, () => 'word').join(' ')}\n  ${Array.from({ length: 8 }, () => 'word').join(' ')}\n`,
  )
})

it('writes lists at the level of their key, and empty things in place', () => {
  expect(toYaml({ a: [{ b: 1, c: [] }, 'x', [1, 2]], d: {}, e: null, f: true })).toBe(
    'a:\n- b: 1\n  c: []\n- x\n- - 1\n  - 2\nd: {}\ne: null\nf: true\n',
  )
})

it('orders keys as go-yaml does', () => {
  expect(['a10', 'a2', 'b', 'A', '10', '9', 'a.b', 'ab'].sort(compareKeys)).toEqual([
    '9',
    '10',
    'A',
    'a.b',
    'a2',
    'a10',
    'ab',
    'b',
  ])
})
