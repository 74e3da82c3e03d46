// Which pod is meant when a workload is named.
// Model: k8s.io/kubectl/pkg/polymorphichelpers and pkg/util/podutils.

import { formatSelector, type Labels, selectorOf, selectorOfMap } from '../../machinery/labels.ts'
import type { KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import { isObject, itemsOf, type KubeObject } from '../object.ts'
import { buildResources, infosOf } from '../resources/builder.ts'
import { type Deadline, deadlineAfter, WaitTimeoutError } from '../write/watch-until.ts'

const BY_SELECTOR = new Set(['ReplicaSet', 'StatefulSet', 'DaemonSet', 'Deployment', 'Job'])

/** The label selector of an object's pods. Throws KubectlError. */
function podSelectorOf(object: KubeObject): string {
  const spec = isObject(object.spec) ? object.spec : {}
  const { kind = '' } = object
  if (BY_SELECTOR.has(kind)) return formatSelector(selectorOf(spec.selector as never) ?? [])
  if (kind === 'ReplicationController') return formatSelector(selectorOfMap(spec.selector as Labels) ?? [])
  if (kind !== 'Service') throw new KubectlError(`selector for *${goType(object)} not implemented`)
  if (!isObject(spec.selector) || Object.keys(spec.selector).length === 0) {
    throw new KubectlError(`invalid service '${object.metadata?.name}': Service is defined without a selector`)
  }
  return formatSelector(selectorOfMap(spec.selector as Labels) ?? [])
}

/** `v1.Deployment`: how Go names an object's type. */
export function goType(object: KubeObject): string {
  return `${object.apiVersion?.split('/').at(-1) ?? ''}.${object.kind ?? ''}`
}

/** The object of `NAME` (a pod) or `TYPE/NAME`. */
export async function namedObject(
  ctx: KubectlContext,
  words: readonly string[],
  namespace: string,
): Promise<KubeObject> {
  const args = words.length === 1 && !words[0]?.includes('/') ? ['pods', ...words] : words
  const result = await buildResources(ctx, { args, namespace, singleResourceType: true })
  const [info, ...more] = infosOf(result)
  if (info === undefined || more.length > 0) throw new KubectlError('expected a resource')
  return info.object
}

type Order = (a: KubeObject, b: KubeObject) => number

/** The first pod of a workload, when need be the first that comes, and how many there are. */
export async function firstPodOf(
  ctx: KubectlContext,
  object: KubeObject,
  { order, timeoutMs, why }: { readonly order: Order; readonly timeoutMs: number; readonly why: string },
): Promise<{ readonly pod: KubeObject; readonly pods: readonly KubeObject[] }> {
  if (object.kind === 'Pod') return { pod: object, pods: [object] }
  const namespace = object.metadata?.namespace ?? ''
  const selector = workloadSelector(object, why)
  const deadline = deadlineAfter(ctx, timeoutMs)
  try {
    const pods = (await podsOf(ctx, { namespace, selector, deadline })).toSorted(order)
    const [pod] = pods
    if (pod) return { pod, pods }
  } catch (error) {
    if (!deadline.passed()) throw error
    throw new WaitTimeoutError('timed out waiting for the condition', { cause: error })
  } finally {
    deadline.cancel()
  }
  throw new KubectlError('timed out waiting for the condition')
}

function workloadSelector(object: KubeObject, why: string): string {
  try {
    return podSelectorOf(object)
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error
    throw new KubectlError(`${why} *${goType(object)}: ${error.message}`, { cause: error })
  }
}

async function podsOf(
  ctx: KubectlContext,
  { namespace, selector, deadline }: { namespace: string; selector: string; deadline: Deadline },
): Promise<KubeObject[]> {
  const client = await ctx.client()
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`
  const query = { labelSelector: selector }
  const list = (await client.json({ path, query, signal: deadline.signal })) as KubeObject
  const pods = (itemsOf(list) ?? []).map((pod) => ({ apiVersion: 'v1', kind: 'Pod', ...pod }))
  if (pods.length > 0) return pods
  const watch = client.watch({
    path,
    query: { ...query, resourceVersion: list.metadata?.resourceVersion },
    signal: deadline.signal,
  })
  for await (const event of watch) {
    if (event.type === 'ADDED' || event.type === 'MODIFIED') return [event.object as KubeObject]
  }
  return []
}

/** Pods whose logs are most worth reading first. */
export const byLogging: Order = (a, b) =>
  flag(isAssigned(b), isAssigned(a)) ||
  phaseRank(a) - phaseRank(b) ||
  flag(isReady(b), isReady(a)) ||
  (isReady(a) ? earlier(readySince(a), readySince(b)) : 0) ||
  restarts(b) - restarts(a) ||
  earlier(a.metadata?.creationTimestamp, b.metadata?.creationTimestamp)

/** The most active pods first. */
export const byActivity: Order = (a, b) =>
  flag(isAssigned(b), isAssigned(a)) ||
  phaseRank(a) - phaseRank(b) ||
  flag(isReady(b), isReady(a)) ||
  flag(isDeleting(a), isDeleting(b)) ||
  (isReady(a) ? earlier(readySince(a), readySince(b)) : 0) ||
  restarts(a) - restarts(b) ||
  earlier(a.metadata?.creationTimestamp, b.metadata?.creationTimestamp)

const flag = (a: boolean, b: boolean) => Number(a) - Number(b)
const statusOf = (pod: KubeObject) => (isObject(pod.status) ? pod.status : {})
const isAssigned = (pod: KubeObject) => isObject(pod.spec) && !!pod.spec.nodeName
const isDeleting = (pod: KubeObject) => pod.metadata?.deletionTimestamp !== undefined
const RANKS: Readonly<Record<string, number>> = { Running: 0, Unknown: 1, Pending: 2 }
const phaseRank = (pod: KubeObject) => RANKS[String(statusOf(pod).phase)] ?? 0

function readyCondition(pod: KubeObject): Record<string, unknown> | undefined {
  const { conditions } = statusOf(pod)
  if (!Array.isArray(conditions)) return undefined
  return conditions.filter(isObject).find((c) => c.type === 'Ready' && c.status === 'True')
}

export const isReady = (pod: KubeObject): boolean => readyCondition(pod) !== undefined
const readySince = (pod: KubeObject) => String(readyCondition(pod)?.lastTransitionTime ?? '')

/** Times of nothing come last. */
function earlier(a = '', b = ''): number {
  if (a === '' || b === '') return flag(a === '', b === '')
  return Date.parse(a) - Date.parse(b)
}

function restarts(pod: KubeObject): number {
  const { containerStatuses } = statusOf(pod)
  if (!Array.isArray(containerStatuses)) return 0
  return Math.max(0, ...containerStatuses.filter(isObject).map((s) => Number(s.restartCount ?? 0)))
}
