// How the values of one resource are kept: the first provider encrypts, every one of them decrypts what it has made.

import type { ProviderConfig, ResourceRule } from './encryption-configuration.ts'
import { type Cipher, type CipherOfPlugin, ciphersOf } from './providers.ts'
import { parseGroupResource } from './resource-names.ts'

const ENCRYPTED = Buffer.from('k8s:enc:')

/** A value out of the store. `stale`: it would be written differently today. */
export interface Revealed {
  readonly value: Buffer
  readonly stale: boolean
}

export interface Transformer {
  /** What values begin with that are written today; empty for those that are kept as they are. */
  readonly writes: string
  toStorage(plain: Buffer, key: string): Buffer
  /** To be waited for before a value is read, where it gives anything. Rejects when the value cannot be read. */
  prepare(stored: Buffer): Promise<void> | undefined
  /** Throws an Error when no provider can read the value. */
  fromStorage(stored: Buffer, key: string): Revealed
}

/** Told of every value that goes to the store or comes from it. */
export type TransformObserver = (outcome: {
  readonly direction: 'to_storage' | 'from_storage'
  /** `k8s:enc:aescbc:v1:`, or `identity`. */
  readonly prefix: string
  readonly failed: boolean
  readonly seconds: number
}) => void

/** The transformer of a list of providers. */
export function transformerOf(providers: readonly ProviderConfig[], cipherOf: CipherOfPlugin = noPlugins): Transformer {
  const ciphers = providers.flatMap((provider) => ciphersOf(provider, cipherOf))
  const plainFirst = providers[0]?.type === 'identity'
  const readsPlain = providers.some(({ type }) => type === 'identity')
  const writer = plainFirst ? undefined : ciphers[0]
  const isCurrent = (stored: Buffer) =>
    writer !== undefined &&
    startsWith(stored, writer.prefix) &&
    (writer.isCurrent?.(stored.subarray(writer.prefix.length)) ?? true)
  return {
    writes: writer?.prefix.toString() ?? '',
    toStorage: (plain, key) => (writer ? Buffer.concat([writer.prefix, writer.encrypt(plain, key)]) : plain),
    prepare(stored) {
      const cipher = ciphers.find(({ prefix }) => startsWith(stored, prefix))
      return cipher?.prepare?.(stored.subarray(cipher.prefix.length))
    },
    fromStorage(stored, key) {
      if (!startsWith(stored, ENCRYPTED)) {
        if (readsPlain) return { value: stored, stale: !plainFirst }
        throw new Error('no matching prefix found')
      }
      return { value: decrypt(ciphers, stored, key), stale: !isCurrent(stored) }
    },
  }
}

function noPlugins(name: string): Cipher {
  throw new Error(`no KMS plugin ${JSON.stringify(name)} was started`)
}

/** The same, with somebody who is told. `now` is in milliseconds. */
export function observed(inner: Transformer, observe: TransformObserver, now: () => number): Transformer {
  const prefixOf = (bytes: Buffer) =>
    startsWith(bytes, ENCRYPTED)
      ? bytes.subarray(0, MAX_PREFIX).toString('latin1').split(':', 4).join(':').concat(':')
      : ''
  const run = <T>(direction: 'to_storage' | 'from_storage', prefix: string, work: () => T): T => {
    const started = now()
    let failed = true
    try {
      const made = work()
      failed = false
      return made
    } finally {
      observe({ direction, prefix: prefix || 'identity', failed, seconds: (now() - started) / 1000 })
    }
  }
  const own = prefixOf(Buffer.from(inner.writes))
  return {
    writes: inner.writes,
    toStorage: (plain, key) => run('to_storage', own, () => inner.toStorage(plain, key)),
    prepare: (stored) => inner.prepare(stored),
    fromStorage: (stored, key) => run('from_storage', prefixOf(stored), () => inner.fromStorage(stored, key)),
  }
}

const MAX_PREFIX = 64

function decrypt(ciphers: readonly Cipher[], stored: Buffer, key: string): Buffer {
  const matching = ciphers.filter(({ prefix }) => startsWith(stored, prefix))
  if (matching.length === 0) throw new Error('no matching key was found for the provided encryption prefix')
  let problem: unknown
  for (const cipher of matching) {
    try {
      return cipher.decrypt(stored.subarray(cipher.prefix.length), key)
    } catch (error) {
      problem = error
    }
  }
  throw problem
}

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.length >= prefix.length && bytes.subarray(0, prefix.length).equals(prefix)
}

/** What is kept by no rule: as it is, unless it was encrypted before. */
const PLAIN: Transformer = transformerOf([{ type: 'identity' }])

/** The transformer for a resource: that of the first name that covers it, with the providers of all rules that say it. */
export function transformerFor(
  rules: readonly ResourceRule[],
  cipherOf?: CipherOfPlugin,
): (group: string, resource: string) => Transformer {
  const providers = new Map<string, readonly ProviderConfig[]>()
  for (const rule of rules) {
    for (const name of rule.resources) providers.set(name, [...(providers.get(name) ?? []), ...rule.providers])
  }
  const compiled = [...providers].map(([name, list]) => ({ name, transformer: transformerOf(list, cipherOf) }))
  return (group, resource) => compiled.find(({ name }) => matches(name, group, resource))?.transformer ?? PLAIN
}

function matches(name: string, group: string, resource: string): boolean {
  const wanted = parseGroupResource(name)
  if (wanted.group === '*') return true
  return wanted.group === group && (wanted.resource === '*' || wanted.resource === resource)
}
