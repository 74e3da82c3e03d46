import { expect, test } from 'vitest'
import { celRules } from './rule-evaluation.ts'
import { fieldAt } from './rule-path.ts'
import { ruleProblems } from './rule-problems.ts'
import type { Schema } from './schema.ts'
import { schemaProblems } from './schema-rules.ts'

type Rule = NonNullable<Schema['x-kubernetes-validations']>[number]

const rules = (...given: (string | Rule)[]) => ({
  'x-kubernetes-validations': given.map((rule) => (typeof rule === 'string' ? { rule } : rule)),
})
const root = (properties: Record<string, Schema>, ...given: (string | Rule)[]): Schema => ({
  type: 'object',
  properties: { spec: { type: 'object', properties, ...rules(...given) } },
})
const object = (spec: unknown) => ({ apiVersion: 'a/v1', kind: 'A', metadata: { name: 'x' }, spec })
const judge = (schema: Schema, spec: unknown, old?: unknown) =>
  (celRules.compile(schema)?.validate(object(spec), old === undefined ? undefined : object(old)) ?? []).map(
    ({ path, message }) => `${path}: ${message}`,
  )
const problems = (schema: Schema) => {
  const { problems: ofForm, faulty } = schemaProblems(schema, 'schema')
  return [...ofForm, ...ruleProblems(schema, 'schema', faulty)].map(({ path, message }) => `${path}: ${message}`)
}
const ints = { min: { type: 'integer' }, max: { type: 'integer' } }

test('a schema without rules compiles to nothing', () => {
  expect(celRules.compile(root(ints))).toBeUndefined()
})

test('rules judge values, with their own words or messages', () => {
  const rule = 'self.min <= self.max'
  expect(judge(root(ints, rule), { min: 1, max: 2 })).toEqual([])
  expect(judge(root(ints, rule), { min: 3, max: 2 })).toEqual([`spec: Invalid value: failed rule: ${rule}`])
  expect(judge(root(ints, { rule, message: ' too big ' }), { min: 3, max: 2 })).toEqual([
    'spec: Invalid value: too big',
  ])
  const messageExpression = "'%d is more than %d'.format([self.min, self.max])"
  expect(judge(root(ints, { rule, messageExpression }), { min: 3, max: 2 })).toEqual([
    'spec: Invalid value: 3 is more than 2',
  ])
  const broken = { rule, messageExpression: 'string(1 / (self.max - 2))', message: 'plain' }
  expect(judge(root(ints, broken), { min: 3, max: 2 })).toEqual(['spec: Invalid value: plain'])
})

test('reasons and field paths', () => {
  const rule = 'self.min <= self.max'
  const at = (reason: string) =>
    judge(root(ints, { rule, message: 'no', fieldPath: '.min', reason } as Rule), { min: 3, max: 2 })
  expect(at('FieldValueForbidden')).toEqual(['spec.min: Forbidden: no'])
  expect(at('FieldValueRequired')).toEqual(['spec.min: Required value: no'])
  expect(at('FieldValueDuplicate')).toEqual(['spec.min: Duplicate value'])
  expect(at('FieldValueInvalid')).toEqual(['spec.min: Invalid value: no'])
})

test('rules of scalars, items and map values name the place and the value', () => {
  const schema = root({
    name: { type: 'string', ...rules("self != 'bad'") },
    list: { type: 'array', items: { type: 'integer', ...rules('self > 0') } },
    map: { type: 'object', additionalProperties: { type: 'string', ...rules('self.size() < 3') } },
  })
  expect(judge(schema, { name: 'bad', list: [1, -1], map: { a: 'abc', b: 'b' } })).toEqual([
    'spec.name: Invalid value: "bad": failed rule: self != \'bad\'',
    'spec.list[1]: Invalid value: -1: failed rule: self > 0',
    'spec.map[a]: Invalid value: "abc": failed rule: self.size() < 3',
  ])
})

