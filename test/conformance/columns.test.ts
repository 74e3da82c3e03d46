// What `kubectl get` prints of every kind: the columns and cells of upstream's tables.
// Rules: AddHandlers and the print functions of k8s.io/kubernetes/pkg/printers/internalversion/printers.go; for kinds
// without any, NewDefaultTableConvertor of k8s.io/apiserver/pkg/registry/rest; for API services, ConvertToTable of
// k8s.io/kube-aggregator/pkg/registry/apiservice/etcd.

import { describe, expect, it } from 'vitest'
import { tableOf } from '../../src/apiserver/http/table.ts'
import { makeEntry } from '../../src/apiserver/registry/entry.ts'
import type { Resource } from '../../src/apiserver/registry/resource.ts'
import { allResources } from '../../src/apiserver/resources/index.ts'

const NOW = Date.parse('2026-01-02T00:00:00Z')
const AT = '2026-01-01T23:55:00Z'
const hoursAgo = (hours: number) => new Date(NOW - hours * 3_600_000).toISOString().replace('.000', '')

/** Name, cell, and what the column is where it is no plain text: `integer`, `name`, `wide`, … */
type Cell = readonly [name: string, cell: unknown, is?: string]

interface Case {
  /** The upstream function. */
  readonly rule: string
  /** `deployments.apps` */
  readonly of: string
  readonly object: Record<string, unknown>
  readonly cells: readonly Cell[]
}

const resources = new Map(allResources().map((r) => [r.group === '' ? r.resource : `${r.resource}.${r.group}`, r]))

function resourceNamed(name: string): Resource {
  const found = resources.get(name)
  if (!found) throw new Error(`nothing is called ${name}`)
  return found
}

interface Table {
  columnDefinitions: { name: string; type: string; format: string; priority: number }[]
  rows: { cells: unknown[] }[]
}

function printed(of: string, given: Record<string, unknown>): Cell[] {
  const resource = resourceNamed(of)
  const metadata = { name: 'a', creationTimestamp: AT, ...(given.metadata as object | undefined) }
  const object = {
    ...(resource.hasSpec ? { spec: {} } : {}),
    ...(resource.hasStatus ? { status: {} } : {}),
    ...given,
    metadata,
  }
  const entry = makeEntry('/registry/a', Buffer.from(JSON.stringify(object)), 1)
  const options = { wrapperVersion: 'meta.k8s.io/v1', include: 'None', now: NOW, withColumns: true } as const
  const { columnDefinitions, rows } = tableOf(resource, [entry], {}, options) as Table
  return columnDefinitions.map(({ name, type, format, priority }, i) => {
    const is = [type === 'string' ? '' : type, format, priority > 0 ? 'wide' : ''].filter(Boolean).join(' ')
    const cell = rows[0]?.cells[i]
    return is === '' ? [name, cell] : [name, cell, is]
  })
}

const NAME: Cell = ['Name', 'a', 'name']
const AGE: Cell = ['Age', '5m']
const CREATED: Cell = ['Created At', AT, 'date']
const containers = [
  { name: 'web', image: 'nginx:1' },
  { name: 'log', image: 'fluent:2' },
]
const selector = {
  matchLabels: { app: 'web' },
  matchExpressions: [{ key: 'tier', operator: 'In', values: ['b', 'a'] }],
}
const template = {
  metadata: { labels: { b: '2', app: 'web' } },
  spec: { containers, nodeSelector: { b: '2', a: '1' } },
}
const WIDE: readonly Cell[] = [
  ['Containers', 'web,log', 'wide'],
  ['Images', 'nginx:1,fluent:2', 'wide'],
]
const SELECTOR: Cell = ['Selector', 'app=web,tier in (a,b)', 'wide']
const pair = (cells: readonly Cell[], name: string) => cells.find(([column]) => column === name)?.[1]

