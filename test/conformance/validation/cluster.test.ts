// What is refused of autoscalers, nodes, endpoints, configuration and claims.
// Rules: k8s.io/kubernetes/pkg/apis/{autoscaling,core,scheduling}/validation.

import {
  configmaps,
  endpoints,
  horizontalpodautoscalersAutoscalingV2,
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  priorityclasses,
  secrets,
} from '../../../src/api/generated/resources.ts'
import { type Case, type Change, runTables } from './support.ts'

const spec = (change: Change): Change => ({ spec: change })
const metric = (change: Change) => spec({ metrics: [change] })
const at = 'spec.metrics[0]'
const cpu = (target: Change) => metric({ type: 'Resource', resource: { name: 'cpu', target } })

const autoscalers: readonly Case[] = [
  [
    'validateHorizontalPodAutoscalerSpec',
    spec({ minReplicas: 0 }),
    [
      'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
      'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
    ],
  ],
  [
    'ValidateAPIVersion',
    spec({ scaleTargetRef: { apiVersion: 'a/b/c' } }),
    ['spec.scaleTargetRef.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c'],
  ],
  [
    'ValidateAPIVersion',
    spec({ scaleTargetRef: { apiVersion: undefined } }),
    ['spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group'],
  ],
  [
    'validateHorizontalPodAutoscalerSpec',
    spec({ minReplicas: 4 }),
    ['spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`'],
  ],
  [
    'ValidateCrossVersionObjectReference',
    spec({ scaleTargetRef: { kind: '', name: 'a/b' } }),
    [
      'spec.scaleTargetRef.kind: Required value',
      'spec.scaleTargetRef.name: Invalid value: "a/b": may not contain \'/\'',
    ],
  ],
  [
    'validateMetricSpec',
    metric({ type: 'Pods' }),
    [`${at}.pods: Required value: must populate information for the given metric source`],
  ],
  [
    'validateMetricSpec',
    metric({
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 5 } },
      pods: { metric: { name: 'a' }, target: { type: 'AverageValue', averageValue: '1' } },
    }),
    [`${at}.pods: Forbidden: must populate the given metric source only`],
  ],
  [
    'validateResourceSource',
    cpu({ type: 'Utilization' }),
    [
      `${at}.resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization`,
    ],
  ],
  [
    'validateMetricTarget',
    cpu({ type: 'x', averageUtilization: 0 }),
    [
      `${at}.resource.target.type: Invalid value: "x": must be either Utilization, Value, or AverageValue`,
      `${at}.resource.target.averageUtilization: Invalid value: 0: must be greater than 0`,
    ],
  ],
  [
    'validateExternalSource',
    metric({ type: 'External', external: { metric: { name: '' }, target: { type: 'Value', value: '-1' } } }),
    [
      `${at}.external.metric.name: Required value: must specify a metric name`,
      `${at}.external.target.value: Invalid value: "-1": must be positive`,
    ],
  ],
  [
    'validateScalingRules',
    spec({ behavior: { scaleDown: { stabilizationWindowSeconds: 3601, selectPolicy: 'x' } } }),
    [
      'spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600',
      'spec.behavior.scaleDown.selectPolicy: Unsupported value: "x": supported values: "Disabled", "Max", "Min"',
    ],
  ],
  [
    'validateScalingPolicy',
    spec({ behavior: { scaleUp: { policies: [{ type: 'x', value: 0, periodSeconds: 1801 }] } } }),
    [
      'spec.behavior.scaleUp.policies[0].type: Unsupported value: "x": supported values: "Percent", "Pods"',
      'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
      'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
    ],
  ],
]

const taint = { key: 'a', effect: 'NoSchedule' }
const nodeCases: readonly Case[] = [
  [
    'validateNodeTaints',
    spec({ taints: [taint, taint] }),
    [
      'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair',
    ],
  ],
  [
    'validateTaintEffect',
    spec({ taints: [{ key: 'a', effect: 'x' }] }),
    [
      'metadata.taints[0].effect: Unsupported value: "x": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ],
  ],
  [
    'ValidateNode',
    spec({ podCIDRs: ['10.0.0.0/24', '10.0.1.0/24'] }),
    [
      'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: may specify no more than one CIDR for each IP family',
    ],
  ],
]

const endpointCases: readonly Case[] = [
  [
    'validateEndpointSubsets',
    { subsets: [{ ports: [{ port: 80 }] }] },
    ['subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`'],
  ],
  [
    'ValidateNonSpecialIP',
    { subsets: [{ addresses: [{ ip: '169.254.1.1' }] }] },
    [
      'subsets[0].addresses[0].ip: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    ],
  ],
  [
    'validateEndpointPort',
    { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80, name: 'a' }, { port: 0 }] }] },
    [
      'subsets[0].ports[1].name: Required value',
      'subsets[0].ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
  ],
]

