import { describe, expect, it } from 'vitest'
import { changed, compare } from './compare.ts'
import { describeProblems, problemsOf, reconcile } from './conform.ts'
import { fieldsOf } from './extract.ts'
import { canonical, type FieldSet, pathsOf, setOfPaths } from './field-set.ts'
import { merge } from './merge.ts'
import { removeFields } from './remove.ts'
import { type ListSchema, mapSchema, schemaOfType, type TypeSchema, UNTYPED } from './schema.ts'

const STRING: TypeSchema = { kind: 'scalar', scalar: 'string' }
const NUMERIC: TypeSchema = { kind: 'scalar', scalar: 'numeric' }
const item = mapSchema({
  fields: new Map<string, () => TypeSchema>([
    ['name', () => STRING],
    ['protocol', () => STRING],
    ['value', () => NUMERIC],
  ]),
})
const list = (relationship: ListSchema['relationship'], element: TypeSchema, keys: string[] = []): ListSchema => ({
  ...{ kind: 'list', relationship, element, keys },
  defaults: keys.includes('protocol') ? { protocol: 'TCP' } : {},
})
const TYPE = mapSchema({
  fields: new Map<string, () => TypeSchema>([
    ['text', () => STRING],
    ['number', () => NUMERIC],
    ['struct', () => item],
    ['atomicStruct', () => ({ ...item, relationship: 'atomic' })],
    ['map', () => mapSchema({ element: STRING })],
    ['set', () => list('set', STRING)],
    ['items', () => list('map', item, ['name'])],
    ['ports', () => list('map', item, ['name', 'protocol'])],
    ['atomicList', () => list('atomic', STRING)],
    ['any', () => UNTYPED],
  ]),
})

const text = (set: FieldSet) => pathsOf(canonical(set))

describe('the fields of a value', () => {
  it.each<[string, unknown, string[]]>([
    ['scalars', { text: 'a', number: 1 }, ['.number', '.text']],
    ['structs only through their fields', { struct: { name: 'a' } }, ['.struct.name']],
    ['empty structs', { struct: {} }, ['.struct']],
    ['atomic values as a whole', { atomicStruct: { name: 'a' }, atomicList: ['x'] }, ['.atomicList', '.atomicStruct']],
    ['entries of maps', { map: { k: 'v' } }, ['.map.k']],
    ['items of sets', { set: ['a', 'b'] }, ['.set[="a"]', '.set[="b"]']],
    [
      'items of keyed lists and their fields',
      { items: [{ name: 'a' }] },
      ['.items[name="a"]', '.items[name="a"].name'],
    ],
    [
      'keys with defaults',
      { ports: [{ name: 'a' }] },
      ['.ports[name="a",protocol="TCP"]', '.ports[name="a",protocol="TCP"].name'],
    ],
    ['duplicates as a whole', { items: [{ name: 'a' }, { name: 'a', value: 1 }] }, ['.items[name="a"]']],
    ['nulls', { struct: null, items: null, text: null }, ['.items', '.struct', '.text']],
    ['untyped values', { any: { a: [1], b: { c: 1 } } }, ['.any.a', '.any.b', '.any.b.c']],
  ])('are %s', (_, value, paths) => {
    expect(text(fieldsOf(TYPE, value)).sort()).toEqual(paths.sort())
  })
})

describe('comparing', () => {
  it.each<[string, unknown, unknown, { added?: string[]; modified?: string[]; removed?: string[] }]>([
    ['nothing changed', { text: 'a', set: ['x'] }, { text: 'a', set: ['x'] }, {}],
    ['a scalar changed', { text: 'a' }, { text: 'b' }, { modified: ['.text'] }],
    ['a struct came', {}, { struct: { name: 'a' } }, { added: ['.struct', '.struct.name'] }],
    ['a struct went', { struct: { name: 'a' } }, {}, { removed: ['.struct', '.struct.name'] }],
    [
      'an atomic struct changed',
      { atomicStruct: { name: 'a' } },
      { atomicStruct: { value: 1 } },
      { modified: ['.atomicStruct'] },
    ],
    ['an item came to a set', { set: ['a'] }, { set: ['b', 'a'] }, { added: ['.set[="b"]'] }],
    ['the order of a set changed', { set: ['a', 'b'] }, { set: ['b', 'a'] }, {}],
    [
      'a field of an item changed',
      { items: [{ name: 'a', value: 1 }] },
      { items: [{ name: 'a', value: 2 }] },
      { modified: ['.items[name="a"].value'] },
    ],
    ['an item became twofold', { set: ['a'] }, { set: ['a', 'a'] }, { added: ['.set[="a"]'], removed: ['.set[="a"]'] }],
    ['an item became single', { set: ['a', 'a'] }, { set: ['a'] }, { added: ['.set[="a"]'], removed: ['.set[="a"]'] }],
    ['an empty map came', {}, { map: {} }, { added: ['.map'] }],
    ['an untyped value became a map', { any: 1 }, { any: { a: 1 } }, { modified: ['.any'], added: ['.any.a'] }],
  ])('finds that %s', (_, before, after, { added = [], modified = [], removed = [] }) => {
    const found = compare(TYPE, before, after)
    expect({ added: text(found.added), modified: text(found.modified), removed: text(found.removed) }).toEqual({
      ...{ added, modified, removed },
    })
    expect(text(changed(found)).length).toBeLessThanOrEqual(added.length + modified.length)
  })
})

