// Creates, replaces, patches and deletes objects through the client.

import { isReason } from '../../machinery/errors.ts'
import type { KubectlContext } from '../command.ts'
import { type Mapping, pathOf } from '../discovery/mapper.ts'
import { throwCollected } from '../errors.ts'
import { itemsOf, type KubeObject } from '../object.ts'
import { flattenList } from '../printers/lists.ts'
import type { Info, ResourceResult } from '../resources/builder.ts'
import type { Query } from '../rest/client.ts'
import type { DryRun } from './flags.ts'

/** Where an object is. */
export interface Target {
  readonly mapping: Mapping
  readonly namespace: string
  readonly name: string
}

export interface WriteOptions {
  readonly dryRun?: DryRun
  readonly fieldManager?: string | undefined
  readonly fieldValidation?: string
  readonly subresource?: string | undefined
}

/** The media types of patches. */
export const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

export type PatchType = keyof typeof PATCH_TYPES

function queryOf(options: WriteOptions, more: Query = {}): Query {
  return {
    ...(options.dryRun === 'server' ? { dryRun: 'All' } : {}),
    ...(options.fieldManager ? { fieldManager: options.fieldManager } : {}),
    ...(options.fieldValidation ? { fieldValidation: options.fieldValidation } : {}),
    ...more,
  }
}

/** The object as the server has it. */
export async function getObject(ctx: KubectlContext, target: Target, subresource?: string): Promise<KubeObject> {
  const client = await ctx.client()
  const path = pathOf(target.mapping, target.namespace, target.name, subresource)
  return (await client.json({ path, signal: ctx.signal })) as KubeObject
}

/** The object, or undefined when the server has none of that name. */
export async function findObject(ctx: KubectlContext, target: Target): Promise<KubeObject | undefined> {
  try {
    return await getObject(ctx, target)
  } catch (error) {
    if (isReason(error, 'NotFound')) return undefined
    throw error
  }
}

/** Creates the object; gives what the server made of it. */
export async function createObject(
  ctx: KubectlContext,
  { mapping, namespace }: Omit<Target, 'name'>,
  object: KubeObject,
  options: WriteOptions = {},
): Promise<KubeObject> {
  const client = await ctx.client()
  const body = JSON.stringify(withoutResourceVersion(object))
  const request = { method: 'POST', path: pathOf(mapping, namespace), query: queryOf(options), body }
  return (await client.json({ ...request, signal: ctx.signal })) as KubeObject
}

function withoutResourceVersion(object: KubeObject): KubeObject {
  if (!object.metadata?.resourceVersion) return object
  const { resourceVersion: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** Replaces the object; without a resourceVersion in it, whatever version is there. */
export async function replaceObject(
  ctx: KubectlContext,
  target: Target,
  object: KubeObject,
  options: WriteOptions = {},
): Promise<KubeObject> {
  const client = await ctx.client()
  const path = pathOf(target.mapping, target.namespace, target.name, options.subresource)
  const request = { method: 'PUT', path, query: queryOf(options), body: JSON.stringify(object) }
  return (await client.json({ ...request, signal: ctx.signal })) as KubeObject
}

/** Patches the object. */
export async function patchObject(
  ctx: KubectlContext,
  target: Target,
  patch: { readonly type: PatchType; readonly body: unknown; readonly query?: Query },
  options: WriteOptions = {},
): Promise<KubeObject> {
  const client = await ctx.client()
  const answer = await client.json({
    method: 'PATCH',
    path: pathOf(target.mapping, target.namespace, target.name, options.subresource),
    query: queryOf(options, patch.query),
    contentType: PATCH_TYPES[patch.type],
    body: typeof patch.body === 'string' ? patch.body : JSON.stringify(patch.body),
    signal: ctx.signal,
  })
  return answer as KubeObject
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined
  readonly propagationPolicy?: string | undefined
  readonly dryRun?: DryRun
}

/** Deletes the object; gives its uid when the server says it. */
export async function deleteObject(
  ctx: KubectlContext,
  target: Target,
  options: DeleteOptions = {},
): Promise<string | undefined> {
  const client = await ctx.client()
  const body = {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: options.gracePeriodSeconds }),
    ...(options.propagationPolicy === undefined ? {} : { propagationPolicy: options.propagationPolicy }),
    ...(options.dryRun === 'server' ? { dryRun: ['All'] } : {}),
  }
  const answer = (await client.json({
    method: 'DELETE',
    path: pathOf(target.mapping, target.namespace, target.name),
    query: queryOf({ dryRun: options.dryRun ?? 'none' }),
    body: JSON.stringify(body),
    signal: ctx.signal,
  })) as KubeObject & { details?: { uid?: string } }
  return answer.kind === 'Status' ? answer.details?.uid : answer.metadata?.uid
}

/** Infos with lists taken apart: one for each object. */
export function singleInfos(infos: readonly Info[]): Info[] {
  return infos.flatMap((info) => {
    if (info.name !== '' && itemsOf(info.object) === undefined) return [info]
    if (itemsOf(info.object) === undefined) return [info]
    return flattenList(info.object).map((object) => ({
      ...info,
      object,
      name: object.metadata?.name ?? '',
      namespace: info.mapping.namespaced ? (object.metadata?.namespace ?? info.namespace) : '',
    }))
  })
}

/** Does something to each object; what fails is thrown when all have had their turn. */
export async function eachInfo(
  result: Pick<ResourceResult, 'infos' | 'errors'>,
  act: (info: Info) => Promise<void>,
): Promise<number> {
  const errors = [...result.errors]
  const infos = singleInfos(result.infos)
  for (const info of infos) {
    try {
      await act(info)
    } catch (error) {
      errors.push(error)
    }
  }
  throwCollected(errors)
  return infos.length
}
