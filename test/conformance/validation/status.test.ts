// What is refused of writes to the status of pods, workloads, jobs and claims.
// Rules: k8s.io/kubernetes/pkg/apis/{core,apps,batch,autoscaling}/validation.

import {
  daemonsets,
  deployments,
  horizontalpodautoscalersAutoscalingV2,
  jobs,
  persistentvolumeclaims,
  pods,
  replicasets,
  replicationcontrollers,
  services,
  statefulsets,
} from '../../../src/api/generated/resources.ts'
import { type Change, runTables, type UpdateCase } from './support.ts'

const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const NEGATIVE = 'Invalid value: -1: must be greater than or equal to 0'
const AGAIN = 'Forbidden: may not be transitioned to non-terminated state'
const BAD_ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'

const status = (change: Change): Change => ({ status: change })
const spec = (change: Change): Change => ({ spec: change })

const ended = (exitCode: number) => [{ name: 'c', state: { terminated: { exitCode } } }]
const running = [{ name: 'c', state: { running: {} } }]
const ran = (restartPolicy: string, exitCode: number) => ({
  ...spec({ restartPolicy }),
  ...status({ containerStatuses: ended(exitCode) }),
})
const runsAgain = status({ containerStatuses: running })

const podCases: readonly UpdateCase[] = [
  ['ValidateContainerStateTransition', ran('Always', 0), runsAgain, []],
  ['ValidateContainerStateTransition', ran('OnFailure', 1), runsAgain, []],
  ['ValidateContainerStateTransition', ran('OnFailure', 0), runsAgain, [`status.containerStatuses[0].state: ${AGAIN}`]],
  ['ValidateContainerStateTransition', ran('Never', 1), runsAgain, [`status.containerStatuses[0].state: ${AGAIN}`]],
  [
    'ValidateInitContainerStateTransition',
    {
      ...spec({
        restartPolicy: 'Never',
        initContainers: [
          { name: 'c', image: 'i', restartPolicy: 'Always' },
          { name: 'd', image: 'i' },
        ],
        containers: [{ name: 'e', image: 'i' }],
      }),
      ...status({ initContainerStatuses: [...ended(1), { name: 'd', state: { terminated: { exitCode: 0 } } }] }),
    },
    status({ initContainerStatuses: [...running, { name: 'd', state: { waiting: {} } }] }),
    [`status.initContainerStatuses[1].state: ${AGAIN}`],
  ],
  [
    'ValidateContainerStateTransition',
    status({ ephemeralContainerStatuses: ended(1) }),
    status({ ephemeralContainerStatuses: running }),
    [`status.ephemeralContainerStatuses[0].state: ${AGAIN}`],
  ],
  [
    'ValidatePodStatusUpdate',
    {},
    status({ nominatedNodeName: 'A', qosClass: 'Guaranteed', conditions: [{ type: '-', status: 'True' }] }),
    [
      `status.conditions[0].Type: Invalid value: "-": ${NAME_PART}`,
      `status.nominatedNodeName: Invalid value: "A": ${SUBDOMAIN}`,
      'status.qosClass: Invalid value: "Guaranteed": field is immutable',
    ],
  ],
  [
    'validatePodIPs',
    {},
    status({ podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }, { ip: 'a' }] }),
    [
      `status.podIPs[2]: Invalid value: "a": ${BAD_ADDRESS}`,
      'status.podIPs: Internal error: failed to check for dual stack with error:invalid IP[2]: a',
      'status.podIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.1"},{"IP":"a"}]: may specify no more than one IP for each IP family',
    ],
  ],
  ['validatePodIPs', {}, status({ podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] }), []],
  [
    'validateHostIPs',
    {},
    status({ hostIP: '10.0.0.2', hostIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.3' }] }),
    [
      'status.hostIPs[0].ip: Invalid value: "10.0.0.1": must be equal to `hostIP`',
      'status.hostIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.3"}]: may specify no more than one IP for each IP family',
    ],
  ],
  [
    'validatePodResourceClaimStatuses',
    {},
    status({ resourceClaimStatuses: [{ name: 'a', resourceClaimName: 'B' }] }),
    [
      'status.resourceClaimStatuses[0].name: Invalid value: "a": must match the name of an entry in `spec.resourceClaims`',
      `status.resourceClaimStatuses[0].resourceClaimName: Invalid value: "B": ${SUBDOMAIN}`,
    ],
  ],
  [
    'validateContainerStatusUsers',
    {},
    status({ containerStatuses: [{ name: 'c', user: { linux: { uid: -1, gid: 0, supplementalGroups: [-1] } } }] }),
    [
      'status.containerStatuses[0].user.linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive',
      'status.containerStatuses[0].user.linux.supplementalGroups[0]: Invalid value: -1: must be between 0 and 2147483647, inclusive',
    ],
  ],
  [
    'ValidatePodSpecificAnnotationUpdates',
    {},
    { metadata: { annotations: { 'kubernetes.io/config.mirror': 'a' } } },
    [
      'metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation',
      'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "a": must set spec.nodeName if mirror pod annotation is set',
    ],
  ],
]

const GREATER = 'cannot be greater than'
const replicas: readonly UpdateCase[] = [
  [
    'ValidateReplicaSetStatus',
    {},
    status({ replicas: 1, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 3, observedGeneration: -1 }),
    [
      `status.observedGeneration: ${NEGATIVE}`,
      `status.fullyLabeledReplicas: Invalid value: 2: ${GREATER} status.replicas`,
      `status.readyReplicas: Invalid value: 2: ${GREATER} status.replicas`,
      `status.availableReplicas: Invalid value: 3: ${GREATER} status.replicas`,
      `status.availableReplicas: Invalid value: 3: ${GREATER} readyReplicas`,
    ],
  ],
  ['ValidateReplicaSetStatus', {}, status({ replicas: 2, readyReplicas: 2, availableReplicas: 2 }), []],
]

const collisions: readonly UpdateCase[] = [
  ['ValidateStatusUpdate', status({ replicas: 0, collisionCount: 1 }), status({ collisionCount: 2 }), []],
  [
    'IsDecremented',
    status({ replicas: 0, collisionCount: 2 }),
    status({ collisionCount: 1 }),
    ['status.collisionCount: Invalid value: 1: cannot be decremented'],
  ],
  [
    'IsDecremented',
    status({ replicas: 0, collisionCount: 2 }),
    status({ collisionCount: undefined }),
    ['status.collisionCount: Invalid value: 0: cannot be decremented'],
  ],
]

const deploymentCases: readonly UpdateCase[] = [
  ...collisions,
  [
    'ValidateDeploymentStatus',
    {},
    status({ replicas: 1, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 2, unavailableReplicas: -1 }),
    [
      `status.unavailableReplicas: ${NEGATIVE}`,
      `status.updatedReplicas: Invalid value: 2: ${GREATER} status.replicas`,
      `status.availableReplicas: Invalid value: 2: ${GREATER} status.replicas`,
      `status.availableReplicas: Invalid value: 2: ${GREATER} readyReplicas`,
    ],
  ],
]

const statefulCases: readonly UpdateCase[] = [
  ...collisions,
  [
    'ValidateStatefulSetStatus',
    {},
    status({ replicas: 1, readyReplicas: 0, currentReplicas: 2, updatedReplicas: 2, availableReplicas: 1 }),
    [
      `status.currentReplicas: Invalid value: 2: ${GREATER} status.replicas`,
      `status.updatedReplicas: Invalid value: 2: ${GREATER} status.replicas`,
      `status.availableReplicas: Invalid value: 1: ${GREATER} status.readyReplicas`,
    ],
  ],
]

const DAEMON_COUNTS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
]

