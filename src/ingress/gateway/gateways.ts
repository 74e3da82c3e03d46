// Follows gateways, routes and what they name, has them decided about, and writes their status.

import { createServer } from 'node:net'
import { namespaces } from '../../api/generated/resources.ts'
import type { ResourceRef } from '../../api/resource-ref.ts'
import type { Client, KubeObject } from '../../client/client.ts'
import { type InformerFactory, keyOf, splitKey } from '../../client/informer.ts'
import { type Clock, formatTime } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { isReason } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { Lookups } from '../build-model.ts'
import { type BuiltGateways, buildGateways, routeOfOwner } from './build-gateways.ts'
import { ensureGatewayApi } from './ensure.ts'
import { asHttpRoute } from './grpc-routes.ts'
import { servedPort } from './listeners.ts'
import { GATEWAY_CONTROLLER } from './names.ts'
import { refusalKey } from './rules.ts'
import { classStatus, gatewayStatus, routeStatus } from './status.ts'
import {
  type Gateway,
  type GatewayClass,
  type GRPCRoute,
  gatewayclasses,
  gateways,
  grpcroutes,
  type HTTPRoute,
  httproutes,
  referencegrants,
} from './types.ts'

export interface GatewaysOptions {
  readonly client: Client
  readonly informers: InformerFactory
  readonly clock: Clock
  readonly addresses: readonly string[]
  readonly listen: { readonly host?: string; readonly httpPort: number; readonly httpsPort: number }
  readonly lookups: Lookups
  readonly signal: AbortSignal
  /** Something changed that the configuration may depend on. */
  changed(): void
  /** Ports that our nginx has already. */
  ownPorts(): ReadonlySet<number>
  /** The status of the object with this key is to be written: call `publish`. */
  publishLater(key: string): void
}

const NOTHING: BuiltGateways = {
  servers: [],
  upstreams: [],
  files: [],
  gateways: [],
  routes: [],
  references: new Set(),
}

/** Begins the keys of `publish`; no ingress has such a name. */
const PREFIX = 'gateway-api!'

export class Gateways {
  readonly #options: GatewaysOptions
  readonly #refused = new Map<string, string>()
  #versions: readonly string[] = []
  #ready = false
  #built = NOTHING
  #takenPorts: ReadonlySet<number> = new Set()

  constructor(options: GatewaysOptions) {
    this.#options = options
  }

