// pods/eviction: deletes a pod unless a disruption budget forbids it. Spec: https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/

import type { Pod } from '../../api/generated/core-v1.ts'
import type { DeleteOptions } from '../../api/generated/meta-v1.ts'
import type { Eviction, PodDisruptionBudget } from '../../api/generated/policy-v1.ts'
import { badRequest, internalError, notFound, StatusError } from '../../machinery/errors.ts'
import { matches, selectorOf } from '../../machinery/labels.ts'
import { admitBody } from '../admission/admit-body.ts'
import { isRecord } from '../api-object.ts'
import { decodeBody } from '../registry/decode-body.ts'
import { deleteOne } from '../registry/delete.ts'
import type { Registry, RequestContext } from '../registry/registry.ts'
import { listPrefix, type ServedVersion } from '../registry/resource.ts'
import { update } from '../registry/update.ts'

const KIND: ServedVersion = {
  ...{ group: 'policy', version: 'v1', kind: 'Eviction', apiVersion: 'policy/v1' },
  typeRef: 'io.k8s.api.policy.v1.Eviction',
  verbs: [],
  subresources: new Map(),
}
const OLD: ServedVersion = { ...KIND, version: 'v1beta1', apiVersion: 'policy/v1beta1' }

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
  const options = (eviction.deleteOptions ?? {}) as DeleteOptions
  // A dry run may be asked for in the URL, or with the options of the deletion.
  const context = { ...request, dryRun: request.dryRun || (options.dryRun ?? []).includes('All') }
  const resource = registry.resource('', 'pods')
  await admitBody(registry, { resource, subresource: 'eviction', name, body: eviction }, context)
  const entry = await registry.find(resource, context.namespace, name)
  if (!entry) throw notFound(resource, name)
  const pod = entry.object as unknown as Pod
  const done = pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed' || pod.status.phase === 'Pending'
  if (!done && !pod.metadata.deletionTimestamp) await spendBudget(registry, pod, context)
  await deleteOne(registry, resource, name, options, context, true)
}

async function spendBudget(registry: Registry, pod: Pod, context: RequestContext): Promise<void> {
  const budgets = registry.resource('policy', 'poddisruptionbudgets')
  const cache = await registry.cache(budgets)
  const matching = cache
    .entriesUnder(listPrefix(budgets, context.namespace))
    .map((e) => e.object as unknown as PodDisruptionBudget)
    .filter((b) => matches(selectorOf(b.spec.selector) ?? [], pod.metadata.labels) && b.spec.selector !== undefined)
  if (matching.length > 1) {
    throw internalError(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    )
  }
  const [budget] = matching
  if (!budget) return
  const version = budgets.storage
  await update(
    registry,
    budgets,
    {
      name: budget.metadata.name,
      subresource: 'status',
      mayCreate: false,
      ownership: 'untouched',
      transform: (current) => {
        const next = structuredClone(current) as unknown as PodDisruptionBudget
        if ((next.status.observedGeneration ?? 0) < (next.metadata.generation ?? 0)) {
          throw tooManyDisruptions(
            `The disruption budget ${budget.metadata.name} is still being processed by the server.`,
            10,
          )
        }
        if ((next.status.disruptionsAllowed ?? 0) <= 0) {
          throw tooManyDisruptions(
            `The disruption budget ${budget.metadata.name} needs ${next.status.desiredHealthy} healthy pods and has ${next.status.currentHealthy} currently`,
            0,
          )
        }
        next.status.disruptionsAllowed = (next.status.disruptionsAllowed ?? 0) - 1
        next.status.disruptedPods = {
          ...next.status.disruptedPods,
          [pod.metadata.name]: new Date(registry.clock.now()).toISOString().replace(/\.\d+/, ''),
        }
        next.metadata.resourceVersion = ''
        return next as never
      },
    },
    { ...context, version },
  )
}

function tooManyDisruptions(message: string, retryAfterSeconds: number): StatusError {
  return new StatusError({
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    reason: 'TooManyRequests',
    details: { causes: [{ reason: 'DisruptionBudget', message }], ...(retryAfterSeconds ? { retryAfterSeconds } : {}) },
    code: 429,
  })
}
