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
  '/tasks/exit': 'exited',
  '/tasks/oom': 'oom',
  '/containers/delete': 'removed',
} as const satisfies Record<string, RuntimeEvent['type']>
const CRI_TYPES: Readonly<Partial<Record<cri.ContainerEventType, RuntimeEvent['type']>>> = {
  [cri.ContainerEventType.CONTAINER_STOPPED_EVENT]: 'exited',
  [cri.ContainerEventType.CONTAINER_DELETED_EVENT]: 'removed',
}

const RECONNECT_MIN = 100
const RECONNECT_MAX = 5000
// The CRI plugin learns of an exit from the same event as we do, so its answer may lag by a moment.
const SETTLE_LIMIT = 30_000
const SETTLE_INTERVAL = 10
const SETTLE_MAX_INTERVAL = 500

export interface EventSource {
  readonly channel: GrpcChannel
  readonly clock: Clock
  readonly log: Logger
  readonly identities: IdentityCache
  readonly signal: AbortSignal
}

/**
 * Events until the signal aborts. Each (re)connection yields `connected` first: whatever happened before it was not
 * seen, so the reader reads all.
 */
export async function* followEvents(source: EventSource): AsyncGenerator<RuntimeEvent> {
  const { signal, clock, log } = source
  let follow = followContainerd
  let delay = RECONNECT_MIN
  while (!signal.aborted) {
    try {
      await source.channel.unary(cri.RuntimeService.method.version, {}, { signal, timeout: RECONNECT_MAX })
      yield { type: 'connected', containerId: '', podUid: '' }
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
  const over = new AbortController()
  const until = { signal: AbortSignal.any([signal, over.signal]) }
  const stream = channel.stream(Events.method.subscribe, { filters }, until)[Symbol.asyncIterator]()
  // Exits that CRI's answers do not reflect yet; what happens meanwhile goes ahead of them.
  const exits = new Set<Promise<RuntimeEvent>>()
  let next = stream.next()
  try {
    for (;;) {
      const first = await Promise.race([next.then((result) => ({ result })), ...[...exits].map(tagged)])
      if ('exit' in first) {
        exits.delete(first.promise)
        yield first.exit
        continue
      }
      if (first.result.done) return
      next = stream.next()
      const seen = decodeEnvelope(first.result.value)
      if (seen === undefined) continue
      const identity = await identify(source, seen.containerId)
      if (seen.type === 'removed') identities.forget(seen.containerId)
      const event = { ...seen, podUid: identity?.podUid ?? '' }
      if (seen.type === 'exited' && identity !== undefined) {
        exits.add(settled({ ...source, ...until }, seen.containerId, identity).then(() => event))
      } else yield event
    }
  } finally {
    // Nobody is there any more to hear of what is under way, or of how it ends.
    over.abort(new RuntimeError('CANCELLED', 'the events are not followed any more'))
    next.catch(() => {})
    for (const exit of exits) exit.catch(() => {})
  }
}

async function tagged(promise: Promise<RuntimeEvent>): Promise<{ exit: RuntimeEvent; promise: typeof promise }> {
  return { exit: await promise, promise }
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

/** Waits until CRI's answer reflects an exit that containerd has announced; gives up after half a minute. */
async function settled(source: EventSource, id: string, identity: Identity): Promise<void> {
  const deadline = source.clock.now() + SETTLE_LIMIT
  let interval = SETTLE_INTERVAL
  while (source.clock.now() < deadline) {
    if (!(await looksAlive(source, id, identity))) return
    if (!(await pause(source.clock, interval, source.signal))) return
    interval = Math.min(interval * 2, SETTLE_MAX_INTERVAL)
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
    // One that ends at once may be announced as ended before its start is on record: `created` is no end.
    const { CONTAINER_CREATED, CONTAINER_RUNNING } = cri.ContainerState
    return answer.status?.state === CONTAINER_CREATED || answer.status?.state === CONTAINER_RUNNING
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
