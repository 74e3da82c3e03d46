import { describe, expect, it } from 'vitest'
import type { Node, Pod, PodSpec } from '../api/generated/core-v1.ts'
import { VirtualClock } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { type ClusterView, chooseNode, describeFailure } from './framework.ts'
import { NodeInfo } from './node-info.ts'
import { plugins } from './plugins/index.ts'
import { planPreemption } from './preemption.ts'
import { SchedulingQueue } from './queue.ts'

const random = { next: () => 0, uuid: () => '' }
let uid = 0
const pod = (spec: Partial<PodSpec> = {}, labels: Record<string, string> = {}): DeepReadonly<Pod> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `p${++uid}`,
    namespace: 'default',
    uid: `u${uid}`,
    resourceVersion: '1',
    creationTimestamp: '',
    labels,
  },
  spec: { containers: [{ name: 'c' }], ...spec },
  status: {},
})
const asking = (cpu: string, more: Partial<PodSpec> = {}) =>
  pod({ ...more, containers: [{ name: 'c', resources: { requests: { cpu } } }] })
const node = (name: string, spec: Node['spec'] = {}, pods: DeepReadonly<Pod>[] = [], allocatable = {}) =>
  new NodeInfo(
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        uid: name,
        resourceVersion: '1',
        creationTimestamp: '',
        labels: { 'kubernetes.io/hostname': name, zone: name },
      },
      spec,
      status: { allocatable: { cpu: '2', memory: '4Gi', pods: '3', ...allocatable } },
    },
    pods,
  )
const view = (nodes: NodeInfo[]): ClusterView => ({
  nodes,
  namespaceLabels: () => ({}),
  defaultSelector: () => undefined,
})

function failure(p: DeepReadonly<Pod>, nodes: NodeInfo[]): string {
  const choice = chooseNode({ plugins, pod: p, cluster: view(nodes), random })
  return choice.node ? choice.node.name : describeFailure(nodes.length, choice.diagnosis.rejections.values())
}

const term = (app: string) => ({ labelSelector: { matchLabels: { app } }, topologyKey: 'zone' })

describe('choosing a node', () => {
  it.each([
    ['too little cpu', asking('1500m'), [node('a', {}, [asking('1')])], '0/1 nodes are available: 1 Insufficient cpu.'],
    ['too many pods', pod(), [node('a', {}, [pod(), pod(), pod()])], '0/1 nodes are available: 1 Too many pods.'],
    ['cordoned', pod(), [node('a', { unschedulable: true })], '0/1 nodes are available: 1 node(s) were unschedulable.'],
    [
      'a taint',
      pod(),
      [node('a', { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] })],
      '0/1 nodes are available: 1 node(s) had untolerated taint {k: v}.',
    ],
    [
      'a selector',
      pod({ nodeSelector: { disk: 'ssd' } }),
      [node('a'), node('b')],
      "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
    ],
    [
      'a port that is taken',
      pod({ containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] }),
      [node('a', {}, [pod({ containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] })])],
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    ],
    [
      'anti-affinity',
      pod({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('x')] } } }),
      [node('a', {}, [pod({}, { app: 'x' })])],
      "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.",
    ],
    ['no nodes', pod(), [], 'no nodes available to schedule pods'],
    ['the emptier node', asking('100m'), [node('a', {}, [asking('1')]), node('b')], 'b'],
    [
      'affinity',
      pod({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('x')] } } }),
      [node('a'), node('b', {}, [pod({}, { app: 'x' })])],
      'b',
    ],
    [
      'spreading',
      pod(
        {
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'zone',
              whenUnsatisfiable: 'DoNotSchedule',
              labelSelector: { matchLabels: { app: 'x' } },
            },
          ],
        },
        { app: 'x' },
      ),
      [node('a', {}, [pod({}, { app: 'x' })]), node('b')],
      'b',
    ],
  ])('%s', (_name, p, nodes, expected) => {
    expect(failure(p, nodes)).toBe(expected)
  })
})

describe('preemption', () => {
  const plan = (p: DeepReadonly<Pod>, nodes: NodeInfo[]) => {
    const choice = chooseNode({ plugins, pod: p, cluster: view(nodes), random })
    if (choice.node) throw new Error('fits')
    return planPreemption({
      pod: p,
      plugins,
      cluster: view(nodes),
      diagnosis: choice.diagnosis,
      violatesBudget: () => new Set(),
    })
  }
  it('takes the least important victims that suffice', () => {
    const low = asking('1', { priority: 1 })
    const lower = asking('1', { priority: 0 })
    const found = plan(asking('1', { priority: 10 }), [node('a', {}, [low, lower])])
    expect(found.candidate?.victims.map((v) => v.metadata.name)).toEqual([lower.metadata.name])
  })
  it('says when it is of no use', () => {
    const nodes = [node('a', {}, [asking('2')])]
    expect(plan(asking('1'), nodes)).toMatchObject({
      message: '0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    })
    expect(plan(asking('9'), nodes)).toMatchObject({
      message: '0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    })
  })
})

describe('the queue', () => {
  it('gives higher priority first, then age, and backs off', async () => {
    const clock = new VirtualClock()
    const queue = new SchedulingQueue(clock)
    const [first, second, urgent] = [pod(), pod(), pod({ priority: 5 })]
    for (const p of [first, second, urgent]) queue.add(p, false)
    const entry = queue.pop()
    expect(entry?.pod).toBe(urgent)
    expect(queue.pop()?.pod).toBe(first)
    if (!entry) return
    queue.unschedulable(entry, new Set(['NodeResourcesFit']))
    queue.changed((e) => e.rejectedBy.has('NodeResourcesFit'))
    expect(queue.counts()).toMatchObject({ backoff: 1 })
    await clock.advance(1000)
    expect(queue.pop()?.pod).toBe(urgent)
  })
})
