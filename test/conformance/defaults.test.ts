// What defaulting adds to objects, per kind. Values: k8s.io/kubernetes/pkg/apis/*/v1/defaults.go.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  clusterrolebindings,
  cronjobs,
  csidrivers,
  daemonsets,
  deployments,
  endpoints,
  endpointslices,
  flowschemas,
  horizontalpodautoscalersAutoscalingV2,
  ingressclasses,
  jobs,
  limitranges,
  mutatingwebhookconfigurations,
  namespaces,
  networkpolicies,
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  pods,
  priorityclasses,
  prioritylevelconfigurations,
  replicasets,
  replicationcontrollers,
  rolebindings,
  secrets,
  services,
  statefulsets,
  storageclasses,
} from '../../src/api/generated/resources.ts'
import type { ResourceRef } from '../../src/api/resource-ref.ts'
import type { ApiObject } from '../../src/apiserver/api-object.ts'
import { startTestApi, type TestApi } from '../../src/apiserver/testing.ts'

const RBAC = 'rbac.authorization.k8s.io'
const NAME = expect.stringMatching(/^n\d+$/)
const containers = [{ name: 'c', image: 'i' }]
const template = { metadata: { labels: { app: 'a' } }, spec: { containers } }
const workload = { spec: { selector: { matchLabels: { app: 'a' } }, template } }
const jobTemplate = { spec: { restartPolicy: 'Never', containers } }
const probe = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }
const pod = (spec: object) => ({ spec: { containers, ...spec } })
const container = (change: object) => pod({ containers: [{ name: 'c', image: 'i', ...change }] })

