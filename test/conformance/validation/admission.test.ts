// What is refused of admission policies and their bindings.
// Rules: k8s.io/kubernetes/pkg/apis/admissionregistration/validation.

import {
  mutatingadmissionpolicies,
  mutatingadmissionpolicybindings,
  mutatingwebhookconfigurations,
  validatingadmissionpolicies,
  validatingadmissionpolicybindings,
} from '../../../src/api/generated/resources.ts'
import { minimalObject } from '../../../src/apiserver/testing-objects.ts'
import { type Case, type Change, runTables } from './support.ts'

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const DNS_1035 =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

const spec = (change: Change): Change => ({ spec: change })
const validation = (change: Change) => spec({ validations: [{ expression: 'true', ...change }] })
const at = 'spec.validations[0]'
const NOTHING = 'Required value: validations or auditAnnotations must contain at least one item'

const policies: readonly Case[] = [
  ['validateValidation', validation({ message: 'a', reason: 'Forbidden' }), []],
  [
    'validateValidation',
    validation({ expression: ' ' }),
    [`${at}.expression: Required value: expression is not specified`],
  ],
  [
    'validateValidation',
    validation({ message: ' ', messageExpression: ' ', reason: 'NotFound' }),
    [
      `${at}.messageExpression: Invalid value: " ": must be non-empty if specified`,
      `${at}.message: Invalid value: " ": must be non-empty if specified`,
      `${at}.reason: Unsupported value: "NotFound": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"`,
    ],
  ],
  [
    'validateValidation',
    validation({ message: 'a\nb' }),
    [`${at}.message: Invalid value: "a\\nb": must not contain line breaks`],
  ],
  [
    'validateValidatingAdmissionPolicySpec',
    spec({ failurePolicy: 'x', validations: [] }),
    [
      'spec.failurePolicy: Unsupported value: "x": supported values: "Fail", "Ignore"',
      `spec.validations: ${NOTHING}`,
      `spec.auditAnnotations: ${NOTHING}`,
    ],
  ],
  [
    'validateParamKind',
    spec({ paramKind: { apiVersion: 'A/1', kind: '1' } }),
    [
      `spec.paramKind.apiVersion: Invalid value: "A": ${SUBDOMAIN}`,
      `spec.paramKind.apiVersion: Invalid value: "1": ${DNS_1035}`,
      `spec.paramKind.kind: Invalid value: "1": may have mixed case, but should otherwise match: ${DNS_1035}`,
    ],
  ],
  [
    'validateParamKind',
    spec({ paramKind: { apiVersion: 'a/b/c', kind: '' } }),
    [
      'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
      'spec.paramKind.kind: Required value',
    ],
  ],
  [
    'validateAuditAnnotation',
    {
      metadata: { name: 'annotated' },
      ...spec({ auditAnnotations: ['a', 'a', 'b c'].map((key) => ({ key, valueExpression: '"x"' })) }),
    },
    [
      'spec.auditAnnotations[1].key: Duplicate value: "a"',
      `spec.auditAnnotations[2].key: Invalid value: "annotated/b c": ${NAME_PART}`,
    ],
  ],
  [
    'validateNamedRuleWithOperations',
    spec({
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            operations: ['*'],
            resources: ['pods'],
            resourceNames: ['a/b', 'c', 'c'],
          },
        ],
      },
    }),
    [
      'spec.matchConstraints.resourceRules[0].resourceNames[0]: Invalid value: "a/b": may not contain \'/\'',
      'spec.matchConstraints.resourceRules[0].resourceNames[2]: Duplicate value: "c"',
    ],
  ],
]

const ref = (change: Change) => spec({ paramRef: { name: 'a', parameterNotFoundAction: 'Deny', ...change } })

