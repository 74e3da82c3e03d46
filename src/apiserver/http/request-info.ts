// What a URL asks for. Model: k8s.io/apiserver/pkg/endpoints/request/requestinfo.go.

import { switchOf } from './query.ts'

/** A request line, taken apart. */
export interface RequestInfo {
  readonly path: string
  readonly query: URLSearchParams
  /** get, list, watch, create, update, patch, delete, deletecollection; the method in lower case for other paths. */
  readonly verb: string
  readonly isResource: boolean
  readonly group: string
  readonly version: string
  readonly namespace: string
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** What follows the subresource: the path for `proxy`. */
  readonly rest: string
  /** The path is one of a namespace that it does not name. */
  readonly namespaceMissing?: true
  /** Why nobody can say what is asked for. */
  readonly problem?: string
}

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])
const NO_QUERY = new URLSearchParams()

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** Takes a request line apart. Malformed percent-encoding leaves a segment as it is. */
export function parseRequest(method: string, url: string): RequestInfo {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = mark < 0 ? NO_QUERY : new URLSearchParams(url.slice(mark + 1))
  const readable = decoded(path)
  const segments = segmentsOf(readable)
  const root = segments[0]
  const first = root === 'api' ? 2 : 3
  const version = segments[first - 1]
  const isResource =
    !path.startsWith('//') && (root === 'api' || root === 'apis') && version !== undefined && segments.length > first
  // What follows a subresource may hold anything; before it only names may be missing.
  const gap = segments.indexOf('')
  if (!isResource || (gap >= 0 && gap < MOST_NAMES + first && !isOfName(segments, first, gap))) {
    return {
      path: readable,
      query,
      verb: method.toLowerCase(),
      isResource: false,
      group: '',
      version: '',
      namespace: '',
      resource: '',
      subresource: '',
      name: '',
      rest: '',
    }
  }
  const group = root === 'api' ? '' : (segments[1] ?? '')
  return resourceRequest({ path, query, group, version }, { method, url }, segments.slice(first))
}

/** Whether the first gap is where the name of a namespace or of an object belongs. Without its name a namespace is all. */
function isOfName(segments: readonly string[], first: number, gap: number): boolean {
  if (gap === first + 1) return true
  return gap === first + 3 && segments[first] === 'namespaces'
}

/** namespaces/NAME/RESOURCE/NAME/SUBRESOURCE is the longest there is. */
const MOST_NAMES = 5

/** The parts of a path; only slashes at its ends count for nothing. Model: splitPath. */
function segmentsOf(path: string): string[] {
  let from = 0
  let to = path.length
  while (from < to && path[from] === '/') from += 1
  while (to > from && path[to - 1] === '/') to -= 1
  const segments: string[] = []
  // By hand, as every request comes by here: the runtime's split takes longer than all the rest of this.
  while (from < to) {
    const slash = path.indexOf('/', from)
    const end = slash < 0 || slash > to ? to : slash
    segments.push(path.slice(from, end))
    from = end + 1
  }
  return segments
}

/** An escaped slash parts names as a plain one does. */
function decoded(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function resourceRequest(
  base: Pick<RequestInfo, 'path' | 'query' | 'group' | 'version'>,
  { method, url }: { method: string; url: string },
  segments: string[],
): RequestInfo {
  let parts = segments
  let verb = VERBS[method] ?? ''
  // Old clients ask for a watch by path: /api/v1/watch/pods.
  let watchPath = false
  let problem: string | undefined
  if (parts[0] === 'watch' || parts[0] === 'proxy') {
    if (parts.length < 2) problem = `unable to determine kind and namespace from url, ${url}`
    // Proxies of old were named by path as well, and are no more.
    if (parts[0] === 'watch') watchPath = true
    else verb = 'proxy'
    parts = parts.slice(1)
  }
  let namespace = ''
  const namespaceMissing = parts[0] === 'namespaces' && parts[1] === '' && parts.length > 3
  if (parts[0] === 'namespaces' && parts.length > 1) {
    namespace = parts[1] ?? ''
    if (parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(parts[2] ?? '')) parts = parts.slice(2)
  }
  const [resource = '', name = '', subresource = ''] = parts
  if (name === '' && verb === 'get') verb = 'list'
  if (name === '' && verb === 'delete') verb = 'deletecollection'
  if (watchPath || (verb === 'list' && switchOf(base.query, 'watch') === true)) verb = 'watch'
  const { path, query, group, version } = base
  const rest = parts.length > 3 ? parts.slice(3).join('/') : ''
  const info = { path, query, verb, isResource: true, group, version, namespace, resource, subresource, name, rest }
  // Hardly any request has these, and every request comes by here.
  if (namespaceMissing) return { ...info, namespaceMissing }
  return problem === undefined ? info : { ...info, problem }
}
