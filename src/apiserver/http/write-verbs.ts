// The verbs that change something: create, update, patch, delete and deletecollection.
// Spec: https://kubernetes.io/docs/reference/using-api/api-concepts/

import type { DeleteOptions, Status } from '../../api/generated/meta-v1.ts'
import { badRequest, field, methodNotAllowed } from '../../machinery/errors.ts'
import { requireAllowed } from '../authorization/authorizer.ts'
import { deleteCollection } from '../registry/delete-collection.ts'
import { answersWithObject, orphansByDefault } from '../registry/deletion.ts'
import { checkListQuery } from '../registry/list.ts'
import type { PatchType } from '../registry/patch.ts'
import { warningsOf } from '../registry/strict-fields.ts'
import {
  duplicateFields,
  knownTypeOf,
  mergedBody,
  parseBody,
  parseCbor,
  parseConfiguration,
  parsePatch,
  readBody,
} from './body.ts'
import { patchTypeOf } from './patch-types.ts'
import { switchOf } from './query.ts'
import { checkListable, listQueryOf, sendList } from './read-verbs.ts'
import { type ResourceHandlerEnv, type ResourceRequest, sendEntry } from './resource-request.ts'
import { sendObject } from './respond.ts'
import { checkWriteOptions, deleteOptionsOf } from './write-options.ts'

export async function serveCreate(env: ResourceHandlerEnv, exchange: ResourceRequest): Promise<void> {
  const { target, response } = exchange
  const { subresource } = target
  const { body, context } = await readObject(exchange, 'CreateOptions')
  if (subresource !== '') {
    const answer = await env.api.createSubresource(target, body, context)
    if ('status' in answer && answer.status === 'Success') exchange.trail?.succeeded(answer as Status)
    return sendObject(response, 201, exchange.representation, { object: answer })
  }
  sendEntry(exchange, 201, await env.api.create(target, body, context), env)
}

/** The object in a request's body, and the context with what the text of the body said twice. */
async function readObject(exchange: ResourceRequest, options: string) {
  const { request, version, context, target, cbor } = exchange
  const type = request.headers['content-type']
  knownTypeOf(type, cbor)
  const bytes = await readBody(request)
  // What is asked for is looked at before what is sent (createHandler, UpdateResource).
  checkWriteOptions(options, exchange)
  const kind = version.subresources.get(target.subresource)?.kind.kind ?? version.kind
  const body = parseBody(bytes, type, { kind, cbor })
  const duplicates = duplicateFields(bytes, type)
  if (duplicates.length === 0) return { body, context }
  return {
    // Custom objects are no structs, whose fields would take in what comes later.
    body: version.decode ? body : mergedBody(bytes, type, body),
    context: context.fieldValidation === 'Ignore' ? context : { ...context, duplicateFields: duplicates },
  }
}

export async function serveUpdate(env: ResourceHandlerEnv, exchange: ResourceRequest): Promise<void> {
  const { target } = exchange
  const { body, context } = await readObject(exchange, 'UpdateOptions')
  const { entry, created } = await env.api.update(target, body, context)
  sendEntry(exchange, created ? 201 : 200, entry, env)
}

/** What a patch is; of one that is none nothing is read. */
function requestedPatch({ request, target, cbor }: ResourceRequest) {
  try {
    return patchTypeOf(request.headers['content-type'], { custom: target.resource.view !== undefined, cbor })
  } catch (error) {
    request.resume()
    throw error
  }
}

export async function servePatch(env: ResourceHandlerEnv, exchange: ResourceRequest): Promise<void> {
  const { request, target, context } = exchange
  const type = requestedPatch(exchange)
  if (type === 'apply' || type === 'apply-cbor') return serveApply(env, exchange, type === 'apply-cbor')
  checkWriteOptions('PatchOptions', exchange, switchOf(exchange.info.query, 'force') === undefined ? [] : [NOT_FORCED])
  const bytes = await readBody(request)
  const body = await readPatch(env, exchange, type, bytes)
  // The handler leaves it as it is.
  exchange.trail?.sent(() => body)
  const duplicates = context.fieldValidation === 'Ignore' ? [] : duplicateFields(bytes, 'application/json')
  const entry = await env.api.patch(target, { type, body }, { ...context, duplicateFields: duplicates })
  sendEntry(exchange, 200, entry, env)
}

