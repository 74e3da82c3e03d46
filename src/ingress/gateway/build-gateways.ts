// Decides, from gateways, routes and what they name, what the data plane is to do and what their status says.

import { keyOf } from '../../client/informer.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { ModelFile, RouteMatchModel, RouteServerModel, UpstreamModel } from '../model.ts'
import { type Finding, no, yes } from './conditions.ts'
import { bySpecificity, covers, mostSpecific, routeHosts } from './hostnames.ts'
import {
  allowsNamespace,
  certificateFor,
  type DecidedListener,
  decideListeners,
  listenerKey,
  unusableAddress,
} from './listeners.ts'
import { byAge, type GatewayInput } from './lookups.ts'
import { byPrecedence } from './matches.ts'
import { GATEWAY_CONTROLLER, GATEWAY_GROUP } from './names.ts'
import { type DecidedRoute, decideRules, ownerOf, refusalKey } from './rules.ts'
import type { Gateway, HTTPRoute, ParentReference, RouteKind } from './types.ts'

export interface GatewayVerdict {
  readonly gateway: DeepReadonly<Gateway>
  readonly findings: readonly Finding[]
  readonly addresses: readonly string[]
  readonly listeners: readonly {
    readonly name: string
    readonly supportedKinds: readonly RouteKind[]
    readonly attachedRoutes: number
    readonly findings: readonly Finding[]
  }[]
}

export interface RouteVerdict {
  readonly route: DeepReadonly<HTTPRoute>
  readonly parents: readonly {
    readonly parentRef: DeepReadonly<ParentReference>
    readonly findings: readonly Finding[]
  }[]
}

export interface BuiltGateways {
  readonly servers: readonly RouteServerModel[]
  readonly upstreams: readonly UpstreamModel[]
  readonly files: readonly ModelFile[]
  readonly gateways: readonly GatewayVerdict[]
  /** All routes, those without a parent of ours, too: what was said about them before is then taken back. */
  readonly routes: readonly RouteVerdict[]
  /** `Service/namespace/name` and `Secret/namespace/name` of everything that was looked up. */
  readonly references: ReadonlySet<string>
}

/** A route on a listener. */
interface Attachment {
  readonly route: DeepReadonly<HTTPRoute>
  readonly decided: DecidedRoute
  readonly hosts: readonly string[]
  /** Place among all routes by age. */
  readonly age: number
}

/** Builds servers and verdicts. */
export function buildGateways(input: GatewayInput): BuiltGateways {
  const references = new Set<string>()
  const classes = new Set(
    input.classes.filter((c) => c.spec.controllerName === GATEWAY_CONTROLLER).map((c) => c.metadata.name),
  )
  const ours = input.gateways.filter((g) => !g.metadata.deletionTimestamp && classes.has(g.spec.gatewayClassName))
  const listeners = decideListeners(input, ours, references)
  const attached = new Map<string, Attachment[]>()
  const upstreams = new Map<string, UpstreamModel>()
  const routes = [...input.routes]
    .filter((route) => !route.metadata.deletionTimestamp)
    .sort(byAge)
    .map((route, age) => {
      const attaching = new Attaching(input, listeners, references)
      const verdict = attaching.route(route, age)
      for (const [listener, attachment] of attaching.attached) {
        attached.set(listener, [...(attached.get(listener) ?? []), attachment])
        for (const upstream of attachment.decided.upstreams) {
          if (!upstreams.has(upstream.name)) upstreams.set(upstream.name, upstream)
        }
      }
      return verdict
    })
  const { servers, files } = buildServers(input, listeners, attached)
  return {
    servers,
    upstreams: [...upstreams.values()],
    files,
    gateways: ours.map((gateway) => judgeGateway(input, gateway, listeners, attached)),
    routes,
    references,
  }
}

class Attaching {
  readonly #input: GatewayInput
  readonly #listeners: readonly DecidedListener[]
  readonly #references: Set<string>
  readonly attached = new Map<string, Attachment>()

  constructor(input: GatewayInput, listeners: readonly DecidedListener[], references: Set<string>) {
    this.#input = input
    this.#listeners = listeners
    this.#references = references
  }

