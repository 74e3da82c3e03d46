// Writes nginx's configuration from the model. Pure: the same model gives the same text.
// Spec: https://nginx.org/en/docs/ ; what requests and answers look like follows ingress-nginx.

import { renderRouteMaps, renderRoutes, withDefaults } from './gateway/render-routes.ts'
import type { IngressModel, LocationModel, ModelFile, RouteServerModel, ServerModel, UpstreamModel } from './model.ts'
import { MARK, ownerId } from './names.ts'
import { escapeRegex, quote } from './quote.ts'
import { type LocationContext, locationHeads, renderHeaders, renderLocation } from './render-location.ts'

export interface RenderSettings {
  readonly httpPort: number
  readonly httpsPort: number
  /** Address to listen on; absent: all. */
  readonly host?: string
  /** File with the certificate for hosts that have none, relative to the configuration. */
  readonly defaultCertificate: string
  readonly pidFile: string
  readonly logFile: string
  /** Who the workers run as; absent: whoever starts nginx. */
  readonly workerUser?: string
  readonly workerGroup?: string
  readonly workerProcesses: number
}

const SHARED = '# shared'
const NOT_FOUND = ['  location / {', '    return 404 "default backend - 404";', '  }']

/** The whole configuration. Paths of files are relative to the directory that nginx is started with. */
export function renderNginxConfig(model: IngressModel, settings: RenderSettings): string {
  const plain = model.servers.find((server) => server.host === '')
  const named = model.servers.filter((server) => server.host !== '')
  const fallback: ServerModel = plain ?? { host: '', aliases: [], tls: false, locations: [] }
  const routeServers = withDefaults(model.routeServers ?? [], [settings.httpPort, settings.httpsPort])
  const shared = new Set([fallback, ...named].map((server) => server.host))
  const isShared = ({ host, port }: RouteServerModel) =>
    shared.has(host) && (port === settings.httpPort || port === settings.httpsPort)
  return [
    "# Generated from the cluster's ingresses; edits are overwritten.",
    'daemon off;',
    ...(settings.workerUser ? [`user ${settings.workerUser} ${settings.workerGroup ?? settings.workerUser};`] : []),
    `worker_processes ${settings.workerProcesses};`,
    'worker_rlimit_nofile 16384;',
    // Long-lived connections of replaced workers are given four minutes, as in ingress-nginx.
    'worker_shutdown_timeout 240s;',
    `pid ${quote(settings.pidFile)};`,
    `error_log ${quote(settings.logFile)} warn;`,
    'events {',
    '  worker_connections 4096;',
    '}',
    'http {',
    ...indent([
      ...httpSettings(),
      ...affinityMaps(model),
      ...corsMaps(model),
      ...limitZones(model),
      ...model.upstreams.flatMap(renderUpstream),
      ...renderRouteMaps(routeServers),
      SHARED,
      // Where two servers have the same name nginx takes the first.
      ...routeServers.filter((server) => !isShared(server)).flatMap((server) => renderRouteServer(server, settings)),
      ...[fallback, ...named].flatMap((server) => renderServers(server, routeServers.filter(isShared), settings)),
    ]),
    '}',
    '',
  ].join('\n')
}

/** The ingress to which a line of the configuration belongs, counted from 1; undefined for what all share. */
export function ownerOfLine(config: string, line: number): string | undefined {
  const lines = config.split('\n')
  for (let i = Math.min(line, lines.length) - 1; i >= 0; i--) {
    const text = (lines[i] ?? '').trim()
    if (text === SHARED) return undefined
    if (text.startsWith(MARK)) return text.slice(MARK.length)
  }
  return undefined
}

const ENDPOINT = /^ *server (\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):\d+ max_fails=0;\n/gm

/** The configuration without the addresses of endpoints: all that nginx could refuse. */
export function withoutEndpoints(config: string): string {
  return config.replace(ENDPOINT, '')
}

/** Every file that must stand beside the configuration. */
export function filesOf(model: IngressModel, defaultCertificate: ModelFile): readonly ModelFile[] {
  return [defaultCertificate, ...model.files]
}

