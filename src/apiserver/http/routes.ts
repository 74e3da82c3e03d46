// Which requests there are at all: paths, methods and media types, before anything is done.
// Model: APIInstaller of k8s.io/apiserver, crdHandler of k8s.io/apiextensions-apiserver, and the router that upstream uses
// for built-in kinds (RouterJSR311.detectRoute of go-restful), whose refusals are shorter than those of its handlers.

import {
  badRequest,
  methodNotAllowed,
  methodNotSupported,
  NothingHere,
  notFound,
  pageNotFound,
  StatusError,
} from '../../machinery/errors.ts'
import type { Registry } from '../registry/registry.ts'
import { type Resource, type ServedVersion, verbsOf } from '../registry/resource.ts'
import type { Request } from './exchange.ts'
import { CBOR, CBOR_SEQUENCE, PROTOBUF } from './media-type.ts'
import { patchTypeOf } from './patch-types.ts'
import type { RequestInfo } from './request-info.ts'

const READS_EVERYWHERE = new Set(['list', 'watch'])

/** Throws when nothing is served at this place, whatever the method. */
export function checkPlace(info: RequestInfo, resource: Resource): void {
  const { namespace, name, verb } = info
  const { group, resource: kind, namespaced, view } = resource
  const namespaces = group === '' && kind === 'namespaces'
  // Proxies that are named before what they lead to are no more.
  if (verb === 'proxy') throw view ? new NothingHere() : pageNotFound()
  if (!namespaced && namespace !== '' && !namespaces) throw view ? new NothingHere() : pageNotFound()
  if (namespaced && namespace === '' && !READS_EVERYWHERE.has(verb)) {
    // Across all namespaces there are only lists and watches. Model: APIInstaller, crdHandler.ServeHTTP.
    if (view) throw new NothingHere()
    // A route leads there, and what it leads to has no key.
    if (info.namespaceMissing) return
    throw name === '' ? methodNotAllowed() : pageNotFound()
  }
}

/** Which methods the connections of pods have routes for. Model: ConnectMethods of pkg/registry/core/pod/rest. */
const CONNECTIONS: Readonly<Record<string, readonly string[]>> = {
  log: ['GET'],
  exec: ['GET', 'POST'],
  attach: ['GET', 'POST'],
  portforward: ['GET', 'POST'],
}

/** Whether a request is for a connection to a pod. Throws when there is none at this place or with this method. */
export function checkConnection({ method = 'GET' }: Request, info: RequestInfo): boolean {
  const { group, resource, subresource, namespace, rest } = info
  const methods = group === '' && resource === 'pods' ? CONNECTIONS[subresource] : undefined
  if (!methods) return false
  if (namespace === '' || rest !== '' || info.version !== 'v1') throw pageNotFound()
  if (!methods.includes(method)) throw methodNotAllowed()
  return true
}

function noSubresource(resource: Resource, { name }: RequestInfo): Error {
  return resource.view ? notFound(resource, name) : pageNotFound()
}

/** Built-in kinds have routes, custom ones a handler that says what it was asked for. */
export function notOffered(resource: Resource, { verb, name, subresource }: RequestInfo): Error {
  const named = verb === 'update' || verb === 'patch'
  if (resource.view && named && name === '' && subresource === '') return badRequest('name must be provided')
  // Lists and watches share a route.
  return resource.view || verb === 'watch' ? methodNotSupported(resource, verb) : methodNotAllowed()
}

/** Throws when the resource has no such subresource or method. */
export function checkRoute(
  request: Request,
  info: RequestInfo,
  served: { resource: Resource; version: ServedVersion; cbor: boolean },
): void {
  const { resource, version, cbor } = served
  if (info.subresource !== '' && !version.subresources.has(info.subresource)) throw noSubresource(resource, info)
  if (!resource.view) {
    // A route is for one path and one method: nothing is below it, and there is none for HEAD.
    if (info.rest !== '') throw pageNotFound()
    if (request.method === 'HEAD' || (info.verb === 'watch' && request.method !== 'GET')) throw methodNotAllowed()
  }
  if (!offers(version, info)) {
    // A patch is looked at before what it is of.
    if (resource.view && info.verb === 'patch') patchTypeOf(request.headers['content-type'], { custom: true, cbor })
    throw notOffered(resource, info)
  }
  if (resource.view) return
  checkMediaTypes(request, info, cbor)
  if (info.name === '' && info.subresource !== '') throw badRequest('name must be provided')
}

