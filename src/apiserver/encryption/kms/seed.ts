// Keys that are made of one seed, a fresh one for every value: HKDF's second half with SHA-256, then AES-GCM.
// Model: k8s.io/apiserver/pkg/storage/value/encrypt/aes/aes_extended_nonce.go.

import { createHmac, randomBytes } from 'node:crypto'
import { type CipherMethods, gcm } from '../providers.ts'

/** Of seeds, of what is different for every value, and of the keys. */
const SIZE = 32

/** A seed that was never used. */
export const newSeed = (): Buffer => randomBytes(SIZE)

/** Encrypts and decrypts with the keys of a seed. Throws an Error when that is too short. */
export function seedCipher(seed: Buffer): CipherMethods {
  if (seed.length < SIZE) throw new Error(`invalid seed length ${seed.length} used for key generation`)
  // One block of the hash is a whole key, so that expanding takes one round.
  const keyFor = (info: Buffer) => createHmac('sha256', seed).update(info).update(Buffer.of(1)).digest()
  return {
    encrypt(plain, context) {
      const info = randomBytes(SIZE)
      return Buffer.concat([info, gcm(keyFor(info)).encrypt(plain, context)])
    },
    decrypt(bytes, context) {
      if (bytes.length < SIZE) throw new Error('the stored data was shorter than the required size')
      return gcm(keyFor(bytes.subarray(0, SIZE))).decrypt(bytes.subarray(SIZE), context)
    },
  }
}
