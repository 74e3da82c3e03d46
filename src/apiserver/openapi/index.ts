// OpenAPI v2 and v3 documents, made from the schema on first use.
// Spec: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition

import { createHash } from 'node:crypto'
import { gzip } from 'node:zlib'
import { kubernetesVersion } from '../../api/schema.ts'
import type { Clock } from '../../machinery/clock.ts'
import { mergeV2, type RemoteDocuments } from '../aggregation/remote-openapi.ts'
import { serveContent } from '../http/content.ts'
import type { Request, Response } from '../http/exchange.ts'
import { acceptsGzip, clausesOf } from '../http/media-type.ts'
import { NOT_KEPT } from '../http/respond.ts'
import type { OpenApiHandler } from '../http/system-handler.ts'
import type { Registry } from '../registry/registry.ts'
import { documentV2, documentV3 } from './documents.ts'
import { allOperations, type GroupOperations } from './operations.ts'
import { encodeDocumentV2 } from './protobuf-v2.ts'
import { encodeDocumentV3 } from './protobuf-v3.ts'
import type { ApiDocs, Json } from './schemas.ts'

export type { ApiDocs } from './schemas.ts'

/** Loads the prose of the API, if there is any. Called once, on first use. */
export type LoadDocs = () => ApiDocs | undefined

const JSON_TYPE = 'application/json'
const PROTOBUF_V2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
const PROTOBUF_V3 = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf'

/** What other servers say of the APIs that they serve. */
export interface RemoteOpenApi {
  documents(): readonly RemoteDocuments[]
  readonly documentChanges: number
}

export interface OpenApiOptions {
  readonly registry: Registry
  /** Names the program: documents of another one are other documents. */
  readonly release: string
  readonly clock: Pick<Clock, 'now'>
  readonly loadDocs?: LoadDocs
  readonly remotes?: RemoteOpenApi
}

/** The forms of one document. */
interface Document {
  /** Changes with what the document says. */
  readonly hash: string
  readonly modified: number
  json(): Buffer
  readonly protobuf?: () => Buffer
}

/** By what another server names the state of its document. */
const hashIn = (url: string) => new URLSearchParams(url.split('?')[1]).get('hash') ?? hashOf(url)

const hashOf = (text: string) => createHash('sha512').update(text).digest('hex').toUpperCase()

/** Names a v3 document in the state it is in. */
function stateOf({ key, operations, custom }: GroupOperations): string {
  const parts = [key, ...operations.map((o) => o.id)]
  for (const [ref, type] of custom) parts.push(ref, JSON.stringify(type.schema('v3')))
  return parts.join('\n')
}

/** The handler of everything under /openapi. */
export function createOpenApiHandler(options: OpenApiOptions): OpenApiHandler {
  const { registry, release, clock, loadDocs = () => undefined } = options
  const remotes = options.remotes ?? { documents: () => [], documentChanges: 0 }
  // The version of the API, not the release of the server.
  const version = kubernetesVersion.replace(/^v(\d+\.\d+).*/, '$1')
  let docs: ApiDocs | undefined
  const prose = () => {
    docs ??= loadDocs() ?? {}
    return docs
  }
  const made = new Map<string, Document>()
  let changes = ''
  /** A document is made anew when what it says has changed, and one that is gone is forgotten. */
  const refresh = () => {
    const state = `${registry.changes} ${remotes.documentChanges}`
    if (changes === state) return
    changes = state
    const before = new Map(made)
    made.clear()
    const keep = (key: string, hash: string, document: Pick<Document, 'json' | 'protobuf'>) => {
      const known = before.get(key)
      made.set(key, known?.hash === hash ? known : { ...document, hash, modified: clock.now() })
    }
    const groups = allOperations(registry)
    for (const group of groups) {
      keep(
        `v3/${group.key}`,
        hashOf(`${release}\n${stateOf(group)}`),
        formsOf(() => documentV3(group, version, prose()), encodeDocumentV3),
      )
    }
    const elsewhere = remotes.documents()
    for (const { key, v3 } of elsewhere) if (v3) keep(`v3/${key}`, hashIn(v3.url), { json: () => v3.bytes })
    const parts = elsewhere.flatMap(({ v2 }) => (v2 ? [v2] : []))
    const everything = formsOf(() => mergeV2(documentV2(groups, version, prose()), parts), encodeDocumentV2)
    keep('v2', hashOf(`${release}\n${state}\n${groups.map(stateOf).join('\n')}`), everything)
  }
  const index = () => {
    const urls = new Map(remotes.documents().flatMap(({ key, v3 }) => (v3 ? [[key, v3.url]] : [])))
    const paths = [...made].flatMap(([name, { hash }]) => {
      if (name === 'v2') return []
      const key = name.slice('v3/'.length)
      return [[key, { serverRelativeURL: urls.get(key) ?? urlOf(key, hash) }] as const]
    })
    return bytesOf({ paths: Object.fromEntries(paths) })
  }

  return (request, response, { path, query }) => {
    refresh()
    const name = path.slice('/openapi/'.length)
    if (name === 'v3') {
      // As upstream, which leaves it to the first bytes what type this is.
      const content = { bytes: index(), type: 'text/plain; charset=utf-8', modified: clock.now() }
      serveContent(request, response, content, UNCACHED)
      return true
    }
    const document = made.get(name)
    if (!document) return false
    serveDocument(request, response, { name, document, hash: query.get('hash') ?? '', now: clock.now() })
    return true
  }
}

