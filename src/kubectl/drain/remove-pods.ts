// Evicts or deletes the pods of a node and waits until they are gone.
// Model: k8s.io/kubectl/pkg/drain/drain.go.

import { isReason, type StatusError } from '../../machinery/errors.ts'
import type { KubectlContext } from '../command.ts'
import { podPath } from '../commands/exec.ts'
import type { Mapping } from '../discovery/mapper.ts'
import { KubectlError, plainMessage, throwCollected } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { type DryRun, dryRunSuffix } from '../write/flags.ts'
import { deleteObject, type Target } from '../write/objects.ts'
import { waitDeleted } from '../write/wait-deleted.ts'
import { type Deadline, delay } from '../write/watch-until.ts'

export interface Removal {
  readonly pods: readonly KubeObject[]
  readonly podMapping: Mapping
  /** Past the disruption budgets. */
  readonly evict: boolean
  /** Negative: the pod's own. */
  readonly gracePeriod: number
  readonly dryRun: DryRun
  readonly deadline: Deadline
  readonly timeoutText: string
}

const RETRY_MS = 5000

/** Throws what went wrong when all pods have been tried. */
export async function removePods(ctx: KubectlContext, removal: Removal): Promise<void> {
  const settled = await Promise.allSettled(
    removal.pods.map((pod) => (removal.evict ? evictPod(ctx, removal, pod) : deletePod(ctx, removal, pod))),
  )
  throwCollected(settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : [])))
}

const nameOf = ({ metadata }: KubeObject) => `${metadata?.namespace}/${metadata?.name}`

async function evictPod(ctx: KubectlContext, removal: Removal, pod: KubeObject): Promise<void> {
  const { dryRun, deadline } = removal
  const quoted = `pods/${JSON.stringify(pod.metadata?.name)} -n ${JSON.stringify(pod.metadata?.namespace)}`
  for (;;) {
    ctx.out(`evicting pod ${nameOf(pod)}${dryRunSuffix(dryRun)}\n`)
    try {
      await postEviction(ctx, removal, pod)
      break
    } catch (error) {
      if (deadline.passed()) throw timedOut(removal, quoted)
      if (isReason(error, 'NotFound')) return
      if (!isReason(error, 'TooManyRequests')) {
        if (pod.metadata?.deletionTimestamp && isTerminating(error)) break
        throw new KubectlError(`error when evicting ${quoted}: ${plainMessage(error)}`, { cause: error })
      }
      ctx.err(`error when evicting ${quoted} (will retry after 5s): ${plainMessage(error)}\n`)
      await delay(ctx, RETRY_MS, deadline.signal).catch((cause: unknown) => {
        if (deadline.passed()) throw timedOut(removal, quoted)
        throw cause
      })
    }
  }
  if (dryRun === 'none') await untilGone(ctx, removal, pod, 'evicted')
}

const timedOut = ({ timeoutText }: Removal, quoted: string) =>
  new KubectlError(`error when evicting ${quoted}: global timeout reached: ${timeoutText}`)

function isTerminating(error: unknown): boolean {
  if (!isReason(error, 'Forbidden')) return false
  return ((error as StatusError).status.details?.causes ?? []).some((cause) => cause.reason === 'NamespaceTerminating')
}

async function postEviction(ctx: KubectlContext, removal: Removal, pod: KubeObject): Promise<void> {
  const client = await ctx.client()
  const { gracePeriod, dryRun, deadline } = removal
  const deleteOptions = {
    ...(gracePeriod < 0 ? {} : { gracePeriodSeconds: gracePeriod }),
    ...(dryRun === 'server' ? { dryRun: ['All'] } : {}),
  }
  const { name, namespace } = pod.metadata ?? {}
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions }
  const body = JSON.stringify(eviction)
  await client.send({ method: 'POST', path: podPath(pod, 'eviction'), body, signal: deadline.signal })
}

async function deletePod(ctx: KubectlContext, removal: Removal, pod: KubeObject): Promise<void> {
  const { gracePeriod, dryRun } = removal
  try {
    const gracePeriodSeconds = gracePeriod < 0 ? undefined : gracePeriod
    await deleteObject(ctx, targetOf(removal, pod), { gracePeriodSeconds, dryRun })
  } catch (error) {
    if (isReason(error, 'NotFound')) return
    throw error
  }
  if (dryRun === 'none') await untilGone(ctx, removal, pod, 'deleted')
}

const targetOf = ({ podMapping }: Removal, { metadata }: KubeObject): Target => ({
  mapping: podMapping,
  namespace: metadata?.namespace ?? '',
  name: metadata?.name ?? '',
})

async function untilGone(ctx: KubectlContext, removal: Removal, pod: KubeObject, done: string): Promise<void> {
  const { deadline, timeoutText } = removal
  const { name, namespace, uid } = pod.metadata ?? {}
  const failed = (why: string, cause: unknown) =>
    new KubectlError(
      `error when waiting for pod ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)} to terminate: ${why}`,
      { cause },
    )
  try {
    await waitDeleted(ctx, targetOf(removal, pod), { deadline, uid })
  } catch (error) {
    throw failed(deadline.passed() ? `global timeout reached: ${timeoutText}` : plainMessage(error), error)
  }
  ctx.out(`pod/${name} ${done}\n`)
}
