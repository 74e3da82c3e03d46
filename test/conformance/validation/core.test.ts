// What is refused of limit ranges, quotas, events, secrets, namespaces and nodes.
// Rules: k8s.io/kubernetes/pkg/apis/core/validation.

import {
  events,
  eventsEventsV1,
  limitranges,
  namespaces,
  nodes,
  resourcequotas,
  secrets,
} from '../../../src/api/generated/resources.ts'
import { type Case, type Change, runTables, type UpdateCase } from './support.ts'

const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const STANDARD = 'must be a standard resource type or fully qualified'

const spec = (change: Change): Change => ({ spec: change })
const bytes = (text: string) => Buffer.from(text).toString('base64')
const limits = (...list: readonly Change[]) => spec({ limits: list })
const at = 'spec.limits[0]'

const ranges: readonly Case[] = [
  [
    'validateLimitRangeTypeName',
    limits({ type: '' }, { type: 'x' }, { type: 'x', max: {} }, { type: 'example.com/x' }),
    [
      `${at}.type: Invalid value: "": name part must be non-empty`,
      `${at}.type: Invalid value: "": ${NAME_PART}`,
      'spec.limits[1].type: Invalid value: "x": must be a standard limit type or fully qualified',
      'spec.limits[2].type: Invalid value: "x": must be a standard limit type or fully qualified',
      'spec.limits[2].type: Duplicate value: "x"',
    ],
  ],
  [
    'validateLimitRangeResourceName',
    limits({ type: 'Pod', max: { storage: '1' } }, { type: 'PersistentVolumeClaim', max: { storage: '1', x: '1' } }),
    [
      `${at}.max[storage]: Invalid value: "storage": must be a standard resource for containers`,
      `spec.limits[1].max[x]: Invalid value: "x": ${STANDARD}`,
    ],
  ],
  [
    'ValidateLimitRange',
    limits({ type: 'Pod', default: { x: '1' }, defaultRequest: { x: '1' } }),
    [
      `${at}.default: Forbidden: may not be specified when \`type\` is 'Pod'`,
      `${at}.defaultRequest: Forbidden: may not be specified when \`type\` is 'Pod'`,
    ],
  ],
  [
    'ValidateLimitRange',
    limits({ type: 'PersistentVolumeClaim' }),
    [`${at}.limits: Required value: either minimum or maximum storage value is required, but neither was provided`],
  ],
  [
    'ValidateLimitRange',
    limits({
      type: 'Container',
      min: { cpu: '2' },
      max: { cpu: '1' },
      default: { cpu: '1500m' },
      defaultRequest: { cpu: '1750m' },
    }),
    [
      `${at}.min[cpu]: Invalid value: "2": min value 2 is greater than max value 1`,
      `${at}.defaultRequest[cpu]: Invalid value: "1750m": min value 2 is greater than default request value 1750m`,
      `${at}.defaultRequest[cpu]: Invalid value: "1750m": default request value 1750m is greater than max value 1`,
      `${at}.defaultRequest[cpu]: Invalid value: "1750m": default request value 1750m is greater than default limit value 1500m`,
      `${at}.default[cpu]: Invalid value: "2": min value 2 is greater than default value 1500m`,
      `${at}.default[cpu]: Invalid value: "1": default value 1500m is greater than max value 1`,
    ],
  ],
  [
    'ValidateLimitRange',
    limits({ type: 'Pod', min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '3', memory: '500m' } }),
    [
      `${at}.maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000`,
      `${at}.maxLimitRequestRatio[memory]: Invalid value: "500m": ratio 500m is less than 1`,
    ],
  ],
  [
    'IsOvercommitAllowed',
    limits({ type: 'Container', default: { 'example.com/a': '2' }, defaultRequest: { 'example.com/a': '1' } }),
    [
      `${at}.defaultRequest[example.com/a]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in example.com/a`,
    ],
  ],
]

const quota = (hard: Change, change: Change = {}) => spec({ hard, ...change })
const selector = (...matchExpressions: readonly Change[]) => ({ scopeSelector: { matchExpressions } })
const matchAt = 'spec.scopeSelector.matchExpressions'

