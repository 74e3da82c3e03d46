// The verbs that read: get, list and watch.
// Spec: https://kubernetes.io/docs/reference/using-api/api-concepts/

import { badRequest } from '../../machinery/errors.ts'
import { inVersion } from '../api.ts'
import { type ListResult, list, untilReached } from '../registry/list.ts'
import { checkVersionOfRead } from '../registry/resource-version.ts'
import { type Selection, selectionOf } from '../registry/selection.ts'
import { protobufList } from './protobuf.ts'
import { integerOf, switchOf } from './query.ts'
import {
  notAcceptableAs,
  type ResourceHandlerEnv,
  type ResourceRequest,
  sendEntry,
  tableOptions,
} from './resource-request.ts'
import { sendEncoded, sendObject } from './respond.ts'
import { includeObjectOf, partialMetadata, tableOf } from './table.ts'
import { serveWatch } from './watch-handler.ts'

export function serveGet(env: ResourceHandlerEnv, exchange: ResourceRequest): Promise<void> | undefined {
  const { query } = exchange.info
  if (switchOf(query, 'export'))
    throw badRequest('the export parameter, deprecated since v1.14, is no longer supported')
  const version = query.get('resourceVersion') ?? ''
  checkVersionOfRead(version)
  if (Number(version) > 0) return gotAt(env, exchange, version)
  const found = env.api.get(exchange.target, exchange.context)
  if (found instanceof Promise) return found.then((entry) => sendEntry(exchange, 200, entry, env))
  sendEntry(exchange, 200, found, env)
  return undefined
}

/** One object not older than a version, once that has come. Model: Cacher.Get. */
async function gotAt(env: ResourceHandlerEnv, exchange: ResourceRequest, version: string): Promise<void> {
  const { registry } = env.api
  const { resource } = exchange.target
  if (!registry.computed.has(resource)) await untilReached(version, await registry.cache(resource))
  sendEntry(exchange, 200, await env.api.get(exchange.target, exchange.context), env)
}

const COMMA = Buffer.from(',')
const OPEN = Buffer.from('{')

export async function serveList(env: ResourceHandlerEnv, exchange: ResourceRequest): Promise<void> {
  const { target } = exchange
  const result = await list(env.api.registry, target.resource, listQueryOf(exchange))
  checkListable(exchange)
  sendList(env, exchange, result)
}

/** Throws NotAcceptable when the client wants what no list can be shown as. */
export function checkListable(exchange: ResourceRequest): void {
  if (exchange.representation.as !== 'PartialObjectMetadata') return
  throw notAcceptableAs('PartialObjectMetadata, but the requested object is a list', exchange, 'List')
}

/** Sends a list in the representation that the client wants. */
export function sendList(env: ResourceHandlerEnv, exchange: ResourceRequest, result: ListResult): void {
  const { target, version, info, response, representation } = exchange
  const entries = result.entries.map((entry) => inVersion(entry, version))
  const metadata = {
    ...(result.revision === 0 ? {} : { resourceVersion: String(result.revision) }),
    // Lists of custom kinds tell that they do not go on (UnstructuredList); upstream's types leave that out.
    ...(result.continue !== '' || (target.resource.view && representation.as === 'object')
      ? { continue: result.continue }
      : {}),
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
  if (representation.format !== 'json' || representation.pretty) {
    const items = target.resource.view
      ? entries.map(({ object }) => object)
      : entries.map(({ object: { kind: _, apiVersion: __, ...rest } }) => rest)
    return sendObject(response, 200, representation, { object: { ...head, items } })
  }
  // A list is a concatenation of what is encoded already. Items of kinds that upstream has types for go without kind and
  // apiVersion, those of custom kinds with them (UnstructuredList).
  const parts: Buffer[] = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`)]
  for (const [i, entry] of entries.entries()) {
    if (i > 0) parts.push(COMMA)
    if (target.resource.view) parts.push(entry.json)
    else parts.push(OPEN, entry.json.subarray(entry.headLength))
  }
  parts.push(Buffer.from(']}\n'))
  sendEncoded(response, 200, representation, Buffer.concat(parts))
}

/** What a list, a watch or the deletion of a collection asks for. Throws BadRequest. */
export function listQueryOf({ info, target, version, context }: ResourceRequest) {
  const { query } = info
  // Upstream takes a negative limit for none.
  const limit = Math.max(0, integerOf(query, 'limit') ?? 0)
  integerOf(query, 'timeoutSeconds')
  const initial = switchOf(query, 'sendInitialEvents')
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
    ...(initial === undefined ? {} : { sendInitialEvents: initial }),
  }
}

export async function serveWatchRequest(env: ResourceHandlerEnv, exchange: ResourceRequest): Promise<void> {
  const { info, target, version, request, response, context } = exchange
  const { query } = info
  const { selection: bySelectors } = listQueryOf(exchange)
  if (info.name !== '' && query.get('fieldSelector') && bySelectors.name !== info.name) {
    throw badRequest("fieldSelector metadata.name doesn't match requested name")
  }
  const selection = info.name === '' || bySelectors.name === info.name ? bySelectors : oneOf(bySelectors, info.name)
  await serveWatch(env, {
    request,
    response,
    resource: target.resource,
    version,
    representation: exchange.representation,
    include: exchange.representation.as === 'Table' ? includeObjectOf(query.get('includeObject')) : 'Metadata',
    timeoutSeconds: integerOf(query, 'timeoutSeconds') ?? 0,
    query: {
      namespace: context.namespace,
      selection,
      resourceVersion: query.get('resourceVersion') ?? '',
      resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
      allowBookmarks: switchOf(query, 'allowWatchBookmarks') ?? false,
      sendInitialEvents: switchOf(info.query, 'sendInitialEvents'),
      continue: query.get('continue') ?? '',
    },
  })
}

/** A watch of one object by its path sees that object alone. Model: listOpts. */
function oneOf(selection: Selection, name: string): Selection {
  return { all: false, name, matches: (object) => object.metadata.name === name && selection.matches(object) }
}
