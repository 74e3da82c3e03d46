// Removes pods that nobody else removes: too many ended ones, those of nodes that are gone, those deleted before they were scheduled.

import { nodes as nodesRef, pods as podsRef } from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import { keyOf } from '../client/informer.ts'
import { formatTime } from '../machinery/clock.ts'
import { isReason } from '../machinery/errors.ts'
import { isPodTerminal, podCondition, type ReadPod } from './support/pods.ts'
import { timeOf } from './support/values.ts'

/** A node's absence must last this long before its pods are removed. */
const QUARANTINE_MS = 40_000
const TERMINATED = 'terminated'
const TERMINATED_DELAY_MS = 20_000
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service'

/** The ended pods beyond `threshold`, oldest first. */
function surplusTerminated(pods: readonly ReadPod[], threshold: number): ReadPod[] {
  const ended = pods.filter((p) => isPodTerminal(p) && p.metadata.deletionTimestamp === undefined)
  return ended
    .sort((a, b) => timeOf(a.metadata.creationTimestamp) - timeOf(b.metadata.creationTimestamp))
    .slice(0, Math.max(0, ended.length - threshold))
}

/** Makes the controller. `threshold` is how many ended pods may stay. */
export function podGarbageCollector(options: { threshold: number }): Controller {
  return {
    name: 'pod-garbage-collector-controller',
    setup({ client, informers, clock }, queue) {
      const pods = informers.informer(podsRef)
      const nodes = informers.informer(nodesRef)
      const missingSince = new Map<string, number>()
      pods.addIndex('node', (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []))
      let ended = 0
      const consider = (pod: ReadPod) => {
        const stuck = pod.metadata.deletionTimestamp !== undefined
        if ((!pod.spec.nodeName && stuck) || (pod.spec.nodeName && !nodes.get(pod.spec.nodeName))) queue.add(keyOf(pod))
        else if (stuck && pod.spec.nodeName) queue.add(keyOf(pod))
      }
      const countEnded = (change: number) => {
        ended += change
        if (ended > options.threshold) queue.addAfter(TERMINATED, TERMINATED_DELAY_MS)
      }
      pods.subscribe({
        add(pod) {
          if (isPodTerminal(pod)) countEnded(1)
          consider(pod)
        },
        update(previous, pod) {
          if (isPodTerminal(previous) !== isPodTerminal(pod)) countEnded(isPodTerminal(pod) ? 1 : -1)
          consider(pod)
        },
        delete(pod) {
          if (isPodTerminal(pod)) countEnded(-1)
        },
      })
      nodes.subscribe({
        add(node) {
          missingSince.delete(node.metadata.name)
        },
        update(_old, node) {
          if (!node.spec.taints?.some((t) => t.key === OUT_OF_SERVICE)) return
          for (const pod of pods.by('node', node.metadata.name)) queue.add(keyOf(pod))
        },
        delete(node) {
          for (const pod of pods.by('node', node.metadata.name)) queue.add(keyOf(pod))
        },
      })

      async function nodeExists(name: string): Promise<boolean> {
        if (nodes.get(name)) return true
        try {
          await client.get(nodesRef, { name })
          return true
        } catch (error) {
          if (isReason(error, 'NotFound')) return false
          throw error
        }
      }

      async function remove(pod: ReadPod, disruption?: string): Promise<void> {
        const { namespace, name, uid } = pod.metadata
        try {
          if (!isPodTerminal(pod)) {
            const conditions = disruption && !podCondition(pod, 'DisruptionTarget') ? [disrupted(disruption)] : []
            await client.patch(
              podsRef,
              { namespace, name },
              {
                type: 'strategic',
                subresource: 'status',
                patch: { metadata: { uid }, status: { phase: 'Failed', ...(conditions.length ? { conditions } : {}) } },
              },
            )
          }
          await client.delete(podsRef, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } })
        } catch (error) {
          if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
        }
      }

      function disrupted(message: string) {
        const time = formatTime(clock.now())
        return {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'DeletionByPodGC',
          message,
          lastTransitionTime: time,
        }
      }

      return {
        workers: 2,
        async reconcile(key) {
          if (key === TERMINATED) {
            for (const pod of surplusTerminated(pods.list(), options.threshold)) await remove(pod)
            return
          }
          const pod = pods.get(key)
          if (!pod) return
          const { nodeName } = pod.spec
          const deleting = pod.metadata.deletionTimestamp !== undefined
          if (!nodeName) {
            if (deleting) await remove(pod)
            return
          }
          const node = nodes.get(nodeName)
          if (node) {
            const out = node.spec.taints?.some((t) => t.key === OUT_OF_SERVICE)
            const ready = node.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')
            if (deleting && out && !ready) await remove(pod)
            return
          }
          // Without a node there is nobody to end the pod; but the node may only have been made anew.
          const since = missingSince.get(nodeName) ?? clock.now()
          missingSince.set(nodeName, since)
          const left = since + QUARANTINE_MS - clock.now()
          if (left > 0) return queue.addAfter(key, left)
          if (!(await nodeExists(nodeName))) await remove(pod, 'PodGC: node no longer exists')
        },
      }
    },
  }
}
