// Small value helpers: percentages, comparison by value, template hashes, error texts.

import { StatusError } from '../../machinery/errors.ts'
import { safeEncode } from '../../machinery/random.ts'

/** `5` or `"25%"` of `total`, rounded up or down. */
export function scaledValue(value: number | string | undefined, total: number, round: 'up' | 'down'): number {
  if (value === undefined) return 0
  if (typeof value === 'number') return value
  if (!/^\d+%$/.test(value)) throw new Error(`invalid value for IntOrString: ${JSON.stringify(value)}`)
  const exact = (Number.parseInt(value, 10) * total) / 100
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact)
}

/** JSON with sorted keys and without what is absent or empty: equal texts mean equal API values. */
export function stableJson(value: unknown): string {
  return JSON.stringify(canonical(value)) ?? 'null'
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(canonical)
  if (typeof value !== 'object' || value === null) return value ?? undefined
  const out: Record<string, unknown> = {}
  for (const key of Object.keys(value).sort()) {
    const inner = (value as Record<string, unknown>)[key]
    if (inner === undefined || inner === null) continue
    if (Array.isArray(inner) && inner.length === 0) continue
    // An empty object can mean something (emptyDir: {}), an empty map of labels does not.
    if ((key === 'labels' || key === 'annotations') && Object.keys(inner).length === 0) continue
    out[key] = canonical(inner)
  }
  return out
}

/** Whether two API values mean the same. */
export function sameValue(a: unknown, b: unknown): boolean {
  return a === b || stableJson(a) === stableJson(b)
}

/** 32-bit FNV-1a. */
function fnv32a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) {
    hash ^= byte
    hash = Math.imul(hash, 0x01000193)
  }
  return hash >>> 0
}

/** The short name of a template: changes when the template or the collision count does. */
export function templateHash(template: unknown, collisionCount: number | undefined): string {
  const text = stableJson(template) + (collisionCount === undefined ? '' : String(collisionCount))
  return safeEncode(String(fnv32a(text)))
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Whether a write failed because its namespace is being deleted: pointless to report or retry. */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    error instanceof StatusError &&
    error.reason === 'Forbidden' &&
    ((error.status.details?.causes ?? []).some((c) => c.reason === 'NamespaceTerminating') ||
      error.message.includes('because it is being terminated'))
  )
}

/** Parses an API time; absent or unreadable is 0. */
export function timeOf(text: string | null | undefined): number {
  const ms = Date.parse(text ?? '')
  return Number.isNaN(ms) ? 0 : ms
}
