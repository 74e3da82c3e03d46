// One event of the audit log, and the forms that it is written in.
// Spec: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/

import type { AuditLevel, AuditStage } from './policy.ts'

interface User {
  readonly username?: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** An event as it is written. */
export interface AuditEvent {
  readonly kind: 'Event'
  readonly apiVersion: 'audit.k8s.io/v1'
  readonly level: AuditLevel
  readonly auditID: string
  readonly stage: AuditStage
  readonly requestURI: string
  readonly verb: string
  readonly user: User
  readonly impersonatedUser?: User
  readonly authenticationMetadata?: { readonly impersonationConstraint: string }
  readonly sourceIPs: readonly string[]
  readonly userAgent?: string
  readonly objectRef?: Readonly<Record<string, string>>
  readonly responseStatus?: object
  readonly requestObject?: unknown
  readonly responseObject?: unknown
  readonly requestReceivedTimestamp: string
  readonly stageTimestamp: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** An event that is on its way to those who keep it; it is encoded once for all of them. */
export class AuditRecord {
  readonly event: AuditEvent
  #json: string | undefined

  constructor(event: AuditEvent) {
    this.event = event
  }

  get json(): string {
    this.#json ??= JSON.stringify(this.event)
    return this.#json
  }
}

/** The one-line text of old. */
export function legacyLine(event: AuditEvent): string {
  const quoted = (text: string | undefined) => JSON.stringify(text ?? '<none>')
  const { user, impersonatedUser, objectRef, responseStatus } = event
  const groups = (list: readonly string[] | undefined) => (list ?? []).map((g) => JSON.stringify(g)).join(',')
  const code = (responseStatus as { code?: number } | undefined)?.code
  return `${event.requestReceivedTimestamp} AUDIT: id=${quoted(event.auditID)} stage=${quoted(event.stage)} ip=${quoted(event.sourceIPs[0])} method=${quoted(event.verb)} user=${quoted(user.username)} groups=${quoted(groups(user.groups))} as=${quoted(impersonatedUser?.username ?? '<self>')} asgroups=${quoted(impersonatedUser ? groups(impersonatedUser.groups) : '<lookup>')} user-agent=${quoted(event.userAgent)} namespace=${quoted(objectRef?.namespace)} uri=${quoted(event.requestURI)} response=${quoted(code === undefined ? '<deferred>' : String(code))}\n`
}
