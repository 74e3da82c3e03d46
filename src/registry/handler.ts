// The distribution API over node:http: routes, headers and status codes of the OCI distribution specification 1.1.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Logger } from '../machinery/logger.ts'
import { MediaType } from './manifest.ts'
import { isDigest, isRepositoryName, repositoryCandidates } from './reference.ts'
import { RegistryError } from './registry-error.ts'
import type { RegistryStore } from './store.ts'
import type { Uploads } from './uploads.ts'

const MAX_MANIFEST = 4 * 1024 * 1024
const MAX_PAGE = 1000
const BASE = 'http://registry'

/** Answers one request of the registry API. */
export type RegistryHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

interface Context {
  readonly store: RegistryStore
  readonly uploads: Uploads
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly method: string
  readonly query: URLSearchParams
  /** As the client calls it. */
  readonly name: string
  /** Tag, digest or upload id. */
  readonly reference: string
}

const ROUTES: readonly {
  readonly pattern: RegExp
  readonly methods: Readonly<Record<string, (c: Context) => Promise<void>>>
}[] = [
  { pattern: /^\/v2\/?$/, methods: { GET: base, HEAD: base } },
  { pattern: /^\/v2\/_catalog$/, methods: { GET: catalog } },
  { pattern: /^\/v2\/(.+)\/tags\/list$/, methods: { GET: listTags } },
  {
    pattern: /^\/v2\/(.+)\/manifests\/([^/]+)$/,
    methods: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  },
  { pattern: /^\/v2\/(.+)\/referrers\/([^/]+)$/, methods: { GET: listReferrers } },
  { pattern: /^\/v2\/(.+)\/blobs\/uploads\/?$/, methods: { POST: beginUpload } },
  {
    pattern: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    methods: { GET: uploadStatus, PATCH: appendUpload, PUT: finishUpload, DELETE: cancelUpload },
  },
  { pattern: /^\/v2\/(.+)\/blobs\/([^/]+)$/, methods: { GET: getBlob, HEAD: getBlob, DELETE: deleteBlob } },
]

/** The handler over a store. */
export function registryHandler(options: {
  readonly store: RegistryStore
  readonly uploads: Uploads
  readonly log: Logger
}): RegistryHandler {
  const { store, uploads, log } = options
  return async (request, response) => {
    const method = request.method ?? 'GET'
    try {
      const target = request.url ?? '/'
      if (!URL.canParse(target, BASE)) throw new RegistryError('NAME_INVALID', `invalid path ${JSON.stringify(target)}`)
      const url = new URL(target, BASE)
      const path = decodePath(url.pathname)
      for (const { pattern, methods } of ROUTES) {
        const match = pattern.exec(path)
        if (!match) continue
        const [, name = '', reference = ''] = match
        if (name !== '' && !isRepositoryName(name)) {
          throw new RegistryError('NAME_INVALID', `invalid repository name ${JSON.stringify(name)}`)
        }
        const answer = methods[method]
        if (!answer) throw new RegistryError('UNSUPPORTED', `the operation is unsupported: ${method} ${path}`)
        await answer({ store, uploads, request, response, method, query: url.searchParams, name, reference })
        return
      }
      throw new RegistryError('NAME_UNKNOWN', `no such path: ${path}`)
    } catch (error) {
      answerError({ error, request, response, log })
    }
  }
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new RegistryError('NAME_INVALID', `invalid path ${JSON.stringify(path)}`)
  }
}

function answerError(failure: {
  readonly error: unknown
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly log: Logger
}): void {
  const { error, request, response, log } = failure
  const known = error instanceof RegistryError
  const gone = request.destroyed && !request.complete
  if (!known && !gone) log.error('registry-request-failed', { method: request.method, url: request.url, error })
  if (response.headersSent || gone) {
    response.destroy()
    return
  }
  // What is left of the body must not be taken for the next request.
  if (!request.complete) response.setHeader('Connection', 'close')
  const status = known ? error.status : 500
  const body = known ? error.body : { errors: [{ code: 'UNKNOWN', message: 'internal server error' }] }
  sendJson(response, status, body)
}

