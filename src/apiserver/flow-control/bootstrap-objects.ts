// The flow schemas and priority levels that a cluster has from the start.
// Spec: https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#defaults

import type {
  FlowSchemaSpec,
  PolicyRulesWithSubjects,
  PriorityLevelConfigurationSpec,
  ResourcePolicyRule,
  Subject,
} from '../../api/generated/flowcontrol-v1.ts'

export interface Named<Spec> {
  readonly name: string
  readonly spec: Spec
  /** Kept as it is here whatever anyone writes; the others can be changed. */
  readonly mandatory: boolean
}

const MASTERS = 'system:masters'
const NODES = 'system:nodes'
const EVERYONE = ['system:unauthenticated', 'system:authenticated']

const group = (name: string): Subject => ({ kind: 'Group', group: { name } })
const user = (name: string): Subject => ({ kind: 'User', user: { name } })
const kubeSystemAccounts: Subject = { kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'kube-system' } }

const ALL_RESOURCES: ResourcePolicyRule = {
  verbs: ['*'],
  apiGroups: ['*'],
  resources: ['*'],
  clusterScope: true,
  namespaces: ['*'],
}

function everythingOf(subjects: Subject[]): PolicyRulesWithSubjects {
  return {
    subjects,
    resourceRules: [ALL_RESOURCES],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  }
}

function schema(
  name: string,
  level: string,
  matchingPrecedence: number,
  distinguisher: 'ByUser' | 'ByNamespace' | undefined,
  rules: PolicyRulesWithSubjects[],
): Named<FlowSchemaSpec> {
  const spec = {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence,
    ...(distinguisher ? { distinguisherMethod: { type: distinguisher } } : {}),
    rules,
  }
  return { name, spec, mandatory: name === 'exempt' || name === 'catch-all' }
}

const leases = (verbs: string[]): ResourcePolicyRule => ({
  verbs,
  apiGroups: ['coordination.k8s.io'],
  resources: ['leases'],
  namespaces: ['*'],
})

export const flowSchemas: readonly Named<FlowSchemaSpec>[] = [
  schema('exempt', 'exempt', 1, undefined, [everythingOf([group(MASTERS)])]),
  schema('probes', 'exempt', 2, undefined, [
    {
      subjects: EVERYONE.map(group),
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
    },
  ]),
  schema('system-leader-election', 'leader-election', 100, 'ByUser', [
    {
      subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler'), kubeSystemAccounts],
      resourceRules: [leases(['get', 'create', 'update'])],
    },
  ]),
  schema('system-node-high', 'node-high', 400, 'ByUser', [
    {
      subjects: [group(NODES)],
      resourceRules: [
        { verbs: ['*'], apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true, namespaces: ['*'] },
        leases(['*']),
      ],
    },
  ]),
  schema('system-nodes', 'system', 500, 'ByUser', [everythingOf([group(NODES)])]),
  schema('kube-controller-manager', 'workload-high', 800, 'ByNamespace', [
    everythingOf([user('system:kube-controller-manager')]),
  ]),
  schema('kube-scheduler', 'workload-high', 800, 'ByNamespace', [everythingOf([user('system:kube-scheduler')])]),
  schema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', [everythingOf([kubeSystemAccounts])]),
  schema('service-accounts', 'workload-low', 9000, 'ByUser', [everythingOf([group('system:serviceaccounts')])]),
  schema('global-default', 'global-default', 9900, 'ByUser', [everythingOf(EVERYONE.map(group))]),
  schema('catch-all', 'catch-all', 10000, 'ByUser', [everythingOf(EVERYONE.map(group))]),
]

function limited(
  name: string,
  nominalConcurrencyShares: number,
  lendablePercent: number,
  queuing?: { queues: number; handSize: number; queueLengthLimit: number },
): Named<PriorityLevelConfigurationSpec> {
  const limitResponse = queuing ? { type: 'Queue', queuing } : { type: 'Reject' }
  const spec = { type: 'Limited', limited: { nominalConcurrencyShares, lendablePercent, limitResponse } }
  return { name, spec, mandatory: name === 'catch-all' }
}

const QUEUES_64 = { queues: 64, handSize: 6, queueLengthLimit: 50 }
const QUEUES_128 = { queues: 128, handSize: 6, queueLengthLimit: 50 }

export const priorityLevels: readonly Named<PriorityLevelConfigurationSpec>[] = [
  {
    name: 'exempt',
    spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
    mandatory: true,
  },
  limited('catch-all', 5, 0),
  limited('system', 30, 33, QUEUES_64),
  limited('node-high', 40, 25, QUEUES_64),
  limited('leader-election', 10, 0, { queues: 16, handSize: 4, queueLengthLimit: 50 }),
  limited('workload-high', 40, 50, QUEUES_128),
  limited('workload-low', 100, 90, QUEUES_128),
  limited('global-default', 20, 50, QUEUES_128),
]
