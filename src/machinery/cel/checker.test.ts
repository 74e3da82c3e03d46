import { expect, test } from 'vitest'
import {
  BOOL,
  compile,
  DYN,
  formatType,
  INT,
  listType,
  makeEnv,
  mapType,
  optionalType,
  providerOf,
  STRING,
  TIMESTAMP,
  typeOfSchema,
} from './index.ts'

const declared = typeOfSchema(
  {
    type: 'object',
    properties: {
      count: { type: 'integer' },
      ratio: { type: 'number' },
      name: { type: 'string' },
      'with-dash': { type: 'string' },
      'a.b/c': { type: 'string' },
      namespace: { type: 'string' },
      under__score: { type: 'string' },
      port: { 'x-kubernetes-int-or-string': true },
      open: { type: 'object' },
      hidden: {},
      items: { type: 'array', items: { type: 'object', properties: { id: { type: 'integer' } } } },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      when: { type: 'string', format: 'date-time' },
      span: { type: 'string', format: 'duration' },
      blob: { type: 'string', format: 'byte' },
    },
  },
  'selfType',
  true,
)
if (!declared) throw new Error('the schema has a type')
const env = makeEnv({
  variables: {
    self: declared.type,
    x: INT,
    s: STRING,
    d: DYN,
    l: listType(INT),
    m: mapType(STRING, INT),
    t: TIMESTAMP,
    o: optionalType(INT),
    b: BOOL,
  },
  types: providerOf([declared]),
})
const issues = (source: string) => compile(env, source).issues ?? ''
const typeOf = (source: string) => {
  const { program, issues } = compile(env, source)
  return program ? formatType(program.result) : issues
}

test.each([
  ['x == s', "1:3: found no matching overload for '_==_' applied to '(int, string)'"],
  ['x + 1.0', "1:3: found no matching overload for '_+_' applied to '(int, double)'"],
  ['x + 1u', "found no matching overload for '_+_' applied to '(int, uint)'"],
  ['x && b', "1:1: expected type 'bool' but found 'int'"],
  ['!x', "found no matching overload for '!_' applied to '(int)'"],
  ['x ? 1 : 2', "found no matching overload for '_?_:_' applied to '(int, int, int)'"],
  ["b ? 1 : 'a'", "found no matching overload for '_?_:_' applied to '(bool, int, string)'"],
  ['s.size(1)', "1:7: found no matching overload for 'size' applied to 'string.(int)'"],
  ['s.startsWith(1)', "found no matching overload for 'startsWith' applied to 'string.(int)'"],
  ['x in s', "found no matching overload for '@in' applied to '(int, string)'"],
  ["'a' in l", "found no matching overload for '@in' applied to '(string, list(int))'"],
  ['m[1]', "found no matching overload for '_[_]' applied to '(map(string, int), int)'"],
  ['l == m', "found no matching overload for '_==_' applied to '(list(int), map(string, int))'"],
  ['x == null', "found no matching overload for '_==_' applied to '(int, null)'"],
  ['t + t', "found no matching overload for '_+_' applied to '(timestamp, timestamp)'"],
  ['o + 1', "found no matching overload for '_+_' applied to '(optional_type(int), int)'"],
  ['self.count == self', "found no matching overload for '_==_' applied to '(int, selfType)'"],
  ['unknown', "1:1: undeclared reference to 'unknown' (in container '')"],
  ['unknown(1)', "1:8: undeclared reference to 'unknown' (in container '')"],
  ['x.unknown()', "1:10: undeclared reference to 'unknown' (in container '')"],
  ['Foo{a: 1}', "undeclared reference to 'Foo' (in container '')"],
  ['self.nothing', "1:5: undefined field 'nothing'"],
  ['self.items[0].nothing', "undefined field 'nothing'"],
  ['self.hidden', "undefined field 'hidden'"],
  ['has(self.nothing)', "undefined field 'nothing'"],
  ['x.field', "1:2: type 'int' does not support field selection"],
  ['s.field', "type 'string' does not support field selection"],
  [
    'x.all(y, true)',
    "1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
  ],
  ['l.all(y, y)', "1:10: expected type 'bool' but found 'int'"],
  ["[1, 'a']", "1:5: expected type 'int' but found 'string'"],
  ["{'a': 1, 'b': true}", "expected type 'int' but found 'bool'"],
  ["{'a': 1, 2: 1}", "expected type 'string' but found 'int'"],
  ['[1, dyn(1)]', "expected type 'int' but found 'dyn'"],
  ["duration('1 hour')", '1:10: invalid duration argument'],
  ["timestamp('yesterday')", '1:11: invalid timestamp argument'],
  ["s.matches('(')", '1:11: invalid matches argument'],
  ['l.all(x, x > 0) && y', "undeclared reference to 'y'"],
])('%s is refused', (source, message) => {
  expect(issues(source)).toContain(message)
})

test('all problems are told, in order', () => {
  expect(issues('u == 1 && v == 2')).toBe(
    "ERROR: <input>:1:1: undeclared reference to 'u' (in container '')\n | u == 1 && v == 2\n | ^\n" +
      "ERROR: <input>:1:11: undeclared reference to 'v' (in container '')\n | u == 1 && v == 2\n | ..........^",
  )
})

test.each([
  ['self.count', 'int'],
  ['self.ratio', 'double'],
  ['self.with__dash__dash', 'string'],
  ['self.a__dot__b__slash__c', 'string'],
  ['self.__namespace__', 'string'],
  ['self.under__underscores__score', 'string'],
  ['self.port', 'dyn'],
  ['self.items', 'list(selfType.items.@idx)'],
  ['self.items.map(i, i.id)', 'list(int)'],
  ['self.labels', 'map(string, string)'],
  ['self.when', 'timestamp'],
  ['self.span', 'duration'],
  ['self.blob', 'bytes'],
  ['self.metadata.name', 'string'],
  ['self.?name', 'optional_type(string)'],
  ['self.?name.orValue("")', 'string'],
  ['o.optMap(v, string(v))', 'optional_type(string)'],
  ['[]', 'list(dyn)'],
  ['[[], [1]]', 'list(list(int))'],
  ['{}', 'map(dyn, dyn)'],
  ['d.a.b', 'dyn'],
  ['d + 1', 'int'],
  ['d + d', 'dyn'],
  ['type(x)', 'type(int)'],
  ['self == null', 'bool'],
  ['optional.none().or(optional.of(1))', 'optional_type(int)'],
  ['m.transformMap(k, v, v > 1)', 'map(string, bool)'],
  ['l[?0]', 'optional_type(int)'],
  ['x < 1.5', 'bool'],
  ["'%s %d'.format(['a', 1])", 'string'],
])('%s is of type %s', (source, type) => {
  expect(typeOf(source)).toBe(type)
})

test('the result must be of a type that is expected', () => {
  expect(compile(env, 'x', { expected: [BOOL] }).issues).toBe('must evaluate to bool but got int')
  expect(compile(env, 'x', { expected: [BOOL, INT] }).issues).toBeUndefined()
})

test('which variables an expression mentions', () => {
  const { program } = compile(env, 'l.all(s, s > x)')
  expect(['l', 'x', 's', 'd'].map((name) => program?.uses(name))).toEqual([true, true, false, false])
})