const ofParams: readonly Case[] = [
  ['validateParamRef', ref({}), []],
  [
    'validateParamRef',
    ref({ name: 'a/b', selector: {}, parameterNotFoundAction: 'x' }),
    [
      'spec.paramRef.name: Invalid value: "a/b": may not contain \'/\'',
      'spec.paramRef.name: Forbidden: name and selector are mutually exclusive',
      'spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
      'spec.paramRef.parameterNotFoundAction: Unsupported value: "x": supported values: "Deny", "Allow"',
    ],
  ],
  [
    'validateParamRef',
    ref({ name: undefined, parameterNotFoundAction: undefined }),
    [
      'spec.paramRef: Required value: one of name or selector must be specified',
      'spec.paramRef.parameterNotFoundAction: Required value',
    ],
  ],
  ['NameIsDNSSubdomain', spec({ policyName: 'A' }), [`spec.policyName: Invalid value: "A": ${SUBDOMAIN}`]],
]

const bindings: readonly Case[] = [
  ...ofParams,
  [
    'validateValidationActions',
    spec({ validationActions: ['Deny', 'Warn', 'Warn', 'x'] }),
    [
      'spec.validationActions[2]: Duplicate value: "Warn"',
      'spec.validationActions[3]: Unsupported value: "x": supported values: "Audit", "Deny", "Warn"',
      'spec.validationActions: Invalid value: ["Deny","Warn","Warn","x"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    ],
  ],
  [
    'validateValidationActions',
    spec({ validationActions: [] }),
    ['spec.validationActions: Required value: at least one validation action is required'],
  ],
]

const group = 'admissionregistration.k8s.io'
const webhook = {
  name: 'a.b.c',
  clientConfig: { url: 'https://example.com/hook' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}
const webhooks = (...list: readonly Change[]): Change => ({ webhooks: list.map((one) => ({ ...webhook, ...one })) })

const webhookCases: readonly Case[] = [
  [
    'IsFullyQualifiedName',
    webhooks({ name: '' }, { name: 'A.b.c' }, { name: 'a.b' }),
    [
      'webhooks[0].name: Required value',
      `webhooks[1].name: Invalid value: "A.b.c": ${SUBDOMAIN}`,
      'webhooks[2].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
    ],
  ],
  ['validateWebhooks', webhooks({}, {}), ['webhooks[1].name: Duplicate value: "a.b.c"']],
  [
    'validateAdmissionReviewVersions',
    webhooks({ admissionReviewVersions: [] }, { name: 'd.e.f', admissionReviewVersions: ['v2', 'v2', '1'] }),
    [
      'webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1',
      'webhooks[1].admissionReviewVersions[1]: Invalid value: "v2": duplicate version',
      `webhooks[1].admissionReviewVersions[2]: Invalid value: "1": ${DNS_1035}`,
      'webhooks[1].admissionReviewVersions: Invalid value: ["v2","v2","1"]: must include at least one of v1, v1beta1',
    ],
  ],
  [
    'validateMutatingWebhook: in order',
    webhooks({
      name: 'a.b',
      rules: [{ operations: ['*', ''], apiGroups: ['*', 'a'], apiVersions: [''], resources: [] }],
      failurePolicy: '',
      matchPolicy: '',
      sideEffects: '',
      namespaceSelector: { matchLabels: { '-': 'a' } },
      clientConfig: { url: undefined },
      admissionReviewVersions: [],
    }),
    [
      'webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
      `webhooks[0].rules[0].operations: Invalid value: ["*",""]: if '*' is present, must not specify other operations`,
      'webhooks[0].rules[0].operations[1]: Unsupported value: "": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
      `webhooks[0].rules[0].apiGroups: Invalid value: ["*","a"]: if '*' is present, must not specify other API groups`,
      'webhooks[0].rules[0].apiVersions[0]: Required value',
      'webhooks[0].rules[0].resources: Required value',
      'webhooks[0].failurePolicy: Unsupported value: "": supported values: "Fail", "Ignore"',
      'webhooks[0].matchPolicy: Unsupported value: "": supported values: "Equivalent", "Exact"',
      'webhooks[0].sideEffects: Unsupported value: "": supported values: "None", "NoneOnDryRun"',
      `webhooks[0].namespaceSelector.matchLabels: Invalid value: "-": ${NAME_PART}`,
      'webhooks[0].clientConfig: Required value: exactly one of url or service is required',
      'webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1',
    ],
  ],
  [
    'validateResources',
    webhooks({
      rules: [
        {
          operations: ['CREATE'],
          apiGroups: [''],
          apiVersions: ['v1'],
          resources: ['*', 'pods/*', 'pods/status', '*/log', 'pods/log', 'a', '*/*'],
        },
      ],
    }),
    [
      `webhooks[0].rules[0].resources[2]: Invalid value: "pods/status": if 'pods/*' is present, must not specify pods/status`,
      `webhooks[0].rules[0].resources[4]: Invalid value: "pods/log": if 'pods/*' is present, must not specify pods/log`,
      `webhooks[0].rules[0].resources[4]: Invalid value: "pods/log": if '*/log' is present, must not specify pods/log`,
      `webhooks[0].rules[0].resources: Invalid value: ["*","pods/*","pods/status","*/log","pods/log","a","*/*"]: if '*/*' is present, must not specify other resources`,
      `webhooks[0].rules[0].resources: Invalid value: ["*","pods/*","pods/status","*/log","pods/log","a","*/*"]: if '*' is present, must not specify other resources without subresources`,
    ],
  ],
  [
    'the bundle is not looked at',
    webhooks({ clientConfig: { url: 'https://a.example', caBundle: 'bm90IGEgYnVuZGxl' } }),
    [],
  ],
  [
    'validateMutatingWebhook',
    webhooks({ failurePolicy: 'x', reinvocationPolicy: 'x', timeoutSeconds: 31, sideEffects: 'Some' }),
    [
      'webhooks[0].failurePolicy: Unsupported value: "x": supported values: "Fail", "Ignore"',
      'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
      'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
      'webhooks[0].reinvocationPolicy: Unsupported value: "x": supported values: "IfNeeded", "Never"',
    ],
  ],
]

const mutating: readonly Case[] = [
  [
    'validateMutatingAdmissionPolicySpec: in order',
    spec({
      matchConstraints: {
        matchPolicy: 'x',
        resourceRules: [
          { operations: ['CREATE', 'DELETE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
        ],
      },
      mutations: [],
      reinvocationPolicy: 'x',
    }),
    [
      'spec.matchConstraints.matchPolicy: Unsupported value: "x": supported values: "Equivalent", "Exact"',
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
      'spec.mutations: Required value: mutations must contain at least one item',
      'spec.reinvocationPolicy: Unsupported value: "x": supported values: "IfNeeded", "Never"',
    ],
  ],
  [
    'validateMatchResources: before that there are any',
    spec({
      matchConstraints: {
        matchPolicy: 'x',
        resourceRules: [],
        excludeResourceRules: [{ operations: [], apiGroups: [], apiVersions: [], resources: [''], scope: 'x' }],
      },
    }),
    [
      'spec.matchConstraints.matchPolicy: Unsupported value: "x": supported values: "Equivalent", "Exact"',
      'spec.matchConstraints.excludeResourceRules[0].operations: Required value',
      'spec.matchConstraints.excludeResourceRules[0].apiGroups: Required value',
      'spec.matchConstraints.excludeResourceRules[0].apiVersions: Required value',
      'spec.matchConstraints.excludeResourceRules[0].resources[0]: Required value',
      'spec.matchConstraints.excludeResourceRules[0].scope: Unsupported value: "x": supported values: "*", "Cluster", "Namespaced"',
      'spec.matchConstraints.resourceRules: Required value',
    ],
  ],
]

runTables(
  {
    resource: mutatingadmissionpolicies,
    base: minimalObject({ group, resource: 'mutatingadmissionpolicies' }),
    create: mutating,
  },
  { resource: mutatingwebhookconfigurations, base: webhooks({}), create: webhookCases },
  {
    resource: validatingadmissionpolicies,
    base: minimalObject({ group, resource: 'validatingadmissionpolicies' }),
    create: policies,
  },
  {
    resource: validatingadmissionpolicybindings,
    base: minimalObject({ group, resource: 'validatingadmissionpolicybindings' }),
    create: bindings,
  },
  {
    resource: mutatingadmissionpolicybindings,
    base: minimalObject({ group, resource: 'mutatingadmissionpolicybindings' }),
    create: ofParams,
  },
)
