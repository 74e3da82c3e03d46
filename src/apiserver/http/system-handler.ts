// Everything that is served beside resources: discovery, health, version, metrics, OpenAPI, token keys.

import { NothingHere, pageNotFound } from '../../machinery/errors.ts'
import { METRICS_TYPE } from '../../machinery/metrics.ts'
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from '../discovery.ts'
import type { ApiMetrics } from '../metrics/index.ts'
import type { Registry } from '../registry/registry.ts'
import { type DebugEnv, serveDebug } from './debug-handler.ts'
import type { Request, Response } from './exchange.ts'
import { type HealthCheck, healthAnswer } from './health.ts'
import type { RequestInfo } from './request-info.ts'
import { sendJson, sendText } from './respond.ts'

/** Serves documents under /openapi; false when the path is none of its own. */
export type OpenApiHandler = (request: Request, response: Response, info: RequestInfo) => boolean

export interface SystemHandlerEnv {
  readonly registry: Registry
  readonly metrics: ApiMetrics
  /** The answer of /version. */
  readonly version: object
  /** Address clients are told to use, `10.0.0.1:6443`. */
  readonly serverAddress: string
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
  '/healthz',
  '/livez',
  '/metrics',
  '/metrics/slis',
  '/openapi/v2',
  '/openapi/v3',
  '/openid/v1/jwks',
  '/readyz',
  '/version',
]

const AGGREGATED = /application\/json;[^,]*\bg=apidiscovery\.k8s\.io\b[^,]*\bas=APIGroupDiscoveryList/
const AGGREGATED_VERSION = /\bv=(v2beta1|v2)\b/

export async function serveSystem(
  env: SystemHandlerEnv,
  request: Request,
  response: Response,
  info: RequestInfo,
): Promise<void> {
  const { path } = info
  const [root = '', ...rest] = path.split('/').filter((s) => s !== '')
  switch (root) {
    case '':
      return sendJson(response, 200, JSON.stringify({ paths: [...PATHS, ...groupPaths(env.registry)].sort() }))
    case 'api':
    case 'apis':
      return serveDiscovery(env, request, response, root, rest)
    case 'healthz':
    case 'livez':
    case 'readyz':
      return serveHealth(env, response, info, root, rest.join('/'))
    case 'version':
      return sendJson(response, 200, `${JSON.stringify(env.version, null, 2)}\n`)
    case 'metrics':
      if (path === '/metrics/slis') return sendText(response, 200, env.metrics.health.all.text(), METRICS_TYPE)
      if (path !== '/metrics') throw new NothingHere()
      return sendText(response, 200, env.metrics.all.text(), METRICS_TYPE)
    case 'debug': {
      if (rest[0] !== 'api_priority_and_fairness') return serveDebug(env.debug, request, response, info)
      const page = env.flowControlPage?.(rest.slice(1).join('/'))
      if (page === undefined) throw new NothingHere()
      return sendText(response, 200, page)
    }
    case 'openapi':
      if (env.openApi(request, response, info)) return
      throw new NothingHere()
    case '.well-known':
      if (path !== '/.well-known/openid-configuration') throw new NothingHere()
      return sendPublished(response, env.openIdConfiguration, 'application/json')
    case 'openid':
      if (path !== '/openid/v1/jwks') throw new NothingHere()
      return sendPublished(response, env.jwks, 'application/jwk-set+json')
    default:
      throw new NothingHere()
  }
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

function groupPaths(registry: Registry): string[] {
  const { groups } = apiGroupList(registry) as { groups: { name: string; versions: { groupVersion: string }[] }[] }
  return groups.flatMap((g) => [`/apis/${g.name}`, ...g.versions.map((v) => `/apis/${v.groupVersion}`)])
}

function serveDiscovery(
  env: SystemHandlerEnv,
  request: Request,
  response: Response,
  root: string,
  rest: string[],
): void {
  const { registry } = env
  const accept = request.headers.accept ?? ''
  if (rest.length === 0) {
    const wanted = AGGREGATED.exec(accept)
    if (wanted) {
      const version = AGGREGATED_VERSION.exec(wanted[0])?.[1] ?? 'v2'
      env.metrics.requests.discoveryAggregated.add()
      const document = aggregatedDiscovery(registry, root === 'api', `apidiscovery.k8s.io/${version}`)
      const json = Buffer.from(JSON.stringify(document))
      const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
      response.writeHead(200, {
        'content-type': type,
        'content-length': json.length,
        vary: 'Accept',
        'cache-control': 'public',
      })
      response.end(json)
      return
    }
    return sendJson(
      response,
      200,
      JSON.stringify(root === 'api' ? apiVersions(env.serverAddress) : apiGroupList(registry)),
    )
  }
  const document =
    root === 'api' ? rest.length === 1 && apiResourceList(registry, '', rest[0] ?? '') : namedDiscovery(registry, rest)
  if (!document) throw root === 'api' || registry.hasBuiltIn(rest[0] ?? '') ? pageNotFound() : new NothingHere()
  sendJson(response, 200, JSON.stringify(document))
}

function namedDiscovery(registry: Registry, rest: string[]): object | undefined {
  const [group = '', version] = rest
  if (rest.length > 2) return undefined
  return version === undefined ? apiGroup(registry, group) : apiResourceList(registry, group, version)
}

async function serveHealth(
  env: SystemHandlerEnv,
  response: Response,
  info: RequestInfo,
  endpoint: string,
  single: string,
): Promise<void> {
  const answer = await healthAnswer(endpoint, endpoint === 'readyz' ? env.readyz : env.livez, {
    single,
    verbose: info.query.has('verbose'),
    excluded: info.query.getAll('exclude'),
    note: (name, healthy) => env.metrics.health.checked(endpoint, name, healthy),
  })
  if (!answer) throw new NothingHere()
  sendText(response, answer.code, answer.text)
}
