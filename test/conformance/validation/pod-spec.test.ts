// What is refused in the specs of pods beyond containers and volumes. Rules: k8s.io/kubernetes/pkg/apis/core/validation.

import { pods } from '../../../src/api/generated/resources.ts'
import { type Case, type Change, runTables, type UpdateCase } from './support.ts'

const spec = (change: Change): Change => ({ spec: change })
const NAME_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'

const names: readonly Case[] = [
  [
    'validateRestartPolicy',
    spec({ restartPolicy: 'Sometimes' }),
    ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
  ],
  [
    'validateDNSPolicy',
    spec({ dnsPolicy: 'x' }),
    [
      'spec.dnsPolicy: Unsupported value: "x": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
    ],
  ],
  [
    'validatePodDNSConfig',
    spec({ dnsPolicy: 'None' }),
    ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
  ],
  [
    'validatePodDNSConfig',
    spec({ dnsPolicy: 'None', dnsConfig: {} }),
    ['spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None'],
  ],
  [
    'validatePodDNSConfig',
    spec({ dnsConfig: { nameservers: ['1.1.1.1', '2.2.2.2', '3.3.3.3', 'x'] } }),
    [
      'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","2.2.2.2","3.3.3.3","x"]: must not have more than 3 nameservers',
      `spec.dnsConfig.nameservers[3]: Invalid value: "x": ${ADDRESS}`,
    ],
  ],
  ['validatePodDNSConfig', spec({ dnsConfig: { searches: ['.', '_tcp.example.com.'] } }), []],
  [
    'validatePodDNSConfig',
    spec({ dnsConfig: { options: [{ value: 'a' }] } }),
    ['spec.dnsConfig.options[0]: Required value: must not be empty'],
  ],
  [
    'ValidateHostAliases',
    spec({ hostAliases: [{ ip: '010.0.0.1', hostnames: ['a'] }] }),
    ['spec.hostAliases[0].ip: Invalid value: "010.0.0.1": must not have leading 0s'],
  ],
  [
    'ValidatePodSpec',
    spec({ activeDeadlineSeconds: 0 }),
    ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
  ],
  ['ValidateDNS1123Label', spec({ hostname: 'a.b' }), ['spec.hostname: Invalid value: "a.b": must not contain dots']],
  [
    'validateReadinessGates',
    spec({ readinessGates: [{ conditionType: 'a b' }] }),
    [`spec.readinessGates[0].conditionType: Invalid value: "a b": ${NAME_RULE}`],
  ],
  [
    'validateSchedulingGates',
    spec({ schedulingGates: [{ name: 'a' }, { name: 'a' }] }),
    ['spec.schedulingGates[1]: Duplicate value: "a"'],
  ],
  [
    'ValidatePodCreate',
    spec({ schedulingGates: [{ name: 'a' }], nodeName: 'n' }),
    ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
  ],
  [
    'validateOS',
    spec({ os: { name: 'x' } }),
    ['spec.os: Unsupported value: "x": supported values: "linux", "windows"'],
  ],
  [
    'validateWindows',
    spec({ os: { name: 'windows' }, securityContext: { runAsUser: 1 } }),
    ['spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod'],
  ],
  [
    'validateLinux',
    spec({ os: { name: 'linux' }, securityContext: { windowsOptions: { runAsUserName: 'a' } } }),
    ['spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod'],
  ],
  [
    'validateHostUsers',
    spec({ hostUsers: false, hostPID: true }),
    ['spec.HostPID: Forbidden: when `hostUsers` is false'],
  ],
]

