// What is refused of roles and bindings. Rules: k8s.io/kubernetes/pkg/apis/rbac/validation.

import { clusterrolebindings, clusterroles, rolebindings, roles } from '../../../src/api/generated/resources.ts'
import { type Case, type Change, runTables, type UpdateCase } from './support.ts'

const GROUP = 'rbac.authorization.k8s.io'
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const OF_BOTH = 'rules cannot apply to both regular resources and non-resource URLs'

const rule = (change: Change): Change => ({
  rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], ...change }],
})
const urls = { apiGroups: undefined, resources: undefined, nonResourceURLs: ['/a'] }

const ofBoth: readonly Case[] = [
  ['ValidatePolicyRule', rule({ resources: ['pods', 'secrets'], resourceNames: ['a'] }), []],
  [
    'ValidatePolicyRule',
    rule({ verbs: [] }),
    ['rules[0].verbs: Required value: verbs must contain at least one value'],
  ],
  [
    'ValidatePolicyRule',
    rule({ apiGroups: [], resources: [] }),
    [
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[0].resources: Required value: resource rules must supply at least one resource',
    ],
  ],
  ['ValidateRole', { metadata: { name: 'a:b/c' } }, ['metadata.name: Invalid value: "a:b/c": may not contain \'/\'']],
]

const inNamespace: readonly Case[] = [
  ...ofBoth,
  [
    'ValidatePolicyRule',
    rule({ nonResourceURLs: ['/a'] }),
    [
      'rules[0].nonResourceURLs: Invalid value: ["/a"]: namespaced rules cannot apply to non-resource URLs',
      `rules[0].nonResourceURLs: Invalid value: ["/a"]: ${OF_BOTH}`,
    ],
  ],
]

const inCluster: readonly Case[] = [
  ...ofBoth,
  ['ValidatePolicyRule', { rules: [{ verbs: ['get'], ...urls }] }, []],
  [
    'ValidatePolicyRule',
    rule({ nonResourceURLs: ['/a'] }),
    [`rules[0].nonResourceURLs: Invalid value: ["/a"]: ${OF_BOTH}`],
  ],
  [
    'ValidateClusterRole',
    { aggregationRule: {} },
    [
      'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
    ],
  ],
  [
    'ValidateLabelSelector',
    { aggregationRule: { clusterRoleSelectors: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }] } },
    [
      "aggregationRule.clusterRoleSelectors[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      'aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid label selector.',
    ],
  ],
]

const subject = (...subjects: readonly Change[]): Change => ({ subjects })
const account = { kind: 'ServiceAccount', name: 'a' }

const bindings = (kinds: readonly string[]): readonly Case[] => [
  ['ValidateRoleBinding', subject({ kind: 'User', name: 'a' }, { kind: 'Group', name: 'a:b' }), []],
  [
    'ValidateRoleBinding',
    { roleRef: { apiGroup: 'x', kind: 'x', name: '' } },
    [
      `roleRef.apiGroup: Unsupported value: "x": supported values: "${GROUP}"`,
      `roleRef.kind: Unsupported value: "x": supported values: ${kinds.map((kind) => `"${kind}"`).join(', ')}`,
      'roleRef.name: Required value',
    ],
  ],
  [
    'minimalNameRequirements',
    { roleRef: { name: 'a%' } },
    ['roleRef.name: Invalid value: "a%": may not contain \'%\''],
  ],
  [
    'ValidateRoleBindingSubject',
    subject({ kind: 'User', name: '', apiGroup: 'x' }, { kind: 'Group', name: '' }, { kind: 'x', name: 'a' }),
    [
      'subjects[0].name: Required value',
      `subjects[0].apiGroup: Unsupported value: "x": supported values: "${GROUP}"`,
      'subjects[1].name: Required value',
      'subjects[2].kind: Unsupported value: "x": supported values: "ServiceAccount", "User", "Group"',
    ],
  ],
  [
    'ValidateRoleBindingSubject',
    subject({ ...account, name: 'A', namespace: 'a', apiGroup: 'x' }),
    [
      `subjects[0].name: Invalid value: "A": ${SUBDOMAIN}`,
      'subjects[0].apiGroup: Unsupported value: "x": supported values: ""',
    ],
  ],
]

const bindingChanges: readonly UpdateCase[] = [
  ['ValidateRoleBindingUpdate', {}, subject({ kind: 'User', name: 'a' }), []],
  [
    'ValidateRoleBindingUpdate',
    {},
    { roleRef: { name: 'b' } },
    [`roleRef: Invalid value: {"APIGroup":"${GROUP}","Kind":"ClusterRole","Name":"b"}: cannot change roleRef`],
  ],
]

const binding = { roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'a' } }

runTables(
  { resource: roles, base: {}, create: inNamespace },
  { resource: clusterroles, base: {}, create: inCluster },
  {
    resource: rolebindings,
    base: binding,
    create: [...bindings(['Role', 'ClusterRole']), ['ValidateRoleBindingSubject', subject(account), []]],
    update: bindingChanges,
  },
  {
    resource: clusterrolebindings,
    base: binding,
    create: [
      ...bindings(['ClusterRole']),
      ['ValidateRoleBindingSubject', subject(account), ['subjects[0].namespace: Required value']],
    ],
    update: bindingChanges,
  },
)
