// Writes the locations in which requests that a route matched are answered.

import type { HeaderChanges, MirrorModel, PathChange, RouteAnswer, RouteBranch, RouteMatchModel } from '../model.ts'
import { MARK, ownerId } from '../names.ts'
import { escapeRegex, quote } from '../quote.ts'
import { renderHeaders } from '../render-location.ts'

/** The part of nginx that speaks a protocol. */
const MODULES = { http: 'proxy', grpc: 'grpc' } as const

type Proxy = Extract<RouteAnswer, { kind: 'proxy' }>
type Redirect = Extract<RouteAnswer, { kind: 'redirect' }>

/** Where a server listens. */
interface Place {
  readonly port: number
  readonly tls: boolean
}

/** A variable that is a dollar sign. */
const DOLLAR = `$\{gw_dollar}`
const CONNECT_MS = 5000
const ANSWER_MS = 60_000
const SCHEME_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 }

/** A text that nginx takes as it is where it looks for variables. */
function literal(text: string): string {
  return quote(text).replaceAll('$', () => DOLLAR)
}

/** The path under which copies of requests go through nginx; no client gets there. */
export function mirrorPath(id: string): string {
  return `/-gateway-mirror/${id}`
}

/** Names a mirror of a match. */
export function mirrorId({ id }: RouteMatchModel, index: number): string {
  return `gwm_${id}_${index}`
}

/** Whether requests are copied. */
export function isMirrored({ branches }: RouteMatchModel): boolean {
  return branches.some(({ answer }) => answer.kind === 'proxy' && answer.mirrors.length > 0)
}

/** One named location. */
export function renderAnswer(name: string, match: RouteMatchModel, branch: RouteBranch, place: Place): string[] {
  const { answer, response } = branch
  const body =
    answer.kind === 'status'
      ? [`return ${answer.code};`]
      : answer.kind === 'redirect'
        ? [...responseHeaders(response), ...renderRedirect(answer, place)]
        : [...responseHeaders(response, MODULES[answer.protocol]), ...renderProxy(match, answer)]
  return [`location @${name} {`, ...body.map((line) => `  ${line}`), '}']
}

function renderProxy(match: RouteMatchModel, answer: Proxy): string[] {
  const { upstream, timeoutMs, mirrors, protocol } = answer
  const module = MODULES[protocol]
  const wait = timeoutMs ?? ANSWER_MS
  return [
    ...(answer.path ? renderRewrite(answer.path) : []),
    ...requestHeaders(answer),
    ...mirrors.map((_, i) => `mirror ${mirrorPath(mirrorId(match, i))};`),
    // The API knows no limit of size.
    'client_max_body_size 0;',
    `${module}_connect_timeout ${Math.min(CONNECT_MS, wait)}ms;`,
    `${module}_send_timeout ${wait}ms;`,
    `${module}_read_timeout ${wait}ms;`,
    ...(timeoutMs === undefined ? [] : [`${module}_next_upstream_timeout ${timeoutMs}ms;`]),
    ...(module === 'proxy' ? ['proxy_buffering off;', 'proxy_request_buffering off;'] : []),
    `${module}_pass ${protocol}://${upstream};`,
  ]
}

/** The location of a copy. Its answer is thrown away by nginx. */
export function renderMirror(match: RouteMatchModel, { upstream, percent }: MirrorModel, index: number): string[] {
  const id = mirrorId(match, index)
  return [
    `location = ${mirrorPath(id)} {`,
    '  internal;',
    ...(percent >= 100 ? [] : [`  if ($${id} = 0) {`, '    return 204;', '  }']),
    '  client_max_body_size 0;',
    `  proxy_pass http://${upstream}$request_uri;`,
    '}',
  ]
}

function renderRewrite(path: PathChange): string[] {
  // nginx encodes the path anew on its way to the backend.
  if ('full' in path) return [`rewrite ^ ${literal(decodeURIComponent(path.full))} break;`]
  const { exactly, below } = replaced({ ...path, replacement: decodeURIComponent(path.replacement) })
  const pattern = prefixPattern(path.prefix)
  return [
    `rewrite ${quote(`(?s)^${pattern}$`)} ${literal(exactly)} break;`,
    `rewrite ${quote(`(?s)^${pattern}(/.*)$`)} ${withCapture(below)} break;`,
  ]
}

function prefixPattern(prefix: string): string {
  return prefix === '/' ? '' : escapeRegex(prefix)
}