const quotas: readonly Case[] = [
  ['ValidateResourceQuota', quota({ 'count/pods': '1', 'requests.example.com/a': '1', cpu: '1500m' }), []],
  [
    'ValidateResourceQuotaResourceName',
    quota({ x: '-1', pods: '1500m' }),
    [
      `spec.hard[x]: Invalid value: "x": ${STANDARD}`,
      'spec.hard[x]: Invalid value: "x": must be a standard resource for quota',
      'spec.hard[x]: Invalid value: "-1": must be greater than or equal to 0',
      'spec.hard[pods]: Invalid value: "1500m": must be an integer',
    ],
  ],
  [
    'validateResourceQuotaScopes',
    quota({ services: '1' }, { scopes: ['BestEffort', 'NotBestEffort', 'x'] }),
    [
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","x"]: unsupported scope applied to resource',
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","x"]: unsupported scope applied to resource',
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","x"]: unsupported scope',
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","x"]: conflicting scopes',
    ],
  ],
  [
    'validateScopedResourceSelectorRequirement',
    quota(
      { pods: '1' },
      selector(
        { scopeName: 'BestEffort', operator: 'In' },
        { scopeName: 'NotBestEffort', operator: 'Exists', values: ['a'] },
      ),
    ),
    [
      `${matchAt}.operator: Invalid value: "In": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`,
      `${matchAt}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`,
      `${matchAt}.values: Invalid value: ["a"]: must be no value when \`operator\` is 'Exist' or 'DoesNotExist' for scope selector`,
      `${matchAt}: Invalid value: null: conflicting scopes`,
    ],
  ],
  [
    'validateScopedResourceSelectorRequirement',
    quota({ services: '1' }, selector({ scopeName: 'PriorityClass', operator: 'x' })),
    [
      `${matchAt}: Invalid value: {"MatchExpressions":[{"ScopeName":"PriorityClass","Operator":"x","Values":null}]}: unsupported scope applied to resource`,
      `${matchAt}.operator: Invalid value: "x": not a valid selector operator`,
    ],
  ],
]

const quotaChanges: readonly UpdateCase[] = [
  ['ValidateResourceQuotaUpdate', quota({ pods: '1' }, { scopes: ['Terminating'] }), quota({ pods: '2' }), []],
  [
    'ValidateResourceQuotaUpdate',
    quota({ pods: '1' }, { scopes: ['Terminating'] }),
    spec({ scopes: ['NotTerminating'] }),
    ['spec.scopes: Invalid value: ["NotTerminating"]: field is immutable'],
  ],
]

const quotaStatuses: readonly UpdateCase[] = [
  [
    'ValidateResourceQuotaStatusUpdate',
    {},
    { status: { hard: { pods: '1' }, used: { x: '1', pods: '-1' } } },
    [
      `status.used[x]: Invalid value: "x": ${STANDARD}`,
      'status.used[x]: Invalid value: "x": must be a standard resource for quota',
      'status.used[pods]: Invalid value: "-1": must be greater than or equal to 0',
    ],
  ],
]

const long = 'a'.repeat(1025)
const TIME = '2026-01-01T00:00:00.000000Z'
const seen = { eventTime: TIME, reportingComponent: 'a', reportingInstance: 'b', action: 'c', reason: 'd' }

const oldEvents: readonly Case[] = [
  ['legacyValidateEvent', { metadata: { name: 'A:b' } }, []],
  ['legacyValidateEvent', { involvedObject: {} }, []],
  [
    'legacyValidateEvent',
    { involvedObject: { namespace: 'other' } },
    ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
  ],
  ['legacyValidateEvent', { ...seen, involvedObject: { namespace: 'other' } }, []],
  [
    'legacyValidateEvent',
    { eventTime: TIME },
    [
      'reportingComponent: Required value',
      'reportingComponent: Invalid value: "": name part must be non-empty',
      `reportingComponent: Invalid value: "": ${NAME_PART}`,
      'reportingInstance: Required value',
      'action: Required value',
      'reason: Required value',
    ],
  ],
  [
    'legacyValidateEvent',
    { ...seen, reportingInstance: long, action: long, reason: long, message: long },
    [
      'reportingInstance: Invalid value: "": can have at most 128 characters',
      'action: Invalid value: "": can have at most 128 characters',
      'reason: Invalid value: "": can have at most 128 characters',
      'message: Invalid value: "": can have at most 1024 characters',
    ],
  ],
]

