// What is refused of workloads. Rules: k8s.io/kubernetes/pkg/apis/apps/validation and …/batch/validation.

import {
  cronjobs,
  daemonsets,
  deployments,
  jobs,
  replicasets,
  replicationcontrollers,
  statefulsets,
} from '../../../src/api/generated/resources.ts'
import { type Case, type Change, runTables } from './support.ts'

const spec = (change: Change): Change => ({ spec: change })
const containers = [{ name: 'c', image: 'i' }]
const template = { metadata: { labels: { app: 'a' } }, spec: { containers } }
const selector = { matchLabels: { app: 'a' } }
const base = spec({ selector, template })
const PERCENT =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"

/** What all kinds with a label selector refuse alike. */
const shared = (kind: string, deadline: string): readonly Case[] => [
  [
    'ValidateSelector',
    spec({ selector: undefined }),
    [
      ...(kind === 'daemonset' ? [] : ['spec.selector: Required value']),
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'ValidateSelector',
    spec({ selector: { matchLabels: undefined } }),
    [`spec.selector: Invalid value: {}: empty selector is invalid for ${kind}`],
  ],
  [
    'ValidateTemplate',
    spec({ template: { metadata: { labels: { app: 'b' } } } }),
    ['spec.template.metadata.labels: Invalid value: {"app":"b"}: `selector` does not match template `labels`'],
  ],
  [
    'ValidateTemplate',
    spec({ template: { spec: { restartPolicy: 'Never' } } }),
    ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  ],
  [
    'ValidateTemplate',
    spec({ template: { spec: { activeDeadlineSeconds: 5 } } }),
    [`spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ${deadline} is not Supported`],
  ],
  [
    'ValidatePodTemplateSpec',
    spec({ template: { spec: { containers: [{ name: 'c' }] } } }),
    ['spec.template.spec.containers[0].image: Required value'],
  ],
  [
    'ValidateNonnegativeField',
    spec({ minReadySeconds: -1 }),
    ['spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0'],
  ],
]

const rolling = (rollingUpdate: Change) => spec({ strategy: { rollingUpdate } })
const deploymentCases: readonly Case[] = [
  [
    'ValidateDeploymentSpec',
    spec({ replicas: -1 }),
    ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [
    'ValidateDeploymentStrategy',
    spec({ strategy: { type: 'x' } }),
    [
      'spec.strategy: Unsupported value: {"Type":"x","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
    ],
  ],
  [
    'ValidateDeploymentStrategy',
    spec({ strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
    ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
  ],
  [
    'ValidateRollingUpdateDeployment',
    rolling({ maxSurge: 0, maxUnavailable: '0%' }),
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
  ],
  [
    'ValidatePositiveIntOrPercent',
    rolling({ maxSurge: '1.5' }),
    [`spec.strategy.rollingUpdate.maxSurge: Invalid value: "1.5": ${PERCENT}`],
  ],
  [
    'IsNotMoreThan100Percent',
    rolling({ maxUnavailable: '101%' }),
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
  ],
  [
    'ValidateDeploymentSpec',
    spec({ minReadySeconds: 600 }),
    ['spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds'],
  ],
]

const setCases: readonly Case[] = [
  [
    'ValidateStatefulSetSpec',
    spec({ podManagementPolicy: 'x' }),
    ["spec.podManagementPolicy: Invalid value: \"x\": must be 'OrderedReady' or 'Parallel'"],
  ],
  [
    'validateRollingUpdateStatefulSet',
    spec({ updateStrategy: { rollingUpdate: { partition: -1, maxUnavailable: 0 } } }),
    // MaxUnavailableStatefulSet is off: the other field is dropped.
    ['spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [
    'ValidatePersistentVolumeClaimRetentionPolicyType',
    spec({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'x' } }),
    [
      'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "x": supported values: "Retain", "Delete"',
    ],
  ],
]

const daemonCases: readonly Case[] = [
  [
    'ValidateDaemonSetUpdateStrategy',
    spec({ updateStrategy: { type: 'x' } }),
    [
      'spec.updateStrategy: Unsupported value: {"Type":"x","RollingUpdate":null}: supported values: "RollingUpdate", "OnDelete"',
    ],
  ],
  [
    'ValidateRollingUpdateDaemonSet',
    spec({ updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } }),
    ['spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0'],
  ],
  [
    'ValidateRollingUpdateDaemonSet',
    spec({ updateStrategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } } }),
    ['spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero'],
  ],
]

const jobTemplate = { spec: { restartPolicy: 'Never', containers } }
const indexed = { completionMode: 'Indexed', completions: 3 }
const failure = (rule: Change) => spec({ podFailurePolicy: { rules: [rule] } })
const rule = 'podFailurePolicy.rules[0]'

/** Problems of a job's spec, which cron jobs share. */
const jobCases = (path: string): readonly Case[] => [
  [
    'validateJobSpec',
    spec({ completions: -1 }),
    [`${path}.completions: Invalid value: -1: must be greater than or equal to 0`],
  ],
  [
    'validateJobSpec',
    spec({ template: { spec: { restartPolicy: 'Always' } } }),
    [`${path}.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"`],
  ],
  [
    'validateJobSpec',
    spec({ completionMode: 'x' }),
    [`${path}.completionMode: Unsupported value: "x": supported values: "NonIndexed", "Indexed"`],
  ],
  [
    'validateJobSpec',
    spec({ ...indexed, parallelism: 100001 }),
    [
      `${path}.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed`,
    ],
  ],
  [
    'validateJobSpec',
    spec({ backoffLimitPerIndex: 1 }),
    [`${path}.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode`],
  ],
  [
    'validateJobSpec',
    spec({ ...indexed, maxFailedIndexes: 4 }),
    [
      `${path}.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified`,
      `${path}.maxFailedIndexes: Invalid value: 4: must be less than or equal to completions`,
    ],
  ],
  [
    'validatePodFailurePolicyRule',
    failure({ action: 'x' }),
    [
      `${path}.${rule}.action: Unsupported value: "x": supported values: "Count", "FailIndex", "FailJob", "Ignore"`,
      `${path}.${rule}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`,
    ],
  ],
  [
    'validatePodFailurePolicyRuleOnExitCodes',
    failure({ action: 'FailIndex', onExitCodes: { containerName: 'x', operator: 'In', values: [2, 0, 2] } }),
    [
      `${path}.${rule}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`,
      `${path}.${rule}.onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template`,
      `${path}.${rule}.onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator`,
      `${path}.${rule}.onExitCodes.values[2]: Duplicate value: 2`,
      `${path}.${rule}.onExitCodes.values: Invalid value: [2,0,2]: must be ordered`,
    ],
  ],
  [
    'validatePodReplacementPolicy',
    spec({ podReplacementPolicy: 'x' }),
    [`${path}.podReplacementPolicy: Unsupported value: "x": supported values: "Failed", "TerminatingOrFailed"`],
  ],
  [
    'validateSuccessPolicy',
    spec({ ...indexed, successPolicy: { rules: [{ succeededIndexes: '0,3', succeededCount: 4 }] } }),
    [
      `${path}.successPolicy.rules[0].succeededIndexes: Invalid value: "0,3": error parsing succeededIndexes: too large index: "3"`,
      `${path}.successPolicy.rules[0].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of specified completions)`,
      `${path}.successPolicy.rules[0].succeededCount: Invalid value: 4: must be less than or equal to 0 (the number of indexes in the specified succeededIndexes field)`,
    ],
  ],
]

const inTemplate = ([name, change, problems]: Case): Case => [name, spec({ jobTemplate: change }), problems]
const cronCases: readonly Case[] = [
  ['validateCronJobSpec', spec({ schedule: '' }), ['spec.schedule: Required value']],
  [
    'validateScheduleFormat',
    spec({ schedule: 'TZ=UTC 0 * * * *' }),
    [
      'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
    ],
  ],
  [
    'validateScheduleFormat',
    spec({ schedule: '0 25 * * *' }),
    ['spec.schedule: Invalid value: "0 25 * * *": end of range (25) above maximum (23): 25'],
  ],
  [
    'validateTimeZone',
    spec({ timeZone: '' }),
    ['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string'],
  ],
  [
    'validateTimeZone',
    spec({ timeZone: 'Mars/Base' }),
    ['spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base'],
  ],
  [
    'validateTimeZone',
    spec({ timeZone: 'local' }),
    [
      'spec.timeZone: Invalid value: "local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      'spec.timeZone: Invalid value: "local": unknown time zone local',
    ],
  ],
  [
    'validateConcurrencyPolicy',
    spec({ concurrencyPolicy: 'x' }),
    ['spec.concurrencyPolicy: Unsupported value: "x": supported values: "Allow", "Forbid", "Replace"'],
  ],
  [
    'ValidateJobTemplateSpec',
    spec({ jobTemplate: { spec: { selector: { matchLabels: { a: 'b' } } } } }),
    ['spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated'],
  ],
]

runTables(
  {
    resource: deployments,
    base,
    create: [...shared('deployment', 'ReplicaSet'), ...deploymentCases],
    update: [
      [
        'ValidateImmutableField',
        {},
        spec({ selector: { matchLabels: { app: 'b' } }, template: { metadata: { labels: { app: 'b' } } } }),
        ['spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable'],
      ],
    ],
  },
  { resource: replicasets, base, create: shared('deployment', 'ReplicaSet') },
  { resource: daemonsets, base, create: [...shared('daemonset', 'DaemonSet').slice(1), ...daemonCases] },
  {
    resource: statefulsets,
    base,
    create: [...shared('statefulset', 'StatefulSet'), ...setCases],
    update: [
      [
        'ValidateStatefulSetUpdate',
        {},
        spec({ serviceName: 'b' }),
        [
          "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ],
      ],
      ['ValidateStatefulSetUpdate', {}, spec({ replicas: 3, minReadySeconds: 5 }), []],
    ],
  },
  {
    resource: replicationcontrollers,
    base: spec({ selector: { app: 'a' }, template }),
    create: [
      [
        'ValidatePodTemplateSpecForRC',
        spec({ selector: { app: 'b' } }),
        ['spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`'],
      ],
    ],
  },
  {
    resource: jobs,
    base: spec({ template: jobTemplate }),
    create: jobCases('spec'),
    update: [
      [
        'validateCompletions',
        spec({ completions: 2 }),
        spec({ completions: 3 }),
        ['spec.completions: Invalid value: 3: field is immutable'],
      ],
      [
        'validateCompletions',
        spec(indexed),
        spec({ completions: 5 }),
        ['spec.completions: Invalid value: 5: can only be modified in tandem with spec.parallelism'],
      ],
      ['validateCompletions', spec(indexed), spec({ completions: 5, parallelism: 5 }), []],
      [
        'ValidateJob, and ValidateJobSpecUpdate, which asks about the spec again',
        {},
        spec({ parallelism: -1 }),
        Array(2).fill('spec.parallelism: Invalid value: -1: must be greater than or equal to 0'),
      ],
    ],
  },
  {
    resource: cronjobs,
    base: spec({ schedule: '0 * * * *', jobTemplate: { spec: { template: jobTemplate } } }),
    create: [...cronCases, ...jobCases('spec.jobTemplate.spec').map(inTemplate)],
  },
)
