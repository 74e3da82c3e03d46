// What may not change in kinds that have no stable version, and what their status may not say.
// Rules: k8s.io/kubernetes/pkg/apis; each case names the function.

import { minimalObject } from '../../../src/apiserver/testing-objects.ts'
import { type Change, newestOf, runTablesOfAllVersions, type Table, type UpdateCase } from './support.ts'

/** `[resource, rule, first change, then change, problems]`. */
type Step = readonly [resource: string, ...UpdateCase]

const changes: readonly Step[] = [
  [
    'podgroups',
    'Validate_PodGroupSpec',
    {},
    { spec: { schedulingPolicy: { gang: { minCount: 3 } } } },
    ['spec.schedulingPolicy: Invalid value: null: field is immutable'],
  ],
  [
    'podgroups',
    'Validate_PodGroupSpec',
    {},
    { spec: { podGroupTemplateRef: { workload: { workloadName: 'a', podGroupTemplateName: 'b' } } } },
    ['spec.podGroupTemplateRef: Invalid value: null: field is immutable'],
  ],
  [
    'podgroups',
    'dropDisabledDisruptionModeField',
    {},
    { spec: { disruptionMode: 'PodGroup', priority: 3 } },
    ['spec.disruptionMode: Forbidden'],
  ],
  [
    'workloads',
    'Validate_WorkloadSpec',
    {},
    { spec: { controllerRef: { kind: 'Job', name: 'j', apiGroup: 'batch' } } },
    ['spec.controllerRef: Invalid value: null: field is immutable'],
  ],
  [
    'workloads',
    'Validate_WorkloadSpec',
    { spec: { controllerRef: { kind: 'Job', name: 'j' } } },
    { spec: { controllerRef: { name: 'k' } } },
    ['spec.controllerRef: Invalid value: null: field is immutable'],
  ],
  [
    'workloads',
    'Validate_WorkloadSpec',
    { spec: { controllerRef: { kind: 'Job', name: 'j' } } },
    { spec: { controllerRef: undefined } },
    ['spec.controllerRef: Invalid value: null: field is immutable'],
  ],
  [
    'workloads',
    'Validate_WorkloadSpec',
    {},
    { spec: { podGroupTemplates: [] } },
    ['spec.podGroupTemplates: Invalid value: null: field is immutable', 'spec.podGroupTemplates: Required value'],
  ],
  [
    'workloads',
    'Validate_WorkloadSpec',
    {},
    { spec: { podGroupTemplates: [{ name: 'b', schedulingPolicy: { basic: {} } }] } },
    ['spec.podGroupTemplates: Invalid value: null: field is immutable'],
  ],
  [
    'clustertrustbundles',
    'ValidateClusterTrustBundleUpdate',
    { metadata: { name: 'bundle' } },
    { spec: { signerName: 'a.com/b' } },
    [
      'metadata.name: Invalid value: "bundle": ClusterTrustBundle for signerName a.com/b must be named with prefix a.com:b:',
      'spec.signerName: Invalid value: "a.com/b": field is immutable',
    ],
  ],
  [
    'clustertrustbundles',
    'ValidateClusterTrustBundleUpdate',
    {},
    { spec: { trustBundle: 'x' } },
    ['spec.trustBundle: Invalid value: "<value omitted>": at least one trust anchor must be provided'],
  ],
  [
    'podcertificaterequests',
    'ValidatePodCertificateRequestUpdate',
    {},
    { spec: { podName: 'other' } },
    [
      'spec: Invalid value: {"SignerName":"example.com/a","PodName":"other","PodUID":"u","ServiceAccountName":"s","ServiceAccountUID":"u","NodeName":"n","NodeUID":"u","MaxExpirationSeconds":86400,"PKIXPublicKey":null,"ProofOfPossession":null,"StubPKCS10Request":"MIHSMHoCAQAwGDEKMAgGA1UEAwwBYTEKMAgGA1UECgwBYjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDPjFu0SiwHl6VPvw6GMDLwIdyuNnCpXnXZpLtpc8yfZaAGEgiuVoYfljkebrB53fFdbDDwfp2OzFM+muSNCoNegADAKBggqhkjOPQQDAgNIADBFAiEAoq/2Nz+alhdK2T739sj2AXyUuRxqBQ+J309WFEzh5xECIH+ORjkrgY8M8RkUlML/te3w7V55cih2EVVuJKsKdfXc","UnverifiedUserAnnotations":null}: field is immutable',
    ],
  ],
  [
    'storageversionmigrations',
    'ValidateStorageVersionMigrationUpdate',
    {},
    { spec: { resource: { resource: 'pods' } } },
    ['spec: Invalid value: {"Resource":{"group":"apps","resource":"pods"}}: field is immutable'],
  ],
  [
    'resourcepoolstatusrequests',
    'Validate_ResourcePoolStatusRequest',
    {},
    { spec: { driver: 'b' } },
    ['spec: Invalid value: null: field is immutable'],
  ],
  [
    'resourcepoolstatusrequests',
    'Validate_ResourcePoolStatusRequest',
    {},
    { spec: { limit: 3, poolName: 'x' } },
    ['spec: Invalid value: null: field is immutable'],
  ],
  [
    'leasecandidates',
    'ValidateLeaseCandidateUpdate',
    {},
    { spec: { leaseName: 'other' } },
    ['spec.leaseName: Invalid value: "other": field is immutable'],
  ],
  ['devicetaintrules', 'ValidateDeviceTaintRuleUpdate', {}, { spec: { taint: { key: 'b', effect: 'None' } } }, []],
  [
    'devicetaintrules',
    'ValidateDeviceTaintRuleUpdate',
    {},
    { spec: { taint: { key: 'b', effect: 'x' } } },
    ['spec.taint.effect: Unsupported value: "x": supported values: "NoExecute", "NoSchedule", "None"'],
  ],
]

