// READY, STATUS and RESTARTS of pods.
// Rules: AddHandlers and the print functions of k8s.io/kubernetes/pkg/printers/internalversion/printers.go.

import { describe, expect, it } from 'vitest'
import { AT, pair, printed } from './support.ts'

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
