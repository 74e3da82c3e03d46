// Discovery over HTTP: which documents there are under /api and /apis, and in which form they are answered.
// Model: apisHandler and apiGroupHandler of k8s.io/kube-aggregator, which ask for no method; what they hand on has routes.

import { NothingHere, pageNotFound } from '../../machinery/errors.ts'
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from '../discovery.ts'
import type { ApiMetrics } from '../metrics/index.ts'
import type { Registry } from '../registry/registry.ts'
import type { Request, Response } from './exchange.ts'
import { negotiate } from './media-type.ts'
import type { RequestInfo } from './request-info.ts'
import { sendObject } from './respond.ts'
import { PRODUCED, requireGet, requireProduced } from './routes.ts'

interface DiscoveryEnv {
  readonly registry: Registry
  readonly metrics: ApiMetrics
  /** Address clients are told to use, `10.0.0.1:6443`. */
  readonly serverAddress: string
}

const AGGREGATED = /application\/json;[^,]*\bg=apidiscovery\.k8s\.io\b[^,]*\bas=APIGroupDiscoveryList/
const AGGREGATED_VERSION = /\bv=(v2beta1|v2)\b/
/** The aggregator has no document of its own group. */
const OWN_GROUP = 'apiregistration.k8s.io'

/** Serves the paths /api and /apis and what is below them, unless a resource is named. */
export function serveDiscovery(env: DiscoveryEnv, request: Request, response: Response, { path }: RequestInfo): void {
  const { registry } = env
  const [root, ...rest] = path.slice(1).replace(/\/+$/, '').split('/')
  const [group = ''] = rest
  const named = root === 'apis' && rest.length === 1
  const routed = root === 'api' || rest.length > 1 || group === OWN_GROUP
  const wanted = rest.length === 0 ? AGGREGATED.exec(request.headers.accept ?? '') : null
  const document = documentAt(env, root === 'api', rest)
  if (!document) {
    const isKnown = root === 'api' || (!named && group !== '' && registry.hasBuiltIn(group))
    throw isKnown ? pageNotFound() : new NothingHere()
  }
  if (routed) requireGet(request)
  if (wanted) return sendAggregated(env, response, root === 'api', wanted[0])
  if (routed) requireProduced(request, PRODUCED)
  sendObject(response, 200, negotiate(request.headers, { protobuf: true, transforms: false }), { object: document })
}

function documentAt({ registry, serverAddress }: DiscoveryEnv, core: boolean, rest: string[]): object | undefined {
  const [first = '', second = ''] = rest
  if (rest.length === 0) return core ? apiVersions(serverAddress) : apiGroupList(registry)
  if (rest.length > (core ? 1 : 2) || rest.includes('')) return undefined
  if (core) return apiResourceList(registry, '', first)
  return rest.length === 1 ? apiGroup(registry, first) : apiResourceList(registry, first, second)
}

function sendAggregated({ registry, metrics }: DiscoveryEnv, response: Response, core: boolean, wanted: string): void {
  const version = AGGREGATED_VERSION.exec(wanted)?.[1] ?? 'v2'
  metrics.requests.discoveryAggregated.add()
  const json = Buffer.from(JSON.stringify(aggregatedDiscovery(registry, core, `apidiscovery.k8s.io/${version}`)))
  response.writeHead(200, {
    'content-type': `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    'content-length': json.length,
    vary: 'Accept',
    'cache-control': 'public',
  })
  response.end(json)
}
