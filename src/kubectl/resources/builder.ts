// Finds the objects that a command means, by arguments, selectors or files, and fetches them.
// Model: k8s.io/cli-runtime/pkg/resource/builder.go.

import { isReason, StatusError } from '../../machinery/errors.ts'
import type { KubectlContext } from '../command.ts'
import { type Mapping, NoKindMatchError, pathOf } from '../discovery/mapper.ts'
import { KubectlError, throwCollected } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import type { Query } from '../rest/client.ts'
import { readArguments } from './arguments.ts'
import { type FilenameOptions, hasFilenames, type Manifest, readManifests } from './manifests.ts'

/** What is asked for. */
export interface ResourceRequest {
  readonly args?: readonly string[]
  readonly files?: FilenameOptions
  readonly namespace: string
  /** `--namespace` was given: files must agree with it. */
  readonly enforceNamespace?: boolean
  readonly allNamespaces?: boolean
  readonly selector?: string
  readonly fieldSelector?: string
  /** `--all` */
  readonly all?: boolean
  /** A type without names means all of them, as in `get pods`. */
  readonly allowEmptySelector?: boolean
  readonly singleResourceType?: boolean
  readonly subresource?: string
  readonly chunkSize?: number
  readonly accept?: string
  readonly query?: Query
  /** Objects of files are fetched from the server (default), or left as they are in the file. */
  readonly fetchFiles?: boolean
  /** Objects named by arguments are fetched (default), or only named. */
  readonly fetch?: boolean
  readonly ignoreNotFound?: boolean
  /** Applied to each object of a file before it is looked up. */
  readonly convert?: (object: KubeObject) => KubeObject
}

/** One object, or one page of a list. */
export interface Info {
  readonly mapping: Mapping
  /** Empty for cluster-scoped resources and lists over all namespaces. */
  readonly namespace: string
  /** Empty for lists. */
  readonly name: string
  /** File or URL; empty for what arguments named. */
  readonly source: string
  readonly object: KubeObject
}

export interface ResourceResult {
  readonly infos: readonly Info[]
  /** What could not be found or fetched, in order. */
  readonly errors: readonly unknown[]
  /** Exactly one object was asked for, so that it is printed by itself. */
  readonly singleItemImplied: boolean
}

const MISSING = `You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'`

interface Target {
  readonly mapping: Mapping
  readonly name: string
}

/** Finds and fetches. Throws for wrong use; what goes wrong per object is collected. */
export async function buildResources(ctx: KubectlContext, request: ResourceRequest): Promise<ResourceResult> {
  const words = await replaceCategories(ctx, request.args ?? [])
  const { tuples, types, names } = readArguments(words, ctx.program)
  const selector = request.selector?.trim() ?? ''
  const fieldSelector = request.fieldSelector?.trim() ?? ''
  checkSelectors(request, selector, fieldSelector)
  if (request.files && hasFilenames(request.files)) {
    refuseArgumentsWithFiles({ tuples: tuples.length, types: types.length, names: names.length })
    return fromFiles(ctx, request, request.files)
  }
  const everything = request.all || (types.length > 0 && names.length === 0 && request.allowEmptySelector === true)
  if (selector !== '' || fieldSelector !== '' || everything) {
    return bySelector(ctx, request, { types, names, tuples: tuples.length, selector, fieldSelector })
  }
  const mapper = await ctx.mapper()
  if (tuples.length > 0) {
    const targets: Target[] = []
    for (const tuple of tuples) targets.push({ mapping: await mapper.mappingFor(tuple.resource), name: tuple.name })
    const kinds = new Set(targets.map((t) => `${t.mapping.group}/${t.mapping.name}`))
    if (kinds.size > 1 && request.singleResourceType) {
      throw new KubectlError('you may only specify a single resource type')
    }
    return byTargets(ctx, request, targets)
  }
  if (names.length > 0) {
    if (types.length > 1) throw new KubectlError('you must specify only one resource')
    const mapping = await mapper.mappingFor(types[0] ?? '')
    return byTargets(
      ctx,
      request,
      names.map((name) => ({ mapping, name })),
    )
  }
  if (types.length > 0) {
    for (const type of types) await mapper.mappingFor(type)
    throw new KubectlError('resource(s) were provided, but no name was specified')
  }
  throw new KubectlError(MISSING)
}

function checkSelectors(request: ResourceRequest, selector: string, fieldSelector: string): void {
  if (!request.all) return
  if (selector !== '' || fieldSelector !== '') {
    throw new KubectlError("setting 'all' parameter but found a non empty selector. ")
  }
}

function refuseArgumentsWithFiles(given: { tuples: number; types: number; names: number }): void {
  if (given.types > 0) {
    throw new KubectlError(
      'when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well',
    )
  }
  if (given.tuples > 0) {
    throw new KubectlError('resource/name arguments cannot be provided when a path is specified')
  }
}

