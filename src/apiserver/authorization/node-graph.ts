// What belongs to which node: its pods, followed as they come and go, and what these refer to.
// Model: k8s.io/kubernetes/plugin/pkg/auth/authorizer/node, Graph.

import type { PersistentVolume, Pod } from '../../api/generated/core-v1.ts'
import type { ResourceSlice } from '../../api/generated/resource-v1.ts'
import type { VolumeAttachment } from '../../api/generated/storage-v1.ts'
import type { Registry } from '../registry/registry.ts'
import type { AuthorizationAttributes } from './authorizer.ts'
import {
  configMapsOf,
  isMirror,
  resourceClaimsOf,
  secretsOf,
  secretsOfVolume,
  volumeClaimsOf,
} from './pod-references.ts'

/** Told how long it took to take over a change of a pod. */
export type GraphObserver = (operation: 'AddPod' | 'DeletePod', seconds: number) => void

/** Whether an object belongs to a node, by the names that a request has for it. */
export type BelongsTo = (
  node: string,
  object: Pick<AuthorizationAttributes, 'group' | 'resource' | 'namespace' | 'name'>,
) => boolean | Promise<boolean>

/** Follows pods from now on. */
export async function followNodes(
  registry: Registry,
  options: { readonly observe?: GraphObserver; readonly now?: () => number },
): Promise<BelongsTo> {
  const { observe, now = () => registry.clock.now() } = options
  const pods = await registry.cache(registry.resource('', 'pods'))
  const byNode = new Map<string, Map<string, Pod>>()
  const put = (pod: Pod) => {
    const node = pod.spec.nodeName
    if (!node) return
    const known = byNode.get(node)
    if (known) known.set(pod.metadata.uid, pod)
    else byNode.set(node, new Map([[pod.metadata.uid, pod]]))
  }
  for (const entry of pods.snapshot().entries.values()) put(entry.object as unknown as Pod)
  const remove = (pod: Pod) => {
    const known = byNode.get(pod.spec.nodeName ?? '')
    known?.delete(pod.metadata.uid)
    if (known?.size === 0) byNode.delete(pod.spec.nodeName ?? '')
  }
  pods.follow(pods.revision, ({ type, entry }) => {
    const started = observe ? now() : 0
    const pod = entry.object as unknown as Pod
    if (type === 'DELETED') remove(pod)
    else put(pod)
    observe?.(type === 'DELETED' ? 'DeletePod' : 'AddPod', (now() - started) / 1000)
  })

  const podsOf = (node: string, namespace: string) =>
    [...(byNode.get(node)?.values() ?? [])].filter((pod) => pod.metadata.namespace === namespace)

  /** Whether a pod of the node names the object. */
  const named = (node: string, namespace: string, name: string, namesOf: (pod: Pod) => readonly string[]) =>
    podsOf(node, namespace).some((pod) => !isMirror(pod) && namesOf(pod).includes(name))

  const isClaimedBy = (node: string, { spec }: PersistentVolume) =>
    spec.claimRef !== undefined && named(node, spec.claimRef.namespace ?? '', spec.claimRef.name ?? '', volumeClaimsOf)

  async function inVolumes(node: string, secret: string): Promise<boolean> {
    const volumes = await registry.cache(registry.resource('', 'persistentvolumes'))
    for (const { object } of volumes.snapshot().entries.values()) {
      const volume = object as unknown as PersistentVolume
      if (isClaimedBy(node, volume) && secretsOfVolume(volume).includes(secret)) return true
    }
    return false
  }

  return (node, { group, resource, namespace, name }) => {
    switch (`${group}/${resource}`) {
      case '/pods':
        return podsOf(node, namespace).some((pod) => pod.metadata.name === name)
      case '/secrets':
        return named(node, namespace, name, secretsOf) || inVolumes(node, `${namespace}/${name}`)
      case '/configmaps':
        return named(node, namespace, name, configMapsOf)
      case '/serviceaccounts':
        return named(node, namespace, name, ({ spec }) => [spec.serviceAccountName ?? ''])
      case '/persistentvolumeclaims':
        return named(node, namespace, name, volumeClaimsOf)
      case '/persistentvolumes':
        return registry
          .lookup<PersistentVolume>('', resource, '', name)
          .then((volume) => volume !== undefined && isClaimedBy(node, volume))
      case 'resource.k8s.io/resourceclaims':
        return named(node, namespace, name, resourceClaimsOf)
      case 'resource.k8s.io/resourceslices':
        return registry
          .lookup<ResourceSlice>(group, resource, '', name)
          .then((slice) => slice !== undefined && slice.spec.nodeName === node)
      case 'storage.k8s.io/volumeattachments':
        return registry
          .lookup<VolumeAttachment>(group, resource, '', name)
          .then((attachment) => attachment?.spec.nodeName === node)
      default:
        return false
    }
  }
}
