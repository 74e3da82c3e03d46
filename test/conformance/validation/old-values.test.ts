// Objects from before a rule was made: what they have stays as long as it is left alone; where upstream looks at the
// one value, another wrong one is refused, where it looks at the rule, any wrong one goes.
// Rules: the validation options of k8s.io/kubernetes/pkg/registry and pkg/api.

import {
  clusterroles,
  cronjobs,
  deployments,
  endpoints,
  endpointslices,
  horizontalpodautoscalersAutoscalingV2,
  ingresses,
  jobs,
  networkpolicies,
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  poddisruptionbudgets,
  pods,
  services,
  statefulsets,
  validatingadmissionpolicies,
  validatingwebhookconfigurations,
} from '../../../src/api/generated/resources.ts'
import { type Change, type OldCase, runTables } from './support.ts'

const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const ZEROS = 'must not have leading 0s'
const CIDR_ZEROS = 'must not have leading 0s in IP or prefix length'

/** A change that has nothing to do with what is wrong. */
const ELSEWHERE: Change = { metadata: { labels: { touched: 'yes' } } }

const spec = (change: Change): Change => ({ spec: change })
/** What is wrong stays. */
const kept = (rule: string, old: Change): OldCase => [rule, old, ELSEWHERE, []]
const among = (...values: readonly string[]) => ({ matchExpressions: [{ key: 'a', operator: 'In', values }] })
const container = { name: 'c', image: 'i' }
/** As it is stored. */
const full = {
  ...container,
  imagePullPolicy: 'Always',
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  resources: {},
}

const podAffinity = (value: string): Change =>
  spec({
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z', labelSelector: among(value) }],
      },
    },
  })
const nodeAffinity = (value: string): Change =>
  spec({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: [value] }] }],
        },
      },
    },
  })
const spread = (change: Change): Change =>
  spec({
    topologySpreadConstraints: [
      {
        ...{ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' },
        ...{ nodeAffinityPolicy: 'Honor', nodeTaintsPolicy: 'Ignore' },
        ...change,
      },
    ],
  })
const token = (path: string): Change =>
  spec({
    serviceAccountName: 'default',
    containers: [full],
    volumes: [
      {
        name: 'v',
        projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path, expirationSeconds: 3600 } }] },
      },
    ],
  })
const cost = (value: string): Change => ({
  metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': value } },
})
const COST_AT = 'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]'

const podCases: readonly OldCase[] = [
  kept('AllowInvalidPodDeletionCost', cost('much')),
  ['AllowInvalidPodDeletionCost', cost('much'), cost('more'), []],
  ['AllowInvalidPodDeletionCost', {}, cost('07'), [`${COST_AT}: Invalid value: "07": must be a 32bit integer`]],
  kept('AllowInvalidLabelValueInSelector', podAffinity('-')),
  kept('AllowInvalidLabelValueInRequiredNodeAffinity', nodeAffinity('-')),
  kept('AllowInvalidTopologySpreadConstraintLabelSelector', spread({ labelSelector: among('-') })),
  kept('AllowNonLocalProjectedTokenPath', token('../up')),
  kept(
    'AllowNamespacedSysctlsForHostNetAndHostIPC',
    spec({ hostNetwork: true, securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] } }),
  ),
  kept(
    'AllowIndivisibleHugePagesValues',
    spec({
      containers: [
        {
          ...full,
          resources: { limits: { cpu: '1', 'hugepages-2Mi': '3Mi' }, requests: { cpu: '1', 'hugepages-2Mi': '3Mi' } },
        },
      ],
    }),
  ),
]

const template = (change: Change): Change => spec({ template: change })
const deploymentCases: readonly OldCase[] = [
  kept('GetValidationOptionsFromPodTemplate', template(podAffinity('-'))),
  ['GetValidationOptionsFromPodTemplate', template(podAffinity('-')), template(podAffinity('_')), []],
  [
    'GetValidationOptionsFromPodTemplate',
    template(spread({ labelSelector: among('-') })),
    template(spread({ labelSelector: { matchExpressions: [{ key: '-', operator: 'Nope' }] } })),
    [],
  ],
  [
    'GetValidationOptionsFromPodTemplate',
    template(token('../up')),
    template(podAffinity('-')),
    [
      `spec.template.spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchExpressions[0].values[0]: Invalid value: "-": ${LABEL_VALUE}`,
    ],
  ],
]

const setCases: readonly OldCase[] = [
  kept('AllowInvalidServiceName', spec({ serviceName: 'Not_A_Label' })),
  kept('SkipValidatePodTemplateSpec', template(spec({ containers: [] }))),
  ['SkipValidatePodTemplateSpec', template(spec({ containers: [] })), template(spec({ dnsPolicy: 'x' })), []],
]

