// Writes the locations of one path, with everything that annotations ask for.

import type { LocationModel } from './model.ts'
import { ownerId } from './names.ts'
import { escapeRegex, quote } from './quote.ts'

export interface LocationContext {
  /** Whether the server's host asked for TLS. */
  readonly tls: boolean
  readonly httpsPort: number
  /** Whether the server has regular expressions, which nginx prefers to plain prefixes. */
  readonly caseless: boolean
}

/** A directive that ends in a block. */
function block(head: string, body: readonly string[]): string[] {
  return [`${head} {`, ...body.map((line) => `  ${line}`), '}']
}

/** One location block of a path. */
export function renderLocation(head: string, location: LocationModel, context: LocationContext): string[] {
  return block(`location ${head}`, renderBody(location, context))
}

/** The locations that a path comes down to. A prefix is by element: `/a` means `/a` and what begins with `/a/`. */
export function locationHeads({ path, match }: LocationModel, { caseless }: LocationContext): string[] {
  if (match === 'exact') return [`= ${quote(path)}`]
  if (match === 'regex') return [`~* ${quote(`^${path}`)}`]
  if (caseless) {
    // Beside regular expressions of the same host a prefix must be one, too, to be compared by length with them.
    const text = escapeRegex(path)
    return [`~ ${quote(match === 'plain' || path === '/' ? `^${text}` : `^${text}(?:/|$)`)}`]
  }
  if (match === 'plain' || path === '/') return [quote(path)]
  return [`= ${quote(path)}`, quote(`${path}/`)]
}

function renderBody(location: LocationModel, context: LocationContext): string[] {
  const { options, upstream } = location
  const lines = [
    ...toHttps(location, context),
    ...options.deny.map((range) => `deny ${range};`),
    ...options.allow.map((range) => `allow ${range};`),
    ...(options.allow.length > 0 ? ['deny all;'] : []),
    ...cors(location),
    ...(options.redirect ? [`return ${options.redirect.code} ${quote(options.redirect.url)};`] : []),
  ]
  if (options.redirect) return lines
  if (upstream === undefined) return [...lines, 'return 503;']
  return [
    ...lines,
    ...passwords(location),
    ...limits(location),
    ...rewrite(location),
    ...cookie(location),
    `client_max_body_size ${options.bodySize};`,
    ...pass(location, upstream),
  ]
}

function toHttps({ options }: LocationModel, { tls, httpsPort }: LocationContext): string[] {
  if (!options.forceSslRedirect && !(tls && options.sslRedirect)) return []
  const port = httpsPort === 443 ? '' : `:${httpsPort}`
  return block('if ($scheme = http)', [`return 308 ${quote(`https://$host${port}$request_uri`)};`])
}

function cors({ owner, options }: LocationModel): string[] {
  const { cors } = options
  if (!cors) return []
  const header = (name: string, value: string) => `add_header ${name} ${quote(value)} always;`
  const origin = [
    header('Access-Control-Allow-Origin', `$cors_${ownerId(owner)}`),
    ...(cors.credentials ? [header('Access-Control-Allow-Credentials', 'true')] : []),
  ]
  const methods = [
    header('Access-Control-Allow-Methods', cors.methods),
    header('Access-Control-Allow-Headers', cors.headers),
    ...(cors.exposeHeaders ? [header('Access-Control-Expose-Headers', cors.exposeHeaders)] : []),
    header('Access-Control-Max-Age', String(cors.maxAge)),
  ]
  // Headers of a block replace those around it, so both have all of them.
  return [...origin, ...methods, ...block('if ($request_method = OPTIONS)', [...origin, ...methods, 'return 204;'])]
}

function passwords({ options, passwordFile }: LocationModel): string[] {
  if (!options.auth || !passwordFile) return []
  return [`auth_basic ${quote(options.auth.realm)};`, `auth_basic_user_file ${quote(passwordFile)};`]
}

function limits({ owner, options }: LocationModel): string[] {
  const zone = ownerId(owner)
  const burst = (rate: number) => rate * options.limitBurst
  return [
    ...(options.limitRps ? [`limit_req zone=rps_${zone} burst=${burst(options.limitRps)} nodelay;`] : []),
    ...(options.limitRpm ? [`limit_req zone=rpm_${zone} burst=${burst(options.limitRpm)} nodelay;`] : []),
    ...(options.limitConnections ? [`limit_conn conn_${zone} ${options.limitConnections};`] : []),
  ]
}

function rewrite({ options, path, match }: LocationModel): string[] {
  if (options.rewriteTarget === undefined) return []
  const pattern = match === 'regex' ? path : escapeRegex(path)
  return [`rewrite ${quote(`(?i)^${pattern}`)} ${quote(options.rewriteTarget)} break;`]
}

function cookie({ owner, options }: LocationModel): string[] {
  return options.affinity ? [`add_header Set-Cookie $affinity_cookie_${ownerId(owner)};`] : []
}

function pass({ options }: LocationModel, upstream: string): string[] {
  const { backendProtocol } = options
  const module = backendProtocol.startsWith('GRPC') ? 'grpc' : 'proxy'
  const changed = options.upstreamVhost !== undefined || options.forwardedPrefix !== undefined
  return [
    `${module}_connect_timeout ${options.connectTimeout}s;`,
    `${module}_send_timeout ${options.sendTimeout}s;`,
    `${module}_read_timeout ${options.readTimeout}s;`,
    `${module}_buffer_size ${options.bufferSize};`,
    ...(module === 'proxy'
      ? [
          `proxy_buffering ${options.buffering ? 'on' : 'off'};`,
          `proxy_buffers 4 ${options.bufferSize};`,
          `proxy_request_buffering ${options.requestBuffering ? 'on' : 'off'};`,
        ]
      : []),
    ...(changed ? renderHeaders(module, options) : []),
    `${module}_pass ${backendProtocol.toLowerCase()}://${upstream};`,
  ]
}

/** What every request tells the backend about where it came from. */
export function renderHeaders(
  module: 'proxy' | 'grpc',
  changes: { readonly upstreamVhost?: string; readonly forwardedPrefix?: string },
): string[] {
  const host = changes.upstreamVhost === undefined ? '$http_host' : quote(changes.upstreamVhost)
  const headers: [string, string][] = [
    ['Host', host],
    ...(module === 'proxy'
      ? ([
          ['Upgrade', '$http_upgrade'],
          ['Connection', '$connection_upgrade'],
        ] as [string, string][])
      : []),
    ['X-Request-ID', '$req_id'],
    ['X-Real-IP', '$remote_addr'],
    ['X-Forwarded-For', '$remote_addr'],
    ['X-Forwarded-Host', '$http_host'],
    ['X-Forwarded-Port', '$server_port'],
    ['X-Forwarded-Proto', '$scheme'],
    ['X-Forwarded-Scheme', '$scheme'],
    ['X-Scheme', '$scheme'],
    ['X-Original-Forwarded-For', '$http_x_forwarded_for'],
    ...(changes.forwardedPrefix === undefined
      ? []
      : ([['X-Forwarded-Prefix', quote(changes.forwardedPrefix)]] as [string, string][])),
    // Programs that take this header for a setting would be led astray by clients.
    ['Proxy', '""'],
  ]
  return headers.map(([name, value]) => `${module}_set_header ${name} ${value};`)
}
