// Decides, from ingresses and what they name, what the data plane is to do, and what is wrong with which ingress.

import type { Secret, Service } from '../api/generated/core-v1.ts'
import type { EndpointSlice } from '../api/generated/discovery-v1.ts'
import type { Ingress, IngressBackend } from '../api/generated/networking-v1.ts'
import { keyOf } from '../client/informer.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { type LocationOptions, readAnnotations } from './annotations.ts'
import { resolveBackend } from './backends.ts'
import type { IngressModel, LocationModel, ModelFile, PathMatch, ServerModel, UpstreamModel } from './model.ts'
import { ownerId } from './names.ts'
import { hasControlCharacters } from './quote.ts'
import { certificateFile, passwordFile } from './secrets.ts'

/** What an ingress names, by key `namespace/name`. */
export interface Lookups {
  service(key: string): DeepReadonly<Service> | undefined
  /** All slices of a service. */
  slices(serviceKey: string): readonly DeepReadonly<EndpointSlice>[]
  secret(key: string): DeepReadonly<Secret> | undefined
}

/** Something to tell the owner of an ingress. */
export interface Problem {
  readonly ingress: DeepReadonly<Ingress>
  readonly reason: string
  readonly message: string
}

export interface BuiltModel {
  readonly model: IngressModel
  readonly problems: readonly Problem[]
  /** The ingresses that are served. */
  readonly served: readonly DeepReadonly<Ingress>[]
  /** `Service/namespace/name` and `Secret/namespace/name` of everything that was looked up. */
  readonly references: ReadonlySet<string>
}

export interface BuildInput {
  /** Those of our classes. */
  readonly ingresses: readonly DeepReadonly<Ingress>[]
  readonly lookups: Lookups
  /** What nginx itself refused: the message by the ingress (`refusalKey`) or by the name of the file. */
  readonly refusedIngresses?: ReadonlyMap<string, string>
  readonly refusedFiles?: ReadonlyMap<string, string>
}

const HOST = /^(\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/
const MAX_HOST = 253

/** Names one version of an ingress: an edited one gets another chance. */
export function refusalKey(ingress: DeepReadonly<Ingress>): string {
  return `${ingress.metadata.uid}@${ingress.metadata.generation ?? 0}@${JSON.stringify(ingress.metadata.annotations ?? {})}`
}

interface Draft {
  readonly host: string
  readonly aliases: Set<string>
  certificate?: string
  tls: boolean
  appRoot?: { owner: string; path: string }
  readonly locations: Map<string, LocationModel>
}

/** Builds the model. The oldest ingress wins where two ask for the same. */
export function buildModel(input: BuildInput): BuiltModel {
  const builder = new Builder(input)
  const byAge = [...input.ingresses].sort(
    (a, b) =>
      a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp) || (keyOf(a) < keyOf(b) ? -1 : 1),
  )
  for (const ingress of byAge) builder.add(ingress)
  return builder.finish()
}

class Builder {
  readonly #input: BuildInput
  readonly #servers = new Map<string, Draft>()
  readonly #upstreams = new Map<string, UpstreamModel>()
  readonly #files = new Map<string, ModelFile>()
  readonly #problems: Problem[] = []
  readonly #served: DeepReadonly<Ingress>[] = []
  readonly #references = new Set<string>()

  constructor(input: BuildInput) {
    this.#input = input
  }