/** `[rule of upstream, kind, object, what of it is then there]`. */
const CASES: readonly (readonly [string, ResourceRef<unknown>, object, object])[] = [
  [
    'SetDefaults_PodSpec',
    pods,
    pod({}),
    {
      spec: {
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        dnsPolicy: 'ClusterFirst',
        securityContext: {},
        schedulerName: 'default-scheduler',
        enableServiceLinks: true,
      },
    },
  ],
  [
    'SetDefaults_Container',
    pods,
    container({ ports: [{ containerPort: 80 }] }),
    {
      spec: {
        containers: [
          {
            imagePullPolicy: 'Always',
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
            resources: {},
            ports: [{ containerPort: 80, protocol: 'TCP' }],
          },
        ],
      },
    },
  ],
  [
    'SetDefaults_Container',
    pods,
    container({ image: 'i:1' }),
    { spec: { containers: [{ imagePullPolicy: 'IfNotPresent' }] } },
  ],
  [
    'SetDefaults_Probe',
    pods,
    container({ livenessProbe: { httpGet: { port: 80 } } }),
    { spec: { containers: [{ livenessProbe: { ...probe, httpGet: { path: '/', port: 80, scheme: 'HTTP' } } }] } },
  ],
  [
    'SetObjectDefaults_Pod: sources of volumes',
    pods,
    pod({
      automountServiceAccountToken: false,
      volumes: [
        { name: 'a', rbd: { monitors: ['m'], image: 'i' } },
        { name: 'b', azureDisk: { diskName: 'd', diskURI: 'https://a.blob.core.windows.net/c/d.vhd' } },
        { name: 'c', scaleIO: { gateway: 'g', system: 's', secretRef: { name: 's' }, volumeName: 'v' } },
        { name: 'd', iscsi: { targetPortal: '1.2.3.4', iqn: 'iqn.2001-04.com.example:a', lun: 0 } },
        {
          name: 'e',
          ephemeral: {
            volumeClaimTemplate: {
              spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
            },
          },
        },
      ],
    }),
    {
      spec: {
        volumes: [
          { name: 'a', rbd: { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' } },
          { name: 'b', azureDisk: { cachingMode: 'ReadWrite', fsType: 'ext4', readOnly: false, kind: 'Shared' } },
          { name: 'c', scaleIO: { storageMode: 'ThinProvisioned', fsType: 'xfs' } },
          { name: 'd', iscsi: { iscsiInterface: 'default' } },
          { name: 'e', ephemeral: { volumeClaimTemplate: { spec: { volumeMode: 'Filesystem' } } } },
        ],
      },
    },
  ],
  [
    'Convert_v1_Pod_To_core_Pod',
    pods,
    pod({ terminationGracePeriodSeconds: -1 }),
    { spec: { terminationGracePeriodSeconds: 1 } },
  ],
  [
    'SetDefaults_PodSpec: what is empty is not set',
    pods,
    pod({
      restartPolicy: '',
      dnsPolicy: '',
      schedulerName: '',
      hostname: '',
      nodeName: '',
      hostNetwork: false,
      containers: [
        {
          name: 'c',
          image: 'i',
          imagePullPolicy: '',
          terminationMessagePath: '',
          workingDir: '',
          stdin: false,
          ports: [{ containerPort: 80, protocol: '', hostPort: 0, name: '' }],
          env: [{ name: 'e', value: '' }],
          livenessProbe: { httpGet: { port: 80, path: '', scheme: '' }, timeoutSeconds: 0, initialDelaySeconds: 0 },
        },
      ],
    }),
    { spec: { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', schedulerName: 'default-scheduler' } },
  ],
  [
    'SetDefaults_Pod',
    pods,
    container({ resources: { limits: { cpu: '1' } } }),
    { spec: { containers: [{ resources: { limits: { cpu: '1' }, requests: { cpu: '1' } } }] } },
  ],
  [
    'SetDefaults_Volume',
    pods,
    pod({
      volumes: [
        { name: 'a' },
        { name: 'b', secret: { secretName: 's' } },
        { name: 'c', image: { reference: 'i:1' } },
        { name: 'd', hostPath: { path: '/a' } },
      ],
    }),
    {
      spec: {
        volumes: expect.arrayContaining([
          { name: 'a', emptyDir: {} },
          { name: 'b', secret: { secretName: 's', defaultMode: 420 } },
          { name: 'c', image: { reference: 'i:1', pullPolicy: 'IfNotPresent' } },
          { name: 'd', hostPath: { path: '/a', type: '' } },
        ]),
      },
    },
  ],
  [
    'SetDefaults_Service',
    services,
    { spec: { ports: [{ port: 80 }] } },
    {
      spec: {
        type: 'ClusterIP',
        sessionAffinity: 'None',
        internalTrafficPolicy: 'Cluster',
        ipFamilyPolicy: 'SingleStack',
        ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      },
    },
  ],
  [
    'SetDefaults_Service',
    services,
    { spec: { type: 'LoadBalancer', sessionAffinity: 'ClientIP', ports: [{ port: 80 }] } },
    {
      spec: {
        externalTrafficPolicy: 'Cluster',
        allocateLoadBalancerNodePorts: true,
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
      },
    },
  ],
  [
    'SetDefaults_Service',
    services,
    { spec: { externalIPs: ['192.0.2.1'], ports: [{ port: 80 }] } },
    { spec: { externalTrafficPolicy: 'Cluster' } },
  ],
  [
    'SetDefaults_Deployment',
    deployments,
    workload,
    {
      spec: {
        replicas: 1,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      },
    },
  ],
  ['SetDefaults_ReplicaSet', replicasets, workload, { spec: { replicas: 1 } }],
  [
    'SetDefaults_DaemonSet',
    daemonsets,
    workload,
    {
      spec: {
        revisionHistoryLimit: 10,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      },
    },
  ],
  [
    'SetDefaults_StatefulSet',
    statefulsets,
    workload,
    {
      spec: {
        replicas: 1,
        podManagementPolicy: 'OrderedReady',
        revisionHistoryLimit: 10,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      },
    },
  ],
  [
    'SetDefaults_Job',
    jobs,
    { spec: { template: jobTemplate } },
    {
      spec: {
        completions: 1,
        parallelism: 1,
        backoffLimit: 6,
        completionMode: 'NonIndexed',
        suspend: false,
        podReplacementPolicy: 'TerminatingOrFailed',
      },
    },
  ],
  [
    'SetDefaults_CronJob',
    cronjobs,
    { spec: { schedule: '0 * * * *', jobTemplate: { spec: { template: jobTemplate } } } },
    { spec: { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 } },
  ],
  [
    'SetDefaults_HorizontalPodAutoscaler',
    horizontalpodautoscalersAutoscalingV2,
    { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } } },
    {
      spec: {
        minReplicas: 1,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
        ],
      },
    },
  ],
  ['SetDefaults_NetworkPolicy', networkpolicies, { spec: {} }, { spec: { podSelector: {}, policyTypes: ['Ingress'] } }],
  ['SetDefaults_Secret', secrets, {}, { type: 'Opaque' }],
  [
    'SetDefaults_PersistentVolumeClaim',
    persistentvolumeclaims,
    { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    { spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } },
  ],
  [
    'SetDefaults_PersistentVolume',
    persistentvolumes,
    { spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/a' } } },
    {
      spec: { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem', hostPath: { path: '/a', type: '' } },
    },
  ],
  [
    'SetDefaults_StorageClass',
    storageclasses,
    { provisioner: 'example.com/a' },
    { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' },
  ],
  [
    'SetDefaults_CSIDriver',
    csidrivers,
    { spec: {} },
    {
      spec: {
        attachRequired: true,
        podInfoOnMount: false,
        storageCapacity: false,
        fsGroupPolicy: 'ReadWriteOnceWithFSType',
        volumeLifecycleModes: ['Persistent'],
        requiresRepublish: false,
        seLinuxMount: false,
      },
    },
  ],
  [
    'SetDefaults_ReplicationController',
    replicationcontrollers,
    { spec: { template } },
    { metadata: { labels: { app: 'a' } }, spec: { replicas: 1, selector: { app: 'a' } } },
  ],
  ['SetDefaults_Namespace', namespaces, {}, { metadata: { labels: { 'kubernetes.io/metadata.name': NAME } } }],
  [
    'SetDefaults_NodeStatus',
    nodes,
    { spec: {}, status: { capacity: { cpu: '2' } } },
    { status: { allocatable: { cpu: '2' } } },
  ],
  [
    'SetDefaults_Endpoints',
    endpoints,
    { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
    { subsets: [{ ports: [{ protocol: 'TCP' }] }] },
  ],
  [
    'SetDefaults_EndpointPort',
    endpointslices,
    { addressType: 'IPv4', endpoints: [], ports: [{ port: 80 }] },
    { ports: [{ name: '', protocol: 'TCP' }] },
  ],
  [
    'SetDefaults_LimitRangeItem',
    limitranges,
    { spec: { limits: [{ type: 'Container', min: { cpu: '1' }, max: { cpu: '2' } }] } },
    { spec: { limits: [{ default: { cpu: '2' }, defaultRequest: { cpu: '2' } }] } },
  ],
  [
    'SetDefaults_LimitRangeItem',
    limitranges,
    { spec: { limits: [{ type: 'Container', min: { memory: '1' } }] } },
    { spec: { limits: [{ defaultRequest: { memory: '1' } }] } },
  ],
  [
    'SetDefaults_IngressClass',
    ingressclasses,
    { spec: { controller: 'example.com/a', parameters: { kind: 'K', name: 'n' } } },
    { spec: { parameters: { scope: 'Cluster' } } },
  ],
  ['SetDefaults_PriorityClass', priorityclasses, { value: 1 }, { preemptionPolicy: 'PreemptLowerPriority' }],
  [
    'SetDefaults_RoleBinding, SetDefaults_Subject',
    rolebindings,
    { roleRef: { kind: 'Role', name: 'a' }, subjects: [{ kind: 'User', name: 'b' }] },
    { roleRef: { apiGroup: RBAC }, subjects: [{ apiGroup: RBAC }] },
  ],
  [
    'SetDefaults_ClusterRoleBinding, SetDefaults_Subject',
    clusterrolebindings,
    { roleRef: { kind: 'ClusterRole', name: 'a' }, subjects: [{ kind: 'Group', name: 'b' }] },
    { roleRef: { apiGroup: RBAC }, subjects: [{ apiGroup: RBAC }] },
  ],
  [
    'SetDefaults_FlowSchemaSpec',
    flowschemas,
    { spec: { priorityLevelConfiguration: { name: 'a' } } },
    { spec: { matchingPrecedence: 1000 } },
  ],
  [
    'SetDefaults_LimitedPriorityLevelConfiguration, SetDefaults_QueuingConfiguration',
    prioritylevelconfigurations,
    { spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: {} } } } },
    {
      spec: {
        limited: {
          nominalConcurrencyShares: 30,
          lendablePercent: 0,
          limitResponse: { queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } },
        },
      },
    },
  ],
  [
    'SetDefaults_MutatingWebhook, SetDefaults_ServiceReference, SetDefaults_Rule',
    mutatingwebhookconfigurations,
    {
      webhooks: [
        {
          name: 'a.b.c',
          clientConfig: { service: { namespace: 'a', name: 'b' } },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['pods'] }],
        },
      ],
    },
    {
      webhooks: [
        {
          failurePolicy: 'Fail',
          matchPolicy: 'Equivalent',
          namespaceSelector: {},
          objectSelector: {},
          timeoutSeconds: 10,
          reinvocationPolicy: 'Never',
          clientConfig: { service: { port: 443 } },
          rules: [{ scope: '*' }],
        },
      ],
    },
  ],
]

describe('defaults', () => {
  let api: TestApi
  beforeAll(async () => {
    api = await startTestApi()
  })
  afterAll(() => api.close())

  for (const [i, [rule, ref, object, added]] of CASES.entries()) {
    it(`${rule}: ${JSON.stringify(added).slice(0, 80)}`, async () => {
      const resource = ref as ResourceRef<ApiObject>
      const metadata = { name: `n${i}`, ...(resource.namespaced ? { namespace: 'default' } : {}) }
      const made = await api.client.create(resource, { metadata, ...structuredClone(object) })
      expect(made).toMatchObject(added)
    })
  }
})
