// Requests on resources: from a RequestInfo to the verb that answers it.

import { type ServedResource, servedResources } from '../../api/schema.ts'
import { methodNotAllowed } from '../../machinery/errors.ts'
import type { StoredObject } from '../api-object.ts'
import type { AuditTrail } from '../audit/auditor.ts'
import { shownSent } from '../audit/sent-object.ts'
import type { RequestContext } from '../registry/registry.ts'
import type { Resource, ServedVersion } from '../registry/resource.ts'
import type { UserInfo } from '../user.ts'
import { parseBody, readBody } from './body.ts'
import type { Request, Response } from './exchange.ts'
import { serveGet, serveList, serveWatchRequest } from './read-verbs.ts'
import type { RequestInfo } from './request-info.ts'
import { type ResourceHandlerEnv, type ResourceRequest, representationOf } from './resource-request.ts'
import { sendObject } from './respond.ts'
import { checkMediaTypes, checkPlace, checkRoute, nothingServed, notOffered } from './routes.ts'
import { partialMetadata } from './table.ts'
import { warningsOf } from './warnings.ts'
import { dryRunOf, fieldManagerOf, fieldValidationOf } from './write-options.ts'
import { serveCreate, serveDelete, serveDeleteCollection, servePatch, serveUpdate } from './write-verbs.ts'

/**
 * Serves a resource request that is authenticated and authorized. Throws or rejects with the error to answer.
 */
export function serveResource(
  env: ResourceHandlerEnv,
  request: Request,
  response: Response,
  info: RequestInfo,
  user: UserInfo,
  told: Told = {},
): Promise<void> | undefined {
  const served = env.api.registry.served(info.group, info.version, info.resource)
  if (!served) return serveVirtual(env, request, response, info, user, told)
  const { resource, version } = served
  checkPlace(info, resource)
  const context = contextOf(request, response, info, user, version, resource.namespaced, told, resource)
  const target = { resource, subresource: info.subresource, name: info.name }
  checkRoute(request, info, { resource, version, cbor: env.cbor ?? false })
  // Before anything is done: who cannot be answered is not served either.
  const { cbor = false } = env
  const representation = representationOf({ request, version, info, cbor })
  const { trail } = told
  const about = { request, response, info, target, context, version, representation, cbor }
  const exchange: ResourceRequest = trail ? { ...about, trail } : about
  const deprecation = version.deprecation?.(version.subresources.get(info.subresource)?.kind.kind ?? version.kind)
  if (deprecation) {
    context.warn(deprecation)
    trail?.deprecated(deprecation)
  }
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
      throw notOffered(resource, info)
  }
}

function contextOf(
  request: Request,
  response: Response,
  info: RequestInfo,
  user: UserInfo,
  version: ServedVersion,
  namespaced: boolean,
  { waited, trail }: Told,
  resource?: Resource,
): RequestContext {
  const context: RequestContext = {
    user,
    namespace: namespaced ? info.namespace : '',
    version,
    dryRun: dryRunOf(info.query.getAll('dryRun')),
    // Readers own no fields.
    fieldManager: READING.has(info.verb) ? '' : fieldManagerOf(request, info),
    fieldValidation: fieldValidationOf(info.query.get('fieldValidation')),
    warn: warningsOf(response),
  }
  if (waited) context.waited = waited
  if (trail) {
    context.annotate = trail.annotate
    context.decoded = (object, version) =>
      trail.sent((now) => shownSent(object, version, resource, now), object.metadata)
  }
  return context
}

/** Who else is told of a request. */
interface Told {
  readonly waited?: NonNullable<RequestContext['waited']>
  readonly trail?: AuditTrail
}

const READING = new Set(['get', 'list', 'watch'])

/** Kinds that are answered but never stored: reviews of all sorts. */
async function serveVirtual(
  env: ResourceHandlerEnv,
  request: Request,
  response: Response,
  info: RequestInfo,
  user: UserInfo,
  told: Told,
): Promise<void> {
  const handler = env.api.virtual(`${info.group}/${info.resource}`)
  const served = handler && info.name === '' ? servedVirtual(env, info) : undefined
  if (!handler || !served) throw nothingServed(env.api.registry, info)
  if (info.verb !== 'create') throw methodNotAllowed()
  const version = virtualVersion(info)
  const { cbor = false } = env
  checkMediaTypes(request, info, cbor)
  const representation = representationOf({ request, version, info, cbor })
  const { kind } = served.kind
  const body = parseBody(await readBody(request), request.headers['content-type'], { kind, cbor })
  const context = contextOf(request, response, info, user, version, info.namespace !== '', told)
  const answer = await handler({ name: '', body, context })
  const { as, wrapperVersion } = representation
  const object = as === 'PartialObjectMetadata' ? partialMetadata(answer as StoredObject, wrapperVersion) : answer
  sendObject(response, 201, representation, { object })
}

/** What the facts say of a review in the version and the scope that are asked for. */
function servedVirtual(
  { api }: ResourceHandlerEnv,
  { group, version, resource, namespace }: RequestInfo,
): ServedResource | undefined {
  if (!/^v\d+$/.test(version) || !api.registry.serves(group, version, resource)) return undefined
  const served = servedResources.find((r) => r.group === group && r.version === version && r.resource === resource)
  return served?.namespaced === (namespace !== '') ? served : undefined
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
