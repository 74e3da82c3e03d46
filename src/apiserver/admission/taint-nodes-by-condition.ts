// TaintNodesByCondition: a new node takes no pods before it has said that it is ready.
// Spec: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-nodes-by-condition

import type { Node } from '../../api/generated/core-v1.ts'
import type { AdmissionPlugin } from './admission.ts'

const KEY = 'node.kubernetes.io/not-ready'

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  admit({ operation, resource, subresource, object }) {
    if (operation !== 'CREATE' || subresource !== '' || resource.group !== '' || resource.resource !== 'nodes') return
    const { spec } = object as unknown as Node
    const taints = spec.taints ?? []
    if (taints.some(({ key, effect }) => key === KEY && effect === 'NoSchedule')) return
    spec.taints = [...taints, { key: KEY, effect: 'NoSchedule' }]
  },
}
