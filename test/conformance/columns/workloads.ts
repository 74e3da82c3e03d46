// What `kubectl get` prints of workloads and of what leads to them.
// Rules: AddHandlers and the print functions of k8s.io/kubernetes/pkg/printers/internalversion/printers.go.

import { AGE, AT, type Case, containers, hoursAgo, NAME, SELECTOR, selector, template, WIDE } from './support.ts'

export const workloadCases: readonly Case[] = [
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
]