const IMMUTABLE = 'field is immutable when `immutable` is set'
const CONFIG_KEY =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
const bytes = (text: string) => Buffer.from(text).toString('base64')

runTables(
  {
    resource: horizontalpodautoscalersAutoscalingV2,
    base: spec({ maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } }),
    create: autoscalers,
  },
  {
    resource: nodes,
    base: { spec: {}, status: {} },
    create: nodeCases,
    update: [
      [
        'ValidateNodeUpdate',
        spec({ podCIDRs: ['10.0.0.0/24'], providerID: 'a' }),
        spec({ podCIDR: '10.0.1.0/24', podCIDRs: ['10.0.1.0/24'], providerID: 'b' }),
        [
          'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
          'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
        ],
      ],
    ],
  },
  { resource: endpoints, base: {}, create: endpointCases },
  {
    resource: configmaps,
    base: { data: { a: 'b' } },
    create: [
      ['ValidateConfigMap', { data: { 'a b': '' } }, [`data[a b]: Invalid value: "a b": ${CONFIG_KEY}`]],
      [
        'ValidateConfigMap',
        { binaryData: { a: bytes('x') } },
        ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
      ],
    ],
    update: [
      [
        'ValidateConfigMapUpdate',
        { immutable: true },
        { immutable: false, data: { a: 'c' } },
        [`immutable: Forbidden: ${IMMUTABLE}`, `data: Forbidden: ${IMMUTABLE}`],
      ],
    ],
  },
  {
    resource: secrets,
    base: {},
    create: [
      [
        'ValidateSecret',
        { type: 'kubernetes.io/tls' },
        ['data[tls.crt]: Required value', 'data[tls.key]: Required value'],
      ],
      [
        'ValidateSecret',
        { type: 'kubernetes.io/basic-auth' },
        ['data[username]: Required value', 'data[password]: Required value'],
      ],
    ],
    update: [
      ['ValidateSecretUpdate', {}, { type: 'a/b' }, ['type: Invalid value: "a/b": field is immutable']],
      ['ValidateSecretUpdate', { immutable: true }, { data: { a: bytes('x') } }, [`data: Forbidden: ${IMMUTABLE}`]],
    ],
  },
  {
    resource: persistentvolumeclaims,
    base: spec({ accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }),
    create: [
      [
        'ValidatePersistentVolumeClaimSpec',
        spec({ accessModes: [], resources: undefined }),
        [
          'spec.accessModes: Required value: at least 1 access mode is required',
          'spec.resources[storage]: Required value',
        ],
      ],
      [
        'ValidatePersistentVolumeClaimSpec',
        spec({ accessModes: ['ReadWriteOncePod', 'ReadWriteOnce', 'x'] }),
        [
          'spec.accessModes: Unsupported value: "x": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
          'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
        ],
      ],
      [
        'validateDataSource',
        spec({ dataSourceRef: { kind: 'x', name: 'a' } }),
        [
          'spec.dataSource: Invalid value: "x": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
          'spec.dataSourceRef: Invalid value: "x": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
        ],
      ],
      ['EnforceDataSourceBackwardsCompatibility', spec({ dataSource: { kind: 'x', name: 'a' } }), []],
    ],
    update: [
      [
        'ValidatePersistentVolumeClaimUpdate',
        {},
        spec({ accessModes: ['ReadWriteMany'] }),
        [
          `spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims
@@ -1,6 +1,6 @@
 {
  "AccessModes": [
-  "ReadWriteOnce"
+  "ReadWriteMany"
  ],
  "Selector": null,
  "Resources": {
`,
        ],
      ],
    ],
  },
  {
    resource: persistentvolumes,
    base: spec({ accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/a' } }),
    create: [
      [
        'ValidatePersistentVolumeSpec',
        spec({ accessModes: ['ReadWriteOncePod', 'ReadWriteOnce'], capacity: { storage: '0' } }),
        [
          'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
          'spec.capacity[storage]: Invalid value: "0": must be greater than zero',
        ],
      ],
      [
        'ValidatePersistentVolumeSpec',
        spec({ volumeMode: 'x' }),
        ['spec.volumeMode: Unsupported value: "x": supported values: "Block", "Filesystem"'],
      ],
    ],
  },
  {
    resource: priorityclasses,
    base: { value: 5 },
    update: [['ValidatePriorityClassUpdate', {}, { value: 6 }, ['value: Forbidden: may not be changed in an update.']]],
  },
)
