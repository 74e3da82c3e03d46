// What is refused of API services, flow schemas and priority levels.
// Rules: k8s.io/kube-aggregator/pkg/apis/apiregistration/validation, k8s.io/kubernetes/pkg/apis/flowcontrol/validation.

import { apiservices, flowschemas, prioritylevelconfigurations } from '../../../src/api/generated/resources.ts'
import { type Case, type Change, runTables, type UpdateCase } from './support.ts'

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const DNS_1035 =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"

const spec = (change: Change): Change => ({ spec: change })
const named = (name: string, change: Change): Change => ({ metadata: { name }, ...spec(change) })
const service = { namespace: 'a', name: 'b' }

const apis: readonly Case[] = [
  [
    'ValidateAPIService',
    named('a', {}),
    ['metadata.name: Invalid value: "a": must be `spec.version+"."+spec.group`: "v1.example.com"'],
  ],
  [
    'ValidateAPIService',
    named('V2.', { group: '', version: 'V2', groupPriorityMinimum: 20_001, versionPriority: 0 }),
    [
      'spec.group: Required value: only v1 may have an empty group and it better be legacy kube',
      `spec.version: Invalid value: "V2": ${DNS_1035}`,
      'spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000',
      'spec.versionPriority: Invalid value: 0: must be positive and less than 1000',
    ],
  ],
  ['ValidateAPIService', named('v1.A', { group: 'A' }), [`spec.group: Invalid value: "A": ${SUBDOMAIN}`]],
  [
    'ValidateAPIService',
    named('v1.example.com', { service: undefined, caBundle: 'YWI=', insecureSkipTLSVerify: true }),
    [
      'spec.caBundle: Invalid value: "2 bytes": local APIServices may not have a caBundle',
      'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify',
    ],
  ],
  [
    'ValidateAPIService',
    named('v1.example.com', {
      service: { name: '', namespace: '', port: 65_536 },
      caBundle: 'YWI=',
      insecureSkipTLSVerify: true,
    }),
    [
      'spec.service.namespace: Required value',
      'spec.service.name: Required value',
      'spec.service.port: Invalid value: 65536: port is not valid: must be between 1 and 65535, inclusive',
      'spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present',
    ],
  ],
]

const user = { kind: 'User', user: { name: 'a' } }
const urls = { verbs: ['get'], nonResourceURLs: ['/'] }
const resources = { verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['*'] }
const rule = (change: Change) => spec({ rules: [{ subjects: [user], nonResourceRules: [urls], ...change }] })
const subject = (...subjects: readonly Change[]) => rule({ subjects })
const at = 'spec.rules[0]'
const VERBS =
  'supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"'

