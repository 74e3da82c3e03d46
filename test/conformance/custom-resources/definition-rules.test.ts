// What the rules of definitions of custom resources, their groups, and changes of them are refused for.
// Rules: pkg/apis/apiextensions/validation and pkg/apiserver/schema of k8s.io/apiextensions-apiserver, and
// pkg/util/webhook of k8s.io/apiserver. Each case names the function that it pins.

import { expect, it } from 'vitest'
import { useServer } from '../access-support.ts'
import {
  boats,
  CRDS,
  type DefinitionCase,
  type Edit,
  type Json,
  judged,
  problemsOf,
  schemaOfA,
  specSchema,
} from './support.ts'

const call = useServer()

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

const cases: readonly DefinitionCase[] = [
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

judged(call, cases)

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
    const settled = async () => {
      const { body } = await call(path)
      const said = body.status.conditions?.find(({ type }: Json) => type === 'Established')
      return { body, said: `${said?.status} ${said?.reason}` }
    }
    // Where authorities are no certificates, kinds are never established: EstablishingController.sync.
    const untrusted = title.endsWith('where it was so')
    const said = untrusted ? 'False InvalidCABundle' : 'True InitialNamesAccepted'
    await expect.poll(async () => (await settled()).said).toBe(said)
    const { body: next } = await settled()
    then(next)
    expect(problemsOf(await call(path, { method: 'PUT', body: next }))).toEqual(problems)
  })
}
