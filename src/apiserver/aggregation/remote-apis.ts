// The APIs that other servers serve: which there are, whether they answer, and what they serve.
// Spec: https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/

import { request } from 'node:https'
import type { APIService } from '../../api/generated/apiregistration-v1.ts'
import type { Endpoints, Service } from '../../api/generated/core-v1.ts'
import type { APIResource } from '../../api/generated/meta-v1.ts'
import { apiservices } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import { type Clock, formatTime } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { isReason } from '../../machinery/errors.ts'
import type { Logger } from '../../machinery/logger.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { ForwardTarget } from '../connect/forward.ts'
import type { Registry } from '../registry/registry.ts'
import type { WatchCache } from '../registry/watch-cache.ts'
import type { ResolveService } from '../webhook-call.ts'
import { failedDiscovery, objection, PASSED, type Verdict, withVerdict } from './availability.ts'
import { type RemoteVersion, readResourceList } from './remote-discovery.ts'
import { indexedUrl, type RemoteDocuments, versionPart } from './remote-openapi.ts'

type ApiService = DeepReadonly<APIService>

const GROUP = 'apiregistration.k8s.io'
const MAX_LOSSES = 1000
const DEFAULT_PORT = 443
const RECHECK_MS = 30_000
const DISCOVERY_TIMEOUT_MS = 5000
const MAX_DISCOVERY_BYTES = 4 * 1024 * 1024

/** PEM texts: who this server is to the servers behind it. */
export interface ProxyIdentity {
  readonly cert: string
  readonly key: string
}

export interface RemoteApisOptions {
  readonly registry: Registry
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
  readonly resolve: ResolveService
  readonly identity: ProxyIdentity
}

/** What is known of one remote version. */
interface Remote {
  service: ApiService
  available: boolean
  resources: readonly APIResource[]
  documents: RemoteDocuments
  checking: boolean
  /** Asked for again while a check was under way. */
  again: boolean
  cancel: () => void
}

/** See the file comment. Fed by watch caches; asks servers again every half minute, and when something changed. */
export class RemoteApis {
  readonly #options: RemoteApisOptions
  readonly #remotes = new Map<string, Remote>()
  readonly #stop: (() => void)[] = []
  #documentChanges = 0
  readonly #losses = new Map<string, { readonly name: string; readonly reason: string; readonly count: number }>()
  #closed = false

  private constructor(options: RemoteApisOptions) {
    this.#options = options
  }

