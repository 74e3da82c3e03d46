import { describe, expect, it } from 'vitest'
import type { NodeCondition, NodeSpec } from '../api/generated/core-v1.ts'
import { type ReadNode, unknownConditions, wantedTaints } from './node-health.ts'
import { evictionTime } from './taint-eviction.ts'

const now = '2026-01-01T00:00:00Z'
const node = (conditions: NodeCondition[], spec: NodeSpec = {}): ReadNode => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', uid: 'u', resourceVersion: '1', creationTimestamp: now },
  spec,
  status: { conditions },
})
const ids = (n: ReadNode) => wantedTaints(n, now).map((t) => `${t.key}:${t.effect}`)

describe('taints of a node', () => {
  it.each([
    ['ready', node([{ type: 'Ready', status: 'True' }]), []],
    [
      'not ready',
      node([{ type: 'Ready', status: 'False' }]),
      ['node.kubernetes.io/not-ready:NoSchedule', 'node.kubernetes.io/not-ready:NoExecute'],
    ],
    [
      'silent',
      node([{ type: 'Ready', status: 'Unknown' }]),
      ['node.kubernetes.io/unreachable:NoSchedule', 'node.kubernetes.io/unreachable:NoExecute'],
    ],
    [
      'ready again, with a taint of its own',
      node([{ type: 'Ready', status: 'True' }], {
        taints: [
          { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
          { key: 'mine', effect: 'NoSchedule' },
        ],
      }),
      ['mine:NoSchedule'],
    ],
    [
      'cordoned',
      node([{ type: 'Ready', status: 'True' }], { unschedulable: true }),
      ['node.kubernetes.io/unschedulable:NoSchedule'],
    ],
  ])('%s', (_name, n, expected) => {
    expect(ids(n)).toEqual(expected)
  })
})

describe('a silent node', () => {
  it('has conditions that say so, once', () => {
    const silent = unknownConditions(node([{ type: 'Ready', status: 'True' }]), now) ?? []
    expect(silent[0]).toMatchObject({
      type: 'Ready',
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    })
    expect(silent.slice(1).every((c) => c.reason === 'NodeStatusNeverUpdated')).toBe(true)
    expect(unknownConditions(node(silent), now)).toBeUndefined()
  })
})

describe('evictionTime', () => {
  const taint = { key: 'k', effect: 'NoExecute', timeAdded: now }
  const added = Date.parse(now)
  it.each([
    ['no toleration', [], added + 5],
    ['tolerated for ever', [{ key: 'k', operator: 'Exists' }], undefined],
    ['tolerated for a while', [{ key: 'k', operator: 'Exists', tolerationSeconds: 300 }], added + 300_000],
  ])('%s', (_name, tolerations, expected) => {
    expect(evictionTime(tolerations, [taint], added + 5)).toBe(expected)
  })
})
