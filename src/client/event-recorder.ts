// Writes Events about objects, folding repeats into a count. Behaviour follows client-go's tools/record:
// the same event within ten minutes updates the first one's count and lastTimestamp.

import { events } from '../api/generated/resources.ts'
import type { Clock } from '../machinery/clock.ts'
import { formatTime } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import type { Logger } from '../machinery/logger.ts'
import type { Client } from './client.ts'

/** The object an event is about. `fieldPath` names a part, e.g. `spec.containers{web}`. */
export interface EventTarget {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly resourceVersion?: string
  }
  readonly fieldPath?: string
}

export interface EventRecorder {
  /** Queues an event; never rejects and never blocks the caller. */
  event(target: DeepReadonly<EventTarget>, type: 'Normal' | 'Warning', reason: string, message: string): void
}

const AGGREGATION_MS = 10 * 60_000
const MAX_REMEMBERED = 4096
const MAX_PENDING = 1000
const MAX_MESSAGE = 1024

interface Remembered {
  name: string
  count: number
  firstTimestamp: string
  lastSeen: number
}

/** Makes a recorder. `component` and `host` become the event's source. */
export function createEventRecorder(env: {
  client: Client
  clock: Clock
  log: Logger
  component: string
  host?: string
}): EventRecorder {
  const remembered = new Map<string, Remembered>()
  let written = 0
  const salt = [...env.component].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 256, 7)
  let tail: Promise<void> = Promise.resolve()
  let pending = 0

  async function write(
    target: DeepReadonly<EventTarget>,
    type: string,
    reason: string,
    message: string,
  ): Promise<void> {
    const now = env.clock.now()
    const namespace = target.metadata.namespace ?? 'default'
    const id = [
      target.kind,
      namespace,
      target.metadata.name,
      target.metadata.uid,
      target.fieldPath ?? '',
      type,
      reason,
      message,
    ].join('|')
    const seen = remembered.get(id)
    if (seen && now - seen.lastSeen < AGGREGATION_MS) {
      seen.count += 1
      seen.lastSeen = now
      try {
        await env.client.patch(
          events,
          { namespace, name: seen.name },
          {
            type: 'merge',
            patch: { count: seen.count, lastTimestamp: formatTime(now) },
          },
        )
        return
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error
      }
    }
    // The counter keeps names apart within a millisecond, the component those of different recorders.
    written += 1
    const stamp = (BigInt(Math.floor(now)) * 1_000_000n + BigInt((written * 256 + salt) % 1_000_000)).toString(16)
    const name = `${target.metadata.name}.${stamp}`
    const firstTimestamp = formatTime(now)
    remembered.delete(id)
    remembered.set(id, { name, count: 1, firstTimestamp, lastSeen: now })
    for (const oldest of remembered.keys()) {
      if (remembered.size <= MAX_REMEMBERED) break
      remembered.delete(oldest)
    }
    await env.client.create(events, {
      metadata: { name, namespace },
      involvedObject: {
        apiVersion: target.apiVersion,
        kind: target.kind,
        name: target.metadata.name,
        namespace: target.metadata.namespace ?? '',
        uid: target.metadata.uid,
        ...(target.metadata.resourceVersion ? { resourceVersion: target.metadata.resourceVersion } : {}),
        ...(target.fieldPath ? { fieldPath: target.fieldPath } : {}),
      },
      type,
      reason,
      message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 3)}...` : message,
      count: 1,
      firstTimestamp,
      lastTimestamp: firstTimestamp,
      source: { component: env.component, ...(env.host ? { host: env.host } : {}) },
      reportingComponent: env.component,
      reportingInstance: env.host ?? '',
    })
  }

  return {
    event(target, type, reason, message) {
      if (pending >= MAX_PENDING) {
        env.log.warn('event-dropped', { reason, message })
        return
      }
      pending += 1
      tail = tail
        .then(() => write(target, type, reason, message))
        .catch((error: unknown) => env.log.warn('event-write-failed', { reason, message, error }))
        .finally(() => {
          pending -= 1
        })
    },
  }
}