  add(ingress: DeepReadonly<Ingress>): void {
    const namespace = ingress.metadata.namespace
    const { options, problems, ignored } = readAnnotations(ingress.metadata.annotations, namespace)
    for (const name of ignored) this.#tell(ingress, 'Ignored', `annotation ${name} is not supported and has no effect`)
    const refused = this.#input.refusedIngresses?.get(refusalKey(ingress))
    const wrong = [...problems, ...shapeProblems(ingress), ...(refused ? [refused] : [])]
    const password = options.auth ? this.#password(options.auth) : undefined
    if (password && 'problem' in password) wrong.push(password.problem)
    for (const message of wrong) this.#tell(ingress, 'Rejected', message)
    if (wrong.length > 0) return
    this.#served.push(ingress)
    const common = { ...(password && 'file' in password ? { passwordFile: password.file.name } : {}), options }
    const { rules = [], defaultBackend } = ingress.spec
    for (const rule of rules) {
      const server = this.#server(rule.host ?? '')
      for (const path of rule.http?.paths ?? []) {
        const match = matchOf(path.pathType, options)
        this.#location(ingress, server, { ...common, path: path.path || '/', match }, path.backend)
      }
    }
    if (defaultBackend) this.#defaultBackend(ingress, common, defaultBackend)
    const hosts = rules.map((rule) => rule.host ?? '')
    const owner = keyOf(ingress)
    for (const host of hosts) {
      const server = this.#server(host)
      for (const alias of options.aliases) server.aliases.add(alias)
      if (options.appRoot !== undefined) server.appRoot ??= { owner, path: options.appRoot }
    }
    this.#tls(ingress, hosts)
  }

  finish(): BuiltModel {
    const hosts = new Set(this.#servers.keys())
    const taken = new Set<string>()
    const servers = [...this.#servers.values()]
      .sort((a, b) => (a.host < b.host ? -1 : 1))
      .map((draft): ServerModel => {
        // A name of its own goes before an alias of another, and the first alias before the next.
        const aliases = [...draft.aliases].filter((alias) => !hosts.has(alias) && !taken.has(alias)).sort()
        for (const alias of aliases) taken.add(alias)
        return { ...draft, aliases, locations: [...draft.locations.values()] }
      })
    return {
      model: {
        servers,
        upstreams: [...this.#upstreams.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
        files: [...this.#files.values()],
      },
      problems: this.#problems,
      served: this.#served,
      references: this.#references,
    }
  }

  #tell(ingress: DeepReadonly<Ingress>, reason: string, message: string): void {
    this.#problems.push({ ingress, reason, message })
  }

  #server(host: string): Draft {
    const found = this.#servers.get(host)
    if (found) return found
    const made: Draft = { host, aliases: new Set(), tls: false, locations: new Map() }
    this.#servers.set(host, made)
    return made
  }

  #location(
    ingress: DeepReadonly<Ingress>,
    server: Draft,
    location: Pick<LocationModel, 'path' | 'match' | 'options' | 'passwordFile'>,
    backend: DeepReadonly<IngressBackend>,
  ): void {
    const match = location.match === 'plain' && location.path === '/' ? 'prefix' : location.match
    // The API compares prefixes by element: a slash at the end means nothing.
    const path = match === 'prefix' ? location.path.replace(/(?<=.)\/+$/, '') : location.path
    const id = `${match} ${path}`
    const owner = keyOf(ingress)
    const before = server.locations.get(id)
    if (before) {
      if (before.owner !== owner) {
        const where = `host ${JSON.stringify(server.host || '_')} and path ${JSON.stringify(path)}`
        this.#tell(ingress, 'Rejected', `${where} is already defined in ingress ${before.owner}`)
      }
      return
    }
    const upstream = this.#upstream(ingress, backend, location.options)
    server.locations.set(id, { ...location, owner, path, match, ...(upstream ? { upstream } : {}) })
  }

  #defaultBackend(
    ingress: DeepReadonly<Ingress>,
    common: Pick<LocationModel, 'options' | 'passwordFile'>,
    backend: DeepReadonly<IngressBackend>,
  ): void {
    const hosts = (ingress.spec.rules ?? []).map((rule) => rule.host ?? '')
    for (const host of new Set(hosts.length > 0 ? hosts : [''])) {
      const server = this.#server(host)
      const covered = [...server.locations.values()].some((l) => l.path === '/' && l.match !== 'exact')
      if (covered) continue
      const options = { ...common.options, useRegex: false }
      this.#location(ingress, server, { ...common, options, path: '/', match: 'prefix' }, backend)
    }
  }

