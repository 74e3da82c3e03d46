// What objects of custom resources are refused for, and what becomes of them.
// Rules: pkg/apiserver/validation, pkg/apiserver/schema/{cel,defaulting,listtype,pruning} and pkg/registry/customresource of
// k8s.io/apiextensions-apiserver. Each case names the function that it pins.

import { describe, expect, it } from 'vitest'
import { useServer } from '../access-support.ts'
import { boats, CRDS, type Edit, type Json, problemsOf, schemaOfA, specSchema, version } from './support.ts'

const call = useServer()
const text = { type: 'string' }
const number = { type: 'integer' }
let groups = 0

/** Serves boats as `edit` has them; gives where they are and how to make one. */
async function served(edit: Edit) {
  groups += 1
  const group = `g${groups}.example`
  const made = await call(CRDS, { body: boats(group, edit) })
  expect(problemsOf(made)).toEqual([])
  const path = `/apis/${group}/v1/namespaces/default/boats`
  await expect.poll(async () => (await call(path)).code).toBe(200)
  const boat = (more: object) => ({ apiVersion: `${group}/v1`, kind: 'Boat', metadata: { name: 'b' }, ...more })
  return { path, boat }
}

describe('values', () => {
  const cases: readonly [rule: string, schema: Json, value: Json, problems: readonly string[]][] = [
    [
      'kubeOpenAPIResultToFieldErrors: type',
      number,
      'x',
      ['spec.a: Invalid value: "string": spec.a in body must be of type integer: "string"'],
    ],
    ['PruneNonNullableNullsWithoutDefaults: type of null', text, null, []],
    [
      'kubeOpenAPIResultToFieldErrors: fraction',
      number,
      1.5,
      [
        'spec.a: Invalid value: "number": spec.a in body must be of type integer: "number"',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.a',
      ],
    ],
    [
      'IsValueValidAgainstRange: too large for 64 bits',
      number,
      1e30,
      [
        'spec.a: Invalid value: "number": spec.a in body must be of type integer: "number"',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.a',
      ],
    ],
    [
      'typeValidator: a format of numbers is called by its name',
      { type: 'integer', format: 'int32' },
      1.5,
      [
        'spec.a: Invalid value: "float64": spec.a in body must be of type int32: "float64"',
        '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.a',
      ],
    ],
    [
      'IsValueValidAgainstRange: too large for a float',
      { type: 'number', format: 'float' },
      1e39,
      ['<nil>: Invalid value: "": Checked value must be of type number with format float in spec.a'],
    ],
    [
      'Enum: what is behind the point is not compared',
      { type: 'integer', enum: [1, 2] },
      1.5,
      [
        'spec.a: Invalid value: "number": spec.a in body must be of type integer: "number"',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.a',
      ],
    ],
    [
      'objectValidator: too few properties, and which',
      { type: 'object', required: ['b'], minProperties: 1, properties: { b: { type: 'string' } } },
      {},
      ['spec.a: Invalid value: 0: spec.a in body should have at least 1 properties', 'spec.a.b: Required value'],
    ],
    [
      'validateListMap: what is no object',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: { type: 'object', required: ['k'], properties: { k: { type: 'string' } } },
      },
      ['x'],
      [
        'spec.a[0]: Invalid value: "string": spec.a[0] in body must be of type object: "string"',
        'spec.a[0]: Invalid value: "x": must be an object for an array of list-type map',
      ],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: object for text',
      text,
      {},
      ['spec.a: Invalid value: "object": spec.a in body must be of type string: "object"'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: list',
      { type: 'array', items: text },
      'x',
      ['spec.a: Invalid value: "string": spec.a in body must be of type array: "string"'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: items',
      { type: 'array', items: text },
      ['x', 1],
      ['spec.a[1]: Invalid value: "integer": spec.a[1] in body must be of type string: "integer"'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: enum',
      { type: 'string', enum: ['x', 'y'] },
      'z',
      ['spec.a: Unsupported value: "z": supported values: "x", "y"'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: minimum',
      { type: 'integer', minimum: 1 },
      0,
      ['spec.a: Invalid value: 0: spec.a in body should be greater than or equal to 1'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: exclusive minimum',
      { type: 'integer', minimum: 1, exclusiveMinimum: true },
      1,
      ['spec.a: Invalid value: 1: spec.a in body should be greater than 1'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: maximum',
      { type: 'integer', maximum: 1 },
      2,
      ['spec.a: Invalid value: 2: spec.a in body should be less than or equal to 1'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: exclusive maximum',
      { type: 'integer', maximum: 1, exclusiveMaximum: true },
      1,
      ['spec.a: Invalid value: 1: spec.a in body should be less than 1'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: multipleOf',
      { type: 'integer', multipleOf: 3 },
      4,
      ['spec.a: Invalid value: 4: spec.a in body should be a multiple of 3'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: minLength',
      { type: 'string', minLength: 2 },
      'x',
      ['spec.a: Invalid value: "x": spec.a in body should be at least 2 chars long'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: maxLength',
      { type: 'string', maxLength: 2 },
      'xyz',
      ['spec.a: Too long: may not be more than 2 bytes'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: pattern',
      { type: 'string', pattern: '^a+$' },
      'b',
      ['spec.a: Invalid value: "b": spec.a in body should match \'^a+$\''],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: format',
      { type: 'string', format: 'date-time' },
      'today',
      ['spec.a: Invalid value: "today": spec.a in body must be of type date-time: "today"'],
    ],
    ['StripUnsupportedFormatsPostProcess: unknown format', { type: 'string', format: 'boat' }, 'x', []],
    [
      'kubeOpenAPIResultToFieldErrors: minItems',
      { type: 'array', items: text, minItems: 1 },
      [],
      ['spec.a: Invalid value: 0: spec.a in body should have at least 1 items'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: maxItems',
      { type: 'array', items: text, maxItems: 1 },
      ['a', 'b'],
      ['spec.a: Too many: 2: must have at most 1 item'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: minProperties',
      { type: 'object', additionalProperties: text, minProperties: 1 },
      {},
      ['spec.a: Invalid value: 0: spec.a in body should have at least 1 properties'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: maxProperties',
      { type: 'object', additionalProperties: text, maxProperties: 1 },
      { a: 'x', b: 'y' },
      ['spec.a: Too many: 2: must have at most 1 item'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: required',
      { type: 'object', required: ['x'], properties: { x: text } },
      {},
      ['spec.a.x: Required value'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: additionalProperties',
      { type: 'object', additionalProperties: number },
      { k: 'x' },
      ['spec.a.k: Invalid value: "string": spec.a.k in body must be of type integer: "string"'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: int-or-string',
      { 'x-kubernetes-int-or-string': true },
      true,
      ['spec.a: Invalid value: "boolean": spec.a in body must be of type integer,string: "boolean"'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: anyOf',
      { type: 'integer', anyOf: [{ minimum: 5 }, { maximum: 1 }] },
      3,
      [
        '<nil>: Invalid value: "": "spec.a" must validate at least one schema (anyOf)',
        'spec.a: Invalid value: 3: spec.a in body should be greater than or equal to 5',
      ],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: oneOf',
      { type: 'integer', oneOf: [{ minimum: 5 }, { maximum: 1 }] },
      3,
      [
        '<nil>: Invalid value: "": "spec.a" must validate one and only one schema (oneOf). Found none valid',
        'spec.a: Invalid value: 3: spec.a in body should be greater than or equal to 5',
      ],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: oneOf two',
      { type: 'integer', oneOf: [{ minimum: 1 }, { minimum: 2 }] },
      3,
      ['<nil>: Invalid value: "": "spec.a" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: allOf',
      { type: 'integer', allOf: [{ minimum: 5 }] },
      3,
      [
        'spec.a: Invalid value: 3: spec.a in body should be greater than or equal to 5',
        '<nil>: Invalid value: "": "spec.a" must validate all the schemas (allOf). None validated',
      ],
    ],
    [
      'kubeOpenAPIResultToFieldErrors: not',
      { type: 'integer', not: { minimum: 1 } },
      3,
      ['<nil>: Invalid value: "": "spec.a" must not validate the schema (not)'],
    ],
    [
      'ValidateListSetsAndMaps: set',
      { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
      ['x', 'y', 'x'],
      ['spec.a[2]: Duplicate value: "x"'],
    ],
    [
      'ValidateListSetsAndMaps: map',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: { type: 'object', required: ['k'], properties: { k: text, v: text } },
      },
      [{ k: 'x' }, { k: 'x', v: '1' }],
      ['spec.a[1]: Duplicate value: {"k":"x"}'],
    ],
    [
      'schemaobjectmeta.Validate: embedded',
      { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      { kind: 'X' },
      ['spec.a.apiVersion: Required value'],
    ],
    [
      'validateExpressions: rule',
      { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 3' }] },
      1,
      ['spec.a: Invalid value: 1: failed rule: self > 3'],
    ],
    [
      'validateExpressions: rule message',
      { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 3', message: 'too few' }] },
      1,
      ['spec.a: Invalid value: 1: too few'],
    ],
    [
      'validateExpressions: rule messageExpression',
      { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 3', messageExpression: "'not ' + 'enough'" }] },
      1,
      ['spec.a: Invalid value: 1: not enough'],
    ],
    [
      'validateExpressions: rule reason',
      { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 3', reason: 'FieldValueForbidden' }] },
      1,
      ['spec.a: Forbidden: failed rule: self > 3'],
    ],
    [
      'validateExpressions: rule reason required',
      { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 3', reason: 'FieldValueRequired' }] },
      1,
      ['spec.a: Required value: failed rule: self > 3'],
    ],
    [
      'validateExpressions: rule reason duplicate',
      { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 3', reason: 'FieldValueDuplicate' }] },
      1,
      ['spec.a: Duplicate value: 1'],
    ],
    [
      'validateExpressions: rule fieldPath',
      {
        type: 'object',
        properties: { x: number },
        'x-kubernetes-validations': [{ rule: 'self.x > 3', fieldPath: '.x' }],
      },
      { x: 1 },
      ['spec.a.x: Invalid value: failed rule: self.x > 3'],
    ],
    [
      'validateExpressions: rule error',
      {
        type: 'object',
        properties: { x: number, y: number },
        'x-kubernetes-validations': [{ rule: 'self.x > self.y' }],
      },
      { x: 1 },
      ['spec.a: Invalid value: "object": no such key: y evaluating rule: self.x > self.y'],
    ],
  ]
  for (const [rule, schema, value, problems] of cases) {
    it(rule, async () => {
      const { path, boat } = await served(schemaOfA(schema))
      const answer = await call(path, { body: boat({ spec: { a: value } }) })
      expect(problemsOf(answer)).toEqual(problems)
      expect(answer.code).toBe(problems.length === 0 ? 201 : 422)
    })
  }
})

describe('changes', () => {
  const rule = { rule: 'self.x >= oldSelf.x' }
  const cases: readonly [
    rule: string,
    schema: Json,
    first: Json,
    looser: Json,
    then: Json,
    problems: readonly string[],
  ][] = [
    [
      'UsesOldSelf: transition rules',
      { type: 'object', properties: { x: number }, 'x-kubernetes-validations': [rule] },
      { x: 2 },
      undefined,
      { x: 1 },
      ['spec.a: Invalid value: failed rule: self.x >= oldSelf.x'],
    ],
    [
      'UsesOldSelf: transition rules that hold',
      { type: 'object', properties: { x: number }, 'x-kubernetes-validations': [rule] },
      { x: 2 },
      undefined,
      { x: 3 },
      [],
    ],
    [
      'CRDValidationRatcheting: what did not change may stay',
      { type: 'object', properties: { x: { type: 'integer', minimum: 5 }, y: number } },
      { x: 1 },
      { type: 'object', properties: { x: number, y: number } },
      { x: 1, y: 1 },
      [],
    ],
    [
      'CRDValidationRatcheting: what changes is looked at',
      { type: 'object', properties: { x: { type: 'integer', minimum: 5 } } },
      { x: 1 },
      { type: 'object', properties: { x: number } },
      { x: 2 },
      ['spec.a.x: Invalid value: 2: spec.a.x in body should be greater than or equal to 5'],
    ],
  ]
  for (const [title, schema, first, looser, then, problems] of cases) {
    it(title, async () => {
      const { path, boat } = await served(schemaOfA(looser ?? schema))
      const made = await call(path, { body: boat({ spec: { a: first } }) })
      expect(made.code).toBe(201)
      if (looser) {
        const name = `${CRDS}/boats.g${groups}.example`
        const { body: definition } = await call(name)
        schemaOfA(schema)(definition)
        expect((await call(name, { method: 'PUT', body: definition })).code).toBe(200)
        // The stricter schema is in force when a new boat of the old sort is refused.
        const old = { ...boat({ spec: { a: first } }), metadata: { name: 'again' } }
        await expect.poll(async () => (await call(`${path}?dryRun=All`, { body: old })).code).toBe(422)
      }
      const next = { ...made.body, spec: { a: then } }
      expect(problemsOf(await call(`${path}/b`, { method: 'PUT', body: next }))).toEqual(problems)
    })
  }
})

it('validateExpressions: a rule that what did not change has failed before is warned of (shouldRatchetError)', async () => {
  const object = { type: 'object', properties: { x: number, y: number } }
  const strict = {
    type: 'object',
    properties: { x: { ...number, 'x-kubernetes-validations': [{ rule: 'self > 3' }] }, y: number },
  }
  const { path, boat } = await served(schemaOfA(object))
  const made = await call(path, { body: boat({ spec: { a: { x: 1 } } }) })
  const name = `${CRDS}/boats.g${groups}.example`
  const { body: definition } = await call(name)
  schemaOfA(strict)(definition)
  expect((await call(name, { method: 'PUT', body: definition })).code).toBe(200)
  const old = { ...boat({ spec: { a: { x: 1 } } }), metadata: { name: 'again' } }
  await expect.poll(async () => (await call(`${path}?dryRun=All`, { body: old })).code).toBe(422)
  const answer = await call(`${path}/b`, { method: 'PUT', body: { ...made.body, spec: { a: { x: 1, y: 1 } } } })
  expect(answer.code).toBe(200)
  expect(answer.headers.warning).toBe('299 - "spec.a.x: Invalid value: 1: failed rule: self > 3"')
})

describe('what is stored', () => {
  const cases: readonly [rule: string, edit: Edit, given: object, spec: Json][] = [
    [
      'Default: absent fields',
      specSchema({ type: 'object', properties: { a: { type: 'string', default: 'x' } } }),
      { spec: {} },
      { a: 'x' },
    ],
    [
      'Default: not into what is absent itself',
      specSchema({
        type: 'object',
        properties: { a: { type: 'object', properties: { b: { type: 'string', default: 'x' } } } },
      }),
      { spec: {} },
      {},
    ],
    [
      'Default: inside of a default',
      specSchema({
        type: 'object',
        properties: { a: { type: 'object', default: {}, properties: { b: { type: 'string', default: 'x' } } } },
      }),
      { spec: {} },
      { a: { b: 'x' } },
    ],
    [
      'Default: null of what may not be null',
      specSchema({ type: 'object', properties: { a: { type: 'string', default: 'x' } } }),
      { spec: { a: null } },
      { a: 'x' },
    ],
    [
      'Default: null of what may be null',
      specSchema({ type: 'object', properties: { a: { type: 'string', nullable: true, default: 'x' } } }),
      { spec: { a: null } },
      { a: null },
    ],
    [
      'Prune: unknown fields',
      specSchema({ type: 'object', properties: { a: text } }),
      { spec: { a: 'x', z: 1 } },
      { a: 'x' },
    ],
    [
      'Prune: x-kubernetes-preserve-unknown-fields',
      specSchema({ type: 'object', properties: { a: text }, 'x-kubernetes-preserve-unknown-fields': true }),
      { spec: { a: 'x', z: 1 } },
      { a: 'x', z: 1 },
    ],
    [
      'Prune: keys of maps stay',
      specSchema({ type: 'object', additionalProperties: { type: 'object', properties: { a: text } } }),
      { spec: { z: { a: 'x', b: 'y' } } },
      { z: { a: 'x' } },
    ],
  ]
  for (const [rule, edit, given, spec] of cases) {
    it(rule, async () => {
      const { path, boat } = await served(edit)
      const { code, body } = await call(path, { body: boat(given) })
      expect([code, body.spec]).toEqual([201, spec])
    })
  }

  it('counts generations of all but metadata, and of status not when that is a subresource (customResourceStrategy)', async () => {
    const { path, boat } = await served(version({ subresources: { status: {} } }))
    const made = await call(path, { body: boat({ spec: { a: 'x' }, status: { b: 1 } }) })
    expect([made.body.metadata.generation, made.body.status]).toEqual([1, undefined])
    const labelled = await call(`${path}/b`, {
      method: 'PUT',
      body: { ...made.body, metadata: { ...made.body.metadata, labels: { l: '1' } } },
    })
    expect(labelled.body.metadata.generation).toBe(1)
    const changed = await call(`${path}/b`, { method: 'PUT', body: { ...labelled.body, spec: { a: 'y' } } })
    expect(changed.body.metadata.generation).toBe(2)
    const status = await call(`${path}/b/status`, {
      method: 'PUT',
      body: { ...changed.body, spec: { a: 'z' }, status: {} },
    })
    expect([status.body.metadata.generation, status.body.spec]).toEqual([2, { a: 'y' }])
  })

  it('answers only what it serves (apiserver.crdHandler)', async () => {
    const { path } = await served(() => {})
    const answers = await Promise.all([
      call(path.replace('/v1/', '/v2/')),
      call(`${path}/none`),
      call(`${path}/b/status`),
      call(path, { method: 'PATCH', body: {}, headers: { 'content-type': 'application/merge-patch+json' } }),
    ])
    expect(answers.map(({ code }) => code)).toEqual([404, 404, 404, 400])
    expect(answers[1]?.body.message).toBe(`boats.g${groups}.example "none" not found`)
  })
})