/** `all` as the first argument becomes the resources of that category. */
async function replaceCategories(ctx: KubectlContext, args: readonly string[]): Promise<readonly string[]> {
  const [first, ...rest] = args
  if (first === undefined || first.includes('/')) return args
  const replaced: string[] = []
  for (const word of first.split(',')) {
    const members = await (await ctx.mapper()).category(word)
    if (members) replaced.push(...members.map((m) => (m.group === '' ? m.name : `${m.name}.${m.group}`)))
    else replaced.push(word)
  }
  return [replaced.join(','), ...rest]
}

interface Selection {
  readonly types: readonly string[]
  readonly names: readonly string[]
  readonly tuples: number
  readonly selector: string
  readonly fieldSelector: string
}

async function bySelector(ctx: KubectlContext, request: ResourceRequest, what: Selection): Promise<ResourceResult> {
  if (what.names.length > 0) throw new KubectlError('name cannot be provided when a selector is specified')
  if (what.tuples > 0) {
    throw new KubectlError('selectors and the all flag cannot be used when passing resource/name arguments')
  }
  if (what.types.length === 0) throw new KubectlError('at least one resource must be specified to use a selector')
  if (request.subresource) throw new KubectlError('subresource cannot be used when bulk resources are specified')
  if (what.types.length > 1 && request.singleResourceType) {
    throw new KubectlError('you may only specify a single resource type')
  }
  const mapper = await ctx.mapper()
  const mappings = new Map<string, Mapping>()
  for (const type of what.types) {
    const mapping = await mapper.mappingFor(type)
    mappings.set(`${mapping.group}/${mapping.version}/${mapping.kind}`, mapping)
  }
  const pages = await Promise.all(
    [...mappings.values()].map((mapping) => settle(listPages(ctx, request, mapping, what))),
  )
  return collect(pages, request, false)
}

type Settled = { readonly infos: readonly Info[]; readonly error?: unknown }

async function settle(infos: Promise<readonly Info[]>): Promise<Settled> {
  try {
    return { infos: await infos }
  } catch (error) {
    return { infos: [], error }
  }
}

function collect(settled: readonly Settled[], request: ResourceRequest, singleItemImplied: boolean): ResourceResult {
  const errors = settled.flatMap((s) => ('error' in s ? [s.error] : []))
  return {
    infos: settled.flatMap((s) => s.infos),
    errors: request.ignoreNotFound ? errors.filter((e) => !isReason(e, 'NotFound')) : errors,
    singleItemImplied,
  }
}

/** The whole list, page by page. */
async function listPages(
  ctx: KubectlContext,
  request: ResourceRequest,
  mapping: Mapping,
  { selector, fieldSelector }: Selection,
): Promise<Info[]> {
  const client = await ctx.client()
  const namespace = request.allNamespaces || !mapping.namespaced ? '' : request.namespace
  const infos: Info[] = []
  let next = ''
  do {
    const query: Query = {
      ...(selector === '' ? {} : { labelSelector: selector }),
      ...(fieldSelector === '' ? {} : { fieldSelector }),
      ...(request.chunkSize ? { limit: request.chunkSize } : {}),
      ...(next === '' ? {} : { continue: next }),
      ...request.query,
    }
    const page = (await client
      .json({
        path: pathOf(mapping, namespace),
        query,
        ...(request.accept ? { accept: request.accept } : {}),
        signal: ctx.signal,
      })
      .catch((error: unknown) => {
        throw explainList(error, mapping, selector, fieldSelector)
      })) as KubeObject
    infos.push({ mapping, namespace, name: '', source: '', object: page })
    next = String(page.metadata?.continue ?? '')
  } while (next !== '')
  return infos
}

function explainList(error: unknown, mapping: Mapping, selector: string, fieldSelector: string): unknown {
  if (!isReason(error, 'BadRequest') && !isReason(error, 'NotFound')) return error
  const resource = JSON.stringify(`${mapping.group}/${mapping.version}, Resource=${mapping.name}`)
  const what =
    selector === '' && fieldSelector === ''
      ? `Unable to list ${resource}`
      : `Unable to find ${resource} that match label selector ${JSON.stringify(selector)}, field selector ${JSON.stringify(fieldSelector)}`
  const { message, kind: _, apiVersion: __, metadata: ___, status: ____, ...rest } = error.status
  return new StatusError({ ...rest, message: `${what}: ${message}` }, { cause: error })
}

