// The flags about who keeps audit events, and how. Model: k8s.io/apiserver/pkg/server/options, audit.

import type { TruncateSettings } from '../apiserver/audit/backend.ts'
import type { AuditLogSettings, AuditWebhookSettings } from '../apiserver/audit/backends.ts'
import { type AuditPolicy, parseAuditPolicy } from '../apiserver/audit/policy.ts'
import { durationIn } from './authorization-settings.ts'
import { readWebhookEndpoint } from './webhook-kubeconfig.ts'

type Flags = Readonly<Record<string, string>>

/** Nothing is written without a policy, or without anyone who keeps it. */
export interface AuditSettings {
  readonly policy: AuditPolicy
  readonly log?: AuditLogSettings
  readonly webhook?: AuditWebhookSettings
}

type Backend = 'log' | 'webhook'

const MODES = ['batch', 'blocking', 'blocking-strict'] as const
const VERSION = 'audit.k8s.io/v1'
const MEGABYTE = 1024 * 1024

const flag = (name: string, description: string, file = false) => ({ name, file, description })

const deliveryFlags = (backend: Backend, mode: string, maxSize: number, throttled: boolean) => [
  flag(`audit-${backend}-mode`, `How events are sent: batch, blocking or blocking-strict (${mode})`),
  flag(`audit-${backend}-batch-buffer-size`, 'Events that may wait in batch mode (10000)'),
  flag(`audit-${backend}-batch-max-size`, `Events of one batch at most (${maxSize})`),
  flag(`audit-${backend}-batch-max-wait`, 'How long a batch waits for more events at most (30s)'),
  flag(`audit-${backend}-batch-throttle-enable`, `Whether there is a limit to batches in a second (${throttled})`),
  flag(`audit-${backend}-batch-throttle-qps`, 'Batches in a second (10)'),
  flag(`audit-${backend}-batch-throttle-burst`, 'Batches at once after a pause (15)'),
  flag(`audit-${backend}-truncate-enabled`, 'Whether events that are too large are made smaller (false)'),
  flag(`audit-${backend}-truncate-max-event-size`, 'Bytes of one event at most (102400)'),
  flag(`audit-${backend}-truncate-max-batch-size`, 'Bytes of one batch at most (10485760)'),
  flag(`audit-${backend}-version`, `Version of the events (${VERSION})`),
]

export const auditFlags = [
  flag('audit-policy-file', 'File that says what is written about which requests ("": nothing is)', true),
  flag('audit-log-path', 'File that audit events are appended to (-: standard output)', true),
  flag('audit-log-maxsize', 'Megabytes after which a new audit log is begun (100; 0: never)'),
  flag('audit-log-maxbackup', 'How many old audit logs are kept (100; 0: all)'),
  flag('audit-log-maxage', 'How many days old audit logs are kept (366; 0: for ever)'),
  flag('audit-log-compress', 'Whether old audit logs are compressed (false)'),
  flag('audit-log-format', 'Form of audit events: json or legacy (json)'),
  ...deliveryFlags('log', 'blocking', 1, false),
  flag('audit-webhook-config-file', 'Kubeconfig that says where a webhook is that gets audit events', true),
  flag('audit-webhook-initial-backoff', 'How long it is waited before events are sent again that did not arrive (10s)'),
  flag('audit-webhook-batch-initial-backoff', 'The old name of --audit-webhook-initial-backoff'),
  ...deliveryFlags('webhook', 'batch', 400, true),
] as const

/** Reads what these flags name. Throws an Error that says which one is wrong. */
export function readAudit(
  flags: Flags,
  read: <T>(name: string, parse: (text: string) => T) => T | undefined,
): AuditSettings | undefined {
  const policy = read('audit-policy-file', parseAuditPolicy)
  const log = flags['audit-log-path'] ? logOf(flags, flags['audit-log-path']) : undefined
  const config = flags['audit-webhook-config-file']
  const webhook = config ? webhookOf(flags, config) : undefined
  if (!policy || !(log || webhook)) return undefined
  return { policy, ...(log ? { log } : {}), ...(webhook ? { webhook } : {}) }
}

function logOf(flags: Flags, path: string): AuditLogSettings {
  const delivery = deliveryOf(flags, 'log')
  const format = flags['audit-log-format'] || 'json'
  if (format !== 'json' && format !== 'legacy') {
    throw new Error(`invalid audit log format ${format}, allowed formats are "legacy,json"`)
  }
  const count = (name: string, fallback: number) => {
    const value = integerIn(flags, name, fallback)
    if (value < 0) throw new Error(`--${name} ${value} can't be a negative number`)
    return value
  }
  const maxDays = count('audit-log-maxage', 366)
  const maxBackups = count('audit-log-maxbackup', 100)
  const maxBytes = count('audit-log-maxsize', 100) * MEGABYTE || Number.POSITIVE_INFINITY
  const compress = booleanIn(flags, 'audit-log-compress', false)
  return { ...delivery, path, format, maxBytes, maxBackups, maxDays, compress }
}

