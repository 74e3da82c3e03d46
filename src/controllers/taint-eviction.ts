// Deletes pods from nodes with NoExecute taints that they do not tolerate (or no longer).

import type { Taint, Toleration } from '../api/generated/core-v1.ts'
import { nodes as nodesRef, pods as podsRef } from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import { keyOf, splitKey } from '../client/informer.ts'
import { formatTime } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { tolerates } from '../machinery/node-match.ts'
import { isPodTerminal, type ReadPod } from './support/pods.ts'
import { sameValue, timeOf } from './support/values.ts'

/** When a pod must go: a time (ms), or `undefined` for never. */
export function evictionTime(
  tolerations: readonly DeepReadonly<Toleration>[],
  taints: readonly DeepReadonly<Taint>[],
  now: number,
): number | undefined {
  const times: number[] = []
  for (const taint of taints) {
    if (taint.effect !== 'NoExecute') continue
    const since = timeOf(taint.timeAdded) || now
    const tolerating = tolerations.filter((t) => tolerates(t, taint))
    if (tolerating.length === 0) return now
    const limited = tolerating.map((t) => t.tolerationSeconds).filter((s): s is number => s !== undefined)
    if (limited.length > 0) times.push(since + Math.max(0, Math.min(...limited)) * 1000)
  }
  return times.length === 0 ? undefined : Math.min(...times)
}

export const taintEvictionController: Controller = {
  name: 'taint-eviction-controller',
  setup({ client, informers, clock, events }, queue) {
    const nodes = informers.informer(nodesRef)
    const pods = informers.informer(podsRef)
    const marked = new Set<string>()
    pods.addIndex('node', (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []))
    const wakePod = (pod: ReadPod) => {
      if (pod.spec.nodeName) queue.add(keyOf(pod))
    }
    pods.subscribe({
      add: wakePod,
      update(previous, pod) {
        const moved = previous.spec.nodeName !== pod.spec.nodeName || previous.metadata.uid !== pod.metadata.uid
        if (moved || !sameValue(previous.spec.tolerations, pod.spec.tolerations)) wakePod(pod)
      },
      delete: (pod) => marked.delete(keyOf(pod)),
    })
    const wakeNode = (name: string) => {
      for (const pod of pods.by('node', name)) queue.add(keyOf(pod))
    }
    const noExecute = (taints: readonly DeepReadonly<Taint>[] | undefined) =>
      (taints ?? []).filter((t) => t.effect === 'NoExecute')
    nodes.subscribe({
      add: (node) => wakeNode(node.metadata.name),
      update(previous, node) {
        if (!sameValue(noExecute(previous.spec.taints), noExecute(node.spec.taints))) wakeNode(node.metadata.name)
      },
    })

    return {
      workers: 8,
      async reconcile(key) {
        const pod = pods.get(key)
        const node = pod?.spec.nodeName ? nodes.get(pod.spec.nodeName) : undefined
        if (!pod || !node || pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod)) return
        const target = { apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata }
        const now = clock.now()
        const due = evictionTime(pod.spec.tolerations ?? [], node.spec.taints ?? [], now)
        if (due === undefined) {
          if (marked.delete(key))
            events.event(target, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`)
          return
        }
        if (due > now) {
          marked.add(key)
          return queue.addAfter(key, due - now)
        }
        marked.delete(key)
        events.event(target, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`)
        const at = { ...splitKey(key) }
        try {
          await client.patch(podsRef, at, {
            type: 'strategic',
            subresource: 'status',
            patch: { metadata: { uid: pod.metadata.uid }, status: { conditions: [disruption(formatTime(now))] } },
          })
          await client.delete(podsRef, at, { preconditions: { uid: pod.metadata.uid } })
        } catch (error) {
          if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
        }
      },
    }
  },
}

function disruption(now: string) {
  return {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: now,
  }
}
