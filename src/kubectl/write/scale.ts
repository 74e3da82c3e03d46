// Changes how many replicas a workload has through its scale subresource, and waits for it.
// Model: k8s.io/kubectl/pkg/scale.

import { isReason } from '../../machinery/errors.ts'
import type { KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'
import type { DryRun } from './flags.ts'
import { getObject, patchObject, replaceObject, type Target } from './objects.ts'
import { deadlineAfter, delay } from './watch-until.ts'

export interface ScaleRequest {
  readonly replicas: number
  /** -1: whatever it is now. */
  readonly currentReplicas: number
  /** Empty: whatever it is now. */
  readonly resourceVersion: string
  readonly dryRun: DryRun
}

const ATTEMPTS = 300
const INTERVAL_MS = 1000

/** Scales; gives the replicas that are now wanted. Throws KubectlError when the object is not as expected. */
export async function scaleTo(ctx: KubectlContext, target: Target, request: ScaleRequest): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return replicasOf(await scaleOnce(ctx, target, request))
    } catch (error) {
      if (!isReason(error, 'Conflict') || attempt === ATTEMPTS) throw error
      await delay(ctx, INTERVAL_MS)
    }
  }
}

async function scaleOnce(ctx: KubectlContext, target: Target, request: ScaleRequest): Promise<KubeObject> {
  const { replicas, currentReplicas, resourceVersion, dryRun } = request
  const options = { dryRun, subresource: 'scale' }
  if (currentReplicas === -1 && resourceVersion === '') {
    return patchObject(ctx, target, { type: 'merge', body: { spec: { replicas } } }, options)
  }
  const scale = await getObject(ctx, target, 'scale')
  expect('replicas', currentReplicas === -1 ? undefined : String(currentReplicas), String(replicasOf(scale)))
  expect('resource version', resourceVersion || undefined, scale.metadata?.resourceVersion ?? '')
  const spec = isObject(scale.spec) ? scale.spec : {}
  return replaceObject(ctx, target, { ...scale, spec: { ...spec, replicas } }, options)
}

function expect(what: string, wanted: string | undefined, actual: string): void {
  if (wanted === undefined || wanted === actual) return
  throw new KubectlError(`Expected ${what} to be ${wanted}, was ${actual}`)
}

/** What the spec asks for. */
function replicasOf({ spec }: KubeObject): number {
  return isObject(spec) ? Number(spec.replicas ?? 0) : 0
}

/** Waits until there are as many pods as asked for. Throws KubectlError. */
export async function waitScaled(
  ctx: KubectlContext,
  target: Target,
  { replicas, timeoutMs }: { readonly replicas: number; readonly timeoutMs: number },
): Promise<void> {
  const deadline = deadlineAfter(ctx, timeoutMs)
  try {
    for (;;) {
      const scale = await getObject(ctx, target, 'scale')
      // Somebody else has changed what is wanted.
      if (replicasOf(scale) !== replicas) return
      if (isObject(scale.status) && Number(scale.status.replicas ?? 0) === replicas) return
      await delay(ctx, INTERVAL_MS, deadline.signal)
    }
  } catch (error) {
    if (!deadline.passed()) throw error
    throw new KubectlError(`timed out waiting for ${JSON.stringify(target.name)} to be synced`, { cause: error })
  } finally {
    deadline.cancel()
  }
}
