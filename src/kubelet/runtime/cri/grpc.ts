// A small gRPC client over a unix socket: typed calls from generated descriptors, errors as RuntimeError.

import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'

import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import type { Clock } from '../../../machinery/clock.ts'
import { RuntimeError } from '../runtime.ts'

// As upstream's kubelet allows for one message.
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

/** A unary method of a generated service. */
export interface UnaryMethod<I extends DescMessage, O extends DescMessage> {
  readonly name: string
  readonly parent: { readonly typeName: string }
  readonly methodKind: 'unary'
  readonly input: I
  readonly output: O
}

/** A method of a generated service that answers with a stream. */
export interface StreamMethod<I extends DescMessage, O extends DescMessage> {
  readonly name: string
  readonly parent: { readonly typeName: string }
  readonly methodKind: 'server_streaming'
  readonly input: I
  readonly output: O
}

export interface CallOptions {
  /** Milliseconds; absent means no limit. */
  readonly timeout?: number
  readonly signal?: AbortSignal
  /** containerd's own services keep images and containers apart by namespace. */
  readonly containerdNamespace?: string
}

export interface GrpcChannel {
  unary<I extends DescMessage, O extends DescMessage>(
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>>
  /** Messages in order; a slow reader slows the sender. */
  stream<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions & { readonly signal: AbortSignal },
  ): AsyncIterable<MessageShape<O>>
  close(): void
}

/** A channel to `endpoint`: `unix:///run/x.sock` or a bare path. Connects on first use, reconnects by itself. */
export function openChannel(options: { endpoint: string; clock: Clock }): GrpcChannel {
  const { clock } = options
  const client = new Client(`unix:${socketPathOf(options.endpoint)}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 1000,
    'grpc.enable_retries': 0,
    // A proxy in the environment must not catch a unix socket.
    'grpc.enable_http_proxy': 0,
  })
  return {
    unary(method, request, callOptions = {}) {
      const { signal, timeout } = callOptions
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(aborted(signal))
        let timedOut = false
        const finish = () => {
          stopTimer?.()
          signal?.removeEventListener('abort', onAbort)
        }
        const call = client.makeUnaryRequest(
          pathOf(method),
          (value: MessageShape<typeof method.input>) => Buffer.from(toBinary(method.input, value)),
          (bytes) => fromBinary(method.output, bytes),
          create(method.input, request),
          metadataOf(callOptions),
          (error, value) => {
            finish()
            if (timedOut)
              reject(new RuntimeError('DEADLINE_EXCEEDED', `${method.name}: no answer within ${timeout} ms`))
            else if (signal?.aborted) reject(aborted(signal))
            else if (error) reject(runtimeErrorOf(error))
            else if (value === undefined) reject(new RuntimeError('INTERNAL', `${method.name}: empty answer`))
            else resolve(value)
          },
        )
        const stopTimer =
          timeout === undefined
            ? undefined
            : clock.after(timeout, () => {
                timedOut = true
                call.cancel()
              })
        const onAbort = () => call.cancel()
        signal?.addEventListener('abort', onAbort, { once: true })
      })
    },

    async *stream(method, request, callOptions) {
      const { signal } = callOptions
      signal.throwIfAborted()
      const call = client.makeServerStreamRequest(
        pathOf(method),
        (value: MessageShape<typeof method.input>) => Buffer.from(toBinary(method.input, value)),
        (bytes) => fromBinary(method.output, bytes),
        create(method.input, request),
        metadataOf(callOptions),
      )
      const onAbort = () => call.cancel()
      signal.addEventListener('abort', onAbort, { once: true })
      try {
        for await (const message of call) yield message
      } catch (error) {
        throw signal.aborted ? aborted(signal) : runtimeErrorOf(error)
      } finally {
        signal.removeEventListener('abort', onAbort)
        call.cancel()
      }
    },

    close: () => client.close(),
  }
}

/** The file path of a socket given as a URL or as a path. */
export function socketPathOf(endpoint: string): string {
  return endpoint.replace(/^unix:(\/\/)?/, '')
}

/** Any failure of a call as a RuntimeError with the gRPC status name as its code. */
function runtimeErrorOf(error: unknown): RuntimeError {
  if (error instanceof RuntimeError) return error
  if (isServiceError(error)) return new RuntimeError(status[error.code] ?? 'UNKNOWN', error.details, { cause: error })
  return new RuntimeError('UNKNOWN', error instanceof Error ? error.message : String(error), { cause: error })
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error
}

function aborted(signal: AbortSignal): RuntimeError {
  return new RuntimeError('CANCELLED', 'the call was cancelled', { cause: signal.reason })
}

function pathOf(method: { readonly name: string; readonly parent: { readonly typeName: string } }): string {
  return `/${method.parent.typeName}/${method.name}`
}

function metadataOf(options: CallOptions): Metadata {
  const metadata = new Metadata()
  if (options.containerdNamespace !== undefined) metadata.set('containerd-namespace', options.containerdNamespace)
  return metadata
}