const newEvents: readonly Case[] = [
  ['ValidateEventCreate', {}, []],
  [
    'ValidateEventCreate',
    { metadata: { name: 'A:b' }, eventTime: null, type: 'x', deprecatedCount: 1, deprecatedSource: { host: 'a' } },
    [
      `metadata.name: Invalid value: "A:b": ${SUBDOMAIN}`,
      'eventTime: Required value',
      'type: Invalid value: "": has invalid value: x',
      'count: Invalid value: "": needs to be unset',
      'source: Invalid value: "": needs to be unset',
    ],
  ],
  ['ValidateEventCreate', { reportingController: 'a b' }, [`reportingController: Invalid value: "a b": ${NAME_PART}`]],
  [
    'validateV1EventSeries',
    { series: { count: 1, lastObservedTime: null } },
    ['series.count: Invalid value: "": should be at least 2', 'series.lastObservedTime: Required value'],
  ],
]

const eventChanges: readonly UpdateCase[] = [
  ['ValidateEventUpdate', {}, { series: { count: 2, lastObservedTime: TIME } }, []],
  [
    'ValidateEventUpdate',
    {},
    { reason: 'x', note: 'y', type: 'Warning', reportingInstance: 'z' },
    [
      'reason: Invalid value: "x": field is immutable',
      'message: Invalid value: "y": field is immutable',
      'reason: Invalid value: "x": field is immutable',
      'type: Invalid value: "Warning": field is immutable',
      'reportingInstance: Invalid value: "z": field is immutable',
    ],
  ],
]

const docker = (type: string, key: string, text: string): Change => ({
  type: `kubernetes.io/${type}`,
  data: { [key]: bytes(text) },
})
const REDACTED = 'Invalid value: "<secret contents redacted>":'

const secretCases: readonly Case[] = [
  ['ValidateSecret', docker('dockercfg', '.dockercfg', '{}'), []],
  [
    'ValidateSecret',
    docker('dockercfg', '.dockercfg', 'a'),
    [`data[.dockercfg]: ${REDACTED} invalid character 'a' looking for beginning of value`],
  ],
  [
    'ValidateSecret',
    docker('dockerconfigjson', '.dockerconfigjson', '[]'),
    [`data[.dockerconfigjson]: ${REDACTED} json: cannot unmarshal array into Go value of type map[string]interface {}`],
  ],
  [
    'ValidateSecret',
    docker('dockerconfigjson', '.dockerconfigjson', ''),
    [`data[.dockerconfigjson]: ${REDACTED} unexpected end of JSON input`],
  ],
  ['ValidateSecret', docker('ssh-auth', 'ssh-privatekey', ''), ['data[ssh-privatekey]: Required value']],
  [
    'ValidateSecret',
    { type: 'kubernetes.io/service-account-token' },
    ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
  ],
]

const namespaceCases: readonly Case[] = [
  [
    'validateFinalizerName',
    spec({ finalizers: ['x', 'example.com/a', 'orphan'] }),
    ['spec.finalizers: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified'],
  ],
]

const namespaceStatuses: readonly UpdateCase[] = [
  [
    'ValidateNamespaceStatusUpdate',
    {},
    { status: { phase: 'Terminating' } },
    ['status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty'],
  ],
]

const nodeStatuses: readonly UpdateCase[] = [
  [
    'ValidateNodeUpdate',
    {},
    {
      status: {
        capacity: { pods: '1500m' },
        allocatable: { cpu: '-1' },
        addresses: [
          { type: 'InternalIP', address: 'a' },
          { type: 'InternalIP', address: 'a' },
        ],
      },
    },
    [
      'status.capacity.pods: Invalid value: "1500m": must be an integer',
      'status.allocatable.cpu: Invalid value: "-1": must be greater than or equal to 0',
      'status.addresses[1]: Duplicate value: {"Type":"InternalIP","Address":"a"}',
    ],
  ],
]

runTables(
  { resource: limitranges, base: limits({ type: 'Container', max: { cpu: '1' } }), create: ranges },
  { resource: resourcequotas, base: spec({}), create: quotas, update: quotaChanges, status: quotaStatuses },
  { resource: events, base: { involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' } }, create: oldEvents },
  {
    resource: eventsEventsV1,
    base: {
      regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
      eventTime: TIME,
      reportingController: 'a',
      reportingInstance: 'b',
      action: 'c',
      reason: 'd',
      type: 'Normal',
    },
    create: newEvents,
    update: eventChanges,
  },
  { resource: secrets, base: {}, create: secretCases },
  { resource: namespaces, base: {}, create: namespaceCases, status: namespaceStatuses },
  { resource: nodes, base: { spec: {}, status: {} }, status: nodeStatuses },
)
