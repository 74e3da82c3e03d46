import { describe, expect, it } from 'vitest'
import { chooseResource, ExplainError, explain, splitRequest } from './index.ts'
import { wrapWords } from './word-wrap.ts'

const kinds = [{ group: 'k.io', version: 'v1', kind: 'Box' }]
const document = {
  paths: { '/apis/k.io/v1/boxes': { get: { 'x-kubernetes-group-version-kind': kinds[0] } } },
  components: {
    schemas: {
      'io.k.v1.Box': {
        type: 'object',
        description: 'A box holds things.',
        required: ['spec'],
        properties: {
          spec: { allOf: [{ $ref: '#/components/schemas/io.k.v1.Spec' }], description: 'What is wanted.', default: {} },
          kind: { type: 'string' },
        },
        'x-kubernetes-group-version-kind': kinds,
      },
      'io.k.v1.Spec': {
        type: 'object',
        description: 'Spec of a box.',
        properties: {
          labels: { type: 'object', additionalProperties: { type: 'string', default: '' } },
          inner: { type: 'array', items: { $ref: '#/components/schemas/io.k.v1.Spec' } },
          mode: { type: 'string', description: 'How.', enum: ['', 'A', 'B', 'C', 'D'] },
          size: { $ref: '#/components/schemas/io.k.Quantity' },
        },
      },
      'io.k.Quantity': { type: 'string', description: 'An amount.' },
    },
  },
}
const openapi = {
  index: async () => ({ paths: { 'apis/k.io/v1': { serverRelativeURL: '/openapi/v3/apis/k.io/v1?hash=1' } } }),
  document: async (url: string) => (url === '/openapi/v3/apis/k.io/v1?hash=1' ? document : {}),
}
const gvr = { group: 'k.io', version: 'v1', resource: 'boxes' }
const run = (fieldPath: string[], recursive = false) => explain({ openapi, gvr, fieldPath, recursive })
const HEAD = 'GROUP:      k.io\nKIND:       Box\nVERSION:    v1\n\n'

describe('explain', () => {
  it('explains a kind', async () => {
    expect(await run([])).toBe(
      `${HEAD}DESCRIPTION:\n    A box holds things.\n    \nFIELDS:\n` +
        '  kind\t<string>\n    <no description>\n\n  spec\t<Spec> -required-\n    What is wanted.\n\n\n',
    )
  })

  it('explains a field with the schema it refers to', async () => {
    expect(await run(['spec'])).toBe(
      `${HEAD}FIELD: spec <Spec>\n\n\nDESCRIPTION:\n    What is wanted.\n    Spec of a box.\n    \nFIELDS:\n` +
        '  inner\t<[]Spec>\n    <no description>\n\n  labels\t<map[string]string>\n    <no description>\n\n' +
        '  mode\t<string>\n  enum: "", A, B, C, ....\n    How.\n\n  size\t<string>\n    <no description>\n\n\n',
    )
  })

  it('lists all values of a field', async () => {
    expect(await run(['spec', 'inner', 'mode'])).toBe(
      `${HEAD}FIELD: mode <string>\nENUM:\n    ""\n    A\n    B\n    C\n    D\n\nDESCRIPTION:\n    How.\n    \n\n`,
    )
  })

  it('lists fields within fields and stops where they repeat', async () => {
    const text = await run([], true)
    expect(text).toContain('  spec\t<Spec> -required-\n    inner\t<[]Spec>\n    labels\t<map[string]string>\n    mode')
    expect(text.match(/inner/g)).toHaveLength(1)
  })

  it.each([
    [['nope'], 'field "nope" does not exist'],
    [['spec', 'labels', 'x'], 'field "x" does not exist'],
  ])('refuses %s', async (path, message) => {
    const failure = await run(path).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ExplainError)
    expect(failure).toMatchObject({ message, output: HEAD })
  })

  it('names resources that have no documentation', async () => {
    const base = { openapi, fieldPath: [], recursive: false }
    await expect(explain({ ...base, gvr: { ...gvr, version: 'v2' } })).rejects.toThrow(
      `couldn't find resource for "k.io/v2, Resource=boxes"`,
    )
    await expect(explain({ ...base, gvr: { ...gvr, resource: 'x' } })).rejects.toThrow(
      'GVR (k.io/v1, Resource=x) not found in OpenAPI schema',
    )
    await expect(explain({ ...base, gvr, output: 'plaintext-openapiv2' })).rejects.toThrow('is not supported')
    await expect(explain({ ...base, gvr, output: 'x' })).rejects.toThrow('unrecognized format: x')
  })
})

describe('requests', () => {
  it('begin with a resource', () => {
    expect(splitRequest('pods.spec.containers')).toEqual({ resource: 'pods', fieldPath: ['spec', 'containers'] })
    expect(splitRequest('pods.')).toEqual({ resource: 'pods', fieldPath: [] })
    expect(() => splitRequest('pods[0]')).toThrow('invalid jsonpath syntax, all nodes must be field nodes')
  })

  it('prefer the resource whose group they name', () => {
    const other = { group: 'other.io', version: 'v1', resource: 'boxes' }
    expect(chooseResource('boxes.k.io.spec', [other, gvr])).toEqual({ gvr, fieldPath: ['spec'] })
    expect(chooseResource('boxes.spec', [other, gvr])).toEqual({ gvr: other, fieldPath: ['spec'] })
    expect(chooseResource('boxes', [])).toBeUndefined()
    expect(() => chooseResource('boxes.k.io[0]', [gvr])).toThrow('first node must be field node')
  })
})

describe('wrapWords', () => {
  it.each([
    ['a b c', 3, 'a b\nc'],
    ['aaaa bb', 3, 'aaaa\nbb'],
    ['aa  bb', 6, 'aa  bb'],
    ['aa\n\nbb ', 3, 'aa\n\nbb '],
    ['  indented text', 10, '  indented\ntext'],
    ['', 5, ''],
  ])('%j at %d', (text, limit, expected) => {
    expect(wrapWords(text, limit)).toBe(expected)
  })
})
