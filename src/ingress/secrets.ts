// Turns secrets into the files that nginx reads: certificates with their keys, and passwords.

import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import type { Secret } from '../api/generated/core-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import type { ModelFile } from './model.ts'

/** A file, or why there is none. */
export type SecretFile = { readonly file: ModelFile } | { readonly problem: string }

const USER_LINE = /^[^:\s][^:]*:\S+$/

/** Certificate and key of a `kubernetes.io/tls` secret in one file. */
export function certificateFile(key: string, secret: DeepReadonly<Secret> | undefined): SecretFile {
  if (!secret) return { problem: `secret ${JSON.stringify(key)} not found` }
  const certificate = decoded(secret, 'tls.crt')
  const privateKey = decoded(secret, 'tls.key')
  if (!certificate || !privateKey) {
    return { problem: `secret ${JSON.stringify(key)} contains no keypair or CA certificate` }
  }
  try {
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey))) {
      return { problem: `secret ${JSON.stringify(key)}: the private key does not match the certificate` }
    }
  } catch (error) {
    return { problem: `secret ${JSON.stringify(key)}: ${error instanceof Error ? error.message : String(error)}` }
  }
  return { file: fileOf('tls', 'pem', `${certificate.trim()}\n${privateKey.trim()}\n`, false) }
}

/** The password file of a secret for basic authentication. */
export function passwordFile(key: string, secret: DeepReadonly<Secret> | undefined, map: boolean): SecretFile {
  if (!secret) return { problem: `secret ${JSON.stringify(key)} not found` }
  const lines = map
    ? Object.keys(secret.data ?? {}).map((user) => `${user}:${decoded(secret, user).trim()}`)
    : decoded(secret, 'auth')
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '' && !line.startsWith('#'))
  if (lines.length === 0) {
    return { problem: `the secret ${key} does not contain a key with value ${map ? 'user' : 'auth'}` }
  }
  const wrong = lines.findIndex((line) => !USER_LINE.test(line))
  if (wrong >= 0) return { problem: `secret ${JSON.stringify(key)}: entry ${wrong + 1} is not "user:password hash"` }
  return { file: fileOf('auth', 'htpasswd', `${lines.join('\n')}\n`, true) }
}

/** Names a file by its content, so that a change is a change of the configuration, too. */
export function fileOf(directory: string, suffix: string, content: string, forWorkers: boolean): ModelFile {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 32)
  return { name: `${directory}/${hash}.${suffix}`, content, forWorkers }
}

function decoded(secret: DeepReadonly<Secret>, key: string): string {
  return Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8')
}