const condition = { type: 'A', status: 'True', reason: 'R', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' }
const issued = { ...condition, type: 'Issued' }
const conditions = (...all: readonly object[]): Change => ({ status: { conditions: all } })

const statuses: readonly Step[] = [
  [
    'podgroups',
    'ValidateConditions',
    {},
    conditions({ ...condition, type: '-', status: 'x' }),
    [
      "status.conditions[0].type: Invalid value: \"-\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'status.conditions[0].status: Unsupported value: "x": supported values: "False", "True", "Unknown"',
    ],
  ],
  ['podgroups', 'dropDisabledPodGroupStatusFields', {}, { status: { resourceClaimStatuses: [{ name: 'a' }] } }, []],
  [
    'podcertificaterequests',
    'ValidatePodCertificateRequestStatusUpdate',
    {},
    conditions(issued, { ...condition, type: 'Failed', status: 'False' }),
    [
      'status.conditions.[1].type: Invalid value: "Failed": There may be at most one condition with type "Issued", "Denied", or "Failed"',
      'status.conditions.[1].status: Unsupported value: "False": supported values: "True"',
    ],
  ],
  [
    'podcertificaterequests',
    'ValidatePodCertificateRequestStatusUpdate',
    {},
    conditions(issued),
    ['status.certificateChain: Invalid value: "": issued certificate chain must contain at least one certificate'],
  ],
  [
    'podcertificaterequests',
    'ValidatePodCertificateRequestStatusUpdate',
    {},
    conditions({ ...condition, type: 'Denied' }),
    [],
  ],
  [
    'podcertificaterequests',
    'ValidatePodCertificateRequestStatusUpdate',
    conditions({ ...condition, type: 'Denied' }),
    conditions(issued),
    ['status: Invalid value: immutable after PodCertificateRequest is issued, denied, or failed'],
  ],
  [
    'podcertificaterequests',
    'ValidatePodCertificateRequestStatusUpdate',
    {},
    { status: { certificateChain: 'x' } },
    ['status: Invalid value: status is immutable unless transitioning to "Issued", "Denied", or "Failed"'],
  ],
  [
    'podcertificaterequests',
    'ValidatePodCertificateRequestStatusUpdate',
    {},
    { status: { conditions: [issued], certificateChain: 'x', notBefore: '2026-01-01T00:00:00Z' } },
    ['status.certificateChain: Invalid value: "x": issued certificate chain must contain at least one certificate'],
  ],
  [
    'podcertificaterequests',
    'ValidatePodCertificateRequestStatusUpdate',
    {},
    { status: { conditions: [{ ...condition, type: 'Failed' }], certificateChain: 'x' } },
    [
      'status: Invalid value: non-condition status fields must be empty when denying or failing the PodCertificateRequest',
    ],
  ],
  [
    'storageversionmigrations',
    'ValidateStorageVersionMigrationStatusUpdate',
    {},
    conditions({ ...condition, type: 'Succeeded' }, { ...condition, type: 'Failed' }),
    [
      'status.conditions: Invalid value: [{"type":"Succeeded","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z","reason":"R","message":"m"},{"type":"Failed","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z","reason":"R","message":"m"}]: Both success and failed conditions cannot be true at the same time',
    ],
  ],
  [
    'storageversionmigrations',
    'ValidateStorageVersionMigrationStatusUpdate',
    conditions({ ...condition, type: 'Succeeded' }),
    conditions({ ...condition, type: 'Succeeded', status: 'False' }),
    [
      'status.conditions: Invalid value: [{"type":"Succeeded","status":"False","lastTransitionTime":"2026-01-01T00:00:00Z","reason":"R","message":"m"}]: Success condition cannot be set to false once it is true',
    ],
  ],
  [
    'storageversionmigrations',
    'ValidateStorageVersionMigrationStatusUpdate',
    conditions({ ...condition, type: 'Failed' }),
    conditions(),
    ['status.conditions: Invalid value: []: Failed condition cannot be set to false once it is true'],
  ],
  [
    'storageversionmigrations',
    'ValidateStorageVersionMigrationStatusUpdate',
    { status: { resourceVersion: '5' } },
    { status: { resourceVersion: '6' } },
    ['status.resourceVersion: Invalid value: "6": field is immutable'],
  ],
  [
    'storageversionmigrations',
    'ValidateStorageVersionMigrationStatusUpdate',
    {},
    { status: { resourceVersion: '-5' } },
    ['status.resourceVersion: Invalid value: "-5": resource version is not well formed: -5'],
  ],
  [
    'storageversionmigrations',
    'ValidateStorageVersionMigrationStatusUpdate',
    {},
    { status: { resourceVersion: 'x' } },
    ['status.resourceVersion: Invalid value: "x": resource version is not well formed: x'],
  ],
  [
    'storageversions',
    'ValidateStorageVersionStatus',
    { metadata: { name: 'a.a' } },
    { status: { storageVersions: [{ apiServerID: '-', encodingVersion: 'x/y/z', decodableVersions: ['v1', '!'] }] } },
    [
      "status.storageVersions[0].apiServerID: Invalid value: \"-\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      "status.storageVersions[0].encodingVersion: Invalid value: \"x/y/z\": an apiVersion is a DNS-1035 label, which must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyVersion')",
      "status.storageVersions[0].decodableVersions[1]: Invalid value: \"!\": version part: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      'status.storageVersions[0].decodableVersions: Invalid value: ["v1","!"]: decodableVersions must include encodingVersion x/y/z',
      'status.commonEncodingVersion: Invalid value: null: the common encoding version is x/y/z',
    ],
  ],
  [
    'storageversions',
    'ValidateStorageVersionStatus',
    { metadata: { name: 'a.b' } },
    {
      status: {
        storageVersions: [
          { apiServerID: 'a', encodingVersion: 'v1', decodableVersions: ['v2'], servedVersions: ['v3'] },
        ],
      },
    },
    [
      'status.storageVersions[0].decodableVersions: Invalid value: ["v2"]: decodableVersions must include encodingVersion v1',
      'status.storageVersions[0].servedVersions[0]: Invalid value: "v3": individual served version : v3 must be included in decodableVersions : [v2]',
      'status.commonEncodingVersion: Invalid value: null: the common encoding version is v1',
    ],
  ],
  [
    'storageversions',
    'ValidateStorageVersionStatus',
    { metadata: { name: 'a.c' } },
    { status: { commonEncodingVersion: 'v1' } },
    [
      'status.commonEncodingVersion: Invalid value: "v1": should be nil if servers do not agree on the same encoding version, or if there is no server reporting the supported versions yet',
    ],
  ],
  [
    'storageversions',
    'ValidateStorageVersionCondition',
    { metadata: { name: 'a.d' } },
    {
      status: {
        conditions: [
          { type: '-', status: 'x', reason: '', message: '' },
          { type: '-', status: 'True', reason: '-', message: '' },
        ],
      },
    },
    [
      "status[0].type: Invalid value: \"-\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'status[0].reason: Required value',
      'status[0].message: Required value',
      'status[1].type: Invalid value: "-": the type of the condition is not unique, it also appears in conditions[0]',
      "status[1].type: Invalid value: \"-\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'status[1].message: Required value',
    ],
  ],
  [
    'resourcepoolstatusrequests',
    'Validate_ResourcePoolStatusRequestStatus',
    {},
    { status: {} },
    ['status.poolCount: Required value'],
  ],
  [
    'resourcepoolstatusrequests',
    'Validate_ResourcePoolStatusRequestStatus',
    {},
    {
      status: {
        poolCount: -1,
        pools: [{ driver: 'A', poolName: '-', generation: -1, totalDevices: -1, allocatedDevices: -1 }],
      },
    },
    [
      'status.poolCount: Invalid value: -1: must be greater than or equal to 0',
      "status.pools[0].poolName: Invalid value: \"-\": segment 0: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      'status.pools[0].generation: Invalid value: -1: must be greater than or equal to 0',
      'status.pools[0].totalDevices: Invalid value: -1: must be greater than or equal to 0',
      'status.pools[0].allocatedDevices: Invalid value: -1: must be greater than or equal to 0',
    ],
  ],
  [
    'resourcepoolstatusrequests',
    'Validate_ResourcePoolStatusRequestStatus',
    {},
    {
      status: {
        poolCount: 1,
        pools: [
          { driver: 'a', poolName: 'p', generation: 1, resourceSliceCount: 0, validationError: '' },
          { driver: 'a', poolName: 'p', generation: 1 },
        ],
      },
    },
    ['status.pools[0].resourceSliceCount: Invalid value: 0: must be greater than or equal to 1'],
  ],
  [
    'resourcepoolstatusrequests',
    'validateResourcePoolStatusRequestStatusUpdate',
    { status: { poolCount: 1 } },
    { status: { poolCount: 2 } },
    ['status: Invalid value: {"PoolCount":2,"Pools":null,"Conditions":null}: field is immutable'],
  ],
  [
    'devicetaintrules',
    'ValidateDeviceTaintRuleStatusUpdate',
    {},
    conditions(...Array.from({ length: 9 }, (_, i) => ({ ...condition, type: `T${i}` }))),
    ['status.conditions: Too many: 9: must have at most 8 items'],
  ],
  [
    'devicetaintrules',
    'ValidateDeviceTaintRuleStatusUpdate',
    {},
    conditions(condition, { ...condition, status: '' }),
    [
      'status.conditions[1].type: Duplicate value: "A"',
      'status.conditions[1].status: Unsupported value: "": supported values: "False", "True", "Unknown"',
    ],
  ],
]

const names = [...new Set([...changes, ...statuses].map(([name]) => name))]

runTablesOfAllVersions(
  ...names.map((name): Table => {
    const resource = newestOf(name)
    const own = (steps: readonly Step[]): UpdateCase[] =>
      steps.flatMap(([of, ...step]) => (of === name ? [step as unknown as UpdateCase] : []))
    return { resource, base: minimalObject(resource), update: own(changes), status: own(statuses) }
  }),
)
