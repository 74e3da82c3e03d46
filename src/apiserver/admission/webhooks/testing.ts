// A webhook server for tests: it remembers what it was asked and answers as each path says.

import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** What a webhook gets. */
export interface AdmissionRequest {
  readonly uid: string
  readonly name?: string
  readonly namespace?: string
  readonly operation: string
  readonly subResource?: string
  readonly kind: object
  readonly resource: object
  readonly requestKind: object
  readonly userInfo: { readonly username: string; readonly groups: readonly string[] }
  // biome-ignore lint/suspicious/noExplicitAny: objects of any kind
  readonly object: any
  // biome-ignore lint/suspicious/noExplicitAny: objects of any kind
  readonly oldObject: any
  readonly dryRun: boolean
  readonly options: object
}

/** The response to a request; undefined: never answered. A number is an HTTP status. */
export type Answer = (request: AdmissionRequest) => object | number | undefined

export interface TestHooks {
  readonly url: string
  readonly caBundle: string
  /** Requests by path, in order. */
  readonly asked: Map<string, AdmissionRequest[]>
  readonly answers: Map<string, Answer>
  close(): Promise<void>
}

/** Whoever can sign a certificate for the webhook. */
interface Signer {
  readonly ca: string
  serverCertificate(ipAddresses: readonly string[]): Promise<{ readonly cert: string; readonly key: string }>
}

/** A JSON patch as a response carries it. */
export function patchOf(...operations: object[]): object {
  const patch = Buffer.from(JSON.stringify(operations)).toString('base64')
  return { allowed: true, patchType: 'JSONPatch', patch }
}

/** Starts a server whose certificate the API server's authority signed. */
export async function startHooks(server: Signer): Promise<TestHooks> {
  const asked = new Map<string, AdmissionRequest[]>()
  const answers = new Map<string, Answer>()
  const { cert, key } = await server.serverCertificate(['127.0.0.1'])
  const listener = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = (request.url ?? '').split('?')[0] ?? ''
      const review = JSON.parse(Buffer.concat(chunks).toString())
      asked.set(path, [...(asked.get(path) ?? []), review.request])
      const answer = answers.get(path)?.(review.request)
      if (answer === undefined) return
      if (typeof answer === 'number') {
        response.statusCode = answer
        response.end('broken')
        return
      }
      const { apiVersion, kind } = review
      response.end(JSON.stringify({ apiVersion, kind, response: { uid: review.request.uid, ...answer } }))
    })
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', () => resolve()))
  return {
    url: `https://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    caBundle: Buffer.from(server.ca).toString('base64'),
    asked,
    answers,
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve())
        listener.closeAllConnections()
      }),
  }
}