function httpSettings(): string[] {
  return [
    'server_tokens off;',
    'access_log off;',
    'default_type text/plain;',
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path tmp/${kind};`),
    'sendfile on;',
    'tcp_nodelay on;',
    'keepalive_timeout 75s;',
    'keepalive_requests 1000;',
    'client_header_buffer_size 1k;',
    'large_client_header_buffers 4 8k;',
    'server_names_hash_bucket_size 512;',
    'server_names_hash_max_size 8192;',
    'map_hash_bucket_size 512;',
    'variables_hash_max_size 4096;',
    'proxy_headers_hash_max_size 1024;',
    'proxy_headers_hash_bucket_size 128;',
    'ssl_protocols TLSv1.2 TLSv1.3;',
    'ssl_session_cache shared:SSL:10m;',
    'ssl_session_timeout 10m;',
    'ssl_session_tickets off;',
    'ssl_prefer_server_ciphers on;',
    'ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;',
    'proxy_http_version 1.1;',
    'proxy_next_upstream error timeout;',
    'proxy_next_upstream_tries 5;',
    'grpc_next_upstream error timeout;',
    'grpc_next_upstream_tries 5;',
    'limit_req_status 503;',
    'limit_conn_status 503;',
    'map $http_upgrade $connection_upgrade {',
    '  default upgrade;',
    '  "" "";',
    '}',
    'map $http_x_request_id $req_id {',
    '  default $http_x_request_id;',
    '  "" $request_id;',
    '}',
    ...renderHeaders('proxy', {}),
    ...renderHeaders('grpc', {}),
  ]
}

/** Locations of one owner have the same options, so the first one stands for all. */
function onePerOwner(model: IngressModel, wanted: (location: LocationModel) => boolean): LocationModel[] {
  const found = new Map<string, LocationModel>()
  for (const server of model.servers) {
    for (const location of server.locations) {
      if (wanted(location) && !found.has(location.owner)) found.set(location.owner, location)
    }
  }
  return [...found.values()]
}

/** A client without the cookie is given its request's id, and both lead to the same endpoint. */
function affinityMaps(model: IngressModel): string[] {
  return onePerOwner(model, (l) => l.options.affinity !== undefined).flatMap(({ owner, options }) => {
    const { affinity } = options
    if (!affinity) return []
    const id = ownerId(owner)
    const cookie = escapeRegex(affinity.cookie)
    const attributes = [
      `Path=${affinity.path}`,
      ...(affinity.maxAge === undefined ? [] : [`Max-Age=${affinity.maxAge}`]),
      ...(affinity.secure ? ['Secure'] : []),
      'HttpOnly',
      ...(affinity.sameSite ? [`SameSite=${affinity.sameSite}`] : []),
    ].join('; ')
    return [
      `${MARK}${owner}`,
      `map $http_cookie $affinity_${id} {`,
      '  default $request_id;',
      `  ${quote(`~(?:^|;\\s*)${cookie}=(?<k${id}>[^;\\s]+)`)} $k${id};`,
      '}',
      `map $http_cookie $affinity_cookie_${id} {`,
      `  default ${quote(`${affinity.cookie}=$request_id; ${attributes}`)};`,
      `  ${quote(`~(?:^|;\\s*)${cookie}=[^;\\s]+`)} "";`,
      '}',
    ]
  })
}

/** The origin is echoed when it is among the allowed ones; else the answer has no such header. */
function corsMaps(model: IngressModel): string[] {
  return onePerOwner(model, (l) => l.options.cors !== undefined).flatMap(({ owner, options }) => [
    `${MARK}${owner}`,
    `map $http_origin $cors_${ownerId(owner)} {`,
    ...(options.cors?.origins.includes('*')
      ? ['  default "*";']
      : [
          '  default "";',
          ...(options.cors?.origins ?? []).map((origin) => `  ${quote(originPattern(origin))} $http_origin;`),
        ]),
    '}',
  ])
}

function originPattern(origin: string): string {
  return `~*^${escapeRegex(origin).replace('\\*\\.', '[a-z0-9-]+\\.')}$`
}

function limitZones(model: IngressModel): string[] {
  return onePerOwner(model, () => true).flatMap(({ owner, options }) => {
    const zone = ownerId(owner)
    const lines = [
      ...(options.limitRps
        ? [`limit_req_zone $binary_remote_addr zone=rps_${zone}:5m rate=${options.limitRps}r/s;`]
        : []),
      ...(options.limitRpm
        ? [`limit_req_zone $binary_remote_addr zone=rpm_${zone}:5m rate=${options.limitRpm}r/m;`]
        : []),
      ...(options.limitConnections ? [`limit_conn_zone $binary_remote_addr zone=conn_${zone}:5m;`] : []),
    ]
    return lines.length > 0 ? [`${MARK}${owner}`, ...lines] : []
  })
}

function renderUpstream({ name, owner, servers, backup, hash }: UpstreamModel): string[] {
  return [
    `${MARK}${owner}`,
    `upstream ${quote(name)} {`,
    ...(hash ? [`  hash ${hash} consistent;`] : []),
    // An endpoint that fails is tried again at once: the cluster says which ones are ready.
    ...servers.map((server) => `  server ${server} max_fails=0;`),
    ...(backup ? [`  server ${backup} max_fails=0 backup;`] : []),
    '  keepalive 64;',
    // Less than the five seconds after which many servers, Node's among them, close an idle connection.
    '  keepalive_timeout 4s;',
    '}',
  ]
}

/** The server of a host for both ports; one for each where gateways have the host, too. */
function renderServers(
  server: ServerModel,
  routeServers: readonly RouteServerModel[],
  settings: RenderSettings,
): string[] {
  const routes = routeServers.filter(({ host }) => host === server.host)
  if (routes.length === 0) return renderServer(server, settings, { http: true, https: true })
  const on = (port: number) => routes.find((candidate) => candidate.port === port)
  return [
    ...renderServer(server, settings, { http: true, https: false }, on(settings.httpPort)),
    ...renderServer(server, settings, { http: false, https: true }, on(settings.httpsPort)),
  ]
}

function renderServer(
  server: ServerModel,
  settings: RenderSettings,
  ports: { readonly http: boolean; readonly https: boolean },
  routes?: RouteServerModel,
): string[] {
  const { host, aliases, appRoot, locations } = server
  const on = settings.host ? `${settings.host}:` : ''
  const isDefault = host === '' ? ' default_server' : ''
  const certificate = quote(routes?.certificate ?? server.certificate ?? settings.defaultCertificate)
  const caseless = locations.some((l) => l.match === 'regex')
  const context = { tls: server.tls, httpsPort: settings.httpsPort, caseless }
  return [
    SHARED,
    'server {',
    `  server_name ${host === '' ? '_' : serverName(host)};`,
    ...aliases.map((alias) => `  server_name ${serverName(alias)};`),
    ...(ports.http ? [`  listen ${on}${settings.httpPort}${isDefault};`] : []),
    ...(ports.https
      ? [
          `  listen ${on}${settings.httpsPort}${isDefault} ssl http2;`,
          `  ssl_certificate ${certificate};`,
          `  ssl_certificate_key ${certificate};`,
        ]
      : []),
    ...(routes ? indent(renderRoutes(routes)) : []),
    ...(appRoot ? indent(renderAppRoot(appRoot)) : []),
    ...indent(renderLocations(locations, context)),
    `  ${SHARED}`,
    ...(coversAll(locations) ? [] : NOT_FOUND),
    '}',
  ]
}

/** The server of a host on a port that no ingress has. */
function renderRouteServer(server: RouteServerModel, settings: RenderSettings): string[] {
  const { host, port, tls } = server
  const isDefault = host === '' && port !== settings.httpPort && port !== settings.httpsPort
  const certificate = quote(server.certificate ?? settings.defaultCertificate)
  return [
    SHARED,
    'server {',
    `  server_name ${host === '' ? '_' : quote(host)};`,
    `  listen ${settings.host ? `${settings.host}:` : ''}${port}${isDefault ? ' default_server' : ''}${tls ? ' ssl http2' : ''};`,
    ...(tls ? [`  ssl_certificate ${certificate};`, `  ssl_certificate_key ${certificate};`] : []),
    ...indent(renderRoutes(server)),
    ...NOT_FOUND,
    '}',
  ]
}

function renderAppRoot({ owner, path }: { owner: string; path: string }): string[] {
  return [`${MARK}${owner}`, 'if ($uri = "/") {', `  return 302 ${quote(`$scheme://$http_host${path}`)};`, '}', SHARED]
}

/** A wildcard of the API stands for exactly one label, nginx's own for any number. */
function serverName(host: string): string {
  return host.startsWith('*.') ? quote(`~^[^.]+${escapeRegex(host.slice(1))}$`) : quote(host)
}

const RANK = { exact: 0, plain: 1, prefix: 2, regex: 3 } as const

/** Where two paths come down to the same location of nginx, the more exact one has it. */
function renderLocations(locations: readonly LocationModel[], context: LocationContext): string[] {
  const heads = new Map<string, LocationModel>()
  for (const location of [...locations].sort((a, b) => RANK[a.match] - RANK[b.match])) {
    for (const head of locationHeads(location, context)) if (!heads.has(head)) heads.set(head, location)
  }
  return (
    [...heads]
      // Regular expressions are tried in order of the text, so the longest path comes first.
      .sort(([a, x], [b, y]) => y.path.length - x.path.length || (a < b ? -1 : 1))
      .flatMap(([head, location]) => [`${MARK}${location.owner}`, ...renderLocation(head, location, context)])
  )
}

function coversAll(locations: readonly LocationModel[]): boolean {
  const caseless = locations.some((l) => l.match === 'regex')
  return !caseless && locations.some((l) => l.path === '/' && (l.match === 'prefix' || l.match === 'plain'))
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}
