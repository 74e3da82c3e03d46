// Requests on resources: from a RequestInfo to the operation and back to bytes.

import type { DeleteOptions } from '../../api/generated/meta-v1.ts'
import { DecodeError, decode } from '../../machinery/decode.ts'
import {
  badRequest,
  type FieldError,
  field,
  invalid,
  methodNotSupported,
  pageNotFound,
  unsupportedMediaType,
} from '../../machinery/errors.ts'
import type { Api, Target } from '../api.ts'
import { inVersion } from '../api.ts'
import { isRecord } from '../api-object.ts'
import { type Authorizer, requireAllowed } from '../authorization/authorizer.ts'
import { deleteCollection } from '../registry/delete-collection.ts'
import type { Entry } from '../registry/entry.ts'
import { list } from '../registry/list.ts'
import type { PatchType } from '../registry/patch.ts'
import type { RequestContext } from '../registry/registry.ts'
import type { ServedVersion } from '../registry/resource.ts'
import { selectionOf } from '../registry/selection.ts'
import type { UserInfo } from '../user.ts'
import { duplicateFields, parseBody, parseConfiguration, parsePatch, readBody } from './body.ts'
import type { Request, Response } from './exchange.ts'
import { negotiate, type Representation } from './media-type.ts'
import { hasProtobuf, protobufEntry, protobufList } from './protobuf.ts'
import type { RequestInfo } from './request-info.ts'
import { sendEncoded, sendObject, warningHeader } from './respond.ts'
import { includeObjectOf, partialMetadata, tableOf } from './table.ts'
import { serveWatch, type WatchEnv } from './watch-handler.ts'

const DELETE_OPTIONS = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'
const MAX_WARNINGS = 20

/** One request on its way through the handler. */
interface Exchange {
  readonly request: Request
  readonly response: Response
  readonly info: RequestInfo
  readonly target: Target
  readonly context: RequestContext
  readonly version: ServedVersion
  readonly representation: Representation
}

export interface ResourceHandlerEnv extends WatchEnv {
  readonly api: Api
  readonly authorizer: Authorizer
}

/**
 * Serves a resource request that is authenticated and authorized. `annotate` is told what the audit log is to say of
 * it. Rejects with the error to answer.
 */
export async function serveResource(
  env: ResourceHandlerEnv,
  request: Request,
  response: Response,
  info: RequestInfo,
  user: UserInfo,
  annotate?: (key: string, value: string) => void,
): Promise<void> {
  const served = env.api.registry.served(info.group, info.version, info.resource)
  if (!served) return serveVirtual(env, request, response, info, user)
  const { resource, version } = served
  if (resource.namespaced && info.namespace === '' && info.name !== '') throw pageNotFound()
  const own = contextOf(request, response, info, user, version, resource.namespaced)
  const context = annotate ? { ...own, annotate } : own
  const target = { resource, subresource: info.subresource, name: info.name }
  // Before anything is done: who cannot be answered is not served either.
  const representation = representationOf({ request, version })
  const exchange: Exchange = { request, response, info, target, context, version, representation }
  if (info.subresource !== '' && !version.subresources.has(info.subresource)) throw pageNotFound()
  if (!offers(version, info)) throw methodNotSupported(resource, info.verb)
  const deprecation = version.deprecation?.(version.subresources.get(info.subresource)?.kind.kind ?? version.kind)
  if (deprecation) context.warn(deprecation)
  switch (info.verb) {
    case 'get':
      return serveGet(env, exchange)
    case 'list':
      return serveList(env, exchange)
    case 'watch':
      return serveWatchRequest(env, exchange)
    case 'create':
      return serveCreate(env, exchange)
    case 'update':
      return serveUpdate(env, exchange)
    case 'patch':
      return servePatch(env, exchange)
    case 'delete':
      return serveDelete(env, exchange)
    case 'deletecollection':
      return serveDeleteCollection(env, exchange)
    default:
      throw methodNotSupported(resource, info.verb)
  }
}

