// Empties a namespace that is being deleted, then lets it go.

import type { Namespace, NamespaceCondition } from '../api/generated/core-v1.ts'
import {
  customresourcedefinitions as definitionsRef,
  namespaces as namespacesRef,
  pods as podsRef,
} from '../api/generated/resources.ts'
import { groupResourceOf } from '../api/resource-ref.ts'
import type { Client, KubeObject } from '../client/client.ts'
import type { Controller } from '../client/controller.ts'
import { formatTime } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason, StatusError } from '../machinery/errors.ts'
import { type AnyRef, customResource, servedResources } from './support/api-resources.ts'
import { messageOf, sameValue } from './support/values.ts'

const FINALIZER = 'kubernetes'
const FIRST_RETRY_MS = 50
const MAX_RETRY_MS = 30_000
const PAGE = 500

export const namespaceController: Controller = {
  name: 'namespace-controller',
  setup(context, queue) {
    const { client, clock } = context
    const namespaces = context.informers.informer(namespacesRef)
    const definitions = context.informers.informer(definitionsRef)
    const pods = context.informers.informer(podsRef)
    const attempts = new Map<string, number>()
    const enqueue = (ns: DeepReadonly<Namespace>) => {
      if (ns.metadata.deletionTimestamp !== undefined) queue.add(ns.metadata.name)
    }
    namespaces.subscribe({
      add: enqueue,
      update: (_old, ns) => enqueue(ns),
      delete: (ns) => attempts.delete(ns.metadata.name),
    })
    pods.subscribe({
      delete(pod) {
        const ns = namespaces.get(pod.metadata.namespace)
        if (ns) enqueue(ns)
      },
    })

    let builtIn: AnyRef[] | undefined
    async function resources(): Promise<AnyRef[]> {
      builtIn ??= await servedResources(client)
      const custom = definitions.list().map(customResource)
      return [...builtIn, ...custom.filter((ref): ref is AnyRef => ref !== undefined)]
    }

    return {
      workers: 5,
      async reconcile(name) {
        try {
          // Live, not from the cache: deleting everything must not rest on an old view.
          let ns = await client.get(namespacesRef, { name })
          if (ns.metadata.deletionTimestamp === undefined) return
          if (ns.status.phase !== 'Terminating') {
            ns = await client.update(
              namespacesRef,
              { ...ns, status: { ...ns.status, phase: 'Terminating' } },
              { subresource: 'status' },
            )
          }
          if ((ns.spec.finalizers ?? []).length === 0) return
          const content = await emptyNamespace(client, name, await resources())
          const conditions = namespaceConditions(ns.status.conditions ?? [], content, formatTime(clock.now()))
          if (!sameValue(conditions, ns.status.conditions ?? [])) {
            ns = await client.update(
              namespacesRef,
              { ...ns, status: { ...ns.status, conditions } },
              { subresource: 'status' },
            )
          }
          if (content.failures.length === 0 && content.remaining.size === 0) {
            const finalizers = (ns.spec.finalizers ?? []).filter((f) => f !== FINALIZER)
            await client.update(namespacesRef, { ...ns, spec: { ...ns.spec, finalizers } }, { subresource: 'finalize' })
            attempts.delete(name)
            return
          }
          const attempt = attempts.get(name) ?? 0
          attempts.set(name, attempt + 1)
          const patience = (content.graceSeconds / 2) * 1000
          queue.addAfter(name, Math.max(patience, Math.min(FIRST_RETRY_MS * 2 ** attempt, MAX_RETRY_MS)))
        } catch (error) {
          if (isReason(error, 'NotFound')) return
          if (isReason(error, 'Conflict')) return queue.addAfter(name, FIRST_RETRY_MS)
          throw error
        }
      },
    }
  },
}

/** What an attempt to empty a namespace came to. */
export interface NamespaceContent {
  /** Objects left, by `resource.group`. */
  readonly remaining: Map<string, number>
  /** Objects left, by finalizer. */
  readonly finalizers: Map<string, number>
  readonly failures: string[]
  /** The longest grace period among what is left. */
  graceSeconds: number
}

async function emptyNamespace(client: Client, namespace: string, refs: readonly AnyRef[]): Promise<NamespaceContent> {
  const content: NamespaceContent = { remaining: new Map(), finalizers: new Map(), failures: [], graceSeconds: 0 }
  const isPods = (ref: AnyRef) => ref.group === '' && ref.resource === 'pods'
  const namespaced = refs.filter((ref) => ref.namespaced)
  // Pods go first: what protects them (network policies, secrets in use) must outlive them.
  for (const ref of namespaced.filter(isPods)) await emptyResource(client, namespace, ref, content)
  if (content.remaining.size > 0 || content.failures.length > 0) return content
  for (const ref of namespaced) if (!isPods(ref)) await emptyResource(client, namespace, ref, content)
  return content
}