  /** The upstream of a backend; undefined when no endpoint of it is ready. */
  #upstream(
    ingress: DeepReadonly<Ingress>,
    backend: DeepReadonly<IngressBackend>,
    options: LocationOptions,
  ): string | undefined {
    const { namespace } = ingress.metadata
    if (!backend.service) {
      const { kind = '', name = '' } = backend.resource ?? {}
      this.#tell(ingress, 'Rejected', `resource backend ${kind}/${name} is not supported: expected a service`)
      return undefined
    }
    const key = `${namespace}/${backend.service.name}`
    this.#references.add(`Service/${key}`)
    const { lookups } = this.#input
    const resolved = resolveBackend({
      namespace,
      backend: backend.service,
      service: lookups.service(key),
      slices: lookups.slices(key),
    })
    if (!resolved || resolved.servers.length === 0) return undefined
    const hash = options.affinity ? `$affinity_${ownerId(keyOf(ingress))}` : options.hashBy
    const name = hash ? `${resolved.name}.${hash.replace(/\W/g, '')}` : resolved.name
    if (!this.#upstreams.has(name)) {
      // Hashing methods of nginx have no backup servers.
      const backup = hash || !resolved.backup ? {} : { backup: resolved.backup }
      const chosen = hash ? { hash } : {}
      this.#upstreams.set(name, { name, owner: keyOf(ingress), servers: resolved.servers, ...backup, ...chosen })
    }
    return name
  }

  #password(auth: NonNullable<LocationOptions['auth']>) {
    this.#references.add(`Secret/${auth.secret}`)
    const made = passwordFile(auth.secret, this.#input.lookups.secret(auth.secret), auth.map)
    if ('file' in made) this.#files.set(made.file.name, made.file)
    return made
  }

  #tls(ingress: DeepReadonly<Ingress>, hosts: readonly string[]): void {
    for (const entry of ingress.spec.tls ?? []) {
      const certificate = entry.secretName
        ? this.#certificate(ingress, `${ingress.metadata.namespace}/${entry.secretName}`)
        : undefined
      const wanted = entry.hosts ?? []
      for (const host of hosts) {
        if (wanted.length > 0 && !wanted.some((pattern) => covers(pattern, host))) continue
        const server = this.#server(host)
        server.tls = true
        if (certificate) server.certificate ??= certificate
      }
    }
  }

  #certificate(ingress: DeepReadonly<Ingress>, key: string): string | undefined {
    this.#references.add(`Secret/${key}`)
    const made = certificateFile(key, this.#input.lookups.secret(key))
    const problem = 'problem' in made ? made.problem : this.#input.refusedFiles?.get(made.file.name)
    if (problem !== undefined || 'problem' in made) {
      this.#tell(ingress, 'BadCertificate', `${problem}; the default certificate is used instead`)
      return undefined
    }
    this.#files.set(made.file.name, made.file)
    return made.file.name
  }
}

function matchOf(pathType: string, options: LocationOptions): PathMatch {
  if (pathType === 'Exact') return 'exact'
  if (options.useRegex) return 'regex'
  return pathType === 'Prefix' ? 'prefix' : 'plain'
}

/** Whether a host of a TLS entry means the host of a rule; a wildcard stands for one label. */
function covers(pattern: string, host: string): boolean {
  if (pattern === host) return true
  return pattern.startsWith('*.') && host.slice(host.indexOf('.')) === pattern.slice(1)
}

/** What the API lets through for old objects and what must never reach the configuration. */
function shapeProblems(ingress: DeepReadonly<Ingress>): string[] {
  const problems: string[] = []
  for (const rule of ingress.spec.rules ?? []) {
    if (rule.host && (rule.host.length > MAX_HOST || !HOST.test(rule.host))) {
      problems.push(`host ${JSON.stringify(rule.host)} is not a DNS name`)
    }
    for (const { path = '/' } of rule.http?.paths ?? []) {
      if ((path !== '' && !path.startsWith('/')) || hasControlCharacters(path)) {
        problems.push(`path ${JSON.stringify(path)} is not an absolute path`)
      }
    }
  }
  return problems
}
