// Objects to patch, and patches of all three types over HTTP.

import { expect } from 'vitest'
import { useServer } from '../access-support.ts'

interface Answer {
  readonly code: number
  readonly warnings: readonly string[]
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API answers
  readonly body: any
}

let count = 0
const ask = useServer()

const TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
}
export type Type = keyof typeof TYPES

export async function call(method: string, path: string, body: string, type: string): Promise<Answer> {
  const answer = await ask(path, { method, body, headers: { 'content-type': type } })
  const warnings = [...String(answer.headers.warning ?? '').matchAll(/299 - ("(?:[^"\\]|\\.)*")/g)]
  return { code: answer.code, body: answer.body, warnings: warnings.map(([, text]) => JSON.parse(text ?? '')) }
}

export const env = (...names: string[]) => names.map((name) => ({ name, value: '1' }))
const template = {
  metadata: { labels: { app: 'web' } },
  spec: {
    containers: [
      { name: 'a', image: 'a:1', env: env('A', 'B', 'C'), ports: [{ containerPort: 80 }], args: ['x', 'y'] },
      { name: 'b', image: 'b:1' },
    ],
    volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }],
    imagePullSecrets: [{ name: 'one' }],
  },
}
/** Kinds by what cases call them: where they are, and a valid object. */
export const KINDS = {
  map: { path: '/api/v1/namespaces/default/configmaps', object: { data: { a: '1', b: '2' } } },
  deploy: {
    path: '/apis/apps/v1/namespaces/default/deployments',
    object: { spec: { selector: { matchLabels: { app: 'web' } }, template } },
  },
  service: {
    path: '/api/v1/namespaces/default/services',
    object: {
      spec: {
        selector: { app: 'web' },
        ports: [
          { name: 'http', port: 80 },
          { name: 'tls', port: 443 },
        ],
      },
    },
  },
  namespace: {
    path: '/api/v1/namespaces',
    object: { metadata: { finalizers: ['a.example/x', 'a.example/y', 'a.example/z'] } },
  },
} as const
export type Kind = keyof typeof KINDS

/** Makes an object of the kind and patches it; text is sent as it is. */
export async function patched(kind: Kind, type: Type, patch: unknown, query = ''): Promise<Answer> {
  const { path, object } = KINDS[kind]
  count += 1
  const name = `n${count}`
  const metadata = { ...('metadata' in object ? object.metadata : {}), name }
  const made = await call('POST', path, JSON.stringify({ ...object, metadata }), 'application/json')
  expect(made.code).toBe(201)
  const text = typeof patch === 'string' ? patch : JSON.stringify(patch).replaceAll('NAME', name)
  return call('PATCH', `${path}/${name}${query}`, text, TYPES[type])
}

export const spec = (inner: object) => ({ spec: { template: { spec: inner } } })
export const inA = (inner: object) => spec({ containers: [{ name: 'a', ...inner }] })
/** Reads by path; a list is shown by its elements' names. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the API answers
export function read(body: any, path: string): unknown {
  let at = body
  for (const step of path.split('.')) at = at?.[step]
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API answers
  const names = Array.isArray(at) ? at.map((item: any) => item.name ?? item) : at
  return Array.isArray(names) ? names.join(' ') : names
}
export const POD = 'spec.template.spec'