/** Whether the resource has this verb at this place: what changes one object has to name it. */
function offers(version: ServedVersion, { verb, name, subresource }: RequestInfo): boolean {
  if (name === '' && (verb === 'update' || verb === 'patch')) return false
  return subresource !== '' || version.verbs.includes(verb)
}

function contextOf(
  request: Request,
  response: Response,
  info: RequestInfo,
  user: UserInfo,
  version: ServedVersion,
  namespaced: boolean,
): RequestContext {
  const warnings: string[] = []
  return {
    user,
    namespace: namespaced ? info.namespace : '',
    version,
    dryRun: dryRunOf(info.query.getAll('dryRun')),
    fieldManager: fieldManagerOf(request, info),
    fieldValidation: fieldValidationOf(info.query.get('fieldValidation')),
    warn(message) {
      if (warnings.length >= MAX_WARNINGS) return
      warnings.push(warningHeader(message))
      response.setHeader('warning', warnings)
    },
  }
}

function dryRunOf(values: readonly string[]): boolean {
  const given = values.filter((v) => v !== '')
  if (given.length === 0) return false
  for (const value of given) {
    if (value !== 'All') {
      throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(value)}: supported values: "All"`)
    }
  }
  return true
}

const MAX_MANAGER = 128

/** The manager a request names, or else the program that makes it. */
function fieldManagerOf(request: Request, info: RequestInfo): string {
  const named = info.query.get('fieldManager')
  if (named) return named
  const [program = ''] = (request.headers['user-agent'] ?? '').split('/')
  return program.replace(UNPRINTABLE, '').slice(0, MAX_MANAGER)
}

const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu

/** Throws Invalid when the options of a write are not valid; `others` are problems that are known already. */
function checkWriteOptions(kind: string, { info }: Exchange, others: readonly FieldError[] = []): void {
  const manager = info.query.get('fieldManager') ?? ''
  const problems = [...others]
  if (Buffer.byteLength(manager) > MAX_MANAGER) problems.push(field.tooLong('fieldManager', MAX_MANAGER))
  if (manager !== manager.replace(UNPRINTABLE, '')) {
    problems.push(field.invalid('fieldManager', manager, 'should only contain printable characters'))
  }
  if (problems.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', problems)
}

function fieldValidationOf(value: string | null): RequestContext['fieldValidation'] {
  if (value === null || value === '') return 'Warn'
  if (value === 'Ignore' || value === 'Warn' || value === 'Strict') return value
  throw badRequest(
    `fieldValidation: Unsupported value: ${JSON.stringify(value)}: supported values: "Ignore", "Strict", "Warn"`,
  )
}

/** One entry in the representation that the client wants. */
function sendEntry(exchange: Exchange, code: number, entry: Entry, env: ResourceHandlerEnv): void {
  const { response, target, info, representation } = exchange
  if (representation.as === 'Table' && target.subresource === '') {
    const { resourceVersion } = entry.object.metadata
    const table = tableOf(target.resource, [entry], { resourceVersion }, tableOptions(representation, info, env))
    return sendObject(response, code, representation, { object: table })
  }
  if (representation.as === 'PartialObjectMetadata') {
    const partial = partialMetadata(entry.object, representation.wrapperVersion)
    return sendObject(response, code, representation, { object: partial })
  }
  if (representation.format === 'protobuf') return sendEncoded(response, code, representation, protobufEntry(entry))
  sendObject(response, code, representation, { object: entry.object, json: entry.json })
}

/** What the client accepts and this kind can be sent as: kinds without a protobuf form go as the next alternative. */
function representationOf({ request, version }: Pick<Exchange, 'request' | 'version'>): Representation {
  return negotiate(request.headers, { protobuf: version.typeRef === '' || hasProtobuf(version) })
}

function tableOptions(representation: Representation, info: RequestInfo, env: ResourceHandlerEnv) {
  return {
    wrapperVersion: representation.wrapperVersion,
    include: includeObjectOf(info.query.get('includeObject')),
    now: env.api.registry.clock.now(),
    withColumns: true,
  }
}

async function serveGet(env: ResourceHandlerEnv, exchange: Exchange): Promise<void> {
  sendEntry(exchange, 200, await env.api.get(exchange.target, exchange.context), env)
}

const COMMA = Buffer.from(',')
const OPEN = Buffer.from('{')

async function serveList(env: ResourceHandlerEnv, exchange: Exchange): Promise<void> {
  const { target, version, info, response, representation } = exchange
  const initial = initialEventsOf(info)
  const query = { ...listQueryOf(exchange), ...(initial === undefined ? {} : { sendInitialEvents: initial }) }
  const result = await list(env.api.registry, target.resource, query)
  const entries = result.entries.map((entry) => inVersion(entry, version))
  const metadata = {
    resourceVersion: String(result.revision),
    ...(result.continue === '' ? {} : { continue: result.continue }),
    ...(result.remaining === undefined ? {} : { remainingItemCount: result.remaining }),
  }
  if (representation.as === 'Table') {
    const table = tableOf(target.resource, entries, metadata, tableOptions(representation, info, env))
    return sendObject(response, 200, representation, { object: table })
  }
  if (representation.as !== 'object') {
    const items = entries.map((e) => partialMetadata(e.object, representation.wrapperVersion))
    const object = { kind: 'PartialObjectMetadataList', apiVersion: representation.wrapperVersion, metadata, items }
    return sendObject(response, 200, representation, { object })
  }
  if (representation.format === 'protobuf') {
    return sendEncoded(response, 200, representation, protobufList(version, metadata, entries))
  }
  const head = { kind: version.listKind ?? `${version.kind}List`, apiVersion: version.apiVersion, metadata }
  if (representation.format === 'yaml' || representation.pretty) {
    const items = entries.map(({ object: { kind: _, apiVersion: __, ...rest } }) => rest)
    return sendObject(response, 200, representation, { object: { ...head, items } })
  }
  // A list is a concatenation of what is encoded already; items go without kind and apiVersion.
  const parts: Buffer[] = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`)]
  for (const [i, entry] of entries.entries()) {
    if (i > 0) parts.push(COMMA)
    parts.push(OPEN, entry.json.subarray(entry.headLength))
  }
  parts.push(Buffer.from(']}\n'))
  sendEncoded(response, 200, representation, Buffer.concat(parts))
}