test('the root sees its metadata', () => {
  const schema: Schema = { type: 'object', ...rules("self.metadata.name == 'y'") }
  expect(judge(schema, {})).toEqual(["<nil>: Invalid value: failed rule: self.metadata.name == 'y'"])
})

test('transition rules are for updates', () => {
  const schema = root({ kind: { type: 'string', ...rules('self == oldSelf') } })
  expect(judge(schema, { kind: 'a' })).toEqual([])
  expect(judge(schema, { kind: 'a' }, { kind: 'a' })).toEqual([])
  expect(judge(schema, { kind: 'b' }, { kind: 'a' })).toEqual([
    'spec.kind: Invalid value: "b": failed rule: self == oldSelf',
  ])
  expect(judge(schema, { kind: 'b' }, {})).toEqual([])
})

test('an optional old value lets transition rules judge creates', () => {
  const rule = { rule: "oldSelf.hasValue() || self == 'new'", optionalOldSelf: true }
  const schema = root({ kind: { type: 'string', ...rules(rule) } })
  expect(judge(schema, { kind: 'new' })).toEqual([])
  expect(judge(schema, { kind: 'old' })).toHaveLength(1)
  expect(judge(schema, { kind: 'old' }, { kind: 'other' })).toEqual([])
})

test('items of lists with keys are matched with what they were', () => {
  const schema = root({
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        properties: { name: { type: 'string' }, port: ints.min },
        ...rules('self.port >= oldSelf.port'),
      },
    },
  })
  const old = {
    ports: [
      { name: 'a', port: 2 },
      { name: 'b', port: 5 },
    ],
  }
  expect(
    judge(
      schema,
      {
        ports: [
          { name: 'b', port: 4 },
          { name: 'a', port: 2 },
          { name: 'c', port: 1 },
        ],
      },
      old,
    ),
  ).toEqual(['spec.ports[0]: Invalid value: failed rule: self.port >= oldSelf.port'])
})

test('what failed before and did not change is let be', () => {
  const schema = root({ name: { type: 'string', ...rules("self != 'bad'") }, other: { type: 'string' } })
  expect(judge(schema, { name: 'bad', other: 'b' }, { name: 'bad', other: 'a' })).toEqual([])
  expect(judge(schema, { name: 'bad' }, { name: 'good' })).toHaveLength(1)
})

test('errors while evaluating', () => {
  expect(judge(root(ints, 'self.min / 0 == 1'), { min: 1 })).toEqual([
    'spec: Invalid value: "object": division by zero evaluating rule: self.min / 0 == 1',
  ])
  expect(judge(root(ints, 'self.max > 1'), {})).toEqual([
    'spec: Invalid value: "object": no such key: max evaluating rule: self.max > 1',
  ])
  const open = root({ port: { 'x-kubernetes-int-or-string': true } }, 'self.port > 1')
  expect(judge(open, { port: 'x' })).toEqual([
    'spec: Invalid value: "object": \'no such overload\': call arguments did not match a supported operator, function or macro signature for rule: self.port > 1',
  ])
})

test('a rule that costs too much ends the validation', () => {
  const list: Schema = { type: 'array', items: { type: 'integer' } }
  const rule = 'self.list.all(a, self.list.all(b, self.list.all(c, a + b + c > 0)))'
  const numbers = Array.from({ length: 500 }, (_, i) => i + 1)
  expect(judge(root({ list }, rule, 'false'), { list: numbers })).toEqual([
    `spec: Invalid value: "object": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ${rule}`,
  ])
})

test('all rules of an object share one budget', () => {
  const items: Schema = { type: 'array', items: { type: 'integer' }, ...rules('self.all(a, a > 0)') }
  const schema = root({ lists: { type: 'array', items } })
  const lists = Array.from({ length: 20 }, () => Array.from({ length: 150_000 }, () => 1))
  expect(judge(schema, { lists })).toEqual([
    'spec.lists[13]: Invalid value: "array": validation failed due to running out of cost budget, no further validation rules will be run',
  ])
})

