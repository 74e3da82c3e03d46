// OpenAPI v2 and v3 documents, made from the schema on first use.
// Spec: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition

import { createHash } from 'node:crypto'
import { kubernetesVersion } from '../../api/schema.ts'
import { notAcceptable } from '../../machinery/errors.ts'
import { mergeV2, type RemoteDocuments } from '../aggregation/remote-openapi.ts'
import type { OpenApiHandler } from '../http/system-handler.ts'
import type { Registry } from '../registry/registry.ts'
import { documentV2, documentV3 } from './documents.ts'
import { allOperations, type GroupOperations } from './operations.ts'
import { encodeDocumentV2 } from './protobuf-v2.ts'
import type { ApiDocs } from './schemas.ts'

export type { ApiDocs } from './schemas.ts'

/** Loads the prose of the API, if there is any. Called once, on first use. */
export type LoadDocs = () => ApiDocs | undefined

interface Served {
  readonly bytes: Buffer
  readonly etag: string
  readonly type: string
}

const JSON_TYPE = 'application/json'
const PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
const V2_PROTOBUF = /application\/com\.github\.proto-openapi\.spec\.v2(@|\.)v1\.0\+protobuf/
const V3_PROTOBUF = /application\/com\.github\.proto-openapi\.spec\.v3(@|\.)v1\.0\+protobuf/

function served(bytes: Buffer, type: string): Served {
  return { bytes, type, etag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32).toUpperCase()}"` }
}

/** Names a v3 document in the state it is in. */
function documentKey({ key, operations, custom }: GroupOperations): string {
  if (custom.size === 0) return `v3/${key}`
  const state = createHash('sha256').update(JSON.stringify(operations.map((o) => o.id)))
  for (const [ref, type] of custom) state.update(ref).update(JSON.stringify(type.schema('v3')))
  return `v3/${key}#${state.digest('hex')}`
}

/** What other servers say of the APIs that they serve. */
export interface RemoteOpenApi {
  documents(): readonly RemoteDocuments[]
  readonly documentChanges: number
}

const NO_REMOTES: RemoteOpenApi = { documents: () => [], documentChanges: 0 }

/** The handler of everything under /openapi. */
export function createOpenApiHandler(
  registry: Registry,
  loadDocs: LoadDocs = () => undefined,
  remotes: RemoteOpenApi = NO_REMOTES,
): OpenApiHandler {
  // The version of the API, not the release of the server.
  const version = kubernetesVersion.replace(/^v(\d+\.\d+).*/, '$1')
  let docs: ApiDocs | undefined
  const made = new Map<string, Served>()
  const state = () => `${registry.changes} ${remotes.documentChanges}`
  let changes = state()
  /** What definitions and other servers have a part in is made anew when they change. */
  const refresh = () => {
    if (changes === state()) return
    changes = state()
    for (const key of made.keys()) if (!key.startsWith('v3/') || key.includes('#')) made.delete(key)
    made.delete('v3')
  }
  const once = (key: string, type: string, make: () => Buffer): Served => {
    const known = made.get(key)
    if (known) return known
    docs ??= loadDocs() ?? {}
    const fresh = served(make(), type)
    made.set(key, fresh)
    return fresh
  }
  const json = (document: object) => Buffer.from(JSON.stringify(document))
  const groupV3 = (key: string): Served | undefined => {
    const remote = remotes.documents().find((documents) => documents.key === key && documents.v3)?.v3
    if (remote) return once(`v3/${key}#${remote.url}`, JSON_TYPE, () => remote.bytes)
    const group = allOperations(registry).find((g) => g.key === key)
    return group && once(documentKey(group), JSON_TYPE, () => json(documentV3(group, version, docs ?? {})))
  }
  // A document's hash changes with the version of the server, and with definitions where they have a part in it: so the
  // index needs no document.
  const index = () =>
    once('v3', JSON_TYPE, () => {
      const paths = allOperations(registry).map((group) => {
        const { key } = group
        const text = `${version} ${documentKey(group)}`
        const hash = createHash('sha256').update(text).digest('hex').toUpperCase()
        return [key, { serverRelativeURL: `/openapi/v3/${key}?hash=${hash}` }]
      })
      const others = remotes.documents().flatMap(({ key, v3 }) => (v3 ? [[key, { serverRelativeURL: v3.url }]] : []))
      return json({ paths: Object.fromEntries([...paths, ...others]) })
    })
  const everything = () => {
    const parts = remotes.documents().flatMap(({ v2 }) => (v2 ? [v2] : []))
    return mergeV2(documentV2(allOperations(registry), version, docs ?? {}), parts)
  }

  return (request, response, info) => {
    refresh()
    const accept = String(request.headers.accept ?? '')
    let document: Served | undefined
    if (info.path === '/openapi/v2') {
      document = V2_PROTOBUF.test(accept)
        ? once('v2/protobuf', PROTOBUF_TYPE, () => encodeDocumentV2(everything()))
        : once('v2', JSON_TYPE, () => json(everything()))
    } else if (info.path === '/openapi/v3' || info.path === '/openapi/v3/') {
      document = index()
    } else if (info.path.startsWith('/openapi/v3/')) {
      if (V3_PROTOBUF.test(accept) && !accept.includes('json')) throw notAcceptable([JSON_TYPE])
      document = groupV3(info.path.slice('/openapi/v3/'.length))
    }
    if (!document) return false
    const headers = { etag: document.etag, vary: 'Accept', 'cache-control': 'no-cache, private' }
    if (request.headers['if-none-match'] === document.etag) {
      response.writeHead(304, headers)
      response.end()
      return true
    }
    response.writeHead(200, {
      ...headers,
      'content-type': document.type,
      'content-length': document.bytes.length,
      ...(info.query.has('hash') ? { 'cache-control': 'public, immutable' } : {}),
    })
    response.end(document.bytes)
    return true
  }
}
