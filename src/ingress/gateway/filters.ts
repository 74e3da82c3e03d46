// Reads the filters of a rule or of one of its backends. What cannot be done is said, never left out.

import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { HeaderChanges, HeaderValue, PathChange } from '../model.ts'
import { hasControlCharacters } from '../quote.ts'
import type { HeaderModifier, HTTPRouteFilter, PathModifier, RequestMirror, RequestRedirect } from './types.ts'

export interface Filters {
  readonly request: HeaderChanges
  readonly response: HeaderChanges
  /** What the host becomes on the way to the backend. */
  readonly host?: string
  readonly path?: PathChange
  readonly redirect?: DeepReadonly<RequestRedirect> & { readonly change?: PathChange }
  readonly mirrors: readonly DeepReadonly<RequestMirror>[]
}

export const NO_CHANGES: HeaderChanges = { set: [], add: [], remove: [] }
const NO_FILTERS: Filters = { request: NO_CHANGES, response: NO_CHANGES, mirrors: [] }
/** Longer names do not fit into nginx's tables. */
const NAME = /^[A-Za-z0-9!#%&'*+.^_`|~-]{1,64}$/
/** Headers that nginx itself writes. */
const REQUEST_RESERVED = ['connection', 'content-length', 'transfer-encoding', 'upgrade', 'te', 'keep-alive']
const RESPONSE_RESERVED = ['connection', 'content-length', 'transfer-encoding', 'date', 'server', 'keep-alive']

/** The filters, or everything about them that cannot be done. `prefix` is the path of a match by prefix. */
export function readFilters(
  filters: readonly DeepReadonly<HTTPRouteFilter>[],
  prefix: string | undefined,
): { readonly filters: Filters; readonly problems: readonly string[] } {
  const problems: string[] = []
  const seen = new Set<string>()
  let result = NO_FILTERS
  for (const filter of filters) {
    if (seen.has(filter.type) && filter.type !== 'RequestMirror') {
      problems.push(`filter ${filter.type} cannot be repeated`)
      continue
    }
    seen.add(filter.type)
    result = { ...result, ...readFilter(filter, result, prefix, problems) }
  }
  if (seen.has('RequestRedirect') && seen.has('URLRewrite')) {
    problems.push('filters RequestRedirect and URLRewrite cannot be used together')
  }
  return { filters: result, problems }
}

function readFilter(
  filter: DeepReadonly<HTTPRouteFilter>,
  before: Filters,
  prefix: string | undefined,
  problems: string[],
): Partial<Filters> {
  const { requestHeaderModifier, responseHeaderModifier, requestMirror, requestRedirect, urlRewrite } = filter
  if (filter.type === 'RequestHeaderModifier' && requestHeaderModifier) {
    return requestChanges(readHeaders(requestHeaderModifier, REQUEST_RESERVED, problems), problems)
  }
  if (filter.type === 'ResponseHeaderModifier' && responseHeaderModifier) {
    return { response: readHeaders(responseHeaderModifier, RESPONSE_RESERVED, problems) }
  }
  if (filter.type === 'RequestMirror' && requestMirror) return { mirrors: [...before.mirrors, requestMirror] }
  if (filter.type === 'RequestRedirect' && requestRedirect) {
    const change = readPath(requestRedirect.path, prefix, problems)
    return { redirect: { ...requestRedirect, ...(change ? { change } : {}) } }
  }
  if (filter.type === 'URLRewrite' && urlRewrite) {
    const path = readPath(urlRewrite.path, prefix, problems)
    return { ...(urlRewrite.hostname ? { host: urlRewrite.hostname } : {}), ...(path ? { path } : {}) }
  }
  problems.push(`filter ${filter.type} is not supported`)
  return {}
}

function readHeaders(
  modifier: DeepReadonly<HeaderModifier>,
  reserved: readonly string[],
  problems: string[],
): HeaderChanges {
  const { set = [], add = [], remove = [] } = modifier
  for (const name of [...set.map((h) => h.name), ...add.map((h) => h.name), ...remove]) {
    if (!NAME.test(name) || reserved.includes(name.toLowerCase())) {
      problems.push(`header ${JSON.stringify(name)} cannot be changed`)
    }
  }
  for (const { name, value } of [...set, ...add]) {
    if (hasControlCharacters(value)) problems.push(`the value of header ${JSON.stringify(name)} has control characters`)
  }
  return { set, add, remove }
}

/** The host is a header, too, but one that every request has exactly once. */
function requestChanges(changes: HeaderChanges, problems: string[]): Partial<Filters> {
  const isHost = (name: string) => name.toLowerCase() === 'host'
  if (changes.remove.some(isHost) || changes.add.some((h) => isHost(h.name))) {
    problems.push('header "Host" can only be set')
  }
  const host = changes.set.find((h) => isHost(h.name))?.value
  if (host !== undefined && !/^[A-Za-z0-9._-]+(:\d{1,5})?$/.test(host)) {
    problems.push(`header "Host" cannot be ${JSON.stringify(host)}`)
  }
  const request = { ...changes, set: changes.set.filter((h) => !isHost(h.name)) }
  return { request, ...(host === undefined ? {} : { host }) }
}

function readPath(
  modifier: DeepReadonly<PathModifier> | undefined,
  prefix: string | undefined,
  problems: string[],
): PathChange | undefined {
  if (!modifier) return undefined
  const full = modifier.type === 'ReplaceFullPath'
  const path = (full ? modifier.replaceFullPath : modifier.replacePrefixMatch) ?? ''
  const absolute = path === '' || path.startsWith('/') ? path : `/${path}`
  if (!isPath(path)) {
    problems.push(`${modifier.type} ${JSON.stringify(path)} is not a path`)
    return undefined
  }
  if (full) return { full: absolute || '/' }
  if (prefix === undefined) {
    problems.push('ReplacePrefixMatch is for matches of type PathPrefix only')
    return undefined
  }
  return { prefix, replacement: absolute }
}

function isPath(text: string): boolean {
  try {
    return (
      !/[?#\s]/.test(text) && !/[?#]/.test(decodeURIComponent(text)) && !hasControlCharacters(decodeURIComponent(text))
    )
  } catch (error) {
    if (error instanceof URIError) return false
    throw error
  }
}

/** First the changes of a rule, then those of the backend that it chose. */
export function inOrder(first: HeaderChanges, second: HeaderChanges): HeaderChanges {
  const named = (names: readonly string[]) => new Set(names.map((name) => name.toLowerCase()))
  const replaced = named([...second.set.map((h) => h.name), ...second.remove])
  const kept = (values: readonly HeaderValue[]) => values.filter((h) => !replaced.has(h.name.toLowerCase()))
  const wanted = named([...second.set, ...second.add].map((h) => h.name))
  return {
    set: [...kept(first.set), ...second.set],
    add: [...kept(first.add), ...second.add],
    remove: [...first.remove.filter((name) => !wanted.has(name.toLowerCase())), ...second.remove],
  }
}