  /** Resolves when the kinds are served and known. Until then there are no gateways. */
  async start(): Promise<void> {
    const { client, informers, signal, changed } = this.#options
    this.#versions = await ensureGatewayApi(client, signal)
    const all = [gatewayclasses, gateways, httproutes, grpcroutes, referencegrants, namespaces] as const
    const synced = Promise.all(all.map((ref) => informers.informer(ref as ResourceRef<KubeObject>).waitForSync()))
    await Promise.race([synced, ended(signal)])
    signal.throwIfAborted()
    if (this.#ready) return
    this.#ready = true
    const handler = { add: changed, update: changed, delete: changed }
    for (const ref of all) informers.informer(ref as ResourceRef<KubeObject>).subscribe(handler)
  }

  get routes(): readonly DeepReadonly<HTTPRoute>[] {
    if (!this.#ready) return []
    const { informers } = this.#options
    return [...informers.informer(httproutes).list(), ...informers.informer(grpcroutes).list().map(asHttpRoute)]
  }

  /** Whether a port that a listener wants is another program's: worth another look after a while. */
  get waitsForPorts(): boolean {
    return this.#takenPorts.size > 0
  }

  /** Looks at the ports that listeners want and that nginx does not have. */
  async lookAtPorts(): Promise<void> {
    if (!this.#ready) return
    const { informers, listen, ownPorts } = this.#options
    const own = ownPorts()
    const wanted = new Set(
      informers
        .informer(gateways)
        .list()
        .flatMap(({ spec }) => spec.listeners.map((l) => servedPort(listen, l.port, l.protocol === 'HTTPS'))),
    )
    const taken = new Set<number>()
    for (const port of wanted) {
      if (port === listen.httpPort || port === listen.httpsPort || own.has(port)) continue
      if (!(await isFree(port, listen.host))) taken.add(port)
    }
    this.#takenPorts = taken
  }

  /** Decides about everything there is. */
  build(refusedFiles: ReadonlyMap<string, string>): BuiltGateways {
    if (!this.#ready) return NOTHING
    const { informers, listen, addresses, lookups } = this.#options
    return buildGateways({
      classes: informers.informer(gatewayclasses).list(),
      gateways: informers.informer(gateways).list(),
      routes: this.routes,
      grants: informers.informer(referencegrants).list(),
      namespace: (name) => informers.informer(namespaces).get(name),
      lookups,
      httpPort: listen.httpPort,
      httpsPort: listen.httpsPort,
      addresses,
      takenPorts: this.#takenPorts,
      refusedRoutes: this.#refused,
      refusedFiles,
    })
  }

  /** Leaves out the route that an owner of refused lines is. False when that is none, or one that was left out before. */
  refuse(owner: string | undefined, message: string): boolean {
    const route = routeOfOwner(this.routes, owner)
    if (!route || this.#refused.has(refusalKey(route))) return false
    this.#refused.set(refusalKey(route), `nginx refuses the configuration: ${message}`)
    return true
  }

  /** Gives everything that nginx refused another chance. */
  forgive(): void {
    this.#refused.clear()
  }

  /** Takes note of what nginx does now, and of every status that does not say so. */
  settle(built: BuiltGateways): void {
    this.#built = built
    const known = new Set(this.routes.map(refusalKey))
    for (const key of this.#refused.keys()) if (!known.has(key)) this.#refused.delete(key)
    for (const object of [
      ...this.#classes(),
      ...built.gateways.map((v) => v.gateway),
      ...built.routes.map((v) => v.route),
    ]) {
      const key = keyOf(object)
      if (this.#pending(object.kind, key)) this.#options.publishLater(`${PREFIX}${object.kind}!${key}`)
    }
  }

  /** Writes one status. False: the key is not one of ours. */
  async publish(key: string): Promise<boolean> {
    if (!key.startsWith(PREFIX)) return false
    const [, kind = '', name = ''] = key.split('!')
    const pending = this.#pending(kind, name)
    if (!pending) return true
    const { ref, object, status } = pending
    try {
      const patch = { metadata: { resourceVersion: object.metadata.resourceVersion }, status }
      await this.#options.client.patch(ref, splitKey(name), { type: 'merge', patch, subresource: 'status' })
    } catch (error) {
      // A newer one is on its way here, and will be looked at then.
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
    }
    return true
  }

  #classes(): readonly DeepReadonly<GatewayClass>[] {
    if (!this.#ready) return []
    const all = this.#options.informers.informer(gatewayclasses).list()
    return all.filter(({ spec }) => spec.controllerName === GATEWAY_CONTROLLER)
  }

  #wanted(kind: string, key: string): Wanted | undefined {
    const now = formatTime(this.#options.clock.now())
    const is = (object: { metadata: { name: string; namespace?: string } }) => keyOf(object) === key
    if (kind === gatewayclasses.kind) {
      const object = this.#classes().find(is)
      return object && { ref: gatewayclasses, object, status: classStatus(object, this.#versions, now) }
    }
    if (kind === gateways.kind) {
      const verdict = this.#built.gateways.find(({ gateway }) => is(gateway))
      return verdict && { ref: gateways, object: verdict.gateway, status: gatewayStatus(verdict, now) }
    }
    const verdict = this.#built.routes.find(({ route }) => route.kind === kind && is(route))
    return (
      verdict && {
        ref: kind === grpcroutes.kind ? grpcroutes : httproutes,
        object: verdict.route,
        status: routeStatus(verdict, now),
      }
    )
  }

  /** The status that an object is to have; undefined when it has it. */
  #pending(kind: string, key: string) {
    const made = this.#wanted(kind, key)
    if (!made) return undefined
    const before: Record<string, unknown> = { parents: [], ...made.object.status }
    const after: Record<string, unknown> = { parents: [], ...made.status }
    return sameJson(before, after) ? undefined : made
  }
}

type Kept = GatewayClass | Gateway | HTTPRoute | GRPCRoute
interface Wanted {
  readonly ref: ResourceRef<Kept>
  readonly object: DeepReadonly<Kept>
  readonly status: object
}

/** Resolves when the signal aborts. */
function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function isFree(port: number, host: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: host ?? '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
