// EventRateLimit: no more events than the server, a namespace, a user or a source may tell of.

import type { Event } from '../../../api/generated/core-v1.ts'
import type { Clock } from '../../../machinery/clock.ts'
import { type FieldError, field, StatusError } from '../../../machinery/errors.ts'
import { isRecord } from '../../api-object.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'

type LimitType = 'Server' | 'Namespace' | 'User' | 'SourceAndObject'

export interface EventLimit {
  readonly type: LimitType
  readonly qps: number
  readonly burst: number
  readonly cacheSize: number
}

const KEYS: Readonly<Record<LimitType, (attributes: AdmissionAttributes) => string>> = {
  Server: () => '',
  Namespace: ({ namespace }) => namespace,
  User: ({ user }) => user.name,
  SourceAndObject({ object }) {
    const { source = {}, involvedObject: about = {} } = (object ?? {}) as Partial<Event>
    const { kind, namespace, name, uid, apiVersion } = about
    return [source.component, source.host, kind, namespace, name, uid, apiVersion].join('')
  },
}

/** How many are remembered when it is not said. */
const REMEMBERED = 4096

export function eventRateLimit(limits: readonly EventLimit[], clock: Pick<Clock, 'now'>): AdmissionPlugin {
  const buckets = limits.map((limit) => ({ limit, accept: acceptor(limit, clock) }))
  return {
    name: 'EventRateLimit',
    validate(attributes) {
      const { operation, resource, context, dryRun } = attributes
      if (resource.resource !== 'events' || context.version.group !== '' || dryRun) return
      if (operation !== 'CREATE' && operation !== 'UPDATE') return
      const full = buckets.flatMap(({ limit: { type }, accept }) => {
        const key = KEYS[type](attributes)
        return accept(key) ? [] : [`limit reached on type ${type} for key ${key}`]
      })
      if (full.length === 0) return
      const message = `Too many requests: ${full.length === 1 ? full[0] : `[${full.join(', ')}]`}`
      throw new StatusError({ message, reason: 'TooManyRequests', code: 429 })
    },
  }
}

/** A bucket of tokens for each key, of which those that were asked last are remembered. */
function acceptor({ type, qps, burst, cacheSize }: EventLimit, clock: Pick<Clock, 'now'>) {
  const most = type === 'Server' ? 1 : cacheSize || REMEMBERED
  const buckets = new Map<string, { tokens: number; at: number }>()
  return (key: string): boolean => {
    const now = clock.now()
    const { tokens, at } = buckets.get(key) ?? { tokens: burst, at: now }
    const filled = Math.min(burst, tokens + ((now - at) / 1000) * qps)
    buckets.delete(key)
    const [oldest] = buckets.size >= most ? buckets.keys() : []
    if (oldest !== undefined) buckets.delete(oldest)
    buckets.set(key, { tokens: filled >= 1 ? filled - 1 : filled, at: now })
    return filled >= 1
  }
}

/** Reads a configuration. Throws an Error that names every problem. */
export function readEventLimits(document: unknown): readonly EventLimit[] {
  const version = 'eventratelimit.admission.k8s.io/v1alpha1'
  if (!isRecord(document) || document.kind !== 'Configuration' || document.apiVersion !== version) {
    throw new Error(`expected kind Configuration of ${version}`)
  }
  const given = Array.isArray(document.limits) ? document.limits.filter(isRecord) : []
  const limits = given.map(({ type = '', qps = 0, burst = 0, cacheSize = 0 }) => ({
    type: String(type) as LimitType,
    ...{ qps: Number(qps), burst: Number(burst), cacheSize: Number(cacheSize) },
  }))
  const problems = limits.flatMap(problemsOf)
  if (limits.length === 0) problems.push(field.invalid('limits', NO_LIMITS, 'must not be empty'))
  const texts = problems.map(({ path, message }) => `${path}: ${message}`)
  if (texts.length > 0) throw new Error(texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`)
  return limits
}

const NO_LIMITS = { toJSON: () => null }

function problemsOf({ type, qps, burst, cacheSize }: EventLimit, index: number): FieldError[] {
  const at = (name: string) => `limits[${index}].${name}`
  const known = Object.keys(KEYS).sort()
  return [
    ...(known.includes(type) ? [] : [field.notSupported(at('type'), type, known)]),
    ...(burst > 0 ? [] : [field.invalid(at('burst'), burst, 'must be positive')]),
    ...(qps > 0 ? [] : [field.invalid(at('qps'), qps, 'must be positive')]),
    ...(type === 'Server' || cacheSize >= 0 ? [] : [field.invalid(at('cacheSize'), cacheSize, 'must not be negative')]),
  ]
}
