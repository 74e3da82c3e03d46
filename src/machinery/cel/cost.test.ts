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

function estimate(schema: SchemaLike, source: string): number {
  const declared = typeOfSchema(schema, 'selfType', false)
  if (!declared) throw new Error('the schema has a type')
  const variables = { self: declared.type, oldSelf: declared.type }
  const scope = makeEnv({ variables, types: providerOf([declared]) })
  const { cost, issues } = compile(scope, source, { sizes: sizesOf(declared) })
  if (issues !== undefined) throw new Error(issues)
  return cost.max
}

type Bounded = (max?: number) => SchemaLike
const given = (key: string, max: number | undefined) => (max === undefined ? {} : { [key]: max })
const list =
  (items: SchemaLike): Bounded =>
  (max) => ({ type: 'array', items, ...given('maxItems', max) })
const map =
  (additionalProperties: SchemaLike): Bounded =>
  (max) => ({ type: 'object', additionalProperties, ...given('maxProperties', max) })
const string =
  (more: SchemaLike = {}): Bounded =>
  (max) => ({ type: 'string', ...more, ...given('maxLength', max) })
const number: SchemaLike = { type: 'number' }
const boolean: SchemaLike = { type: 'boolean' }
const timed = (format: string): SchemaLike => ({ type: 'string', format })
const intOrString: SchemaLike = { 'x-kubernetes-int-or-string': true }
const int: SchemaLike = { type: 'integer' }
const half: SchemaLike = {
  type: 'object',
  properties: { required: { type: 'string' }, optional: { type: 'string' } },
  required: ['required'],
}
const strings: Bounded = (max) => list(string()(max))(max)

/** Estimates without and with a bound, as upstream's tests have them: definitions are accepted and refused by these. */
const ESTIMATES: readonly (readonly [Bounded, source: string, open: number, max: number, bounded: number])[] = [
  [list(number), 'self.all(x, true)', 4_718_591, 10, 32],
  [list({ type: 'string' }), 'self.all(x, true)', 3_145_727, 20, 62],
  [list(boolean), 'self.all(x, true)', 1_887_437, 5, 17],
  [list(list(number)()), 'self.all(x, true)', 3_145_727, 100, 302],
  [list(half), 'self.all(x, true)', 555_128, 50, 152],
  [map(number), 'self.all(x, true)', 1_348_169, 10, 32],
  [map({ type: 'string' }), 'self.all(x, true)', 1_179_647, 3, 11],
  [map(boolean), 'self.all(x, true)', 943_718, 100, 302],
  [string(), "self.contains('test')", 314_574, 10, 5],
  [string(), "self.startsWith('test')", 2, 15, 2],
  [string(), "self.endsWith('test')", 2, 30, 2],
  [string(), 'size(self + "hello") > size("hello")', 314_578, 4, 7],
  [list(number), 'self[1] == 0.0', 2, 5000, 2],
  [list({ type: 'string' }), 'self[1] == self[1]', 314_577, 8, 314_577],
  [string(), 'self.matches("x")', 314_574, 50, 22],
  [string(), '"".matches("(((((((((())))))))))[0-9]")', 7, 10, 7],
  [string(), 'self.matches("")', 1, 100, 1],
  [(max) => map(string()(max))(max), 'self.all(x, x.contains(self[x]))', 2_752_507, 10, 72],
  [map(number), 'self["x"] == 0.0', 2, 0, 2],
  [string(), 'self == "x"', 2, 0, 1],
  [string({ format: 'byte' }), 'self == b"x"', 2, 0, 1],
  [list(number), 'self.all(x, x == 0.0)', 6_291_454, 3 * 1024 * 2048, 25_165_826],
  [list(map(half)()), 'self.all(x, x["y"].required == "z")', 7_340_027, 10, 72],
  [list(intOrString), 'self.all(x, true)', 4_718_591, 10, 32],
  [list(intOrString), 'self[0] == 5', 3, 10, 3],
  [list(boolean), 'self[0] == false', 2, 25, 2],
  [list(half), 'self[0] == null', 2, 422, 2],
  [list(list(number)()), 'self[0][0] == -1.0', 3, 51, 3],
  [list(map(number)()), 'self.all(x, x.y == 25.2)', 6_291_452, 12, 74],
  [list(map(number)()), 'self[0].x > 2.0', 4, 3000, 4],
  [list(timed('duration')), 'self.all(x, true)', 2_359_295, 5, 17],
  [list(timed('duration')), 'self[0].getHours() == 2', 4, 525, 4],
  [list(timed('date')), 'self.all(x, true)', 725_936, 15, 47],
  [list(timed('date')), 'self[2].getDayOfMonth() == 13', 4, 42, 4],
  [list(timed('date-time')), 'self.all(x, true)', 428_963, 25, 77],
  [map(intOrString), 'self.all(x, true)', 1_348_169, 15, 47],
  [map(half), 'self.all(x, true)', 428_963, 20, 62],
  [map(map(number)()), 'self.all(x, true)', 1_179_647, 10, 32],
  [map(timed('duration')), 'self.all(x, true)', 1_048_577, 5, 17],
  [map(timed('date')), 'self.all(x, true)', 524_288, 10, 32],
  [map(timed('date-time')), 'self.all(x, true)', 349_526, 25, 77],
  [string(), "self.find('[0-9]+') == ''", 629_147, 10, 11],
  [strings, "self.join(' ') == 'aa bb'", 329_853_068_905, 10, 43],
  [strings, 'self.isSorted() == true', 329_854_432_052, 10, 52],
  [
    (max) => ({ type: 'object', properties: { str: string()(max), before: string()(2), after: string()(4) } }),
    "self.str.replace(self.before, self.after) == 'does not matter'",
    629_154,
    4,
    12,
  ],
  [
    (max) => ({ type: 'object', properties: { str: string()(max), separator: string()(max) } }),
    'self.str.split(self.separator) == []',
    629_160,
    10,
    22,
  ],
  [string(), "self.lowerAscii() == 'lower!'", 314_575, 10, 6],
  [map(int), 'oldSelf.size() == self.size()', 5, 10, 5],
  [map(timed('date-time')), 'self["a"] == self["b"]', 8, 7, 8],
  [map(timed('duration')), 'self["c"] == self["d"]', 8, 42, 8],
  [string({ enum: ['A', 'B', 'C', 'LongValue'] }), "self.contains('A')", 2, 1000, 401],
  [(max) => ({ ...intOrString, ...given('maxLength', max) }), 'isQuantity(self)', 314_574, 20, 9],
]

test.each(ESTIMATES.map((row, i) => [`${i} ${row[1]}`, row] as const))(
  'estimates over schemas: %s',
  (_, [schema, source, open, max, bounded]) => {
    expect([estimate(schema(), source), estimate(schema(max), source)]).toEqual([open, bounded])
  },
)

test('loops within loops multiply', () => {
  const all = 'self.all(x, self.all(y, true))'
  expect(estimate(list(int)(), all)).toBeGreaterThan(1e12)
  expect(estimate(list(int)(10), all)).toBe(352)
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
