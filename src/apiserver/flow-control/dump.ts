// The debugging pages of priority and fairness: levels, queues and waiting requests as tables.
// Spec: https://kubernetes.io/docs/reference/debug-cluster/flow-control/

import { formatMicroTime } from '../../machinery/clock.ts'
import type { PriorityLevel } from './level.ts'

/** The page of this name; undefined when there is none. */
export function dumpOf(levels: readonly PriorityLevel[], page: string): string | undefined {
  const sorted = [...levels].sort((a, b) => (a.name < b.name ? -1 : 1))
  switch (page) {
    case 'dump_priority_levels':
      return table(LEVEL_COLUMNS, sorted.map(levelRow))
    case 'dump_queues':
      return table(QUEUE_COLUMNS, sorted.flatMap(queueRows))
    case 'dump_requests':
      return table(REQUEST_COLUMNS, sorted.flatMap(requestRows))
    default:
      return undefined
  }
}

const LEVEL_COLUMNS = [
  ...['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests'],
  ...['DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests'],
]
const QUEUE_COLUMNS = ['PriorityLevelName', 'Index', 'PendingRequests', 'InitialSeatsSum', 'NextDispatchR']
const REQUEST_COLUMNS = [
  ...['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistinguisher'],
  ...['ArriveTime', 'InitialSeats'],
]

function levelRow(level: PriorityLevel): unknown[] {
  const { name, queues, waiting, requests, dispatched, rejected } = level
  const refused = (...reasons: ('concurrency-limit' | 'queue-full' | 'time-out' | 'cancelled')[]) =>
    reasons.reduce((sum, reason) => sum + (rejected.get(reason) ?? 0), 0)
  const active = queues.filter((queue) => queue.requests.length > 0).length
  const idle = waiting + requests === 0
  const refusals = [refused('concurrency-limit', 'queue-full'), refused('time-out'), refused('cancelled')]
  return [name, active, idle, false, waiting, requests, dispatched, ...refusals]
}

function queueRows({ name, queues }: PriorityLevel): unknown[][] {
  return queues.map(({ requests, virtualStart }, i) => {
    const seats = requests.reduce((sum, request) => sum + request.seats, 0)
    return [name, i, requests.length, seats, `${virtualStart.toFixed(8)}ss`]
  })
}

function requestRows({ name, queues }: PriorityLevel): unknown[][] {
  return queues.flatMap(({ requests }, i) =>
    requests.map(({ flow, since, seats }, k) => {
      const slash = flow.indexOf('/')
      return [name, flow.slice(0, slash), i, k, flow.slice(slash + 1), formatMicroTime(since), seats]
    }),
  )
}

/** Columns are as wide as what is in them, with a comma after each but the last. */
function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell, i) => (i === row.length - 1 ? `${cell}` : `${cell},`)))
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join(' ')
      .trimEnd()
  return `${cells.map(line).join('\n')}\n`
}