const uid = 'a-uid'
const oldLabels = { 'controller-uid': uid, 'job-name': 'n' }
const jobCases: readonly OldCase[] = [kept('AllowInvalidLabelValueInSelector', spec({ selector: among('-') }))]
const oldJobs: readonly OldCase[] = [
  [
    'RequirePrefixedLabels',
    {
      metadata: { uid, name: 'n', labels: oldLabels },
      spec: {
        manualSelector: false,
        selector: { matchLabels: { 'controller-uid': uid, a: undefined } },
        template: { metadata: { labels: { ...oldLabels, a: undefined } } },
      },
    },
    ELSEWHERE,
    [],
  ],
]

const cronCases: readonly OldCase[] = [
  kept('allowTZInSchedule', spec({ schedule: 'TZ=UTC 0 * * * *' })),
  ['allowTZInSchedule', spec({ schedule: 'TZ=UTC 0 * * * *' }), spec({ schedule: 'CRON_TZ=UTC 1 * * * *' }), []],
  [
    'allowTZInSchedule',
    spec({ schedule: 'TZ=UTC 0 * * * *' }),
    spec({ timeZone: 'Etc/UTC' }),
    ['spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule'],
  ],
  kept('validateTimeZone', spec({ timeZone: 'Old/Zone' })),
  [
    'validateTimeZone',
    spec({ timeZone: 'Old/Zone' }),
    spec({ timeZone: 'Other/Zone' }),
    ['spec.timeZone: Invalid value: "Other/Zone": unknown time zone Other/Zone'],
  ],
  kept('ValidateCronJobCreate', {
    metadata: { name: 'a-name-with-more-characters-than-fifty-two-so-that-jobs-would-be-too-long' },
  }),
]

const block = (cidr: string, ...except: readonly string[]): Change =>
  spec({ ingress: [{ from: [{ ipBlock: { cidr, except } }] }] })
const blockAt = 'spec.ingress[0].from[0].ipBlock'
const policyCases: readonly OldCase[] = [
  kept('AllowInvalidLabelValueInSelector', spec({ podSelector: among('-') })),
  ['AllowInvalidLabelValueInSelector', spec({ podSelector: among('-') }), spec({ podSelector: among('_') }), []],
  kept('AllowCIDRsEvenIfInvalid', block('010.0.0.0/8', '10.1.0.1/16')),
  [
    'AllowCIDRsEvenIfInvalid',
    block('010.0.0.0/8'),
    block('011.0.0.0/8'),
    [`${blockAt}.cidr: Invalid value: "011.0.0.0/8": ${CIDR_ZEROS}`],
  ],
  [
    'AllowCIDRsEvenIfInvalid',
    block('010.0.0.0/8'),
    block('010.0.0.0/8', '10.0.0.1/16', '11.0.0.0/16'),
    [
      `${blockAt}.except[0]: Invalid value: "10.0.0.1/16": must not have bits set beyond the prefix length`,
      `${blockAt}.except[1]: Invalid value: "11.0.0.0/16": must be a strict subset of \`cidr\``,
    ],
  ],
]

const budgetCases: readonly OldCase[] = [
  kept('AllowInvalidLabelValueInSelector', spec({ selector: among('-') })),
  ['AllowInvalidLabelValueInSelector', spec({ selector: among('-') }), spec({ selector: among('_') }), []],
  [
    'AllowInvalidLabelValueInSelector',
    spec({ selector: among('a') }),
    spec({ selector: among('_') }),
    [`spec.selector.matchExpressions[0].values[0]: Invalid value: "_": ${LABEL_VALUE}`],
  ],
]

const claimCases: readonly OldCase[] = [
  kept('AllowInvalidLabelValueInSelector', spec({ selector: among('-') })),
  kept(
    'AllowInvalidAPIGroupInDataSourceOrRef',
    spec({
      dataSource: { apiGroup: 'Not_A_Group', kind: 'K', name: 'n' },
      dataSourceRef: { apiGroup: 'Not_A_Group', kind: 'K', name: 'n' },
    }),
  ),
]
const required = (value: string) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: [value] }] }] },
})
const volumeCases: readonly OldCase[] = [
  kept('AllowInvalidLabelValueInRequiredNodeAffinity', spec({ nodeAffinity: required('-') })),
]

const nodeCases: readonly OldCase[] = [
  [
    'IsValidCIDRForLegacyField: no networks of nodes',
    spec({ podCIDR: '010.1.0.0/24', podCIDRs: ['010.1.0.0/24'] }),
    {},
    ['spec.podCIDRs[0]: Invalid value: "010.1.0.0/24": must not have leading 0s in IP or prefix length'],
  ],
]

