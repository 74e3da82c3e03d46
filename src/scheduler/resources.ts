// What pods ask for and what nodes offer, as plain numbers.

import type { Pod } from '../api/generated/core-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { quantityMilli, quantityValue } from '../machinery/quantity.ts'

export type ReadPod = DeepReadonly<Pod>

/** Amounts by resource name: cpu in thousandths, everything else in whole units. */
export type Amounts = Record<string, number>

/** Used for scoring when a container requests nothing, so that such pods spread too. */
const DEFAULT_MILLI_CPU = 100
const DEFAULT_MEMORY = 200 * 1024 * 1024

/** Reads a resource list of the API. */
export function readAmounts(list: Readonly<Record<string, string>> | undefined): Amounts {
  const out: Amounts = {}
  for (const name in list)
    out[name] = name === 'cpu' ? quantityMilli(list[name] ?? '0') : quantityValue(list[name] ?? '0')
  return out
}

/** Adds `change` (times `sign`) to `total` in place. */
export function addAmounts(total: Amounts, change: Amounts, sign: 1 | -1 = 1): void {
  for (const name in change) total[name] = (total[name] ?? 0) + sign * (change[name] ?? 0)
}

function raise(total: Amounts, other: Amounts): void {
  for (const name in other) total[name] = Math.max(total[name] ?? 0, other[name] ?? 0)
}

const requests = new WeakMap<object, Amounts>()
const nonZeroRequests = new WeakMap<object, Amounts>()

/**
 * What the pod needs: the sum of its containers and sidecars, or the largest init container with the sidecars
 * started before it, whichever is more; plus overhead. Pod-level requests win.
 */
export function podRequests(pod: ReadPod): Amounts {
  return cached(requests, pod, (list) => readAmounts(list))
}

/** The same with a small default for containers that request no cpu or memory; for scoring only. */
export function podRequestsNonZero(pod: ReadPod): Amounts {
  return cached(nonZeroRequests, pod, (list) => {
    const amounts = readAmounts(list)
    return { ...amounts, cpu: amounts.cpu ?? DEFAULT_MILLI_CPU, memory: amounts.memory ?? DEFAULT_MEMORY }
  })
}

function cached(
  cache: WeakMap<object, Amounts>,
  pod: ReadPod,
  read: (list: Readonly<Record<string, string>> | undefined) => Amounts,
): Amounts {
  const known = cache.get(pod.spec)
  if (known) return known
  const total: Amounts = {}
  for (const container of pod.spec.containers) addAmounts(total, read(container.resources?.requests))
  const sidecars: Amounts = {}
  const largestInit: Amounts = {}
  for (const container of pod.spec.initContainers ?? []) {
    const own = read(container.resources?.requests)
    if (container.restartPolicy === 'Always') {
      addAmounts(sidecars, own)
      addAmounts(total, own)
      raise(largestInit, sidecars)
    } else {
      addAmounts(own, sidecars)
      raise(largestInit, own)
    }
  }
  raise(total, largestInit)
  Object.assign(total, pod.spec.resources?.requests ? readAmounts(pod.spec.resources.requests) : {})
  addAmounts(total, readAmounts(pod.spec.overhead))
  cache.set(pod.spec, total)
  return total
}