function sendJson(response: ServerResponse, status: number, body: unknown, contentType = 'application/json'): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`)
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': bytes.length,
    'Docker-Distribution-Api-Version': 'registry/2.0',
  })
  response.end(bytes)
}

async function base({ response }: Context): Promise<void> {
  sendJson(response, 200, {})
}

async function catalog({ store, query, response }: Context): Promise<void> {
  const { items, next } = page(await store.repositories(), query)
  if (next !== undefined) response.setHeader('Link', `</v2/_catalog?${next}>; rel="next"`)
  sendJson(response, 200, { repositories: items })
}

async function listTags(context: Context): Promise<void> {
  const { store, query, response, name } = context
  for (const repository of candidates(context)) {
    if (!(await store.hasRepository(repository))) continue
    const { items, next } = page(await store.tags(repository), query)
    if (next !== undefined) response.setHeader('Link', `</v2/${name}/tags/list?${next}>; rel="next"`)
    return sendJson(response, 200, { name, tags: items })
  }
  throw unknownName(name)
}

/** The part of a sorted list that `n` and `last` ask for, and the query of the next part. */
function page(all: readonly string[], query: URLSearchParams): { items: string[]; next: string | undefined } {
  const last = query.get('last') ?? ''
  const asked = query.get('n')
  if (asked !== null && !/^\d+$/.test(asked))
    throw new RegistryError('UNSUPPORTED', `invalid number of results "${asked}"`)
  const size = Math.min(
    asked === null ? Number.POSITIVE_INFINITY : Number(asked),
    asked === null ? all.length : MAX_PAGE,
  )
  const rest = last === '' ? all : all.filter((item) => item > last)
  const items = rest.slice(0, size)
  const end = items.at(-1)
  if (end === undefined || items.length === rest.length) return { items, next: undefined }
  return { items, next: new URLSearchParams({ n: String(size), last: end }).toString() }
}

async function getManifest(context: Context): Promise<void> {
  const { store, response, method, name, reference } = context
  for (const repository of candidates(context)) {
    const found = await store.manifest(repository, reference)
    if (found === undefined) continue
    response.writeHead(200, {
      'Content-Type': found.mediaType,
      'Content-Length': found.content.length,
      'Docker-Content-Digest': found.digest,
      ETag: `"${found.digest}"`,
      'Docker-Distribution-Api-Version': 'registry/2.0',
    })
    response.end(method === 'HEAD' ? undefined : found.content)
    return
  }
  throw new RegistryError('MANIFEST_UNKNOWN', `manifest unknown: ${name}:${reference}`, { name, reference })
}

async function putManifest(context: Context): Promise<void> {
  const { store, request, response, name, reference } = context
  const content = await readBody(request, MAX_MANIFEST)
  const contentType = request.headers['content-type']?.split(';')[0]?.trim()
  const { digest, subject } = await store.putManifest({
    repository: writtenName(context),
    content,
    ...(isDigest(reference) ? { digest: reference } : { tag: reference }),
    ...(contentType === undefined ? {} : { mediaType: contentType }),
  })
  response.writeHead(201, {
    Location: `/v2/${name}/manifests/${digest}`,
    'Docker-Content-Digest': digest,
    ...(subject === undefined ? {} : { 'OCI-Subject': subject }),
    'Content-Length': 0,
  })
  response.end()
}

async function deleteManifest(context: Context): Promise<void> {
  const { store, response, name, reference } = context
  const repository = writtenName(context)
  const deleted = isDigest(reference)
    ? await store.deleteManifest(repository, reference)
    : await store.deleteTag(repository, reference)
  if (!deleted) throw new RegistryError('MANIFEST_UNKNOWN', `manifest unknown: ${name}:${reference}`)
  sendEmpty(response, 202)
}

async function listReferrers(context: Context): Promise<void> {
  const { store, query, response, reference } = context
  if (!isDigest(reference)) throw new RegistryError('DIGEST_INVALID', `invalid digest "${reference}"`)
  const type = query.get('artifactType')
  const lists = await Promise.all(candidates(context).map((repository) => store.referrers(repository, reference)))
  const all = [...new Map(lists.flat().map((descriptor) => [descriptor.digest, descriptor])).values()]
  const manifests = type === null ? all : all.filter(({ artifactType }) => artifactType === type)
  if (type !== null) response.setHeader('OCI-Filters-Applied', 'artifactType')
  sendJson(response, 200, { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests }, MediaType.ociIndex)
}

async function getBlob(context: Context): Promise<void> {
  const { store, request, response, method, reference } = context
  await requireBlob(context)
  const size = (await store.blobSize(reference)) ?? 0
  const range = parseRange(request.headers.range, size)
  const length = range === undefined ? size : range.end - range.start + 1
  response.writeHead(range === undefined ? 200 : 206, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': length,
    'Docker-Content-Digest': reference,
    'Accept-Ranges': 'bytes',
    ETag: `"${reference}"`,
    ...(range === undefined ? {} : { 'Content-Range': `bytes ${range.start}-${range.end}/${size}` }),
  })
  if (method === 'HEAD' || length === 0) response.end()
  else await pipeline(store.readBlob(reference, range), response)
}

async function requireBlob(context: Context): Promise<void> {
  const { store, reference } = context
  if (!isDigest(reference)) throw new RegistryError('DIGEST_INVALID', `invalid digest "${reference}"`)
  for (const repository of candidates(context)) if (await store.hasBlob(repository, reference)) return
  throw new RegistryError('BLOB_UNKNOWN', `blob unknown to registry: ${reference}`, { digest: reference })
}

/** The one range that a header asks for; nothing when there is none. Throws when it lies outside. */
function parseRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  const [, from = '', to = ''] = match ?? []
  if (!match || (from === '' && to === '')) return undefined
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (start >= size || end < start)
    throw new RegistryError('RANGE_INVALID', `invalid range "${header}": size is ${size}`)
  return { start, end }
}

async function deleteBlob(context: Context): Promise<void> {
  const { store, response, reference } = context
  if (!isDigest(reference)) throw new RegistryError('DIGEST_INVALID', `invalid digest "${reference}"`)
  if (!(await store.deleteBlob(writtenName(context), reference))) {
    throw new RegistryError('BLOB_UNKNOWN', `blob unknown to registry: ${reference}`)
  }
  sendEmpty(response, 202)
}

async function beginUpload(context: Context): Promise<void> {
  const { store, uploads, request, query, response, name } = context
  const [mount, from, digest] = ['mount', 'from', 'digest'].map((key) => query.get(key))
  if (mount && isDigest(mount) && (await mountable(store, mount, from ?? undefined))) {
    if (await store.linkBlob(writtenName(context), mount)) return created(response, name, mount)
  }
  const id = await uploads.begin()
  if (digest) {
    if (!isDigest(digest)) throw new RegistryError('DIGEST_INVALID', `invalid digest "${digest}"`)
    await uploads.append(id, request)
    return complete(context, id, digest)
  }
  uploadAccepted(response, name, id, 0)
}

// Without `from` any repository will do, as the specification allows.
async function mountable(store: RegistryStore, digest: string, from: string | undefined): Promise<boolean> {
  if (from === undefined) return (await store.blobSize(digest)) !== undefined
  if (!isRepositoryName(from)) return false
  for (const repository of repositoryCandidates(from)) if (await store.hasBlob(repository, digest)) return true
  return false
}

async function uploadStatus({ uploads, response, name, reference }: Context): Promise<void> {
  const size = await uploads.size(reference)
  response.writeHead(204, {
    Location: uploadUrl(name, reference),
    Range: receivedRange(size),
    'Docker-Upload-UUID': reference,
  })
  response.end()
}

async function appendUpload({ uploads, request, response, name, reference }: Context): Promise<void> {
  const range = parseContentRange(request.headers['content-range'])
  const size = await uploads.append(reference, request, range)
  uploadAccepted(response, name, reference, size)
}

/** `0-99` or `bytes 0-99/*` of a chunk. */
function parseContentRange(header: string | undefined): { start: number; end: number } | undefined {
  if (header === undefined) return undefined
  const match = /^(?:bytes[ =])?(\d+)-(\d+)(?:\/.*)?$/.exec(header)
  if (!match) throw new RegistryError('RANGE_INVALID', `invalid content range "${header}"`)
  return { start: Number(match[1]), end: Number(match[2]) }
}

