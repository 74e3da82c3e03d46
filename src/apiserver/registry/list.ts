// List: consistent snapshots, selectors, pages. Semantics:
// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions

import { posix } from 'node:path'
import { badRequest, expired, type FieldError, field, invalid, StatusError } from '../../machinery/errors.ts'
import { scanJson } from '../../machinery/json-scan.ts'
import { prefixEnd } from '../../machinery/ordered-map.ts'
import type { Revision } from '../../store/store.ts'
import type { Entry } from './entry.ts'
import { computedEntry, type Registry } from './registry.ts'
import { listPrefix, type Resource } from './resource.ts'
import { canonicalVersion, parseResourceVersion } from './resource-version.ts'
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
  /** Set when the request says whether to send initial events, which is a matter of watches alone. */
  readonly sendInitialEvents?: boolean
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

const TOKEN_VERSION = 'meta.k8s.io/v1'

const TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'

/** Lists from the cache. Throws BadRequest, Invalid, Expired (410) or, for a version not reached yet, Timeout. */
export async function list(registry: Registry, resource: Resource, query: ListQuery): Promise<ListResult> {
  checkVersionMatch(query)
  return listOf(registry, resource, { ...query, resourceVersion: canonicalVersion(query.resourceVersion) })
}

async function listOf(registry: Registry, resource: Resource, query: ListQuery): Promise<ListResult> {
  const computed = registry.computed.get(resource)
  if (computed) {
    const entries = (await computed()).filter((object) => query.selection.matches(object)).map(computedEntry)
    // What is worked out is of no version.
    return { entries, revision: 0, continue: '', remaining: undefined }
  }
  const cache = registry.openCache(resource) ?? (await registry.cache(resource))
  await untilReached(query.resourceVersion, cache)
  const prefix = listPrefix(resource, query.namespace)
  // Whoever takes any state gets all of it, whatever the limit.
  const isOne = query.selection.name !== undefined && (query.namespace !== '' || !resource.namespaced)
  const limit = query.resourceVersion === '0' || isOne ? 0 : query.limit
  if (limit === 0 && query.continue === '' && query.resourceVersionMatch !== 'Exact') {
    checkReached(query.resourceVersion, cache)
    const { revision } = cache
    const stored = cache.entriesUnder(prefix)
    const under = resource.view ? await shownAll(resource.view, stored) : stored
    const entries = query.selection.all ? under : under.filter((entry) => query.selection.matches(entry.object))
    cache.noteList(stored.length, entries.length)
    return { entries, revision, continue: '', remaining: undefined }
  }
  return page(resource, { ...query, limit }, cache, prefix)
}

async function page(resource: Resource, query: ListQuery, cache: WatchCache, prefix: string): Promise<ListResult> {
  const token = query.continue === '' ? undefined : readToken(query.continue)
  if (token && token.rv > 0) await untilReached(String(token.rv), cache)
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
    // A full page goes on wherever anything follows, whether it is selected or not (Cacher.GetList).
    if (query.limit > 0 && entries.length === query.limit) {
      next ??= key
      left += 1
      return query.selection.all ? undefined : { break: true }
    }
    const entry = view ? view.show(stored) : stored
    if (query.selection.matches(entry.object)) entries.push(entry)
    return undefined
  })
  cache.noteList(entries.length + left, entries.length)
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
  checkReached(query.resourceVersion, cache)
  // A page of a version that is named without saying how it is meant is a page of exactly that version.
  const { resourceVersion, resourceVersionMatch: match } = query
  if (match === 'NotOlderThan' || resourceVersion === '' || resourceVersion === '0') return cache.snapshot()
  const kept = cache.kept(Number(resourceVersion))
  if (!kept) throw expired('The resourceVersion for the provided list is too old.')
  return kept
}

/** How long a version may take to come, as upstream has it. */
const WAIT_MS = 3000

/** Waits for a version that has not happened yet. Throws Timeout when it does not come. */
export async function untilReached(resourceVersion: string, cache: WatchCache): Promise<void> {
  if (resourceVersion === '' || resourceVersion === '0' || Number(resourceVersion) <= cache.revision) return
  await cache.reached(Number(resourceVersion), WAIT_MS)
  checkReached(resourceVersion, cache)
}

