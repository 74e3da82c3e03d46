// The simple plugins: gates, cordons, named nodes, host ports, images.

import { tolerates } from '../../machinery/node-match.ts'
import { MAX_SCORE, type SchedulingPlugin } from '../framework.ts'
import { hostPorts } from '../node-info.ts'

/** Keeps pods with scheduling gates out of the queue. */
export const schedulingGates: SchedulingPlugin = {
  name: 'SchedulingGates',
  wakes: ['pod-update'],
  gate(pod) {
    const gates = (pod.spec.schedulingGates ?? []).map((g) => g.name)
    return gates.length === 0 ? undefined : `waiting for scheduling gates: [${gates.join(' ')}]`
  },
}

/** Respects `kubectl cordon`. */
export const nodeUnschedulable: SchedulingPlugin = {
  name: 'NodeUnschedulable',
  wakes: ['node-add', 'node-taint', 'pod-update'],
  filter(pod) {
    const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }
    const tolerated = (pod.spec.tolerations ?? []).some((t) => tolerates(t, taint))
    if (tolerated) return undefined
    return ({ node }) =>
      node.spec.unschedulable ? { reasons: ['node(s) were unschedulable'], unresolvable: true } : undefined
  },
}

/** A pod that names its node goes there or nowhere. */
export const nodeName: SchedulingPlugin = {
  name: 'NodeName',
  wakes: ['node-add'],
  filter(pod) {
    const wanted = pod.spec.nodeName
    if (!wanted) return undefined
    return ({ name }) =>
      name === wanted ? undefined : { reasons: ["node(s) didn't match the requested node name"], unresolvable: true }
  },
}

/** Two pods cannot have the same host port. */
export const nodePorts: SchedulingPlugin = {
  name: 'NodePorts',
  wakes: ['node-add', 'pod-delete'],
  filter(pod) {
    if (hostPorts(pod).length === 0) return undefined
    return (node) =>
      node.hasPortConflict(pod)
        ? { reasons: ["node(s) didn't have free ports for the requested pod ports"] }
        : undefined
  },
}

const MB = 1024 * 1024
const MIN_IMAGE = 23 * MB
const MAX_IMAGE_PER_CONTAINER = 1000 * MB

/** Prefers nodes that have the images already, counting images that many nodes have for more. */
export const imageLocality: SchedulingPlugin = {
  name: 'ImageLocality',
  wakes: [],
  weight: 1,
  score(pod, _feasible, cluster) {
    const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
    const images = containers.map((c) => normalizedImage(c.image ?? ''))
    const spread = new Map<string, number>()
    for (const image of images) {
      const having = cluster.nodes.filter((n) => n.imageSizes.has(image)).length
      if (having > 0) spread.set(image, having / cluster.nodes.length)
    }
    if (spread.size === 0) return undefined
    const most = MAX_IMAGE_PER_CONTAINER * containers.length
    return {
      of(node) {
        let sum = 0
        for (const image of images) sum += Math.floor((node.imageSizes.get(image) ?? 0) * (spread.get(image) ?? 0))
        const clamped = Math.min(Math.max(sum, MIN_IMAGE), most)
        return Math.floor((MAX_SCORE * (clamped - MIN_IMAGE)) / (most - MIN_IMAGE))
      },
    }
  },
}

/** An image name as nodes report it: with a tag. */
function normalizedImage(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') && !name.includes('@') ? `${name}:latest` : name
}
