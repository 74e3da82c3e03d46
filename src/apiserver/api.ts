// The operations of the API on parsed requests, as both transports (HTTP and in-process) call them.

import type { PodSpec } from '../api/generated/core-v1.ts'
import type { DeleteOptions } from '../api/generated/meta-v1.ts'
import { readStored, writeEntries } from '../machinery/apply/managers.ts'
import { schemaOfType } from '../machinery/apply/schema.ts'
import type { Versioned } from '../machinery/apply/updater.ts'
import { formatTime } from '../machinery/clock.ts'
import { badRequest, methodNotSupported, notFound, unsupportedMediaType } from '../machinery/errors.ts'
import { sameJson } from '../machinery/same-json.ts'
import { type ApiObject, copyOf, isRecord, type StoredObject } from './api-object.ts'
import { applyTransform, applyWith, type Configuration, checkConfiguration } from './registry/apply.ts'
import { create } from './registry/create.ts'
import { decodeBody } from './registry/decode-body.ts'
import { type DeleteResult, deleteOne } from './registry/delete.ts'
import { deriveEntry, type Entry } from './registry/entry.ts'
import { setEntries } from './registry/field-owners.ts'
import { dropRepeatedOwners } from './registry/metadata.ts'
import { type PatchType, patchTransform } from './registry/patch.ts'
import type { Registry, RequestContext } from './registry/registry.ts'
import { type Resource, type ServedVersion, toVersion } from './registry/resource.ts'
import { applyScale, readScale, scaleIn, scaleKindOf, scaleToPatch, scaleVersionOf } from './registry/scale.ts'
import { ownersInParent, ownersInScale } from './registry/scale-owners.ts'
import { type Transform, update } from './registry/update.ts'
import { bindPod } from './subresources/binding.ts'
import { evictPod } from './subresources/eviction.ts'
import { resizePod } from './subresources/resize.ts'

/** What custom resources can be patched with: a strategic merge needs a type that the server is built with. */
const CUSTOM_PATCHES = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml']

/** Answers a POST to a subresource (`serviceaccounts/token`, …) or to a kind that is never stored. */
export type VirtualCreate = (request: {
  readonly name: string
  readonly body: unknown
  readonly context: RequestContext
}) => Promise<object>

/** What one request is about. `subresource` is empty for the object itself. */
export interface Target {
  readonly resource: Resource
  readonly subresource: string
  readonly name: string
}

export class Api {
  readonly registry: Registry
  readonly #virtual: ReadonlyMap<string, VirtualCreate>

  /** `virtual` maps `resource/subresource` (`serviceaccounts/token`) to its handler. */
  constructor(registry: Registry, virtual: ReadonlyMap<string, VirtualCreate>) {
    this.registry = registry
    this.#virtual = virtual
  }

  /** The object, or its scale: at once when the kind's cache is open. Throws or rejects with NotFound. */
  get(target: Target, context: RequestContext): Entry | Promise<Entry> {
    const found = this.registry.find(target.resource, context.namespace, target.name)
    if (found instanceof Promise) return found.then((entry) => asAsked(entry, target, context))
    return asAsked(found, target, context)
  }

  async create(target: Target, body: unknown, context: RequestContext): Promise<Entry> {
    return inVersion(await create(this.registry, target.resource, body, context), context.version)
  }

  /** PUT. `created` when the object was not there before and its kind allows that. */
  async update(target: Target, body: unknown, context: RequestContext): Promise<{ entry: Entry; created: boolean }> {
    const { resource, subresource, name } = target
    if (subresource === 'scale') return this.#putScale(target, body, context)
    // What is wrong with the body is said before anybody looks for the object.
    const sent = decodeBody(body, context.version, context)
    checkPlaceOf(sent, target, context)
    dropRepeatedOwners(sent, context.warn, false)
    let first = true
    const make = () => {
      if (!first) return decodeBody(body, context.version, { ...context, warn: () => {} })
      first = false
      return sent
    }
    const prepare = PREPARE[`${resource.resource}/${subresource}`]
    const result = await update(
      this.registry,
      resource,
      {
        name,
        subresource,
        transform: make,
        mayCreate: subresource === '',
        replaces: true,
        ...(prepare ? { prepare } : {}),
      },
      context,
    )
    return { entry: inVersion(result.entry, context.version), created: result.created }
  }

