// Writes what happens to requests: an event for each stage of each request that the policy says something about.
// Spec: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/

import { isIP } from 'node:net'
import type { Status } from '../../api/generated/meta-v1.ts'
import { type Clock, formatMicroTime } from '../../machinery/clock.ts'
import { StatusError } from '../../machinery/errors.ts'
import type { Random } from '../../machinery/random.ts'
import { type Decision, demandedName } from '../authorization/authorizer.ts'
import type { Request, Response } from '../http/exchange.ts'
import type { RequestInfo } from '../http/request-info.ts'
import { removalOf } from '../resources/legacy/deprecations.ts'
import type { UserInfo } from '../user.ts'
import type { AuditBackend, Kept } from './backend.ts'
import { Capture, observeResponse, withoutManagedFields } from './capture.ts'
import { type AuditEvent, AuditRecord } from './event.ts'
import { type AuditPolicy, type AuditScope, type AuditStage, atLeast, NOT_AUDITED, scopeOf } from './policy.ts'

export interface AuditorOptions {
  readonly policy: AuditPolicy
  readonly backend: AuditBackend
  readonly clock: Clock
  readonly random: Random
}

/** What an object is known by. */
export interface Named {
  readonly name?: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
}

/** What is written down of how a request was sent. */
type Sender = Pick<Request, 'headers' | 'url'>

export interface Auditor {
  /** Follows a request; every event about it carries the same id, which the answer carries too. */
  follow(request: Sender, info: RequestInfo, remoteAddress: string): AuditTrail
  readonly counts: AuditCounts
  /** Resolves when what is still due has been written. */
  close(): void | Promise<void>
}

/** How much was written. */
export interface AuditCounts {
  events: number
  /** Requests that were refused because they could not be written down. */
  rejected: number
  /** Requests by the level that the policy has for them. */
  readonly levels: Map<string, number>
}

/** The request is refused: it cannot be written down. */
export class AuditLost extends StatusError {
  constructor(url: string) {
    const message = `Internal Server Error: ${JSON.stringify(url)}: failed to store audit event`
    super({ message, reason: 'InternalError', code: 500 })
  }
}

/** What is known about one request, told as it becomes known. */
export interface AuditTrail {
  readonly id: string
  /** Who sent the request: from here on it is known what is to be written. Throws or rejects when that fails. */
  received(user: UserInfo): void | Promise<void>
  /** Nobody is known to have sent it. */
  unauthenticated(status: Status): void
  /** `constraint` is the verb that allowed it, empty for the one of old. */
  impersonates(user: UserInfo, constraint: string): void
  decided(decision: Decision): void
  /** Something that admission has to say of the request; the first word on a key stays. `bodies`: where bodies are written. */
  readonly annotate: (key: string, value: string, bodies?: boolean) => void
  /** Looks at what goes through the handler, as far as it is to be written. */
  observe(response: Response): void
  /** What the request carries, where it has a name; `shown` is called when it is to be written. What is told first stays. */
  readonly sent: (shown: (now: number) => unknown, metadata?: Named) => void
  /** What such a request is answered. */
  answered(answer: () => unknown): void
  /** What is asked for is deprecated, as `warning` says. */
  deprecated(warning: string): void
  /** The answer is a Status that is no error. */
  succeeded(status: Partial<Status>): void
  /** The answer is an error; undefined: one that says so in no form that is written down. */
  failed(status: Status | undefined): void
  /** The handler broke. */
  panicked(message: string): void
  /** The answer has begun, and lasts: the connection was given to another protocol (101), or events follow. */
  begun(code: number): void
  /** The answer is complete. */
  completed(code: number): void
}

const MAX_ID = 64
const MAX_USER_AGENT = 1024
const LONG_RUNNING = new Set(['exec', 'attach', 'portforward', 'proxy', 'log'])

/** What a request is known by: what its client says, or else a name that it is given. Model: WithAuditInit. */
export function auditIdOf({ headers }: Pick<Sender, 'headers'>, random: Pick<Random, 'uuid'>): string {
  const given = headers['audit-id']
  return typeof given === 'string' && given !== '' ? given.slice(0, MAX_ID) : random.uuid()
}

export function createAuditor(options: AuditorOptions): Auditor {
  const counts: AuditCounts = { events: 0, rejected: 0, levels: new Map() }
  return {
    counts,
    follow: (request, info, remoteAddress) => new Trail({ ...options, counts }, request, info, remoteAddress),
    close: () => options.backend.close(),
  }
}

