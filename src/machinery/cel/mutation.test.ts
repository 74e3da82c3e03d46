import { expect, test } from 'vitest'
import {
  combineTypes,
  compile,
  DYN,
  Failure,
  fromJson,
  INT,
  JSON_PATCH_TYPE,
  LazyObject,
  listType,
  MUTATION_FUNCTIONS,
  MUTATION_TYPES,
  makeEnv,
  OBJECT_TYPE,
  objectNameProblems,
  structType,
  type TypeProvider,
  toJson,
  type Value,
} from './index.ts'

const env = makeEnv({ variables: { object: DYN }, types: MUTATION_TYPES, functions: MUTATION_FUNCTIONS })
const object = fromJson({ metadata: { labels: { app: 'web' } }, spec: { replicas: 2 } })

function run(source: string): Value {
  const { program, issues } = compile(env, source)
  if (!program) throw new Error(issues)
  const { value, error } = program.evaluate({ object })
  if (value === undefined) throw new Error(error)
  return value
}

test('apply configurations are made of objects', () => {
  const source = `Object{
    metadata: Object.metadata{labels: object.metadata.?labels.orValue({})},
    spec: Object.spec{replicas: object.spec.replicas + 1, ?paused: optional.none(), template: {'a': [1.5, 2.0]}}
  }`
  expect(compile(env, source, { expected: [OBJECT_TYPE] }).issues).toBeUndefined()
  const value = run(source)
  expect(toJson(value)).toEqual({
    metadata: { labels: { app: 'web' } },
    spec: { replicas: 3, template: { a: [1.5, 2] } },
  })
  expect(objectNameProblems(value)).toEqual([])
})

test('objects in the wrong place are told', () => {
  expect(objectNameProblems(run('Object{spec: Object.status{a: 1}}'))).toEqual([
    'unexpected type name "Object.status", expected "Object.spec", which matches field name path from root Object type',
  ])
})

test('JSON patches', () => {
  const source = `[
    JSONPatch{op: "test", path: "/spec/replicas", value: object.spec.replicas},
    JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("a/b~c"), value: "x"}
  ]`
  expect(compile(env, source, { expected: [listType(JSON_PATCH_TYPE)] }).issues).toBeUndefined()
  expect(toJson(run(source))).toEqual([
    { op: 'test', path: '/spec/replicas', value: 2 },
    { op: 'add', path: '/metadata/labels/a~1b~0c', value: 'x' },
  ])
})

test.each([
  ['JSONPatch{op: 1}', "expected type of field 'op' is 'string' but provided type is 'int'"],
  ['JSONPatch{what: 1}', "undefined field 'what'"],
  ['Other{a: 1}', "undeclared reference to 'Other' (in container '')"],
])('%s is refused', (source, message) => {
  expect(compile(env, source).issues).toContain(message)
})

test('a result of another type is refused in upstream words', () => {
  expect(compile(env, '1', { expected: [OBJECT_TYPE] })).toMatchObject({
    issues: 'must evaluate to Object but got int',
    mistyped: true,
  })
  expect(compile(env, '1', { expected: [listType(JSON_PATCH_TYPE), OBJECT_TYPE] }).issues).toBe(
    'must evaluate to one of [list(JSONPatch) Object] but got int',
  )
})

test('fields of lazy objects are computed when they are read', () => {
  const name = 'kubernetes.variables'
  const variables: TypeProvider = {
    constructs: () => false,
    fieldType: (type, field) => (type === name && field !== 'none' ? INT : undefined),
    construct: () => {
      throw new Error('nothing makes variables')
    },
  }
  const scope = makeEnv({
    variables: { variables: structType(name) },
    types: combineTypes(MUTATION_TYPES, variables),
  })
  let reads = 0
  const value = new LazyObject(
    name,
    new Map<string, () => Value>([
      ['a', () => BigInt(++reads)],
      [
        'b',
        () => {
          throw new Failure('no b')
        },
      ],
    ]),
  )
  const evaluate = (source: string) => compile(scope, source).program?.evaluate({ variables: value })
  expect(evaluate('variables.a + variables.a')?.value).toBe(2n)
  expect(evaluate('variables.a == 1 || variables.b == 1')?.value).toBe(true)
  expect(evaluate('variables.b')?.error).toBe('no b')
  expect(compile(scope, 'variables.none').issues).toContain("undefined field 'none'")
})
