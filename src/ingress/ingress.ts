// The ingress controller: follows ingresses and what they name, and keeps nginx doing what they say.

import type { Ingress } from '../api/generated/networking-v1.ts'
import { endpointslices, ingressclasses, ingresses, secrets, services } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { type InformerFactory, keyOf } from '../client/informer.ts'
import { Workqueue } from '../client/workqueue.ts'
import { type Clock, pause } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import type { Logger } from '../machinery/logger.ts'
import { sameJson } from '../machinery/same-json.ts'
import { type BuiltModel, buildModel, type Lookups, type Problem, refusalKey } from './build-model.ts'
import type { BuiltGateways } from './gateway/build-gateways.ts'
import { hasDefinitions } from './gateway/ensure.ts'
import { Gateways } from './gateway/gateways.ts'
import { ensureIngressClass, isServed } from './ingress-class.ts'
import type { IngressModel } from './model.ts'
import { Nginx, type NginxPaths } from './nginx.ts'
import { filesOf, ownerOfLine, renderNginxConfig, withoutEndpoints } from './render.ts'
import { fileOf } from './secrets.ts'

export interface IngressOptions {
  readonly client: Client
  readonly informers: InformerFactory
  readonly clock: Clock
  readonly log: Logger
  readonly events: EventRecorder
  /** Addresses under which clients reach this machine; they become the status of every ingress. */
  readonly addresses: readonly string[]
  readonly listen: { readonly host?: string; readonly httpPort: number; readonly httpsPort: number }
  readonly paths: NginxPaths
  /** Whether gateways and their routes are served, too. */
  readonly gatewayApi?: boolean
  /** The nginx program. */
  readonly program: string
  readonly workerProcesses: number
  /** Who the workers run as; absent: whoever we are. */
  readonly worker?: { readonly user: string; readonly group: string; readonly uid: number; readonly gid: number }
  /** PEM of what hosts without a certificate of their own show. */
  readonly defaultCertificate: { readonly cert: string; readonly key: string }
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

const SERVICE_LABEL = 'kubernetes.io/service-name'
const BY_SERVICE = 'service'
const CONFIGURE = 'configure'
/** Changes that come together make one reload, and reloads keep at least this distance. */
const GATHER_MS = 10
const DISTANCE_MS = 50
/** The workers of today, of the reload before, and of one more: what quick changes leave for a moment. */
const USUAL_GENERATIONS = 3
const MAX_TOLD = 4096
/** How long ingresses wait at the start for gateways, which nginx may have served before. */
const GATEWAYS_MS = 5000
const RETRY_MS = 5000
/** How many certificates nginx may refuse besides. */
const MAX_FILES = 64
/** When a port that another program has is looked at again. */
const PORTS_MS = 30_000

/** Runs until the signal aborts; nginx has ended when it resolves. */
export async function runIngress(options: IngressOptions): Promise<void> {
  await ensureIngressClass(options.client)
  const controller = new IngressController(options)
  await controller.run()
}

class IngressController {
  readonly #options: IngressOptions
  readonly #nginx: Nginx
  readonly #queue: Workqueue
  readonly #lookups: Lookups
  readonly #gateways: Gateways | undefined
  readonly #refusedIngresses = new Map<string, string>()
  readonly #refusedFiles = new Map<string, string>()
  /** What owners have been told, by uid: an event is for news. */
  readonly #told = new Map<string, string>()
  #references: ReadonlySet<string> = new Set()
  #applied = ''
  #appliedAt = Number.NEGATIVE_INFINITY
  #distance = DISTANCE_MS

