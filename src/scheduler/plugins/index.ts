// All scheduling plugins, in the order in which they filter.

import type { SchedulingPlugin } from '../framework.ts'
import { imageLocality, nodeName, nodePorts, nodeUnschedulable, schedulingGates } from './basic.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'
import { nodeAffinity } from './node-affinity.ts'
import { nodeResourcesBalancedAllocation, nodeResourcesFit } from './node-resources.ts'
import { podTopologySpread } from './pod-topology-spread.ts'
import { taintToleration } from './taint-toleration.ts'

export const plugins: readonly SchedulingPlugin[] = [
  schedulingGates,
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  podTopologySpread,
  interPodAffinity,
  nodeResourcesBalancedAllocation,
  imageLocality,
]
