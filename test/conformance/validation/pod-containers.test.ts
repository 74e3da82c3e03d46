// What is refused in the containers of pods, in upstream's words. Rules: k8s.io/kubernetes/pkg/apis/core/validation.

import { pods } from '../../../src/api/generated/resources.ts'
import { type Case, type Change, runTables } from './support.ts'

const at = 'spec.containers[0]'
const container = (change: Change): Change => ({ spec: { containers: [{ name: 'c', image: 'i', ...change }] } })
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const BYTES = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei'

const containers: readonly Case[] = [
  ['validateContainers', { spec: { containers: [] } }, ['spec.containers: Required value']],
  ['validateContainerCommon', container({ name: '' }), [`${at}.name: Required value`]],
  ['validateContainerCommon', container({ name: 'A' }), [`${at}.name: Invalid value: "A": ${LABEL}`]],
  ['validateContainerCommon', container({ name: 'a.b' }), [`${at}.name: Invalid value: "a.b": must not contain dots`]],
  ['validateContainerCommon', container({ image: '' }), [`${at}.image: Required value`]],
  [
    'validateContainerOnlyForPod',
    container({ image: 'i ' }),
    [`${at}.image: Invalid value: "i ": must not have leading or trailing whitespace`],
  ],
  [
    'validateContainers',
    {
      spec: {
        containers: [
          { name: 'c', image: 'i' },
          { name: 'c', image: 'i' },
        ],
      },
    },
    ['spec.containers[1].name: Duplicate value: "c"'],
  ],
  [
    'validateContainerCommon',
    container({ terminationMessagePolicy: 'x' }),
    [`${at}.terminationMessagePolicy: Unsupported value: "x": supported values: "File", "FallbackToLogsOnError"`],
  ],
  [
    'validatePullPolicy',
    container({ imagePullPolicy: 'x' }),
    [`${at}.imagePullPolicy: Unsupported value: "x": supported values: "Always", "IfNotPresent", "Never"`],
  ],
  [
    'validateResizePolicy',
    container({ resizePolicy: [{ resourceName: 'x', restartPolicy: 'y' }] }),
    [
      `${at}.resizePolicy: Unsupported value: "x": supported values: "cpu", "memory"`,
      `${at}.resizePolicy: Unsupported value: "y": supported values: "NotRequired", "RestartContainer"`,
    ],
  ],
  [
    'validateContainerRestartPolicy',
    container({ restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [1] } }] }),
    [`${at}.restartPolicy: Required value: must specify restartPolicy when restart rules are used`],
  ],
  [
    'validateContainerRestartPolicy',
    container({
      restartPolicy: 'Never',
      restartPolicyRules: [{ action: 'x', exitCodes: { operator: 'Equals', values: [3] } }],
    }),
    [
      `${at}.restartPolicyRules[0].action: Unsupported value: "x": supported values: "Restart", "RestartAllContainers"`,
      `${at}.restartPolicyRules[0].exitCodes.operator: Unsupported value: "Equals": supported values: "In", "NotIn"`,
    ],
  ],
]

const ports: readonly Case[] = [
  [
    'validateContainerPorts',
    container({ ports: [{ containerPort: 0 }] }),
    [`${at}.ports[0].containerPort: Required value`],
  ],
  [
    'validateContainerPorts',
    container({ ports: [{ containerPort: 65536 }] }),
    [`${at}.ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive`],
  ],
  [
    'validateContainerPorts',
    container({ ports: [{ containerPort: 80, hostPort: -1 }] }),
    [`${at}.ports[0].hostPort: Invalid value: -1: must be between 1 and 65535, inclusive`],
  ],
  [
    'validateContainerPorts',
    container({ ports: [{ containerPort: 80, protocol: 'ICMP' }] }),
    [`${at}.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`],
  ],
  [
    'validateContainerPorts',
    container({ ports: [{ containerPort: 80, name: 'a-very-long-port-name' }] }),
    [`${at}.ports[0].name: Invalid value: "a-very-long-port-name": must be no more than 15 characters`],
  ],
  [
    'validateContainerPorts',
    container({ ports: [{ containerPort: 80, name: '-80--' }] }),
    [
      `${at}.ports[0].name: Invalid value: "-80--": must contain at least one letter (a-z)`,
      `${at}.ports[0].name: Invalid value: "-80--": must not contain consecutive hyphens`,
      `${at}.ports[0].name: Invalid value: "-80--": must not begin or end with a hyphen`,
    ],
  ],
  [
    'validateContainerPorts',
    container({
      ports: [
        { containerPort: 80, name: 'a' },
        { containerPort: 81, name: 'a' },
      ],
    }),
    [`${at}.ports[1].name: Duplicate value: "a"`],
  ],
  [
    'checkHostPortConflicts',
    container({
      ports: [
        { containerPort: 80, hostPort: 80 },
        { containerPort: 81, hostPort: 80 },
      ],
    }),
    [`${at}.ports[1].hostPort: Duplicate value: "TCP//80"`],
  ],
  [
    'validatePodHostNetworkDeps',
    {
      spec: {
        hostNetwork: true,
        containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 81 }] }],
      },
    },
    [`${at}.ports[0].hostPort: Invalid value: 81: must match \`containerPort\` when \`hostNetwork\` is true`],
  ],
]

