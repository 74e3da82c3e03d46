// The client for components in the same process: the server's operations without HTTP or serialisation.

import type { ResourceRef } from '../api/resource-ref.ts'
import type {
  Client,
  DeleteOptions,
  List,
  ListOptions,
  New,
  ObjectKey,
  PatchOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../client/client.ts'
import { patchBody } from '../client/patch-body.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { pageNotFound } from '../machinery/errors.ts'
import { type Api, inVersion } from './api.ts'
import type { Authorizer } from './authorization/authorizer.ts'
import { requireAllowed } from './authorization/authorizer.ts'
import { deleteCollection } from './registry/delete-collection.ts'
import { type ListQuery, list } from './registry/list.ts'
import type { RequestContext } from './registry/registry.ts'
import type { Resource, ServedVersion } from './registry/resource.ts'
import { selectionOf } from './registry/selection.ts'
import { iterateWatch } from './registry/watch.ts'
import type { UserInfo } from './user.ts'

/** A client that acts as `user`, under the same authorization as a request over HTTP. */
export function createInProcessClient(options: {
  api: Api
  user: UserInfo
  authorizer: Authorizer
  /** Told of warnings that an HTTP client would get as headers. */
  onWarning: (message: string) => void
}): Client {
  const { api, user, authorizer } = options
  const { registry } = api

  const manager = managerFor(user)

  const resolve = (ref: ResourceRef<unknown>): { resource: Resource; version: ServedVersion } => {
    const found = registry.served(ref.group, ref.version, ref.resource)
    if (!found) throw pageNotFound()
    return found
  }

  const contextOf = (version: ServedVersion, namespace: string, write: WriteOptions = {}): RequestContext => ({
    user,
    namespace,
    version,
    dryRun: write.dryRun ?? false,
    fieldManager: write.fieldManager ?? manager,
    fieldValidation: 'Warn',
    warn: options.onWarning,
  })

  const allow = (
    ref: ResourceRef<unknown>,
    verb: string,
    at: { namespace: string; name: string; subresource?: string; fieldSelector?: string | undefined },
  ) =>
    requireAllowed(authorizer, {
      user,
      verb,
      group: ref.group,
      version: ref.version,
      resource: ref.resource,
      subresource: at.subresource ?? '',
      namespace: at.namespace,
      name: at.name,
      path: '',
      isResource: true,
      fieldSelector: at.fieldSelector ?? '',
    })

  const queryOf = (resource: Resource, ref: ResourceRef<unknown>, o: ListOptions): ListQuery => ({
    namespace: o.namespace ?? '',
    selection: selectionOf(resource, {
      labelSelector: o.labelSelector,
      fieldSelector: o.fieldSelector,
      version: resolve(ref).version,
    }),
    limit: o.limit ?? 0,
    continue: o.continue ?? '',
    resourceVersion: o.resourceVersion ?? '',
    resourceVersionMatch: o.resourceVersionMatch ?? '',
  })

  const typed = <T>(object: unknown) => object as DeepReadonly<T>
  const metadataOf = (object: unknown) => (object as { metadata: { name?: string; namespace?: string } }).metadata

  return {
    async get<T>(ref: ResourceRef<T>, key: ObjectKey) {
      const { resource, version } = resolve(ref)
      const namespace = key.namespace ?? ''
      await allow(ref, 'get', { namespace, name: key.name })
      const entry = await api.get({ resource, subresource: '', name: key.name }, contextOf(version, namespace))
      return typed<T>(entry.object)
    },

    async list<T>(ref: ResourceRef<T>, o: ListOptions = {}): Promise<List<T>> {
      const { resource, version } = resolve(ref)
      const query = queryOf(resource, ref, o)
      await allow(ref, 'list', {
        namespace: query.namespace,
        name: query.selection.name ?? '',
        fieldSelector: o.fieldSelector,
      })
      const result = await list(registry, resource, query)
      return {
        items: result.entries.map((entry) => typed<T>(inVersion(entry, version).object)),
        resourceVersion: String(result.revision),
        ...(result.continue === '' ? {} : { continue: result.continue }),
      }
    },

    async *watch<T>(ref: ResourceRef<T>, o: WatchOptions): AsyncGenerator<WatchEvent<T>> {
      const { resource, version } = resolve(ref)
      const { selection, namespace } = queryOf(resource, ref, o)
      await allow(ref, 'watch', { namespace, name: selection.name ?? '', fieldSelector: o.fieldSelector })
      const query = {
        namespace,
        selection,
        resourceVersion: o.resourceVersion ?? '',
        resourceVersionMatch: '',
        allowBookmarks: false,
        sendInitialEvents: undefined,
      }
      for await (const item of iterateWatch(registry, resource, query, o.signal)) {
        if (item.type === 'BOOKMARK') yield { type: 'BOOKMARK', resourceVersion: String(item.revision) }
        else yield { type: item.type, object: typed<T>(inVersion(item.entry, version).object) }
      }
    },

    async create<T>(ref: ResourceRef<T>, object: New<T>, o: WriteOptions = {}) {
      const { resource, version } = resolve(ref)
      const { name = '', namespace = '' } = metadataOf(object)
      await allow(ref, 'create', { namespace, name, subresource: o.subresource ?? '' })
      const context = contextOf(version, namespace, o)
      const entry = await api.create({ resource, subresource: '', name }, object, context)
      return typed<T>(entry.object)
    },

    async update<T>(ref: ResourceRef<T>, object: T | DeepReadonly<T>, o: WriteOptions = {}) {
      const { resource, version } = resolve(ref)
      const { name = '', namespace = '' } = metadataOf(object)
      const subresource = o.subresource ?? ''
      await allow(ref, 'update', { namespace, name, subresource })
      const result = await api.update({ resource, subresource, name }, object, contextOf(version, namespace, o))
      return typed<T>(result.entry.object)
    },

    async patch<T>(ref: ResourceRef<T>, key: ObjectKey, o: PatchOptions) {
      const { resource, version } = resolve(ref)
      const namespace = key.namespace ?? ''
      const subresource = o.subresource ?? ''
      await allow(ref, 'patch', { namespace, name: key.name, subresource })
      const target = { resource, subresource, name: key.name }
      const context = contextOf(version, namespace, o)
      const body = patchBody(ref, key, o)
      const entry =
        o.type === 'apply'
          ? (await api.apply(target, { body, force: true }, context)).entry
          : await api.patch(target, { type: o.type, body }, context)
      return typed<T>(entry.object)
    },

    async delete<T>(ref: ResourceRef<T>, key: ObjectKey, o: DeleteOptions = {}) {
      const { resource, version } = resolve(ref)
      const namespace = key.namespace ?? ''
      await allow(ref, 'delete', { namespace, name: key.name })
      await api.delete({ resource, subresource: '', name: key.name }, deleteOptionsOf(o), contextOf(version, namespace))
    },

    async deleteCollection<T>(ref: ResourceRef<T>, o: ListOptions & DeleteOptions = {}) {
      const { resource, version } = resolve(ref)
      const query = queryOf(resource, ref, o)
      await allow(ref, 'deletecollection', { namespace: query.namespace, name: '' })
      const context = contextOf(version, query.namespace)
      await deleteCollection(registry, resource, query, deleteOptionsOf(o), context)
    },

    async createSubresource<Answer>(ref: ResourceRef<unknown>, key: ObjectKey, subresource: string, body: object) {
      const { resource, version } = resolve(ref)
      const namespace = key.namespace ?? ''
      await allow(ref, 'create', { namespace, name: key.name, subresource })
      const target = { resource, subresource, name: key.name }
      return (await api.createSubresource(target, body, contextOf(version, namespace))) as Answer
    },
  }
}

/** The manager of a component's writes, named after the program it is part of upstream. */
function managerFor({ name }: UserInfo): string {
  if (name.startsWith('system:node:')) return 'kubelet'
  if (name === 'system:apiserver') return 'kube-apiserver'
  if (name.startsWith('system:serviceaccount:kube-system:')) return 'kube-controller-manager'
  return name === 'system:apiserver' ? 'kube-apiserver' : name.replace(/^system:/, '')
}

function deleteOptionsOf(o: DeleteOptions) {
  const { gracePeriodSeconds, propagationPolicy, preconditions } = o
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(preconditions === undefined ? {} : { preconditions }),
  }
}
