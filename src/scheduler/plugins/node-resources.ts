// Room on the node: nothing is promised twice; emptier and better balanced nodes are preferred.

import { MAX_SCORE, type SchedulingPlugin } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import { podRequests, podRequestsNonZero } from '../resources.ts'

const SCORED = ['cpu', 'memory'] as const

export const nodeResourcesFit: SchedulingPlugin = {
  name: 'NodeResourcesFit',
  wakes: ['node-add', 'node-allocatable', 'pod-delete', 'pod-update'],
  weight: 1,
  filter(pod) {
    const wanted = Object.entries(podRequests(pod)).filter(([name, amount]) => amount > 0 && name !== 'pods')
    return (node) => {
      const reasons: string[] = []
      let unresolvable = false
      if (node.pods.size + 1 > (node.allocatable.pods ?? 0)) reasons.push('Too many pods')
      for (const [name, amount] of wanted) {
        const capacity = node.allocatable[name] ?? 0
        if (amount <= capacity - (node.requested[name] ?? 0)) continue
        reasons.push(`Insufficient ${name}`)
        // More than the whole node has: no other pod's leaving would help.
        if (amount > capacity) unresolvable = true
      }
      return reasons.length === 0 ? undefined : { reasons, unresolvable }
    }
  },
  score(pod) {
    const wanted = podRequestsNonZero(pod)
    return {
      of(node) {
        let sum = 0
        let counted = 0
        for (const name of SCORED) {
          const capacity = node.allocatable[name] ?? 0
          if (capacity === 0) continue
          counted += 1
          const used = (node.requestedNonZero[name] ?? 0) + (wanted[name] ?? 0)
          if (used <= capacity) sum += Math.floor(((capacity - used) * MAX_SCORE) / capacity)
        }
        return counted === 0 ? 0 : Math.floor(sum / counted)
      },
    }
  },
}

export const nodeResourcesBalancedAllocation: SchedulingPlugin = {
  name: 'NodeResourcesBalancedAllocation',
  wakes: [],
  weight: 1,
  score(pod) {
    const wanted = podRequests(pod)
    // A pod that asks for nothing changes no balance.
    if (SCORED.every((name) => !wanted[name])) return undefined
    const balance = (node: NodeInfo) => {
      const fractions = SCORED.filter((name) => node.allocatable[name]).map((name) =>
        Math.min(1, ((node.requested[name] ?? 0) + (wanted[name] ?? 0)) / (node.allocatable[name] ?? 1)),
      )
      return Math.floor((1 - deviation(fractions)) * MAX_SCORE)
    }
    return { of: balance }
  },
}

function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length)
}