const serviceCases: readonly OldCase[] = [
  kept('IsValidIPForLegacyField', spec({ externalIPs: ['010.1.1.1'] })),
  [
    'IsValidIPForLegacyField',
    spec({ externalIPs: ['010.1.1.1'] }),
    spec({ externalIPs: ['010.1.1.1', '011.1.1.1'] }),
    [`spec.externalIPs[1]: Invalid value: "011.1.1.1": ${ZEROS}`],
  ],
  kept(
    'IsValidCIDRForLegacyField',
    spec({ type: 'LoadBalancer', externalTrafficPolicy: 'Cluster', loadBalancerSourceRanges: ['010.0.0.0/8'] }),
  ),
  [
    'IsValidCIDRForLegacyField',
    spec({ type: 'LoadBalancer', externalTrafficPolicy: 'Cluster', loadBalancerSourceRanges: ['010.0.0.0/8'] }),
    spec({ loadBalancerSourceRanges: ['011.0.0.0/8'] }),
    [`spec.LoadBalancerSourceRanges[0]: Invalid value: "011.0.0.0/8": ${CIDR_ZEROS}`],
  ],
]

const address = (ip: string): Change => ({ subsets: [{ addresses: [{ ip }], ports: [{ port: 80, protocol: 'TCP' }] }] })
const endpointCases: readonly OldCase[] = [
  kept('ValidateEndpointsUpdate', address('010.1.1.1')),
  [
    'ValidateEndpointsUpdate',
    address('010.1.1.1'),
    address('011.1.1.1'),
    [`subsets[0].addresses[0].ip: Invalid value: "011.1.1.1": ${ZEROS}`],
  ],
]
const sliceCases: readonly OldCase[] = [
  kept('ValidateEndpointSliceUpdate', { endpoints: [{ addresses: ['010.1.1.1'] }] }),
  [
    'ValidateEndpointSliceUpdate',
    { endpoints: [{ addresses: ['010.1.1.1'] }] },
    { endpoints: [{ addresses: ['010.1.1.1'], hostname: 'a' }] },
    [`endpoints[0].addresses[0]: Invalid value: "010.1.1.1": ${ZEROS}`],
  ],
]

const wildcard = (paths: readonly Change[]): Change => spec({ rules: [{ host: '*.example.com', http: { paths } }] })
const ingressCases: readonly OldCase[] = [
  kept('AllowInvalidSecretName', spec({ tls: [{ secretName: 'Bad_Name' }] })),
  ['AllowInvalidSecretName', spec({ tls: [{ secretName: 'Bad_Name' }] }), spec({ tls: [{ secretName: '_' }] }), []],
  [
    'AllowInvalidSecretName',
    spec({ tls: [{ secretName: 'good' }] }),
    spec({ tls: [{ secretName: '_' }] }),
    [`spec.tls[0].secretName: Invalid value: "_": ${SUBDOMAIN}`],
  ],
  kept('AllowInvalidWildcardHostRule', wildcard([])),
  [
    'AllowInvalidWildcardHostRule',
    wildcard([]),
    spec({ rules: [{ host: 'example.com', http: { paths: [] } }] }),
    ['spec.rules[0].http.paths: Required value'],
  ],
]

const aggregated = (value: string): Change => ({ aggregationRule: { clusterRoleSelectors: [among(value)] } })
const NO_SELECTOR = 'aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid label selector.'
const roleCases: readonly OldCase[] = [
  // Only one of the two checks is lenient.
  ['AllowInvalidLabelValueInSelector', aggregated('-'), {}, [NO_SELECTOR]],
  ['AllowInvalidLabelValueInSelector', aggregated('-'), aggregated('_'), [NO_SELECTOR]],
]