const UNCACHED = { 'cache-control': NOT_KEPT }
const YEAR_MS = 365 * 24 * 60 * 60 * 1000

interface Asked {
  readonly name: string
  readonly document: Document
  /** The state that the client knows of; empty for any. */
  readonly hash: string
  readonly now: number
}

/** Model: HandleGroupVersion of k8s.io/kube-openapi/pkg/handler3. */
function serveDocument(request: Request, response: Response, { name, document, hash, now }: Asked): void {
  const isV2 = name === 'v2'
  const form = formOf(String(request.headers.accept ?? ''), document, isV2)
  const vary = isV2 ? 'Accept-Encoding, Accept' : 'Accept'
  if (!form) {
    response.writeHead(406, { ...UNCACHED, vary, 'content-length': 0 })
    response.end()
    return
  }
  const etag = `"${document.hash}"`
  if (!isV2 && hash !== '' && hash !== document.hash) {
    const location = urlOf(name.slice('v3/'.length), document.hash)
    const headers = { ...UNCACHED, vary, etag, location, 'content-type': form.type, 'content-length': 0 }
    response.writeHead(301, headers)
    response.end()
    return
  }
  // With the hash in the address it is the same for ever.
  const forEver = { 'cache-control': 'public, immutable', expires: new Date(now + YEAR_MS).toUTCString() }
  const headers = { vary, ...(isV2 || hash === '' ? UNCACHED : forEver) }
  const content = { bytes: form.bytes(), type: form.type, etag, modified: document.modified }
  if (!isV2 || !acceptsGzip(request.headers) || request.headers.range !== undefined) {
    return serveContent(request, response, content, headers)
  }
  gzip(content.bytes, { level: 1 }, (error, bytes) => {
    if (error) serveContent(request, response, content, headers)
    else serveContent(request, response, { ...content, bytes }, { ...headers, 'content-encoding': 'gzip' })
  })
}

const urlOf = (key: string, hash: string) => `/openapi/v3/${key}?hash=${hash}`

/** The form of a document that a client likes best; the protobuf types had another sign in them once. */
function formOf(accept: string, { json, protobuf }: Document, isV2: boolean) {
  const proto = isV2 ? PROTOBUF_V2 : PROTOBUF_V3
  for (const { type } of clausesOf(accept === '' ? '*/*' : accept)) {
    if (type === JSON_TYPE || type === 'application/*' || type === '*/*') return { type: JSON_TYPE, bytes: json }
    if (protobuf && type.replace(/@v1\.0/, '.v1.0') === proto) return { type: proto, bytes: protobuf }
  }
  return undefined
}

/** Both forms of a document, of which only the bytes are kept: it is large, and seldom asked for in both. */
function formsOf(make: () => Json, encode: (document: Json) => Buffer): Pick<Document, 'json' | 'protobuf'> {
  return { json: once(() => bytesOf(make())), protobuf: once(() => encode(make())) }
}

const bytesOf = (document: object) => Buffer.from(JSON.stringify(document))

/** What `make` gives, made when it is first wanted. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
