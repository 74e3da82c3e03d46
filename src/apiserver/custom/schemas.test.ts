import { describe, expect, it } from 'vitest'
import { applySchemaOf } from './apply-schema.ts'
import { cellOf } from './columns.ts'
import { applyDefaults } from './default.ts'
import { embeddedProblems } from './embedded.ts'
import { hasFormat, unknownFormats } from './formats.ts'
import { follow, JsonPathError, parseJsonPath } from './json-path.ts'
import { duplicateItems } from './list-types.ts'
import { prune } from './prune.ts'
import type { Schema } from './schema.ts'
import { defaultProblems } from './schema-defaults.ts'
import { schemaProblems } from './schema-rules.ts'
import { structuralProblems } from './structural.ts'
import { validateValue } from './validate.ts'

const texts = (errors: readonly { path: string; message: string }[]) => errors.map((e) => `${e.path}: ${e.message}`)
const object = (properties: Record<string, Schema>, more: Schema = {}): Schema => ({
  type: 'object',
  properties,
  ...more,
})

describe('values', () => {
  const cases: readonly [string, Schema, unknown, string[]][] = [
    [
      'a wrong type',
      { type: 'integer' },
      'x',
      ['a: Invalid value: "string": a in body must be of type integer: "string"'],
    ],
    ['null', { type: 'string' }, null, ['a: Invalid value: "null": a in body must be of type string: "null"']],
    ['null where it may be', { type: 'string', nullable: true }, null, []],
    ['an integer for a number', { type: 'number' }, 3, []],
    [
      'a fraction for an integer',
      { type: 'integer' },
      1.5,
      [
        'a: Invalid value: "number": a in body must be of type integer: "number"',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in a',
      ],
    ],
    [
      'int-or-string',
      { 'x-kubernetes-int-or-string': true },
      true,
      ['a: Invalid value: "boolean": a in body must be of type integer,string: "boolean"'],
    ],
    [
      'a minimum',
      { type: 'integer', minimum: 1 },
      0,
      ['a: Invalid value: 0: a in body should be greater than or equal to 1'],
    ],
    [
      'an exclusive maximum',
      { type: 'number', maximum: 2, exclusiveMaximum: true },
      2,
      ['a: Invalid value: 2: a in body should be less than 2'],
    ],
    ['a multiple', { type: 'number', multipleOf: 0.1 }, 0.3, []],
    [
      'no multiple',
      { type: 'integer', multipleOf: 2 },
      3,
      ['a: Invalid value: 3: a in body should be a multiple of 2'],
    ],
    [
      'too large for its format',
      { type: 'integer', format: 'int32' },
      2 ** 31,
      ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in a'],
    ],
    [
      'a short text',
      { type: 'string', minLength: 2 },
      'é',
      ['a: Invalid value: "é": a in body should be at least 2 chars long'],
    ],
    ['a long text', { type: 'string', maxLength: 2 }, 'abc', ['a: Too long: may not be more than 2 bytes']],
    ['a pattern', { type: 'string', pattern: '^a+$' }, 'b', ['a: Invalid value: "b": a in body should match \'^a+$\'']],
    [
      'a format',
      { type: 'string', format: 'email' },
      'x',
      ['a: Invalid value: "x": a in body must be of type email: "x"'],
    ],
    ['a format nobody knows', { type: 'string', format: 'rhyme' }, 'x', []],
    [
      'few items',
      { type: 'array', items: { type: 'string' }, minItems: 1 },
      [],
      ['a: Invalid value: 0: a in body should have at least 1 items'],
    ],
    [
      'many items',
      { type: 'array', items: { type: 'string' }, maxItems: 1 },
      ['x', 'y'],
      ['a: Too many: 2: must have at most 1 item'],
    ],
    [
      'an item',
      { type: 'array', items: { type: 'string' } },
      ['x', 1],
      ['a[1]: Invalid value: "integer": a[1] in body must be of type string: "integer"'],
    ],
    ['many properties', { type: 'object', maxProperties: 0 }, { b: 1 }, ['a: Too many: 1: must have at most 0 items']],
    ['what is required', { type: 'object', required: ['b'] }, {}, ['a.b: Required value']],
    ['enum of numbers', { type: 'integer', enum: [1, 2] }, 3, ['a: Unsupported value: 3: supported values: "1", "2"']],
    [
      'not',
      { type: 'integer', not: { minimum: 3 } },
      4,
      ['<nil>: Invalid value: "": "a" must not validate the schema (not)'],
    ],
    [
      'oneOf, none',
      { type: 'object', oneOf: [{ required: ['b'] }, { required: ['c'] }] },
      {},
      [
        '<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found none valid',
        'a.b: Required value',
      ],
    ],
    [
      'oneOf, both',
      { type: 'object', oneOf: [{ required: ['b'] }, { required: ['c'] }] },
      { b: 1, c: 1 },
      ['<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      'anyOf',
      { type: 'integer', anyOf: [{ minimum: 5 }] },
      1,
      [
        '<nil>: Invalid value: "": "a" must validate at least one schema (anyOf)',
        'a: Invalid value: 1: a in body should be greater than or equal to 5',
      ],
    ],
    [
      'allOf',
      { type: 'integer', allOf: [{ minimum: 5 }] },
      1,
      [
        'a: Invalid value: 1: a in body should be greater than or equal to 5',
        '<nil>: Invalid value: "": "a" must validate all the schemas (allOf). None validated',
      ],
    ],
  ]
  it.each(cases)('judges %s', (_name, schema, value, expected) => {
    expect(texts(validateValue({ a: value }, object({ a: schema })))).toEqual(expected)
  })

  it('does not judge again what an update left as it was', () => {
    const item = object({ name: { type: 'string' }, size: { type: 'integer', maximum: 3 } })
    const list: Schema = {
      type: 'array',
      items: item,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    }
    const schema = object({ list, other: { type: 'integer' } })
    const old = { value: { list: [{ name: 'x', size: 9 }], other: 1 } }
    const judge = (value: unknown) => texts(validateValue(value, schema, { old }))
    expect(
      judge({
        list: [
          { name: 'y', size: 1 },
          { name: 'x', size: 9 },
        ],
        other: 2,
      }),
    ).toEqual([])
    expect(judge({ list: [{ name: 'x', size: 8 }] })).toHaveLength(1)
    expect(judge({ list: [{ name: 'y', size: 9 }] })).toHaveLength(1)
  })

  it('finds duplicates', () => {
    const set: Schema = {
      type: 'array',
      'x-kubernetes-list-type': 'set',
      items: { type: 'object', 'x-kubernetes-map-type': 'atomic' },
    }
    const value = {
      a: [
        { x: 1, y: 2 },
        { y: 2, x: 1 },
        { x: 1, y: 2 },
      ],
    }
    expect(texts(duplicateItems(value, object({ a: set })))).toEqual(['a[1]: Duplicate value: {"y":2,"x":1}'])
  })
})

describe('pruning and defaults', () => {
  it('drops what the schema does not have and says where', () => {
    const schema = object({
      known: { type: 'string' },
      open: object({ inner: object({}) }, { 'x-kubernetes-preserve-unknown-fields': true }),
      map: { type: 'object', additionalProperties: object({ a: { type: 'string' } }) },
      list: { type: 'array', items: object({}) },
      template: object({ spec: object({}) }, { 'x-kubernetes-embedded-resource': true }),
    })
    const value = {
      apiVersion: 'v1',
      kind: 'K',
      metadata: { name: 'n' },
      known: 'x',
      unknown: 1,
      open: { kept: { any: 1 }, inner: { gone: 1 } },
      map: { k: { a: 'x', b: 1 } },
      list: [{ z: 1 }],
      template: { kind: 'T', metadata: { name: 'm' }, spec: {}, odd: 1 },
      __proto__x: 1,
    }
    const unknown = prune(value, schema, { root: true })
    expect(unknown).toEqual(['unknown', 'open.inner.gone', 'map.k.b', 'list[0].z', 'template.odd', '__proto__x'])
    expect(value).toEqual({
      apiVersion: 'v1',
      kind: 'K',
      metadata: { name: 'n' },
      known: 'x',
      open: { kept: { any: 1 }, inner: {} },
      map: { k: { a: 'x' } },
      list: [{}],
      template: { kind: 'T', metadata: { name: 'm' }, spec: {} },
    })
  })

  it('fills in defaults, inside of what was filled in too, and in place of nulls that may not be', () => {
    const schema = object({
      a: object({ b: { type: 'integer', default: 1 } }, { default: {} }),
      c: { type: 'string', default: 'x' },
      d: { type: 'string', default: 'x', nullable: true },
      e: { type: 'string' },
      list: { type: 'array', items: object({ f: { type: 'boolean', default: false } }) },
    })
    const value = { c: null, d: null, e: null, list: [{}] }
    applyDefaults(value, schema)
    expect(value).toEqual({ a: { b: 1 }, c: 'x', d: null, list: [{ f: false }] })
  })
})

describe('embedded resources', () => {
  it('have a kind, a version and metadata of the right types', () => {
    const schema = object({ a: { type: 'object', 'x-kubernetes-embedded-resource': true } })
    const judge = (a: unknown) => texts(embeddedProblems({ a }, schema))
    expect(judge({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } })).toEqual([])
    expect(judge({})).toEqual(['a.apiVersion: Required value', 'a.kind: Required value'])
    expect(judge({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 1 } })[0]).toContain('a.metadata: Invalid value')
  })
})