async function finishUpload(context: Context): Promise<void> {
  const { uploads, request, query, reference } = context
  const digest = query.get('digest') ?? ''
  if (!isDigest(digest)) throw new RegistryError('DIGEST_INVALID', `invalid digest "${digest}"`)
  const length = request.headers['content-length']
  if (request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')) {
    await uploads.append(reference, request, parseContentRange(request.headers['content-range']))
  }
  await complete(context, reference, digest)
}

async function complete(context: Context, id: string, digest: string): Promise<void> {
  const { store, uploads, response, name } = context
  await uploads.finish(id, digest)
  if (!(await store.linkBlob(writtenName(context), digest))) {
    throw new RegistryError('BLOB_UPLOAD_INVALID', `blob ${digest} was removed while it was being pushed`)
  }
  created(response, name, digest)
}

async function cancelUpload({ uploads, response, reference }: Context): Promise<void> {
  await uploads.cancel(reference)
  sendEmpty(response, 204)
}

function created(response: ServerResponse, name: string, digest: string): void {
  response.writeHead(201, {
    Location: `/v2/${name}/blobs/${digest}`,
    'Docker-Content-Digest': digest,
    'Content-Length': 0,
  })
  response.end()
}

function uploadAccepted(response: ServerResponse, name: string, id: string, size: number): void {
  response.writeHead(202, {
    Location: uploadUrl(name, id),
    Range: receivedRange(size),
    'Docker-Upload-UUID': id,
    'Content-Length': 0,
  })
  response.end()
}

function uploadUrl(name: string, id: string): string {
  return `/v2/${name}/blobs/uploads/${id}`
}

function receivedRange(size: number): string {
  return `0-${Math.max(0, size - 1)}`
}

function sendEmpty(response: ServerResponse, status: number): void {
  response.writeHead(status, status === 204 ? {} : { 'Content-Length': 0 })
  response.end()
}

function candidates({ name, query }: Context): string[] {
  return repositoryCandidates(name, query.get('ns') ?? undefined)
}

// What is written keeps the name it was pushed under; a mirror request says the host apart.
function writtenName({ name, query }: Context): string {
  const namespace = query.get('ns')
  return namespace ? (repositoryCandidates(name, namespace)[0] ?? name) : name
}

function unknownName(name: string): RegistryError {
  return new RegistryError('NAME_UNKNOWN', `repository name not known to registry: ${name}`, { name })
}

async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  // The rest of what is too large stays unread, so that the answer still reaches the client.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length
    if (size > limit) throw new RegistryError('SIZE_INVALID', `manifest is larger than ${limit} bytes`)
    parts.push(chunk)
  }
  return Buffer.concat(parts)
}