  route(route: DeepReadonly<HTTPRoute>, age: number): RouteVerdict {
    const parents: { parentRef: DeepReadonly<ParentReference>; findings: Finding[] }[] = []
    let decided: DecidedRoute | undefined
    for (const parentRef of route.spec.parentRefs ?? []) {
      const all = this.#listenersOf(route, parentRef)
      if (!all) continue
      decided ??= decideRules(this.#input, route, this.#references)
      const found = this.#attachable(route, parentRef, all)
      const refusal = 'refusal' in found ? found.refusal : refusedAsAWhole(this.#input, route, decided)
      if (!refusal && 'hosts' in found) {
        for (const [listener, hosts] of found.hosts) {
          const before = this.attached.get(listener)?.hosts ?? []
          this.attached.set(listener, { route, decided, age, hosts: [...new Set([...before, ...hosts])] })
        }
      }
      parents.push({ parentRef, findings: findingsOf(decided, refusal) })
    }
    return { route, parents }
  }

  /** The listeners of a parent; undefined when it is not one of our gateways. */
  #listenersOf(route: DeepReadonly<HTTPRoute>, ref: DeepReadonly<ParentReference>): DecidedListener[] | undefined {
    if ((ref.group ?? GATEWAY_GROUP) !== GATEWAY_GROUP || (ref.kind ?? 'Gateway') !== 'Gateway') return undefined
    const key = `${ref.namespace ?? route.metadata.namespace}/${ref.name}`
    const all = this.#listeners.filter(({ gateway }) => keyOf(gateway) === key)
    return all.length > 0 ? all : undefined
  }

  #attachable(
    route: DeepReadonly<HTTPRoute>,
    ref: DeepReadonly<ParentReference>,
    all: readonly DecidedListener[],
  ): { refusal: Finding } | { hosts: ReadonlyMap<string, readonly string[]> } {
    const named = all.filter(
      ({ spec }) =>
        (ref.sectionName === undefined || spec.name === ref.sectionName) &&
        (ref.port === undefined || spec.port === ref.port),
    )
    if (named.length === 0) {
      return { refusal: no('Accepted', 'NoMatchingParent', 'the gateway has no such listener') }
    }
    const open = named.filter(
      (listener) =>
        listener.supportedKinds.some(({ kind }) => kind === route.kind) &&
        allowsNamespace(this.#input, listener, route.metadata.namespace),
    )
    if (open.length === 0) {
      const message = `no listener allows an ${route.kind} of namespace ${JSON.stringify(route.metadata.namespace)}`
      return { refusal: no('Accepted', 'NotAllowedByListeners', message) }
    }
    const hosts = new Map(
      open
        .map((listener) => [listenerKey(listener), routeHosts(listener.hostname, route.spec.hostnames ?? [])] as const)
        .filter(([, met]) => met.length > 0),
    )
    if (hosts.size > 0) return { hosts }
    const message = 'no hostname of the route is one of a listener'
    return { refusal: no('Accepted', 'NoMatchingListenerHostname', message) }
  }
}

function refusedAsAWhole(
  input: GatewayInput,
  route: DeepReadonly<HTTPRoute>,
  { dropped, ruleCount }: DecidedRoute,
): Finding | undefined {
  const refused = input.refusedRoutes?.get(refusalKey(route))
  if (refused !== undefined) return no('Accepted', 'UnsupportedValue', refused)
  if (dropped.size < ruleCount) return undefined
  return no('Accepted', 'UnsupportedValue', [...dropped].map(([i, why]) => `rules[${i}]: ${why}`).join('; '))
}

function findingsOf({ dropped, ruleCount, unresolved }: DecidedRoute, refusal: Finding | undefined): Finding[] {
  const partly = dropped.size > 0 && dropped.size < ruleCount && !refusal
  const why = [...dropped].map(([i, text]) => `rules[${i}]: ${text}`).join('; ')
  return [
    refusal ?? yes('Accepted', 'Accepted'),
    unresolved ?? yes('ResolvedRefs', 'ResolvedRefs'),
    ...(partly ? [yes('PartiallyInvalid', 'UnsupportedValue', `Dropped Rule ${why}`)] : []),
  ]
}

function judgeGateway(
  input: GatewayInput,
  gateway: DeepReadonly<Gateway>,
  all: readonly DecidedListener[],
  attached: ReadonlyMap<string, readonly Attachment[]>,
): GatewayVerdict {
  const own = all.filter((listener) => listener.gateway === gateway)
  const good = own.filter((listener) => listener.programmed)
  const bad = own.filter((listener) => !listener.programmed).map(({ spec }) => spec.name)
  const unusable = unusableAddress(input, gateway)
  const message = bad.length > 0 ? `listeners that are not served: ${bad.join(', ')}` : ''
  const address = `address ${JSON.stringify(unusable)} is not one of this cluster`
  const accepted = unusable
    ? no('Accepted', 'UnsupportedAddress', address)
    : good.length === 0
      ? no('Accepted', 'ListenersNotValid', message)
      : yes('Accepted', bad.length > 0 ? 'ListenersNotValid' : 'Accepted', message)
  const programmed = unusable
    ? no('Programmed', 'AddressNotUsable', address)
    : good.length === 0
      ? no('Programmed', 'Invalid', message)
      : yes('Programmed', 'Programmed', message)
  return {
    gateway,
    findings: [accepted, programmed],
    addresses: programmed.status === 'True' ? input.addresses : [],
    listeners: own.map((listener) => ({
      name: listener.spec.name,
      supportedKinds: listener.supportedKinds,
      attachedRoutes: attached.get(listenerKey(listener))?.length ?? 0,
      findings: listener.findings,
    })),
  }
}

function buildServers(
  { httpPort }: GatewayInput,
  listeners: readonly DecidedListener[],
  attached: ReadonlyMap<string, readonly Attachment[]>,
): { servers: RouteServerModel[]; files: ModelFile[] } {
  const files = new Map<string, ModelFile>()
  const servers: RouteServerModel[] = []
  const served = listeners.filter((listener) => listener.programmed)
  for (const port of new Set(served.map((listener) => listener.port))) {
    const here = served.filter((listener) => listener.port === port)
    const onPort = (listener: DecidedListener) => attached.get(listenerKey(listener)) ?? []
    const hosts = new Set(here.flatMap((l) => [l.hostname, ...onPort(l).flatMap(({ hosts: met }) => met)]))
    for (const host of [...hosts].sort()) {
      const hostname = mostSpecific(here, host)?.hostname
      const mine = here.filter((listener) => listener.hostname === hostname)
      const certificate = certificateFor(
        mine.flatMap((listener) => listener.certificates),
        host,
      )
      if (certificate) files.set(certificate.name, certificate)
      const matches = matchesFor(host, mine.flatMap(onPort))
      // What nobody routes stays with the ingresses.
      if (matches.length === 0 && port === httpPort) continue
      const tls = mine.some((listener) => listener.tls)
      servers.push({ port, tls, host, matches, ...(certificate ? { certificate: certificate.name } : {}) })
    }
  }
  return { servers, files: [...files.values()] }
}

/** The matches of all routes for a host, in the order in which they are tried. */
function matchesFor(host: string, attachments: readonly Attachment[]): RouteMatchModel[] {
  const found = new Map<string, { match: RouteMatchModel; hostname: string; age: number; place: number }>()
  for (const { decided, hosts, age } of attachments) {
    const [hostname] = hosts.filter((candidate) => covers(candidate, host)).sort(bySpecificity)
    if (hostname === undefined) continue
    decided.matches.forEach((match, place) => {
      const before = found.get(match.id)
      if (!before || bySpecificity(hostname, before.hostname) < 0) found.set(match.id, { match, hostname, age, place })
    })
  }
  return [...found.values()]
    .sort(
      (a, b) =>
        bySpecificity(a.hostname, b.hostname) || byPrecedence(a.match, b.match) || a.age - b.age || a.place - b.place,
    )
    .map(({ match }) => match)
}

/** The route that an owner of lines in the configuration is. */
export function routeOfOwner(
  routes: readonly DeepReadonly<HTTPRoute>[],
  owner: string | undefined,
): DeepReadonly<HTTPRoute> | undefined {
  return routes.find((route) => ownerOf(route) === owner)
}
