// Everything that is served beside resources: health, version, metrics, OpenAPI, token keys; discovery has its own file.

import type { Clock } from '../../machinery/clock.ts'
import { NothingHere, pageNotFound } from '../../machinery/errors.ts'
import { METRICS_TYPE } from '../../machinery/metrics.ts'
import type { Random } from '../../machinery/random.ts'
import { apiGroupList } from '../discovery.ts'
import type { ApiMetrics } from '../metrics/index.ts'
import type { Registry } from '../registry/registry.ts'
import { type DebugEnv, serveDebug } from './debug-handler.ts'
import { serveDiscovery } from './discovery-handler.ts'
import type { Request, Response } from './exchange.ts'
import { type HealthCheck, healthAnswer } from './health.ts'
import type { RequestInfo } from './request-info.ts'
import { NOT_KEPT, sendJson, sendPlain, sendText } from './respond.ts'
import { requireGet, requireProduced } from './routes.ts'
import { flagz, serveZPage, statusz, type ZPage } from './zpages.ts'

/** Serves documents under /openapi; false when the path is none of its own. */
export type OpenApiHandler = (request: Request, response: Response, info: RequestInfo) => boolean

export interface SystemHandlerEnv {
  readonly registry: Registry
  readonly metrics: ApiMetrics
  /** The answer of /version. */
  readonly version: Readonly<Record<string, string>>
  readonly clock: Clock
  readonly random: Random
  /** When the server was started. */
  readonly startedAt: number
  /** Flags under upstream's names, with what they are set to. */
  readonly flags: Readonly<Record<string, string>>
  /** Address clients are told to use, `10.0.0.1:6443`. */
  readonly serverAddress: string
  readonly healthz: readonly HealthCheck[]
  readonly livez: readonly HealthCheck[]
  readonly readyz: readonly HealthCheck[]
  readonly openApi: OpenApiHandler
  /** Pages under /debug/api_priority_and_fairness/; absent without priority and fairness. */
  readonly flowControlPage?: (name: string) => string | undefined
  readonly debug: DebugEnv
  readonly openIdConfiguration: object
  readonly jwks: object
}

/** Paths for which bare roots list what is there. */
const PATHS = [
  '/.well-known/openid-configuration',
  '/api',
  '/api/v1',
  '/apis',
  '/apis/',
  '/flagz',
  '/healthz',
  '/livez',
  '/metrics',
  '/metrics/slis',
  '/openapi/v2',
  '/openapi/v3',
  '/openapi/v3/',
  '/openid/v1/jwks',
  '/readyz',
  '/statusz',
  '/version',
]

const HEALTH_PATHS = ['healthz', 'livez', 'readyz'] as const
type HealthPath = (typeof HEALTH_PATHS)[number]
const isHealthPath = (name: string | undefined): name is HealthPath => HEALTH_PATHS.some((path) => path === name)

const HEALTH = /^\/(healthz|livez|readyz)(?:\/(.+))?$/

/** Serves what is no resource. Most of it is for every method; what has a route is for GET. */
export async function serveSystem(
  env: SystemHandlerEnv,
  request: Request,
  response: Response,
  info: RequestInfo,
): Promise<void> {
  const { path } = info
  if (path === '/' || path === '/index.html') {
    return sendJson(response, 200, JSON.stringify({ paths: listedPaths(env) }))
  }
  if (path === '/api' || path === '/apis' || path.startsWith('/api/') || path.startsWith('/apis/')) {
    return serveDiscovery(env, request, response, info)
  }
  const [, endpoint, single = ''] = HEALTH.exec(path) ?? []
  if (isHealthPath(endpoint)) return serveHealth(env, response, info, endpoint, single)
  if (path.startsWith('/debug/')) return serveDebugPages(env, request, response, info)
  if (path.startsWith('/openapi/')) return serveOpenApi(env, request, response, info)
  if (path === '/metrics') return sendPlain(response, 200, env.metrics.all.text(), METRICS_TYPE)
  if (path === '/metrics/slis') return sendPlain(response, 200, env.metrics.health.all.text(), METRICS_TYPE)
  const page = zPage(env, path)
  if (page) return serveZPage(page, request, response, { query: info.query, draw: env.random.next() })
  return serveRouted(env, request, response, path)
}