const schemas: readonly Case[] = [
  [
    'ValidateFlowSchemaSpec',
    spec({ matchingPrecedence: -1, distinguisherMethod: { type: 'x' }, priorityLevelConfiguration: { name: '' } }),
    [
      'spec.matchingPrecedence: Invalid value: -1: must be a positive value',
      'spec.distinguisherMethod.type: Unsupported value: {"Type":"x"}: supported values: "ByNamespace", "ByUser"',
      'spec.priorityLevelConfiguration.name: Required value: must reference a priority level',
    ],
  ],
  [
    'ValidateFlowSchemaSpec',
    spec({ matchingPrecedence: 10_001, priorityLevelConfiguration: { name: 'A' } }),
    [
      'spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000',
      `spec.priorityLevelConfiguration.name: Invalid value: "A": ${SUBDOMAIN}`,
    ],
  ],
  [
    'ValidateFlowSchemaSpec',
    spec({ matchingPrecedence: 1 }),
    ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"],
  ],
  [
    'ValidateFlowSchemaPolicyRulesWithSubjects',
    rule({ subjects: [], nonResourceRules: [] }),
    [
      `${at}.subjects: Required value: subjects must contain at least one value`,
      `${at}: Required value: at least one of resourceRules and nonResourceRules has to be non-empty`,
    ],
  ],
  [
    'ValidateFlowSchemaSubject',
    subject({ kind: 'x' }, { kind: 'User', group: { name: 'a' } }, { kind: 'Group', group: { name: '' } }),
    [
      `${at}.subjects[0].kind: Unsupported value: "x": supported values: "Group", "ServiceAccount", "User"`,
      `${at}.subjects[1].user: Required value: user is required when subject kind is 'User'`,
      `${at}.subjects[1].group: Forbidden: group is forbidden when subject kind is not 'Group'`,
      `${at}.subjects[2].group.name: Required value`,
    ],
  ],
  [
    'ValidateServiceAccountSubject',
    subject(
      { kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'a' } },
      { kind: 'ServiceAccount', serviceAccount: { name: 'A', namespace: 'B' } },
      { kind: 'ServiceAccount', serviceAccount: { name: '', namespace: '' } },
    ),
    [
      `${at}.subjects[1].serviceAccount.name: Invalid value: "A": ${SUBDOMAIN}`,
      `${at}.subjects[1].serviceAccount.namespace: Invalid value: "B": ${LABEL}`,
      `${at}.subjects[2].serviceAccount.name: Required value`,
      `${at}.subjects[2].serviceAccount.namespace: Required value: must specify namespace for service account`,
    ],
  ],
  [
    'ValidateFlowSchemaResourcePolicyRule',
    rule({ resourceRules: [{ verbs: ['x'], apiGroups: ['*', 'a'], resources: ['*', 'a'], namespaces: ['*', 'a'] }] }),
    [
      `${at}.resourceRules[0].verbs: Unsupported value: ["x"]: ${VERBS}`,
      `${at}.resourceRules[0].apiGroups: Invalid value: ["*","a"]: if '*' is present, must not specify other api groups`,
      `${at}.resourceRules[0].resources: Invalid value: ["*","a"]: if '*' is present, must not specify other resources`,
      `${at}.resourceRules[0].namespaces: Invalid value: ["*","a"]: if '*' is present, must not specify other namespaces`,
    ],
  ],
  [
    'ValidateFlowSchemaResourcePolicyRule',
    rule({
      resourceRules: [
        { ...resources, namespaces: [] },
        { ...resources, verbs: [], apiGroups: [], resources: [], namespaces: ['A'] },
      ],
    }),
    [
      `${at}.resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace`,
      `${at}.resourceRules[1].verbs: Required value: verbs must contain at least one value`,
      `${at}.resourceRules[1].apiGroups: Required value: resource rules must supply at least one api group`,
      `${at}.resourceRules[1].resources: Required value: resource rules must supply at least one resource`,
      `${at}.resourceRules[1].namespaces[0]: Invalid value: "A": each member of this list must be '*' or a DNS-1123 label; ${LABEL}`,
    ],
  ],
  [
    'ValidateNonResourceURLPath',
    rule({
      nonResourceRules: [{ verbs: ['*', 'get'], nonResourceURLs: ['', 'a', '/a b', '/a//b', '/*/a', '/a*', '/a/*'] }],
    }),
    [
      `${at}.nonResourceRules[0].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`,
      ...[
        '"": must not be empty',
        '"a": must start with slash',
        '"/a b": must not contain white-space',
        '"/a//b": must not contain double slash',
        '"/*/a": wildcard can only do suffix matching',
        '"/a*": wildcard can only do suffix matching',
      ].map((problem, i) => `${at}.nonResourceRules[0].nonResourceURLs[${i}]: Invalid value: ${problem}`),
    ],
  ],
]

const limited = (change: Change) => spec({ limited: change })
const queuing = (change: Change) => limited({ limitResponse: { type: 'Queue', queuing: change } })
const queuingAt = 'spec.limited.limitResponse.queuing'

