// Waits until an object is gone, or is another one of the same name.

import type { KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import { findObject, type Target } from './objects.ts'
import { type Deadline, WaitTimeoutError, watchUntil } from './watch-until.ts'

/** Throws KubectlError when the deadline passes first. */
export async function waitDeleted(
  ctx: KubectlContext,
  target: Target,
  { deadline, uid }: { readonly deadline: Deadline; readonly uid?: string | undefined },
): Promise<void> {
  const gone = (object: { metadata?: { uid?: string } } | undefined) =>
    object === undefined || (uid !== undefined && object.metadata?.uid !== uid)
  if (gone(await findObject(ctx, target))) return
  try {
    await watchUntil(ctx, target, { deadline, decide: gone })
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error
    throw timedOut(target, error)
  }
}

/** What kubectl says when it has waited in vain. */
export function timedOut(target: Target, cause?: unknown): KubectlError {
  return new KubectlError(
    `timed out waiting for the condition on ${target.mapping.name}/${target.name}`,
    cause === undefined ? {} : { cause },
  )
}
