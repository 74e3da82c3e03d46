// Watches over HTTP: a stream of frames, each encoded once and written to every watcher.

import type { Clock } from '../../machinery/clock.ts'
import { internalError, isReason, StatusError } from '../../machinery/errors.ts'
import { setUnset } from '../../machinery/go/unset.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { Api } from '../api.ts'
import { inVersion } from '../api.ts'
import type { StoredObject } from '../api-object.ts'
import type { Entry } from '../registry/entry.ts'
import type { Resource, ServedVersion } from '../registry/resource.ts'
import { INITIAL_EVENTS_END, type WatchItem, type WatchQuery, watch } from '../registry/watch.ts'
import { cborFrame } from './cbor.ts'
import type { Request, Response } from './exchange.ts'
import { CBOR_SEQUENCE, PROTOBUF, type Representation } from './media-type.ts'
import { protobufEntry, protobufFrame, protobufOf } from './protobuf.ts'
import { type IncludeObject, partialMetadata, tableOf } from './table.ts'

export interface WatchEnv {
  readonly api: Api
  readonly clock: Clock
  readonly log: Logger
  readonly random: { next(): number }
  /** How long a watch lasts at least that does not say how long; at most it is twice that. */
  readonly minWatchSeconds?: number
  /** Gives what is told of the length of every event that a watch sends. */
  readonly countWatch?: (version: ServedVersion, resource: string) => (bytes: number) => void
  /** Told how long it took to send what was there when a watch began that asked for it. */
  readonly watchListed?: (version: ServedVersion, resource: string, scope: string, seconds: number) => void
  /** Aborts when the server shuts down: watches then end cleanly. */
  readonly shutdown: AbortSignal
}

export interface WatchExchange {
  readonly request: Request
  readonly response: Response
  readonly resource: Resource
  readonly version: ServedVersion
  readonly representation: Representation
  readonly include: IncludeObject
  readonly query: WatchQuery
  /** 0: the server chooses. */
  readonly timeoutSeconds: number
}

type Bookmark = Extract<WatchItem, { type: 'BOOKMARK' }>
type Format = Representation['format']

/** There are no watches in YAML. */
const STREAM_TYPES: Readonly<Record<Format, string>> = {
  json: 'application/json',
  yaml: 'application/json',
  protobuf: `${PROTOBUF};stream=watch`,
  cbor: CBOR_SEQUENCE,
}

const BOOKMARK_MS = 60_000
const MIN_TIMEOUT_S = 1800
const MAX_UNSENT = 16 * 1024 * 1024

/** Serves a watch to its end. */
export async function serveWatch(env: WatchEnv, exchange: WatchExchange): Promise<void> {
  const { response, query, resource, version } = exchange
  const { format } = exchange.representation
  const since = env.clock.now()
  const frames = frameEncoder(env, exchange)
  const count = env.countWatch?.(version, resource.resource)
  let begun = false
  const begin = () => {
    if (begun) return
    begun = true
    response.writeHead(200, {
      'content-type': STREAM_TYPES[format],
      'cache-control': 'no-cache, private',
    })
  }
  // Frames that are due before the headers can be written (the initial state) wait here.
  const early: Buffer[] = []
  let unsent = 0
  const write = (frame: Buffer) => {
    if (!begun) {
      early.push(frame)
      return
    }
    unsent += frame.length
    if (unsent > MAX_UNSENT) {
      tooSlow()
      return
    }
    response.write(frame, () => {
      unsent -= frame.length
    })
  }
  const send = (frame: Buffer | undefined) => {
    if (!frame) return gaveUp()
    count?.(frame.length)
    write(frame)
  }
  const tooSlow = () => {
    env.log.warn('watcher-too-slow', { resource: resource.resource })
    const cache = env.api.registry.openCache(resource)
    if (cache) cache.terminated += 1
    end()
    response.destroy()
  }
  let over = false
  const gaveUp = (error?: unknown) => {
    if (error !== undefined) {
      const { status } = error instanceof StatusError ? error : internalError(String(error), { cause: error })
      write(objectFrame('ERROR', { ...status }, format))
    }
    over = true
    if (begun) finish()
  }
  let started: { stop: () => void; revision: () => number }
  try {
    started = await watch(env.api.registry, resource, query, (item) => send(frames(item)), gaveUp)
  } catch (error) {
    if (!isReason(error, 'Expired')) throw error
    // A watch that starts too far back is answered with a stream that holds the error, as upstream's cache does.
    begin()
    response.end(objectFrame('ERROR', { ...error.status }, format))
    return
  }
  const { stop, revision } = started
  const cancels: (() => void)[] = [stop]
  let ended = false
  function finish(): void {
    end()
    response.end()
  }
  function end(): void {
    if (ended) return
    ended = true
    for (const cancel of cancels) cancel()
  }
  begin()
  for (const frame of early) write(frame)
  if (query.sendInitialEvents) {
    const scope = query.selection.name ? 'resource' : query.namespace ? 'namespace' : 'cluster'
    env.watchListed?.(version, resource.resource, scope, (env.clock.now() - since) / 1000)
  }
  if (over) return finish()
  response.on('close', end)
  env.shutdown.addEventListener('abort', finish, { once: true })
  cancels.push(() => env.shutdown.removeEventListener('abort', finish))
  const seconds =
    exchange.timeoutSeconds > 0
      ? exchange.timeoutSeconds
      : (env.minWatchSeconds ?? MIN_TIMEOUT_S) * (1 + env.random.next())
  cancels.push(env.clock.after(seconds * 1000, finish))
  if (query.allowBookmarks) {
    const tick = () => {
      if (ended) return
      const mark = frames({ type: 'BOOKMARK', revision: revision(), initialEventsEnd: false })
      if (mark) write(mark)
      cancelTick = env.clock.after(BOOKMARK_MS, tick)
    }
    let cancelTick = env.clock.after(BOOKMARK_MS, tick)
    cancels.push(() => cancelTick())
  }
}

