// Keeps each ReplicationController's number of pods.

import { replicationcontrollers } from '../api/generated/resources.ts'
import { matchesLabels } from '../machinery/label-selector.ts'
import { replicaController } from './replica-manager.ts'

export const replicationController = replicaController({
  name: 'replication-controller',
  ref: replicationcontrollers,
  matches: (controller, pod) => {
    const selector = controller.spec.selector ?? {}
    return Object.keys(selector).length > 0 && matchesLabels(selector, pod.metadata.labels)
  },
  countsTerminating: false,
  siblings: (controller) => [controller],
})
