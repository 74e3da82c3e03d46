// Figures of the queues of controllers in this process. Model: k8s.io/component-base/metrics/prometheus/workqueue.

import type { QueueObserver } from '../../client/workqueue.ts'
import { exponential, type MetricSet } from '../../machinery/metrics.ts'

const DURATIONS = exponential(1e-8, 10, 10)

/** Gives who is told of the queue with a name. */
export function queueObservers(metrics: MetricSet): (name: string) => QueueObserver {
  const labels = ['name']
  const depths = metrics.gauge({
    name: 'workqueue_depth',
    help: 'Current depth of workqueue',
    stability: 'BETA',
    labels,
  })
  const adds = metrics.counter({
    name: 'workqueue_adds_total',
    help: 'Total number of adds handled by workqueue',
    stability: 'BETA',
    labels,
  })
  const waits = metrics.histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long in seconds an item stays in workqueue before being requested.',
    stability: 'BETA',
    labels,
    buckets: DURATIONS,
  })
  const works = metrics.histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long in seconds processing an item from workqueue takes.',
    stability: 'BETA',
    labels,
    buckets: DURATIONS,
  })
  const retries = metrics.counter({
    name: 'workqueue_retries_total',
    help: 'Total number of retries handled by workqueue',
    stability: 'BETA',
    labels,
  })
  return (name) => {
    const [depth, add, wait, work, retry] = [
      depths.of(name),
      adds.of(name),
      waits.of(name),
      works.of(name),
      retries.of(name),
    ]
    return {
      added(waiting) {
        add.add()
        depth.set(waiting)
      },
      started(waiting, seconds) {
        depth.set(waiting)
        wait.observe(seconds)
      },
      done: (seconds) => work.observe(seconds),
      retried: () => retry.add(),
    }
  }
}
