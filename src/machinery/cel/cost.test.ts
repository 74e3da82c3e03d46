import { expect, test } from 'vitest'
import {
  AUTHORIZER,
  authorizerValue,
  type CelAuthorizer,
  compile,
  fromTypedJson,
  makeEnv,
  providerOf,
  type SchemaLike,
  type SizeEstimator,
  sizesOf,
  typeOfSchema,
} from './index.ts'

const authorizer: CelAuthorizer = {
  check: () => ({ allowed: true, reason: 'ok' }),
  serviceAccount: () => authorizer,
}
const env = makeEnv({ variables: { authorizer: AUTHORIZER } })
/** Upstream's tables count with texts of up to twelve characters where nothing is known. */
const sizes: SizeEstimator = (_, { kind }) => (kind === 'string' || kind === 'bytes' ? { min: 0, max: 12 } : undefined)
const text = (size: number) => `'${'0123456789'.repeat(10).slice(0, size)}'`
const texts = `[${Array.from({ length: 5 }, () => text(12)).join(', ')}]`
const v6 = "'2001:db8:3333:4444:5555:6666:7777:8888'"

test.each([
  ['[1, 2, 3, 4, 5].sum()', 15, 15, 15],
  ['[1, 2, 3, 4, 5].max()', 15, 15, 15],
  [`${texts}.isSorted()`, 15, 25, 15],
  [`${texts}.indexOf('x')`, 15, 25, 15],
  ["url('https://kubernetes.io/').getHost()", 4, 4, 4],
  ["ip('192.168.0.1')", 2, 2, 2],
  [`ip(${v6})`, 4, 4, 4],
  [`ip(${v6}).family()`, 5, 5, 5],
  ["ip('192.168.0.1') == ip('192.168.0.1')", 5, 5, 5],
  ["'ABCDEFGHIJ abcdefghij'.lowerAscii()", 3, 3, 3],
  ["'ABCDEFGHIJ abcdefghij'.lowerAscii() == 'abcdefghij ABCDEFGHIJ'.lowerAscii()", 7, 9, 9],
  ["strings.quote('ABCDEFGHIJ abcdefghij')", 3, 3, 3],
  ["'abc 123 def 123'.replace('123', '456')", 3, 3, 3],
  ["'abc 123 def 123'.split(' ')", 3, 3, 3],
  ["'abc 123 def 123'.find('123')", 2, 2, 2],
  ["authorizer.group('apps').resource('deployments').check('create').allowed()", 350_004, 350_004, 350_004],
  ["authorizer.path('/healthz').check('get').allowed()", 350_003, 350_003, 350_003],
  ["quantity('12Mi')", 1, 1, 1],
  ["quantity('12Mi') == quantity('12Mi')", 3, 3, 3],
  ['sets.contains([1], [1])', 22, 22, 22],
  ['sets.equivalent([1], [1])', 23, 23, 23],
  ["semver('1.0.0').isLessThan(semver('1.0.1'))", 3, 3, 3],
  ['2 in [1, 2, 3]', 13, 13, 13],
  ["'123'.matches('[0-9]')", 2, 2, 2],
  ['[1, 2, 3].all(x, true)', 20, 20, 20],
  ['true ? 1 : 2', 0, 0, 0],
  ["'a' + 'b' == 'ab'", 2, 2, 2],
])('%s', (source, min, max, cost) => {
  const compiled = compile(env, source, { sizes, fold: false })
  expect(compiled.issues).toBeUndefined()
  expect(compiled.cost).toEqual({ min, max })
  const evaluated = compiled.program?.evaluate({ authorizer: authorizerValue(authorizer) })
  expect(evaluated?.error).toBeUndefined()
  expect(evaluated?.cost).toBe(cost)
})

test('literals of constants cost evaluations nothing', () => {
  expect(compile(env, '[1, 2, 3].all(x, true)').program?.evaluate({}).cost).toBe(10)
  expect(compile(env, "'a' in ['a', 'b']").program?.evaluate({}).cost).toBe(0)
  expect(compile(env, "timestamp('2024-01-01T00:00:00Z') == timestamp(0)").program?.evaluate({}).cost).toBe(1)
})

function estimate(schema: SchemaLike, source: string): number | undefined {
  const declared = typeOfSchema(schema, 'selfType', false)
  if (!declared) return undefined
  const scope = makeEnv({ variables: { self: declared.type }, types: providerOf([declared]) })
  return compile(scope, source, { sizes: sizesOf({ self: declared }) }).cost?.max
}

const list = (items: SchemaLike, maxItems?: number): SchemaLike => ({
  type: 'array',
  items,
  ...(maxItems === undefined ? {} : { maxItems }),
})
const map = (additionalProperties: SchemaLike, maxProperties?: number): SchemaLike => ({
  type: 'object',
  additionalProperties,
  ...(maxProperties === undefined ? {} : { maxProperties }),
})
const int: SchemaLike = { type: 'integer' }

test.each([
  ['numbers of a list', list({ type: 'number' }, 10), 'self.all(x, true)', 32],
  ['a list without a limit', list({ type: 'number' }), 'self.all(x, true)', 4_718_591],
  ['booleans', list({ type: 'boolean' }), 'self.all(x, true)', 1_887_437],
  ['texts', list({ type: 'string' }), 'self.all(x, true)', 3_145_727],
  ['texts in full', list({ type: 'string', maxLength: 20 }, 10), "self.all(x, x.contains('a'))", 122],
  ['a map with a limit', map(int, 10), 'self.all(x, true)', 32],
  ['an equality of texts', { type: 'string', maxLength: 10 } as SchemaLike, "self == 'abcdefghijklmnopqrst'", 3],
])('estimates over schemas: %s', (_, schema, source, cost) => {
  expect(estimate(schema, source)).toBe(cost)
})

test('objects are read only where expressions look, and count as their declared types', () => {
  const declared = typeOfSchema(
    {
      type: 'object',
      properties: {
        tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        ports: {
          type: 'array',
          items: { type: 'object', properties: { name: { type: 'string' }, port: int } },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
        },
        size: int,
        bad: int,
      },
    },
    'selfType',
    false,
  )
  if (!declared) throw new Error('the schema has a type')
  const scope = makeEnv({ variables: { self: declared.type, other: declared.type }, types: providerOf([declared]) })
  const port = (name: string, number: number) => ({ name, port: number })
  const self = fromTypedJson({ tags: ['a', 'b'], ports: [port('a', 1), port('b', 2)], size: 3, bad: 'x' }, declared)
  const other = fromTypedJson({ tags: ['b', 'a'], ports: [port('b', 2), port('a', 1)] }, declared)
  const run = (source: string) => {
    const { program, issues } = compile(scope, source)
    const result = program?.evaluate({ self, other })
    return issues ?? result?.error ?? result?.value
  }
  expect(run('self.tags == other.tags')).toBe(true)
  expect(run('self.ports == other.ports')).toBe(true)
  expect(run("(self.tags + ['a', 'c']).size() == 3")).toBe(true)
  expect(run('(self.ports + other.ports).size() == 2')).toBe(true)
  expect(run('self.size == 3 && type(self.size) == int')).toBe(true)
  expect(run('has(other.size)')).toBe(false)
  expect(run('self.bad == 1')).toContain('invalid data, expected int')
})
