// What serving a resource request shares from verb to verb: the request as it is understood, and how one object is answered.

import { StatusError, serverProblem } from '../../machinery/errors.ts'
import type { Api, Target } from '../api.ts'
import type { AuditTrail } from '../audit/auditor.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { Entry } from '../registry/entry.ts'
import type { RequestContext } from '../registry/registry.ts'
import type { ServedVersion } from '../registry/resource.ts'
import { customScaleColumns, scaleColumns } from '../resources/columns/scale.ts'
import type { Request, Response } from './exchange.ts'
import { negotiate, type Representation } from './media-type.ts'
import { hasProtobuf, protobufEntry } from './protobuf.ts'
import type { RequestInfo } from './request-info.ts'
import { sendEncoded, sendObject } from './respond.ts'
import { includeObjectOf, partialMetadata, type Rows, tableOf } from './table.ts'
import type { WatchEnv } from './watch-handler.ts'

export interface ResourceHandlerEnv extends WatchEnv {
  /** Whether bodies may be CBOR; absent: they may not. */
  readonly cbor?: boolean
  readonly api: Api
  readonly authorizer: Authorizer
}

/** One request on its way through the handler. */
export interface ResourceRequest {
  readonly request: Request
  readonly response: Response
  readonly info: RequestInfo
  readonly target: Target
  readonly context: RequestContext
  readonly version: ServedVersion
  readonly representation: Representation
  readonly cbor: boolean
  /** Absent where nothing is written down. */
  readonly trail?: AuditTrail
}

/** What the client accepts and this kind can be sent as: kinds without a protobuf form go as the next alternative. */
export function representationOf({
  request,
  version,
  info,
  cbor,
}: Pick<ResourceRequest, 'request' | 'version' | 'info' | 'cbor'>): Representation {
  return negotiate(request.headers, {
    protobuf: version.typeRef === '' || hasProtobuf(version),
    cbor,
    stream: info.verb === 'watch',
    pretty: info.query.get('pretty'),
    tables: hasTables(info),
  })
}

/** Subresources that upstream has no columns for, of some kinds the status, too. Model: rest.TableConvertor. */
const NO_TABLES = new Set([
  ...['approval', 'binding', 'ephemeralcontainers', 'eviction', 'finalize', 'log', 'resize', 'rollback', 'token'],
  ...['podgroups/status', 'resourceclaims/status', 'devicetaintrules/status', 'resourcepoolstatusrequests/status'],
  ...['customresourcedefinitions/status', 'apiservices/status'],
])

/** What is answered and never stored has none either. */
const UNSTORED = new Set(['authentication.k8s.io', 'authorization.k8s.io'])

function hasTables({ group, resource, subresource }: RequestInfo): boolean {
  if (UNSTORED.has(group) || resource === 'bindings') return false
  return subresource === '' || !(NO_TABLES.has(subresource) || NO_TABLES.has(`${resource}/${subresource}`))
}

/** One entry in the representation that the client wants. */
export function sendEntry(exchange: ResourceRequest, code: number, entry: Entry, env: ResourceHandlerEnv): void {
  const { response, target, info, representation } = exchange
  if (representation.as === 'Table' && ['', 'status', 'scale'].includes(target.subresource)) {
    const { resourceVersion } = entry.object.metadata
    const options = tableOptions(representation, info, env)
    const table = tableOf(rowsOf(target), [entry], { resourceVersion }, options)
    return sendObject(response, code, representation, { object: table })
  }
  if (representation.as === 'PartialObjectMetadataList') {
    if (target.resource.view) throw serverProblem('content is not a list')
    throw notAcceptableAs('PartialObjectMetadataList, but the requested object is not a list', exchange)
  }
  if (representation.as === 'PartialObjectMetadata') {
    const partial = partialMetadata(entry.object, representation.wrapperVersion)
    return sendObject(response, code, representation, { object: partial })
  }
  if (representation.format === 'protobuf') return sendEncoded(response, code, representation, protobufEntry(entry))
  sendObject(response, code, representation, { object: entry.object, json: entry.json })
}

/** A Scale has columns of its own, for what it shows itself. */
function rowsOf({ resource, subresource }: Target): Rows {
  if (subresource !== 'scale') return resource
  return { definition: { columns: resource.view ? customScaleColumns : scaleColumns }, view: true }
}

/** The refusal to show an object as what it is not; upstream names its own type of the object. */
export function notAcceptableAs(what: string, { target, version }: ResourceRequest, list = ''): StatusError {
  const { resource } = target
  const owner = resource.group === '' ? 'core' : (resource.group.split('.')[0] ?? '')
  const type = resource.view ? `unstructured.Unstructured${list}` : `${owner}.${version.kind}${list}`
  return new StatusError({ message: `you requested ${what} (*${type})`, reason: 'NotAcceptable', code: 406 })
}

/** How a Table is to be made for this request. */
export function tableOptions(representation: Representation, info: RequestInfo, env: ResourceHandlerEnv) {
  return {
    wrapperVersion: representation.wrapperVersion,
    include: includeObjectOf(info.query.get('includeObject')),
    now: env.api.registry.clock.now(),
    withColumns: true,
  }
}
