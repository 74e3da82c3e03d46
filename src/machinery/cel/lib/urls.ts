// URLs as requests have them: absolute, or a path. Library: k8s.io/apiserver/pkg/cel/library, urls.

import { type Declaration, fail } from '../functions.ts'
import { URL_TYPE } from '../types.ts'
import { ArrayList, EntryMap, Opaque } from '../values.ts'

/** The parts of a URL. */
export interface ParsedUrl {
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly query: string
}

const ABSOLUTE = /^([a-zA-Z][a-zA-Z0-9+.-]*):(?:\/\/([^/?]*))?(\/[^?]*|)(?:\?(.*))?$/s
/** What follows the scheme is taken as it is when no slash begins it. */
const OPAQUE = /^([a-zA-Z][a-zA-Z0-9+.-]*):(?!\/)[^?]*(?:\?(.*))?$/s
const PATH = /^(\/[^?]*)(?:\?(.*))?$/s

/** A URL's parts; undefined when the text is none. */
export function parseUrl(text: string): ParsedUrl | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (/[\x00-\x1f\x7f]/.test(text)) return undefined
  const opaque = OPAQUE.exec(text)
  if (opaque) return { scheme: (opaque[1] ?? '').toLowerCase(), host: '', path: '', query: opaque[2] ?? '' }
  const path = PATH.exec(text)
  const [, scheme = '', authority = '', where = '', query = ''] = path
    ? ['', '', '', path[1], path[2]]
    : (ABSOLUTE.exec(text) ?? [])
  if (!path && scheme === '') return undefined
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  if (/[\s<>"^`{|}\\]/.test(host) || !/^(\[[^\]]*\]|[^:[\]]*)(:\d*)?$/.test(host)) return undefined
  if (/%(?![0-9a-fA-F]{2})/.test(where) || /%(?![0-9a-fA-F]{2})/.test(host)) return undefined
  return { scheme: scheme.toLowerCase(), host, path: where, query }
}

function url(text: string): Opaque {
  const data = parseUrl(text)
  if (!data) return fail(`URL parse error during conversion from string: parse ${JSON.stringify(text)}: ${why(text)}`)
  return new Opaque(URL_TYPE, data, (other) => sameUrl(data, other as ParsedUrl))
}

/** What Go says of a URL it does not take. */
export function why(text: string): string {
  if (text === '') return 'empty url'
  if (/^:/.test(text)) return 'missing protocol scheme'
  return 'invalid URI for request'
}

const sameUrl = (a: ParsedUrl, b: ParsedUrl) =>
  a.scheme === b.scheme && a.host === b.host && a.path === b.path && a.query === b.query

const partsOf = (value: Opaque) => value.data as ParsedUrl

function hostname({ host }: ParsedUrl): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host)
  return bracketed ? (bracketed[1] ?? '') : host.replace(/:\d*$/, '')
}

function escapedPath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-_.~$&+,/:;=@!'()*%[\]]/gu, (char) => encodeURIComponent(char))
}

function query({ query }: ParsedUrl): EntryMap {
  const map = new EntryMap()
  for (const [key, value] of new URLSearchParams(query)) {
    const known = map.get(key)
    if (known instanceof ArrayList) known.items.push(value)
    else map.set(key, new ArrayList([value]))
  }
  return map
}

export const URLS: readonly Declaration[] = [
  ['url', 'string_to_url', '(string)->url', url],
  ['isURL', 'is_url_string', '(string)->bool', (text: string) => parseUrl(text) !== undefined],
  ['getScheme', 'url_get_scheme', 'url.()->string', (u: Opaque) => partsOf(u).scheme],
  ['getHost', 'url_get_host', 'url.()->string', (u: Opaque) => partsOf(u).host],
  ['getHostname', 'url_get_hostname', 'url.()->string', (u: Opaque) => hostname(partsOf(u))],
  ['getPort', 'url_get_port', 'url.()->string', (u: Opaque) => /:(\d*)$/.exec(partsOf(u).host)?.[1] ?? ''],
  ['getEscapedPath', 'url_get_escaped_path', 'url.()->string', (u: Opaque) => escapedPath(partsOf(u).path)],
  ['getQuery', 'url_get_query', 'url.()->map(string,list(string))', (u: Opaque) => query(partsOf(u))],
]