const cases: readonly Case[] = [
  {
    rule: 'printPod',
    of: 'pods',
    object: {
      spec: { nodeName: 'n1', containers, readinessGates: [{ conditionType: 'x/a' }, { conditionType: 'x/b' }] },
      status: {
        phase: 'Running',
        podIP: '10.0.0.1',
        podIPs: [{ ip: '10.0.0.1' }],
        conditions: [{ type: 'x/a', status: 'True' }],
        containerStatuses: [
          {
            name: 'web',
            ready: true,
            restartCount: 2,
            state: { running: {} },
            lastState: { terminated: { exitCode: 1, finishedAt: AT } },
          },
          { name: 'log', ready: false, restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } } },
        ],
      },
    },
    cells: [
      NAME,
      ['Ready', '1/2'],
      ['Status', 'CrashLoopBackOff'],
      ['Restarts', '3 (5m ago)'],
      AGE,
      ['IP', '10.0.0.1', 'wide'],
      ['Node', 'n1', 'wide'],
      ['Nominated Node', '<none>', 'wide'],
      ['Readiness Gates', '1/2', 'wide'],
    ],
  },
  {
    rule: 'printPodTemplate',
    of: 'podtemplates',
    object: { template },
    cells: [NAME, ['Containers', 'web,log'], ['Images', 'nginx:1,fluent:2'], ['Pod Labels', 'app=web,b=2']],
  },
  {
    rule: 'printPodDisruptionBudget',
    of: 'poddisruptionbudgets.policy',
    object: { spec: { minAvailable: '50%' }, status: { disruptionsAllowed: 2 } },
    cells: [NAME, ['Min Available', '50%'], ['Max Unavailable', 'N/A'], ['Allowed Disruptions', 2, 'integer'], AGE],
  },
  {
    rule: 'printReplicationController',
    of: 'replicationcontrollers',
    object: { spec: { replicas: 3, selector: { app: 'web' }, template }, status: { replicas: 2, readyReplicas: 1 } },
    cells: [
      NAME,
      ['Desired', 3, 'integer'],
      ['Current', 2, 'integer'],
      ['Ready', 1, 'integer'],
      AGE,
      ...WIDE,
      ['Selector', 'app=web', 'wide'],
    ],
  },
  {
    rule: 'printReplicaSet',
    of: 'replicasets.apps',
    object: { spec: { replicas: 3, selector, template }, status: { replicas: 2 } },
    cells: [
      NAME,
      ['Desired', 3, 'integer'],
      ['Current', 2, 'integer'],
      ['Ready', 0, 'integer'],
      AGE,
      ...WIDE,
      SELECTOR,
    ],
  },
  {
    rule: 'printDeployment',
    of: 'deployments.apps',
    object: {
      spec: { replicas: 3, selector, template },
      status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 },
    },
    cells: [NAME, ['Ready', '2/3'], ['Up-to-date', 3], ['Available', 1], AGE, ...WIDE, SELECTOR],
  },
  {
    rule: 'printStatefulSet',
    of: 'statefulsets.apps',
    object: { spec: { replicas: 3, selector, template }, status: { readyReplicas: 1 } },
    cells: [NAME, ['Ready', '1/3'], AGE, ...WIDE],
  },
  {
    rule: 'printDaemonSet',
    of: 'daemonsets.apps',
    object: {
      spec: { selector, template },
      status: {
        desiredNumberScheduled: 5,
        currentNumberScheduled: 4,
        numberReady: 3,
        updatedNumberScheduled: 2,
        numberAvailable: 1,
      },
    },
    cells: [
      NAME,
      ['Desired', 5, 'integer'],
      ['Current', 4, 'integer'],
      ['Ready', 3, 'integer'],
      ['Up-to-date', 2, 'integer'],
      ['Available', 1, 'integer'],
      ['Node Selector', 'a=1,b=2'],
      AGE,
      ...WIDE,
      SELECTOR,
    ],
  },
  {
    rule: 'printControllerRevision',
    of: 'controllerrevisions.apps',
    object: {
      revision: 7,
      metadata: { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', controller: true }] },
    },
    cells: [NAME, ['Controller', 'daemonset.apps/d'], ['Revision', 7], AGE],
  },
  {
    rule: 'printJob',
    of: 'jobs.batch',
    object: {
      spec: { completions: 3, selector, template },
      status: { succeeded: 1, startTime: hoursAgo(2), completionTime: hoursAgo(1) },
    },
    cells: [NAME, ['Status', 'Running'], ['Completions', '1/3'], ['Duration', '60m'], AGE, ...WIDE, SELECTOR],
  },
  {
    rule: 'printCronJob',
    of: 'cronjobs.batch',
    object: {
      spec: { schedule: '* * * * *', suspend: false, jobTemplate: { spec: { template } } },
      status: { active: [{}, {}], lastScheduleTime: hoursAgo(1) },
    },
    cells: [
      NAME,
      ['Schedule', '* * * * *'],
      ['Timezone', '<none>'],
      ['Suspend', 'False', 'boolean'],
      ['Active', 2, 'integer'],
      ['Last Schedule', '60m'],
      AGE,
      ...WIDE,
      ['Selector', '<none>', 'wide'],
    ],
  },
  {
    rule: 'printService',
    of: 'services',
    object: {
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.9',
        clusterIPs: ['10.96.0.9'],
        externalIPs: ['9.9.9.9'],
        ports: [
          { port: 80, protocol: 'TCP', nodePort: 30080 },
          { port: 53, protocol: 'UDP' },
        ],
        selector: { app: 'web' },
      },
      status: { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }, { ip: '1.2.3.4' }, { ip: '1.2.3.4' }] } },
    },
    cells: [
      NAME,
      ['Type', 'LoadBalancer'],
      ['Cluster-IP', '10.96.0.9'],
      ['External-IP', '1.2.3.4,lb.example.com,9.9.9.9'],
      ['Port(s)', '80:30080/TCP,53/UDP'],
      AGE,
      ['Selector', 'app=web', 'wide'],
    ],
  },
  {
    rule: 'printEndpoints',
    of: 'endpoints',
    object: {
      subsets: [
        { addresses: [{ ip: '10.0.0.1' }, { ip: 'fd00::2' }], ports: [{ port: 80 }, { port: 443 }] },
        { addresses: [{ ip: '10.0.0.3' }] },
      ],
    },
    cells: [NAME, ['Endpoints', '10.0.0.1:80,[fd00::2]:80,10.0.0.1:443 + 2 more...'], AGE],
  },
  {
    rule: 'printEndpointSlice',
    of: 'endpointslices.discovery.k8s.io',
    object: {
      addressType: 'IPv4',
      ports: [{ port: 80 }, { name: 'any' }],
      endpoints: [{ addresses: ['10.0.0.1', '10.0.0.2'] }, { addresses: ['10.0.0.3', '10.0.0.4'] }],
    },
    cells: [
      NAME,
      ['AddressType', 'IPv4'],
      ['Ports', '80,any'],
      ['Endpoints', '10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...'],
      AGE,
    ],
  },
  {
    rule: 'printIngress',
    of: 'ingresses.networking.k8s.io',
    object: {
      // The annotation is not looked at.
      metadata: { annotations: { 'kubernetes.io/ingress.class': 'old' } },
      spec: { rules: [{ host: 'a' }, { host: 'b' }, { host: 'c' }, {}, { host: 'd' }], tls: [{}] },
      status: { loadBalancer: { ingress: [{ hostname: 'z' }, { ip: '1.2.3.4' }] } },
    },
    cells: [
      NAME,
      ['Class', '<none>'],
      ['Hosts', 'a,b,c + 2 more...'],
      ['Address', '1.2.3.4,z'],
      ['Ports', '80, 443'],
      AGE,
    ],
  },
  {
    rule: 'printIngressClass',
    of: 'ingressclasses.networking.k8s.io',
    object: { spec: { controller: 'x.io/c', parameters: { apiGroup: 'x.io', kind: 'P', name: 'p' } } },
    cells: [NAME, ['Controller', 'x.io/c'], ['Parameters', 'P.x.io/p'], AGE],
  },
  {
    rule: 'printNetworkPolicy',
    of: 'networkpolicies.networking.k8s.io',
    object: { spec: { podSelector: selector } },
    cells: [NAME, ['Pod-Selector', 'app=web,tier in (a,b)'], AGE],
  },
  {
    rule: 'printServiceCIDR',
    of: 'servicecidrs.networking.k8s.io',
    object: { spec: { cidrs: ['10.0.0.0/16', 'fd00::/112'] } },
    cells: [NAME, ['CIDRs', '10.0.0.0/16,fd00::/112'], AGE],
  },
  {
    rule: 'printIPAddress',
    of: 'ipaddresses.networking.k8s.io',
    object: { spec: { parentRef: { group: 'X.io', resource: 'things', namespace: 'n', name: 't' } } },
    cells: [NAME, ['ParentRef', 'things.x.io/n/t']],
  },
  {
    rule: 'printNode',
    of: 'nodes',
    object: {
      metadata: { labels: { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/role': 'db' } },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'Unknown' }],
        addresses: [{ type: 'InternalIP', address: '10.0.0.9' }],
        nodeInfo: { kubeletVersion: 'v1.36.0', osImage: 'Debian', containerRuntimeVersion: 'containerd://2' },
      },
    },
    cells: [
      NAME,
      ['Status', 'NotReady,SchedulingDisabled'],
      ['Roles', 'db,worker'],
      AGE,
      ['Version', 'v1.36.0'],
      ['Internal-IP', '10.0.0.9', 'wide'],
      ['External-IP', '<none>', 'wide'],
      ['OS-Image', 'Debian', 'wide'],
      ['Kernel-Version', '<unknown>', 'wide'],
      ['Container-Runtime', 'containerd://2', 'wide'],
    ],
  },
  {
    rule: 'printEvent',
    of: 'events',
    object: {
      involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec.containers{c}' },
      type: 'Normal',
      reason: 'Started',
      message: ' hello\n',
      reportingComponent: 'kubelet',
      reportingInstance: 'n1',
      firstTimestamp: hoursAgo(5),
      lastTimestamp: hoursAgo(4),
      count: 3,
      series: { count: 9, lastObservedTime: hoursAgo(3) },
    },
    cells: [
      ['Last Seen', '3h'],
      ['Type', 'Normal'],
      ['Reason', 'Started'],
      ['Object', 'pod/p'],
      ['Subobject', 'spec.containers{c}', 'wide'],
      ['Source', 'kubelet, n1', 'wide'],
      ['Message', 'hello'],
      ['First Seen', '5h', 'wide'],
      ['Count', 9, 'wide'],
      ['Name', 'a', 'name wide'],
    ],
  },
  {
    rule: 'printNamespace',
    of: 'namespaces',
    object: { status: { phase: 'Active' } },
    cells: [NAME, ['Status', 'Active'], AGE],
  },
  {
    rule: 'printSecret',
    of: 'secrets',
    object: { type: 'Opaque', data: { a: 'YQ==' } },
    cells: [NAME, ['Type', 'Opaque'], ['Data', 1], AGE],
  },
  {
    rule: 'printConfigMap',
    of: 'configmaps',
    object: { data: { a: 'b' }, binaryData: { c: 'YQ==' } },
    cells: [NAME, ['Data', 2], AGE],
  },
  {
    rule: 'printServiceAccount',
    of: 'serviceaccounts',
    object: { secrets: [{ name: 's' }] },
    cells: [NAME, ['Secrets', 1], AGE],
  },
  {
    rule: 'printResourceQuota',
    of: 'resourcequotas',
    object: { status: { hard: { pods: '10', 'limits.cpu': '2000m', cpu: '1' }, used: { pods: '1' } } },
    cells: [NAME, ['Request', 'cpu: 0/1, pods: 1/10'], ['Limit', 'limits.cpu: 0/2'], AGE],
  },
  { rule: 'NewDefaultTableConvertor', of: 'limitranges', object: {}, cells: [NAME, CREATED] },
  {
    rule: 'printPersistentVolume',
    of: 'persistentvolumes',
    object: {
      metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'old' } },
      spec: {
        capacity: { storage: '1024Mi' },
        accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: { namespace: 'n', name: 'c' },
        storageClassName: 'new',
        volumeMode: 'Block',
      },
      status: { phase: 'Bound', reason: 'why' },
    },
    cells: [
      NAME,
      ['Capacity', '1Gi'],
      ['Access Modes', 'RWO,RWX'],
      ['Reclaim Policy', 'Retain'],
      ['Status', 'Bound'],
      ['Claim', 'n/c'],
      ['StorageClass', 'old'],
      ['VolumeAttributesClass', '<unset>'],
      ['Reason', 'why'],
      AGE,
      ['VolumeMode', 'Block', 'wide'],
    ],
  },
  {
    rule: 'printPersistentVolumeClaim',
    of: 'persistentvolumeclaims',
    object: {
      metadata: { deletionTimestamp: AT },
      spec: { volumeName: 'v', storageClassName: 'fast', volumeAttributesClassName: 'gold' },
      status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOncePod'] },
    },
    cells: [
      NAME,
      ['Status', 'Terminating'],
      ['Volume', 'v'],
      ['Capacity', '1Gi'],
      ['Access Modes', 'RWOP'],
      ['StorageClass', 'fast'],
      ['VolumeAttributesClass', 'gold'],
      AGE,
      ['VolumeMode', '<unset>', 'wide'],
    ],
  },
  {
    rule: 'printComponentStatus',
    of: 'componentstatuses',
    object: { conditions: [{ type: 'Healthy', status: 'False', message: '', error: 'gone' }] },
    cells: [NAME, ['Status', 'Unhealthy'], ['Message', ''], ['Error', 'gone']],
  },
  {
    rule: 'printHorizontalPodAutoscaler',
    of: 'horizontalpodautoscalers.autoscaling',
    object: {
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        maxReplicas: 4,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 80 } } },
          { type: 'External', external: { target: { averageValue: '1000m' } } },
          { type: 'Pods', pods: { target: { averageValue: '5' } } },
        ],
      },
      status: {
        currentReplicas: 2,
        currentMetrics: [{ type: 'Resource', resource: { current: { averageUtilization: 12 } } }],
      },
    },
    cells: [
      NAME,
      ['Reference', 'Deployment/web'],
      ['Targets', 'cpu: 12%/80%, <unknown>/1 (avg) + 1 more...'],
      ['MinPods', '1'],
      ['MaxPods', 4],
      ['Replicas', 2],
      AGE,
    ],
  },
  ...['roles', 'clusterroles'].map((of) => ({
    rule: 'NewDefaultTableConvertor',
    of: `${of}.rbac.authorization.k8s.io`,
    object: {},
    cells: [NAME, CREATED],
  })),
  ...['rolebindings', 'clusterrolebindings'].map((of) => ({
    rule: 'printRoleBinding, printClusterRoleBinding',
    of: `${of}.rbac.authorization.k8s.io`,
    object: {
      roleRef: { kind: 'ClusterRole', name: 'view' },
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'User', name: 'v' },
        { kind: 'Group', name: 'g' },
        { kind: 'ServiceAccount', namespace: 'n', name: 's' },
      ],
    },
    cells: [
      NAME,
      ['Role', 'ClusterRole/view'],
      AGE,
      ['Users', 'u, v', 'wide'],
      ['Groups', 'g', 'wide'],
      ['ServiceAccounts', 'n/s', 'wide'],
    ] satisfies Cell[],
  })),
  {
    rule: 'printCertificateSigningRequest',
    of: 'certificatesigningrequests.certificates.k8s.io',
    object: {
      spec: { signerName: 'x.io/s', username: 'me', expirationSeconds: 3600 },
      status: { conditions: [{ type: 'Approved' }, { type: 'Failed' }], certificate: 'YQ==' },
    },
    cells: [
      NAME,
      AGE,
      ['SignerName', 'x.io/s'],
      ['Requestor', 'me'],
      ['RequestedDuration', '60m'],
      ['Condition', 'Approved,Failed,Issued'],
    ],
  },
  {
    rule: 'printLease',
    of: 'leases.coordination.k8s.io',
    object: { spec: { holderIdentity: 'me' } },
    cells: [NAME, ['Holder', 'me'], AGE],
  },
  {
    rule: 'printStorageClass',
    of: 'storageclasses.storage.k8s.io',
    object: {
      metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'x.io/p',
      allowVolumeExpansion: true,
    },
    cells: [
      ['Name', 'a (default)', 'name'],
      ['Provisioner', 'x.io/p'],
      ['ReclaimPolicy', 'Delete'],
      ['VolumeBindingMode', 'Immediate'],
      ['AllowVolumeExpansion', true],
      AGE,
    ],
  },
  {
    rule: 'printVolumeAttributesClass',
    of: 'volumeattributesclasses.storage.k8s.io',
    object: {
      metadata: { annotations: { 'storage.alpha.kubernetes.io/is-default-class': 'true' } },
      driverName: 'x.io',
    },
    cells: [['Name', 'a (default)', 'name'], ['DriverName', 'x.io'], AGE],
  },
  {
    rule: 'printVolumeAttachment',
    of: 'volumeattachments.storage.k8s.io',
    object: {
      spec: { attacher: 'x.io', nodeName: 'n1', source: { persistentVolumeName: 'v' } },
      status: { attached: true },
    },
    cells: [NAME, ['Attacher', 'x.io', 'name'], ['PV', 'v'], ['Node', 'n1'], ['Attached', true, 'boolean'], AGE],
  },
  {
    rule: 'printCSINode',
    of: 'csinodes.storage.k8s.io',
    object: { spec: { drivers: [{}, {}] } },
    cells: [NAME, ['Drivers', 2, 'integer'], AGE],
  },
  {
    rule: 'printCSIDriver',
    of: 'csidrivers.storage.k8s.io',
    object: { spec: { podInfoOnMount: true, tokenRequests: [{ audience: 'x' }, { audience: 'y' }] } },
    cells: [
      NAME,
      ['AttachRequired', true, 'boolean'],
      ['PodInfoOnMount', true, 'boolean'],
      ['StorageCapacity', false, 'boolean'],
      ['TokenRequests', 'x,y'],
      ['RequiresRepublish', false, 'boolean'],
      ['Modes', '<none>'],
      AGE,
    ],
  },
  {
    rule: 'printCSIStorageCapacity',
    of: 'csistoragecapacities.storage.k8s.io',
    object: { storageClassName: 'fast', capacity: '2048Mi' },
    cells: [NAME, ['StorageClassName', 'fast'], ['Capacity', '2Gi']],
  },
  {
    rule: 'printPriorityClass',
    of: 'priorityclasses.scheduling.k8s.io',
    object: { value: 7, globalDefault: true, preemptionPolicy: 'Never' },
    cells: [NAME, ['Value', 7, 'integer'], ['Global-Default', true, 'boolean'], AGE, ['PreemptionPolicy', 'Never']],
  },
  {
    rule: 'printRuntimeClass',
    of: 'runtimeclasses.node.k8s.io',
    object: { handler: 'runc' },
    cells: [NAME, ['Handler', 'runc'], AGE],
  },
  ...['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'].map((of) => ({
    rule: 'printMutatingWebhook, printValidatingWebhook',
    of: `${of}.admissionregistration.k8s.io`,
    object: { webhooks: [{}, {}] },
    cells: [NAME, ['Webhooks', 2, 'integer'], AGE] satisfies Cell[],
  })),
  {
    rule: 'printValidatingAdmissionPolicy',
    of: 'validatingadmissionpolicies.admissionregistration.k8s.io',
    object: { spec: { validations: [{}], paramKind: { apiVersion: 'x.io/v1', kind: 'P' } } },
    cells: [NAME, ['Validations', 1, 'integer'], ['ParamKind', 'x.io/v1/P'], AGE],
  },
  {
    rule: 'printMutatingAdmissionPolicy',
    of: 'mutatingadmissionpolicies.admissionregistration.k8s.io',
    object: { spec: { mutations: [{}] } },
    cells: [NAME, ['Mutations', 1, 'integer'], ['ParamKind', '<unset>'], AGE],
  },
  {
    rule: 'printValidatingAdmissionPolicyBinding',
    of: 'validatingadmissionpolicybindings.admissionregistration.k8s.io',
    object: { spec: { policyName: 'p', paramRef: { name: 'x' } } },
    cells: [NAME, ['PolicyName', 'p'], ['ParamRef', '*/x'], AGE],
  },
  {
    rule: 'printMutatingAdmissionPolicyBinding',
    of: 'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
    object: { spec: { policyName: 'p', paramRef: { selector: { matchLabels: { a: 'b' } } } } },
    cells: [
      NAME,
      ['PolicyName', 'p'],
      [
        'ParamRef',
        '&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{},}',
      ],
      AGE,
    ],
  },
  {
    rule: 'printFlowSchema',
    of: 'flowschemas.flowcontrol.apiserver.k8s.io',
    object: {
      spec: {
        priorityLevelConfiguration: { name: 'l' },
        matchingPrecedence: 500,
        distinguisherMethod: { type: 'ByUser' },
      },
      status: { conditions: [{ type: 'Dangling', status: 'False' }] },
    },
    cells: [
      NAME,
      ['PriorityLevel', 'l'],
      ['MatchingPrecedence', 500],
      ['DistinguisherMethod', 'ByUser'],
      AGE,
      ['MissingPL', 'False'],
    ],
  },
  {
    rule: 'printPriorityLevelConfiguration',
    of: 'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
    object: {
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: 30,
          limitResponse: { queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } },
        },
      },
    },
    cells: [
      NAME,
      ['Type', 'Limited'],
      ['NominalConcurrencyShares', 30],
      ['Queues', 64],
      ['HandSize', 8],
      ['QueueLengthLimit', 50],
      AGE,
    ],
  },
  ...['deviceclasses', 'resourceclaimtemplates'].map((of) => ({
    rule: 'printDeviceClass, printResourceClaimTemplate',
    of: `${of}.resource.k8s.io`,
    object: {},
    cells: [NAME, AGE],
  })),
  {
    rule: 'printResourceClaim',
    of: 'resourceclaims.resource.k8s.io',
    object: { metadata: { deletionTimestamp: AT }, status: { allocation: {}, reservedFor: [{}] } },
    cells: [NAME, ['State', 'deleted,allocated,reserved'], AGE],
  },
  {
    rule: 'printResourceSlice',
    of: 'resourceslices.resource.k8s.io',
    object: { spec: { driver: 'x.io', pool: { name: 'p' } } },
    cells: [NAME, ['Node', ''], ['Driver', 'x.io'], ['Pool', 'p'], AGE],
  },
  {
    rule: 'NewDefaultTableConvertor',
    of: 'customresourcedefinitions.apiextensions.k8s.io',
    object: {},
    cells: [NAME, CREATED],
  },
  {
    rule: 'ConvertToTable of API services',
    of: 'apiservices.apiregistration.k8s.io',
    object: {
      spec: { service: { namespace: 'n', name: 's' } },
      status: { conditions: [{ type: 'Available', status: 'False', reason: 'MissingEndpoints' }] },
    },
    cells: [NAME, ['Service', 'n/s'], ['Available', 'False (MissingEndpoints)'], AGE],
  },
]