describe('merging', () => {
  const names = (...all: string[]) => ({ items: all.map((name) => ({ name })) })
  it.each<[string, unknown, unknown, unknown]>([
    ['keeps what is not applied', { text: 'a', number: 1 }, { number: 2 }, { text: 'a', number: 2 }],
    ['merges maps', { map: { a: '1' } }, { map: { b: '2' } }, { map: { a: '1', b: '2' } }],
    [
      'replaces atomic values',
      { atomicStruct: { name: 'a' } },
      { atomicStruct: { value: 1 } },
      { atomicStruct: { value: 1 } },
    ],
    ['adds to sets', { set: ['a', 'b'] }, { set: ['c'] }, { set: ['a', 'b', 'c'] }],
    [
      'merges items',
      { items: [{ name: 'a', value: 1 }] },
      { items: [{ name: 'a', protocol: 'x' }] },
      { items: [{ name: 'a', value: 1, protocol: 'x' }] },
    ],
    ['puts items into the applied order', names('a', 'b', 'c'), names('c', 'a'), names('b', 'c', 'a')],
    ['keeps items of others among shared ones', names('1', '3', '4'), names('2', '3'), names('1', '2', '3', '4')],
    ['takes a list where there is none', {}, names('b', 'a'), names('b', 'a')],
    ['replaces twofold items', { set: ['a', 'a', 'b'] }, { set: ['a'] }, { set: ['a', 'b'] }],
  ])('%s', (_, live, config, expected) => {
    expect(merge(TYPE, live, config)).toEqual(expected)
  })
})

describe('removing', () => {
  it.each<[string, unknown, string[][], unknown]>([
    ['takes fields', { text: 'a', number: 1 }, [['f:text']], { number: 1 }],
    [
      'takes items with all they hold',
      { items: [{ name: 'a' }, { name: 'b' }] },
      [['f:items', 'k:{"name":"a"}']],
      { items: [{ name: 'b' }] },
    ],
    [
      'takes fields of items',
      { items: [{ name: 'a', value: 1 }] },
      [['f:items', 'k:{"name":"a"}', 'f:value']],
      { items: [{ name: 'a' }] },
    ],
    ['takes items of sets', { set: ['a', 'b'] }, [['f:set', 'v:"a"']], { set: ['b'] }],
    ['leaves null where nothing is left', { set: ['a'] }, [['f:set', 'v:"a"']], { set: null }],
  ])('%s', (_, value, paths, expected) => {
    expect(removeFields(TYPE, value, setOfPaths(...paths))).toEqual(expected)
  })
})

describe('a configuration', () => {
  it.each<[string, unknown, string]>([
    ['unknown fields', { foo: 1 }, '.foo: field not declared in schema'],
    ['wrong numbers', { number: 'x' }, '.number: expected numeric (int or float), got string'],
    ['wrong texts', { text: 1 }, '.text: expected string, got &value.valueUnstructured{Value:1}'],
    ['wrong maps', { struct: 'x' }, '.struct: expected map, got &{x}'],
    ['wrong lists', { set: 'x' }, '.set: expected list, got &{x}'],
    ['duplicates in sets', { set: ['a', 'a'] }, '.set: duplicate entries for key [="a"]'],
    ['duplicate keys', { items: [{ name: 'a' }, { name: 'a' }] }, '.items: duplicate entries for key [name="a"]'],
    [
      'items without keys',
      { items: [{ value: 1 }] },
      `.items: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn't have default values for any key fields)`,
    ],
    [
      'items that are null',
      { items: [null] },
      '.items: element 0: associative list with keys may not have a null element',
    ],
    [
      'several problems',
      { text: 1, number: 'x' },
      'errors:\n  .text: expected string, got &value.valueUnstructured{Value:1}\n  .number: expected numeric (int or float), got string',
    ],
  ])('is refused for %s', (_, value, message) => {
    expect(describeProblems(problemsOf(TYPE, value))).toBe(message)
  })

  it('may hold nulls', () => {
    expect(problemsOf(TYPE, { text: null, struct: null, items: null })).toEqual([])
  })
})

describe('a set written under an earlier schema', () => {
  it('owns as a whole what has become atomic', () => {
    const set = setOfPaths(['f:atomicStruct', 'f:name'], ['f:atomicList', 'v:"x"'], ['f:struct', 'f:name'])
    const now = setOfPaths(['f:atomicStruct'], ['f:atomicList'], ['f:struct', 'f:name'])
    expect(canonical(reconcile(TYPE, set))).toEqual(canonical(now))
    expect(reconcile(TYPE, now)).toBe(now)
  })
})

describe('the schema of built-in types', () => {
  it('knows keys, their defaults, and what is atomic', () => {
    const deployment = schemaOfType('io.k8s.api.apps.v1.Deployment')
    const object = {
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { spec: { containers: [{ name: 'c', ports: [{ containerPort: 80 }], command: ['x'] }] } },
      },
    }
    const containers = '.spec.template.spec.containers[name="c"]'
    expect(text(fieldsOf(deployment, object))).toEqual([
      '.spec.selector',
      containers,
      `${containers}.command`,
      `${containers}.name`,
      `${containers}.ports[containerPort=80,protocol="TCP"]`,
      `${containers}.ports[containerPort=80,protocol="TCP"].containerPort`,
    ])
  })

  it('lets a field say otherwise than its type', () => {
    const volume = schemaOfType('io.k8s.api.core.v1.PersistentVolume')
    expect(text(fieldsOf(volume, { spec: { claimRef: { name: 'a' } } }))).toEqual(['.spec.claimRef.name'])
    const event = schemaOfType('io.k8s.api.core.v1.Event')
    expect(text(fieldsOf(event, { involvedObject: { name: 'a' } }))).toEqual(['.involvedObject'])
  })
})
