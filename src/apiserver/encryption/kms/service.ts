// Speaks to a KMS plugin. Model: k8s.io/apiserver/pkg/storage/value/encrypt/envelope/kmsv2/grpc_service.go.

import { Client, credentials, Metadata, status } from '@grpc/grpc-js'
import type { Clock } from '../../../machinery/clock.ts'
import type { KmsConfig } from '../encryption-configuration.ts'
import {
  decodeDecrypted,
  decodeEncrypted,
  decodeStatus,
  type EncryptedSeed,
  encodeDecrypt,
  encodeEncrypt,
  type PluginStatus,
} from './messages.ts'

/** A plugin. Calls reject with an Error in the words of gRPC for Go. */
export interface KmsService {
  status(): Promise<PluginStatus>
  encrypt(uid: string, plain: Buffer): Promise<EncryptedSeed>
  decrypt(uid: string, seed: EncryptedSeed): Promise<Buffer>
  close(): void
}

/** Connects when it is first called, and again whenever the plugin is there again. */
export function connectKms({ endpoint, timeoutMs }: KmsConfig, clock: Clock): KmsService {
  const client = new Client(`unix:${socketPathOf(endpoint)}`, credentials.createInsecure(), {
    'grpc.default_authority': 'localhost',
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 5000,
    'grpc.enable_retries': 0,
    // A proxy in the environment must not catch a unix socket.
    'grpc.enable_http_proxy': 0,
  })
  const call = <T>(method: string, request: Buffer, decode: (bytes: Buffer) => T) =>
    new Promise<T>((resolve, reject) => {
      let timedOut = false
      const pending = client.makeUnaryRequest(
        `/v2.KeyManagementService/${method}`,
        (bytes: Buffer) => bytes,
        decode,
        request,
        new Metadata({ waitForReady: true }),
        (error, answer) => {
          stopTimer()
          if (timedOut) reject(new Error('rpc error: code = DeadlineExceeded desc = context deadline exceeded'))
          else if (error) {
            const cause = `rpc error: code = ${goName(error.code)} desc = ${error.details}`
            reject(new Error(cause, { cause: error }))
          } else if (answer === undefined) reject(new Error('rpc error: code = Internal desc = no answer'))
          else resolve(answer)
        },
      )
      const stopTimer = clock.after(timeoutMs, () => {
        timedOut = true
        pending.cancel()
      })
    })
  return {
    status: () => call('Status', Buffer.alloc(0), decodeStatus),
    encrypt: (uid, plain) => call('Encrypt', encodeEncrypt(plain, uid), decodeEncrypted),
    decrypt: (uid, seed) => call('Decrypt', encodeDecrypt(seed, uid), decodeDecrypted),
    close: () => client.close(),
  }
}

/** `unix:///run/kms.sock` is a file; with `@` behind the slash the name has none. Model: ParseEndpoint of k8s.io/kms. */
function socketPathOf(endpoint: string): string {
  const path = endpoint.replace(/^unix:(\/\/[^/]*)?/, '')
  return path.startsWith('/@') ? `\0${path.slice(2)}` : path
}

/** `DEADLINE_EXCEEDED` is `DeadlineExceeded` in Go, and what is cancelled there has one l. */
function goName(code: status): string {
  if (code === status.CANCELLED) return 'Canceled'
  return (status[code] ?? 'UNKNOWN')
    .split('_')
    .map((word) => `${word.slice(0, 1)}${word.slice(1).toLowerCase()}`)
    .join('')
}
