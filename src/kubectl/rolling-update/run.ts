// Runs a rolling update: up a little, down a little, until the new controller has everything.
// Model: pkg/kubectl/rolling_updater.go of kubernetes 1.2.

import type { KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import { type Deadline, deadlineAfter, delay, WaitTimeoutError } from '../write/watch-until.ts'
import {
  annotated,
  annotationOf,
  type Controller,
  type Controllers,
  DESIRED_REPLICAS,
  nameOf,
  ORIGINAL_REPLICAS,
  replicas,
  SOURCE_ID,
} from './controllers.ts'
import { boundsOf, nextDown, nextUp, type Update } from './plan.ts'

export interface RollingUpdate {
  readonly old: Controller
  /** As it is to be made, or as it stands when an update is continued. */
  readonly next: Controller
  readonly updatePeriodMs: number
  readonly pollIntervalMs: number
  readonly timeoutMs: number
  /** The new controller takes the old one's name in the end. */
  readonly keepName: boolean
}

/** Updates; gives the controller that has all replicas now. */
export async function runRollingUpdate(
  ctx: KubectlContext,
  controllers: Controllers,
  update: RollingUpdate,
): Promise<Controller> {
  const started = await start(ctx, controllers, update)
  const desired = Number(annotationOf(started.next, DESIRED_REPLICAS) ?? replicas(update.next))
  const original = Number(annotationOf(started.old, ORIGINAL_REPLICAS) ?? replicas(started.old))
  const bounds = boundsOf({ original, desired })
  ctx.out(
    `Scaling up ${nameOf(started.next)} from ${replicas(started.next)} to ${desired}, scaling down ${nameOf(started.old)} from ${replicas(started.old)} to 0 (keep ${bounds.minAvailable} pods available, don't exceed ${desired + bounds.maxSurge} pods)\n`,
  )
  const { old, next } = await shift(ctx, controllers, { ...started, bounds, update })
  return finish(ctx, controllers, { old, next, update })
}

interface Pair {
  readonly old: Controller
  readonly next: Controller
}

async function start(ctx: KubectlContext, controllers: Controllers, { old, next }: RollingUpdate): Promise<Pair> {
  const known =
    annotationOf(old, ORIGINAL_REPLICAS) === undefined
      ? await controllers.annotate(old, { [ORIGINAL_REPLICAS]: String(replicas(old)) })
      : old
  const sourceId = `${nameOf(old)}:${old.metadata?.uid}`
  const there = await controllers.find(nameOf(next))
  if (there) {
    if (annotationOf(there, SOURCE_ID) !== sourceId) {
      throw new KubectlError(
        `Missing/unexpected annotations for controller ${nameOf(next)}, expected ${SOURCE_ID}: ${sourceId}`,
      )
    }
    ctx.out(`Continuing update with existing controller ${nameOf(next)}.\n`)
    return { old: known, next: there }
  }
  const desired = String(replicas(next))
  const marked = annotated(next, { [DESIRED_REPLICAS]: desired, [SOURCE_ID]: sourceId })
  const created = await controllers.create({ ...marked, spec: { ...marked.spec, replicas: 0 } })
  ctx.out(`Created ${nameOf(created)}\n`)
  return { old: known, next: created }
}

interface Shifting extends Pair {
  readonly bounds: Update
  readonly update: RollingUpdate
}

async function shift(ctx: KubectlContext, controllers: Controllers, shifting: Shifting): Promise<Pair> {
  const { bounds, update } = shifting
  let { old, next } = shifting
  let lastProgress = ctx.now()
  while (replicas(next) !== bounds.desired || replicas(old) !== 0) {
    const before = { old: replicas(old), new: replicas(next) }
    const up = nextUp(bounds, before)
    if (up !== before.new) {
      ctx.out(`Scaling ${nameOf(next)} up to ${up}\n`)
      next = await within(ctx, update.timeoutMs, (deadline) => controllers.resize(next, up, deadline))
    }
    await delay(ctx, before.old === 0 ? 0 : update.updatePeriodMs)
    const down = nextDown(bounds, { old: before.old, new: up }, await controllers.available(next))
    if (down !== before.old) {
      ctx.out(`Scaling ${nameOf(old)} down to ${down}\n`)
      old = await within(ctx, update.timeoutMs, (deadline) => controllers.resize(old, down, deadline))
    }
    if (up !== before.new || down !== before.old) lastProgress = ctx.now()
    else if (ctx.now() - lastProgress > update.timeoutMs) {
      throw new KubectlError('timed out waiting for any update progress to be made')
    } else await delay(ctx, update.pollIntervalMs)
  }
  return { old, next }
}

async function finish(
  ctx: KubectlContext,
  controllers: Controllers,
  { old, next, update }: Pair & { readonly update: RollingUpdate },
): Promise<Controller> {
  const clean = await controllers.annotate(next, { [SOURCE_ID]: null, [DESIRED_REPLICAS]: null })
  const remove = (rc: Controller) => within(ctx, update.timeoutMs, (deadline) => controllers.delete(rc, deadline))
  if (!update.keepName) {
    ctx.out(`Update succeeded. Deleting ${nameOf(old)}\n`)
    await remove(old)
    return clean
  }
  ctx.out(`Update succeeded. Deleting old controller: ${nameOf(old)}\n`)
  await remove(old)
  ctx.out(`Renaming ${nameOf(clean)} to ${nameOf(old)}\n`)
  return within(ctx, update.timeoutMs, (deadline) => controllers.rename(clean, nameOf(old), deadline))
}

async function within<T>(ctx: KubectlContext, ms: number, act: (deadline: Deadline) => Promise<T>): Promise<T> {
  const deadline = deadlineAfter(ctx, ms)
  try {
    return await act(deadline)
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error
    throw new KubectlError('timed out waiting for the condition', { cause: error })
  } finally {
    deadline.cancel()
  }
}
