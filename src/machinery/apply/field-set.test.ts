import { describe, expect, it } from 'vitest'
import {
  below,
  canonical,
  difference,
  EMPTY,
  type FieldSet,
  hasPath,
  intersection,
  isEmpty,
  leaves,
  parseFieldSet,
  pathsOf,
  recursiveDifference,
  sameSet,
  setOfPaths,
  union,
} from './field-set.ts'

const set = (...paths: string[]): FieldSet =>
  setOfPaths(...paths.map((path) => path.split('/').map((part) => (/^[kvi]:/.test(part) ? part : `f:${part}`))))

describe('sets of fields', () => {
  const cases: [string, (a: FieldSet, b: FieldSet) => FieldSet, FieldSet, FieldSet, FieldSet][] = [
    ['joins neighbours', union, set('a/b'), set('a/c'), set('a/b', 'a/c')],
    ['joins a field with one below it', union, set('a'), set('a/b'), set('a', 'a/b')],
    ['joins a field below with the field', union, set('a/b'), set('a'), set('a', 'a/b')],
    ['joins with nothing', union, set('a'), EMPTY, set('a')],
    ['joins nothing with something', union, EMPTY, set('a'), set('a')],
    ['meets in members only', intersection, set('a/b', 'c'), set('a/b', 'a/d'), set('a/b')],
    ['does not meet where one has the parent', intersection, set('a'), set('a/b'), EMPTY],
    ['meets in both a field and one below', intersection, set('a', 'a/b', 'c'), set('a', 'a/b'), set('a', 'a/b')],
    ['takes members away', difference, set('a', 'a/b', 'c'), set('a/b'), set('a', 'c')],
    ['takes a parent away and leaves the child', difference, set('a', 'a/b'), set('a'), set('a/b')],
    ['leaves the parent when the child is taken', difference, set('a'), set('a/b'), set('a')],
    ['takes all away', difference, set('a/b', 'c'), set('a/b', 'c'), EMPTY],
    ['takes a parent away with its children', recursiveDifference, set('a', 'a/b/c', 'd'), set('a'), set('d')],
    ['takes children away with theirs', recursiveDifference, set('a', 'a/b', 'a/b/c'), set('a/b'), set('a')],
  ]
  it.each(cases)('%s', (_, operation, a, b, expected) => {
    expect(canonical(operation(a, b))).toEqual(canonical(expected))
    expect(sameSet(operation(a, b), expected)).toBe(true)
  })

  it('shares what does not change', () => {
    const a = set('a/b', 'c/d')
    expect(union(a, set('a/b'))).toBe(a)
    expect(difference(a, set('x', 'a/x'))).toBe(a)
    expect(union(a, set('a/x'))['f:c']).toBe(a['f:c'])
  })

  it('tells members from what only has members below', () => {
    const a = set('a/b', 'a/b/c', 'd')
    expect(hasPath(a, ['f:a'])).toBe(false)
    expect(hasPath(a, ['f:a', 'f:b'])).toBe(true)
    expect(hasPath(a, [])).toBe(false)
    expect(below(a, 'f:a')).toEqual(set('b', 'b/c'))
    expect(below(a, 'f:d')).toBeUndefined()
    expect(leaves(a)).toEqual(set('a/b/c', 'd'))
    expect(isEmpty(EMPTY)).toBe(true)
  })

  it('names paths as upstream does, members of a level first', () => {
    const key = 'k:{"containerPort":80,"protocol":"TCP"}'
    expect(pathsOf(set('spec/replicas', `spec/ports/${key}/name`, 'data', 'finalizers/v:"x"', 'list/i:3'))).toEqual([
      '.data',
      '.finalizers[="x"]',
      '.list[3]',
      '.spec.replicas',
      '.spec.ports[containerPort=80,protocol="TCP"].name',
    ])
  })
})

describe('the form in which sets are written', () => {
  it('puts a member with children in as "." and elements in order', () => {
    const text = JSON.stringify(canonical(set('b/v:2', 'b/v:10', 'b', 'b/k:{"name":"x"}', 'b/i:1', 'a', 'b/z')))
    expect(text).toBe('{"f:a":{},"f:b":{".":{},"f:z":{},"k:{\\"name\\":\\"x\\"}":{},"v:2":{},"v:10":{},"i:1":{}}}')
  })

  it('is read back, whatever the order and the spelling of keys', () => {
    const read = parseFieldSet({ 'f:x': { 'k:{"protocol": "TCP", "port": 80}': { '.': {}, 'f:a': {} }, '.': {} } })
    expect(JSON.stringify(read)).toBe('{"f:x":{".":{},"k:{\\"port\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:a":{}}}}')
    expect(parseFieldSet(JSON.parse(JSON.stringify(read)))).toBe(read)
  })

  it('drops elements of kinds that nobody knows and refuses what is no set', () => {
    expect(parseFieldSet({ 'x:future': {}, 'f:a': {} })).toEqual({ 'f:a': {} })
    expect(() => parseFieldSet({ f: {} })).toThrow('key must be 2 characters long:')
    expect(() => parseFieldSet({ foo: {} })).toThrow('missing colon: foo')
    expect(() => parseFieldSet({ 'f:a': 1 })).toThrow('expected a map of fields')
    expect(() => parseFieldSet({ 'v:nonsense': {} })).toThrow()
  })
})

describe('sets that were stored', () => {
  it('are one object when they are equal, also when elements cannot be read', () => {
    const stored = () => JSON.parse('{"f:b":{"k:nonsense":{},"v:{":{}},"f:a":{}}') as FieldSet
    expect(canonical(stored())).toBe(canonical(stored()))
    expect(JSON.stringify(canonical(stored()))).toBe('{"f:a":{},"f:b":{"k:nonsense":{},"v:{":{}}}')
  })
})