function listQueryOf({ info, target, version, context }: Exchange) {
  const { query } = info
  const limit = Number(query.get('limit') ?? 0)
  if (!Number.isInteger(limit) || limit < 0) {
    throw badRequest(`limit: Invalid value: ${JSON.stringify(query.get('limit'))}: must be a non-negative integer`)
  }
  return {
    namespace: context.namespace,
    selection: selectionOf(target.resource, {
      labelSelector: query.get('labelSelector') ?? undefined,
      fieldSelector: query.get('fieldSelector') ?? undefined,
      version,
    }),
    limit,
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
  }
}

function initialEventsOf({ query }: RequestInfo): boolean | undefined {
  const value = query.get('sendInitialEvents')
  return value === null || value === '' ? undefined : value === 'true' || value === '1'
}

async function serveWatchRequest(env: ResourceHandlerEnv, exchange: Exchange): Promise<void> {
  const { info, target, version, request, response, context } = exchange
  const { query } = info
  const { selection: bySelectors } = listQueryOf(exchange)
  const named = info.name === '' ? '' : `metadata.name=${info.name}`
  const selection =
    named === '' ? bySelectors : selectionOf(target.resource, { labelSelector: undefined, fieldSelector: named })
  await serveWatch(env, {
    request,
    response,
    resource: target.resource,
    version,
    representation: exchange.representation,
    include: includeObjectOf(query.get('includeObject')),
    timeoutSeconds: Number(query.get('timeoutSeconds') ?? 0),
    query: {
      namespace: context.namespace,
      selection,
      resourceVersion: query.get('resourceVersion') ?? '',
      resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
      allowBookmarks: query.get('allowWatchBookmarks') === 'true' || query.get('allowWatchBookmarks') === '1',
      sendInitialEvents: initialEventsOf(info),
    },
  })
}

