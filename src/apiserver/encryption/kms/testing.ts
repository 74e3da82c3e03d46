// A KMS plugin on a socket, for tests: what it is given it encrypts with a key that is made of its id.

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MethodDefinition, Server, ServerCredentials, type sendUnaryData, status } from '@grpc/grpc-js'
import { BYTES, WireReader, WireWriter } from '../../../machinery/protobuf/wire.ts'

export interface TestPlugin {
  readonly endpoint: string
  /** What it says of itself from here on. */
  readonly says: { keyId: string; healthz: string; version: string; ciphertextPadding: number }
  readonly calls: { status: number; encrypt: number; decrypt: number }
  stop(): Promise<void>
  start(): Promise<void>
  /** Stops it, and leaves nothing behind. */
  close(): Promise<void>
}

const IV = 16
const ALGORITHM = 'aes-256-cbc'

export async function startTestPlugin(): Promise<TestPlugin> {
  const directory = mkdtempSync(join(tmpdir(), 'kms-'))
  const address = `unix:${join(directory, 'kms.sock')}`
  const says = { keyId: 'first', healthz: 'ok', version: 'v2', ciphertextPadding: 0 }
  const calls = { status: 0, encrypt: 0, decrypt: 0 }
  const keyOf = (id: string) => createHash('sha256').update(id).digest()
  const handlers: Record<string, (request: Map<number, Buffer>) => Buffer> = {
    Status() {
      calls.status += 1
      return message([says.version, says.healthz, says.keyId])
    },
    Encrypt(request) {
      calls.encrypt += 1
      const iv = randomBytes(IV)
      const cipher = createCipheriv(ALGORITHM, keyOf(says.keyId), iv)
      const made = Buffer.concat([iv, cipher.update(request.get(1) ?? ''), cipher.final()])
      const padded = Buffer.concat([made, Buffer.alloc(says.ciphertextPadding)])
      return message([padded, says.keyId, message(['note.example.com', 'kept with it'])])
    },
    Decrypt(request) {
      calls.decrypt += 1
      if (!request.get(4)?.includes('kept with it')) throw new Error('where is the note?')
      const bytes = request.get(1) ?? Buffer.alloc(0)
      const decipher = createDecipheriv(ALGORITHM, keyOf(String(request.get(3))), bytes.subarray(0, IV))
      return message([Buffer.concat([decipher.update(bytes.subarray(IV)), decipher.final()])])
    },
  }
  let server: Server | undefined
  const plugin: TestPlugin = {
    endpoint: `unix://${join(directory, 'kms.sock')}`,
    says,
    calls,
    async start() {
      const started = new Server()
      started.addService(
        Object.fromEntries(Object.keys(handlers).map((name) => [name, methodOf(name)])),
        Object.fromEntries(Object.entries(handlers).map(([name, handle]) => [name, answering(handle)])),
      )
      await new Promise<void>((resolve, reject) => {
        started.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()))
      })
      server = started
    },
    async stop() {
      server?.forceShutdown()
      server = undefined
      rmSync(join(directory, 'kms.sock'), { force: true })
    },
    async close() {
      await plugin.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
  await plugin.start()
  return plugin
}

function methodOf(name: string): MethodDefinition<Buffer, Buffer> {
  const same = (bytes: Buffer) => bytes
  return {
    path: `/v2.KeyManagementService/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  }
}

function answering(handle: (request: Map<number, Buffer>) => Buffer) {
  return ({ request }: { request: Buffer }, answer: sendUnaryData<Buffer>) => {
    try {
      answer(null, handle(fieldsOf(request)))
    } catch (error) {
      answer({ code: status.INTERNAL, details: error instanceof Error ? error.message : String(error) })
    }
  }
}

/** Fields from number 1 on. */
function message(fields: readonly (Buffer | string)[]): Buffer {
  const out = new WireWriter()
  for (const [index, value] of fields.entries()) out.bytesField(index + 1, value)
  return out.finish()
}

function fieldsOf(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  const reader = new WireReader(bytes)
  while (!reader.done) {
    const { number, wire } = reader.tag()
    if (wire === BYTES) found.set(number, Buffer.from(reader.bytes()))
    else reader.skip(wire)
  }
  return found
}
