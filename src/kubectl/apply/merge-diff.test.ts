import { expect, it } from 'vitest'
import { configurationOf, withLastApplied } from './last-applied.ts'
import { mergeDiff, mergePatched, threeWayMerge } from './merge-diff.ts'

it.each([
  [{ a: 1 }, { a: 1 }, {}],
  [{ a: 1 }, { a: 2 }, { a: 2 }],
  [{ a: 1, b: 2 }, { a: 1 }, { b: null }],
  [{ a: { b: 1, c: 2 } }, { a: { b: 1, c: 3 } }, { a: { c: 3 } }],
  [{ a: [1, 2] }, { a: [2] }, { a: [2] }],
])('finds what turns %j into %j', (before, after, patch) => {
  expect(mergeDiff(before, after)).toEqual(patch)
  expect(mergePatched(before, patch)).toEqual(after)
})

it('keeps what others have set, and removes what was applied once', () => {
  const original = { spec: { a: 1, gone: 1 } }
  const modified = { spec: { a: 2 } }
  const current = { spec: { a: 1, gone: 1, theirs: 1 } }
  expect(threeWayMerge(original, modified, current)).toEqual({ spec: { a: 2, gone: null } })
})

it('keeps the configuration without itself, on one line, escaped as Go does', () => {
  const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' }, data: { k: '<&>' } }
  const text =
    '{"apiVersion":"v1","data":{"k":"\\u003c\\u0026\\u003e"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"a"}}\n'
  expect(configurationOf(object)).toBe(text)
  expect(configurationOf(withLastApplied(object))).toBe(text)
})