const PATCHES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]
/** What there is a form of everything in. */
export const PRODUCED = ['application/json', 'application/yaml', PROTOBUF]
const STREAMED = ['application/json;stream=watch', `${PROTOBUF};stream=watch`]

/** Throws when a route neither takes nor gives what the client sends and accepts. */
export function checkMediaTypes({ headers, method }: Request, { verb }: RequestInfo, cbor: boolean): void {
  const length = headers['content-length'] ?? ''
  const fits = verb !== 'patch' || patchIsKnown(headers['content-type'], cbor)
  if (!fits) throw unsupported('415: Unsupported Media Type')
  const produced = producedBy(verb, cbor)
  const bodiless = ['POST', 'PUT', 'PATCH'].includes(method ?? '') && (length === '' || length === '0')
  if (!bodiless) return requireProduced({ headers }, produced)
  if (!accepts(headers.accept, produced)) throw unsupported(`415: Unsupported Media Type${available(produced)}`)
}

const available = (produced: readonly string[]) => `\n\nAvailable representations: ${produced.join(', ')}`

function accepts(accept: string | undefined, produced: readonly string[]): boolean {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === produced[0]) return true
  return typesOf(accept).some((type) => type === '*/*' || produced.includes(type))
}

/** Throws NotAcceptable for a client that accepts none of the media types of a route. */
export function requireProduced({ headers }: Pick<Request, 'headers'>, produced: readonly string[]): void {
  if (accepts(headers.accept, produced)) return
  const message = `406: Not Acceptable${available(produced)}`
  throw new StatusError({ message, reason: 'NotAcceptable', details: {}, code: 406 })
}

/** Throws for every other method, HEAD as well: routes are for exactly one. */
export function requireGet({ method }: Pick<Request, 'method'>): void {
  if (method !== 'GET') throw methodNotAllowed()
}

function producedBy(verb: string, cbor: boolean): readonly string[] {
  const single = cbor ? [...PRODUCED, CBOR] : PRODUCED
  if (verb !== 'list' && verb !== 'watch') return single
  return [...single, ...STREAMED, ...(cbor ? [CBOR_SEQUENCE] : [])]
}

function patchIsKnown(contentType: string | undefined, cbor: boolean): boolean {
  return typesOf(contentType ?? '').some(
    (type) => PATCHES.includes(type) || (cbor && type === 'application/apply-patch+cbor'),
  )
}

/** The media types of a header, without what is said about them. */
function typesOf(header: string): string[] {
  return header.split(',').map((part) => part.split(';')[0]?.trim() ?? '')
}

function unsupported(message: string): StatusError {
  return new StatusError({ message, reason: 'UnsupportedMediaType', details: {}, code: 415 })
}

/** What reads and deletes many where a name is missing is a route to one below it. */
const OF_ONE: Readonly<Record<string, string>> = { list: 'get', deletecollection: 'delete' }

/** Whether the resource has this verb at this place: what changes one object has to name it. */
function offers(version: ServedVersion, { verb, name, subresource }: RequestInfo): boolean {
  if (name === '' && subresource === '' && (verb === 'update' || verb === 'patch')) return false
  // What is created is named in its body.
  if (subresource === '') return version.verbs.includes(verb) && (verb !== 'create' || name === '' || !!version.schema)
  const served = version.subresources.get(subresource)
  return served !== undefined && verbsOf(served).includes(OF_ONE[verb] ?? verb)
}

/** Under the groups of built-in kinds a Status says so; where no group is, just a page. Model: director.ServeHTTP. */
export function nothingServed(registry: Registry, { group }: RequestInfo): Error {
  return registry.hasBuiltIn(group) ? pageNotFound() : new NothingHere()
}
