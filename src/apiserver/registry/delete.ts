// Delete: preconditions, grace period, propagation policy, finalizers.
// Spec: https://kubernetes.io/docs/concepts/architecture/garbage-collection/ and metav1.DeleteOptions.

import type { DeleteOptions } from '../../api/generated/meta-v1.ts'
import { notFound, serverTimeout } from '../../machinery/errors.ts'
import { admitRequest } from '../admission/admission.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import { checkDeleteOptions, checkPreconditions, deletionFinalizers, graceOf, marked } from './deletion.ts'
import { type Entry, encodeForStore, makeEntry } from './entry.ts'
import { specFinalizers } from './finalize.ts'
import type { Registry, RequestContext } from './registry.ts'
import { keyOf, type Resource } from './resource.ts'
import { remove, write } from './update.ts'
import { shown } from './view.ts'

const MAX_ATTEMPTS = 50

/** `removed` false: the object stays for now (grace period or finalizers) and `entry` is how it stands. */
export interface DeleteResult {
  readonly entry: Entry
  readonly removed: boolean
}

export async function deleteOne(
  registry: Registry,
  resource: Resource,
  name: string,
  options: DeleteOptions,
  context: RequestContext,
  /** Whether admission has happened already, as something else than a deletion. */
  admitted = false,
): Promise<DeleteResult> {
  checkDeleteOptions(options)
  const key = keyOf(resource, context.namespace, name)
  const cache = await registry.cache(resource)
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const current = await shown(resource, cache.get(key))
    if (!current) throw notFound({ group: context.version.group, resource: resource.resource }, name)
    checkPreconditions(resource, name, options, current.object)
    const pending = graceOf(resource, current.object, options, registry.clock.now()).kind === 'pending'
    if (!admitted && !pending) {
      await admitRequest(registry.admission, {
        operation: 'DELETE',
        resource,
        subresource: '',
        namespace: context.namespace,
        name,
        user: context.user,
        dryRun: context.dryRun,
        context,
        object: undefined,
        old: current.object,
        deleteOptions: options,
      })
    }
    const result = await tryDelete(registry, resource, key, current, options, context)
    if (result) return result
    if (options.preconditions?.resourceVersion) checkPreconditions(resource, name, options, cache.get(key)?.object)
  }
  throw serverTimeout(resource, 'delete', 1)
}

async function tryDelete(
  registry: Registry,
  resource: Resource,
  key: string,
  current: Entry,
  options: DeleteOptions,
  context: RequestContext,
): Promise<DeleteResult | undefined> {
  const old = current.object
  const now = registry.clock.now()
  const finalizers = deletionFinalizers(resource, old, options, context.version.apiVersion)
  const grace = graceOf(resource, old, options, now)
  if (grace.kind === 'pending' || isEmptying(resource, old)) return { entry: current, removed: false }
  const stays = grace.kind === 'graceful' && grace.seconds > 0
  if (!stays && finalizers.length === 0 && !waitsFor(resource, old)) {
    if (grace.kind !== 'graceful') {
      const removed = context.dryRun ? current : await remove(registry, resource, key, current)
      return removed && { entry: removed, removed: true }
    }
    const object = marked(resource, old, finalizers, grace, now)
    if (context.dryRun) return { entry: withMark(current, object), removed: true }
    // Watchers are told that it is being deleted before it is gone (updateForGracefulDeletionAndFinalizers).
    const written = await write(registry, resource, { key, current, object, context, stays: true })
    const removed = written && (await remove(registry, resource, key, written))
    return removed && { entry: removed, removed: true }
  }
  const object = marked(resource, old, finalizers, grace, now)
  const entry = await write(registry, resource, { key, current, object, context, stays: isNamespace(resource) })
  return entry && { entry, removed: false }
}

/** The entry with the marks of its deletion, which nobody but the caller gets to see. */
function withMark(entry: Entry, object: ApiObject): Entry {
  const { resourceVersion: _, ...metadata } = object.metadata
  const kept = { ...object, metadata } as unknown as StoredObject
  return makeEntry(entry.key, encodeForStore(kept), entry.revision, kept)
}

/** A namespace whose content is being deleted already. */
function isEmptying(resource: Resource, old: StoredObject): boolean {
  return isNamespace(resource) && old.metadata.deletionTimestamp !== undefined && specFinalizers(old).length > 0
}

function waitsFor(resource: Resource, old: StoredObject): boolean {
  // A namespace that waits for nothing goes with the second deletion: REST.Delete of pkg/registry/core/namespace/storage.
  if (isNamespace(resource)) return old.metadata.deletionTimestamp === undefined || specFinalizers(old).length > 0
  return resource.definition.prepareDelete !== undefined
}

function isNamespace({ group, resource }: Resource): boolean {
  return group === '' && resource === 'namespaces'
}
