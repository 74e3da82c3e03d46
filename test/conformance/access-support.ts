// A server for reviews with a kubeconfig that leads to it, and calls with any credentials, for tests of access.

import { writeFileSync } from 'node:fs'
import { Agent, createServer, request as send } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { CertificateAuthority } from '../../src/main/certificates.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'

/** What a reviewer gets. */
export interface Asked {
  readonly kind: string
  readonly apiVersion: string
  // biome-ignore lint/suspicious/noExplicitAny: specs of all reviews
  readonly spec: any
  /** Events, when it is a list of them. */
  // biome-ignore lint/suspicious/noExplicitAny: events of all kinds
  readonly items?: any[]
  /** Of an AdmissionReview. */
  readonly uid?: string
  readonly path: string
  readonly authorization: string | undefined
}

/** The status of the answer, or what is wrong: an HTTP status with headers. */
export type ReviewAnswer =
  | { readonly status: object }
  /** Of an AdmissionReview. */
  | { readonly response: object }
  | { readonly code: number; readonly headers?: Readonly<Record<string, string>> }

export interface Reviewer {
  readonly kubeconfig: string
  readonly url: string
  /** PEM of the authority behind its certificate. */
  readonly ca: string
  readonly asked: Asked[]
  answer: (asked: Asked) => ReviewAnswer
  close(): Promise<void>
}

/** Starts a reviewer on a free port; `user` is what its kubeconfig says of the server that asks. */
export async function startReviewer(dir: string, name: string, user: object = { token: 'sesame' }): Promise<Reviewer> {
  const ca = await CertificateAuthority.open({ dir, name, now: () => Date.now() })
  const certificate = await ca.sign({
    commonName: name,
    organizations: [],
    usage: 'server',
    ipAddresses: ['127.0.0.1'],
  })
  const reviewer: Omit<Reviewer, 'kubeconfig' | 'url' | 'ca' | 'close'> = { asked: [], answer: () => ({ status: {} }) }
  const server = createServer(certificate, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { kind, apiVersion, spec, items, request: review } = JSON.parse(Buffer.concat(chunks).toString())
      const asked: Asked = {
        kind,
        apiVersion,
        spec,
        ...(items ? { items } : {}),
        ...(review ? { uid: review.uid } : {}),
        path: request.url ?? '',
        authorization: request.headers.authorization,
      }
      reviewer.asked.push(asked)
      const answer = reviewer.answer(asked)
      if ('code' in answer) {
        response.writeHead(answer.code, answer.headers)
        response.end('broken')
      } else response.end(JSON.stringify({ kind, apiVersion, ...answer }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const kubeconfig = join(dir, `${name}.kubeconfig`)
  writeFileSync(join(dir, `${name}-ca.pem`), ca.certificate)
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      'current-context': 'review',
      contexts: [{ name: 'review', context: { cluster: 'reviewer', user: 'apiserver' } }],
      clusters: [
        {
          name: 'reviewer',
          cluster: { server: `https://127.0.0.1:${port}/review`, 'certificate-authority': `${name}-ca.pem` },
        },
      ],
      users: [{ name: 'apiserver', user }],
    }),
  )
  return Object.assign(reviewer, {
    kubeconfig,
    url: `https://127.0.0.1:${port}`,
    ca: ca.certificate,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}

export interface Answered {
  readonly code: number
  // biome-ignore lint/suspicious/noExplicitAny: answers of all kinds
  readonly body: any
  readonly text: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export type Call = (
  path: string,
  options?: { method?: string; body?: object | string; token?: string; headers?: Record<string, string> },
) => Promise<Answered>

const textOf = (body: object | string) => (typeof body === 'string' ? body : JSON.stringify(body))

/** What an answer holds: an object, the frames of a stream, or text. */
function bodyOf(text: string): unknown {
  if (!text.startsWith('{')) return text
  const lines = text.trimEnd().split('\n')
  const isStream = lines.length > 1 && lines.every((line) => line.startsWith('{"type":'))
  return isStream ? { frames: lines.map((line) => JSON.parse(line)) } : JSON.parse(text)
}

/** Calls a server with a client certificate, or with none for nobody's. */
export async function callerOf(server: TestServer, user?: { name: string; groups?: readonly string[] }): Promise<Call> {
  const own = user && (await server.certificate(user.name, user.groups ?? []))
  const agent = new Agent({ ca: server.ca, keepAlive: false, ...(own ? { cert: own.cert, key: own.key } : {}) })
  return (path, { method, body, token, headers } = {}) =>
    new Promise((resolve, reject) => {
      const request = send(
        `${server.url}${path}`,
        {
          agent,
          method: method ?? (body ? 'POST' : 'GET'),
          headers: {
            'content-type': 'application/json',
            // Of itself Node tells no length for methods that seldom have a body.
            ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(textOf(body))) }),
            ...(token ? { authorization: `Bearer ${token}` } : {}),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString()
            resolve({ code: response.statusCode ?? 0, body: bodyOf(text), text, headers: response.headers })
          })
        },
      )
      request.on('error', reject)
      request.end(body === undefined ? undefined : textOf(body))
    })
}

/** A server for the tests of a file, and calls to it as an administrator. */
export function useServer(options: Parameters<typeof startTestServer>[0] = {}): Call {
  let server: TestServer
  let call: Call
  beforeAll(async () => {
    server = await startTestServer(options)
    call = await callerOf(server, { name: 'admin', groups: ['system:masters'] })
  })
  afterAll(() => server.close())
  return (path, asked) => call(path, asked)
}