async function serveCreate(env: ResourceHandlerEnv, exchange: Exchange): Promise<void> {
  const { target, response } = exchange
  const { subresource, resource } = target
  if (target.name !== '' && subresource === '') throw methodNotSupported(resource, 'create')
  const { body, context } = await readObject(exchange)
  checkWriteOptions('CreateOptions', exchange)
  if (subresource !== '') {
    const answer = await env.api.createSubresource(target, body, context)
    return sendObject(response, 201, exchange.representation, { object: answer })
  }
  sendEntry(exchange, 201, await env.api.create(target, body, context), env)
}

/** The object in a request's body, and the context with what the text of the body said twice. */
async function readObject({ request, version, context, target }: Exchange) {
  const bytes = await readBody(request)
  const type = request.headers['content-type']
  const kind = version.subresources.get(target.subresource)?.kind.kind ?? version.kind
  const body = parseBody(bytes, type, kind)
  if (context.fieldValidation === 'Ignore') return { body, context }
  return { body, context: { ...context, duplicateFields: duplicateFields(bytes, type) } }
}

async function serveUpdate(env: ResourceHandlerEnv, exchange: Exchange): Promise<void> {
  const { target } = exchange
  const { body, context } = await readObject(exchange)
  checkWriteOptions('UpdateOptions', exchange)
  const { entry, created } = await env.api.update(target, body, context)
  sendEntry(exchange, created ? 201 : 200, entry, env)
}

const APPLY = 'application/apply-patch+yaml'
const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
}

