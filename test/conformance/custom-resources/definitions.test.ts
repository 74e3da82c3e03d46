// What definitions of custom resources are refused for.
// Rules: pkg/apis/apiextensions/validation and pkg/apiserver/schema of k8s.io/apiextensions-apiserver, and
// pkg/util/webhook of k8s.io/apiserver. Each case names the function that it pins.

import { expect, it } from 'vitest'
import { boats, CRDS, type Edit, type Json, problemsOf, schemaOfA, specSchema, useServer, version } from './support.ts'

const call = useServer()

const names =
  (more: object): Edit =>
  (d) => {
    Object.assign(d.spec.names, more)
  }
const conversion =
  (value: object): Edit =>
  (d) => {
    d.spec.conversion = value
  }
const rule = (value: object) =>
  specSchema({ type: 'object', properties: { a: { type: 'integer' } }, 'x-kubernetes-validations': [value] })

const UNTRUSTED = {
  strategy: 'Webhook',
  webhook: {
    clientConfig: { url: 'https://x', caBundle: Buffer.from('nonsense').toString('base64') },
    conversionReviewVersions: ['v1'],
  },
}

const ROOT = 'spec.validation.openAPIV3Schema'
const A = `${ROOT}.properties[spec].properties[a]`
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const LABEL =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"

