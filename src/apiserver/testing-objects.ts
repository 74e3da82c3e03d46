// The smallest valid object of every kind, for tests that go through all of them.

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const selector = { matchLabels: { app: 'a' } }
const jobTemplate = { spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' } }
/** A request for CN=a, O=b, signed with its own key, which is in no file. */
const requestPem = `-----BEGIN CERTIFICATE REQUEST-----
MIHSMHoCAQAwGDEKMAgGA1UEAwwBYTEKMAgGA1UECgwBYjBZMBMGByqGSM49AgEG
CCqGSM49AwEHA0IABDPjFu0SiwHl6VPvw6GMDLwIdyuNnCpXnXZpLtpc8yfZaAGE
giuVoYfljkebrB53fFdbDDwfp2OzFM+muSNCoNegADAKBggqhkjOPQQDAgNIADBF
AiEAoq/2Nz+alhdK2T739sj2AXyUuRxqBQ+J309WFEzh5xECIH+ORjkrgY8M8RkU
lML/te3w7V55cih2EVVuJKsKdfXc
-----END CERTIFICATE REQUEST-----
`
const request = Buffer.from(requestPem).toString('base64')
/** The request without its armour. */
const stub = requestPem.replace(/-----.*-----/g, '').replaceAll('\n', '')
/** A certificate of an authority, which signed it with a key that is in no file. */
const trustBundle = `-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUEGGBpfcgcn0NtWTLSHPxBIc0UzowCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYTAgFw0yNjExMjIwNTAyMjdaGA8yMTI2MTAyOTA1MDIyN1ow
DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBBJPMGXiYf0
5ZdIIolRNppd2bC1wfcQg+nKIFKeLZlaum4i2JM5LX2ca2KgBf5uOiaun4/Rd2xD
9k+M2jK5QTqjUzBRMB0GA1UdDgQWBBR8qJ5zj46UVks3FDrJ2XXeBPpeaTAfBgNV
HSMEGDAWgBR8qJ5zj46UVks3FDrJ2XXeBPpeaTAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIH9CW0DiQq1wP7wGrTO7NkkbBvywXEmDmu9a5eWU+Cgb
AiEA1rI2aXBkIL8s33ue5hNUWfW8WZiRzEgIoHo5r2YvwVo=
-----END CERTIFICATE-----
`
const webhook = {
  name: 'a.b.c',
  clientConfig: { url: 'https://example.com/hook' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}
const constraints = {
  resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['pods'] }],
}

/** What an object of each kind needs beyond a name. Kinds that need nothing are not listed. */
const MINIMAL: Readonly<Record<string, Record<string, unknown>>> = {
  pods: { spec: { containers: [{ name: 'c', image: 'i' }] } },
  podtemplates: { template: { spec: { containers: [{ name: 'c', image: 'i' }] } } },
  replicationcontrollers: { spec: { selector: { app: 'a' }, template } },
  services: { spec: { ports: [{ port: 80 }] } },
  limitranges: { spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } },
  persistentvolumeclaims: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  persistentvolumes: {
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/tmp/a' } },
  },
  'events.': { involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' }, reason: 'Tested' },
  'events.events.k8s.io': {
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'Tested',
    reportingController: 'test/a',
    reportingInstance: 'b',
    action: 'x',
    type: 'Normal',
    eventTime: '2026-01-01T00:00:00.000000Z',
  },
  daemonsets: { spec: { selector, template } },
  deployments: { spec: { selector, template } },
  replicasets: { spec: { selector, template } },
  statefulsets: { spec: { selector, template, serviceName: 'a' } },
  controllerrevisions: { revision: 1, data: { a: 1 } },
  jobs: { spec: { template: jobTemplate } },
  cronjobs: { spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: jobTemplate } } } },
  horizontalpodautoscalers: {
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } },
  },
  ingresses: { spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } } },
  ingressclasses: { spec: { controller: 'example.com/a' } },
  networkpolicies: { spec: { podSelector: {} } },
  ipaddresses: { spec: { parentRef: { resource: 'services', name: 'a', namespace: 'default' } } },
  servicecidrs: { spec: { cidrs: ['10.9.0.0/24'] } },
  endpointslices: { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ name: 'a', port: 80 }] },
  priorityclasses: { value: 10 },
  runtimeclasses: { handler: 'runc' },
  storageclasses: { provisioner: 'example.com/a' },
  volumeattributesclasses: { driverName: 'example.com', parameters: { a: 'b' } },
  csinodes: { spec: { drivers: [] } },
  csistoragecapacities: { storageClassName: 'a' },
  volumeattachments: { spec: { attacher: 'example.com', nodeName: 'n', source: { persistentVolumeName: 'a' } } },
  clusterrolebindings: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'a' } },
  rolebindings: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'a' } },
  customresourcedefinitions: {
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  },
  apiservices: {
    metadata: { name: 'v1.example.com' },
    spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 },
  },
  certificatesigningrequests: { spec: { request, signerName: 'example.com/a', usages: ['client auth'] } },
  flowschemas: { spec: { priorityLevelConfiguration: { name: 'a' } } },
  prioritylevelconfigurations: { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } },
  validatingwebhookconfigurations: { webhooks: [webhook] },
  mutatingwebhookconfigurations: { webhooks: [webhook] },
  validatingadmissionpolicies: { spec: { matchConstraints: constraints, validations: [{ expression: 'true' }] } },
  validatingadmissionpolicybindings: { spec: { policyName: 'a', validationActions: ['Deny'] } },
  mutatingadmissionpolicies: {
    spec: {
      matchConstraints: constraints,
      reinvocationPolicy: 'Never',
      mutations: [
        { patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "test", path: "/kind", value: "Pod"}]' } },
      ],
    },
  },
  mutatingadmissionpolicybindings: { spec: { policyName: 'a' } },
  deviceclasses: { spec: {} },
  resourceclaims: { spec: {} },
  resourceclaimtemplates: { spec: { spec: {} } },
  clustertrustbundles: { spec: { trustBundle } },
  podcertificaterequests: {
    spec: {
      ...{ signerName: 'example.com/a', podName: 'p', podUID: 'u', serviceAccountName: 's', serviceAccountUID: 'u' },
      ...{ nodeName: 'n', nodeUID: 'u', stubPKCS10Request: stub },
    },
  },
  leasecandidates: {
    spec: { leaseName: 'a', binaryVersion: '1.36.0', emulationVersion: '1.36.0', strategy: 'OldestEmulationVersion' },
  },
  devicetaintrules: { spec: { taint: { key: 'example.com/a', effect: 'NoSchedule' } } },
  resourcepoolstatusrequests: { spec: { driver: 'example.com' } },
  podgroups: { spec: { schedulingPolicy: { gang: { minCount: 2 } } } },
  workloads: { spec: { podGroupTemplates: [{ name: 'a', schedulingPolicy: { basic: {} } }] } },
  storageversionmigrations: { spec: { resource: { group: 'apps', resource: 'deployments' } } },
  resourceslices: { spec: { driver: 'example.com', allNodes: true, pool: { name: 'a', resourceSliceCount: 1 } } },
}

/** A valid object of a resource but for its name and namespace; what it holds is the caller's. */
export function minimalObject(resource: {
  readonly group: string
  readonly resource: string
}): Record<string, unknown> {
  return structuredClone(MINIMAL[resource.resource] ?? MINIMAL[`${resource.resource}.${resource.group}`] ?? {})
}