const hook = {
  name: 'a.example.com',
  clientConfig: { url: 'https://example.com' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}
const hooks = (...changes: readonly Change[]): Change => ({
  webhooks: changes.map((change) => ({ ...hook, ...change })),
})
const conditions = (expression: string) => ({ matchConditions: [{ name: 'c', expression }] })
const hookCases: readonly OldCase[] = [
  kept('requireNoSideEffects', hooks({ sideEffects: 'Unknown' })),
  ['requireNoSideEffects', hooks({ sideEffects: 'Unknown' }), hooks({ sideEffects: 'Some' }), []],
  [
    'requireNoSideEffects',
    hooks({ sideEffects: 'None' }),
    hooks({ sideEffects: 'Some' }),
    ['webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
  ],
  kept('requireRecognizedAdmissionReviewVersion', hooks({ admissionReviewVersions: ['v9'] })),
  [
    'requireRecognizedAdmissionReviewVersion',
    hooks({}),
    hooks({ admissionReviewVersions: ['v9'] }),
    ['webhooks[0].admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1'],
  ],
  kept('requireUniqueWebhookNames', hooks({}, {})),
  ['requireUniqueWebhookNames', hooks({}), hooks({}, {}), ['webhooks[1].name: Duplicate value: "a.example.com"']],
  kept('allowInvalidLabelValueInSelector', hooks({ objectSelector: among('-') })),
  [
    'allowInvalidLabelValueInSelector',
    hooks({ objectSelector: among('-') }),
    hooks({ objectSelector: among('_') }),
    [],
  ],
  kept('ignoreMatchConditions', hooks(conditions('what is this'))),
  [
    'ignoreMatchConditions',
    hooks(conditions('what is this')),
    hooks(conditions('')),
    ['webhooks[0].matchConditions[0].expression: Required value'],
  ],
]

const policyOldCases: readonly OldCase[] = [
  kept('ignoreMatchConditions', spec(conditions('what is this'))),
  [
    'ignoreMatchConditions',
    spec(conditions('what is this')),
    spec(conditions('')),
    ['spec.matchConditions[0].expression: Required value'],
  ],
]

const external = { type: 'External', external: { metric: { name: 'm' }, target: { type: 'Value', value: '1' } } }
const target = (apiVersion: string, kind = 'Deployment') => ({ scaleTargetRef: { apiVersion, kind, name: 'n' } })
const GROUPLESS = 'spec.scaleTargetRef.apiVersion: Invalid value: "v2": apiVersion must specify API group'
const scalerCases: readonly OldCase[] = [
  kept('MinReplicasLowerBound', spec({ minReplicas: 0, metrics: [external] })),
  [
    'MinReplicasLowerBound',
    spec({ minReplicas: 0, metrics: [external] }),
    spec({ minReplicas: -1 }),
    ['spec.minReplicas: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [
    'MinReplicasLowerBound',
    spec({ minReplicas: 1, metrics: [external] }),
    spec({ minReplicas: 0 }),
    ['spec.minReplicas: Invalid value: 0: must be greater than or equal to 1'],
  ],
  kept('AllowInvalidAPIVersion', spec(target('v1'))),
  ['AllowInvalidAPIVersion', spec(target('v1')), spec(target('v2')), [GROUPLESS]],
  ['AllowEmptyAPIGroup', spec(target('v1')), spec(target('v2', 'ReplicationController')), []],
]

runTables(
  { resource: pods, base: spec({ containers: [container] }), old: podCases },
  {
    resource: deployments,
    base: spec({
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } },
    }),
    old: deploymentCases,
  },
  {
    resource: statefulsets,
    base: spec({
      selector: { matchLabels: { a: 'b' } },
      serviceName: 's',
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } },
    }),
    old: setCases,
  },
  {
    resource: jobs,
    base: spec({
      manualSelector: true,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { restartPolicy: 'Never', containers: [container] } },
    }),
    old: [...jobCases, ...oldJobs],
  },
  {
    resource: cronjobs,
    base: spec({
      schedule: '0 * * * *',
      jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } } },
    }),
    old: cronCases,
  },
  { resource: networkpolicies, base: spec({}), old: policyCases },
  { resource: poddisruptionbudgets, base: spec({ minAvailable: 1 }), old: budgetCases },
  {
    resource: persistentvolumeclaims,
    base: spec({ accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }),
    old: claimCases,
  },
  {
    resource: persistentvolumes,
    base: spec({ accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/data' } }),
    old: volumeCases,
  },
  { resource: nodes, base: spec({}), old: nodeCases },
  { resource: services, base: spec({ ports: [{ port: 80 }] }), old: serviceCases },
  { resource: endpoints, base: address('10.1.1.1'), old: endpointCases },
  {
    resource: endpointslices,
    base: { addressType: 'IPv4', endpoints: [{ addresses: ['10.1.1.1'] }] },
    old: sliceCases,
  },
  {
    resource: ingresses,
    base: spec({ defaultBackend: { service: { name: 's', port: { number: 80 } } } }),
    old: ingressCases,
  },
  { resource: clusterroles, base: { rules: [] }, old: roleCases },
  { resource: validatingwebhookconfigurations, base: hooks({}), old: hookCases },
  {
    resource: validatingadmissionpolicies,
    base: spec({
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      validations: [{ expression: 'true' }],
    }),
    old: policyOldCases,
  },
  {
    resource: horizontalpodautoscalersAutoscalingV2,
    base: spec({ maxReplicas: 3, ...target('apps/v1') }),
    old: scalerCases,
  },
)
