// Keeps each ReplicaSet's number of pods.

import { replicasets } from '../api/generated/resources.ts'
import { matchesLabelSelector } from '../machinery/label-selector.ts'
import { replicaController } from './replica-manager.ts'
import { controllerOf } from './support/owners.ts'

export const replicaSetController = replicaController({
  name: 'replicaset-controller',
  ref: replicasets,
  matches: (set, pod) => matchesLabelSelector(set.spec.selector, pod.metadata.labels),
  countsTerminating: true,
  siblings(set, lister) {
    const controller = controllerOf(set)
    if (!controller) return [set]
    return lister.list(set.metadata.namespace).filter((other) => controllerOf(other)?.uid === controller.uid)
  },
})