function webhookOf(flags: Flags, config: string): AuditWebhookSettings {
  const delivery = deliveryOf(flags, 'webhook')
  const name = 'audit-webhook-initial-backoff'
  const old = 'audit-webhook-batch-initial-backoff'
  const firstPauseMs = flags[name] ? durationIn(flags, name, '') : durationIn(flags, old, '10s')
  try {
    return { ...delivery, endpoint: readWebhookEndpoint(config), firstPauseMs }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`initializing audit webhook: cannot use --audit-webhook-config-file=${config}: ${why}`, { cause })
  }
}

function deliveryOf(flags: Flags, backend: Backend) {
  const name = (end: string) => `audit-${backend}-${end}`
  const given = flags[name('mode')] || (backend === 'log' ? 'blocking' : 'batch')
  const mode = MODES.find((known) => known === given)
  if (!mode)
    throw new Error(`invalid audit ${backend} mode ${given}, allowed modes are ${JSON.stringify(MODES.join())}`)
  const positive = (end: string, fallback: number, what: string, when = true) => {
    const value = integerIn(flags, name(end), fallback)
    if (value > 0 || !when || mode !== 'batch') return value
    throw new Error(`invalid audit batch ${backend} ${what} ${value}, must be a positive number`)
  }
  const throttled = booleanIn(flags, name('batch-throttle-enable'), backend === 'webhook')
  const throttle = {
    perSecond: qpsOf(flags, name('batch-throttle-qps'), backend, throttled && mode === 'batch'),
    burst: positive('batch-throttle-burst', 15, 'throttle burst', throttled),
  }
  const truncate = truncateOf(flags, backend)
  const version = flags[name('version')] || VERSION
  if (version !== VERSION) throw new Error(`invalid group version, allowed versions are ["${VERSION}"]`)
  return {
    mode,
    batch: {
      bufferSize: positive('batch-buffer-size', 10_000, 'buffer size'),
      maxSize: positive('batch-max-size', backend === 'log' ? 1 : 400, 'max batch size'),
      maxWaitMs: durationIn(flags, name('batch-max-wait'), '30s'),
      ...(throttled ? { throttle } : {}),
      overlapping: backend === 'webhook',
    },
    ...(truncate ? { truncate } : {}),
  }
}

function qpsOf(flags: Flags, name: string, backend: Backend, matters: boolean): number {
  const value = Number(flags[name] || 10)
  if (Number.isNaN(value)) throw new Error(`--${name} ${JSON.stringify(flags[name])} must be a number`)
  if (value > 0 || !matters) return value
  throw new Error(`invalid audit batch ${backend} throttle QPS ${value}, must be a positive number`)
}

function truncateOf(flags: Flags, backend: Backend): TruncateSettings | undefined {
  const maxEventBytes = integerIn(flags, `audit-${backend}-truncate-max-event-size`, 100 * 1024)
  const maxBatchBytes = integerIn(flags, `audit-${backend}-truncate-max-batch-size`, 10 * MEGABYTE)
  if (maxEventBytes <= 0) {
    throw new Error(`invalid audit truncate ${backend} max event size ${maxEventBytes}, must be a positive number`)
  }
  if (maxBatchBytes < maxEventBytes) {
    throw new Error(
      `invalid audit truncate ${backend} max batch size ${maxBatchBytes}, must be greater than max event size (${maxEventBytes})`,
    )
  }
  return booleanIn(flags, `audit-${backend}-truncate-enabled`, false) ? { maxEventBytes, maxBatchBytes } : undefined
}

/** A flag's whole number. Throws an Error that names the flag. */
export function integerIn(flags: Flags, name: string, fallback: number): number {
  const text = flags[name] || String(fallback)
  if (/^-?\d{1,12}$/.test(text)) return Number(text)
  throw new Error(`--${name} ${JSON.stringify(text)} must be a number`)
}

function booleanIn(flags: Flags, name: string, fallback: boolean): boolean {
  const text = flags[name] || String(fallback)
  if (text === 'true' || text === 'false') return text === 'true'
  throw new Error(`--${name} ${JSON.stringify(text)} must be true or false`)
}
