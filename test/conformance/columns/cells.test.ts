// Cells of single objects, for the branches of print functions.
// Rules: AddHandlers and the print functions of k8s.io/kubernetes/pkg/printers/internalversion/printers.go.

import { describe, expect, it } from 'vitest'
import { AT, hoursAgo, pair, printed } from './support.ts'

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
