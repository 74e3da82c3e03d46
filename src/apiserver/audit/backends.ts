// The audit backends that the settings ask for. Model: k8s.io/apiserver/pkg/server/options, audit.

import type { Clock } from '../../machinery/clock.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { Random } from '../../machinery/random.ts'
import type { PostObserver } from '../webhook-call.ts'
import { type WebhookEndpoint, webhookClient } from '../webhook-client.ts'
import {
  type AuditBackend,
  forgiving,
  type LossObserver,
  lossLogger,
  type TruncateSettings,
  truncating,
  union,
} from './backend.ts'
import { Batching, type BatchSettings } from './batching.ts'
import { legacyLine } from './event.ts'
import { type LineSink, openLogFile } from './log-file.ts'

/** What there is for every backend. */
interface DeliverySettings {
  /** `blocking`: requests wait until they are written down; `blocking-strict`: and are refused when they cannot be. */
  readonly mode: 'batch' | 'blocking' | 'blocking-strict'
  readonly batch: BatchSettings
  /** Absent: events may be of any size. */
  readonly truncate?: TruncateSettings
}

export interface AuditLogSettings extends DeliverySettings {
  /** `-` is standard output. */
  readonly path: string
  /** `json`: an object a line; `legacy`: the one-line text of old. */
  readonly format: 'json' | 'legacy'
  readonly maxBytes: number
  readonly maxBackups: number
  readonly maxDays: number
  readonly compress: boolean
}

export interface AuditWebhookSettings extends DeliverySettings {
  readonly endpoint: WebhookEndpoint
  readonly firstPauseMs: number
}

export interface BackendEnv {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Events that were lost, by who lost them. */
  readonly losses: Map<string, number>
  readonly observePosts?: PostObserver
  /** Writes to standard output. */
  readonly print: (text: string) => void
}

/** Opens all of them. Throws when the log file cannot be opened. */
export function openBackends(
  { log, webhook }: { readonly log?: AuditLogSettings; readonly webhook?: AuditWebhookSettings },
  env: BackendEnv,
): AuditBackend {
  const lost = lossLogger(env.log, env.losses)
  return union([
    ...(log ? [delivered(logBackend(log, env, lost), log, env, lost)] : []),
    ...(webhook ? [delivered(webhookBackend(webhook, env, lost), webhook, env, lost)] : []),
  ])
}

function delivered(
  backend: AuditBackend,
  { mode, batch, truncate }: DeliverySettings,
  { clock }: BackendEnv,
  lost: LossObserver,
): AuditBackend {
  const waiting =
    mode === 'batch'
      ? new Batching(backend, batch, { clock, lost })
      : mode === 'blocking'
        ? forgiving(backend)
        : backend
  return truncate ? truncating(waiting, truncate, lost) : waiting
}

function logBackend(settings: AuditLogSettings, { clock, log, print }: BackendEnv, lost: LossObserver): AuditBackend {
  const { path, format, mode } = settings
  const sink: LineSink =
    path === '-' ? { write: print, close() {} } : openLogFile({ ...settings, gathers: mode === 'batch', clock, log })
  return {
    process(records) {
      try {
        sink.write(
          records.map((record) => (format === 'json' ? `${record.json}\n` : legacyLine(record.event))).join(''),
        )
        return true
      } catch (error) {
        lost('log', error, records)
        return false
      }
    },
    close: () => sink.close(),
  }
}

/** No audit backend of upstream's has a limit for one attempt; here every request has one. */
const TIMEOUT_MS = 30_000

function webhookBackend(
  { endpoint, firstPauseMs }: AuditWebhookSettings,
  { clock, random, observePosts }: BackendEnv,
  lost: LossObserver,
): AuditBackend {
  const post = webhookClient({
    ...{ endpoint, firstPauseMs, clock, random, observePosts },
    timeoutMs: TIMEOUT_MS,
    insists: true,
  })
  return {
    async process(records) {
      const items = records.map(({ json }) => json).join(',')
      try {
        await post(`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${items}]}`)
        return true
      } catch (error) {
        lost('webhook', error, records)
        return false
      }
    },
    close() {},
  }
}