class Trail implements AuditTrail {
  readonly id: string
  readonly #options: AuditorOptions & { readonly counts: AuditCounts }
  readonly #request: Sender
  readonly #info: RequestInfo
  readonly #remoteAddress: string
  readonly #receivedAt: string
  readonly #annotations: Record<string, string> = {}
  #sent: unknown
  #named: Named | undefined
  #deprecation: string | undefined
  readonly #answered = new Capture()
  #scope: AuditScope = NOT_AUDITED
  #user: UserInfo | undefined
  #impersonated: UserInfo | undefined
  #constraint = ''
  #status: Partial<Status> | undefined
  #over = false

  constructor(
    options: AuditorOptions & { readonly counts: AuditCounts },
    request: Sender,
    info: RequestInfo,
    remoteAddress: string,
  ) {
    this.id = auditIdOf(request, options.random)
    this.#options = options
    this.#request = request
    this.#info = info
    this.#remoteAddress = remoteAddress
    this.#receivedAt = formatMicroTime(options.clock.now())
  }

  received(user: UserInfo): void | Promise<void> {
    this.#user = user
    this.#scope = scopeOf(this.#options.policy, user, this.#info)
    const { levels } = this.#options.counts
    levels.set(this.#scope.level, (levels.get(this.#scope.level) ?? 0) + 1)
    const kept = this.#write('RequestReceived')
    if (kept === true) return
    if (kept === false) throw this.#lost()
    return kept.then((was) => {
      if (!was) throw this.#lost()
    })
  }

  /** Nothing happens that cannot be written down. */
  #lost(): AuditLost {
    this.#over = true
    this.#options.counts.rejected += 1
    return new AuditLost(this.#request.url ?? '')
  }

  unauthenticated(status: Status): void {
    this.#scope = scopeOf(this.#options.policy, { name: '', groups: [] }, this.#info)
    this.failed(status)
    void this.#write('ResponseStarted')
    this.#over = true
  }

  impersonates(user: UserInfo, constraint: string): void {
    this.#impersonated = user
    this.#constraint = constraint
  }

  decided({ verdict, reason }: Decision): void {
    this.#annotations['authorization.k8s.io/decision'] = verdict === 'allow' ? 'allow' : 'forbid'
    this.#annotations['authorization.k8s.io/reason'] = reason
  }

  readonly annotate = (key: string, value: string, bodies = false): void => {
    if (!bodies || atLeast(this.#scope.level, 'Request')) this.#annotations[key] ??= value
  }

  observe(response: Response): void {
    const { level } = this.#scope
    if (level === 'None') return
    const full = atLeast(level, 'RequestResponse') && !this.#isLongRunning && saysObjects(this.#info)
    if (!full && !this.#isLongRunning) return
    observeResponse(response, full ? this.#answered : undefined, (code) => {
      if (!this.#isLongRunning) return
      this.#status ??= { code }
      void this.#write('ResponseStarted')
    })
  }

  failed(status: Status | undefined): void {
    this.#status = status
    if (status === undefined) this.#answered.discard()
    else this.answered(() => status)
  }

  panicked(message: string): void {
    const text = `APIServer panic'd: ${message}`
    this.#status = { status: 'Failure', message: text, reason: 'InternalError', code: 500 }
    void this.#write('Panic')
    this.#over = true
  }

  readonly sent = (shown: (now: number) => unknown, metadata?: Named): void => {
    if (metadata) this.#named ??= known(metadata)
    if (this.#sent !== undefined || !atLeast(this.#scope.level, 'Request')) return
    this.#sent = shown(this.#options.clock.now())
  }

  deprecated(warning: string): void {
    this.#deprecation = warning
  }

  succeeded(status: Partial<Status>): void {
    this.#status = status
  }

  answered(answer: () => unknown): void {
    if (atLeast(this.#scope.level, 'RequestResponse')) this.#answered.set(answer())
  }

  begun(code: number): void {
    this.#status = { code }
    void this.#write('ResponseStarted')
  }

  completed(code: number): void {
    if (this.#over) return
    this.#over = true
    this.#status = { code, ...this.#status }
    if (this.#deprecation !== undefined) {
      const removed = removalOf(this.#deprecation)
      this.#annotations['k8s.io/deprecated'] = 'true'
      if (removed !== '') this.#annotations['k8s.io/removed-release'] = removed
    }
    void this.#write('ResponseComplete')
  }

  get #isLongRunning(): boolean {
    return this.#info.verb === 'watch' || LONG_RUNNING.has(this.#info.subresource)
  }

  /** Whether the event was kept, now or later. */
  #write(stage: AuditStage): Kept {
    const { level, omitStages } = this.#scope
    if (level === 'None' || omitStages.has(stage)) return true
    this.#options.counts.events += 1
    return this.#options.backend.process([new AuditRecord(this.#eventOf(stage))])
  }

  #eventOf(stage: AuditStage): AuditEvent {
    const { level, omitManagedFields } = this.#scope
    const info = this.#info
    const userAgent = String(this.#request.headers['user-agent'] ?? '')
    const over = stage === 'ResponseComplete' || stage === 'Panic'
    const sent = over && omitManagedFields ? withoutManagedFields(this.#sent) : over ? this.#sent : undefined
    const begun = stage !== 'RequestReceived' && atLeast(level, 'RequestResponse')
    const answer = begun ? this.#answered.object(omitManagedFields) : undefined
    return {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level,
      auditID: this.id,
      stage,
      requestURI: this.#request.url ?? '',
      verb: info.verb,
      user: this.#user ? userOf(this.#user) : {},
      ...(this.#impersonated ? { impersonatedUser: userOf(this.#impersonated) } : {}),
      ...(this.#constraint === '' ? {} : { authenticationMetadata: { impersonationConstraint: this.#constraint } }),
      sourceIPs: sourcesOf(this.#request, this.#remoteAddress),
      ...(userAgent ? { userAgent: shortened(userAgent) } : {}),
      ...(info.isResource ? { objectRef: referenceOf(info, over ? this.#named : undefined) } : {}),
      ...(stage !== 'RequestReceived' && this.#status ? { responseStatus: shownStatus(this.#status, answer) } : {}),
      ...(sent === undefined ? {} : { requestObject: sent }),
      ...(answer === undefined ? {} : { responseObject: answer }),
      requestReceivedTimestamp: this.#receivedAt,
      stageTimestamp: formatMicroTime(this.#options.clock.now()),
      ...(Object.keys(this.#annotations).length > 0 ? { annotations: { ...this.#annotations } } : {}),
    }
  }
}

function userOf({ name, uid, groups, extra }: UserInfo) {
  return {
    ...(name ? { username: name } : {}),
    ...(uid ? { uid } : {}),
    ...(groups.length > 0 ? { groups } : {}),
    ...(extra ? { extra } : {}),
  }
}

/** Where the request came from, the proxies it went through included. Model: SourceIPs of k8s.io/apimachinery/pkg/util/net. */
function sourcesOf({ headers }: Sender, remoteAddress: string): string[] {
  const chain = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => isIP(part) !== 0)
  const real = String(headers['x-real-ip'] ?? '')
  if (isIP(real) !== 0 && !chain.includes(real)) chain.push(real)
  const direct = remoteAddress.replace(/^::ffff:/, '')
  return direct === '' || chain.at(-1) === direct ? chain : [...chain, direct]
}

function shortened(text: string): string {
  return text.length > MAX_USER_AGENT ? `${text.slice(0, MAX_USER_AGENT)}...TRUNCATED` : text
}

const DISCOVERY = /^\/apis?(\/|$)/

/** Documents that are no objects of the API are not written down. */
function saysObjects({ isResource, path }: RequestInfo): boolean {
  return isResource || DISCOVERY.test(path)
}

/** A copy, as what was sent becomes what is stored. */
const known = ({ name, namespace, uid, resourceVersion }: Named): Named => ({
  ...(name ? { name } : {}),
  ...(namespace ? { namespace } : {}),
  ...(uid ? { uid } : {}),
  ...(resourceVersion ? { resourceVersion } : {}),
})

/** What the request is about; a create names its object only in what was sent. */
function referenceOf(info: RequestInfo, sent: Named = {}): Record<string, string> {
  const all = {
    resource: info.resource,
    namespace: info.namespace || (sent.namespace ?? ''),
    name: info.name || demandedName(info.verb, info.query.get('fieldSelector') ?? '') || (sent.name ?? ''),
    uid: sent.uid ?? '',
    apiGroup: info.group,
    apiVersion: info.version,
    resourceVersion: sent.resourceVersion ?? '',
    subresource: info.subresource,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

function shownStatus(status: Partial<Status>, answer: unknown): object {
  const said = (answer ?? {}) as Partial<Status> & { kind?: string }
  const { status: outcome, message, reason, details, code } = said.kind === 'Status' ? { ...status, ...said } : status
  return {
    metadata: {},
    ...(outcome ? { status: outcome } : {}),
    ...(message ? { message } : {}),
    ...(reason ? { reason } : {}),
    ...(details ? { details } : {}),
    code: code ?? status.code ?? 0,
  }
}
