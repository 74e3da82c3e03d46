// Asks a server's grpc.health.v1.Health service. Spec: https://github.com/grpc/grpc/blob/master/doc/health-checking.md

import { Client, credentials, Metadata } from '@grpc/grpc-js'

const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const
export type GrpcHealth = (typeof STATUSES)[number]

/** Rejects when the server cannot be reached or does not implement the service. */
export function checkGrpcHealth(
  address: string,
  service: string,
  timeoutMs: number,
  version: string,
): Promise<GrpcHealth> {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.primary_user_agent': `kube-probe/${version}`,
  })
  return new Promise<GrpcHealth>((resolve, reject) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      encodeRequest,
      decodeStatus,
      service,
      new Metadata(),
      { deadline: new Date(performance.timeOrigin + performance.now() + timeoutMs) },
      (error, status) => {
        if (error?.code === 4)
          reject(
            new Error(`timeout: failed to connect service "${address}" within ${timeoutMs / 1000}s: ${error.details}`),
          )
        else if (error)
          reject(
            new Error(
              `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.details}`,
            ),
          )
        else resolve(status ?? 'UNKNOWN')
      },
    )
  }).finally(() => client.close())
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