test('definitions with rules that do not compile are refused', () => {
  expect(problems(root(ints, 'self.mid > 1'))).toEqual([
    `schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.mid \\u003e 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field 'mid'\n | self.mid > 1\n | ....^`,
  ])
  expect(problems(root(ints, "self.min == 'a'"))[0]).toContain(
    "compilation failed: ERROR: <input>:1:10: found no matching overload for '_==_' applied to '(int, string)'",
  )
  expect(problems(root(ints, 'self.min'))[0]).toContain('cel expression must evaluate to a bool')
  expect(problems(root(ints, { rule: 'true', messageExpression: '1' }))[0]).toContain(
    'x-kubernetes-validations[0].messageExpression: Invalid value: {"Rule":"true","Message":"","MessageExpression":"1","Reason":null,"FieldPath":"","OptionalOldSelf":null}: messageExpression must evaluate to a string',
  )
})

test('the form of rules', () => {
  const path = 'schema.properties[spec].x-kubernetes-validations[0]'
  expect(problems(root(ints, ' '))).toEqual([`${path}.rule: Required value: rule is not specified`])
  expect(problems(root(ints, { rule: 'true', message: ' ' }))).toEqual([
    `${path}.message: Invalid value: " ": must be non-empty if specified`,
  ])
  expect(problems(root(ints, 'true\n'.concat('&& true')))).toEqual([
    `${path}.message: Required value: message must be specified if rule contains line breaks`,
  ])
  expect(problems(root(ints, { rule: 'true', fieldPath: '.mid' }))).toEqual([
    `${path}.fieldPath: Invalid value: ".mid": must be a valid path`,
  ])
  expect(problems(root(ints, { rule: 'true', reason: 'Odd' }))).toEqual([
    `${path}.reason: Unsupported value: "Odd": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"`,
  ])
  expect(problems(root(ints, { rule: 'true', optionalOldSelf: true }))).toEqual([
    `${path}.optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`,
  ])
})

test('old values cannot be used where items are not matched', () => {
  const schema = root({ list: { type: 'array', maxItems: 3, items: { type: 'integer', ...rules('self >= oldSelf') } } })
  expect(problems(schema)).toEqual([
    'schema.properties[spec].properties[list].items.x-kubernetes-validations[0].rule: Invalid value: "self >= oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within schema.properties[spec].properties[list]',
  ])
})

test('rules that may cost too much are refused until sizes are bounded', () => {
  const list = (bound: Schema): Schema =>
    root(
      { list: { type: 'array', items: { type: 'string', ...bound }, ...bound } },
      'self.list.all(a, self.list.all(b, a != b))',
    )
  expect(problems(list({}))[0]).toBe(
    'schema.properties[spec].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
  )
  expect(problems(list({}))).toHaveLength(3)
  expect(problems(list({ maxItems: 20, maxLength: 20 }))).toEqual([])
})

// The example of the documentation of Kubernetes. Its own API server refuses it, as nothing bounds what string() makes of
// a number. What is formatted costs nothing but the length of the format.
test('a message that joins a text and a number made to one may cost too much, and one that is formatted not', () => {
  const with_ = (messageExpression: string) => problems(root(ints, { rule: 'true', messageExpression }))
  const at = 'schema.properties[spec].x-kubernetes-validations[0].messageExpression'
  const hint =
    '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)'
  expect(with_(`"x exceeded max limit of " + string(self.max)`)).toEqual([
    `${at}: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x ${hint}`,
    `${at}: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
    `schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${hint}`,
  ])
  expect(with_('string(self.max)')).toEqual([])
  expect(with_(`"x exceeded max limit of %d".format([self.max])`)).toEqual([])
})

test.each([
  ['.spec.min', 'spec.min'],
  ["['spec'].min", 'spec.min'],
  ['spec', undefined],
  ['.spec.none', undefined],
  ['.spec[0]', undefined],
])('the path %s', (path, expected) => {
  const found = fieldAt(path, root(ints))
  expect(typeof found === 'string' ? undefined : found.path).toBe(expected)
})
