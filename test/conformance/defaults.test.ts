// What defaulting adds to objects, per kind. Values: k8s.io/kubernetes/pkg/apis/*/v1/defaults.go.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  cronjobs,
  daemonsets,
  deployments,
  horizontalpodautoscalersAutoscalingV2,
  jobs,
  networkpolicies,
  persistentvolumeclaims,
  persistentvolumes,
  pods,
  replicasets,
  secrets,
  services,
  statefulsets,
  storageclasses,
} from '../../src/api/generated/resources.ts'
import type { ResourceRef } from '../../src/api/resource-ref.ts'
import type { ApiObject } from '../../src/apiserver/api-object.ts'
import { startTestApi, type TestApi } from '../../src/apiserver/testing.ts'

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
    { spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'a' } } },
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
