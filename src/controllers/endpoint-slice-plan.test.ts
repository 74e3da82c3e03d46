import { describe, expect, it } from 'vitest'
import type { EndpointSlice } from '../api/generated/discovery-v1.ts'
import { planSlices } from './endpoint-slice-plan.ts'

const endpoint = (n: number) => ({ addresses: [`10.0.0.${n}`], conditions: { ready: true } })
const ports = [{ name: 'http', port: 80, protocol: 'TCP' }]
const slice = (name: string, numbers: number[]): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '' },
  addressType: 'IPv4',
  ports,
  endpoints: numbers.map(endpoint),
})
const group = (numbers: number[]) => ({ addressType: 'IPv4', ports, endpoints: numbers.map(endpoint) })

describe('planSlices', () => {
  it.each([
    { name: 'nothing to do', existing: [[1, 2]], wanted: [1, 2], create: [], update: [], remove: [] },
    { name: 'fills a slice with room', existing: [[1]], wanted: [1, 2], create: [], update: [[1, 2]], remove: [] },
    { name: 'splits at the limit', existing: [], wanted: [1, 2, 3, 4], create: [3, 1], update: [], remove: [] },
    { name: 'drops what is gone', existing: [[1, 2]], wanted: [2], create: [], update: [[2]], remove: [] },
    { name: 'keeps one empty slice', existing: [[1]], wanted: [], create: [], update: [[]], remove: [] },
    { name: 'removes a duplicate', existing: [[1], [1]], wanted: [1], create: [], update: [], remove: ['s1'] },
  ])('$name', ({ existing, wanted, create, update, remove }) => {
    const plan = planSlices(
      existing.map((numbers, i) => slice(`s${i}`, numbers)),
      [group(wanted)],
      3,
    )
    expect(plan.create.map((g) => g.endpoints.length)).toEqual(create)
    expect(plan.update.map((u) => u.endpoints)).toEqual(update.map((numbers) => numbers.map(endpoint)))
    expect(plan.remove.map((s) => s.metadata.name)).toEqual(remove)
  })
})
