// The history of a workload's template as ControllerRevisions, for daemon sets and stateful sets.

import type { ControllerRevision } from '../../api/generated/apps-v1.ts'
import type { PodTemplateSpec } from '../../api/generated/core-v1.ts'
import { controllerrevisions as revisionsRef } from '../../api/generated/resources.ts'
import type { ResourceRef } from '../../api/resource-ref.ts'
import type { Client, KubeObject } from '../../client/client.ts'
import { copy, type DeepReadonly } from '../../machinery/deep-readonly.ts'
import { isReason } from '../../machinery/errors.ts'
import { controllerReference } from './owners.ts'
import { sameValue, templateHash } from './values.ts'

export type ReadRevision = DeepReadonly<ControllerRevision>

export const REVISION_HASH = 'controller-revision-hash'

/** What a revision stores: a strategic patch that puts the template back, as `kubectl rollout undo` applies it. */
function revisionData(template: DeepReadonly<PodTemplateSpec>): object {
  return { spec: { template: { ...copy<PodTemplateSpec>(template), $patch: 'replace' } } }
}

/** Outcome of `syncRevisions`: the revision of the present template and all others, oldest first. */
export interface RevisionState {
  readonly current: ReadRevision
  readonly old: readonly ReadRevision[]
  /** Set when the name was taken by another template: store it in the status and come back. */
  readonly collisionCount?: number
}

/** Finds or makes the revision of the present template; one that was used before becomes the newest. */
export async function syncRevisions<O extends KubeObject>(options: {
  client: Client
  ownerRef: ResourceRef<O>
  owner: DeepReadonly<KubeObject>
  labels: Readonly<Record<string, string>>
  template: DeepReadonly<PodTemplateSpec>
  revisions: readonly ReadRevision[]
  collisionCount: number | undefined
}): Promise<RevisionState | { collisionCount: number }> {
  const { client, owner } = options
  const data = revisionData(options.template)
  const sorted = [...options.revisions].sort((a, b) => a.revision - b.revision)
  const newest = sorted.at(-1)?.revision ?? 0
  const equal = sorted.filter((r) => sameValue(r.data, data)).at(-1)
  if (equal) {
    const old = sorted.filter((r) => r !== equal)
    if (equal.revision === newest) return { current: equal, old }
    return { current: await client.update(revisionsRef, { ...equal, revision: newest + 1 }), old }
  }
  const hash = templateHash(options.template, options.collisionCount)
  const namespace = owner.metadata.namespace ?? ''
  const name = `${owner.metadata.name}-${hash}`
  try {
    const current = await client.create(revisionsRef, {
      metadata: {
        namespace,
        name,
        labels: { ...options.labels, [REVISION_HASH]: hash },
        annotations: changeCause(owner),
        ownerReferences: [controllerReference(options.ownerRef, owner)],
      },
      data,
      revision: newest + 1,
    })
    return { current, old: sorted }
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error
    const taken = await client.get(revisionsRef, { namespace, name })
    if (sameValue(taken.data, data)) return { current: taken, old: sorted.filter((r) => r.metadata.name !== name) }
    return { collisionCount: (options.collisionCount ?? 0) + 1 }
  }
}

function changeCause(owner: DeepReadonly<KubeObject>): Record<string, string> {
  const cause = owner.metadata.annotations?.['kubernetes.io/change-cause']
  return cause === undefined ? {} : { 'kubernetes.io/change-cause': cause }
}

/** The hash that pods of a revision carry. */
export function hashOf(revision: ReadRevision): string {
  return revision.metadata.labels?.[REVISION_HASH] ?? ''
}

/** Deletes old revisions beyond the limit that no pod uses. */
export async function pruneRevisions(
  client: Client,
  old: readonly ReadRevision[],
  inUse: ReadonlySet<string>,
  limit: number,
): Promise<void> {
  const idle = old.filter((r) => !inUse.has(hashOf(r)) && !inUse.has(r.metadata.name))
  for (const { metadata } of idle.slice(0, Math.max(0, idle.length - limit))) {
    try {
      await client.delete(revisionsRef, { namespace: metadata.namespace, name: metadata.name })
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error
    }
  }
}
