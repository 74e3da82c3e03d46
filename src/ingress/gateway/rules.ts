// Turns the rules of one route into what nginx is to do with each of their matches.

import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { resolveBackend } from '../backends.ts'
import type { MirrorModel, RouteAnswer, RouteBranch, RouteMatchModel, UpstreamModel } from '../model.ts'
import { ownerId } from '../names.ts'
import { type Finding, no } from './conditions.ts'
import { durationMs } from './durations.ts'
import { type Filters, inOrder, NO_CHANGES, readFilters } from './filters.ts'
import { type GatewayInput, isGranted } from './lookups.ts'
import { readMatch } from './matches.ts'
import {
  type BackendReference,
  grpcroutes,
  type HTTPBackendReference,
  type HTTPRoute,
  type HTTPRouteRule,
} from './types.ts'

export interface DecidedRoute {
  readonly matches: readonly RouteMatchModel[]
  readonly upstreams: readonly UpstreamModel[]
  /** The first thing that is wrong with what the rules name. */
  readonly unresolved?: Finding
  /** Rules that cannot be served, by their index: why. */
  readonly dropped: ReadonlyMap<number, string>
  readonly ruleCount: number
}

/** How the configuration names a route as the owner of lines. */
export function ownerOf({ kind, metadata }: DeepReadonly<HTTPRoute>): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`
}

/** Names one version of a route: an edited one gets another chance. */
export function refusalKey({ metadata }: DeepReadonly<HTTPRoute>): string {
  return `${metadata.uid}@${metadata.generation ?? 0}`
}

const EVERYTHING = [{ path: { type: 'PathPrefix', value: '/' } }]
/** What no limit of time comes to. */
const ENDLESS_MS = 365 * 86_400_000

/** Decides about all rules of a route. */
export function decideRules(
  input: GatewayInput,
  route: DeepReadonly<HTTPRoute>,
  references: Set<string>,
): DecidedRoute {
  const reader = new RuleReader(input, route, references)
  const rules = route.spec.rules ?? [{}]
  rules.forEach((rule, index) => {
    reader.read(rule, index)
  })
  return {
    matches: reader.matches,
    upstreams: [...reader.upstreams.values()],
    ...(reader.unresolved ? { unresolved: reader.unresolved } : {}),
    dropped: reader.dropped,
    ruleCount: rules.length,
  }
}

class RuleReader {
  readonly #input: GatewayInput
  readonly #route: DeepReadonly<HTTPRoute>
  readonly #references: Set<string>
  readonly matches: RouteMatchModel[] = []
  readonly upstreams = new Map<string, UpstreamModel>()
  readonly dropped = new Map<number, string>()
  unresolved: Finding | undefined

  constructor(input: GatewayInput, route: DeepReadonly<HTTPRoute>, references: Set<string>) {
    this.#input = input
    this.#route = route
    this.#references = references
  }

  get #isGrpc(): boolean {
    return this.#route.kind === grpcroutes.kind
  }

  read(rule: DeepReadonly<HTTPRouteRule>, index: number): void {
    const problems: string[] = []
    const timeoutMs = readTimeout(rule, problems)
    const matches = (rule.matches?.length ? rule.matches : EVERYTHING).map((spec, number): RouteMatchModel => {
      const read = readMatch(spec)
      const { path, conditions } = read.match
      const byPrefix = path.match === 'prefix' && !conditions.some((c) => c.source === 'path')
      const prefix = byPrefix ? path.value : undefined
      const { filters, problems: unsupported } = readFilters(rule.filters ?? [], prefix)
      if (this.#isGrpc && filters.mirrors.length > 0) problems.push('filter RequestMirror is not supported for gRPC')
      problems.push(...read.problems, ...unsupported)
      const branches = this.#branches(rule, filters, { prefix, problems, ...(timeoutMs ? { timeoutMs } : {}) })
      const id = ownerId(`${this.#route.metadata.uid}/${index}/${number}`)
      return { ...read.match, owner: ownerOf(this.#route), id, branches }
    })
    const [problem] = problems
    if (problem === undefined) this.matches.push(...matches)
    else this.dropped.set(index, problem)
  }

  #branches(
    rule: DeepReadonly<HTTPRouteRule>,
    filters: Filters,
    more: { prefix: string | undefined; problems: string[]; timeoutMs?: number },
  ): RouteBranch[] {
    const { redirect, response } = filters
    const mirrors = filters.mirrors.flatMap((mirror) => this.#mirror(mirror))
    if (redirect) {
      const answer: RouteAnswer = {
        kind: 'redirect',
        code: redirect.statusCode ?? 302,
        ...(redirect.scheme ? { scheme: redirect.scheme } : {}),
        ...(redirect.hostname ? { host: redirect.hostname } : {}),
        ...(redirect.change ? { path: redirect.change } : {}),
        ...redirectPort(this.#input, redirect),
      }
      return [{ percent: 100, answer, response }]
    }
    const backends = rule.backendRefs ?? []
    const total = backends.reduce((sum, { weight = 1 }) => sum + weight, 0)
    if (total === 0) return [{ percent: 100, answer: { kind: 'status', code: 500 }, response: NO_CHANGES }]
    return backends.flatMap((backend): RouteBranch[] => {
      const own = readFilters(backend.filters ?? [], more.prefix)
      more.problems.push(...own.problems)
      if (own.filters.redirect || own.filters.mirrors.length > 0 || own.filters.path) {
        more.problems.push('filters of a backend can only change headers')
      }
      const answer = this.#proxy(backend, {
        ...filters,
        request: inOrder(filters.request, own.filters.request),
        ...(own.filters.host ? { host: own.filters.host } : {}),
      })
      if (backend.weight === 0) return []
      const proxied = answer.kind === 'proxy'
      return [
        {
          percent: (100 * (backend.weight ?? 1)) / total,
          answer: proxied ? { ...answer, mirrors, ...(more.timeoutMs ? { timeoutMs: more.timeoutMs } : {}) } : answer,
          response: proxied ? inOrder(response, own.filters.response) : NO_CHANGES,
        },
      ]
    })
  }

  #proxy(backend: DeepReadonly<HTTPBackendReference>, { request, host, path }: Filters): RouteAnswer {
    const found = this.#upstream(backend)
    if (found === undefined) return { kind: 'status', code: 500 }
    if (found === 'not ready') return { kind: 'status', code: 503 }
    return {
      kind: 'proxy',
      protocol: this.#isGrpc ? 'grpc' : 'http',
      upstream: found.name,
      request,
      mirrors: [],
      ...(host === undefined ? {} : { host }),
      ...(path ? { path } : {}),
    }
  }

  #mirror({ backendRef, percent, fraction }: Filters['mirrors'][number]): MirrorModel[] {
    const part = fraction ? (100 * fraction.numerator) / (fraction.denominator ?? 100) : (percent ?? 100)
    const found = this.#upstream(backendRef)
    if (found === undefined || found === 'not ready' || part <= 0) return []
    return [{ upstream: found.name, percent: Math.min(part, 100) }]
  }

  /** Where the requests for a backend go; undefined when the reference is wrong, which is then said. */
  #upstream(ref: DeepReadonly<BackendReference>): UpstreamModel | 'not ready' | undefined {
    const from = this.#route.metadata.namespace
    const namespace = ref.namespace ?? from
    const key = `${namespace}/${ref.name}`
    const wrong = (reason: string, message: string) => {
      this.unresolved ??= no('ResolvedRefs', reason, message)
      return undefined
    }
    if ((ref.group ?? '') !== '' || (ref.kind ?? 'Service') !== 'Service') {
      return wrong('InvalidKind', `backend ${ref.kind} ${JSON.stringify(key)} is not supported: expected a Service`)
    }
    const to = { kind: 'Service', namespace, name: ref.name }
    if (!isGranted(this.#input.grants, { kind: this.#route.kind, namespace: from }, to)) {
      return wrong(
        'RefNotPermitted',
        `service ${JSON.stringify(key)} is in another namespace and no ReferenceGrant permits it`,
      )
    }
    this.#references.add(`Service/${key}`)
    const { lookups } = this.#input
    const service = lookups.service(key)
    if (!service) return wrong('BackendNotFound', `service ${JSON.stringify(key)} not found`)
    if (ref.port === undefined) return wrong('UnsupportedValue', `backend ${JSON.stringify(key)} has no port`)
    // Whoever may write services could reach every host through them: the API advises against serving these.
    if (service.spec.type === 'ExternalName') {
      return wrong('UnsupportedProtocol', `service ${JSON.stringify(key)} of type ExternalName is not supported`)
    }
    const port = service.spec.ports?.find((p) => p.port === ref.port)
    if (port?.appProtocol === 'kubernetes.io/h2c' && !this.#isGrpc) {
      return wrong('UnsupportedProtocol', `port ${ref.port} of service ${JSON.stringify(key)} speaks kubernetes.io/h2c`)
    }
    const backend = { name: ref.name, port: { number: ref.port } }
    const resolved = resolveBackend({ namespace, backend, service, slices: lookups.slices(key) })
    if (!resolved) return wrong('BackendNotFound', `service ${JSON.stringify(key)} has no port ${ref.port}`)
    if (resolved.servers.length === 0) return 'not ready'
    const upstream = { ...resolved, owner: ownerOf(this.#route) }
    this.upstreams.set(upstream.name, upstream)
    return upstream
  }
}

/** A redirect to another scheme goes to the port where that is served; else it stays on the port of the request. */
function redirectPort(
  { httpPort, httpsPort }: GatewayInput,
  { scheme, port }: { readonly scheme?: string; readonly port?: number },
): { port?: number } {
  if (port !== undefined) return { port }
  if (scheme === undefined) return {}
  return { port: scheme === 'https' ? httpsPort : httpPort }
}

function readTimeout({ timeouts }: DeepReadonly<HTTPRouteRule>, problems: string[]): number | undefined {
  const read = (text: string | undefined) => {
    if (text === undefined) return undefined
    const ms = durationMs(text)
    if (ms === undefined) problems.push(`timeout ${JSON.stringify(text)} is not a duration`)
    return ms === 0 ? ENDLESS_MS : ms
  }
  const request = read(timeouts?.request)
  const backend = read(timeouts?.backendRequest)
  if (request !== undefined && backend !== undefined && backend > request) {
    problems.push('timeouts.backendRequest cannot be longer than timeouts.request')
  }
  return backend ?? request
}
