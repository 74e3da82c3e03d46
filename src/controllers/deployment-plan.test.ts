import { describe, expect, it } from 'vitest'
import {
  planCurrent,
  planOld,
  planScale,
  type ReadDeployment,
  type ReadReplicaSet,
  rollingLimits,
} from './deployment-plan.ts'

const metadata = (name: string) => ({
  name,
  namespace: 'default',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '',
})
const deployment = (replicas: number, maxSurge: number | string, maxUnavailable: number | string): ReadDeployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: metadata('web'),
  spec: { replicas, selector: {}, template: {}, strategy: { rollingUpdate: { maxSurge, maxUnavailable } } },
  status: {},
})
const set = (name: string, replicas: number, availableReplicas = replicas, max?: number): ReadReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: {
    ...metadata(name),
    ...(max === undefined ? {} : { annotations: { 'deployment.kubernetes.io/max-replicas': String(max) } }),
  },
  spec: { replicas, selector: {} },
  status: { replicas, availableReplicas },
})
const sizes = (steps: { replicaSet: ReadReplicaSet; replicas: number }[]) =>
  Object.fromEntries(steps.map((s) => [s.replicaSet.metadata.name, s.replicas]))

describe('rolling limits', () => {
  it.each([
    [10, '25%', '25%', 3, 2],
    [4, 1, 0, 1, 0],
    [3, 0, '10%', 0, 1],
    [0, 0, 0, 0, 0],
  ])('of %i replicas with %s and %s', (replicas, surge, unavailable, maxSurge, maxUnavailable) => {
    expect(rollingLimits(deployment(replicas, surge, unavailable))).toEqual({ maxSurge, maxUnavailable })
  })
})

describe('a rolling update', () => {
  it('grows the new set within the surge', () => {
    expect(sizes(planCurrent(deployment(10, 3, 2), set('new', 0), [set('old', 10)]))).toEqual({ new: 3 })
    expect(sizes(planCurrent(deployment(10, 3, 2), set('new', 3), [set('old', 10)]))).toEqual({})
  })
  it('shrinks old sets as far as availability allows', () => {
    expect(sizes(planOld(deployment(10, 3, 2), set('new', 3, 0), [set('old', 10)]))).toEqual({ old: 8 })
    expect(sizes(planOld(deployment(10, 3, 2), set('new', 3, 3), [set('old', 8)]))).toEqual({ old: 5 })
  })
  it('removes pods that are not available first', () => {
    expect(sizes(planOld(deployment(10, 3, 2), set('new', 2, 0), [set('old', 11, 8)]))).toEqual({ old: 8 })
  })
})

describe('resizing during a rollout', () => {
  it('keeps the proportions', () => {
    const d = deployment(20, 0, 5)
    const steps = planScale(d, set('new', 5, 5, 10), [set('old', 5, 5, 10)])
    expect(sizes(steps)).toEqual({ new: 10, old: 10 })
  })
  it('goes to the only active set', () => {
    expect(sizes(planScale(deployment(4, 1, 0), set('new', 2), [set('old', 0)]))).toEqual({ new: 4 })
  })
})
