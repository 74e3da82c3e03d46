// Owner references: finding the managing controller, and claiming children by selector and reference.

import type { OwnerReference } from '../../api/generated/meta-v1.ts'
import { apiVersionOf, type ResourceRef } from '../../api/resource-ref.ts'
import type { Client, KubeObject } from '../../client/client.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { isReason } from '../../machinery/errors.ts'

type Owned = { readonly metadata: { readonly ownerReferences?: readonly DeepReadonly<OwnerReference>[] } }

/** The reference to the managing controller, if the object has one. */
export function controllerOf(object: Owned): DeepReadonly<OwnerReference> | undefined {
  return object.metadata.ownerReferences?.find((r) => r.controller === true)
}

/** A reference that makes `owner` the managing controller. */
export function controllerReference(
  ref: ResourceRef<unknown>,
  owner: { readonly metadata: { readonly name: string; readonly uid: string } },
): OwnerReference {
  return {
    apiVersion: apiVersionOf(ref),
    kind: ref.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** Index values of a child: its controller's uid, or `orphan/<namespace>`. See `childrenOf`. */
export function controllerIndex(object: DeepReadonly<KubeObject>): string[] {
  return [controllerOf(object)?.uid ?? `orphan/${object.metadata.namespace ?? ''}`]
}

/** Name of the index that `controllerIndex` fills. */
export const BY_CONTROLLER = 'controller'

/** The children that `owner` may have a say about: its own and the namespace's orphans. Needs the `controller` index. */
export function childrenOf<T>(
  lister: { by(index: string, value: string): DeepReadonly<T>[] },
  owner: { readonly metadata: { readonly uid: string; readonly namespace?: string } },
): DeepReadonly<T>[] {
  return [
    ...lister.by(BY_CONTROLLER, owner.metadata.uid),
    ...lister.by(BY_CONTROLLER, `orphan/${owner.metadata.namespace ?? ''}`),
  ]
}

/** What to do about one possible child. */
export type Claim = 'keep' | 'release' | 'adopt' | 'ignore'

/** Decides by controller reference and selector, as upstream's ControllerRefManager does. */
function decideClaim(options: {
  ownerUid: string
  ownerDeleting: boolean
  child: DeepReadonly<KubeObject>
  matches: boolean
  adoptable?: boolean
}): Claim {
  const { child } = options
  const controller = controllerOf(child)
  if (controller) {
    if (controller.uid !== options.ownerUid) return 'ignore'
    if (options.matches) return 'keep'
    return options.ownerDeleting ? 'ignore' : 'release'
  }
  if (options.ownerDeleting || !options.matches || options.adoptable === false) return 'ignore'
  return child.metadata.deletionTimestamp === undefined ? 'adopt' : 'ignore'
}

/** Adopts and releases children so that the result is what `owner` manages. */
export async function claimChildren<O extends KubeObject, C extends KubeObject>(options: {
  client: Client
  ownerRef: ResourceRef<O>
  owner: DeepReadonly<O>
  childRef: ResourceRef<C>
  children: readonly DeepReadonly<C>[]
  matches: (child: DeepReadonly<C>) => boolean
  adoptable?: (child: DeepReadonly<C>) => boolean
}): Promise<DeepReadonly<C>[]> {
  const { client, ownerRef, childRef } = options
  const owner = options.owner as DeepReadonly<KubeObject>
  const claimed: DeepReadonly<C>[] = []
  let mayAdopt: Promise<void> | undefined
  for (const child of options.children) {
    const object = child as DeepReadonly<KubeObject>
    const claim = decideClaim({
      ownerUid: owner.metadata.uid,
      ownerDeleting: owner.metadata.deletionTimestamp !== undefined,
      child: object,
      matches: options.matches(child),
      adoptable: options.adoptable?.(child) ?? true,
    })
    if (claim === 'ignore') continue
    if (claim === 'keep') {
      claimed.push(child)
      continue
    }
    const key = { name: object.metadata.name, ...namespaceOf(object) }
    const references = object.metadata.ownerReferences ?? []
    try {
      if (claim === 'adopt') mayAdopt ??= confirmOwner(client, ownerRef, owner)
      await mayAdopt
      const kept =
        claim === 'adopt'
          ? [...references, controllerReference(ownerRef, owner)]
          : references.filter((r) => r.uid !== owner.metadata.uid)
      const changed = await client.patch(childRef, key, {
        type: 'merge',
        patch: { metadata: { ...versionOf(object), ownerReferences: kept } },
      })
      if (claim === 'adopt') claimed.push(changed)
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error
    }
  }
  return claimed
}

function versionOf(object: DeepReadonly<KubeObject>): { uid: string; resourceVersion: string } {
  return { uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion }
}

/** `{ namespace }` of a namespaced object, else nothing: for building an ObjectKey. */
function namespaceOf(object: { readonly metadata: { readonly namespace?: string } }): { namespace?: string } {
  return object.metadata.namespace ? { namespace: object.metadata.namespace } : {}
}

/** Adoption needs a fresh look: a cached owner may have been deleted and made anew meanwhile. */
async function confirmOwner<O>(client: Client, ref: ResourceRef<O>, owner: DeepReadonly<KubeObject>): Promise<void> {
  const key = { name: owner.metadata.name, ...namespaceOf(owner) }
  const fresh = (await client.get(ref, key)) as DeepReadonly<KubeObject>
  if (fresh.metadata.uid !== owner.metadata.uid) {
    throw new Error(
      `original ${ref.kind} ${key.namespace}/${key.name} is gone: got uid ${fresh.metadata.uid}, wanted ${owner.metadata.uid}`,
    )
  }
  if (fresh.metadata.deletionTimestamp !== undefined) {
    throw new Error(`${key.namespace}/${key.name} has just been deleted at ${fresh.metadata.deletionTimestamp}`)
  }
}
