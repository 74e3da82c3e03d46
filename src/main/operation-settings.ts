// The flags about how the API server runs: profiles, watches, events, connections.

import { durationIn } from './authorization-settings.ts'

type Flags = Readonly<Record<string, string>>

export interface OperationSettings {
  readonly profiling: boolean
  readonly eventTtlSeconds: number
  /** Part of the requests that end their connection. */
  readonly goawayChance: number
  readonly minWatchSeconds: number
}

const flag = (name: string, description: string) => ({ name, file: false, description })

export const operationFlags = [
  flag('profiling', 'Whether profiles are served under /debug/pprof/ to whoever may read that path (true)'),
  flag('event-ttl', 'How long events are kept (1h0m0s)'),
  flag('goaway-chance', 'Part of the requests after which a client has to connect anew, at most 0.02 (0)'),
  flag('min-request-timeout', 'Seconds that a watch lasts at least when it does not say how long (1800)'),
] as const

const MAX_GOAWAY_CHANCE = 0.02

/** Reads these flags. Throws an Error that says which one is wrong. */
export function readOperation(flags: Flags): OperationSettings {
  const profiling = flags.profiling || 'true'
  if (profiling !== 'true' && profiling !== 'false') {
    throw new Error(`--profiling ${JSON.stringify(profiling)} must be true or false`)
  }
  const eventTtlSeconds = durationIn(flags, 'event-ttl', '1h0m0s') / 1000
  if (eventTtlSeconds < 1) throw new Error('--event-ttl must be at least 1s')
  const goawayChance = Number(flags['goaway-chance'] || '0')
  if (!(goawayChance >= 0 && goawayChance <= MAX_GOAWAY_CHANCE)) {
    throw new Error('--goaway-chance can not be less than 0 or greater than 0.02')
  }
  const minWatch = flags['min-request-timeout'] || '1800'
  if (!/^\d{1,9}$/.test(minWatch)) throw new Error('--min-request-timeout can not be negative value')
  return {
    profiling: profiling === 'true',
    eventTtlSeconds,
    goawayChance,
    minWatchSeconds: Number(minWatch),
  }
}