  static async start(options: RemoteApisOptions): Promise<RemoteApis> {
    const { registry } = options
    const remotes = new RemoteApis(options)
    const resource = registry.resource(GROUP, 'apiservices')
    const [cache, services, endpoints] = await Promise.all([
      registry.cache(resource),
      registry.cache(registry.resource('', 'services')),
      registry.cache(registry.resource('', 'endpoints')),
    ])
    remotes.#follow(cache, () => remotes.#refresh(cache, resource.prefix))
    for (const other of [services, endpoints]) {
      remotes.#stop.push(
        other.follow(other.revision, ({ entry }) => {
          const { namespace = '', name = '' } = entry.object.metadata
          remotes.#recheckBehind(namespace, name)
        }),
      )
    }
    remotes.#refresh(cache, resource.prefix)
    return remotes
  }

  get isEmpty(): boolean {
    return this.#remotes.size === 0
  }

  /** The service behind a group version; undefined for what is served here, or nowhere. */
  find(group: string, version: string): ApiService | undefined {
    return this.#remotes.get(`${version}.${group}`)?.service
  }

  /** Whether the server behind it answered when it was asked last. */
  isAvailable(service: ApiService): boolean {
    return this.#remotes.get(service.metadata.name)?.available ?? false
  }

  /** What is known of every remote version, by the name of its API service. */
  get verdicts(): readonly { readonly name: string; readonly available: boolean }[] {
    return [...this.#remotes].map(([name, { available }]) => ({ name, available }))
  }

  /** How often versions became unavailable, and why. */
  get losses(): readonly { readonly name: string; readonly reason: string; readonly count: number }[] {
    return [...this.#losses.values()]
  }

  #noteLost(name: string, reason: string): void {
    const key = `${name} ${reason}`
    const count = (this.#losses.get(key)?.count ?? 0) + 1
    if (this.#losses.size < MAX_LOSSES || this.#losses.has(key)) this.#losses.set(key, { name, reason, count })
  }

  /** Every remote version, for discovery. */
  versions(): readonly RemoteVersion[] {
    return [...this.#remotes.values()].map(({ service: { spec }, available, resources }) => ({
      group: spec.group ?? '',
      version: spec.version ?? '',
      groupPriority: spec.groupPriorityMinimum,
      versionPriority: spec.versionPriority,
      resources,
      current: available,
    }))
  }

  /** What every remote version says of itself in OpenAPI. */
  documents(): readonly RemoteDocuments[] {
    return [...this.#remotes.values()].map(({ documents }) => documents)
  }

  /** Grows whenever `documents` are other ones than before. */
  get documentChanges(): number {
    return this.#documentChanges
  }

  /** Where requests for an API go. Rejects when its service cannot be reached by any address. */
  async targetOf({ spec }: ApiService): Promise<ForwardTarget> {
    const { namespace = '', name = '', port = DEFAULT_PORT } = spec.service ?? {}
    const address = await this.#options.resolve({ namespace, name, port })
    const trust = spec.insecureSkipTLSVerify
      ? { rejectUnauthorized: false }
      : spec.caBundle
        ? { ca: Buffer.from(spec.caBundle, 'base64').toString() }
        : {}
    return { ...address, tls: { ...this.#options.identity, ...trust, servername: `${name}.${namespace}.svc` } }
  }

  close(): void {
    this.#closed = true
    for (const stop of this.#stop) stop()
    for (const remote of this.#remotes.values()) remote.cancel()
    this.#remotes.clear()
  }

  #follow(cache: WatchCache, listener: () => void): void {
    this.#stop.push(cache.follow(cache.revision, listener))
  }

  #refresh(cache: WatchCache, prefix: string): void {
    const seen = new Set<string>()
    for (const { object } of cache.entriesUnder(prefix)) {
      const service = object as unknown as ApiService
      if (!service.spec.service) continue
      const { name } = service.metadata
      seen.add(name)
      const known = this.#remotes.get(name)
      // Its own verdicts come back as changes, too.
      const before = known?.service
      const unchanged = before?.metadata.uid === service.metadata.uid && sameJson(before?.spec, service.spec)
      if (known) known.service = service
      else this.#remotes.set(name, newRemote(service))
      if (!unchanged) this.#check(name)
    }
    for (const [name, remote] of this.#remotes) {
      if (seen.has(name)) continue
      remote.cancel()
      this.#remotes.delete(name)
      this.#documentChanges += 1
    }
  }

  #recheckBehind(namespace: string, name: string): void {
    for (const [id, { service }] of this.#remotes) {
      if (service.spec.service?.namespace === namespace && service.spec.service.name === name) this.#check(id)
    }
  }

  #check(name: string): void {
    const remote = this.#remotes.get(name)
    if (!remote || this.#closed) return
    if (remote.checking) {
      remote.again = true
      return
    }
    remote.checking = true
    remote.cancel()
    this.#judge(remote)
      .then(async (verdict) => {
        await this.#tell(remote, verdict)
        if (verdict === PASSED) await this.#readDocuments(remote, await this.targetOf(remote.service))
      })
      .catch((error: unknown) => this.#options.log.warn('api-service-not-checked', { name, error }))
      .finally(() => {
        remote.checking = false
        if (this.#closed || this.#remotes.get(name) !== remote) return
        if (remote.again) {
          remote.again = false
          this.#check(name)
        } else remote.cancel = this.#options.clock.after(RECHECK_MS, () => this.#check(name))
      })
  }

  async #judge(remote: Remote): Promise<Verdict> {
    const { service } = remote
    const { registry } = this.#options
    const { namespace = '', name = '' } = service.spec.service ?? {}
    const [behind, endpoints] = await Promise.all([
      registry.lookup<Service>('', 'services', namespace, name),
      registry.lookup<Endpoints>('', 'endpoints', namespace, name),
    ])
    const objected = objection(service, behind, endpoints)
    if (objected) return objected
    const groupVersion = `${service.spec.group}/${service.spec.version}`
    const target = await this.targetOf(service)
    try {
      const answer = await ask(target, `/apis/${groupVersion}`)
      remote.resources = readResourceList(answer, groupVersion)
      return PASSED
    } catch (error) {
      const url = `https://${target.host}:${target.port}/apis/${groupVersion}`
      return failedDiscovery(url, error instanceof Error ? error.message : String(error))
    }
  }

  /** Not every server describes what it serves. */
  async #readDocuments(remote: Remote, target: ForwardTarget): Promise<void> {
    const before = remote.documents
    const read = async <T>(what: string, get: () => Promise<T | undefined>): Promise<T | undefined> => {
      try {
        return await get()
      } catch (error) {
        this.#options.log.debug('remote-openapi-not-read', { what, name: remote.service.metadata.name, error })
        return undefined
      }
    }
    const v3 = await read('v3', async () => {
      const url = indexedUrl(await ask(target, '/openapi/v3'), before.key)
      if (url === undefined || url === before.v3?.url) return before.v3
      return { url, bytes: Buffer.from(JSON.stringify(await ask(target, url))) }
    })
    // A hash says that nothing has changed.
    if (v3 && v3 === before.v3) return
    const v2 = await read('v2', async () => versionPart(await ask(target, '/openapi/v2'), before.key))
    if (v3 === before.v3 && sameJson(v2, before.v2)) return
    remote.documents = { key: before.key, ...(v3 ? { v3 } : {}), ...(v2 ? { v2 } : {}) }
    this.#documentChanges += 1
  }

  async #tell(remote: Remote, verdict: Verdict): Promise<void> {
    const { clock, client } = this.#options
    remote.available = verdict.status === 'True'
    const before = remote.service.status.conditions ?? []
    const conditions = withVerdict(before, verdict, formatTime(clock.now()))
    if (conditions === before) return
    const was = before.find(({ type }) => type === 'Available')?.status
    if (verdict.status === 'False' && was !== 'False') this.#noteLost(remote.service.metadata.name, verdict.reason)
    const key = { name: remote.service.metadata.name }
    try {
      await client.patch(apiservices, key, { subresource: 'status', type: 'merge', patch: { status: { conditions } } })
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error
    }
  }
}

function newRemote(service: ApiService): Remote {
  const documents = { key: `apis/${service.spec.group}/${service.spec.version}` }
  return { service, available: false, resources: [], documents, checking: false, again: false, cancel: () => {} }
}

/** GETs a JSON document as the API server itself. Rejects on any other answer than 200. */
function ask({ host, port, tls }: ForwardTarget, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(DISCOVERY_TIMEOUT_MS)
    const headers = {
      accept: 'application/json',
      'x-remote-user': 'system:kube-aggregator',
      'x-remote-group': 'system:masters',
    }
    const outgoing = request({ host, port, path, headers, signal, agent: false, ...tls }, (answer) => {
      const chunks: Buffer[] = []
      let size = 0
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > MAX_DISCOVERY_BYTES)
          answer.destroy(new Error(`the answer is longer than ${MAX_DISCOVERY_BYTES} bytes`))
        else chunks.push(chunk)
      })
      answer.on('error', reject)
      answer.on('end', () => {
        if (answer.statusCode !== 200) return reject(new Error(`bad status from ${path}: ${answer.statusCode}`))
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString()))
        } catch (error) {
          reject(error)
        }
      })
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}