function zPage(env: SystemHandlerEnv, path: string): ZPage | undefined {
  if (path === '/flagz') return flagz(env.flags)
  if (path !== '/statusz') return undefined
  const { startedAt, version } = env
  return statusz({ startedAt, version, now: env.clock.now(), paths: listedPaths(env) })
}

function serveRouted(env: SystemHandlerEnv, request: Request, response: Response, path: string): void {
  const at = path.replace(/(?<=.)\/+$/, '')
  const route = (type: string) => {
    requireGet(request)
    requireProduced(request, [type])
  }
  switch (at) {
    case '/version':
      route('application/json')
      return sendJson(response, 200, JSON.stringify(env.version, null, 2))
    case '/.well-known/openid-configuration':
      route('application/json')
      return sendPublished(response, env.openIdConfiguration, 'application/json')
    case '/openid/v1/jwks':
      route('application/jwk-set+json')
      return sendPublished(response, env.jwks, 'application/jwk-set+json')
    default:
      throw at.startsWith('/version/') ? pageNotFound() : new NothingHere()
  }
}

async function serveDebugPages(
  env: SystemHandlerEnv,
  request: Request,
  response: Response,
  info: RequestInfo,
): Promise<void> {
  const flow = '/debug/api_priority_and_fairness'
  if (info.path !== flow && !info.path.startsWith(`${flow}/`)) return serveDebug(env.debug, request, response, info)
  const page = env.flowControlPage?.(info.path.slice(flow.length + 1))
  if (page === undefined) throw new NothingHere()
  sendText(response, 200, page)
}

function serveOpenApi(env: SystemHandlerEnv, request: Request, response: Response, info: RequestInfo): void {
  if (env.openApi(request, response, info)) return
  if (!info.path.startsWith('/openapi/v3/')) throw new NothingHere()
  response.writeHead(404, { 'content-length': 0, 'cache-control': NOT_KEPT })
  response.end()
}

/** What others may keep for an hour. */
function sendPublished(response: Response, document: object, type: string): void {
  const json = Buffer.from(JSON.stringify(document))
  response.writeHead(200, {
    'content-type': type,
    'content-length': json.length,
    'cache-control': 'public, max-age=3600',
  })
  response.end(json)
}

function listedPaths({ registry, livez, readyz }: SystemHandlerEnv): string[] {
  const below = (endpoint: string, checks: readonly HealthCheck[]) => checks.map(({ name }) => `${endpoint}/${name}`)
  const checks = [...below('/healthz', livez), ...below('/livez', livez), ...below('/readyz', readyz)]
  return [...PATHS, ...checks, ...groupPaths(registry)].sort()
}

function groupPaths(registry: Registry): string[] {
  const { groups } = apiGroupList(registry) as { groups: { name: string; versions: { groupVersion: string }[] }[] }
  return groups.flatMap((g) => [`/apis/${g.name}`, ...g.versions.map((v) => `/apis/${v.groupVersion}`)])
}

async function serveHealth(
  env: SystemHandlerEnv,
  response: Response,
  info: RequestInfo,
  endpoint: HealthPath,
  single: string,
): Promise<void> {
  const answer = await healthAnswer(endpoint, env[endpoint], {
    single,
    verbose: info.query.has('verbose'),
    excluded: info.query.getAll('exclude'),
    note: (name, healthy) => env.metrics.health.checked(endpoint, name, healthy),
  })
  if (!answer) throw new NothingHere()
  if (single !== '' && answer.code === 200) sendPlain(response, answer.code, answer.text)
  else sendText(response, answer.code, answer.text)
}
