// Lets deleted claims and volumes go as soon as nothing uses them: a pod a claim, a claim a volume.
// Spec: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection

import type { PersistentVolumeClaim, Pod } from '../api/generated/core-v1.ts'
import {
  persistentvolumeclaims as claimsRef,
  pods as podsRef,
  persistentvolumes as volumesRef,
} from '../api/generated/resources.ts'
import type { ResourceRef } from '../api/resource-ref.ts'
import type { Client } from '../client/client.ts'
import type { Controller } from '../client/controller.ts'
import { keyOf, splitKey } from '../client/informer.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'

const CLAIM_FINALIZER = 'kubernetes.io/pvc-protection'
const VOLUME_FINALIZER = 'kubernetes.io/pv-protection'

interface Protected {
  readonly metadata: DeepReadonly<{
    name: string
    namespace?: string
    resourceVersion: string
    deletionTimestamp?: string
    finalizers?: string[]
  }>
}

/** Adds the finalizer to what stays, and takes it from what is deleted and not used. */
async function settle<T extends Protected>(
  client: Client,
  ref: ResourceRef<T>,
  object: T | DeepReadonly<T>,
  finalizer: string,
  isUsed: () => Promise<boolean>,
): Promise<void> {
  const { metadata } = object
  const { finalizers = [] } = metadata
  const has = finalizers.includes(finalizer)
  const deleted = metadata.deletionTimestamp !== undefined
  if (deleted ? !has || (await isUsed()) : has) return
  const next = deleted ? finalizers.filter((name) => name !== finalizer) : [...finalizers, finalizer]
  try {
    await client.update(ref, { ...object, metadata: { ...metadata, finalizers: next } })
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error
  }
}

/** Names of the claims that a pod uses; none before it has a node, as no kubelet would start it with a deleted claim. */
function claimsOf(pod: DeepReadonly<Pod>): string[] {
  if (!pod.spec.nodeName) return []
  const over = pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
  return (pod.spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName]
    return ephemeral && !over ? [`${pod.metadata.name}-${name}`] : []
  })
}

export const claimProtectionController: Controller = {
  name: 'pvc-protection-controller',
  setup({ client, informers }, queue) {
    const claims = informers.informer(claimsRef)
    const pods = informers.informer(podsRef)
    const enqueue = (claim: DeepReadonly<PersistentVolumeClaim>) => queue.add(keyOf(claim))
    const freed = (pod: DeepReadonly<Pod>) => {
      for (const name of claimsOf(pod)) {
        const key = `${pod.metadata.namespace}/${name}`
        if (claims.get(key)?.metadata.deletionTimestamp !== undefined) queue.add(key)
      }
    }
    claims.subscribe({ add: enqueue, update: (_old, claim) => enqueue(claim) })
    pods.subscribe({ update: (old) => freed(old), delete: freed })
    return {
      async reconcile(key) {
        const claim = claims.get(key)
        if (!claim) return
        const { namespace = '', name } = splitKey(key)
        // Asked anew, as a pod that is not seen yet may use the claim.
        const isUsed = async () => {
          const { items } = await client.list(podsRef, { namespace })
          return items.some((pod) => claimsOf(pod).includes(name))
        }
        await settle(client, claimsRef, claim, CLAIM_FINALIZER, isUsed)
      },
    }
  },
}

export const volumeProtectionController: Controller = {
  name: 'pv-protection-controller',
  setup({ client, informers }, queue) {
    const volumes = informers.informer(volumesRef)
    volumes.subscribe({
      add: ({ metadata }) => queue.add(metadata.name),
      update: (_old, { metadata }) => queue.add(metadata.name),
    })
    return {
      async reconcile(name) {
        const volume = volumes.get(name)
        if (!volume) return
        await settle(client, volumesRef, volume, VOLUME_FINALIZER, async () => volume.status.phase === 'Bound')
      },
    }
  },
}