  async patch(target: Target, patch: { type: PatchType; body: unknown }, context: RequestContext): Promise<Entry> {
    const { resource, subresource, name } = target
    if (resource.view && patch.type === 'strategic' && subresource !== 'scale')
      throw unsupportedMediaType(CUSTOM_PATCHES)
    if (subresource === 'scale') {
      const { version } = context
      const show = (current: StoredObject) => scaleToPatch(version, resource, current) as StoredObject
      const patched = patchTransform(resource, scaleVersionOf(version), patch, context, show)
      const transform = (current: StoredObject | undefined) =>
        applyScale(resource, copyOf(current as StoredObject), patched(current), false)
      return (await this.#writeScale(target, transform, 'timeless', context)).entry
    }
    const transform = patchTransform(resource, context.version, patch, context)
    const prepare = PREPARE[`${resource.resource}/${subresource}`]
    const { entry } = await update(
      this.registry,
      resource,
      { name, subresource, transform, mayCreate: false, partial: true, ...(prepare ? { prepare } : {}) },
      context,
    )
    return inVersion(entry, context.version)
  }

  /** Server-side apply. `created` when the object was not there before. */
  async apply(
    target: Target,
    configuration: Configuration,
    context: RequestContext,
  ): Promise<{ entry: Entry; created: boolean }> {
    const { resource, subresource, name } = target
    if (subresource === 'scale') return this.#applyScale(target, configuration, context)
    const transform = applyTransform(resource, subresource, configuration, context)
    const prepare = PREPARE[`${resource.resource}/${subresource}`]
    const result = await update(
      this.registry,
      resource,
      {
        name,
        subresource,
        transform: (current) => named(transform(current, this.#now()), name),
        mayCreate: subresource === '' ? 'always' : false,
        ownership: 'settled',
        partial: true,
        ...(prepare ? { prepare } : {}),
      },
      context,
    )
    return { entry: inVersion(result.entry, context.version), created: result.created }
  }

  #now(): string {
    return formatTime(this.registry.clock.now())
  }

  async delete(target: Target, options: DeleteOptions, context: RequestContext): Promise<DeleteResult> {
    const result = await deleteOne(this.registry, target.resource, target.name, options, context)
    return { ...result, entry: inVersion(result.entry, context.version) }
  }

  /** POST to a subresource; gives the answer's object. */
  async createSubresource(target: Target, body: unknown, context: RequestContext): Promise<object> {
    const { resource, subresource, name } = target
    const id = `${resource.resource}/${subresource}`
    if (id === 'pods/binding' || id === 'pods/eviction') {
      if (id === 'pods/binding') await bindPod(this.registry, name, body, context)
      else await evictPod(this.registry, name, body, context)
      return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }
    }
    const handler = this.#virtual.get(id)
    if (!handler) throw methodNotSupported(resource, 'create')
    return handler({ name, body, context })
  }

  /** The handler of a kind that is never stored, e.g. `selfsubjectaccessreviews`. */
  virtual(resource: string): VirtualCreate | undefined {
    return this.#virtual.get(resource)
  }

  /** Applies a Scale: replicas of the workload, and who owns them. */
  async #applyScale(target: Target, { body, force }: Configuration, context: RequestContext) {
    const { resource, name } = target
    const { version } = context
    if (!resource.definition.scale) throw notFound(resource, name)
    const { apiVersion, typeRef } = scaleKindOf(version)
    const config = checkConfiguration(body, { apiVersion, kind: 'Scale' })
    const schema = schemaOfType(typeRef)
    const kind = { schemaOf: () => schema, convert: (value: Versioned) => value, resetFields: () => undefined }
    const transform = (current: StoredObject | undefined) => {
      const before = current as StoredObject
      const { metadata: _, ...scale } = scaleIn(version, resource, before)
      const parent = readStored(before.metadata.managedFields)
      const applied = applyWith({
        ...{ kind, schema, config, force, context, subresource: 'scale', now: this.#now() },
        live: { apiVersion, object: { ...scale, metadata: {} } },
        owners: ownersInScale(resource, parent, apiVersion),
      })
      const wanted = { ...(isRecord(applied.object) ? applied.object : scale), metadata: config.metadata }
      const object = applyScale(resource, copyOf(before), wanted as ApiObject, false)
      const owners = { parent, scale: applied.owners, scaleVersion: apiVersion, apiVersion: version.apiVersion }
      setEntries(object, writeEntries(ownersInParent(resource, owners)))
      return object
    }
    return this.#writeScale(target, transform, 'settled', context)
  }

  #putScale(target: Target, body: unknown, context: RequestContext) {
    const { resource } = target
    const scale = readScale(resource, body, context)
    checkPlaceOf(scale, target, context)
    const transform = (current: StoredObject | undefined) =>
      applyScale(resource, copyOf(current as StoredObject), scale, true)
    return this.#writeScale(target, transform, 'timeless', context)
  }