const tolerations: readonly Case[] = [
  [
    'ValidateTolerations',
    spec({ tolerations: [{ operator: 'Equal' }] }),
    [
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
  ],
  [
    'ValidateTolerations',
    spec({ tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] }),
    ['spec.tolerations[0].operator: Invalid value: "b": value must be empty when `operator` is \'Exists\''],
  ],
  [
    'ValidateTolerations',
    spec({ tolerations: [{ key: 'a', operator: 'In', effect: 'x' }] }),
    [
      'spec.tolerations[0].operator: Unsupported value: "In": supported values: "Equal", "Exists"',
      'spec.tolerations[0].effect: Unsupported value: "x": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ],
  ],
  [
    'ValidateTolerations',
    spec({ tolerations: [{ key: 'a', effect: 'NoSchedule', tolerationSeconds: 5 }] }),
    [
      'spec.tolerations[0].effect: Invalid value: "NoSchedule": effect must be \'NoExecute\' when `tolerationSeconds` is set',
    ],
  ],
]

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'
const nodes = (...nodeSelectorTerms: Change[]) =>
  spec({ affinity: { nodeAffinity: { [REQUIRED]: { nodeSelectorTerms } } } })
const term = `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`

const affinity: readonly Case[] = [
  ['ValidateNodeSelector', nodes(), [`${term}: Required value: must have at least one node selector term`]],
  [
    'ValidateNodeSelectorRequirement',
    nodes({ matchExpressions: [{ key: 'a', operator: 'In' }] }),
    [`${term}[0].matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`],
  ],
  [
    'ValidateNodeSelectorRequirement',
    nodes({ matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1', '2'] }] }),
    [
      `${term}[0].matchExpressions[0].values: Required value: must be specified single value when \`operator\` is 'Lt' or 'Gt'`,
    ],
  ],
  [
    'ValidateNodeFieldSelectorRequirement',
    nodes({ matchFields: [{ key: 'spec.x', operator: 'In', values: ['a'] }] }),
    [`${term}[0].matchFields[0].key: Invalid value: "spec.x": not a valid field selector key`],
  ],
  [
    'ValidatePreferredSchedulingTerms',
    spec({ affinity: { nodeAffinity: { [PREFERRED]: [{ weight: 101, preference: {} }] } } }),
    [`spec.affinity.nodeAffinity.${PREFERRED}[0].weight: Invalid value: 101: must be in the range 1-100`],
  ],
  [
    'validatePodAffinityTerm',
    spec({ affinity: { podAntiAffinity: { [REQUIRED]: [{ topologyKey: '' }] } } }),
    [
      `spec.affinity.podAntiAffinity.${REQUIRED}[0].topologyKey: Required value: can not be empty`,
      `spec.affinity.podAntiAffinity.${REQUIRED}[0].topologyKey: Invalid value: "": name part must be non-empty`,
      `spec.affinity.podAntiAffinity.${REQUIRED}[0].topologyKey: Invalid value: "": ${NAME_RULE}`,
    ],
  ],
]

const spread = (change: Change) =>
  spec({ topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule', ...change }] })
const spreadAt = 'spec.topologySpreadConstraints[0]'

const topology: readonly Case[] = [
  ['ValidateMaxSkew', spread({ maxSkew: 0 }), [`${spreadAt}.maxSkew: Invalid value: 0: must be greater than zero`]],
  ['ValidateTopologyKey', spread({ topologyKey: '' }), [`${spreadAt}.topologyKey: Required value: can not be empty`]],
  [
    'ValidateWhenUnsatisfiable',
    spread({ whenUnsatisfiable: 'x' }),
    [`${spreadAt}.whenUnsatisfiable: Unsupported value: "x": supported values: "DoNotSchedule", "ScheduleAnyway"`],
  ],
  [
    'validateMinDomains',
    spread({ whenUnsatisfiable: 'ScheduleAnyway', minDomains: 2 }),
    [
      `${spreadAt}.minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway`,
    ],
  ],
  [
    'validateNodeInclusionPolicy',
    spread({ nodeTaintsPolicy: 'x' }),
    [`${spreadAt}.nodeTaintsPolicy: Unsupported value: "x": supported values: "Honor", "Ignore"`],
  ],
  [
    'validateMatchLabelKeysInTopologySpread',
    spread({ matchLabelKeys: ['a'] }),
    [`${spreadAt}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`],
  ],
]

const secured = (securityContext: Change) => spec({ containers: [{ name: 'c', image: 'i', securityContext }] })
const contextAt = 'spec.containers[0].securityContext'
const INTERNAL = (change: Change) =>
  JSON.stringify({
    Capabilities: null,
    Privileged: null,
    SELinuxOptions: null,
    WindowsOptions: null,
    RunAsUser: null,
    RunAsGroup: null,
    RunAsNonRoot: null,
    ReadOnlyRootFilesystem: null,
    AllowPrivilegeEscalation: false,
    ProcMount: null,
    SeccompProfile: null,
    AppArmorProfile: null,
    ...change,
  })

const security: readonly Case[] = [
  [
    'ValidateSecurityContext',
    secured({ runAsUser: -1 }),
    [`${contextAt}.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive`],
  ],
  [
    'ValidateSecurityContext',
    secured({ privileged: true, allowPrivilegeEscalation: false }),
    [
      `${contextAt}: Invalid value: ${INTERNAL({ Privileged: true })}: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true`,
    ],
  ],
  [
    'ValidateProcMountType',
    secured({ procMount: 'Unmasked' }),
    [`${contextAt}.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``],
  ],
  [
    'validateSeccompProfileField',
    secured({ seccompProfile: { type: 'Localhost' } }),
    [`${contextAt}.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost`],
  ],
  [
    'validateSeccompProfileType',
    spec({ securityContext: { seccompProfile: { type: 'x' } } }),
    [
      'spec.securityContext.seccompProfile.type: Unsupported value: "x": supported values: "Localhost", "RuntimeDefault", "Unconfined"',
    ],
  ],
  [
    'ValidateAppArmorProfileField',
    secured({ appArmorProfile: { type: 'Localhost', localhostProfile: ' a' } }),
    [`${contextAt}.appArmorProfile.localhostProfile: Invalid value: " a": must not be padded with whitespace`],
  ],
  [
    'validateSysctls',
    spec({ hostNetwork: true, securityContext: { sysctls: [{ name: 'net.a', value: '1' }] } }),
    ['spec.securityContext.sysctls[0].name: Invalid value: "net.a": may not be specified when \'hostNetwork\' is true'],
  ],
  [
    'validateSysctls',
    spec({ securityContext: { sysctls: [{ name: 'A', value: '1' }] } }),
    [
      'spec.securityContext.sysctls[0].name: Invalid value: "A": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
    ],
  ],
  [
    'validateFSGroupChangePolicy',
    spec({ securityContext: { fsGroupChangePolicy: 'x' } }),
    ['spec.securityContext.fsGroupChangePolicy: Unsupported value: "x": supported values: "Always", "OnRootMismatch"'],
  ],
  [
    'validatePodSpecSecurityContext',
    spec({ hostPID: true, shareProcessNamespace: true }),
    [
      'spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled',
    ],
  ],
]

const claims: readonly Case[] = [
  [
    'validatePodResourceClaim',
    spec({ resourceClaims: [{ name: 'a' }] }),
    [
      'spec.resourceClaims[0]: Invalid value: {"Name":"a","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
    ],
  ],
  [
    'validatePodResourceName',
    spec({ resources: { limits: { 'ephemeral-storage': '1' } } }),
    [
      'spec.resources.limits[ephemeral-storage]: Unsupported value: "ephemeral-storage": supported values: "cpu", "hugepages-", "memory"',
    ],
  ],
]

const FORBIDDEN =
  'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'
const NODE_SELECTOR_DIFF = `
@@ -137,7 +137,9 @@
  "TerminationGracePeriodSeconds": 30,
  "ActiveDeadlineSeconds": null,
  "DNSPolicy": "ClusterFirst",
- "NodeSelector": null,
+ "NodeSelector": {
+  "a": "b"
+ },
  "ServiceAccountName": "default",
  "AutomountServiceAccountToken": null,
  "NodeName": "",
`
const selected = (values: string[]) => ({
  affinity: {
    nodeAffinity: {
      [REQUIRED]: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values }] }] },
    },
  },
})
const gated = { schedulingGates: [{ name: 'g' }] }

const updates: readonly UpdateCase[] = [
  ['ValidatePodUpdate', {}, spec({ nodeSelector: { a: 'b' } }), [FORBIDDEN + NODE_SELECTOR_DIFF]],
  [
    'ValidateContainerUpdates',
    {},
    spec({ containers: [] }),
    ['spec.containers: Required value', 'spec.containers: Forbidden: pod updates may not add or remove containers'],
  ],
  [
    'ValidatePodUpdate',
    spec({ activeDeadlineSeconds: 5 }),
    spec({ activeDeadlineSeconds: 6 }),
    ['spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value'],
  ],
  [
    'ValidatePodUpdate',
    spec({ activeDeadlineSeconds: 5 }),
    spec({ activeDeadlineSeconds: undefined }),
    ['spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value'],
  ],
  [
    'validateOnlyAddedTolerations',
    spec({ tolerations: [{ key: 'a', operator: 'Exists' }] }),
    spec({ tolerations: [] }),
    ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds'],
  ],
  [
    'validateOnlyDeletedSchedulingGates',
    {},
    spec({ schedulingGates: [{ name: 'x' }] }),
    ["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'x'"],
  ],
  ['ValidatePodUpdate', spec(gated), spec({ nodeSelector: { a: 'b' }, ...selected(['x']) }), []],
  [
    'validateNodeSelectorMutation',
    spec({ ...gated, nodeSelector: { a: 'b' } }),
    spec({ nodeSelector: { a: 'c' } }),
    [
      'spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
    ],
  ],
  [
    'validateNodeAffinityMutation',
    spec({ ...gated, ...selected(['x']) }),
    spec(selected(['y'])),
    [
      `${term}[0]: Invalid value: {"MatchExpressions":[{"Key":"a","Operator":"In","Values":["y"]}],"MatchFields":null}: only additions are allowed (no mutations or deletions)`,
    ],
  ],
]

runTables({
  resource: pods,
  base: { spec: { containers: [{ name: 'c', image: 'i' }] } },
  create: [...names, ...tolerations, ...affinity, ...topology, ...security, ...claims],
  update: updates,
})