const daemonCases: readonly UpdateCase[] = [
  [
    'validateDaemonSetStatus',
    {},
    status(Object.fromEntries(DAEMON_COUNTS.map((name) => [name, -1]))),
    DAEMON_COUNTS.map((name) => `status.${name}: ${NEGATIVE}`),
  ],
]

const TIME = '2026-01-01T00:00:00Z'
const LATER = '2026-01-01T01:00:00Z'
const conditions = (...types: readonly string[]) => ({ conditions: types.map((type) => ({ type, status: 'True' })) })
const started = status({ startTime: TIME })
const complete = { startTime: TIME, completionTime: LATER, ...conditions('SuccessCriteriaMet', 'Complete') }
const failed = { startTime: TIME, ...conditions('FailureTarget', 'Failed') }
const indexed = (change: Change = {}, more: Change = {}): Change => ({
  ...spec({ completionMode: 'Indexed', completions: 5, parallelism: 2, ...change }),
  ...status({ startTime: TIME, ...more }),
})
const CONDITIONS = 'status.conditions: Invalid value:'

const jobCases: readonly UpdateCase[] = [
  ['ValidateJobStatusUpdate', started, status(complete), []],
  ['ValidateJobStatusUpdate', started, status(failed), []],
  [
    'validateJobStatus',
    started,
    status({ active: -1, terminating: -1, uncountedTerminatedPods: { succeeded: ['', 'a'], failed: ['a'] } }),
    [
      `status.active: ${NEGATIVE}`,
      `status.terminating: ${NEGATIVE}`,
      'status.uncountedTerminatedPods.succeeded[0]: Invalid value: "": must not be empty',
      'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
    ],
  ],
  [
    'validateJobStatus',
    started,
    status({ ...conditions('Complete', 'Failed') }),
    [
      `${CONDITIONS} cannot set Complete=True and Failed=true conditions`,
      'status.completionTime: Required value: completionTime is required for Complete jobs',
      `${CONDITIONS} cannot set Failed=True condition without the FailureTarget=true condition`,
      `${CONDITIONS} cannot set Complete=True condition without the SuccessCriteriaMet=true condition`,
    ],
  ],
  [
    'validateJobStatus',
    started,
    status({ completionTime: '2025-01-01T00:00:00Z' }),
    [
      'status.completionTime: Invalid value: "2025-01-01T00:00:00Z": cannot set completionTime when there is no Complete=True condition',
      'status.completionTime: Invalid value: "2025-01-01T00:00:00Z": must be equal to or after `startTime`',
    ],
  ],
  [
    'validateJobStatus',
    {},
    status({ ...failed, startTime: undefined, active: 1, terminating: 1, uncountedTerminatedPods: { failed: ['a'] } }),
    [
      'status.active: Invalid value: 1: active>0 is invalid for finished job',
      'status.startTime: Required value: startTime is required for finished job',
      'status.uncountedTerminatedPods: Invalid value: {"Succeeded":null,"Failed":["a"]}: must be empty for finished job',
      'status.terminating: Invalid value: 1: terminating>0 is invalid for finished job',
    ],
  ],
  [
    'validateJobStatus',
    started,
    status({ active: 1, ready: 2 }),
    ['status.ready: Invalid value: 2: cannot set more ready pods than active'],
  ],
  [
    'validateJobStatus',
    started,
    status({ completedIndexes: '0', failedIndexes: '' }),
    [
      'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
      'status.failedIndexes: Invalid value: "": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
    ],
  ],
  [
    'validateIndexesFormat',
    indexed({ backoffLimitPerIndex: 1 }),
    status({ completedIndexes: '1,0', failedIndexes: '1-2-3' }),
    [
      'status.completedIndexes: Invalid value: "1,0": error parsing completedIndexes: non-increasing order, previous: 1, current: 0',
      `status.failedIndexes: Invalid value: "1-2-3": error parsing failedIndexes: the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`,
    ],
  ],
  [
    'parseIndexInterval',
    indexed({ backoffLimitPerIndex: 1 }),
    status({ completedIndexes: 'a', failedIndexes: '5' }),
    [
      'status.completedIndexes: Invalid value: "a": error parsing completedIndexes: cannot convert string to integer for index: "a"',
      'status.failedIndexes: Invalid value: "5": error parsing failedIndexes: too large index: "5"',
    ],
  ],
  [
    'validateFailedIndexesNotOverlapCompleted',
    indexed({ backoffLimitPerIndex: 1 }),
    status({ completedIndexes: '0,2-4', failedIndexes: '1,3' }),
    ['status.failedIndexes: Invalid value: "1,3": failedIndexes and completedIndexes overlap at index: 3'],
  ],
  [
    'validateJobStatus',
    indexed(),
    status(conditions('SuccessCriteriaMet', 'FailureTarget')),
    [`${CONDITIONS} cannot set SuccessCriteriaMet=True and FailureTarget=true conditions`],
  ],
  [
    'ValidateJobStatusUpdate',
    status({ startTime: TIME, failed: 2, succeeded: 2, ...conditions('FailureTarget', 'Failed') }),
    status({ startTime: LATER, failed: 1, succeeded: 1, conditions: undefined }),
    [
      `${CONDITIONS} cannot disable the terminal Failed=True condition`,
      `${CONDITIONS} cannot disable the terminal FailureTarget=True condition`,
      'status.failed: Invalid value: 1: cannot decrease the failed counter',
      'status.succeeded: Invalid value: 1: cannot decrease the succeeded counter',
      'status.startTime: Invalid value: "2026-01-01T01:00:00Z": field is immutable for unsuspended job once set',
    ],
  ],
  [
    'ValidateJobStatusUpdate',
    status(complete),
    status({ completionTime: '2026-01-01T02:00:00Z' }),
    ['status.completionTime: Invalid value: "2026-01-01T02:00:00Z": field is immutable'],
  ],
  [
    'ValidateJobStatusUpdate',
    status({ startTime: TIME, ...conditions('SuccessCriteriaMet') }),
    status({ conditions: undefined }),
    [`${CONDITIONS} cannot disable the SuccessCriteriaMet=True condition`],
  ],
]