  async #writeScale(target: Target, transform: Transform, ownership: 'timeless' | 'settled', context: RequestContext) {
    const { resource, name } = target
    if (!resource.definition.scale) throw notFound(resource, name)
    const result = await update(
      this.registry,
      resource,
      {
        name,
        subresource: 'scale',
        mayCreate: false,
        ownership,
        transform,
        prepare: countGeneration,
      },
      context,
    )
    return { entry: scaleEntry(resource, result.entry, context.version), created: false }
  }
}

/** Throws BadRequest for an object that says to be another one than that of the request. */
function checkPlaceOf(sent: ApiObject, { resource, name }: Target, context: RequestContext): void {
  if (resource.namespaced && sent.metadata.namespace && sent.metadata.namespace !== context.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  named(sent, name)
}

/** The object under the name it has in the URL. Throws BadRequest when it says another one. */
function named(object: ApiObject, name: string): ApiObject {
  if (!object.metadata.name) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
  }
  if (object.metadata.name === name) return object
  throw badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`)
}

/** How subresources other than status and scale bring new and old together. */
const PREPARE: Readonly<Record<string, (object: ApiObject, old: StoredObject) => void>> = {
  'namespaces/finalize': (object, old) => {
    object.status = copyOf(old).status
  },
  'pods/ephemeralcontainers': (object, old) => {
    const added = (object.spec as { ephemeralContainers?: unknown[] } | undefined)?.ephemeralContainers
    keepAll(object, old)
    object.spec = { ...(old.spec as object), ...(added ? { ephemeralContainers: added } : {}) }
    countGeneration(object, old)
  },
  'pods/resize': (object, old) => {
    const wanted = structuredClone(object.spec) as Partial<PodSpec> | undefined
    keepAll(object, old)
    resizePod(object, wanted ?? {})
  },
  'certificatesigningrequests/approval': (object, old) => {
    const { conditions } = (object.status ?? {}) as { conditions?: unknown[] }
    keepAll(object, old)
    const { conditions: _, ...rest } = (old.status ?? {}) as { conditions?: unknown[] }
    object.status = { ...rest, ...(conditions ? { conditions } : {}) }
  },
}

/** What is wanted changes through subresources too. Model: updatePodGeneration. */
function countGeneration(object: ApiObject, old: StoredObject): void {
  if (!sameJson(object.spec, old.spec)) object.metadata.generation = (old.metadata.generation ?? 0) + 1
}

function keepAll(object: ApiObject, old: StoredObject): void {
  for (const field of Object.keys(object)) if (!(field in old)) delete object[field]
  const { resourceVersion, managedFields } = object.metadata
  Object.assign(object, copyOf(old))
  setEntries(object, managedFields)
  if (resourceVersion) object.metadata.resourceVersion = resourceVersion
  else delete object.metadata.resourceVersion
}

/** The entry as the request's version shows it. */
export function inVersion(entry: Entry, version: ServedVersion): Entry {
  if (!version.convert) return entry
  return deriveEntry(entry, version.apiVersion, (object) => toVersion(object, version))
}

/** What a request for `target` is answered with. Throws NotFound. */
function asAsked(entry: Entry | undefined, { resource, subresource, name }: Target, context: RequestContext): Entry {
  if (!entry) throw notFound({ group: context.version.group, resource: resource.resource }, name)
  if (subresource === 'scale') return scaleEntry(resource, entry, context.version)
  return inVersion(entry, context.version)
}

function scaleEntry(resource: Resource, entry: Entry, version: ServedVersion): Entry {
  const name = `scale ${scaleKindOf(version).apiVersion}`
  return deriveEntry(entry, name, (object) => scaleIn(version, resource, object) as unknown as StoredObject)
}
