// Follows what happens to sandboxes and containers: containerd's own event service, or CRI's where that is missing.

import { fromBinary } from '@bufbuild/protobuf'
import { type Clock, sleep } from '../../../machinery/clock.ts'
import type { Logger } from '../../../machinery/logger.ts'
import { RuntimeError, type RuntimeEvent } from '../runtime.ts'
import { POD_UID } from './convert.ts'
import { Containers } from './generated/containerd-containers_pb.ts'
import {
  ContainerEventSchema,
  type Envelope,
  Events,
  TaskEventSchema,
  TaskExitSchema,
} from './generated/containerd-events_pb.ts'
import * as cri from './generated/runtime_pb.ts'
import type { GrpcChannel } from './grpc.ts'
import type { Identity, IdentityCache } from './identity-cache.ts'

const NAMESPACE = 'k8s.io'
const TOPICS = {
  '/containers/create': 'created',
  '/tasks/start': 'started',
  '/tasks/exit': 'exited',
  '/tasks/oom': 'oom',
  '/containers/delete': 'removed',
} as const satisfies Record<string, RuntimeEvent['type']>
const CRI_TYPES = ['created', 'started', 'exited', 'removed'] as const satisfies readonly RuntimeEvent['type'][]

const RECONNECT_MIN = 100
const RECONNECT_MAX = 5000
// The CRI plugin learns of an exit from the same event as we do, so its answer may lag by a moment.
const SETTLE_TRIES = 50
const SETTLE_INTERVAL = 10

export interface EventSource {
  readonly channel: GrpcChannel
  readonly clock: Clock
  readonly log: Logger
  readonly identities: IdentityCache
  readonly signal: AbortSignal
}

/**
 * Events until the signal aborts. Each (re)connection yields an event with empty ids first: whatever happened before
 * it was not seen, so the reader reads all.
 */
export async function* followEvents(source: EventSource): AsyncGenerator<RuntimeEvent> {
  const { signal, clock, log } = source
  let follow = followContainerd
  let delay = RECONNECT_MIN
  while (!signal.aborted) {
    try {
      await source.channel.unary(cri.RuntimeService.method.version, {}, { signal, timeout: RECONNECT_MAX })
      yield { type: 'started', containerId: '', podUid: '' }
      for await (const event of follow(source)) {
        delay = RECONNECT_MIN
        yield event
      }
      log.warn('runtime-events-ended')
    } catch (error) {
      if (signal.aborted) return
      if (follow === followContainerd && error instanceof RuntimeError && error.code === 'UNIMPLEMENTED') {
        follow = followCri
        continue
      }
      log.warn('runtime-events-interrupted', { error })
    }
    if (!(await pause(clock, delay, signal))) return
    delay = Math.min(delay * 2, RECONNECT_MAX)
  }
}

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(clock, ms, { signal })
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}

async function* followContainerd(source: EventSource): AsyncGenerator<RuntimeEvent> {
  const { channel, signal, identities } = source
  const filters = Object.keys(TOPICS).map((topic) => `topic==${JSON.stringify(topic)},namespace==${NAMESPACE}`)
  for await (const envelope of channel.stream(Events.method.subscribe, { filters }, { signal })) {
    const seen = decodeEnvelope(envelope)
    if (seen === undefined) continue
    const identity = await identify(source, seen.containerId)
    if (seen.type === 'exited' && identity !== undefined) await settled(source, seen.containerId, identity)
    if (seen.type === 'removed') identities.forget(seen.containerId)
    yield { ...seen, podUid: identity?.podUid ?? '' }
  }
}

/** The event of an envelope; nothing for other topics and for the exit of an exec. */
function decodeEnvelope(envelope: Pick<Envelope, 'topic' | 'event'>): Omit<RuntimeEvent, 'podUid'> | undefined {
  const { topic, event } = envelope
  if (event === undefined || !isTopic(topic)) return undefined
  const type = TOPICS[topic]
  if (topic.startsWith('/containers/')) {
    return { type, containerId: fromBinary(ContainerEventSchema, event.value).id }
  }
  if (type !== 'exited') return { type, containerId: fromBinary(TaskEventSchema, event.value).containerId }
  const { containerId, id } = fromBinary(TaskExitSchema, event.value)
  return id === '' || id === containerId ? { type, containerId } : undefined
}

function isTopic(topic: string): topic is keyof typeof TOPICS {
  return Object.hasOwn(TOPICS, topic)
}

/** Who a container is, asking containerd when it is new to us. */
async function identify(source: EventSource, id: string): Promise<Identity | undefined> {
  const { channel, identities, signal } = source
  const known = identities.get(id)
  if (known !== undefined) return known
  try {
    const answer = await channel.unary(
      Containers.method.get,
      { id },
      { containerdNamespace: NAMESPACE, signal, timeout: RECONNECT_MAX },
    )
    const labels = answer.container?.labels ?? {}
    const isSandbox = labels['io.cri-containerd.kind'] === 'sandbox'
    const identity: Identity = {
      kind: isSandbox ? 'sandbox' : 'container',
      podUid: labels[POD_UID] ?? '',
      sandboxId: isSandbox ? id : '',
    }
    identities.remember(id, identity)
    return identity
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}

/** Waits until CRI's answer reflects an exit that containerd has announced; gives up after half a second. */
async function settled(source: EventSource, id: string, identity: Identity): Promise<void> {
  for (let i = 0; i < SETTLE_TRIES; i++) {
    if (!(await looksAlive(source, id, identity))) return
    if (!(await pause(source.clock, SETTLE_INTERVAL, source.signal))) return
  }
  source.log.warn('runtime-exit-not-reflected', { containerId: id })
}

async function looksAlive({ channel, signal }: EventSource, id: string, identity: Identity): Promise<boolean> {
  const options = { signal, timeout: RECONNECT_MAX }
  try {
    if (identity.kind === 'sandbox') {
      const answer = await channel.unary(cri.RuntimeService.method.podSandboxStatus, { podSandboxId: id }, options)
      return answer.status?.state === cri.PodSandboxState.SANDBOX_READY
    }
    const answer = await channel.unary(cri.RuntimeService.method.containerStatus, { containerId: id }, options)
    return answer.status?.state === cri.ContainerState.CONTAINER_RUNNING
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'NOT_FOUND') return false
    throw error
  }
}

async function* followCri({ channel, signal, identities }: EventSource): AsyncGenerator<RuntimeEvent> {
  for await (const event of channel.stream(cri.RuntimeService.method.getContainerEvents, {}, { signal })) {
    const { containerId } = event
    const type = CRI_TYPES[event.containerEventType]
    if (type === undefined) continue
    const podUid = event.podSandboxStatus?.metadata?.uid ?? identities.get(containerId)?.podUid ?? ''
    if (type === 'removed') identities.forget(containerId)
    yield { type, containerId, podUid }
  }
}