const claimCases: readonly UpdateCase[] = [
  [
    'ValidatePersistentVolumeClaimStatusUpdate',
    {},
    status({
      capacity: { storage: '-1' },
      allocatedResourceStatuses: { storage: 'x', 'example.com/a': 'NodeResizePending' },
      allocatedResources: { cpu: '1' },
    }),
    [
      'status.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
      'status.allocatedResourceStatuses: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"',
      'status.allocatedResources: Unsupported value: "cpu": supported values: "storage"',
    ],
  ],
]

const autoscalerCases: readonly UpdateCase[] = [
  [
    'ValidateHorizontalPodAutoscalerStatusUpdate',
    {},
    status({ currentReplicas: -1, desiredReplicas: -1 }),
    [`status.currentReplicas: ${NEGATIVE}`, `status.desiredReplicas: ${NEGATIVE}`],
  ],
]

const reached = (...ingress: readonly Change[]) => status({ loadBalancer: { ingress } })
const balanced = spec({ type: 'LoadBalancer' })
const ingressAt = 'status.loadBalancer.ingress'

const serviceCases: readonly UpdateCase[] = [
  ['ValidateLoadBalancerStatus', balanced, reached({ ip: '10.0.0.1' }, { hostname: 'a.example.com' }), []],
  [
    'ValidateLoadBalancerStatus',
    {},
    reached({ ip: '10.0.0.1' }),
    [`${ingressAt}: Forbidden: may only be used when \`spec.type\` is 'LoadBalancer'`],
  ],
  [
    'ValidateLoadBalancerStatus',
    balanced,
    reached({ ip: 'a' }, { hostname: 'A', ipMode: 'VIP' }, { ip: '10.0.0.1', ipMode: 'x' }, { hostname: '10.0.0.1' }),
    [
      `${ingressAt}[0].ip: Invalid value: "a": ${BAD_ADDRESS}`,
      `${ingressAt}[1].ipMode: Forbidden: may not be specified when \`ip\` is not set`,
      `${ingressAt}[1].hostname: Invalid value: "A": ${SUBDOMAIN}`,
      `${ingressAt}[2].ipMode: Unsupported value: "x": supported values: "Proxy", "VIP"`,
      `${ingressAt}[3].hostname: Invalid value: "10.0.0.1": must be a DNS name, not an IP address`,
    ],
  ],
]

const containers = [{ name: 'c', image: 'i' }]
const template = { metadata: { labels: { app: 'a' } }, spec: { containers } }
const workload = spec({ selector: { matchLabels: { app: 'a' } }, template })

runTables(
  { resource: pods, base: spec({ containers }), status: podCases },
  { resource: services, base: spec({ ports: [{ port: 80 }] }), status: serviceCases },
  { resource: replicasets, base: workload, status: replicas },
  { resource: replicationcontrollers, base: spec({ selector: { app: 'a' }, template }), status: replicas },
  { resource: deployments, base: workload, status: deploymentCases },
  { resource: statefulsets, base: workload, status: statefulCases },
  { resource: daemonsets, base: workload, status: daemonCases },
  { resource: jobs, base: spec({ template: { spec: { restartPolicy: 'Never', containers } } }), status: jobCases },
  {
    resource: persistentvolumeclaims,
    base: spec({ accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }),
    status: claimCases,
  },
  {
    resource: horizontalpodautoscalersAutoscalingV2,
    base: spec({ maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } }),
    status: autoscalerCases,
  },
)
