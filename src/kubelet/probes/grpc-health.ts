// Asks a server's grpc.health.v1.Health service. Spec: https://github.com/grpc/grpc/blob/master/doc/health-checking.md

import { Client, credentials, Metadata, status } from '@grpc/grpc-js'

const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const
export type GrpcHealth = (typeof STATUSES)[number]

/** Rejects when the server cannot be reached before the signal aborts, or does not implement the service. */
export function checkGrpcHealth(
  address: string,
  service: string,
  signal: AbortSignal,
  version: string,
): Promise<GrpcHealth> {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.primary_user_agent': `kube-probe/${version}`,
  })
  return new Promise<GrpcHealth>((resolve, reject) => {
    const call = client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      encodeRequest,
      decodeStatus,
      service,
      new Metadata(),
      (error, answer) => {
        if (!error) resolve(answer ?? 'UNKNOWN')
        else reject(new Error(explain(error.code, error.details, address), { cause: error }))
      },
    )
    signal.addEventListener('abort', () => call.cancel(), { once: true })
  }).finally(() => client.close())
}

function explain(code: number, details: string, address: string): string {
  if (code === status.CANCELLED) return `timeout: health rpc did not complete in time: ${JSON.stringify(address)}`
  if (code === status.UNAVAILABLE) return `timeout: failed to connect service ${JSON.stringify(address)}: ${details}`
  if (code !== status.UNIMPLEMENTED) return `error: health rpc probe failed: ${details}`
  return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${details}`
}

/** HealthCheckRequest: field 1, the service name. */
function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service)
  if (name.length === 0) return name
  const length: number[] = []
  for (let rest = name.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  return Buffer.concat([Buffer.from([0x0a, ...length]), name])
}

/** HealthCheckResponse: field 1, an enum below 128. */
function decodeStatus(message: Buffer): GrpcHealth {
  return STATUSES[message[0] === 0x08 ? (message[1] ?? 0) : 0] ?? 'UNKNOWN'
}