const env: readonly Case[] = [
  ['ValidateEnv', container({ env: [{ name: '' }] }), [`${at}.env[0].name: Required value`]],
  [
    'ValidateEnv',
    container({ env: [{ name: 'a=b' }] }),
    [
      `${at}.env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`,
    ],
  ],
  [
    'validateEnvVarValueFrom',
    container({ env: [{ name: 'A', valueFrom: {} }] }),
    [
      `${at}.env[0].valueFrom: Invalid value: "": must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\`, \`secretKeyRef\` or \`fileKeyRef\``,
    ],
  ],
  [
    'validateEnvVarValueFrom',
    container({ env: [{ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }),
    [`${at}.env[0].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`],
  ],
  [
    'validateEnvVarValueFrom',
    container({
      env: [
        { name: 'A', valueFrom: { configMapKeyRef: { name: 'a', key: 'b' }, secretKeyRef: { name: 'a', key: 'b' } } },
      ],
    }),
    [`${at}.env[0].valueFrom: Invalid value: "": may not have more than one field specified at a time`],
  ],
  [
    'validateObjectFieldSelector',
    container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: '' } } }] }),
    [`${at}.env[0].valueFrom.fieldRef.fieldPath: Required value`],
  ],
  [
    'validateObjectFieldSelector',
    container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.whatever' } } }] }),
    [
      `${at}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.whatever": error converting fieldPath: field label not supported: metadata.whatever`,
    ],
  ],
  [
    'validateObjectFieldSelector',
    container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }] }),
    [
      `${at}.env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`,
    ],
  ],
  [
    'validateObjectFieldSelector',
    container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } }] }),
    [],
  ],
  [
    'validateContainerResourceFieldSelector',
    container({ env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.x' } } }] }),
    [
      `${at}.env[0].valueFrom.resourceFieldRef.resource: Unsupported value: "limits.x": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"`,
    ],
  ],
  [
    'validateContainerResourceDivisor',
    container({ env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '2' } } }] }),
    [
      `${at}.env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
    ],
  ],
  [
    'validateContainerResourceDivisor',
    container({ env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1m' } } }] }),
    [
      `${at}.env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.memory": only divisor's values ${BYTES} are supported with the memory resource`,
    ],
  ],
  [
    'validateSecretKeySelector',
    container({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: '', key: '' } } }] }),
    [
      `${at}.env[0].valueFrom.secretKeyRef.name: Invalid value: "": ${SUBDOMAIN}`,
      `${at}.env[0].valueFrom.secretKeyRef.key: Required value`,
    ],
  ],
  [
    'ValidateEnvFrom',
    container({ envFrom: [{}] }),
    [`${at}.envFrom: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``],
  ],
  [
    'ValidateEnvFrom',
    container({ envFrom: [{ configMapRef: { name: 'a' }, secretRef: { name: '' } }] }),
    [
      `${at}.envFrom[0].secretRef.name: Required value`,
      `${at}.envFrom: Invalid value: "": may not have more than one field specified at a time`,
    ],
  ],
]

const probe = (change: Change) => container({ livenessProbe: { exec: { command: ['a'] }, ...change } })
const probes: readonly Case[] = [
  [
    'validateHandler',
    container({ livenessProbe: {} }),
    [`${at}.livenessProbe: Required value: must specify a handler type`],
  ],
  [
    'validateHandler',
    probe({ tcpSocket: { port: 80 } }),
    [`${at}.livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type`],
  ],
  ['validateExecAction', probe({ exec: { command: [] } }), [`${at}.livenessProbe.exec.command: Required value`]],
  [
    'validateHTTPGetAction',
    container({ readinessProbe: { httpGet: { port: 0, scheme: 'FTP', httpHeaders: [{ name: 'a b', value: '' }] } } }),
    [
      `${at}.readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive`,
      `${at}.readinessProbe.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"`,
      `${at}.readinessProbe.httpGet.httpHeaders: Invalid value: "a b": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')`,
    ],
  ],
  [
    'validateGRPCAction',
    container({ startupProbe: { grpc: { port: 70000 } } }),
    [`${at}.startupProbe.grpc.port: Invalid value: 70000: must be between 1 and 65535, inclusive`],
  ],
  [
    'validateProbe',
    probe({ periodSeconds: -1 }),
    [`${at}.livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0`],
  ],
  [
    'validateProbe',
    probe({ terminationGracePeriodSeconds: 0 }),
    [`${at}.livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0`],
  ],
  [
    'validateLivenessProbe',
    probe({ successThreshold: 2 }),
    [`${at}.livenessProbe.successThreshold: Invalid value: 2: must be 1`],
  ],
  [
    'validateReadinessProbe',
    container({ readinessProbe: { exec: { command: ['a'] }, terminationGracePeriodSeconds: 5 } }),
    [`${at}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes`],
  ],
  [
    'validateLifecycle',
    container({ lifecycle: { preStop: {} } }),
    [`${at}.lifecycle.preStop: Required value: must specify a handler type`],
  ],
  [
    'validateSleepAction',
    container({ lifecycle: { preStop: { sleep: { seconds: 60 } } } }),
    [
      `${at}.lifecycle.preStop.sleep: Invalid value: 60: must be non-negative and less than terminationGracePeriodSeconds (30)`,
    ],
  ],
]

