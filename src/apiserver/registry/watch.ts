// Watch: events of the cache, filtered; an object that starts or stops matching appears or disappears.
// Semantics: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes

import { type FieldError, field, methodNotSupported } from '../../machinery/errors.ts'
import { EventChannel } from '../../store/event-channel.ts'
import type { Revision } from '../../store/store.ts'
import type { Entry } from './entry.ts'
import { checkListOptions, untilReached } from './list.ts'
import type { Registry } from './registry.ts'
import { listPrefix, type Resource } from './resource.ts'
import { checkVersionOfRead } from './resource-version.ts'
import type { Selection } from './selection.ts'
import type { EntryView } from './view.ts'
import { type CacheEvent, lastState } from './watch-cache.ts'

export interface WatchQuery {
  readonly namespace: string
  readonly selection: Selection
  /** Empty or `0`: start with the current objects. */
  readonly resourceVersion: string
  readonly resourceVersionMatch: string
  readonly allowBookmarks: boolean
  readonly sendInitialEvents: boolean | undefined
  /** The token of a page of a list. */
  readonly continue?: string
}

/** What a watcher gets. `source` is the cache's event when the frame can be shared with other watchers. */
export type WatchItem =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly entry: Entry; readonly source: CacheEvent | undefined }
  | { readonly type: 'BOOKMARK'; readonly revision: Revision; readonly initialEventsEnd: boolean }

/** Told of items one by one, synchronously; must not throw. */
export type WatchSink = (item: WatchItem) => void

export const INITIAL_EVENTS_END = 'k8s.io/initial-events-end'

/**
 * Starts a watch: `sink` gets everything from the requested version on. Throws Expired when that is too old. Gives a
 * function that stops it, and one that says how far the watcher has been told. `onEnd` is called when the watch cannot
 * go on: with an error, or without one when the resource is served differently from now on.
 */
export async function watch(
  registry: Registry,
  resource: Resource,
  asked: WatchQuery,
  sink: WatchSink,
  onEnd: (error?: unknown) => void,
): Promise<{ stop: () => void; revision: () => Revision }> {
  if (registry.computed.has(resource)) throw methodNotSupported(resource, 'watch')
  const query = withDefaults(asked)
  checkQuery(query)
  const cache = registry.openCache(resource) ?? (await registry.cache(resource))
  const prefix = listPrefix(resource, query.namespace)
  const from = query.resourceVersion
  const wantsState = query.sendInitialEvents ?? Number(from) === 0
  if (query.sendInitialEvents) await untilReached(from, cache)
  const anywhere = wantsState || Number(from) === 0
  const start = anywhere ? cache.revision : Number(from)
  const { view } = resource
  const through = view ? inOrder(view, onEnd) : undefined
  const tell = (entries: readonly Entry[], act: () => void) => (through ? through.tell(entries, act) : act())
  let told = start
  if (wantsState) {
    const stored = cache.entriesUnder(prefix)
    tell(stored, () => sendState(view ? stored.map((entry) => view.show(entry)) : stored, query, sink))
  }
  if (query.sendInitialEvents && query.allowBookmarks)
    tell([], () => sink({ type: 'BOOKMARK', revision: start, initialEventsEnd: true }))
  const unfollow = cache.follow(start, (event) => {
    // A watch may begin at a version that is still to come, and tells of nothing before it.
    if (event.revision <= start || !event.entry.key.startsWith(prefix)) return
    const concerned = event.previous ? [event.previous, event.entry] : [event.entry]
    tell(view ? concerned : [], () => {
      const item = seenThrough(query.selection, view ? shownEvent(view, event) : event)
      if (item) sink(item)
      told = event.revision
    })
  })
  const end = () => onEnd()
  const stop = () => {
    unfollow()
    through?.stop()
    view?.ended.removeEventListener('abort', end)
  }
  if (view?.ended.aborted) end()
  else view?.ended.addEventListener('abort', end, { once: true })
  return { stop, revision: () => (through?.behind ? told : Math.max(start, cache.revision)) }
}

