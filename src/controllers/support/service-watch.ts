// Wakes the services whose endpoints a pod's change may touch.

import type { Pod, Service } from '../../api/generated/core-v1.ts'
import { type Informer, keyOf } from '../../client/informer.ts'
import type { Workqueue } from '../../client/workqueue.ts'
import { matchesLabels } from '../../machinery/label-selector.ts'
import { isPodReady, isPodTerminal, type ReadPod } from './pods.ts'
import { sameValue } from './values.ts'

/** Queues a service when it changes, and when a pod it selects (or selected) changes in a way endpoints show. */
export function watchServices(services: Informer<Service>, pods: Informer<Pod>, queue: Workqueue): void {
  const selecting = (pod: ReadPod) => {
    for (const service of services.list(pod.metadata.namespace)) {
      const selector = service.spec.selector
      if (selector && Object.keys(selector).length > 0 && matchesLabels(selector, pod.metadata.labels)) {
        queue.add(keyOf(service))
      }
    }
  }
  services.subscribe({
    add: (s) => queue.add(keyOf(s)),
    update: (_old, s) => queue.add(keyOf(s)),
    delete: (s) => queue.add(keyOf(s)),
  })
  pods.subscribe({
    add: selecting,
    update(previous, pod) {
      const relabelled = !sameValue(previous.metadata.labels, pod.metadata.labels)
      if (!relabelled && !endpointsDiffer(previous, pod)) return
      if (relabelled) selecting(previous)
      selecting(pod)
    },
    delete: selecting,
  })
}

function endpointsDiffer(a: ReadPod, b: ReadPod): boolean {
  return (
    isPodReady(a) !== isPodReady(b) ||
    isPodTerminal(a) !== isPodTerminal(b) ||
    a.metadata.deletionTimestamp !== b.metadata.deletionTimestamp ||
    a.status.podIP !== b.status.podIP ||
    (a.status.podIPs?.length ?? 0) !== (b.status.podIPs?.length ?? 0) ||
    a.spec.nodeName !== b.spec.nodeName
  )
}