function frameEncoder(env: WatchEnv, exchange: WatchExchange): (item: WatchItem) => Buffer | undefined {
  const { representation, resource, version, include } = exchange
  const { format, as, wrapperVersion } = representation
  let first = true
  return (item) => {
    // One object is no list: upstream ends what it cannot show (asPartialObjectMetadataList).
    if (as === 'PartialObjectMetadataList') return undefined
    const shown = item.type === 'BOOKMARK' ? bookmarkIn(resource, version, item) : inVersion(item.entry, version)
    const { object } = shown
    if (as === 'Table') {
      const { resourceVersion } = object.metadata
      const options = { wrapperVersion, include, now: env.clock.now(), withColumns: first }
      first = false
      return objectFrame(item.type, tableOf(resource, [shown], { resourceVersion }, options), format)
    }
    if (as !== 'object') return objectFrame(item.type, partialMetadata(object, wrapperVersion), format)
    if (item.type === 'BOOKMARK') return objectFrame(item.type, object, format)
    return sharedFrame(item, inVersion(item.entry, version), { version, format })
  }
}

/** The frame that all watchers of this version and format share. */
function sharedFrame(
  item: Exclude<WatchItem, Bookmark>,
  entry: Entry,
  { version, format }: { version: ServedVersion; format: Format },
): Buffer {
  const name = format === 'json' ? version.apiVersion : `${version.apiVersion} ${format}`
  const known = item.source?.frames.get(name)
  if (known) return known
  const made = entryFrame(item.type, entry, format)
  item.source?.frames.set(name, made)
  return made
}

function entryFrame(type: string, entry: Entry, format: Format): Buffer {
  if (format === 'protobuf') return protobufFrame(type, protobufEntry(entry))
  return format === 'cbor' ? cborFrame(type, entry.object) : frame(type, entry.json)
}

function objectFrame(type: string, object: object, format: Format): Buffer {
  if (format === 'protobuf') return protobufFrame(type, protobufOf({ ...object }))
  return format === 'cbor' ? cborFrame(type, object) : frame(type, Buffer.from(JSON.stringify(object)))
}

function frame(type: string, object: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, Buffer.from('}\n')])
}

/** A bookmark in a version, and in the one that columns are made of. */
function bookmarkIn(resource: Resource, version: ServedVersion, item: Bookmark) {
  return { object: bookmarkOf(version, item), origin: { object: bookmarkOf(resource.storage, item) } }
}

/** Kinds that upstream holds with a number of replicas inside, which is not left out when it is none. */
const COUNTED = new Set(['apps/v1 Deployment', 'apps/v1 ReplicaSet', 'apps/v1 StatefulSet'])

/** An object that says nothing but how far a watch has come: what a new one of Go looks like. Model: newFunc. */
function bookmarkOf(version: ServedVersion, { revision, initialEventsEnd }: Bookmark): StoredObject {
  const annotations = initialEventsEnd ? { [INITIAL_EVENTS_END]: 'true' } : undefined
  const metadata = { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) }
  const object: Record<string, unknown> = { kind: version.kind, apiVersion: version.apiVersion, metadata }
  if (!version.decode && version.typeRef !== '') setUnset(version.typeRef, object)
  if (COUNTED.has(`${version.apiVersion} ${version.kind}`)) object.spec = { replicas: 0, ...(object.spec as object) }
  return object as unknown as StoredObject
}
