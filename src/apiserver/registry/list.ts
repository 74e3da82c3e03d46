// List: consistent snapshots, selectors, pages. Semantics:
// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions

import { badRequest, expired, invalid, StatusError } from '../../machinery/errors.ts'
import { prefixEnd } from '../../machinery/ordered-map.ts'
import type { Revision } from '../../store/store.ts'
import type { Entry } from './entry.ts'
import { computedEntry, type Registry } from './registry.ts'
import { listPrefix, type Resource } from './resource.ts'
import { parseResourceVersion } from './resource-version.ts'
import type { Selection } from './selection.ts'
import { shownAll } from './view.ts'
import type { Snapshot, WatchCache } from './watch-cache.ts'

export interface ListQuery {
  readonly namespace: string
  readonly selection: Selection
  /** 0 means no limit. */
  readonly limit: number
  readonly continue: string
  readonly resourceVersion: string
  readonly resourceVersionMatch: string
}

export interface ListResult {
  readonly entries: readonly Entry[]
  readonly revision: Revision
  /** Empty on the last page. */
  readonly continue: string
  /** Known only without selectors, as upstream. */
  readonly remaining: number | undefined
}

interface Token {
  readonly rv: Revision
  readonly start: string
}

const TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'

/** Lists from the cache. Throws BadRequest, Invalid, Expired (410) or, for a version not reached yet, Timeout. */
export async function list(registry: Registry, resource: Resource, query: ListQuery): Promise<ListResult> {
  checkVersionMatch(query)
  const computed = registry.computed.get(resource)
  if (computed) {
    const entries = (await computed()).filter((object) => query.selection.matches(object)).map(computedEntry)
    return { entries, revision: await registry.store.currentRevision(), continue: '', remaining: undefined }
  }
  const cache = registry.openCache(resource) ?? (await registry.cache(resource))
  const prefix = listPrefix(resource, query.namespace)
  if (query.limit === 0 && query.continue === '' && query.resourceVersionMatch !== 'Exact') {
    checkReached(query.resourceVersion, cache)
    const { revision } = cache
    const stored = cache.entriesUnder(prefix)
    const under = resource.view ? await shownAll(resource.view, stored) : stored
    const entries = query.selection.all ? under : under.filter((entry) => query.selection.matches(entry.object))
    return { entries, revision, continue: '', remaining: undefined }
  }
  return page(resource, query, cache, prefix)
}

async function page(resource: Resource, query: ListQuery, cache: WatchCache, prefix: string): Promise<ListResult> {
  const token = query.continue === '' ? undefined : readToken(query.continue)
  const snapshot = snapshotFor(query, token, cache)
  const entries: Entry[] = []
  let next: string | undefined
  let left = 0
  const start = token ? prefix + token.start : prefix
  const { view } = resource
  if (view) {
    const ahead: Entry[] = []
    snapshot.entries.forRange(start, prefixEnd(prefix), false, (_key, entry) => {
      ahead.push(entry)
    })
    await view.ready(ahead)
  }
  snapshot.entries.forRange(start, prefixEnd(prefix), false, (key, stored) => {
    const entry = view ? view.show(stored) : stored
    if (next !== undefined) {
      left += 1
      return undefined
    }
    if (!query.selection.matches(entry.object)) return undefined
    if (query.limit > 0 && entries.length === query.limit) {
      next = key
      left = 1
      if (!query.selection.all) return { break: true }
      return undefined
    }
    entries.push(entry)
    return undefined
  })
  if (next === undefined) return { entries, revision: snapshot.revision, continue: '', remaining: undefined }
  cache.keep(snapshot)
  return {
    entries,
    revision: snapshot.revision,
    continue: writeToken({ rv: snapshot.revision, start: next.slice(prefix.length) }),
    remaining: query.selection.all ? left : undefined,
  }
}

function snapshotFor(query: ListQuery, token: Token | undefined, cache: WatchCache): Snapshot {
  if (token) {
    // A negative version marks a token for an inconsistent continuation: go on with what is there now.
    if (token.rv < 0) return cache.snapshot()
    const kept = cache.kept(token.rv)
    if (kept) return kept
    throw new StatusError({
      message: TOO_OLD,
      reason: 'Expired',
      code: 410,
      // The answer's own token continues on the current state.
      ...({ metadata: { continue: writeToken({ rv: -1, start: token.start }) } } as object),
    })
  }
  if (query.resourceVersionMatch === 'Exact') {
    const kept = cache.kept(Number(query.resourceVersion))
    if (!kept) throw expired(`The resourceVersion for the provided list is too old.`)
    return kept
  }
  checkReached(query.resourceVersion, cache)
  return cache.snapshot()
}

/** A list at a version that has not happened cannot be answered. */
function checkReached(resourceVersion: string, cache: WatchCache): void {
  if (resourceVersion === '' || resourceVersion === '0') return
  const wanted = Number(resourceVersion)
  if (wanted <= cache.revision) return
  throw new StatusError({
    message: `Too large resource version: ${wanted}, current: ${cache.revision}`,
    reason: 'Timeout',
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
    code: 504,
  })
}

function checkVersionMatch(query: ListQuery): void {
  const { resourceVersion, resourceVersionMatch: match } = query
  parseResourceVersion(resourceVersion)
  const problem = (path: string, message: string) =>
    invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      { type: 'FieldValueForbidden', path, message: `Forbidden: ${message}` },
    ])
  if (query.continue !== '' && resourceVersion !== '' && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue')
  }
  if (match === '') return
  if (query.continue !== '') {
    throw problem('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided')
  }
  if (resourceVersion === '') {
    throw problem('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided')
  }
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      {
        type: 'FieldValueNotSupported',
        path: 'resourceVersionMatch',
        message: `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`,
      },
    ])
  }
  if (match === 'Exact' && resourceVersion === '0') {
    throw problem('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
  }
}

function writeToken(token: Token): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: token.rv, start: token.start })).toString('base64url')
}

function readToken(text: string): Token {
  let parsed: { v?: unknown; rv?: unknown; start?: unknown }
  try {
    parsed = JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch (cause) {
    throw badRequest('continue key is not valid: invalid character in continue token', { cause })
  }
  const { v, rv, start } = parsed
  if (
    v !== 'meta.k8s.io/v1' ||
    typeof rv !== 'number' ||
    typeof start !== 'string' ||
    start === '' ||
    start.includes('..')
  ) {
    throw badRequest('continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  }
  return { rv, start }
}
