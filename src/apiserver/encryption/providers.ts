// The ways to keep a value: as it is, or encrypted in one of upstream's formats, `k8s:enc:<type>:v1:<key name>:<bytes>`.
// Model: k8s.io/apiserver/pkg/storage/value/encrypt.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import type { NamedKey, ProviderConfig } from './encryption-configuration.ts'

/** One key of one kind. `context` is the value's key in the store: what was kept under another one does not decrypt. */
export interface Cipher {
  /** With the key's name and a colon at the end. */
  readonly prefix: Buffer
  encrypt(plain: Buffer, context: string): Buffer
  /** Throws when the bytes were not made with this key. */
  decrypt(bytes: Buffer, context: string): Buffer
}

const BLOCK = 16
const GCM_NONCE = 12
const GCM_TAG = 16
const BOX_NONCE = 24

/** The ciphers of a provider, in order; none for `identity`. */
export function ciphersOf(provider: ProviderConfig): readonly Cipher[] {
  if (provider.type === 'identity') return []
  return provider.keys.map((key) => ({
    prefix: Buffer.from(`k8s:enc:${provider.type}:v1:${key.name}:`),
    ...MAKE[provider.type](key),
  }))
}

type Methods = Pick<Cipher, 'encrypt' | 'decrypt'>

const MAKE: Readonly<Record<'aescbc' | 'aesgcm' | 'secretbox', (key: NamedKey) => Methods>> = {
  aescbc({ secret }) {
    const algorithm = `aes-${secret.length * 8}-cbc`
    return {
      encrypt(plain) {
        const iv = randomBytes(BLOCK)
        const cipher = createCipheriv(algorithm, secret, iv)
        return Buffer.concat([iv, cipher.update(plain), cipher.final()])
      },
      decrypt(bytes) {
        const decipher = createDecipheriv(algorithm, secret, bytes.subarray(0, BLOCK))
        return Buffer.concat([decipher.update(bytes.subarray(BLOCK)), decipher.final()])
      },
    }
  },

  aesgcm({ secret }) {
    const algorithm = `aes-${secret.length * 8}-gcm` as 'aes-256-gcm'
    return {
      encrypt(plain, context) {
        const nonce = randomBytes(GCM_NONCE)
        const cipher = createCipheriv(algorithm, secret, nonce, { authTagLength: GCM_TAG }).setAAD(Buffer.from(context))
        return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
      },
      decrypt(bytes, context) {
        const end = bytes.length - GCM_TAG
        const decipher = createDecipheriv(algorithm, secret, bytes.subarray(0, GCM_NONCE), { authTagLength: GCM_TAG })
        decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(end))
        return Buffer.concat([decipher.update(bytes.subarray(GCM_NONCE, end)), decipher.final()])
      },
    }
  },

  secretbox: ({ secret }) => ({
    encrypt(plain) {
      const nonce = randomBytes(BOX_NONCE)
      return Buffer.concat([nonce, xsalsa20poly1305(secret, nonce).encrypt(plain)])
    },
    decrypt: (bytes) =>
      Buffer.from(xsalsa20poly1305(secret, bytes.subarray(0, BOX_NONCE)).decrypt(bytes.subarray(BOX_NONCE))),
  }),
}
