// Delete: preconditions, grace period, propagation policy, finalizers.
// Spec: https://kubernetes.io/docs/concepts/architecture/garbage-collection/ and metav1.DeleteOptions.

import type { DeleteOptions } from '../../api/generated/meta-v1.ts'
import { formatTime } from '../../machinery/clock.ts'
import { badRequest, conflict, notFound, serverTimeout } from '../../machinery/errors.ts'
import { admitRequest } from '../admission/admission.ts'
import { type ApiObject, copyOf, type StoredObject } from '../api-object.ts'
import type { Entry } from './entry.ts'
import type { Registry, RequestContext } from './registry.ts'
import { keyOf, type Resource } from './resource.ts'
import { remove, write } from './update.ts'
import { shown } from './view.ts'

const ORPHAN = 'orphan'
const FOREGROUND = 'foregroundDeletion'
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
  checkOptions(options)
  const key = keyOf(resource, context.namespace, name)
  const cache = await registry.cache(resource)
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const current = await shown(resource, cache.get(key))
    if (!current) throw notFound(resource, name)
    checkPreconditions(resource, name, options, current.object)
    if (!admitted) {
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

function checkOptions(options: DeleteOptions): void {
  const { propagationPolicy: policy, orphanDependents } = options
  if (policy && orphanDependents !== undefined) {
    throw badRequest(
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: orphanDependents and deletionPropagation cannot be both set',
    )
  }
  if (policy && !['Orphan', 'Background', 'Foreground'].includes(policy)) {
    throw badRequest(
      `DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: ${JSON.stringify(policy)}: supported values: "Background", "Foreground", "Orphan"`,
    )
  }
}

function checkPreconditions(
  resource: Resource,
  name: string,
  options: DeleteOptions,
  object: StoredObject | undefined,
): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  if (uid !== undefined && uid !== object?.metadata.uid) {
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${object?.metadata.uid ?? ''}`,
    )
  }
  if (resourceVersion !== undefined && resourceVersion !== object?.metadata.resourceVersion) {
    throw conflict(
      resource,
      name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${object?.metadata.resourceVersion ?? ''}`,
    )
  }
}

/** The finalizers an object gets when it is deleted with these options. */
function deletionFinalizers(object: StoredObject, options: DeleteOptions): string[] {
  const current = [...(object.metadata.finalizers ?? [])]
  const policy =
    options.propagationPolicy ??
    (options.orphanDependents === undefined ? undefined : options.orphanDependents ? 'Orphan' : 'Background')
  if (policy === undefined) return current
  const others = current.filter((f) => f !== ORPHAN && f !== FOREGROUND)
  if (policy === 'Orphan') return [...others, ORPHAN]
  if (policy === 'Foreground') return [...others, FOREGROUND]
  return others
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
  const finalizers = deletionFinalizers(old, options)
  const grace = gracePeriod(resource, old, options)
  const isNamespace = resource.group === '' && resource.resource === 'namespaces'
  const waitsForContent = isNamespace && ((old.spec as { finalizers?: unknown[] })?.finalizers?.length ?? 0) > 0
  if (grace === 0 && finalizers.length === 0 && !waitsForContent && !resource.definition.prepareDelete) {
    if (context.dryRun) return { entry: current, removed: true }
    const removed = await remove(registry, resource, key, current)
    return removed && { entry: removed, removed: true }
  }
  const object = marked(registry, resource, old, finalizers, grace, isNamespace)
  const entry = await write(registry, resource, { key, current, object, context })
  return entry && { entry, removed: false }
}

function gracePeriod(resource: Resource, old: StoredObject, options: DeleteOptions): number {
  const requested = options.gracePeriodSeconds
  const period = resource.definition.gracePeriod?.(old as ApiObject, requested)
  if (period === undefined) return 0
  const { deletionTimestamp, deletionGracePeriodSeconds: pending } = old.metadata
  // A deletion under way can be made shorter, never longer.
  if (deletionTimestamp && pending !== undefined)
    return requested === undefined ? pending : Math.min(requested, pending)
  return period
}

/** A copy of the object that carries its deletion. */
function marked(
  registry: Registry,
  resource: Resource,
  old: StoredObject,
  finalizers: string[],
  grace: number,
  isNamespace: boolean,
): ApiObject {
  const object = copyOf(old)
  const { metadata } = object
  delete metadata.resourceVersion
  if (finalizers.length > 0) metadata.finalizers = finalizers
  else delete metadata.finalizers
  const now = registry.clock.now()
  const shorter = metadata.deletionTimestamp && grace < (metadata.deletionGracePeriodSeconds ?? 0)
  if (!metadata.deletionTimestamp || shorter) {
    // The timestamp is when the object should be gone, the grace period included.
    metadata.deletionTimestamp = formatTime(now + grace * 1000)
    metadata.deletionGracePeriodSeconds = grace
    if (metadata.generation) metadata.generation += 1
  }
  resource.definition.prepareDelete?.(object, now)
  if (isNamespace) object.status = { ...(object.status as object), phase: 'Terminating' }
  return object
}