describe('print columns', () => {
  for (const { rule, of, object, cells } of cases) {
    it(`of ${of} (${rule})`, () => expect(printed(of, object)).toEqual(cells))
  }

  it('are pinned for every kind that is served', () => {
    expect([...resources.keys()].sort()).toEqual([...new Set(cases.map((c) => c.of))].sort())
  })
})

/** One cell of an object, for the branches of a print function. */
const cellCases: readonly [rule: string, of: string, object: Record<string, unknown>, column: string, cell: unknown][] =
  [
    [
      'printEvent: without a series the last time stamp',
      'events',
      { involvedObject: {}, lastTimestamp: hoursAgo(4) },
      'Last Seen',
      '4h',
    ],
    [
      'printEvent: no last time, so the first',
      'events',
      { involvedObject: {}, firstTimestamp: hoursAgo(5), eventTime: hoursAgo(3) },
      'Last Seen',
      '5h',
    ],
    [
      'printEvent: neither, so the event time',
      'events',
      { involvedObject: {}, eventTime: hoursAgo(3) },
      'First Seen',
      '3h',
    ],
    ['printEvent: a single event counts as one', 'events', { involvedObject: {} }, 'Count', 1],
    ['printEvent: a target without a name', 'events', { involvedObject: { kind: 'Node' } }, 'Object', 'node'],
    ['translateTimestampSince: no time', 'events', { involvedObject: {} }, 'Last Seen', '<unknown>'],
    [
      'formatEventSource: the source goes first',
      'events',
      { involvedObject: {}, source: { component: 'c' }, reportingComponent: 'r' },
      'Source',
      'c',
    ],
    ['getServiceExternalIP: ClusterIP', 'services', { spec: { type: 'ClusterIP' } }, 'External-IP', '<none>'],
    ['getServiceExternalIP: pending', 'services', { spec: { type: 'LoadBalancer' } }, 'External-IP', '<pending>'],
    [
      'getServiceExternalIP: ExternalName',
      'services',
      { spec: { type: 'ExternalName', externalName: 'x.io' } },
      'External-IP',
      'x.io',
    ],
    ['printService: no cluster address', 'services', { spec: { type: 'ExternalName' } }, 'Cluster-IP', '<none>'],
    ['printService: no ports', 'services', { spec: {} }, 'Port(s)', '<none>'],
    ['formatEndpoints: no subsets', 'endpoints', {}, 'Endpoints', '<none>'],
    [
      'formatEndpoints: nothing ready',
      'endpoints',
      { subsets: [{ notReadyAddresses: [{ ip: '10.0.0.1' }] }] },
      'Endpoints',
      '',
    ],
    [
      'formatEndpoints: no ports',
      'endpoints',
      { subsets: [{ addresses: [{ ip: '10.0.0.1' }] }] },
      'Endpoints',
      '10.0.0.1',
    ],
    ['formatDiscoveryPorts: any port', 'endpointslices.discovery.k8s.io', { ports: [{}] }, 'Ports', '*'],
    ['listWithMoreString: none', 'endpointslices.discovery.k8s.io', {}, 'Endpoints', '<unset>'],
    ['formatHosts: none', 'ingresses.networking.k8s.io', { spec: { rules: [{}] } }, 'Hosts', '*'],
    ['printBoolPtr: unset', 'cronjobs.batch', { spec: {} }, 'Suspend', '<unset>'],
    [
      'printJob: completed',
      'jobs.batch',
      { status: { conditions: [{ type: 'Complete', status: 'True' }] } },
      'Status',
      'Complete',
    ],
    [
      'printJob: failed',
      'jobs.batch',
      { status: { conditions: [{ type: 'Failed', status: 'True' }] } },
      'Status',
      'Failed',
    ],
    [
      'printJob: suspended',
      'jobs.batch',
      { status: { conditions: [{ type: 'Suspended', status: 'True' }] } },
      'Status',
      'Suspended',
    ],
    [
      'printJob: about to fail',
      'jobs.batch',
      { status: { conditions: [{ type: 'FailureTarget', status: 'True' }] } },
      'Status',
      'FailureTarget',
    ],
    ['printJob: going', 'jobs.batch', { metadata: { deletionTimestamp: AT } }, 'Status', 'Terminating'],
    [
      'printJob: a work queue',
      'jobs.batch',
      { spec: { parallelism: 4 }, status: { succeeded: 2 } },
      'Completions',
      '2/1 of 4',
    ],
    ['printJob: not started', 'jobs.batch', {}, 'Duration', ''],
    ['printNode: never heard of', 'nodes', {}, 'Status', 'Unknown'],
    ['printNode: no role', 'nodes', {}, 'Roles', '<none>'],
    ['printResourceClaim: waiting', 'resourceclaims.resource.k8s.io', {}, 'State', 'pending'],
    [
      'printResourceClaim: going',
      'resourceclaims.resource.k8s.io',
      { metadata: { deletionTimestamp: AT } },
      'State',
      'deleted',
    ],
    ['printComponentStatus: no condition', 'componentstatuses', {}, 'Status', 'Unknown'],
    [
      'printPersistentVolumeClaim: unbound',
      'persistentvolumeclaims',
      { spec: { resources: { requests: { storage: '1Gi' } } } },
      'Capacity',
      '',
    ],
    [
      'printPriorityLevelConfiguration: exempt',
      'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
      { spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 5 } } },
      'NominalConcurrencyShares',
      '<none>',
    ],
    ['ConvertToTable of API services: local', 'apiservices.apiregistration.k8s.io', {}, 'Service', 'Local'],
    ['ConvertToTable of API services: not known', 'apiservices.apiregistration.k8s.io', {}, 'Available', 'Unknown'],
    [
      'printHorizontalPodAutoscaler: no metrics',
      'horizontalpodautoscalers.autoscaling',
      { spec: { scaleTargetRef: {} } },
      'Targets',
      '<none>',
    ],
    ['printIPAddress: nobody has it', 'ipaddresses.networking.k8s.io', {}, 'ParentRef', '<none>'],
  ]

