// What is refused of disruption budgets, leases, priority classes and runtime classes.
// Rules: k8s.io/kubernetes/pkg/apis/{policy,coordination,scheduling,node}/validation.

import { leases, poddisruptionbudgets, priorityclasses, runtimeclasses } from '../../../src/api/generated/resources.ts'
import { type Case, type Change, runTables, type UpdateCase } from './support.ts'

const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const PERCENT =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
const REASON =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')"

const spec = (change: Change): Change => ({ spec: change })
const status = (change: Change): Change => ({ status: change })

const budgets: readonly Case[] = [
  ['ValidatePodDisruptionBudgetSpec', spec({ minAvailable: '100%', unhealthyPodEvictionPolicy: 'AlwaysAllow' }), []],
  [
    'ValidatePodDisruptionBudgetSpec',
    spec({ minAvailable: 1, maxUnavailable: '5%' }),
    [
      'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":"5%","UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
    ],
  ],
  [
    'ValidatePositiveIntOrPercent',
    spec({ minAvailable: -1 }),
    ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [
    'ValidatePositiveIntOrPercent',
    spec({ maxUnavailable: 'x' }),
    [`spec.maxUnavailable: Invalid value: "x": ${PERCENT}`],
  ],
  [
    'IsNotMoreThan100Percent',
    spec({ maxUnavailable: '101%' }),
    ['spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
  ],
  [
    'ValidatePodDisruptionBudgetSpec',
    spec({ selector: { matchLabels: { a: '-' } }, unhealthyPodEvictionPolicy: 'x' }),
    [
      `spec.selector.matchLabels: Invalid value: "-": ${LABEL_VALUE}`,
      'spec.unhealthyPodEvictionPolicy: Unsupported value: "x": supported values: "AlwaysAllow", "IfHealthyBudget"',
    ],
  ],
]

const condition = {
  type: 'A',
  status: 'True',
  reason: 'Because',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
}
const conditions = (...changes: readonly Change[]) =>
  status({ conditions: changes.map((change) => ({ ...condition, ...change })) })
const conditionAt = 'status.conditions[0]'

const budgetStatuses: readonly UpdateCase[] = [
  ['ValidatePodDisruptionBudgetStatusUpdate', {}, conditions({}, { type: 'B' }), []],
  [
    'ValidatePodDisruptionBudgetStatusUpdate',
    {},
    status({ disruptionsAllowed: -1, currentHealthy: -1, desiredHealthy: -1, expectedPods: -1 }),
    ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'].map(
      (name) => `status.${name}: Invalid value: -1: must be greater than or equal to 0`,
    ),
  ],
  ['ValidateConditions', {}, conditions({}, {}), ['status.conditions[1].type: Duplicate value: "A"']],
  [
    'ValidateCondition',
    {},
    conditions({ type: '', status: '', observedGeneration: -1, lastTransitionTime: null, reason: '' }),
    [
      `${conditionAt}.type: Invalid value: "": name part must be non-empty`,
      `${conditionAt}.type: Invalid value: "": ${NAME_PART}`,
      `${conditionAt}.status: Unsupported value: "": supported values: "False", "True", "Unknown"`,
      `${conditionAt}.observedGeneration: Invalid value: -1: must be greater than or equal to zero`,
      `${conditionAt}.lastTransitionTime: Required value`,
      `${conditionAt}.reason: Required value`,
    ],
  ],
  [
    'ValidateCondition',
    {},
    conditions({ type: '-', status: 'x', reason: '1', message: 'a'.repeat(32_769) }),
    [
      `${conditionAt}.type: Invalid value: "-": ${NAME_PART}`,
      `${conditionAt}.status: Unsupported value: "x": supported values: "False", "True", "Unknown"`,
      `${conditionAt}.reason: Invalid value: "1": ${REASON}`,
      `${conditionAt}.message: Too long: may not be more than 32768 bytes`,
    ],
  ],
]

const leaseCases: readonly Case[] = [
  [
    'ValidateLeaseSpec',
    spec({ leaseDurationSeconds: 0, leaseTransitions: -1 }),
    [
      'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
      'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
    ],
  ],
  ['CoordinatedLeaderElection is off: the strategy is dropped', spec({ strategy: 'x', preferredHolder: 'a' }), []],
]

const named = (name: string, change: Change): Change => ({ metadata: { name }, ...change })
const RESERVED =
  "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error:"

const priorities: readonly Case[] = [
  ['IsKnownSystemPriorityClass', named('system-node-critical', { value: 2_000_001_000 }), []],
  ['IsKnownSystemPriorityClass', named('system-a', {}), [`${RESERVED} system-a is not a known system priority class`]],
  [
    'IsKnownSystemPriorityClass',
    named('system-cluster-critical', { value: 1 }),
    [`${RESERVED} value of system-cluster-critical PriorityClass must be 2000000000`],
  ],
  [
    'IsKnownSystemPriorityClass',
    named('system-cluster-critical', { value: 2_000_000_000, globalDefault: true }),
    [`${RESERVED} globalDefault of system-cluster-critical PriorityClass must be false`],
  ],
  [
    'ValidatePriorityClass',
    { value: 1_000_000_001 },
    ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
  ],
  [
    'ValidatePreemptionPolicy',
    { preemptionPolicy: 'x' },
    ['preemptionPolicy: Unsupported value: "x": supported values: "PreemptLowerPriority", "Never"'],
  ],
]

const priorityChanges: readonly UpdateCase[] = [
  ['ValidatePriorityClassUpdate', {}, { description: 'a', globalDefault: false }, []],
  [
    'ValidatePriorityClassUpdate',
    {},
    { value: 1_000_000_001, preemptionPolicy: 'x' },
    ['value: Forbidden: may not be changed in an update.', 'preemptionPolicy: Invalid value: "x": field is immutable'],
  ],
]

const runtimes: readonly Case[] = [
  ['ValidateRuntimeClass', { handler: 'a.b' }, ['handler: Invalid value: "a.b": must not contain dots']],
  ['ValidateRuntimeClass', { handler: '' }, ['handler: Required value']],
  [
    'validateOverhead',
    { overhead: { podFixed: { a: '-1', cpu: '1' } } },
    [
      'overhead.limits[a]: Invalid value: "a": must be a standard resource type or fully qualified',
      'overhead.limits[a]: Invalid value: "a": must be a standard resource for containers',
      'overhead.limits[a]: Invalid value: "-1": must be greater than or equal to 0',
    ],
  ],
  [
    'validateScheduling',
    {
      scheduling: {
        nodeSelector: { a: '-' },
        tolerations: [
          { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 },
          { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 2 },
        ],
      },
    },
    [
      `scheduling.nodeSelector: Invalid value: "-": ${LABEL_VALUE}`,
      'scheduling.tolerations[1]: Duplicate value: {"Key":"a","Operator":"Exists","Value":"","Effect":"NoExecute","TolerationSeconds":2}',
    ],
  ],
]

const runtimeChanges: readonly UpdateCase[] = [
  ['ValidateRuntimeClassUpdate', {}, { handler: 'b' }, ['handler: Invalid value: "b": field is immutable']],
]

runTables(
  { resource: poddisruptionbudgets, base: spec({}), create: budgets, status: budgetStatuses },
  { resource: leases, base: spec({}), create: leaseCases },
  { resource: priorityclasses, base: { value: 10 }, create: priorities, update: priorityChanges },
  { resource: runtimeclasses, base: { handler: 'a' }, create: runtimes, update: runtimeChanges },
)