/** What the prefix alone becomes, and what stands before the rest. */
function replaced({ replacement }: Extract<PathChange, { prefix: string }>): { exactly: string; below: string } {
  return { exactly: replacement === '' ? '/' : replacement, below: replacement.replace(/\/+$/, '') }
}

/** The text with the first group behind it. */
function withCapture(text: string): string {
  return `${literal(text).slice(0, -1)}$1"`
}

function renderRedirect({ code, scheme, host, port, path }: Redirect, place: Place): string[] {
  const to = scheme ?? (place.tls ? 'https' : 'http')
  const number = port ?? place.port
  const where = SCHEME_PORTS[to] === number ? '' : `:${number}`
  const base = `${to}://${host === undefined ? '$host' : literal(host).slice(1, -1)}${where}`
  if (!path) return [`return ${code} "${base}$request_uri";`]
  if ('full' in path) return [`return ${code} "${base}${literal(path.full).slice(1, -1)}$is_args$args";`]
  const { exactly, below } = replaced(path)
  const pattern = prefixPattern(path.prefix)
  const inner = (text: string) => literal(text).slice(1, -1)
  return [
    // The path as the client wrote it keeps its encoding.
    ...block(`if ($request_uri ~ ${quote(`^${pattern}(?:\\?|$)`)})`, [
      `return ${code} "${base}${inner(exactly)}$is_args$args";`,
    ]),
    ...block(`if ($request_uri ~ ${quote(`^${pattern}(/[^?]*)`)})`, [
      `return ${code} "${base}${inner(below)}$1$is_args$args";`,
    ]),
    // One that came in another notation is encoded anew.
    `rewrite ${quote(`(?s)^${pattern}(/.*)?$`)} "${base}${inner(below)}$1" ${code === 301 ? 'permanent' : 'redirect'};`,
  ]
}

function block(head: string, body: readonly string[]): string[] {
  return [`${head} {`, ...body.map((line) => `  ${line}`), '}']
}

/** All headers of a request to a backend: those that every one gets, and the changes. */
function requestHeaders({ request, host, protocol }: Proxy): string[] {
  const { set, add, remove } = request
  const changed = new Map<string, { name: string; value: string }>()
  for (const name of remove) changed.set(name.toLowerCase(), { name, value: '""' })
  for (const { name, value } of set) changed.set(name.toLowerCase(), { name, value: literal(value) })
  for (const { name, value } of add) {
    const before = changed.get(name.toLowerCase())?.value
    const sum =
      before === undefined ? `$${addedVariable(name, value)}` : before === '""' ? literal(value) : joined(before, value)
    changed.set(name.toLowerCase(), { name, value: sum })
  }
  if (changed.size === 0 && host === undefined) return []
  const usual = renderHeaders(MODULES[protocol], host === undefined ? {} : { upstreamVhost: host }).filter(
    (line) => !changed.has((line.split(' ')[1] ?? '').toLowerCase()),
  )
  return [
    ...usual,
    ...[...changed.values()].map(({ name, value }) => `${MODULES[protocol]}_set_header ${quote(name)} ${value};`),
  ]
}

function joined(quoted: string, value: string): string {
  return `${quoted.startsWith('"') ? quoted.slice(0, -1) : `"${quoted}`},${literal(value).slice(1)}`
}

function addedVariable(name: string, value: string): string {
  return `gwa_${ownerId(JSON.stringify([name.toLowerCase(), value]))}`
}

/** Maps for headers that are added behind what a request may already have. */
export function addedHeaders(matches: readonly RouteMatchModel[]): string[] {
  const maps = new Map<string, string[]>()
  for (const { owner, branches } of matches) {
    for (const { answer } of branches) {
      if (answer.kind !== 'proxy') continue
      for (const { name, value } of answer.request.add) {
        const variable = addedVariable(name, value)
        const source = `$http_${name.toLowerCase().replace(/\W/g, '_')}`
        maps.set(variable, [
          `${MARK}${owner}`,
          ...block(`map ${source} $${variable}`, [
            `default "${source},${literal(value).slice(1)};`,
            `"" ${literal(value)};`,
          ]),
        ])
      }
    }
  }
  return [...maps.values()].flat()
}

function responseHeaders({ set, add, remove }: HeaderChanges, module?: 'proxy' | 'grpc'): string[] {
  const hidden = module ? [...set.map((h) => h.name), ...remove] : []
  return [
    ...hidden.map((name) => `${module}_hide_header ${quote(name)};`),
    ...[...set, ...add].map(({ name, value }) => `add_header ${quote(name)} ${literal(value)} always;`),
  ]
}