  constructor(options: IngressOptions) {
    this.#options = options
    const { informers, clock, log } = options
    this.#nginx = new Nginx(options)
    this.#queue = new Workqueue({ name: 'ingress', clock, log })
    const slices = informers.informer(endpointslices)
    slices.addIndex(BY_SERVICE, ({ metadata }) => {
      const service = metadata.labels?.[SERVICE_LABEL]
      return service ? [`${metadata.namespace}/${service}`] : []
    })
    this.#lookups = {
      service: (key) => informers.informer(services).get(key),
      secret: (key) => informers.informer(secrets).get(key),
      slices: (key) => slices.by(BY_SERVICE, key),
    }
    if (!options.gatewayApi) return
    this.#gateways = new Gateways({
      ...options,
      lookups: this.#lookups,
      changed: () => this.#later(),
      ownPorts: () => this.#nginx.ports,
      publishLater: (key) => this.#queue.add(key),
    })
  }

  async run(): Promise<void> {
    const { client, informers, clock, signal } = this.#options
    this.#subscribe()
    informers.start(signal)
    await informers.waitForSync()
    const gateways = this.#startGateways()
    if (this.#gateways && (await hasDefinitions(client))) {
      const enough = new AbortController()
      await Promise.race([gateways, pause(clock, GATEWAYS_MS, { signal: AbortSignal.any([signal, enough.signal]) })])
      enough.abort()
    }
    this.#queue.add(CONFIGURE)
    await Promise.all([
      gateways,
      this.#nginx.run(),
      this.#queue.run(1, (key) => (key === CONFIGURE ? this.#configure() : this.#publish(key)), signal),
    ])
  }

  async #startGateways(): Promise<void> {
    const { clock, log, signal } = this.#options
    while (this.#gateways && !signal.aborted) {
      try {
        await this.#gateways.start()
        return this.#later()
      } catch (error) {
        if (signal.aborted) return
        log.warn('gateway-api-unavailable', { error, retryInMs: RETRY_MS })
        await pause(clock, RETRY_MS, { signal })
      }
    }
  }

  #subscribe(): void {
    const { informers, events } = this.#options
    const sync = (ingress: DeepReadonly<Ingress>) => {
      if (!this.#isServed(ingress)) return
      events.event(ingress, 'Normal', 'Sync', 'Scheduled for sync')
    }
    informers.informer(ingressclasses).subscribe(onEvery(() => this.#later()))
    informers.informer(ingresses).subscribe({
      add: (ingress) => {
        sync(ingress)
        this.#later()
      },
      update: (before, ingress) => {
        // What we write to the status is no news.
        if (
          sameJson(before.spec, ingress.spec) &&
          sameJson(before.metadata.annotations, ingress.metadata.annotations)
        ) {
          return
        }
        sync(ingress)
        this.#later()
      },
      delete: (ingress) => {
        this.#told.delete(ingress.metadata.uid)
        this.#later()
      },
    })
    const named = (kind: string) =>
      onEvery<{ metadata: { name: string; namespace: string } }>(({ metadata }) => {
        if (!this.#references.has(`${kind}/${metadata.namespace}/${metadata.name}`)) return
        // What nginx refused may have been the fault of this one.
        this.#refusedIngresses.clear()
        this.#refusedFiles.clear()
        this.#gateways?.forgive()
        this.#later()
      })
    informers.informer(services).subscribe(named('Service'))
    informers.informer(secrets).subscribe(named('Secret'))
    informers.informer(endpointslices).subscribe(
      onEvery(({ metadata }) => {
        const service = metadata.labels?.[SERVICE_LABEL] ?? ''
        if (this.#references.has(`Service/${metadata.namespace}/${service}`)) this.#later()
      }),
    )
  }

  #later(): void {
    const since = this.#options.clock.now() - this.#appliedAt
    this.#queue.addAfter(CONFIGURE, Math.max(GATHER_MS, this.#distance - since))
  }

  #isServed(ingress: DeepReadonly<Ingress>): boolean {
    return isServed(ingress, (name) => this.#options.informers.informer(ingressclasses).get(name))
  }

  /** Brings nginx to what the cluster says now; ingresses that nginx refuses are left out one by one. */
  async #configure(): Promise<void> {
    const { clock, informers } = this.#options
    const ours = informers
      .informer(ingresses)
      .list()
      .filter((ingress) => !ingress.metadata.deletionTimestamp && this.#isServed(ingress))
    const certificate = this.#options.defaultCertificate
    const fallback = fileOf('tls', 'pem', `${certificate.cert.trim()}\n${certificate.key.trim()}\n`, false)
    await this.#gateways?.lookAtPorts()
    const owners = ours.length + (this.#gateways?.routes.length ?? 0)
    // Every round leaves out one ingress, one route or one file.
    for (let round = 0; round <= 2 * owners + MAX_FILES; round++) {
      const built = buildModel({
        ingresses: ours,
        lookups: this.#lookups,
        refusedIngresses: this.#refusedIngresses,
        refusedFiles: this.#refusedFiles,
      })
      const gateways = this.#gateways?.build(this.#refusedFiles)
      this.#references = new Set([...built.references, ...(gateways?.references ?? [])])
      const model = gateways ? together(built.model, gateways) : built.model
      const config = this.#render(model, fallback.name)
      if (config === this.#applied) return this.#finish(built, gateways)
      const trusted = withoutEndpoints(config) === withoutEndpoints(this.#applied)
      const verdict = await this.#nginx.apply(config, filesOf(model, fallback), { trusted })
      if (verdict.accepted) {
        this.#applied = config
        this.#appliedAt = clock.now()
        // Every reload may leave workers behind for as long as their connections last: the more, the fewer reloads.
        const { workerProcesses } = this.#options
        this.#distance = DISTANCE_MS * Math.max(1, this.#nginx.workers / workerProcesses - USUAL_GENERATIONS)
        return this.#finish(built, gateways)
      }
      this.#leaveOut(config, verdict, ours)
    }
    throw new Error('cannot find a configuration that nginx accepts')
  }

  #render(model: IngressModel, defaultCertificate: string): string {
    const { listen, paths, worker, workerProcesses } = this.#options
    return renderNginxConfig(model, {
      ...listen,
      defaultCertificate,
      pidFile: paths.pidFile,
      logFile: paths.logFile,
      workerProcesses,
      ...(worker ? { workerUser: worker.user, workerGroup: worker.group } : {}),
    })
  }

  #leaveOut(
    config: string,
    verdict: { readonly message: string; readonly line?: number; readonly file?: string },
    ours: readonly DeepReadonly<Ingress>[],
  ): void {
    const { message, line, file } = verdict
    const owner = line === undefined ? undefined : ownerOfLine(config, line)
    const ingress = ours.find((candidate) => keyOf(candidate) === owner)
    if (file !== undefined && !this.#refusedFiles.has(file)) this.#refusedFiles.set(file, message)
    else if (ingress && !this.#refusedIngresses.has(refusalKey(ingress))) {
      this.#refusedIngresses.set(refusalKey(ingress), `nginx refuses the configuration: ${message}`)
    } else if (!this.#gateways?.refuse(owner, message)) throw new Error(`cannot configure nginx: ${message}`)
  }

  #finish({ problems, served }: BuiltModel, gateways: BuiltGateways | undefined): void {
    this.#tell(problems)
    if (gateways) this.#gateways?.settle(gateways)
    if (this.#gateways?.waitsForPorts) this.#queue.addAfter(CONFIGURE, PORTS_MS)
    const known = new Set(this.#options.informers.informer(ingresses).list().map(refusalKey))
    for (const key of this.#refusedIngresses.keys()) if (!known.has(key)) this.#refusedIngresses.delete(key)
    for (const ingress of served) {
      if (!sameJson(ingress.status.loadBalancer?.ingress ?? [], this.#addresses())) this.#queue.add(keyOf(ingress))
    }
  }

  #addresses() {
    return this.#options.addresses.map((ip) => ({ ip }))
  }

  /** One warning for each problem of an ingress, when its problems change. */
  #tell(problems: readonly Problem[]): void {
    const byUid = new Map<string, Problem[]>()
    for (const problem of problems) {
      const { uid } = problem.ingress.metadata
      byUid.set(uid, [...(byUid.get(uid) ?? []), problem])
    }
    for (const uid of this.#told.keys()) if (!byUid.has(uid)) this.#told.delete(uid)
    for (const [uid, all] of byUid) {
      const text = JSON.stringify(all.map((p) => [p.reason, p.message, p.ingress.metadata.generation]))
      if (this.#told.get(uid) === text || this.#told.size >= MAX_TOLD) continue
      this.#told.set(uid, text)
      for (const { ingress, reason, message } of all) {
        this.#options.events.event(ingress, 'Warning', reason, message)
        this.#options.log.warn('ingress-problem', { ingress: keyOf(ingress), reason, message })
      }
    }
  }

  /** Writes the addresses of one ingress into its status. */
  async #publish(key: string): Promise<void> {
    if (await this.#gateways?.publish(key)) return
    const { client, informers } = this.#options
    const ingress = informers.informer(ingresses).get(key)
    if (!ingress || !this.#isServed(ingress)) return
    const { name, namespace } = ingress.metadata
    try {
      const patch = { status: { loadBalancer: { ingress: this.#addresses() } } }
      await client.patch(ingresses, { namespace, name }, { type: 'merge', patch, subresource: 'status' })
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error
    }
  }
}

/** What ingresses and gateways want, in one. Upstreams of one name are the same. */
function together(model: IngressModel, { servers, upstreams, files }: BuiltGateways): IngressModel {
  const byName = <T extends { readonly name: string }>(all: readonly T[]) => [
    ...new Map(all.map((item) => [item.name, item])).values(),
  ]
  return {
    servers: model.servers,
    routeServers: servers,
    upstreams: byName([...upstreams, ...model.upstreams]).sort((a, b) => (a.name < b.name ? -1 : 1)),
    files: byName([...model.files, ...files]),
  }
}

/** A handler that treats all changes alike. */
function onEvery<T>(changed: (object: DeepReadonly<T>) => void) {
  return {
    add: changed,
    update: (_before: DeepReadonly<T>, object: DeepReadonly<T>) => changed(object),
    delete: changed,
  }
}
