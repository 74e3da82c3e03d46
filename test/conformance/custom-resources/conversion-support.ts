// A conversion webhook for tests: what it answers depends on the path that a definition names.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestServer } from '../../../src/main/testing.ts'
import { boats, type Edit, type Json } from './support.ts'

/** Writes the answer to a review, whose good form is given. */
export type Way = (good: Json, response: ServerResponse, request: IncomingMessage, review: Json) => void

export interface Converter {
  readonly url: string
  readonly caBundle: string
  close(): Promise<void>
}

/** `v1` says `spec.a`, `v2` says `spec.b`. */
function converted(object: Json, apiVersion: string): Json {
  const { a, b, ...spec } = object.spec ?? {}
  const value = a ?? b
  const named = value === undefined ? {} : { [apiVersion.endsWith('v2') ? 'b' : 'a']: value }
  return { ...object, apiVersion, spec: { ...spec, ...named } }
}

/** Answers well under `/good`, and as `ways` say under their names. */
export async function startConverter(server: TestServer, ways: Readonly<Record<string, Way>>): Promise<Converter> {
  const { cert, key } = await server.serverCertificate(['127.0.0.1'])
  const hook = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      // Whoever was sent elsewhere comes without a body.
      if (chunks.length === 0) return say(response, { method: request.method })
      const review = JSON.parse(Buffer.concat(chunks).toString())
      const { uid, desiredAPIVersion, objects } = review.request
      const good = {
        apiVersion: review.apiVersion,
        kind: review.kind,
        response: {
          uid,
          result: { status: 'Success' },
          convertedObjects: objects.map((object: Json) => converted(object, desiredAPIVersion)),
        },
      }
      const [path = ''] = (request.url ?? '').slice(1).split('?')
      const way = ways[path]
      if (way) way(good, response, request, review)
      else say(response, good)
    })
  })
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', () => resolve()))
  return {
    url: `https://127.0.0.1:${(hook.address() as AddressInfo).port}`,
    caBundle: Buffer.from(server.ca).toString('base64'),
    close: () =>
      new Promise((resolve) => {
        hook.close(() => resolve())
        hook.closeAllConnections()
      }),
  }
}

/** Answers with JSON. */
export function say(response: ServerResponse, body: Json): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(body))
}

/** Boats in two versions, which `conversion` turns into each other. */
export function twoVersions(group: string, webhook: object, edit: Edit = () => {}): Json {
  return boats(group, (definition) => {
    const [v1] = definition.spec.versions
    const text = { type: 'string' }
    const properties = { n: { type: 'integer', default: 3 } }
    const list = { type: 'array', items: text, 'x-kubernetes-list-type': 'set' }
    const schemaWith = (field: object) => ({
      openAPIV3Schema: {
        type: 'object',
        properties: {
          spec: { type: 'object', properties: { ...properties, tags: list, ...field } },
          status: { type: 'object', properties: { replicas: { type: 'integer' }, phase: text } },
        },
      },
    })
    v1.schema = schemaWith({ a: text })
    v1.selectableFields = [{ jsonPath: '.spec.a' }]
    v1.subresources = { status: {}, scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.replicas' } }
    const v2 = structuredClone(v1)
    Object.assign(v2, { name: 'v2', storage: false, schema: schemaWith({ b: text }) })
    v2.selectableFields = [{ jsonPath: '.spec.b' }]
    v2.additionalPrinterColumns = [{ name: 'B', type: 'string', jsonPath: '.spec.b' }]
    definition.spec.versions.push(v2)
    definition.spec.conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], ...webhook } }
    edit(definition)
  })
}
