// Reads GRPCRoutes as what they are on the wire: HTTP routes whose paths are `/service/method`.

import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { escapeRegex } from '../quote.ts'
import type { GRPCRoute, GRPCRouteRule, HTTPRoute, HTTPRouteMatch } from './types.ts'

/** The route with the rules of an HTTPRoute. Kind and status stay what they are. */
export function asHttpRoute(route: DeepReadonly<GRPCRoute>): DeepReadonly<HTTPRoute> {
  const rules = (route.spec.rules ?? []).map(({ matches = [], ...rule }) => ({
    ...rule,
    matches: matches.map(asHttpMatch),
  }))
  return { ...route, spec: { ...route.spec, rules: rules.length > 0 ? rules : [{}] } }
}

type Match = DeepReadonly<NonNullable<GRPCRouteRule['matches']>[number]>

function asHttpMatch({ method, headers }: Match): DeepReadonly<HTTPRouteMatch> {
  const path = method ? pathOf(method) : undefined
  return { ...(path ? { path } : {}), ...(headers ? { headers } : {}) }
}

function pathOf({ type = 'Exact', service, method }: DeepReadonly<NonNullable<Match['method']>>) {
  if (!service && !method) return undefined
  if (type === 'Exact' && service) {
    return method ? { type, value: `/${service}/${method}` } : { type: 'PathPrefix', value: `/${service}` }
  }
  const regex = (name: string | undefined) => (name ? `(?:${type === 'Exact' ? escapeRegex(name) : name})` : '[^/]+')
  return { type: 'RegularExpression', value: `/${regex(service)}/${regex(method)}` }
}
