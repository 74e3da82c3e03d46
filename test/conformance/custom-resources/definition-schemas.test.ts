// What the schemas of definitions of custom resources are refused for.
// Rules: pkg/apis/apiextensions/validation and pkg/apiserver/schema of k8s.io/apiextensions-apiserver, and
// pkg/util/webhook of k8s.io/apiserver. Each case names the function that it pins.

import { useServer } from '../access-support.ts'
import { type DefinitionCase, type Edit, judged, schemaOfA } from './support.ts'

const call = useServer()

const ROOT = 'spec.validation.openAPIV3Schema'
const A = `${ROOT}.properties[spec].properties[a]`

/** Says more of the root. */
const _root =
  (more: object): Edit =>
  (d) => {
    Object.assign(d.spec.versions[0].schema.openAPIV3Schema, more)
  }

const cases: readonly DefinitionCase[] = [
  [
    'requireOpenAPISchema: no schema',
    (d) => {
      delete d.spec.versions[0].schema
    },
    ['spec.versions[0].schema.openAPIV3Schema: Required value'],
  ],
  [
    'validateCustomResourceDefinitionValidation: root nullable',
    (d) => {
      d.spec.versions[0].schema.openAPIV3Schema.nullable = true
    },
    [`${ROOT}.nullable: Forbidden: nullable cannot be true at the root`],
  ],
  [
    'validateCustomResourceDefinitionValidation: root type',
    (d) => {
      d.spec.versions[0].schema.openAPIV3Schema = { type: 'string' }
    },
    [`${ROOT}.type: Invalid value: "string": must be object at the root`],
  ],
  [
    'ValidateStructural: untyped',
    schemaOfA({}),
    [`${A}.type: Required value: must not be empty for specified object fields`],
  ],
  [
    'specStandardValidatorV3.validate: unknown type',
    schemaOfA({ type: 'text' }),
    [
      `${A}.type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"`,
    ],
  ],
  [
    'specStandardValidatorV3.validate: null type',
    schemaOfA({ type: 'null' }),
    [
      `${A}.type: Unsupported value: "null": supported values: "array", "boolean", "integer", "number", "object", "string"`,
      `${A}.type: Forbidden: type cannot be set to null, use nullable as an alternative`,
    ],
  ],
  ['ValidateStructural: no items', schemaOfA({ type: 'array' }), [`${A}.items: Required value: must be specified`]],
  [
    'specStandardValidatorV3.validate: items array',
    schemaOfA({ type: 'array', items: [{ type: 'string' }] }),
    [`${A}.items: Forbidden: items must be a schema object and not an array`],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: uniqueItems',
    schemaOfA({ type: 'array', uniqueItems: true, items: { type: 'string' } }),
    [`${A}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`],
  ],
  [
    'specStandardValidatorV3.validate: ref',
    schemaOfA({ type: 'string', $ref: '#/x' }),
    [`${A}.$ref: Forbidden: $ref is not supported`],
  ],
  [
    'specStandardValidatorV3.validate: definitions',
    schemaOfA({
      type: 'object',
      definitions: { a: { type: 'string' } },
      dependencies: { a: ['b'] },
      patternProperties: { a: { type: 'string' } },
    }),
    [
      `${A}.patternProperties: Forbidden: patternProperties is not supported`,
      `${A}.definitions: Forbidden: definitions is not supported`,
      `${A}.dependencies: Forbidden: dependencies is not supported`,
    ],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: additional & properties',
    schemaOfA({ type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } }),
    [`${A}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: additional false',
    schemaOfA({ type: 'object', additionalProperties: false }),
    [],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: pattern',
    schemaOfA({ type: 'string', pattern: '(' }),
    [
      `${A}.pattern: Invalid value: "(": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): \`(\``,
    ],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: preserve false',
    schemaOfA({ type: 'object', 'x-kubernetes-preserve-unknown-fields': false }),
    [`${A}.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined`],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: int-or-string typed',
    schemaOfA({ type: 'string', 'x-kubernetes-int-or-string': true }),
    [],
  ],
  [
    'ValidateStructural: embedded',
    schemaOfA({ type: 'string', 'x-kubernetes-embedded-resource': true }),
    [
      `${A}.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields`,
      `${A}.type: Invalid value: "string": must be object if x-kubernetes-embedded-resource is true`,
    ],
  ],
  [
    'ValidateStructural: embedded no props',
    schemaOfA({ type: 'object', 'x-kubernetes-embedded-resource': true }),
    [
      `${A}.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields`,
    ],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: map type',
    schemaOfA({ type: 'string', 'x-kubernetes-map-type': 'wide' }),
    [
      `${A}.type: Invalid value: "string": must be object if x-kubernetes-map-type is specified`,
      `${A}.x-kubernetes-map-type: Unsupported value: "wide": supported values: "atomic", "granular"`,
    ],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: list type',
    schemaOfA({ type: 'string', 'x-kubernetes-list-type': 'bag' }),
    [
      `${A}.type: Invalid value: "string": must be array if x-kubernetes-list-type is specified`,
      `${A}.x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "set", "map"`,
    ],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: set of objects',
    schemaOfA({ type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'object' } }),
    [
      `${A}.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set`,
    ],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: set of lists',
    schemaOfA({ type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'array', items: { type: 'string' } } }),
    [],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: set nullable',
    schemaOfA({ type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string', nullable: true } }),
    [`${A}.items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is set`],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: map keys without map',
    schemaOfA({ type: 'array', 'x-kubernetes-list-map-keys': ['a'], items: { type: 'object' } }),
    [`${A}.x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty`],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: map no keys',
    schemaOfA({ type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object' } }),
    [`${A}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: map of strings',
    schemaOfA({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a'],
      items: { type: 'string' },
    }),
    [`${A}.items.type: Invalid value: "string": must be object if parent array's x-kubernetes-list-type is map`],
  ],
  [
    'validateMapListKeysMapSet: map key unknown',
    schemaOfA({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['b', 'b'],
      items: { type: 'object', properties: { a: { type: 'string' } } },
    }),
    [
      `${A}.x-kubernetes-list-map-keys: Invalid value: ["b","b"]: entries must all be names of item properties`,
      `${A}.x-kubernetes-list-map-keys: Invalid value: ["b","b"]: entries must all be names of item properties`,
      `${A}.x-kubernetes-list-map-keys: Invalid value: ["b","b"]: must not contain duplicate entries`,
    ],
  ],
  [
    'validateMapListKeysMapSet: map key optional',
    schemaOfA({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a'],
      items: { type: 'object', properties: { a: { type: 'string' } } },
    }),
    [
      `${A}.items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
    ],
  ],
  [
    'validateMapListKeysMapSet: map key object',
    schemaOfA({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a'],
      items: { type: 'object', required: ['a'], properties: { a: { type: 'object' } } },
    }),
    [
      `${A}.items.properties[a].type: Invalid value: "object": must be a scalar type if parent array's x-kubernetes-list-type is map`,
    ],
  ],
  [
    'validateMapListKeysMapSet: map key nullable',
    schemaOfA({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a'],
      items: { type: 'object', required: ['a'], properties: { a: { type: 'string', nullable: true } } },
    }),
    [
      `${A}.items.properties[a].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable`,
    ],
  ],
  [
    'ValidateDefaults: default wrong',
    schemaOfA({ type: 'integer', default: 'x' }),
    [`${A}.default: Invalid value: "string":  in body must be of type integer: "string"`],
  ],
  [
    'ValidateDefaults: default unknown',
    schemaOfA({ type: 'object', properties: {}, default: { z: 1 } }),
    [`${A}.default: Invalid value: {"z":1}: must not have unknown fields`],
  ],
  [
    'validateNestedValueValidation: default in not',
    schemaOfA({ type: 'integer', not: { default: 3 } }),
    [`${A}.not.default: Forbidden: must be undefined to be structural`],
  ],
  [
    'validateNestedValueValidation: anyOf typed',
    schemaOfA({ type: 'integer', anyOf: [{ type: 'integer' }] }),
    [`${A}.anyOf[0].type: Forbidden: must be empty to be structural`],
  ],
  [
    'validateStructuralCompleteness: looks at what the root judges alone',
    schemaOfA({ type: 'object', anyOf: [{ properties: { z: {} } }] }),
    [],
  ],
  [
    'ValidateStructural: metadata constrained',
    (d) => {
      d.spec.versions[0].schema.openAPIV3Schema.properties.metadata = {
        type: 'object',
        properties: { labels: { type: 'object' } },
      }
    },
    [
      `${ROOT}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`,
    ],
  ],
  [
    'ValidateStructural: metadata name',
    (d) => {
      d.spec.versions[0].schema.openAPIV3Schema.properties.metadata = {
        type: 'object',
        properties: { name: { type: 'string', pattern: '^a' } },
      }
    },
    [],
  ],
  [
    'ValidateStructural: apiVersion type',
    (d) => {
      d.spec.versions[0].schema.openAPIV3Schema.properties.apiVersion = { type: 'integer' }
    },
    [`${ROOT}.properties[apiVersion].type: Invalid value: "integer": must be string`],
  ],
]

judged(call, cases)