async function emptyResource(client: Client, namespace: string, ref: AnyRef, content: NamespaceContent): Promise<void> {
  try {
    const before = await client.list(ref, { namespace, limit: 1 })
    if (before.items.length === 0) return
    await deleteAll(client, namespace, ref)
    let page = await client.list(ref, { namespace, limit: PAGE })
    for (;;) {
      for (const object of page.items) count(content, ref, object)
      if (page.continue === undefined || page.continue === '') break
      page = await client.list(ref, { namespace, limit: PAGE, continue: page.continue })
    }
  } catch (error) {
    // Not served (any more): nothing to delete.
    if (error instanceof StatusError && (error.code === 404 || error.code === 405)) return
    content.failures.push(messageOf(error))
  }
}

async function deleteAll(client: Client, namespace: string, ref: AnyRef): Promise<void> {
  try {
    await client.deleteCollection(ref, { namespace, propagationPolicy: 'Background' })
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== 405) throw error
    for (const { metadata } of (await client.list(ref, { namespace })).items) {
      await client.delete(ref, { namespace, name: metadata.name }, { propagationPolicy: 'Background' })
    }
  }
}

function count(content: NamespaceContent, ref: AnyRef, object: DeepReadonly<KubeObject>): void {
  const id = `${ref.resource}.${ref.group}`
  content.remaining.set(id, (content.remaining.get(id) ?? 0) + 1)
  for (const f of object.metadata.finalizers ?? []) content.finalizers.set(f, (content.finalizers.get(f) ?? 0) + 1)
  if (groupResourceOf(ref) === 'pods') {
    content.graceSeconds = Math.max(content.graceSeconds, object.metadata.deletionGracePeriodSeconds ?? 0)
  }
}

/** The five conditions that tell how far the deletion is; each keeps its transition time while it says the same. */
function namespaceConditions(
  before: readonly DeepReadonly<NamespaceCondition>[],
  content: Pick<NamespaceContent, 'remaining' | 'finalizers' | 'failures'>,
  now: string,
): NamespaceCondition[] {
  const { remaining, finalizers, failures } = content
  const lines = (map: ReadonlyMap<string, number>, text: (key: string, n: number) => string) =>
    [...map]
      .map(([key, n]) => text(key, n))
      .sort()
      .join(', ')
  const wanted: Omit<NamespaceCondition, 'lastTransitionTime'>[] = [
    condition(
      'NamespaceDeletionDiscoveryFailure',
      false,
      'ResourcesDiscovered',
      'All resources successfully discovered',
    ),
    condition(
      'NamespaceDeletionGroupVersionParsingFailure',
      false,
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    failures.length > 0
      ? condition(
          'NamespaceDeletionContentFailure',
          true,
          'ContentDeletionFailed',
          `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(', ')}`,
        )
      : condition(
          'NamespaceDeletionContentFailure',
          false,
          'ContentDeleted',
          'All content successfully deleted, may be waiting on finalization',
        ),
    remaining.size > 0
      ? condition(
          'NamespaceContentRemaining',
          true,
          'SomeResourcesRemain',
          `Some resources are remaining: ${lines(remaining, (key, n) => `${key} has ${n} resource instances`)}`,
        )
      : condition('NamespaceContentRemaining', false, 'ContentRemoved', 'All content successfully removed'),
    finalizers.size > 0
      ? condition(
          'NamespaceFinalizersRemaining',
          true,
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${lines(finalizers, (key, n) => `${key} in ${n} resource instances`)}`,
        )
      : condition(
          'NamespaceFinalizersRemaining',
          false,
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        ),
  ]
  const types = new Set(wanted.map((c) => c.type))
  return [
    ...before.filter((c) => !types.has(c.type)),
    ...wanted.map((c) => {
      const old = before.find((o) => o.type === c.type)
      const same = old?.status === c.status && old.reason === c.reason && old.message === c.message
      return { ...c, lastTransitionTime: same ? (old.lastTransitionTime ?? now) : now }
    }),
  ]
}

function condition(type: string, status: boolean, reason: string, message: string) {
  return { type, status: status ? 'True' : 'False', reason, message }
}