/** What is asked of a version that has not happened cannot be answered. */
function checkReached(resourceVersion: string, cache: WatchCache): void {
  if (resourceVersion === '' || resourceVersion === '0') return
  const wanted = Number(resourceVersion)
  if (wanted <= cache.revision) return
  throw new StatusError({
    message: `Timeout: Too large resource version: ${wanted}, current: ${cache.revision}`,
    reason: 'Timeout',
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
    code: 504,
  })
}

/** Throws Invalid for options of a list that do not go together. */
export function checkListQuery(query: ListQuery): void {
  checkListOptions(listMatchProblems(query))
}

function checkVersionMatch(query: ListQuery): void {
  const { resourceVersion } = query
  checkListQuery(query)
  parseResourceVersion(resourceVersion)
  if (query.continue === '') return
  readToken(query.continue)
  if (resourceVersion !== '' && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue')
  }
}

/** Model: ValidateListOptions of k8s.io/apimachinery/pkg/apis/meta/internalversion/validation. */
function listMatchProblems(query: ListQuery): FieldError[] {
  const { resourceVersion, resourceVersionMatch: match, continue: token, sendInitialEvents } = query
  const unasked = field.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list')
  const others = sendInitialEvents === undefined ? [] : [unasked]
  if (match === '') return others
  const path = 'resourceVersionMatch'
  const problems: FieldError[] = []
  if (resourceVersion === '') {
    problems.push(field.forbidden(path, 'resourceVersionMatch is forbidden unless resourceVersion is provided'))
  }
  if (token !== '') {
    problems.push(field.forbidden(path, 'resourceVersionMatch is forbidden when continue is provided'))
  }
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    problems.push(field.notSupported(path, match, ['Exact', 'NotOlderThan', '']))
  }
  if (match === 'Exact' && resourceVersion === '0') {
    problems.push(field.forbidden(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
  }
  return [...problems, ...others]
}

/** Throws Invalid when there are problems with the options of a list or watch. */
export function checkListOptions(problems: readonly FieldError[]): void {
  if (problems.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', problems)
}

function writeToken(token: Token): string {
  return Buffer.from(JSON.stringify({ v: TOKEN_VERSION, rv: token.rv, start: token.start })).toString('base64url')
}

/** Where text stops being unpadded base64. Model: base64.RawURLEncoding. */
function illegalBase64At(text: string): number {
  const illegal = text.search(/[^A-Za-z0-9_-]/)
  if (illegal >= 0) return illegal
  return text.length % 4 === 1 ? text.length - 1 : -1
}

/** What Go's decoder says of bytes that are no JSON: it names a byte, whatever character it may be a part of. */
function problemOf(json: Buffer): string | undefined {
  const [first = 0] = json
  if (first > 0x7f) return `invalid character '${String.fromCharCode(first)}' looking for beginning of value`
  return scanJson(json.toString()).error
}

function readToken(text: string): Token {
  const wrong = (why: string, options?: { cause: unknown }) =>
    badRequest(`invalid continue token: continue key is not valid: ${why}`, options)
  const illegal = illegalBase64At(text)
  if (illegal >= 0) throw wrong(`illegal base64 data at input byte ${illegal}`)
  let parsed: { v?: unknown; rv?: unknown; start?: unknown }
  const json = Buffer.from(text, 'base64url')
  try {
    parsed = JSON.parse(json.toString())
  } catch (cause) {
    throw wrong(problemOf(json) ?? 'unexpected end of JSON input', { cause })
  }
  const { v, rv, start } = parsed ?? {}
  if (v !== TOKEN_VERSION) throw wrong(`server does not recognize this encoded version ${String(v ?? '')}`)
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0) {
    throw wrong(`incorrect encoded start resourceVersion (version ${TOKEN_VERSION})`)
  }
  if (typeof start !== 'string' || start === '') throw wrong(`encoded start key empty (version ${TOKEN_VERSION})`)
  // Nobody gets above the keys of the list.
  const key = start.startsWith('/') ? start : `/${start}`
  if (posix.normalize(key) !== key || key.endsWith('/')) throw wrong(start)
  return { rv, start: key.slice(1) }
}
