// One request to two servers: ids of the one are put in place of the other's, and both answers are written down.

import { appendFileSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect } from 'vitest'

type Json = unknown

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const ADDRESS = /(?<![\d.])10\.96\.\d{1,3}\.\d{1,3}(?![\d.])|fd00:10:96::[0-9a-f]{1,4}/g
const VERSION = /("resourceVersion":\s*")(\d+)"/g

/** What the second server calls things that the first has other names for. */
export class Names {
  readonly #of = new Map<string, string>()
  readonly #made = new Map<string, string>()

  /** Learns from two answers to one request. */
  learn(first: Json, second: Json): void {
    if (Array.isArray(first) && Array.isArray(second)) {
      for (const [at, item] of first.entries()) {
        const other = second[at]
        if (typeof item === 'string' && typeof other === 'string') this.#learnAddress(item, other)
        else this.learn(item, other)
      }
      return
    }
    if (!isMap(first) || !isMap(second)) return
    for (const [key, value] of Object.entries(first)) {
      const other = second[key]
      if (typeof value === 'string' && typeof other === 'string') {
        this.#learnAddress(value, other)
        if (['uid', 'resourceVersion', 'continue'].includes(key) && value !== '') this.#of.set(value, other)
        const isMade = 'generateName' in first || value.startsWith('kube-api-access-')
        if (key === 'name' && value !== other && isMade) this.#made.set(value, other)
      } else this.learn(value, other)
    }
  }

  #learnAddress(value: string, other: string): void {
    if (value !== other && value.match(ADDRESS)?.[0] === value && other.match(ADDRESS)?.[0] === other) {
      this.#of.set(value, other)
    }
  }

  /** The second server's words in place of the first's. */
  said(text: string): string {
    let result = text.replace(UUID, (id) => this.#of.get(id) ?? id)
    result = result.replace(ADDRESS, (ip) => this.#of.get(ip) ?? ip)
    result = result.replace(VERSION, (_whole, before, version) => `${before}${this.#of.get(version) ?? version}"`)
    for (const [from, to] of this.#made) result = result.replaceAll(from, to)
    return result
  }

  path(path: string): string {
    const [before = '', query] = path.split('?', 2)
    if (query === undefined) return this.said(path)
    const parts = query.split('&').map((part) => {
      const [key, value = ''] = part.split('=', 2)
      if (key !== 'continue' && key !== 'resourceVersion') return this.said(part)
      const known = this.#of.get(decodeURIComponent(value))
      return known === undefined ? part : `${key}=${encodeURIComponent(known)}`
    })
    return `${this.said(before)}?${parts.join('&')}`
  }
}

const isMap = (value: Json): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export interface Exchange {
  readonly request: Json
  readonly ours: Json
  readonly theirs: Json
}

/** Writes one exchange of `test` down for the report. */
export function writeDown(exchange: Exchange, test: string | undefined): void {
  const dir = process.env.DIFFERENTIAL_OUT
  if (!dir) throw new Error('DIFFERENTIAL_OUT is not set: it is the directory for what was answered')
  mkdirSync(dir, { recursive: true })
  const { testPath = 'none' } = expect.getState()
  appendFileSync(join(dir, `${basename(testPath, '.test.ts')}.jsonl`), `${JSON.stringify({ test, ...exchange })}\n`)
}
