// Kinds that have no stable version: every problem as upstream's strategies find it.
// Rules: k8s.io/kubernetes/pkg/apis; each case names the function.

import { newestOf, type Problem, runTablesOfAllVersions, type Table } from './support.ts'

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

const specs: readonly (readonly [resource: string, rule: string, spec: object, problems: readonly Problem[]])[] = [
  [
    'leasecandidates',
    'ValidateLeaseCandidateSpec: valid',
    { leaseName: 'l', binaryVersion: '1.36.0', emulationVersion: '1.36.0', strategy: 'OldestEmulationVersion' },
    [],
  ],
  [
    'leasecandidates',
    'ValidateLeaseCandidateSpec: nothing',
    { leaseName: '', binaryVersion: '', strategy: '' },
    ['spec.leaseName: Required value', 'spec.binaryVersion: Required value', 'spec.strategy: Required value'],
  ],
  [
    'leasecandidates',
    'ValidateLeaseCandidateSpec: no versions',
    { leaseName: 'l', binaryVersion: '1.36', emulationVersion: 'v1', strategy: 'OldestEmulationVersion' },
    [
      'spec.emulationVersion: Invalid value: "v1": must be a valid semantic version',
      'spec.binaryVersion: Invalid value: "1.36": must be a valid semantic version',
      `spec.emulationVersion: Required value: must be specified when \`strategy\` is 'OldestEmulationVersion'`,
    ],
  ],
  [
    'leasecandidates',
    'ValidateLeaseCandidateSpec: older',
    { leaseName: 'l', binaryVersion: '1.9.0', emulationVersion: '1.36.0', strategy: 'OldestEmulationVersion' },
    [`spec.binaryVersion: Invalid value: "1.9.0": must be greater than or equal to \`emulationVersion\``],
  ],
  [
    'leasecandidates',
    'ValidateLeaseCandidateSpec: no emulation',
    { leaseName: 'l', binaryVersion: '1.36.0', strategy: 'OldestEmulationVersion' },
    [`spec.emulationVersion: Required value: must be specified when \`strategy\` is 'OldestEmulationVersion'`],
  ],
  [
    'leasecandidates',
    'ValidateCoordinatedLeaseStrategy',
    { leaseName: 'l', binaryVersion: '1.36.0', emulationVersion: '1.36.0', strategy: 'x' },
    ['spec.strategy.strategy: Unsupported value: "x": supported values: "OldestEmulationVersion"'],
  ],
  [
    'leasecandidates',
    'ValidateCoordinatedLeaseStrategy: of others',
    { leaseName: 'l', binaryVersion: '1.36.0', emulationVersion: '1.36.0', strategy: 'a.com/-' },
    [`spec.strategy.strategy: Invalid value: "a.com/-": ${NAME_PART}`],
  ],
  ['devicetaintrules', 'validateDeviceTaintRuleSpec: valid', { taint: { key: 'a', effect: 'NoSchedule' } }, []],
  [
    'devicetaintrules',
    'validateDeviceTaint',
    { taint: { key: '', effect: '', value: '-' } },
    [
      'spec.taint.key: Invalid value: "": name part must be non-empty',
      `spec.taint.key: Invalid value: "": ${NAME_PART}`,
      `spec.taint.value: Invalid value: "-": ${LABEL_VALUE}`,
      'spec.taint.effect: Required value',
    ],
  ],
  [
    'devicetaintrules',
    'validateDeviceTaint: effect',
    { taint: { key: 'a', effect: 'x' } },
    ['spec.taint.effect: Unsupported value: "x": supported values: "NoExecute", "NoSchedule", "None"'],
  ],
  [
    'devicetaintrules',
    'validateDeviceTaintSelector',
    { taint: { key: 'a', effect: 'NoSchedule' }, deviceSelector: { driver: '', pool: 'A', device: '' } },
    [
      'spec.deviceSelector.driver: Required value',
      `spec.deviceSelector.pool: Invalid value: "A": ${SUBDOMAIN}`,
      `spec.deviceSelector.device: Invalid value: "": ${LABEL}`,
    ],
  ],
  ['storageversionmigrations', 'ValidateStorageVersionMigration: valid', { resource: { resource: 'pods' } }, []],
  [
    'storageversionmigrations',
    'ValidateStorageVersionMigration: none',
    { resource: { resource: '', group: 'A' } },
    [
      'spec.resource.resource: Required value: resource is required to be set',
      `spec.resource.group: Invalid value: "A": ${SUBDOMAIN}`,
    ],
  ],
  [
    'storageversionmigrations',
    'ValidateStorageVersionMigration: no name',
    { resource: { resource: '1s', group: 'apps' } },
    [
      "spec.resource.resource: Invalid value: \"1s\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    ],
  ],
  [
    'workloads',
    'Validate_WorkloadSpec',
    {
      podGroupTemplates: [
        { name: 'A', schedulingPolicy: {} },
        { name: 'b', schedulingPolicy: { gang: {} } },
      ],
    },
    [
      `spec.podGroupTemplates[0].name: Invalid value: "A": ${LABEL}`,
      'spec.podGroupTemplates[0].schedulingPolicy: Invalid value: "": must specify one of: `basic`, `gang`',
      'spec.podGroupTemplates[1].schedulingPolicy.gang.minCount: Required value',
    ],
  ],
  [
    'podgroups',
    'Validate_PodGroupTemplateReference',
    { podGroupTemplateRef: {}, schedulingPolicy: { basic: {} } },
    ['spec.podGroupTemplateRef: Invalid value: "": must specify one of: `workload`'],
  ],
  [
    'clustertrustbundles',
    'validateTrustBundle: no certificate',
    { trustBundle: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n' },
    ['spec.trustBundle: Invalid value: "<value omitted>": entry 0 does not parse as X.509'],
  ],
  [
    'clustertrustbundles',
    'ValidateClusterTrustBundleName, validateTrustBundle: nothing',
    { signerName: 'a.com/b' },
    [
      'metadata.name: Invalid value: "n": ClusterTrustBundle for signerName a.com/b must be named with prefix a.com:b:',
      'spec.trustBundle: Invalid value: "<value omitted>": at least one trust anchor must be provided',
    ],
  ],
  [
    'resourcepoolstatusrequests',
    'Validate_ResourcePoolStatusRequestSpec',
    { driver: 'a', limit: 1001 },
    ['spec.limit: Invalid value: 1001: must be less than or equal to 1000'],
  ],
]

const names = [...new Set(specs.map(([name]) => name))]

runTablesOfAllVersions(
  ...names.map((name): Table => {
    // Problems of a bundle's name are told with the name.
    const named = name === 'clustertrustbundles' ? { metadata: { name: 'n' } } : {}
    const wrong = specs.filter(([of]) => of === name)
    const create = wrong.map(([, rule, spec, problems]) => [rule, { ...named, spec }, problems] as const)
    return { resource: newestOf(name), base: {}, create }
  }),
)