/** A strategic patch is read when there is something to merge it into. */
async function readPatch(
  env: ResourceHandlerEnv,
  { target, context }: ResourceRequest,
  type: PatchType,
  bytes: Buffer,
) {
  try {
    return parsePatch(bytes, type === 'strategic' ? '' : 'error decoding patch: ')
  } catch (error) {
    if (type === 'strategic') await env.api.get(target, context)
    throw error
  }
}

const NOT_FORCED = field.forbidden('force', 'may not be specified for non-apply patch')

async function serveApply(env: ResourceHandlerEnv, exchange: ResourceRequest, cbor: boolean): Promise<void> {
  const { request, target, info, context } = exchange
  const bytes = await readBody(request)
  const named = info.query.get('fieldManager') !== null && info.query.get('fieldManager') !== ''
  checkWriteOptions(
    'PatchOptions',
    exchange,
    named ? [] : [field.required('fieldManager', 'is required for apply patch')],
  )
  const { body, twice } = cbor ? { body: parseCbor(bytes), twice: undefined } : parseConfiguration(bytes)
  exchange.trail?.sent(() => structuredClone(body))
  if (twice !== undefined && context.fieldValidation === 'Strict') {
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${twice}`)
  }
  const { resource, namespace, name } = { ...info, name: target.name }
  const mayCreate = async () =>
    requireAllowed(env.authorizer, {
      ...{ user: context.user, verb: 'create', group: info.group, version: info.version, resource },
      ...{ subresource: '', namespace, name, path: '', isResource: true },
    })
  const configuration = { body, force: switchOf(info.query, 'force') ?? false }
  const { entry, created } = await env.api.apply(target, configuration, { ...context, mayCreate })
  // Who is refused for something else is not told of this.
  if (twice !== undefined && context.fieldValidation === 'Warn') warningsOf(twice).forEach(context.warn)
  sendEntry(exchange, created ? 201 : 200, entry, env)
}

export async function serveDelete(env: ResourceHandlerEnv, exchange: ResourceRequest): Promise<void> {
  const { target, context, response } = exchange
  if (target.subresource !== '') throw methodNotAllowed()
  const options = await deleteOptionsOf(exchange)
  warnOfOrphans(exchange, options)
  const dryRun = (options.dryRun ?? []).includes('All')
  const { entry, removed } = await env.api.delete(target, options, { ...context, dryRun })
  // Who asked for what depends on it to go is told when it has not gone yet.
  const code = !removed && options.orphanDependents === false ? 202 : 200
  if (!removed || answersWithObject(target.resource)) return sendEntry(exchange, code, entry, env)
  const { group, resource } = target.resource
  const { name, uid } = entry.object.metadata
  const details = { name, ...(group === '' ? {} : { group }), kind: resource, uid }
  const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
  exchange.trail?.succeeded(status)
  sendObject(response, code, exchange.representation, { object: status })
}

/** Model: JobStorage.Delete of k8s.io/kubernetes/pkg/registry/batch/job/storage. */
function warnOfOrphans({ target, context }: ResourceRequest, options: DeleteOptions): void {
  const { resource } = target
  if (resource.group !== 'batch' || resource.resource !== 'jobs') return
  if (options.propagationPolicy !== undefined || options.orphanDependents !== undefined) return
  if (!orphansByDefault(resource, context.version.apiVersion)) return
  context.warn(
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  )
}

export async function serveDeleteCollection(env: ResourceHandlerEnv, exchange: ResourceRequest): Promise<void> {
  const { target, context } = exchange
  const query = listQueryOf(exchange)
  checkListQuery(query)
  const options = await deleteOptionsOf(exchange)
  // Upstream finds out only when everything is deleted.
  checkListable(exchange)
  warnOfOrphans(exchange, options)
  const dryRun = (options.dryRun ?? []).includes('All')
  const result = await deleteCollection(env.api.registry, target.resource, query, options, { ...context, dryRun })
  sendList(env, exchange, result)
}
