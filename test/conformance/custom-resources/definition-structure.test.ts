// What the structure, the defaults and the root of schemas of definitions of custom resources are refused for.
// Rules: pkg/apis/apiextensions/validation and pkg/apiserver/schema of k8s.io/apiextensions-apiserver, and
// pkg/util/webhook of k8s.io/apiserver. Each case names the function that it pins.

import { useServer } from '../access-support.ts'
import { type DefinitionCase, type Edit, judged, LABEL, schemaOfA } from './support.ts'

const call = useServer()

const ROOT = 'spec.validation.openAPIV3Schema'
const A = `${ROOT}.properties[spec].properties[a]`

/** Says more of the root. */
const root =
  (more: object): Edit =>
  (d) => {
    Object.assign(d.spec.versions[0].schema.openAPIV3Schema, more)
  }

const cases: readonly DefinitionCase[] = [
  [
    'validateStructuralCompleteness: at the root',
    root({
      anyOf: [{ properties: { z: {} } }],
      allOf: [{ properties: { spec: { properties: { z: {}, a: { items: {} } } } } }],
    }),
    [
      `${A}.items: Required value: because it is defined in ${ROOT}.allOf[0].properties[spec].properties[a].items`,
      `${ROOT}.properties[spec].properties[z]: Required value: because it is defined in ${ROOT}.allOf[0].properties[spec].properties[z]`,
      `${ROOT}.properties[z]: Required value: because it is defined in ${ROOT}.anyOf[0].properties[z]`,
    ],
  ],
  [
    'validateCustomResourceDefinitionValidation: structure, defaults and schema are all told',
    (d) => {
      d.spec.versions[0].schema.openAPIV3Schema.properties.spec = {
        type: 'object',
        properties: { b: {}, a: { type: 'array', uniqueItems: true, items: { type: 'string' } } },
      }
    },
    [
      `${ROOT}.properties[spec].properties[b].type: Required value: must not be empty for specified object fields`,
      `${A}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
    ],
  ],
  [
    'validateCustomResourceDefinitionValidation: defaults beside what the schema lacks',
    schemaOfA({ type: 'array', uniqueItems: true, items: { type: 'string' }, default: ['a', 1] }),
    [
      `${A}.default.[1]: Invalid value: "integer": [1] in body must be of type string: "integer"`,
      `${A}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
    ],
  ],
  [
    'specHasDefaults: default within metadata of the root',
    (d) => {
      d.spec.versions[0].schema.openAPIV3Schema.properties.metadata = {
        type: 'object',
        properties: { name: { type: 'string', default: 'x' } },
      }
    },
    [`${ROOT}.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata`],
  ],
  [
    'specHasDefaults: default of the kind',
    (d) => {
      d.spec.versions[0].schema.openAPIV3Schema.properties.kind = { type: 'string', default: 'x' }
    },
    [`${ROOT}.properties[kind].default: Forbidden: must not be set in top-level kind`],
  ],
  [
    'NewStructural: $schema',
    schemaOfA({ type: 'string', $schema: 'http://json-schema.org/schema#' }),
    [`${ROOT}: Invalid value: "": OpenAPIV3Schema 'schema' is not supported`],
  ],
  [
    'specStandardValidatorV3.validate: id',
    schemaOfA({ type: 'string', id: 'a' }),
    [`${A}.id: Forbidden: id is not supported`],
  ],
  ['specStandardValidatorV3.validate: an empty id', schemaOfA({ type: 'string', id: '' }), []],
  [
    'specStandardValidatorV3.validate: additionalItems',
    schemaOfA({ type: 'array', items: { type: 'string' }, additionalItems: true }),
    [`${A}.additionalItems: Forbidden: additionalItems is not supported`],
  ],
  [
    'specStandardValidatorV3.validate: an empty ref',
    schemaOfA({ type: 'string', $ref: '' }),
    [`${A}.$ref: Forbidden: $ref is not supported`],
  ],
  [
    'specStandardValidatorV3.validate: empty maps',
    schemaOfA({ type: 'object', definitions: {}, patternProperties: {} }),
    [],
  ],
  [
    'specStandardValidatorV3.validate: embedded within metadata',
    schemaOfA({
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      properties: {
        metadata: {
          type: 'object',
          properties: {
            a: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      },
    }),
    [
      `${A}.properties[metadata].properties[a].x-kubernetes-embedded-resource: Forbidden: must not be used inside of resource meta`,
    ],
  ],
  [
    'validateStructuralInvariants: additional at the root',
    root({ additionalProperties: { type: 'string' } }),
    [
      `${ROOT}.additionalProperties: Forbidden: must not be used at the root`,
      `${ROOT}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`,
    ],
  ],
  [
    'validateStructuralInvariants: additional true at the root',
    root({ additionalProperties: true }),
    [`${ROOT}.additionalProperties: Forbidden: must not be used at the root`],
  ],
  [
    'validateStructuralInvariants: additional of an embedded',
    schemaOfA({
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      'x-kubernetes-preserve-unknown-fields': true,
      additionalProperties: { type: 'string' },
    }),
    [`${A}.additionalProperties: Forbidden: must not be used if x-kubernetes-embedded-resource is set`],
  ],
  [
    'validateStructuralInvariants: items without a type',
    schemaOfA({ type: 'array', items: {} }),
    [`${A}.items.type: Required value: must not be empty for specified array items`],
  ],
  [
    'validateStructuralInvariants: additional without a type',
    schemaOfA({ type: 'object', additionalProperties: {} }),
    [`${A}.additionalProperties.type: Required value: must not be empty for specified object fields`],
  ],
  [
    'validateExtensions: int-or-string and others',
    schemaOfA({
      'x-kubernetes-int-or-string': true,
      'x-kubernetes-preserve-unknown-fields': true,
      'x-kubernetes-embedded-resource': true,
    }),
    [
      `${A}.type: Required value: must be object if x-kubernetes-embedded-resource is true`,
      `${A}.x-kubernetes-embedded-resource: Invalid value: true: must be false if x-kubernetes-int-or-string is true`,
      `${A}.x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true`,
    ],
  ],
  [
    'isIntOrStringAnyOfPattern: typed alternatives',
    schemaOfA({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }),
    [],
  ],
  [
    'isIntOrStringAllOfPattern: typed alternatives',
    schemaOfA({
      'x-kubernetes-int-or-string': true,
      allOf: [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, { pattern: 'a' }],
    }),
    [],
  ],
  [
    'isIntOrStringAnyOfPattern: in another order',
    schemaOfA({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'string' }, { type: 'integer' }] }),
    [
      `${A}.anyOf[0].type: Forbidden: must be empty to be structural`,
      `${A}.anyOf[1].type: Forbidden: must be empty to be structural`,
    ],
  ],
  [
    'validateNestedValueValidation: everything that must not be there',
    schemaOfA({
      type: 'object',
      properties: { z: { type: 'string' } },
      allOf: [
        {
          title: 'a',
          description: 'b',
          nullable: true,
          additionalProperties: false,
          'x-kubernetes-preserve-unknown-fields': true,
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-int-or-string': true,
          'x-kubernetes-list-map-keys': ['a'],
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-map-type': 'atomic',
          properties: { metadata: {}, z: { type: 'string' } },
        },
      ],
    }),
    [
      `${A}.allOf[0].description: Forbidden: must be empty to be structural`,
      `${A}.allOf[0].nullable: Forbidden: must be false to be structural`,
      `${A}.allOf[0].properties[metadata]: Forbidden: must not be specified in a nested context`,
      `${A}.allOf[0].properties[z].type: Forbidden: must be empty to be structural`,
      `${A}.allOf[0].title: Forbidden: must be empty to be structural`,
      `${A}.allOf[0].x-kubernetes-embedded-resource: Forbidden: must be false to be structural`,
      `${A}.allOf[0].x-kubernetes-int-or-string: Forbidden: must be false to be structural`,
      `${A}.allOf[0].x-kubernetes-list-map-keys: Forbidden: must be empty to be structural`,
      `${A}.allOf[0].x-kubernetes-list-type: Forbidden: must be undefined to be structural`,
      `${A}.allOf[0].x-kubernetes-map-type: Forbidden: must be undefined to be structural`,
      `${A}.allOf[0].x-kubernetes-preserve-unknown-fields: Forbidden: must be false to be structural`,
      `${A}.allOf[0].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`,
      `${A}.allOf[0].type: Required value: must be object if x-kubernetes-map-type is specified`,
      `${A}.allOf[0].type: Required value: must be array if x-kubernetes-list-type is specified`,
      `${A}.allOf[0].items: Required value: must have a schema if x-kubernetes-list-type is map`,
    ],
  ],
  [
    'validateNestedValueValidation: additional properties',
    schemaOfA({ type: 'object', oneOf: [{ additionalProperties: true }, { additionalProperties: { minLength: 1 } }] }),
    [
      `${A}.oneOf[0].additionalProperties: Forbidden: must be undefined to be structural`,
      `${A}.oneOf[1].additionalProperties: Forbidden: must be undefined to be structural`,
    ],
  ],
  [
    'validateNestedValueValidation: rules',
    schemaOfA({ type: 'string', allOf: [{ 'x-kubernetes-validations': [{ rule: 'true' }] }] }),
    [`${A}.allOf[0].x-kubernetes-validations: Forbidden: must be empty to be structural`],
  ],
  [
    'validateValueValidation: patterns within',
    schemaOfA({ type: 'string', anyOf: [{ pattern: '[' }], not: { pattern: '*' } }),
    [
      `${A}.anyOf[0].pattern: Invalid value: "[": must be a valid regular expression, but isn't: error parsing regexp: missing closing ]: \`[\``,
      `${A}.not.pattern: Invalid value: "*": must be a valid regular expression, but isn't: error parsing regexp: missing argument to repetition operator: \`*\``,
    ],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: additional false and properties',
    schemaOfA({ type: 'object', additionalProperties: false, properties: { z: { type: 'string' } } }),
    [`${A}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: additional true and properties',
    schemaOfA({ type: 'object', additionalProperties: true, properties: { z: { type: 'string' } } }),
    [],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: a map of a map type that is none',
    schemaOfA({ 'x-kubernetes-preserve-unknown-fields': true, 'x-kubernetes-map-type': 'atomic' }),
    [`${A}.type: Required value: must be object if x-kubernetes-map-type is specified`],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: a list type of no type',
    schemaOfA({ 'x-kubernetes-preserve-unknown-fields': true, 'x-kubernetes-list-type': 'set' }),
    [`${A}.type: Required value: must be array if x-kubernetes-list-type is specified`],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: keys of a set',
    schemaOfA({
      type: 'array',
      items: { type: 'string' },
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-list-map-keys': ['a'],
    }),
    [`${A}.x-kubernetes-list-type: Invalid value: "set": must be map if x-kubernetes-list-map-keys is non-empty`],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: a map without items or keys',
    schemaOfA({ type: 'array', 'x-kubernetes-list-type': 'map' }),
    [
      `${A}.items: Required value: must be specified`,
      `${A}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
      `${A}.items: Required value: must have a schema if x-kubernetes-list-type is map`,
    ],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: a map of nullable items',
    schemaOfA({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a'],
      items: { type: 'object', nullable: true, required: ['a'], properties: { a: { type: 'string' } } },
    }),
    [`${A}.items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is map`],
  ],
  [
    'ValidateCustomResourceDefinitionOpenAPISchema: a set of lists that are no atoms',
    schemaOfA({
      type: 'array',
      'x-kubernetes-list-type': 'set',
      items: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    }),
    [
      `${A}.items.x-kubernetes-list-type: Invalid value: "set": must be atomic as item of a list with x-kubernetes-list-type=set`,
    ],
  ],
  [
    'validateCustomResourceDefinitionValidation: what the root may say beside a status',
    (d) => {
      d.spec.versions[0].subresources = { status: {} }
      d.spec.versions[0].schema.openAPIV3Schema.allOf = [{ required: ['spec'] }]
    },
    [
      `${ROOT}: Invalid value: {"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":[{"ID":"","Schema":"","Ref":null,"Description":"","Type":"","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":["spec"],"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}],"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"spec":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"a":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"string","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null},"status":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}: only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is enabled`,
    ],
  ],
  [
    'validateCustomResourceDefinitionValidation: what the root may say, all told',
    (d) => {
      d.spec.versions[0].subresources = { status: {} }
      Object.assign(d.spec.versions[0].schema.openAPIV3Schema, {
        minProperties: 1,
        items: { type: 'string' },
        additionalProperties: { type: 'string', default: 'x' },
        externalDocs: { url: 'x' },
        example: { a: 1 },
        enum: [1, 'a'],
        'x-kubernetes-validations': [{ rule: 'true', reason: 'FieldValueInvalid' }],
      })
      delete d.spec.versions[0].schema.openAPIV3Schema.properties
    },
    [
      `${ROOT}: Invalid value: {"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":[1,"a"],"MaxProperties":null,"MinProperties":1,"Required":null,"Items":{"Schema":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"string","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null},"JSONSchemas":null},"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":{"Allows":true,"Schema":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"string","Nullable":false,"Format":"","Title":"","Default":"x","Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":{"Description":"","URL":"x"},"Example":{"a":1},"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":[{"Rule":"true","Message":"","MessageExpression":"","Reason":"FieldValueInvalid","FieldPath":"","OptionalOldSelf":null}]}: only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is enabled`,
      `${ROOT}.additionalProperties: Forbidden: must not be used at the root`,
    ],
  ],
  [
    'validateCustomResourceDefinitionValidation: what the root may say, and may',
    (d) => {
      d.spec.versions[0].subresources = { status: {} }
      Object.assign(d.spec.versions[0].schema.openAPIV3Schema, {
        description: 'a',
        title: 'b',
        required: ['spec'],
        'x-kubernetes-preserve-unknown-fields': true,
        'x-kubernetes-validations': [{ rule: 'true' }],
      })
    },
    [],
  ],
  [
    'validateCustomResourceDefinitionValidation: the type of the root beside a status',
    (d) => {
      d.spec.versions[0].subresources = { status: {} }
      d.spec.versions[0].schema.openAPIV3Schema = { type: 'array', items: { type: 'string' } }
    },
    [
      `${ROOT}.type: Invalid value: "array": only "object" is allowed as the type at the root of the schema if the status subresource is enabled`,
      `${ROOT}.type: Invalid value: "array": must be object at the root`,
    ],
  ],
  [
    'validateCustomResourceDefinitionValidation: a nullable root beside a status',
    (d) => {
      d.spec.versions[0].subresources = { status: {} }
      d.spec.versions[0].schema.openAPIV3Schema.nullable = true
    },
    [
      `${ROOT}: Invalid value: {"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":true,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"spec":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"a":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"string","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null},"status":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}: only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is enabled`,
      `${ROOT}.nullable: Forbidden: nullable cannot be true at the root`,
    ],
  ],
  [
    'ValidateDefaults: within additional properties',
    schemaOfA({ type: 'object', additionalProperties: { type: 'string', default: 3 } }),
    [],
  ],
  [
    'ValidateDefaults: of embedded resources',
    schemaOfA({
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      'x-kubernetes-preserve-unknown-fields': true,
      default: { kind: 'A', apiVersion: 'a/b/c', metadata: { labels: { a: 'b' } } },
    }),
    [`${A}.default.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c`],
  ],
  [
    'ValidateDefaults: of embedded resources, the kind',
    schemaOfA({
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      'x-kubernetes-preserve-unknown-fields': true,
      default: { kind: 'a b', apiVersion: 'v1' },
    }),
    [`${A}.default.kind: Invalid value: "a b": may have mixed case, but should otherwise match: ${LABEL}`],
  ],
  [
    'ValidateDefaults: of embedded resources, the metadata',
    schemaOfA({
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      'x-kubernetes-preserve-unknown-fields': true,
      default: {
        kind: 'A',
        apiVersion: 'v1',
        metadata: { generateName: 'a%', name: 'a/b', namespace: 'A', labels: { 'a b': 'c d' } },
      },
    }),
    [
      `${A}.default.metadata.generateName: Invalid value: "a%": may not contain '%'`,
      `${A}.default.metadata.name: Invalid value: "a/b": may not contain '/'`,
      `${A}.default.metadata.namespace: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
      `${A}.default.metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
      `${A}.default.metadata.labels: Invalid value: "c d": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
    ],
  ],
  [
    'ValidateDefaults: of embedded resources that lack',
    schemaOfA({
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      'x-kubernetes-preserve-unknown-fields': true,
      default: {},
    }),
    [`${A}.default.apiVersion: Required value`, `${A}.default.kind: Required value`],
  ],
  [
    'ValidateDefaults: of embedded resources with other types',
    schemaOfA({
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      'x-kubernetes-preserve-unknown-fields': true,
      default: { kind: 'A', apiVersion: 'v1', metadata: { name: 1 } },
    }),
    [
      `${A}.default.metadata: Invalid value: {"name":1}: json: cannot unmarshal number into Go struct field ObjectMeta.name of type string`,
    ],
  ],
  [
    'ValidateDefaults: refused by a rule',
    schemaOfA({ type: 'string', maxLength: 9, default: 'x', 'x-kubernetes-validations': [{ rule: "self != 'x'" }] }),
    [`${A}.default: Invalid value: "x": failed rule: self != 'x'`],
  ],
  [
    'ValidateDefaults: refused by a rule below',
    schemaOfA({
      type: 'object',
      default: { b: 1 },
      properties: { b: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 1', message: 'more' }] } },
    }),
    [`${A}.default.b: Invalid value: 1: more`],
  ],
  [
    'ValidateDefaults: duplicates',
    schemaOfA({ type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' }, default: ['a', 'a'] }),
    [],
  ],
  ['ValidateDefaults: null', schemaOfA({ type: 'string', default: null }), []],
  ['ValidateDefaults: null where it may be', schemaOfA({ type: 'string', nullable: true, default: null }), []],
  [
    'ValidateDefaults: a format',
    schemaOfA({ type: 'string', format: 'date', default: 'x' }),
    [`${A}.default: Invalid value: "x":  in body must be of type date: "x"`],
  ],
  [
    'ValidateDefaults: an enum',
    schemaOfA({ type: 'string', enum: ['a', 'b'], default: 'x' }),
    [`${A}.default: Unsupported value: "x": supported values: "a", "b"`],
  ],
  ['getUnrecognizedFormatsInCRD: is warned of, not refused', schemaOfA({ type: 'string', format: 'rhyme' }), []],
]

judged(call, cases)
