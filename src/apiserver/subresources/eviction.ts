// pods/eviction: deletes a pod unless a disruption budget forbids it. Spec: https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
// Model: EvictionREST of k8s.io/kubernetes/pkg/registry/core/pod/storage.

import type { Pod } from '../../api/generated/core-v1.ts'
import type { DeleteOptions } from '../../api/generated/meta-v1.ts'
import type { Eviction } from '../../api/generated/policy-v1.ts'
import { formatTime } from '../../machinery/clock.ts'
import {
  badRequest,
  conflict,
  field,
  invalid,
  isReason,
  notFound,
  serverProblem,
  serverTimeout,
} from '../../machinery/errors.ts'
import { admitBody } from '../admission/admit-body.ts'
import { copyOf, isRecord, type StoredObject } from '../api-object.ts'
import { decodeBody } from '../registry/decode-body.ts'
import { deleteOne } from '../registry/delete.ts'
import type { Registry, RequestContext } from '../registry/registry.ts'
import type { ServedVersion } from '../registry/resource.ts'
import { update } from '../registry/update.ts'
import { spendBudget } from './eviction-budget.ts'
import { withCondition } from './pod-condition.ts'

const KIND: ServedVersion = {
  ...{ group: 'policy', version: 'v1', kind: 'Eviction', apiVersion: 'policy/v1' },
  typeRef: 'io.k8s.api.policy.v1.Eviction',
  verbs: [],
  subresources: new Map(),
}
const OLD: ServedVersion = { ...KIND, version: 'v1beta1', apiVersion: 'policy/v1beta1' }

/** How often it is tried while others write. Model: EvictionsRetry. */
const MAX_ATTEMPTS = 20

/** Evicts a pod as `body` says. Throws BadRequest, TooManyRequests (429, cause DisruptionBudget) when a budget is used up. */
export async function evictPod(
  registry: Registry,
  name: string,
  body: unknown,
  request: RequestContext,
): Promise<void> {
  const version = isRecord(body) && body.apiVersion === OLD.apiVersion ? OLD : KIND
  const eviction = decodeBody(body, version, { ...request, version }) as Partial<Eviction>
  if ((eviction.metadata?.name ?? '') !== name) throw badRequest('name in URL does not match name in Eviction object')
  const options = optionsOf(eviction, name, request.dryRun)
  // A dry run may be asked for in the URL, or with the options of the deletion.
  const context = { ...request, dryRun: (options.dryRun ?? []).length > 0 }
  const resource = registry.resource('', 'pods')
  await admitBody(registry, { resource, subresource: 'eviction', name, body: eviction }, context)
  const isExact = options.preconditions?.resourceVersion !== undefined
  const at = (pod: Pod): DeleteOptions => ({
    ...options,
    preconditions: { ...options.preconditions, resourceVersion: pod.metadata.resourceVersion },
  })
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const entry = await registry.find(resource, context.namespace, name)
    if (!entry) throw notFound(resource, name)
    const pod = entry.object as unknown as Pod
    try {
      if (needsNoBudget(pod))
        return await markAndDelete(registry, name, maySettle(pod) && !isExact ? at(pod) : options, context)
      const unhealthy = await spendBudget(registry, pod, context)
      return await markAndDelete(registry, name, unhealthy ? at(pod) : options, context)
    } catch (error) {
      if (!needsNoBudget(pod) || isExact || !isReason(error, 'Conflict')) throw error
    }
  }
  throw serverTimeout(resource, 'delete', 1)
}

function optionsOf({ deleteOptions }: Partial<Eviction>, name: string, dryRun: boolean): DeleteOptions {
  const asked = dryRun ? ['All'] : []
  if (!deleteOptions) return { dryRun: asked }
  const { ignoreStoreReadErrorWithClusterBreakingPotential: ignores, dryRun: own = [] } = deleteOptions
  if (ignores) {
    const detail = 'can not be set for pod eviction, try after removing the option'
    const path = 'deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential'
    throw invalid(KIND, name, [field.invalid(path, true, detail)])
  }
  if (own.length === 0) return { ...deleteOptions, dryRun: asked }
  if (asked.length > 0 && own.join() !== asked.join()) {
    const lists = [asked, own].map((list) => `[${list.join(' ')}]`)
    throw serverProblem(`Non-matching dry-run options in request and content: ${lists[0]} and ${lists[1]}`)
  }
  return deleteOptions
}

/** What is over, or has never been, is no disruption any more. Model: canIgnorePDB. */
const needsNoBudget = (pod: Pod) => pod.status.phase === 'Pending' || !maySettle(pod)

/** Whether the pod might become ready meanwhile. Model: shouldEnforceResourceVersion. */
function maySettle({ metadata, status }: Pod): boolean {
  return status.phase !== 'Succeeded' && status.phase !== 'Failed' && metadata.deletionTimestamp === undefined
}

/** The pod says why it goes, and goes. Model: addConditionAndDeletePod. */
async function markAndDelete(
  registry: Registry,
  name: string,
  options: DeleteOptions,
  context: RequestContext,
): Promise<void> {
  const resource = registry.resource('', 'pods')
  let wanted = options
  if (!context.dryRun) {
    const now = formatTime(registry.clock.now())
    const transform = (current: StoredObject | undefined) => {
      checkIsMeant(current as StoredObject, options)
      const pod = copyOf(current as StoredObject)
      pod.status = withCondition((pod.status ?? {}) as Pod['status'], CONDITION, now)
      pod.metadata.resourceVersion = ''
      return pod
    }
    const { entry } = await update(
      registry,
      resource,
      {
        ...{ name, subresource: 'eviction', mayCreate: false, admitted: true, ownership: 'untouched' },
        prepare: () => {},
        transform,
      },
      context,
    )
    if (options.preconditions?.resourceVersion) {
      const { resourceVersion } = entry.object.metadata
      wanted = { ...options, preconditions: { ...options.preconditions, resourceVersion } }
    }
  }
  await deleteOne(registry, resource, name, wanted, context, true)
}

const CONDITION = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'EvictionByEvictionAPI',
  message: 'Eviction API: evicting',
} as const

function checkIsMeant({ metadata }: StoredObject, { preconditions = {} }: DeleteOptions): void {
  const { uid, resourceVersion } = preconditions
  const refuse = (why: string) => conflict({ group: '', resource: 'Pod' }, metadata.name, why)
  if (uid && uid !== metadata.uid) {
    throw refuse(
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    )
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    throw refuse(
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    )
  }
}