describe('schemas of definitions', () => {
  const cases: readonly [string, Schema, string[]][] = [
    ['no type', { properties: {} }, ['s.type: Required value: must not be empty at the root']],
    [
      'another root',
      { type: 'array', items: { type: 'string' } },
      ['s.type: Invalid value: "array": must be object at the root'],
    ],
    [
      'an untyped field',
      object({ a: {} }),
      ['s.properties[a].type: Required value: must not be empty for specified object fields'],
    ],
    [
      'an untyped item',
      object({ a: { type: 'array', items: {} } }),
      ['s.properties[a].items.type: Required value: must not be empty for specified array items'],
    ],
    ['no items', object({ a: { type: 'array' } }), ['s.properties[a].items: Required value: must be specified']],
    [
      'a type in a junctor, of a field that is nowhere else',
      object({}, { anyOf: [{ properties: { a: { type: 'string' } } }] }),
      [
        's.anyOf[0].properties[a].type: Forbidden: must be empty to be structural',
        's.properties[a]: Required value: because it is defined in s.anyOf[0].properties[a]',
      ],
    ],
    [
      'int-or-string with its alternatives',
      object({ a: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] } }),
      [],
    ],
    [
      'metadata with more than names',
      object({ metadata: object({ labels: { type: 'object' } }) }),
      [
        's.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
      ],
    ],
    ['a pattern of names', object({ metadata: object({ name: { type: 'string', pattern: '^a' } }) }), []],
    [
      'an embedded resource',
      object({ a: { 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true } }),
      ['s.properties[a].type: Required value: must be object if x-kubernetes-embedded-resource is true'],
    ],
  ]
  it.each(cases)('are structural or not: %s', (_name, schema, expected) => {
    expect(texts(structuralProblems(schema, 's'))).toEqual(expected)
  })

  const rules: readonly [string, Schema, string[]][] = [
    ['references', { $ref: '#/x' }, ['s.$ref: Forbidden: $ref is not supported']],
    [
      'unique items',
      { type: 'array', uniqueItems: true },
      ['s.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic'],
    ],
    [
      'types',
      { type: 'text' },
      [
        's.type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"',
      ],
    ],
    [
      'maps with fields',
      object({ a: { type: 'string' } }, { additionalProperties: { type: 'string' } }),
      ['s.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive'],
    ],
    [
      'keys of a list',
      {
        type: 'array',
        items: object({ a: { type: 'string' } }),
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['a'],
      },
      [
        's.items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      ],
    ],
    [
      'a list type of an object',
      { type: 'object', 'x-kubernetes-list-type': 'set' },
      ['s.type: Invalid value: "object": must be array if x-kubernetes-list-type is specified'],
    ],
  ]
  it.each(rules)('keep to the rules: %s', (_name, schema, expected) => {
    expect(texts(schemaProblems(schema, 's').problems)).toEqual(expected)
  })

  it('have defaults that fit', () => {
    const schema = object({ a: { type: 'integer', default: 'x' }, b: object({}, { default: { odd: 1 } }) })
    expect(texts(defaultProblems(schema, 's'))).toEqual([
      's.properties[a].default: Invalid value: "string":  in body must be of type integer: "string"',
      's.properties[b].default: Invalid value: {"odd":1}: must not have unknown fields',
    ])
  })

  it('say how fields are owned', () => {
    const keyed: Schema = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name', 'side'],
      items: object({ name: { type: 'string' }, side: { type: 'string', default: 'left' } }),
    }
    const schema = applySchemaOf(object({ keyed, flat: object({}, { 'x-kubernetes-map-type': 'atomic' }) }))
    if (schema.kind !== 'map') throw new Error('no map')
    expect(schema.field('keyed')).toMatchObject({
      kind: 'list',
      relationship: 'map',
      keys: ['name', 'side'],
      defaults: { side: 'left' },
    })
    expect(schema.field('flat')).toMatchObject({ kind: 'map', relationship: 'atomic' })
    expect(schema.field('metadata')).toMatchObject({ kind: 'map' })
  })
})

