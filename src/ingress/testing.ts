// Ingresses and requests for tests.

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { Ingress, IngressSpec } from '../api/generated/networking-v1.ts'
import { ANNOTATION_PREFIX, CLASS_NAME } from './names.ts'

let made = 0

/** An ingress as informers hand it out. Annotations are named without their prefix; later ones are younger. */
export function testIngress(
  name: string,
  spec: Partial<IngressSpec>,
  annotations: Readonly<Record<string, string>> = {},
): Ingress {
  made += 1
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: new Date(made * 1000).toISOString(),
      generation: 1,
      annotations: prefixed(annotations),
    },
    spec: { ingressClassName: CLASS_NAME, ...spec },
    status: {},
  }
}

/** Annotations with the prefix of ingress-nginx. */
export function prefixed(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).map(([key, value]) => [ANNOTATION_PREFIX + key, value]))
}

/** One rule: `[path, pathType, service]` each. */
export function rule(host: string | undefined, ...paths: [path: string, pathType: string, service: string][]) {
  return {
    ...(host === undefined ? {} : { host }),
    http: {
      paths: paths.map(([path, pathType, name]) => ({
        path,
        pathType,
        backend: { service: { name, port: { number: 80 } } },
      })),
    },
  }
}

export interface Answer {
  readonly code: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Common name of the certificate that was shown. */
  readonly certificate: string
}

/** Asks over a connection of its own. The host of the URL goes into Host and SNI; the connection goes to `address`. */
export function ask(
  url: string,
  options: { address?: string; method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { hostname, port, pathname, search, protocol } = new URL(url)
  const secure = protocol === 'https:'
  return new Promise((resolve, reject) => {
    const outgoing = (secure ? httpsRequest : httpRequest)(
      {
        host: options.address ?? '127.0.0.1',
        port,
        path: `${pathname}${search}`,
        method: options.method ?? 'GET',
        headers: { host: hostname, ...options.headers },
        agent: false,
        timeout: 10_000,
        ...(secure ? { servername: hostname, rejectUnauthorized: false } : {}),
      },
      (answer) => {
        const certificate = secure ? String((answer.socket as TLSSocket).getPeerCertificate().subject?.CN) : ''
        let body = ''
        answer.on('data', (chunk: Buffer) => {
          body += chunk.toString()
        })
        answer.on('error', reject)
        answer.on('end', () => resolve({ code: answer.statusCode ?? 0, headers: answer.headers, body, certificate }))
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${url} did not answer`)))
    outgoing.on('error', reject)
    outgoing.end(options.body)
  })
}