/** Who asks for the state in the old way is answered as who asks in the new one. Model: SetListOptionsDefaults. */
function withDefaults(query: WatchQuery): WatchQuery {
  const { resourceVersion, resourceVersionMatch, sendInitialEvents } = query
  const isOld = sendInitialEvents === undefined && resourceVersionMatch === ''
  if (!isOld || !['', '0'].includes(resourceVersion)) return query
  return { ...query, sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }
}

function sendState(entries: readonly Entry[], query: WatchQuery, sink: WatchSink): void {
  for (const entry of entries) {
    if (query.selection.matches(entry.object)) sink({ type: 'ADDED', entry, source: undefined })
  }
}

function shownEvent(view: EntryView, event: CacheEvent): CacheEvent {
  return { ...event, entry: view.show(event.entry), previous: event.previous && view.show(event.previous) }
}

const MAX_WAITING = 1000

/** Acts on entries one after another, each as soon as its entries are ready: at once unless something is fetched. */
function inOrder(view: EntryView, fail: (error: unknown) => void) {
  let waiting = 0
  let stopped = false
  let chain: Promise<unknown> = Promise.resolve()
  const stop = () => {
    stopped = true
  }
  const failed = (error: unknown) => {
    if (!stopped) fail(error)
    stop()
  }
  return {
    stop,
    get behind(): boolean {
      return waiting > 0
    },
    tell(entries: readonly Entry[], act: () => void): void {
      if (stopped) return
      const pending = view.ready(entries)
      if (!pending && waiting === 0) return act()
      waiting += 1
      if (waiting > MAX_WAITING)
        return failed(new Error('the conversion of objects does not keep up with their changes'))
      chain = Promise.all([chain, pending])
        .then(() => {
          waiting -= 1
          if (!stopped) act()
        })
        .catch(failed)
    },
  }
}

function checkQuery(query: WatchQuery): void {
  checkListOptions(watchMatchProblems(query))
  checkVersionOfRead(query.resourceVersion)
}

/** Model: validateWatchOptions of k8s.io/apimachinery/pkg/apis/meta/internalversion/validation. */
function watchMatchProblems(query: WatchQuery): FieldError[] {
  const { resourceVersionMatch: match, sendInitialEvents } = query
  const path = 'resourceVersionMatch'
  const problems: FieldError[] = []
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    problems.push(field.forbidden(path, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'))
  }
  if (match !== '' && sendInitialEvents === undefined) {
    const why = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'
    problems.push(field.forbidden(path, why))
  }
  if (match !== '' && match !== 'NotOlderThan') problems.push(field.notSupported(path, match, ['NotOlderThan']))
  if (match !== '' && query.continue) {
    problems.push(field.forbidden(path, 'resourceVersionMatch is forbidden when continue is provided'))
  }
  return problems
}

/** How an event looks to a watcher with a selection; undefined when it does not show. */
function seenThrough(selection: Selection, event: CacheEvent): WatchItem | undefined {
  if (selection.all) return { type: event.type, entry: event.entry, source: event }
  const matched = event.previous !== undefined && selection.matches(event.previous.object)
  if (event.type === 'DELETED') return matched ? { type: 'DELETED', entry: event.entry, source: event } : undefined
  const matches = selection.matches(event.entry.object)
  if (matches) {
    const type = matched ? 'MODIFIED' : 'ADDED'
    return { type, entry: event.entry, source: type === event.type ? event : undefined }
  }
  if (!matched || !event.previous) return undefined
  return { type: 'DELETED', entry: lastState(event.previous, event.revision), source: undefined }
}

const BUFFER = 10_000

/** A watch as an iterable, for watchers in the same process. */
export async function* iterateWatch(
  registry: Registry,
  resource: Resource,
  query: WatchQuery,
  signal: AbortSignal,
): AsyncGenerator<WatchItem> {
  const channel = new EventChannel<WatchItem>({
    limit: BUFFER,
    overflow: () => new Error(`watch of ${resource.resource} fell too far behind`),
  })
  const end = () => channel.close()
  const ended = (error?: unknown) => (error === undefined ? end() : channel.fail(error))
  const { stop } = await watch(registry, resource, query, (item) => channel.push(item), ended)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  try {
    for await (const item of channel) {
      if (signal.aborted) return
      yield item
    }
  } finally {
    stop()
    signal.removeEventListener('abort', end)
  }
}