describe('formats', () => {
  it('that nobody knows are found wherever they stand', () => {
    const schema = object({
      a: { type: 'array', items: { type: 'string', format: 'rhyme' } },
      b: { type: 'string', format: 'email' },
    })
    expect([...unknownFormats(schema)]).toEqual(['rhyme'])
  })

  const cases: readonly [string, string[], string[]][] = [
    ['date-time', ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.123+01:00'], ['2026-13-02T03:04:05Z', 'soon']],
    ['date', ['2024-02-29'], ['2025-02-29', '2025-2-1']],
    ['email', ['a@example.com'], ['a', 'a@', '@b']],
    ['uuid', ['2b1e5ba5-8f2a-4e53-b6cd-dbf1e3cb1b9c'], ['2b1e']],
    ['ipv4', ['10.0.0.1'], ['10.0.0.256', '::1']],
    ['ipv6', ['::1'], ['10.0.0.1']],
    ['cidr', ['10.0.0.0/8', 'fd00::/64'], ['10.0.0.0', '10.0.0.0/33']],
    ['hostname', ['a.example.com'], ['-a.com', 'a..b']],
    ['byte', ['aGk='], ['a!']],
    ['duration', ['1h30m', '10s', '5 days'], ['soon']],
    ['mac', ['01:23:45:67:89:ab'], ['01:23']],
  ]
  it.each(cases)('knows %s', (format, good, bad) => {
    for (const text of good) expect([text, hasFormat(format, text)]).toEqual([text, true])
    for (const text of bad) expect([text, hasFormat(format, text)]).toEqual([text, false])
  })
})

describe('columns', () => {
  const value = {
    spec: {
      'a.b': 1,
      list: [
        { n: 'x', v: 1 },
        { n: 'y', v: 2 },
      ],
    },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  }
  const cases: readonly [string, unknown[]][] = [
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type=='Done')].status", []],
    ['.spec.list[*].n', ['x', 'y']],
    ['.spec.list[-1].v', [2]],
    ['.spec.list[0:1].v', [1]],
    ['.spec.list[?(@.v>1)].n', ['y']],
    ['.spec.a\\.b', [1]],
    [".spec['a.b']", [1]],
    ['.spec.none.deeper', []],
  ]
  it.each(cases)('follow %s', (path, expected) => {
    expect(follow(parseJsonPath(path), value)).toEqual(expected)
  })

  it('refuse what is no path', () => {
    expect(() => parseJsonPath('.spec[')).toThrow(JsonPathError)
  })

  it('show values of their type and nothing else', () => {
    expect(cellOf('string', { a: 1 }, 0)).toBe('{"a":1}')
    expect(cellOf('integer', 'x', 0)).toBeNull()
    expect(cellOf('integer', 2.7, 0)).toBe(2)
    expect(cellOf('date', '1970-01-01T00:00:00Z', 5000)).toBe('5s')
    expect(cellOf('date', 'soon', 0)).toBe('<invalid>')
    expect(cellOf('boolean', false, 0)).toBe(false)
  })
})
