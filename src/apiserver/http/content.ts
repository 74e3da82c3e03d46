// Documents that clients may have already, or want parts of: conditional requests and ranges.
// Spec: RFC 9110, sections 13 and 14. Model: http.ServeContent of Go, whose words the refusals have.

import type { Request, Response } from './exchange.ts'

export interface Content {
  readonly bytes: Buffer
  readonly type: string
  /** With its quotes; absent when nothing names this state. */
  readonly etag?: string
  /** When it came to be so, in milliseconds. */
  readonly modified: number
}

/** Sends it, a part of it, or why not. `headers` are sent whatever the answer is. */
export function serveContent(
  request: Request,
  response: Response,
  content: Content,
  headers: Readonly<Record<string, string>> = {},
): void {
  const { bytes, type, etag } = content
  const tag = etag === undefined ? {} : { etag }
  const modified = { 'last-modified': new Date(content.modified).toUTCString() }
  switch (stateOf(request, content)) {
    case 'failed':
      response.writeHead(412, { ...headers, ...tag, ...modified, 'content-length': 0 })
      response.end()
      return
    case 'known':
      // A client that has the tag needs no date.
      response.writeHead(304, { ...headers, ...(etag === undefined ? modified : tag) })
      response.end()
      return
    default:
  }
  const range = rangeOf(request, content)
  if (range === 'invalid' || range === 'outside') {
    const text = range === 'invalid' ? 'invalid range\n' : 'invalid range: failed to overlap\n'
    response.writeHead(416, {
      ...headers,
      ...(range === 'outside' ? { 'content-range': `bytes */${bytes.length}` } : {}),
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-length': text.length,
    })
    response.end(text)
    return
  }
  const part = range ? bytes.subarray(range.from, range.to + 1) : bytes
  response.writeHead(range ? 206 : 200, {
    ...headers,
    ...tag,
    ...modified,
    'accept-ranges': 'bytes',
    'content-type': type,
    ...(range ? { 'content-range': `bytes ${range.from}-${range.to}/${bytes.length}` } : {}),
    'content-length': part.length,
  })
  response.end(part)
}

/** The preconditions in the order of RFC 9110, section 13.2.2. */
function stateOf({ headers, method }: Request, content: Content): 'failed' | 'known' | 'wanted' {
  const match = headers['if-match']
  if (match !== undefined) {
    if (!names(match, content.etag, isSame)) return 'failed'
  } else if (isBefore(headers['if-unmodified-since'], content)) return 'failed'
  const reads = method === 'GET' || method === 'HEAD'
  const none = headers['if-none-match']
  if (none !== undefined) {
    if (!names(none, content.etag, isAlike)) return 'wanted'
    return reads ? 'known' : 'failed'
  }
  const since = headers['if-modified-since']
  return reads && since !== undefined && isBefore(since, content) === false ? 'known' : 'wanted'
}

/** Whether a date lies before the content's, to the second; undefined when it is none. */
function isBefore(date: string | undefined, { modified }: Content): boolean | undefined {
  const time = date === undefined ? Number.NaN : Date.parse(date)
  return Number.isNaN(time) ? undefined : time < Math.floor(modified / 1000) * 1000
}

/** Whether a list of tags names this one; `*` names all. */
function names(list: string, etag: string | undefined, same: (a: string, b: string) => boolean): boolean {
  if (list.trim() === '*') return true
  return etag !== undefined && (list.match(/(?:W\/)?"[^"]*"/g) ?? []).some((tag) => same(tag, etag))
}

const isSame = (a: string, b: string) => a === b && !a.startsWith('W/')
const isAlike = (a: string, b: string) => a.replace(/^W\//, '') === b.replace(/^W\//, '')

interface Range {
  readonly from: number
  readonly to: number
}

/** The one range that is asked for; several are answered with the whole, as section 14.2 allows. */
function rangeOf({ headers, method }: Request, content: Content): Range | 'invalid' | 'outside' | undefined {
  const { range } = headers
  if (range === undefined || range === '' || (method !== 'GET' && method !== 'HEAD')) return undefined
  if (!appliesTo(headers['if-range'], content)) return undefined
  if (!range.startsWith('bytes=')) return 'invalid'
  const parts = range.slice('bytes='.length).split(',')
  if (parts.length > 1) return undefined
  const found = /^\s*(\d*)\s*-\s*(\d*)\s*$/.exec(parts[0] ?? '')
  const [, first = '', last = ''] = found ?? []
  const size = content.bytes.length
  if (!found || (first === '' && last === '')) return 'invalid'
  if (first === '') return { from: Math.max(0, size - Number(last)), to: size - 1 }
  const [from, to] = [Number(first), last === '' ? size - 1 : Math.min(Number(last), size - 1)]
  if (from >= size) return 'outside'
  return last !== '' && Number(last) < from ? 'invalid' : { from, to }
}

/** A part is only wanted of the state that the client has the other parts of. */
function appliesTo(condition: string | string[] | undefined, { etag, modified }: Content): boolean {
  if (typeof condition !== 'string') return true
  if (/^(W\/)?"/.test(condition)) return etag !== undefined && isSame(condition, etag)
  return Date.parse(condition) === Math.floor(modified / 1000) * 1000
}