const cases: readonly [rule: string, edit: (d: Json) => void, problems: readonly string[]][] = [
  [
    'validateCustomResourceDefinitionSpec: group empty',
    (d) => {
      d.spec.group = ''
    },
    [
      'metadata.name: Invalid value: "boats.a.example": must be spec.names.plural+"."+spec.group',
      'spec.group: Required value',
    ],
  ],
  [
    'validateCustomResourceDefinitionSpec: group bad',
    (d) => {
      d.spec.group = 'A_b.c'
      d.metadata.name = 'boats.A_b.c'
    },
    [`metadata.name: Invalid value: "boats.A_b.c": ${SUBDOMAIN}`, `spec.group: Invalid value: "A_b.c": ${SUBDOMAIN}`],
  ],
  [
    'validateCustomResourceDefinitionSpec: group dot',
    (d) => {
      d.spec.group = 'boats'
      d.metadata.name = 'boats.boats'
    },
    ['spec.group: Invalid value: "boats": should be a domain with at least one dot'],
  ],
  [
    'validateCustomResourceDefinitionSpec: scope',
    (d) => {
      d.spec.scope = 'Wide'
    },
    ['spec.scope: Unsupported value: "Wide": supported values: "Cluster", "Namespaced"'],
  ],
  [
    'validateCustomResourceDefinitionSpec: no versions',
    (d) => {
      d.spec.versions = []
    },
    ['spec.versions: Invalid value: []: must have exactly one version marked as storage version'],
  ],
  [
    'validateCustomResourceDefinitionSpec: version name',
    version({ name: 'V_1' }),
    [`spec.versions[0].name: Invalid value: "V_1": ${LABEL}`],
  ],
  [
    'validateCustomResourceDefinitionSpec: two storage',
    (d) => {
      d.spec.versions.push({ ...d.spec.versions[0], name: 'v2' })
    },
    ['spec.versions: Invalid value: ["v1","v2"]: must have exactly one version marked as storage version'],
  ],
  [
    'validateCustomResourceDefinitionSpec: same version',
    (d) => {
      d.spec.versions.push({ ...d.spec.versions[0], storage: false })
    },
    ['spec.versions: Invalid value: ["v1","v1"]: must contain unique version names'],
  ],
  [
    'validateDeprecationWarning: a warning without a deprecation',
    version({ deprecationWarning: 'x' }),
    ['spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions'],
  ],
  [
    'validateDeprecationWarning: an empty warning',
    version({ deprecated: true, deprecationWarning: '' }),
    ['spec.versions[0].deprecationWarning: Invalid value: "": must not be an empty string'],
  ],
  [
    'validateDeprecationWarning: a long warning',
    version({ deprecated: true, deprecationWarning: 'x'.repeat(257) }),
    [`spec.versions[0].deprecationWarning: Invalid value: "${'x'.repeat(257)}": must be <= 256 characters long`],
  ],
  [
    'validateDeprecationWarning: a warning of two lines',
    version({ deprecated: true, deprecationWarning: 'x\ny' }),
    [
      `spec.versions[0].deprecationWarning: Invalid value: "x\\ny": must only contain printable UTF-8 characters; non-printable character found at index 1`,
    ],
  ],
  [
    'ValidateCustomResourceDefinitionNames: plural',
    (d) => {
      d.spec.names.plural = 'Boats'
      d.metadata.name = 'Boats.a.example'
    },
    [
      `metadata.name: Invalid value: "Boats.a.example": ${SUBDOMAIN}`,
      `spec.names.plural: Invalid value: "Boats": ${LABEL}`,
    ],
  ],
  [
    'ValidateCustomResourceDefinitionNames: kind',
    names({ kind: 'Bo at' }),
    [
      `spec.names.singular: Invalid value: "bo at": ${LABEL}`,
      `spec.names.kind: Invalid value: "Bo at": may have mixed case, but should otherwise match: ${LABEL}`,
      `spec.names.listKind: Invalid value: "Bo atList": may have mixed case, but should otherwise match: ${LABEL}`,
    ],
  ],
  [
    'ValidateCustomResourceDefinitionNames: kind digit',
    names({ kind: '1boat' }),
    [
      `spec.names.singular: Invalid value: "1boat": ${LABEL}`,
      `spec.names.kind: Invalid value: "1boat": may have mixed case, but should otherwise match: ${LABEL}`,
      `spec.names.listKind: Invalid value: "1boatList": may have mixed case, but should otherwise match: ${LABEL}`,
    ],
  ],
  [
    'ValidateCustomResourceDefinitionNames: no kind',
    (d) => {
      delete d.spec.names.kind
    },
    ['spec.names.singular: Required value', 'spec.names.kind: Required value', 'spec.names.listKind: Required value'],
  ],
  [
    'ValidateCustomResourceDefinitionNames: singular',
    names({ singular: 'B' }),
    [`spec.names.singular: Invalid value: "B": ${LABEL}`],
  ],
  [
    'ValidateCustomResourceDefinitionNames: shortNames',
    names({ shortNames: ['b', 'B!'] }),
    [`spec.names.shortNames[1]: Invalid value: "B!": ${LABEL}`],
  ],
  [
    'ValidateCustomResourceDefinitionNames: categories',
    names({ categories: ['All'] }),
    [`spec.names.categories[0]: Invalid value: "All": ${LABEL}`],
  ],
  [
    'ValidateCustomResourceDefinitionNames: listKind same',
    names({ listKind: 'Boat' }),
    ['spec.names.listKind: Invalid value: "Boat": kind and listKind may not be the same'],
  ],
  [
    'validateCustomResourceConversion: conv strategy',
    conversion({ strategy: 'Magic' }),
    ['spec.conversion.strategy: Unsupported value: "Magic": supported values: "None", "Webhook"'],
  ],
  [
    'validateCustomResourceConversion: conv none with webhook',
    conversion({ strategy: 'None', webhook: { clientConfig: { url: 'https://x' }, conversionReviewVersions: ['v1'] } }),
    [
      'spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook',
      'spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook',
    ],
  ],
  [
    'validateCustomResourceConversion: conv webhook none',
    conversion({ strategy: 'Webhook' }),
    [
      'spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook',
      'spec.conversion.conversionReviewVersions: Required value',
    ],
  ],
  [
    'validateCustomResourceConversion: conv webhook no client',
    conversion({ strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'] } }),
    ['spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook'],
  ],
  [
    'validateCustomResourceConversion: conv webhook both',
    conversion({
      strategy: 'Webhook',
      webhook: {
        clientConfig: { url: 'https://x', service: { name: 'a', namespace: 'b' } },
        conversionReviewVersions: ['v1'],
      },
    }),
    ['spec.conversion.webhookClientConfig: Required value: exactly one of url or service is required'],
  ],
  [
    'ValidateWebhookURL: conv webhook http',
    conversion({
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'http://x' }, conversionReviewVersions: ['v1'] },
    }),
    [
      'spec.conversion.webhookClientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
    ],
  ],
  [
    'validateConversionReviewVersions: conv versions unknown',
    conversion({
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'https://x' }, conversionReviewVersions: ['v7'] },
    }),
    ['spec.conversion.conversionReviewVersions: Invalid value: ["v7"]: must include at least one of v1, v1beta1'],
  ],
  [
    'validateConversionReviewVersions: conv versions dup',
    conversion({
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'https://x' }, conversionReviewVersions: ['v1', 'v1'] },
    }),
    ['spec.conversion.conversionReviewVersions[1]: Invalid value: "v1": duplicate version'],
  ],
  [
    'validateConversionReviewVersions: conv versions bad',
    conversion({
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'https://x' }, conversionReviewVersions: ['v1', 'A!'] },
    }),
    [`spec.conversion.conversionReviewVersions[1]: Invalid value: "A!": ${LABEL}`],
  ],
  [
    'ValidateWebhookService: conv service empty',
    conversion({
      strategy: 'Webhook',
      webhook: { clientConfig: { service: { path: 'x' } }, conversionReviewVersions: ['v1'] },
    }),
    [
      'spec.conversion.webhookClientConfig.service.name: Required value',
      'spec.conversion.webhookClientConfig.service.namespace: Required value',
      'spec.conversion.webhookClientConfig.service.path: Invalid value: "x": must start with a \'/\'',
      'spec.conversion.webhookClientConfig.service.path: Invalid value: "x": segment[0] may not be empty',
    ],
  ],
  [
    'ValidateCustomResourceDefinitionSubresources: scale',
    version({
      subresources: { scale: { specReplicasPath: 'spec.a', statusReplicasPath: '.spec.a', labelSelectorPath: '.x' } },
    }),
    [
      'spec.subresources.scale.specReplicasPath: Invalid value: "spec.a": must be a simple json path starting with .',
      'spec.subresources.scale.statusReplicasPath: Invalid value: ".spec.a": should be a json path under .status',
      'spec.subresources.scale.labelSelectorPath: Invalid value: ".x": should be a json path under either .spec or .status',
    ],
  ],
  [
    'ValidateCustomResourceDefinitionSubresources: scale required',
    version({ subresources: { scale: { specReplicasPath: '', statusReplicasPath: '' } } }),
    [
      'spec.subresources.scale.specReplicasPath: Required value',
      'spec.subresources.scale.statusReplicasPath: Required value',
    ],
  ],
  [
    'ValidateCustomResourceDefinitionSubresources: scale brackets',
    version({ subresources: { scale: { specReplicasPath: '.spec[0].a', statusReplicasPath: '.status.a' } } }),
    ['spec.subresources.scale.specReplicasPath: Invalid value: ".spec[0].a": should be a json path under .spec'],
  ],
  [
    'ValidateCustomResourceColumnDefinition: column',
    version({ additionalPrinterColumns: [{ name: '', type: '', jsonPath: '' }] }),
    [
      'spec.additionalPrinterColumns[0].name: Required value',
      'spec.additionalPrinterColumns[0].type: Required value: must be one of boolean,date,integer,number,string',
      'spec.additionalPrinterColumns[0].JSONPath: Required value',
    ],
  ],
  [
    'ValidateCustomResourceColumnDefinition: column 2',
    version({ additionalPrinterColumns: [{ name: 'a', type: 'text', format: 'x', jsonPath: 'spec' }] }),
    [
      'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
      'spec.additionalPrinterColumns[0].format: Invalid value: "x": must be one of byte,date,date-time,double,float,int32,int64,password',
      'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec": must be a simple json path starting with .',
    ],
  ],
  [
    'ValidateCustomResourceColumnDefinition: column 3',
    version({ additionalPrinterColumns: [{ name: 'a', type: 'string', jsonPath: '.spec[' }] }),
    [
      'spec.additionalPrinterColumns[0].JSONPath: Invalid value: ".spec[": is an invalid path: unrecognized character in action: "[" of ".spec["',
    ],
  ],
  [
    'ValidateCustomResourceSelectableFields: selectable',
    version({
      selectableFields: [
        { jsonPath: '' },
        { jsonPath: '.metadata.name' },
        { jsonPath: '.spec' },
        { jsonPath: '.spec.none' },
        { jsonPath: '.spec.a' },
        { jsonPath: '.spec.a' },
      ],
    }),
    [
      'spec.selectableFields[0].jsonPath: Required value',
      'spec.selectableFields[1].jsonPath: Invalid value: ".metadata.name": must not point to fields in metadata',
      'spec.selectableFields[2].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      'spec.selectableFields[3].jsonPath: Invalid value: ".spec.none": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[5].jsonPath: Duplicate value: ".spec.a"',
    ],
  ],
  [
    'ValidateCustomResourceSelectableFields: selectable many',
    version({ selectableFields: Array.from({ length: 9 }, (_, i) => ({ jsonPath: `.spec.a${i}` })) }),
    [
      'spec.selectableFields: Too many: 9: must have at most 8 items',
      'spec.selectableFields[0].jsonPath: Invalid value: ".spec.a0": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[1].jsonPath: Invalid value: ".spec.a1": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[2].jsonPath: Invalid value: ".spec.a2": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[3].jsonPath: Invalid value: ".spec.a3": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[4].jsonPath: Invalid value: ".spec.a4": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[5].jsonPath: Invalid value: ".spec.a5": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[6].jsonPath: Invalid value: ".spec.a6": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[7].jsonPath: Invalid value: ".spec.a7": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[8].jsonPath: Invalid value: ".spec.a8": is an invalid path: does not refer to a valid field',
    ],
  ],
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
    [`${A}.type: Forbidden: type cannot be set to null, use nullable as an alternative`],
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
    [`${A}.additionalProperties: Forbidden: additionalProperties cannot be set to false`],
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
      `${A}.items.x-kubernetes-map-type: Invalid value: "null": must be atomic as item of a list with x-kubernetes-list-type=set`,
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
    [
      `${A}.items.type: Invalid value: "string": must be object if parent array's x-kubernetes-list-type is map`,
      `${A}.x-kubernetes-list-map-keys: Invalid value: ["a"]: entries must all be names of item properties`,
    ],
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
      `${A}.x-kubernetes-list-map-keys: Invalid value: ["b","b"]: must not contain duplicate entries`,
      `${A}.x-kubernetes-list-map-keys: Invalid value: ["b","b"]: entries must all be names of item properties`,
      `${A}.x-kubernetes-list-map-keys: Invalid value: ["b","b"]: entries must all be names of item properties`,
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
    'ValidateStructuralCompleteness: anyOf undefined prop',
    schemaOfA({ type: 'object', anyOf: [{ properties: { z: {} } }] }),
    [`${A}.properties[z]: Required value: because it is defined in ${A}.anyOf[0].properties[z]`],
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
  [
    'x-kubernetes-validations: rule empty',
    rule({ rule: '' }),
    [`${ROOT}.properties[spec].x-kubernetes-validations[0].rule: Required value: rule is not specified`],
  ],
  [
    'x-kubernetes-validations: rule message empty',
    rule({ rule: 'true', message: ' ' }),
    [
      `${ROOT}.properties[spec].x-kubernetes-validations[0].message: Invalid value: " ": must be non-empty if specified`,
    ],
  ],
  [
    'x-kubernetes-validations: rule message nl',
    rule({ rule: 'true', message: 'a\nb' }),
    [
      `${ROOT}.properties[spec].x-kubernetes-validations[0].message: Invalid value: "a\\nb": must not contain line breaks`,
    ],
  ],
  [
    'x-kubernetes-validations: rule nl',
    rule({ rule: 'true &&\ntrue' }),
    [
      `${ROOT}.properties[spec].x-kubernetes-validations[0].message: Required value: message must be specified if rule contains line breaks`,
    ],
  ],
  [
    'x-kubernetes-validations: rule reason',
    rule({ rule: 'true', reason: 'Because' }),
    [
      `${ROOT}.properties[spec].x-kubernetes-validations[0].reason: Unsupported value: "Because": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"`,
    ],
  ],
  [
    'x-kubernetes-validations: rule fieldPath',
    rule({ rule: 'true', fieldPath: '.z' }),
    [`${ROOT}.properties[spec].x-kubernetes-validations[0].fieldPath: Invalid value: ".z": must be a valid path`],
  ],
  [
    'x-kubernetes-validations: rule fieldPath empty',
    rule({ rule: 'true', fieldPath: ' ' }),
    [
      `${ROOT}.properties[spec].x-kubernetes-validations[0].fieldPath: Invalid value: " ": must be non-empty if specified`,
      `${ROOT}.properties[spec].x-kubernetes-validations[0].fieldPath: Invalid value: " ": must be a valid path`,
    ],
  ],
  [
    'x-kubernetes-validations: rule compile',
    rule({ rule: 'self.z > 1' }),
    [
      `${ROOT}.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.z \\u003e 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field 'z'\n | self.z > 1\n | ....^`,
    ],
  ],
  [
    'x-kubernetes-validations: rule type',
    rule({ rule: 'self.a' }),
    [
      `${ROOT}.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.a","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`,
    ],
  ],
  [
    'x-kubernetes-validations: rule syntax',
    rule({ rule: 'self.a >' }),
    [
      `${ROOT}.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.a \\u003e","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | self.a >\n | ........^`,
    ],
  ],
  [
    'x-kubernetes-validations: rule messageExpression',
    rule({ rule: 'self.a > 1', messageExpression: 'self.a' }),
    [
      `${ROOT}.properties[spec].x-kubernetes-validations[0].messageExpression: Invalid value: {"Rule":"self.a \\u003e 1","Message":"","MessageExpression":"self.a","Reason":null,"FieldPath":"","OptionalOldSelf":null}: messageExpression must evaluate to a string`,
    ],
  ],
  [
    'x-kubernetes-validations: rule optionalOldSelf',
    rule({ rule: 'self.a > 1', optionalOldSelf: true }),
    [
      `${ROOT}.properties[spec].x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`,
    ],
  ],
  [
    'x-kubernetes-validations: rule cost',
    schemaOfA({
      type: 'array',
      items: { type: 'array', items: { type: 'string' } },
      'x-kubernetes-validations': [{ rule: 'self.all(x, x.all(y, self.all(z, z.all(w, w == y))))' }],
    }),
    [
      `${A}.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      `${A}.x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      `${ROOT}: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
    ],
  ],
  [
    'x-kubernetes-validations: rule uncorrelatable',
    schemaOfA({ type: 'array', items: { type: 'object', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } }),
    [
      `${A}.items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${A}`,
    ],
  ],
  [
    'validateAPIApproval: approved missing',
    (d) => {
      d.spec.group = 'a.k8s.io'
      d.metadata.name = 'boats.a.k8s.io'
    },
    [
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    ],
  ],
  [
    'validateAPIApproval: approved nonsense',
    (d) => {
      d.spec.group = 'a.k8s.io'
      d.metadata.name = 'boats.a.k8s.io'
      d.metadata.annotations = { 'api-approved.kubernetes.io': 'yes' }
    },
    [
      'metadata.annotations[api-approved.kubernetes.io]: Invalid value: "yes": protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111',
    ],
  ],
  [
    'validatePreserveUnknownFields: preserveUnknownFields',
    (d) => {
      d.spec.preserveUnknownFields = true
    },
    [
      'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ],
  ],
]

for (const [title, edit, problems] of cases) {
  it(`${title}: ${problems.length === 0 ? 'is taken' : 'is refused'}`, async () => {
    const definition = boats('a.example', edit)
    const answer = await call(CRDS, { body: definition })
    expect(problemsOf(answer)).toEqual(problems)
    expect(answer.code).toBe(problems.length === 0 ? 201 : 422)
    if (problems.length === 0) await call(`${CRDS}/${definition.metadata.name}`, { method: 'DELETE' })
  })
}

it('names versions one by one when they differ (hasIdenticalPerVersionSchema)', async () => {
  const edit = (d: Json) => {
    const [first] = d.spec.versions
    d.spec.versions.push({ ...first, name: 'v2', storage: false, schema: { openAPIV3Schema: { type: 'string' } } })
  }
  const answer = await call(CRDS, { body: boats('a.example', edit) })
  expect(problemsOf(answer)).toEqual([
    'spec.versions[1].schema.openAPIV3Schema.type: Invalid value: "string": must be object at the root',
  ])
})

const updates: readonly [rule: string, first: Edit, then: Edit, problems: readonly string[]][] = [
  [
    'ValidateImmutableField: scope',
    () => {},
    (d) => {
      d.spec.scope = 'Cluster'
    },
    ['spec.scope: Invalid value: "Cluster": field is immutable'],
  ],
  [
    'ValidateImmutableField: kind',
    () => {},
    (d) => {
      d.spec.names.kind = 'Ship'
      d.spec.names.listKind = 'ShipList'
    },
    ['spec.names.kind: Invalid value: "Ship": field is immutable'],
  ],
  [
    'ValidateCustomResourceDefinitionStoredVersions',
    () => {},
    (d) => {
      d.spec.versions[0].name = 'v2'
    },
    [
      'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions',
    ],
  ],
  [
    'allowInvalidCABundle: not once it is established',
    () => {},
    (d) => conversion(UNTRUSTED)(d),
    [
      'spec.conversion.webhookClientConfig.caBundle: Invalid value: "bm9uc2Vuc2U=": unable to load root certificates: unable to parse bytes as PEM block',
    ],
  ],
  [
    'allowInvalidCABundle: before, and where it was so',
    conversion(UNTRUSTED),
    (d) => {
      d.metadata.labels = { a: 'b' }
    },
    [],
  ],
  [
    'findPreexistingExpressions: a rule that was there may stay',
    (d) =>
      specSchema({
        type: 'object',
        properties: { a: { type: 'integer' } },
        'x-kubernetes-validations': [{ rule: 'self.a > 1' }],
      })(d),
    (d) => {
      d.metadata.labels = { a: 'b' }
    },
    [],
  ],
]
for (const [i, [title, first, then, problems]] of updates.entries()) {
  it(`update: ${title}`, async () => {
    const group = `u${i}.example`
    const made = await call(CRDS, { body: boats(group, first) })
    const path = `${CRDS}/boats.${group}`
    expect(made.code).toBe(201)
    const established = async () => {
      const { body } = await call(path)
      expect(body.status.conditions).toContainEqual(expect.objectContaining({ type: 'Established', status: 'True' }))
      return body
    }
    await expect.poll(async () => (await established()).kind).toBe('CustomResourceDefinition')
    const next = await established()
    then(next)
    expect(problemsOf(await call(path, { method: 'PUT', body: next }))).toEqual(problems)
  })
}
