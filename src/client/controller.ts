// What a controller is: a reconcile function over keys and the list of what wakes it. The runner owns the rest.

import type { Clock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import type { Random } from '../machinery/random.ts'
import type { Client } from './client.ts'
import type { EventRecorder } from './event-recorder.ts'
import type { InformerFactory } from './informer.ts'
import { type QueueObserver, Workqueue } from './workqueue.ts'

/** Everything a controller may use. */
export interface ControllerContext {
  readonly client: Client
  readonly informers: InformerFactory
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly events: EventRecorder
}

/** A controller's working part, made once its context is known. */
export interface Reconciler {
  /** Converges one key. Rejecting means: try again later, with back-off. */
  reconcile(key: string): Promise<void>
  /** Keys handled at the same time; 1 when absent. */
  readonly workers?: number
}

/** One controller, as listed in controllers/index.ts. */
export interface Controller {
  readonly name: string
  /** What its events say they come from; the name when absent. */
  readonly eventComponent?: string
  /**
   * Subscribes to informers (each handler adds keys to `queue`) and returns the reconciler.
   * `signal` ends whatever the controller runs on its own.
   */
  setup(context: ControllerContext, queue: Workqueue, signal: AbortSignal): Reconciler
}

/** What all controllers share. `eventsFor` makes the recorder of one component. */
export type SharedContext = Omit<ControllerContext, 'events'> & {
  eventsFor(component: string): EventRecorder
  /** Gives who counts what happens in the queue of a controller. */
  observeQueue?(name: string): QueueObserver
}

/** Sets up `controllers`, waits for their informers, and runs them until the signal aborts. */
export async function runControllers(
  controllers: readonly Controller[],
  shared: SharedContext,
  signal: AbortSignal,
): Promise<void> {
  const { eventsFor, observeQueue, ...context } = shared
  const runs = controllers.map((controller) => {
    const log = context.log.with({ controller: controller.name })
    const observer = observeQueue?.(controller.name)
    const queue = new Workqueue({ name: controller.name, clock: context.clock, log, observer })
    const events = eventsFor(controller.eventComponent ?? controller.name)
    return { queue, reconciler: controller.setup({ ...context, log, events }, queue, signal) }
  })
  context.informers.start(signal)
  await context.informers.waitForSync()
  await Promise.all(
    runs.map(({ queue, reconciler }) => queue.run(reconciler.workers ?? 1, (key) => reconciler.reconcile(key), signal)),
  )
}