const levels: readonly Case[] = [
  ['ValidatePriorityLevelConfigurationSpec', queuing({ queues: 64, handSize: 8, queueLengthLimit: 50 }), []],
  [
    'ValidatePriorityLevelConfigurationSpec',
    spec({ type: 'Exempt' }),
    [
      "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'",
      'spec.limited: Forbidden: must be nil if the type is not Limited',
    ],
  ],
  [
    'ValidatePriorityLevelConfigurationSpec',
    spec({ type: 'x' }),
    ['spec.type: Unsupported value: "x": supported values: "Exempt", "Limited"'],
  ],
  [
    'ValidatePriorityLevelConfigurationSpec',
    spec({ limited: undefined, exempt: {} }),
    [
      'spec.exempt: Forbidden: must be nil if the type is Limited',
      'spec.limited: Required value: must not be empty when type is Limited',
    ],
  ],
  [
    'ValidateLimitedPriorityLevelConfiguration',
    limited({
      nominalConcurrencyShares: -1,
      lendablePercent: 101,
      borrowingLimitPercent: -1,
      limitResponse: undefined,
    }),
    [
      'spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
      'spec.limited.limitResponse.type: Unsupported value: "": supported values: "Queue", "Reject"',
      'spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive',
      'spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer',
    ],
  ],
  [
    'ValidateLimitResponse',
    limited({ limitResponse: { type: 'Reject', queuing: {} } }),
    [`${queuingAt}: Forbidden: must be nil if limited.limitResponse.type is not Limited`],
  ],
  [
    'ValidateLimitResponse',
    limited({ limitResponse: { type: 'Queue' } }),
    [`${queuingAt}: Required value: must not be empty if limited.limitResponse.type is Limited`],
  ],
  [
    'ValidatePriorityLevelQueuingConfiguration',
    queuing({ queues: -1, handSize: -1, queueLengthLimit: -1 }),
    ['queueLengthLimit', 'queues', 'handSize'].map(
      (name) => `${queuingAt}.${name}: Invalid value: -1: must be positive`,
    ),
  ],
  [
    'ValidatePriorityLevelQueuingConfiguration',
    queuing({ queues: 10_000_001, handSize: 1 }),
    [`${queuingAt}.queues: Invalid value: 10000001: must not be greater than 10000000`],
  ],
  [
    'ValidatePriorityLevelQueuingConfiguration',
    queuing({ queues: 4, handSize: 5 }),
    [`${queuingAt}.handSize: Invalid value: 5: should not be greater than queues (4)`],
  ],
  [
    'RequiredEntropyBits',
    queuing({ queues: 512, handSize: 7 }),
    [
      `${queuingAt}.handSize: Invalid value: 7: required entropy bits of deckSize 512 and handSize 7 should not be greater than 60`,
    ],
  ],
  [
    'ValidatePriorityLevelConfiguration',
    { metadata: { name: 'catch-all' } },
    [
      'spec: Invalid value: {"Type":"Limited","Limited":{"NominalConcurrencyShares":30,"LimitResponse":{"Type":"Reject","Queuing":null},"LendablePercent":0,"BorrowingLimitPercent":null},"Exempt":null}: spec of \'catch-all\' must equal the fixed value',
    ],
  ],
]

const conditions: readonly UpdateCase[] = [
  [
    'ValidateStatusUpdate',
    {},
    { status: { conditions: [{ type: 'A' }, { type: 'A' }, { type: '' }] } },
    ['status.conditions[1].type: Duplicate value: "A"', 'status.conditions[2].type: Required value'],
  ],
]

runTables(
  {
    resource: apiservices,
    base: { spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10, service } },
    create: apis,
  },
  {
    resource: flowschemas,
    base: spec({ priorityLevelConfiguration: { name: 'a' } }),
    create: schemas,
    status: conditions,
  },
  {
    resource: prioritylevelconfigurations,
    base: spec({ type: 'Limited', limited: { limitResponse: { type: 'Reject' } } }),
    create: levels,
    status: conditions,
  },
)