const init = (change: Change): Change => ({ spec: { initContainers: [{ name: 'a', image: 'i', ...change }] } })
const initContainers: readonly Case[] = [
  ['validateInitContainers', init({ name: 'c' }), ['spec.initContainers[0].name: Duplicate value: "c"']],
  [
    'validateInitContainers',
    init({ readinessProbe: { exec: { command: ['a'] } } }),
    [
      'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ],
  ],
  ['validateInitContainers', init({ restartPolicy: 'Always', readinessProbe: { exec: { command: ['a'] } } }), []],
  [
    'validateInitContainerRestartPolicy',
    init({ restartPolicy: 'x' }),
    ['spec.initContainers[0].restartPolicy: Unsupported value: "x": supported values: "Always", "Never", "OnFailure"'],
  ],
]

const resources = (change: Change) => container({ resources: change })
const requirements: readonly Case[] = [
  [
    'validateContainerResourceName',
    resources({ limits: { gpu: '1' } }),
    [
      `${at}.resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified`,
      `${at}.resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers`,
      `${at}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified`,
      `${at}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers`,
    ],
  ],
  [
    'ValidateResourceQuantityValue',
    resources({ limits: { cpu: '-1' } }),
    [
      `${at}.resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0`,
      `${at}.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0`,
    ],
  ],
  [
    'ValidateResourceQuantityValue',
    resources({ limits: { 'example.com/gpu': '500m' } }),
    [
      `${at}.resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer`,
      `${at}.resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer`,
    ],
  ],
  [
    'validateResourceRequirements',
    resources({ limits: { cpu: '1' }, requests: { cpu: '2' } }),
    [`${at}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`],
  ],
  [
    'validateResourceRequirements',
    resources({ limits: { 'example.com/gpu': '2' }, requests: { 'example.com/gpu': '1' } }),
    [`${at}.resources.requests: Invalid value: "1": must be equal to example.com/gpu limit of 2`],
  ],
  [
    'validateResourceRequirements',
    resources({ requests: { 'example.com/gpu': '1' } }),
    [`${at}.resources.limits: Required value: Limit must be set for non overcommitable resources`],
  ],
  [
    'validateResourceRequirements',
    resources({ limits: { 'hugepages-2Mi': '4Mi' } }),
    [`${at}.resources: Forbidden: HugePages require cpu or memory`],
  ],
  [
    'validateResourceQuantityHugePageValue',
    resources({ limits: { cpu: '1', 'hugepages-2Mi': '3Mi' } }),
    [
      `${at}.resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`,
      `${at}.resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`,
    ],
  ],
  [
    'validateResourceClaimNames',
    resources({ claims: [{ name: 'a' }] }),
    [`${at}.resources.claims[0]: Not found: "a": must be one of the names in pod.spec.resourceClaims which is empty`],
  ],
]

runTables({
  resource: pods,
  base: container({}),
  create: [...containers, ...ports, ...env, ...probes, ...initContainers, ...requirements],
})
