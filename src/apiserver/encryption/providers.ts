// The ways to keep a value: as it is, or encrypted in one of upstream's formats, `k8s:enc:<type>:v1:<key name>:<bytes>`.
// What is kept with a KMS plugin begins with `k8s:enc:kms:v2:<plugin name>:`.
// Model: k8s.io/apiserver/pkg/storage/value/encrypt.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import type { NamedKey, ProviderConfig } from './encryption-configuration.ts'

/** One key of one kind. `context` is the value's key in the store: what was kept under another one does not decrypt. */
export interface Cipher {
  /** With the key's name and a colon at the end. */
  readonly prefix: Buffer
  encrypt(plain: Buffer, context: string): Buffer
  /** Throws an Error when the bytes were not made with this key. */
  decrypt(bytes: Buffer, context: string): Buffer
  /** Fetches what the bytes need to be decrypted; undefined when that is there. Throws when no bytes of its kind. */
  prepare?(bytes: Buffer): Promise<void> | undefined
  /** Whether the bytes would be made the same way today; always, where this is absent. */
  isCurrent?(bytes: Buffer): boolean
}

const BLOCK = 16
const GCM_NONCE = 12
const GCM_TAG = 16
const BOX_NONCE = 24

/** Gives what encrypts with the KMS plugin of a name. */
export type CipherOfPlugin = (name: string) => Cipher

/** The ciphers of a provider, in order; none for `identity`. */
export function ciphersOf(provider: ProviderConfig, cipherOf: CipherOfPlugin): readonly Cipher[] {
  if (provider.type === 'identity') return []
  if (provider.type === 'kms') return [cipherOf(provider.name)]
  return provider.keys.map((key) => {
    const { encrypt, decrypt } = MAKE[provider.type](key)
    return {
      prefix: Buffer.from(`k8s:enc:${provider.type}:v1:${key.name}:`),
      encrypt,
      decrypt(bytes, context) {
        try {
          return decrypt(bytes, context)
        } catch (cause) {
          throw new Error('the key of that name does not fit the value', { cause })
        }
      },
    }
  })
}

export type CipherMethods = Pick<Cipher, 'encrypt' | 'decrypt'>

/** AES-GCM with a nonce before what is encrypted, and the tag behind it. */
export function gcm(secret: Buffer): CipherMethods {
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
}

const MAKE: Readonly<Record<'aescbc' | 'aesgcm' | 'secretbox', (key: NamedKey) => CipherMethods>> = {
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

  aesgcm: ({ secret }) => gcm(secret),

  secretbox: ({ secret }) => ({
    encrypt(plain) {
      const nonce = randomBytes(BOX_NONCE)
      return Buffer.concat([nonce, xsalsa20poly1305(secret, nonce).encrypt(plain)])
    },
    decrypt: (bytes) =>
      Buffer.from(xsalsa20poly1305(secret, bytes.subarray(0, BOX_NONCE)).decrypt(bytes.subarray(BOX_NONCE))),
  }),
}
