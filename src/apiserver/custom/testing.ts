// Definitions and a small HTTP client for tests of custom resources.

import { Agent, request as send } from 'node:https'
import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import type { New } from '../../client/client.ts'

export interface Answer {
  readonly code: number
  readonly warnings: string
  readonly etag: string
  readonly body: Record<string, unknown>
  readonly text: string
}

export interface Call {
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  readonly type?: string
  readonly accept?: string
}

/** A server and who calls it. */
interface Callee {
  readonly url: string
  readonly ca: string
  readonly admin: { readonly cert: string; readonly key: string }
}

/** Calls a server with a client certificate. */
export function caller(server: Callee) {
  const { cert, key } = server.admin
  const agent = new Agent({ ca: server.ca, cert, key, keepAlive: true })
  const call = ({
    method,
    path,
    body,
    type = 'application/json',
    accept = 'application/json',
  }: Call): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = { accept, ...(body === undefined ? {} : { 'content-type': type }) }
      const options = { method: method ?? (body === undefined ? 'GET' : 'POST'), agent, headers }
      const request = send(`${server.url}${path}`, options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({
            code: response.statusCode ?? 0,
            warnings: String(response.headers.warning ?? ''),
            etag: String(response.headers.etag ?? ''),
            body: text.startsWith('{') && !path.includes('watch=') ? JSON.parse(text) : {},
            text,
          })
        })
      })
      request.on('error', reject)
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
  return { call, close: () => agent.destroy() }
}

/** Asks until an answer is as wanted; gives up after some seconds. */
export async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const answer = await ask()
    if (wanted(answer)) return answer
    if (performance.now() > deadline) throw new Error(`not as wanted: ${JSON.stringify(answer).slice(0, 2000)}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** A kind that bakes: with status, scale, columns, defaults and lists of all types. */
export function ovens(): New<CustomResourceDefinition> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'ovens.bakery.example.com' },
    spec: {
      group: 'bakery.example.com',
      scope: 'Namespaced',
      names: { plural: 'ovens', kind: 'Oven', shortNames: ['ov'], categories: ['all'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.replicas',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
          selectableFields: [{ jsonPath: '.spec.fuel' }],
          additionalPrinterColumns: [
            { name: 'Fuel', type: 'string', jsonPath: '.spec.fuel' },
            { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
            { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
            { name: 'Note', type: 'string', jsonPath: '.spec.note', priority: 1 },
          ],
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: 'An oven bakes what is put into it.',
              required: ['spec'],
              properties: {
                spec: {
                  type: 'object',
                  description: 'What is wanted of the oven.',
                  required: ['fuel'],
                  properties: {
                    fuel: { type: 'string', description: 'What it burns.', enum: ['wood', 'gas'] },
                    replicas: { type: 'integer', format: 'int32', minimum: 0, maximum: 10, default: 1 },
                    note: { type: 'string', pattern: '^[a-z ]*$', maxLength: 20, nullable: true },
                    port: { 'x-kubernetes-int-or-string': true },
                    labels: { type: 'object', additionalProperties: { type: 'string' } },
                    tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
                    racks: {
                      type: 'array',
                      'x-kubernetes-list-type': 'map',
                      'x-kubernetes-list-map-keys': ['name'],
                      items: {
                        type: 'object',
                        required: ['name'],
                        properties: { name: { type: 'string' }, size: { type: 'integer', default: 4 } },
                      },
                    },
                    extra: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  },
                },
                status: {
                  type: 'object',
                  properties: {
                    replicas: { type: 'integer' },
                    selector: { type: 'string' },
                    conditions: {
                      type: 'array',
                      items: {
                        type: 'object',
                        properties: { type: { type: 'string' }, status: { type: 'string' } },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      ],
    },
  }
}
