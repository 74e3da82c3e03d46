// What definitions of custom resources are refused for, apart from their schemas.
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
  LABEL,
  problemsOf,
  version,
} from './support.ts'

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
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const cases: readonly DefinitionCase[] = [
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
    'validateCustomResourceDefinitionSpec: no list of versions',
    (d) => {
      Object.assign(d.spec, { versions: null })
    },
    [
      'spec.versions: Invalid value: null: must have exactly one version marked as storage version',
      'status.storedVersions: Invalid value: null: must have at least one stored version',
    ],
  ],
  [
    'validateCustomResourceDefinitionSpec: no versions',
    (d) => {
      d.spec.versions = []
    },
    [
      'spec.versions: Invalid value: []: must have exactly one version marked as storage version',
      'status.storedVersions: Invalid value: null: must have at least one stored version',
    ],
  ],
  [
    'validateCustomResourceDefinitionSpec: version name',
    version({ name: 'V_1' }),
    [
      `spec.versions[0].name: Invalid value: "V_1": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
      `spec.version: Invalid value: "V_1": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
    ],
  ],
  [
    'validateCustomResourceDefinitionSpec: two storage',
    (d) => {
      d.spec.versions.push({ ...d.spec.versions[0], name: 'v2' })
    },
    [
      'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":true,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null},{"Name":"v2","Served":true,"Storage":true,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly one version marked as storage version',
      'status.storedVersions: Invalid value: ["v1"]: must have the storage version v2',
    ],
  ],
  [
    'validateCustomResourceDefinitionSpec: same version',
    (d) => {
      d.spec.versions.push({ ...d.spec.versions[0], storage: false })
    },
    [
      'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":true,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null},{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must contain unique version names',
    ],
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
    [],
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
      'spec.selectableFields[1].jsonPath: Invalid value: ".metadata.name": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[2].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      'spec.selectableFields[3].jsonPath: Invalid value: ".spec.none": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[5].jsonPath: Duplicate value: ".spec.a"',
    ],
  ],
  [
    'ValidateCustomResourceSelectableFields: selectable many',
    version({ selectableFields: Array.from({ length: 9 }, (_, i) => ({ jsonPath: `.spec.a${i}` })) }),
    [
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
]

judged(call, cases)

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
