// What a value looks like that is kept with a seed which only the plugin can read, and which of them are not taken.
// Model: k8s.io/apiserver/pkg/storage/value/encrypt/envelope/kmsv2/envelope.go.

import { createHash } from 'node:crypto'
import { aggregated } from '../../../machinery/aggregated.ts'
import { dnsLabelProblem, dnsSubdomainProblem } from '../../../machinery/names.ts'
import { AES_GCM_KEY, type Annotations, type EncryptedObject, type EncryptedSeed, HKDF_SEED } from './messages.ts'

const MAX_ANNOTATIONS = 32 * 1024
const MAX_KEY_ID = 1024
const MAX_SEED = 1024

/** Throws an Error that says why an object can not have been kept by this scheme. */
export function checkObject(object: EncryptedObject): void {
  if (object.sourceType !== AES_GCM_KEY && object.sourceType !== HKDF_SEED) {
    throw new Error(`unknown encryptedDEKSourceType: ${object.sourceType}`)
  }
  if (object.data.length === 0) throw new Error('encrypted data is empty')
  checkSeed(object)
}

/** The same for what a plugin makes of a seed. */
export function checkSeed({ ciphertext, keyId, annotations }: EncryptedSeed): void {
  const size = ciphertext.length
  if (size === 0) throw new Error('failed to validate encrypted DEK source: encrypted DEK source is empty')
  if (size > MAX_SEED) {
    const why = `encrypted DEK source is ${size} bytes, which exceeds the max size of ${MAX_SEED}`
    throw new Error(`failed to validate encrypted DEK source: ${why}`)
  }
  const wrongId = keyIdProblem(keyId)
  if (wrongId) throw new Error(`failed to validate key id: ${wrongId}`)
  const wrong = annotationProblems(annotations)
  if (wrong.length > 0) throw new Error(`failed to validate annotations: ${aggregated(wrong)}`)
}

export function keyIdProblem(keyId: string): string | undefined {
  const size = Buffer.byteLength(keyId)
  if (size === 0) return 'keyID is empty'
  return size > MAX_KEY_ID ? `keyID is ${size} bytes, which exceeds the max size of ${MAX_KEY_ID}` : undefined
}

function annotationProblems(annotations: Annotations): string[] {
  const entries = Object.entries(annotations)
  const problems = entries.flatMap(([name]) => domainProblems(name))
  const size = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + value.length, 0)
  if (size > MAX_ANNOTATIONS) {
    problems.push(`total size of annotations is ${size}, which exceeds the max size of ${MAX_ANNOTATIONS}`)
  }
  return problems
}

/** Model: IsFullyQualifiedDomainName. */
function domainProblems(name: string): string[] {
  if (name === '') return ['annotations: Required value']
  const bare = name.replace(/\.$/, '')
  const labels = bare.split('.')
  const subdomain = dnsSubdomainProblem(bare)
  const problems = subdomain
    ? [subdomain]
    : labels.length < 2
      ? ['should be a domain with at least two segments separated by dots']
      : labels.flatMap((label) => dnsLabelProblem(label) ?? [])
  return problems.map((problem) => `annotations: Invalid value: ${JSON.stringify(name)}: ${problem}`)
}

/** Says which seed is meant in few bytes, and without collisions. */
export function seedName(sourceType: number, { ciphertext, keyId, annotations }: EncryptedSeed): string {
  const sorted = Object.entries(annotations)
    .map(([name, value]) => [name, value.toString('base64')])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
  const parts = JSON.stringify([sourceType, ciphertext.toString('base64'), keyId, sorted])
  return createHash('sha256').update(parts).digest('base64')
}

/** Stands for a key's id in errors. */
export function hashOf(keyId: string): string {
  return keyId === '' ? '' : `sha256:${createHash('sha256').update(keyId).digest('hex')}`
}