async function servePatch(env: ResourceHandlerEnv, exchange: Exchange): Promise<void> {
  const { request, target, context } = exchange
  const contentType = (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''
  if (contentType === APPLY) return serveApply(env, exchange)
  const type = PATCH_TYPES[contentType]
  if (!type) {
    request.resume()
    throw unsupportedMediaType([...Object.keys(PATCH_TYPES), APPLY])
  }
  checkWriteOptions('PatchOptions', exchange, forcedOf(exchange.info) === undefined ? [] : [NOT_FORCED])
  const bytes = await readBody(request)
  const body = parsePatch(bytes)
  sendEntry(exchange, 200, await env.api.patch(target, { type, body }, context), env)
}

const NOT_FORCED = field.forbidden('force', 'may not be specified for non-apply patch')

function forcedOf({ query }: RequestInfo): boolean | undefined {
  const value = query.get('force')
  return value === null ? undefined : value === '' || value === 'true' || value === '1'
}

async function serveApply(env: ResourceHandlerEnv, exchange: Exchange): Promise<void> {
  const { request, target, info, context } = exchange
  const bytes = await readBody(request)
  const named = info.query.get('fieldManager') !== null && info.query.get('fieldManager') !== ''
  checkWriteOptions(
    'PatchOptions',
    exchange,
    named ? [] : [field.required('fieldManager', 'is required for apply patch')],
  )
  const { body, duplicates } = parseConfiguration(bytes)
  const [first] = duplicates
  if (first !== undefined && context.fieldValidation === 'Strict') {
    throw badRequest(`error strict decoding YAML: ${first}`)
  }
  if (context.fieldValidation === 'Warn') for (const duplicate of duplicates) context.warn(duplicate)
  const { resource, namespace, name } = { ...info, name: target.name }
  const mayCreate = () =>
    requireAllowed(env.authorizer, {
      ...{ user: context.user, verb: 'create', group: info.group, version: info.version, resource },
      ...{ subresource: '', namespace, name, path: '', isResource: true },
    })
  const configuration = { body, force: forcedOf(info) ?? false }
  const { entry, created } = await env.api.apply(target, configuration, { ...context, mayCreate })
  sendEntry(exchange, created ? 201 : 200, entry, env)
}

async function serveDelete(env: ResourceHandlerEnv, exchange: Exchange): Promise<void> {
  const { target, context, response } = exchange
  if (target.subresource !== '') throw methodNotSupported(target.resource, 'delete')
  const options = await deleteOptionsOf(exchange)
  const dryRun = context.dryRun || (options.dryRun ?? []).includes('All')
  const { entry, removed } = await env.api.delete(target, options, { ...context, dryRun })
  // Upstream answers with the object while it is still there, and for pods and namespaces always.
  if (!removed) return sendEntry(exchange, 200, entry, env)
  const { group, resource } = target.resource
  const { name, uid } = entry.object.metadata
  const details = { name, ...(group === '' ? {} : { group }), kind: resource, uid }
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
  sendObject(response, 200, exchange.representation, { object: status })
}

async function serveDeleteCollection(env: ResourceHandlerEnv, exchange: Exchange): Promise<void> {
  const { target, context, version, response } = exchange
  const options = await deleteOptionsOf(exchange)
  const dryRun = context.dryRun || (options.dryRun ?? []).includes('All')
  const entries = await deleteCollection(env.api.registry, target.resource, listQueryOf(exchange), options, {
    ...context,
    dryRun,
  })
  const items = entries.map((entry) => inVersion(entry, version).object)
  const metadata = { resourceVersion: String((await env.api.registry.cache(target.resource)).revision) }
  sendObject(response, 200, exchange.representation, {
    object: { kind: version.listKind ?? `${version.kind}List`, apiVersion: version.apiVersion, metadata, items },
  })
}

/** Options of a deletion: the body, or for old clients the query. */
async function deleteOptionsOf({ request, info }: Exchange): Promise<DeleteOptions> {
  const bytes = await readBody(request)
  const fromQuery = optionsFromQuery(info.query)
  if (bytes.length === 0) return fromQuery
  const body = parseBody(bytes, request.headers['content-type'])
  if (!isRecord(body)) throw badRequest('the body of a delete request must be a DeleteOptions object')
  try {
    return { ...fromQuery, ...(decode(DELETE_OPTIONS, body).object as DeleteOptions) }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw badRequest(`DeleteOptions in version "v1" cannot be handled as a DeleteOptions: ${error.message}`, {
      cause: error,
    })
  }
}

function optionsFromQuery(query: URLSearchParams): DeleteOptions {
  const grace = query.get('gracePeriodSeconds')
  const policy = query.get('propagationPolicy')
  const orphan = query.get('orphanDependents')
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(orphan === null ? {} : { orphanDependents: orphan === 'true' }),
  }
}

/** Kinds that are answered but never stored: reviews of all sorts. */
async function serveVirtual(
  env: ResourceHandlerEnv,
  request: Request,
  response: Response,
  info: RequestInfo,
  user: UserInfo,
): Promise<void> {
  const handler = env.api.virtual(`${info.group}/${info.resource}`)
  if (!handler || info.name !== '') throw pageNotFound()
  if (info.verb !== 'create') throw methodNotSupported(info, info.verb)
  const version = virtualVersion(info)
  const representation = representationOf({ request, version })
  const body = parseBody(await readBody(request), request.headers['content-type'])
  const context = contextOf(request, response, info, user, version, info.namespace !== '')
  const answer = await handler({ name: '', body, context })
  sendObject(response, 201, representation, { object: answer })
}

function virtualVersion(info: RequestInfo): ServedVersion {
  const apiVersion = info.group === '' ? info.version : `${info.group}/${info.version}`
  return {
    group: info.group,
    version: info.version,
    kind: '',
    apiVersion,
    typeRef: '',
    verbs: ['create'],
    subresources: new Map(),
  }
}
