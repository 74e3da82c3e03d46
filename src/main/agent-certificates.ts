// Where an agent keeps the certificates it was given.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyPair } from './certificates.ts'

/** Names below the `pki` directory. */
export const AGENT_CLIENT = 'kubelet-client'
export const AGENT_SERVING = 'kubelet'

/** A certificate and its key as kept in a directory. */
export function readPair(dir: string, name: string): KeyPair | undefined {
  const [cert, key] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)]
  if (!existsSync(cert) || !existsSync(key)) return undefined
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
}

export function writePair(dir: string, name: string, pair: KeyPair): void {
  writeFileSync(join(dir, `${name}.key`), pair.key, { mode: 0o600 })
  writeFileSync(join(dir, `${name}.crt`), pair.cert, { mode: 0o600 })
}
