// Waits for an object to become what is wanted: a list, then a watch, again when the watch ends.

import { isReason } from '../../machinery/errors.ts'
import type { KubectlContext } from '../command.ts'
import { pathOf } from '../discovery/mapper.ts'
import { itemsOf, type KubeObject } from '../object.ts'
import type { Target } from './objects.ts'

/** The time given has passed. */
export class WaitTimeoutError extends Error {
  override name = 'WaitTimeoutError'
}

/** A week: what kubectl takes for "as long as it needs". */
export const A_WEEK_MS = 168 * 3_600_000

export interface Deadline {
  readonly signal: AbortSignal
  readonly passed: () => boolean
  cancel(): void
}

/** A signal that aborts after `ms` or when the user interrupts. */
export function deadlineAfter(ctx: KubectlContext, ms: number): Deadline {
  const timeout = new AbortController()
  // Timers hold 31 bits of milliseconds.
  const cancel = ctx.after(Math.min(ms, 2 ** 31 - 1), () => timeout.abort(new WaitTimeoutError('timed out')))
  return { signal: AbortSignal.any([ctx.signal, timeout.signal]), passed: () => timeout.signal.aborted, cancel }
}

/** Undefined: the object is not there. */
export type Decide = (object: KubeObject | undefined) => boolean | Promise<boolean>

/** Resolves when `decide` says so. Throws WaitTimeoutError at the deadline. */
export async function watchUntil(
  ctx: KubectlContext,
  target: Target,
  options: { readonly deadline: Deadline; readonly decide: Decide },
): Promise<void> {
  const { deadline, decide } = options
  try {
    while (!(await oneWatch(ctx, target, options))) deadline.signal.throwIfAborted()
  } catch (error) {
    if (deadline.passed()) throw new WaitTimeoutError('timed out waiting for the condition', { cause: error })
    if (isReason(error, 'Expired') || isReason(error, 'Gone')) return watchUntil(ctx, target, { deadline, decide })
    throw error
  }
}

async function oneWatch(
  ctx: KubectlContext,
  { mapping, namespace, name }: Target,
  { deadline: { signal }, decide }: { readonly deadline: Deadline; readonly decide: Decide },
): Promise<boolean> {
  const client = await ctx.client()
  const path = pathOf(mapping, namespace)
  const fieldSelector = `metadata.name=${name}`
  const list = (await client.json({ path, query: { fieldSelector }, signal })) as KubeObject
  const implied = { apiVersion: list.apiVersion ?? '', kind: mapping.kind }
  const [first] = itemsOf(list) ?? []
  if (await decide(first ? { ...implied, ...first } : undefined)) return true
  const resourceVersion = list.metadata?.resourceVersion
  for await (const event of client.watch({ path, query: { fieldSelector, resourceVersion }, signal })) {
    if (event.type === 'BOOKMARK') continue
    if (await decide(event.type === 'DELETED' ? undefined : (event.object as KubeObject))) return true
  }
  return false
}

/** Waits `ms`, or throws what ends the command before. */
export function delay(ctx: KubectlContext, ms: number, signal: AbortSignal = ctx.signal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const onAbort = () => {
      cancel()
      reject(signal.reason)
    }
    const cancel = ctx.after(ms, () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
