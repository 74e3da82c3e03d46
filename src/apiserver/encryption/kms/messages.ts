// The messages of KMS v2, between us and a plugin, and the one that is kept in the store.
// Model: k8s.io/kms/apis/v2/api.proto and k8s.io/apiserver/pkg/storage/value/encrypt/envelope/kmsv2/v2/api.proto.

import { BYTES, VARINT, WireReader, WireWriter } from '../../../machinery/protobuf/wire.ts'

/** What a plugin wants to have back with what it has encrypted. */
export type Annotations = Readonly<Record<string, Buffer>>

export interface PluginStatus {
  readonly version: string
  readonly healthz: string
  readonly keyId: string
}

/** What a plugin makes of a seed, and needs to read it. */
export interface EncryptedSeed {
  readonly ciphertext: Buffer
  readonly keyId: string
  readonly annotations: Annotations
}

/** How a value is kept. */
export interface EncryptedObject extends EncryptedSeed {
  readonly data: Buffer
  /** What `ciphertext` holds: a key of AES-GCM, or a seed of such keys. */
  readonly sourceType: number
}

export const AES_GCM_KEY = 0
export const HKDF_SEED = 1

const NOTHING = Buffer.alloc(0)

export const encodeEncrypt = (plain: Buffer, uid: string): Buffer =>
  encode((out) => {
    out.bytesField(1, plain)
    out.bytesField(2, uid)
  })

export const encodeDecrypt = ({ ciphertext, keyId, annotations }: EncryptedSeed, uid: string): Buffer =>
  encode((out) => {
    out.bytesField(1, ciphertext)
    out.bytesField(2, uid)
    out.bytesField(3, keyId)
    writeAnnotations(out, 4, annotations)
  })

export const encodeObject = (object: EncryptedObject): Buffer =>
  encode((out) => {
    out.bytesField(1, object.data)
    out.bytesField(2, object.keyId)
    out.bytesField(3, object.ciphertext)
    writeAnnotations(out, 4, object.annotations)
    if (object.sourceType !== AES_GCM_KEY) out.varintField(5, object.sourceType)
  })

export function decodeStatus(bytes: Buffer): PluginStatus {
  const fields = read(bytes)
  return { version: fields.text(1), healthz: fields.text(2), keyId: fields.text(3) }
}

export function decodeEncrypted(bytes: Buffer): EncryptedSeed {
  const fields = read(bytes)
  return { ciphertext: fields.bytes(1), keyId: fields.text(2), annotations: fields.annotations(3) }
}

/** The plain bytes in the answer to a decryption. */
export const decodeDecrypted = (bytes: Buffer): Buffer => read(bytes).bytes(1)

export function decodeObject(bytes: Buffer): EncryptedObject {
  const fields = read(bytes)
  return {
    data: fields.bytes(1),
    keyId: fields.text(2),
    ciphertext: fields.bytes(3),
    annotations: fields.annotations(4),
    sourceType: fields.number(5),
  }
}

function encode(write: (out: WireWriter) => void): Buffer {
  const out = new WireWriter()
  write(out)
  return out.finish()
}

function writeAnnotations(out: WireWriter, number: number, annotations: Annotations): void {
  for (const [name, value] of Object.entries(annotations)) {
    const entry = encode((inner) => {
      inner.bytesField(1, name)
      inner.bytesField(2, value)
    })
    out.bytesField(number, entry)
  }
}

/** All fields of a message by number; those that are not there are empty. */
function read(message: Buffer) {
  const chunks = new Map<number, Buffer[]>()
  const numbers = new Map<number, number>()
  const reader = new WireReader(message)
  while (!reader.done) {
    const { number, wire } = reader.tag()
    if (wire === VARINT) numbers.set(number, reader.int())
    else if (wire === BYTES) chunks.set(number, [...(chunks.get(number) ?? []), reader.bytes()])
    else reader.skip(wire)
  }
  const bytes = (number: number) => chunks.get(number)?.at(-1) ?? NOTHING
  return {
    bytes,
    text: (number: number) => bytes(number).toString(),
    number: (number: number) => numbers.get(number) ?? 0,
    annotations: (number: number): Annotations =>
      Object.fromEntries(
        (chunks.get(number) ?? []).map((entry) => {
          const pair = read(entry)
          return [pair.text(1), pair.bytes(2)]
        }),
      ),
  }
}
