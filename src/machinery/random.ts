// Randomness as a dependency.

/** A source of randomness. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** A version 4 UUID. */
  uuid(): string
}

// No vowels and no look-alikes, so that no words appear: k8s.io/apimachinery/pkg/util/rand.
const ALPHANUMS = 'bcdfghjklmnpqrstvwxz2456789'

/** `length` characters that are safe in object names, as in `web-x7k2p`. */
export function randomSuffix(random: Random, length = 5): string {
  let out = ''
  for (let i = 0; i < length; i++) out += ALPHANUMS[Math.floor(random.next() * ALPHANUMS.length)]
  return out
}

/** Writes a number with the same safe alphabet: how template hashes get their name. */
export function safeEncode(text: string): string {
  let out = ''
  for (const c of text) out += ALPHANUMS[c.charCodeAt(0) % ALPHANUMS.length]
  return out
}

/** The real source. The global `crypto` is there at once; loading node:crypto costs a short command 8 ms. */
export const systemRandom: Random = { next: () => Math.random(), uuid: () => crypto.randomUUID() }
