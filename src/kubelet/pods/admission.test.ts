import { describe, expect, it } from 'vitest'
import type { Pod } from '../../api/generated/core-v1.ts'
import { admitPod } from './admission.ts'

const pod = (requests: Record<string, string>, more: Partial<Pod['spec']> = {}, phase = 'Running'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'd', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
  spec: { containers: [{ name: 'a', image: 'i', resources: { requests } }], ...more },
  status: { phase },
})
const node = { allocatable: { cpu: '2', memory: '1Gi', pods: '3' }, labels: { disk: 'ssd' } }

describe('admission to a node', () => {
  it.each([
    ['what fits', pod({ cpu: '1500m', memory: '1Gi' }), [], undefined],
    [
      'too much cpu',
      pod({ cpu: '1500m' }),
      [pod({ cpu: '600m' })],
      "OutOfcpu: Pod was rejected: Node didn't have enough resource: cpu, requested: 1500, used: 600, capacity: 2000",
    ],
    [
      'too much memory',
      pod({ memory: '1Gi' }),
      [pod({ memory: '1Ki' })],
      "OutOfmemory: Pod was rejected: Node didn't have enough resource: memory, requested: 1073741824, used: 1024, capacity: 1073741824",
    ],
    ['beside finished pods', pod({ cpu: '2' }), [pod({ cpu: '2' }, {}, 'Succeeded')], undefined],
    [
      'one pod too many',
      pod({}),
      [pod({}), pod({}), pod({})],
      "OutOfpods: Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
    ],
    ['a matching selector', pod({}, { nodeSelector: { disk: 'ssd' } }), [], undefined],
    [
      'another selector',
      pod({}, { nodeSelector: { disk: 'hdd' } }),
      [],
      "NodeAffinity: Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    ],
  ])('%s', (_, p, others, expected) => {
    const rejection = admitPod(p, others, node)
    expect(rejection && `${rejection.reason}: ${rejection.message}`).toBe(expected)
  })
})
