// A definition whose spec has a field of every kind, under rules.

import { type Json, schemaOfA, specSchema } from './support.ts'

const FIELDS = {
  s: { type: 'string' },
  i: { type: 'integer' },
  n: { type: 'number' },
  b: { type: 'boolean' },
  d: { type: 'string', format: 'date-time' },
  u: { type: 'string', format: 'duration' },
  y: { type: 'string', format: 'byte' },
  l: { type: 'array', items: { type: 'string' } },
  o: { type: 'array', items: { type: 'object', properties: { k: { type: 'string' }, v: { type: 'integer' } } } },
  m: { type: 'object', additionalProperties: { type: 'integer' } },
  p: { type: 'object', properties: { q: { type: 'string' } } },
  x: { 'x-kubernetes-int-or-string': true },
  z: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  'a-b': { type: 'string' },
  if: { type: 'string' },
  _x: { type: 'string' },
  a__b: { type: 'string' },
}
/** Rules of the whole spec. */
export const rule = (...rules: readonly (string | Json)[]) =>
  specSchema({
    type: 'object',
    properties: FIELDS,
    'x-kubernetes-validations': rules.map((one) => (typeof one === 'string' ? { rule: one } : one)),
  })
/** Rules of `spec.a`, of a schema. */
export const of = (schema: Json, ...rules: readonly string[]) =>
  schemaOfA({ ...schema, 'x-kubernetes-validations': rules.map((one) => ({ rule: one })) })

/** Where rules of the spec stand. */
export const SPEC = 'spec.validation.openAPIV3Schema.properties[spec]'
export const RULE = `${SPEC}.x-kubernetes-validations[0]`