describe('cells', () => {
  for (const [rule, of, object, column, cell] of cellCases) {
    it(`${of}, ${rule}: ${JSON.stringify(cell)}`, () => expect(pair(printed(of, object), column)).toEqual(cell))
  }
})

const init = (name: string, more: object) => ({ name, restartCount: 0, ready: false, state: {}, ...more })
const done = { state: { terminated: { exitCode: 0, reason: 'Completed' } } }
const running = { ready: true, state: { running: {} } }
const initContainers = [{ name: 'i' }, { name: 'side', restartPolicy: 'Always' }]

/** printPod: READY, STATUS, RESTARTS. */
const podCases: readonly [
  title: string,
  pod: { metadata?: object; spec?: object; status: object },
  string,
  string,
  string,
][] = [
  ['without any status', { status: {} }, '0/1', '', '0'],
  ['its own reason', { status: { phase: 'Failed', reason: 'Evicted' } }, '0/1', 'Evicted', '0'],
  [
    'gated',
    { status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', reason: 'SchedulingGated' }] } },
    '0/1',
    'SchedulingGated',
    '0',
  ],
  [
    'the first init container runs',
    {
      spec: { initContainers },
      status: {
        initContainerStatuses: [
          init('i', { restartCount: 3 }),
          init('side', { ...running, started: true, restartCount: 9 }),
        ],
      },
    },
    '0/2',
    'Init:0/2',
    '3',
  ],
  [
    'an init container failed',
    {
      spec: { initContainers },
      status: { initContainerStatuses: [init('i', { state: { terminated: { exitCode: 2 } } })] },
    },
    '0/2',
    'Init:ExitCode:2',
    '0',
  ],
  [
    'an init container was killed',
    {
      spec: { initContainers },
      status: { initContainerStatuses: [init('i', { state: { terminated: { exitCode: 137, signal: 9 } } })] },
    },
    '0/2',
    'Init:Signal:9',
    '0',
  ],
  [
    'an init container waits',
    {
      spec: { initContainers },
      status: { initContainerStatuses: [init('i', { state: { waiting: { reason: 'ErrImagePull' } } })] },
    },
    '0/2',
    'Init:ErrImagePull',
    '0',
  ],
  [
    'after initialization restarts of init containers no longer count, those of sidecars do',
    {
      spec: { initContainers },
      status: {
        phase: 'Running',
        initContainerStatuses: [
          init('i', { ...done, restartCount: 4, lastState: { terminated: { finishedAt: AT } } }),
          init('side', { ...running, started: true, restartCount: 2 }),
        ],
        containerStatuses: [init('c', { ...running, restartCount: 1 })],
      },
    },
    '2/2',
    'Running',
    '3',
  ],
  [
    'a finished container beside one that runs',
    { status: { phase: 'Running', containerStatuses: [init('a', done), init('b', running)] } },
    '1/1',
    'NotReady',
    '0',
  ],
  [
    'a finished container beside one that runs, ready',
    {
      status: {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [init('a', done), init('b', running)],
      },
    },
    '1/1',
    'Running',
    '0',
  ],
  ['going', { metadata: { deletionTimestamp: AT }, status: { phase: 'Running' } }, '0/1', 'Terminating', '0'],
  [
    'going, and finished',
    { metadata: { deletionTimestamp: AT }, status: { phase: 'Succeeded' } },
    '0/1',
    'Succeeded',
    '0',
  ],
  [
    'going on a node that is lost',
    { metadata: { deletionTimestamp: AT }, status: { phase: 'Running', reason: 'NodeLost' } },
    '0/1',
    'Unknown',
    '0',
  ],
]

describe('pods (printPod)', () => {
  for (const [title, { metadata = {}, spec = {}, status }, ready, reason, restarts] of podCases) {
    it(`${title}: ${ready} ${reason} ${restarts}`, () => {
      const cells = printed('pods', { metadata, spec: { containers: [{ name: 'c' }], ...spec }, status })
      expect(['Ready', 'Status', 'Restarts'].map((name) => pair(cells, name))).toEqual([ready, reason, restarts])
    })
  }
})