async function byTargets(
  ctx: KubectlContext,
  request: ResourceRequest,
  targets: readonly Target[],
): Promise<ResourceResult> {
  if (request.allNamespaces && targets.some((t) => t.mapping.namespaced)) {
    throw new KubectlError('a resource cannot be retrieved by name across all namespaces')
  }
  const fetched = await Promise.all(
    targets.map(({ mapping, name }) => {
      const namespace = mapping.namespaced ? request.namespace : ''
      const info = { mapping, namespace, name, source: '' }
      return settle(
        request.fetch === false
          ? Promise.resolve([{ ...info, object: named(mapping, namespace, name) }])
          : fetchOne(ctx, request, info).then((object) => [{ ...info, object }]),
      )
    }),
  )
  return collect(fetched, request, targets.length === 1)
}

function named(mapping: Mapping, namespace: string, name: string): KubeObject {
  const apiVersion = mapping.group === '' ? mapping.version : `${mapping.group}/${mapping.version}`
  return { apiVersion, kind: mapping.kind, metadata: { name, ...(namespace === '' ? {} : { namespace }) } }
}

async function fetchOne(
  ctx: KubectlContext,
  request: ResourceRequest,
  { mapping, namespace, name }: Omit<Info, 'object'>,
): Promise<KubeObject> {
  const client = await ctx.client()
  const object = await client.json({
    path: pathOf(mapping, namespace, name, request.subresource),
    ...(request.query ? { query: request.query } : {}),
    ...(request.accept ? { accept: request.accept } : {}),
    signal: ctx.signal,
  })
  return object as KubeObject
}

async function fromFiles(
  ctx: KubectlContext,
  request: ResourceRequest,
  files: FilenameOptions,
): Promise<ResourceResult> {
  const { documents, single } = await readManifests(files, ctx)
  const settled: Settled[] = []
  for (const document of documents) {
    if ('error' in document) settled.push({ infos: [], error: document.error })
    else settled.push(await settle(infoOfManifest(ctx, request, document).then((info) => [info])))
  }
  return collect(await matching(settled, request), request, single)
}

/** Objects of files that have the labels asked for. */
async function matching(settled: readonly Settled[], request: ResourceRequest): Promise<readonly Settled[]> {
  const selector = request.selector?.trim()
  if (!selector) return settled
  const { matches, parseSelector } = await import('../../machinery/labels.ts')
  const parsed = parseSelector(selector)
  return settled.map((one) => ({
    ...one,
    infos: one.infos.filter((info) => matches(parsed, info.object.metadata?.labels)),
  }))
}

async function infoOfManifest(ctx: KubectlContext, request: ResourceRequest, manifest: Manifest): Promise<Info> {
  const object = request.convert ? request.convert(manifest.object) : manifest.object
  const mapping = await mappingOfObject(ctx, object, manifest.source)
  const name = object.metadata?.name ?? ''
  const namespace = namespaceOf(request, mapping, object)
  const info: Info = { mapping, namespace, name, source: manifest.source, object: placed(object, namespace) }
  if (request.fetchFiles === false) return info
  return { ...info, object: await fetchOne(ctx, request, info) }
}

/** The object with its namespace in it. */
function placed(object: KubeObject, namespace: string): KubeObject {
  if (namespace === '' || object.metadata?.namespace === namespace) return object
  return { ...object, metadata: { ...object.metadata, namespace } }
}

function namespaceOf(request: ResourceRequest, mapping: Mapping, object: KubeObject): string {
  if (!mapping.namespaced) return ''
  const own = object.metadata?.namespace ?? ''
  if (own === '') return request.namespace
  if (request.enforceNamespace && own !== request.namespace) {
    throw new KubectlError(
      `the namespace from the provided object ${JSON.stringify(own)} does not match the namespace ${JSON.stringify(request.namespace)}. You must pass '--namespace=${own}' to perform this operation.`,
    )
  }
  return own
}

/** The resource of an object of a file. Throws in kubectl's words. */
export async function mappingOfObject(ctx: KubectlContext, object: KubeObject, source: string): Promise<Mapping> {
  const { apiVersion, kind, metadata } = object
  if (!kind) throw missing('Kind', object, source)
  if (!apiVersion) throw missing('apiVersion', object, source)
  try {
    return await (await ctx.mapper()).mappingForKind(apiVersion, kind)
  } catch (error) {
    if (!(error instanceof NoKindMatchError)) throw error
    throw new KubectlError(
      `resource mapping not found for name: ${JSON.stringify(metadata?.name ?? '')} namespace: ${JSON.stringify(metadata?.namespace ?? '')} from ${JSON.stringify(source)}: ${error.message}\nensure CRDs are installed first`,
      { cause: error },
    )
  }
}

function missing(field: string, object: KubeObject, source: string): KubectlError {
  return new KubectlError(
    `unable to decode ${JSON.stringify(source)}: Object '${field}' is missing in '${JSON.stringify(object)}'`,
  )
}

/** The infos, or what went wrong when anything did. */
export function infosOf(result: ResourceResult): readonly Info[] {
  throwCollected(result.errors)
  return result.infos
}
