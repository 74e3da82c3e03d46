// The client for components in another process or on another machine: the API over one HTTP/2 connection.
// Spec: https://kubernetes.io/docs/reference/using-api/api-concepts/

import type { Status } from '../api/generated/meta-v1.ts'
import type { ResourceRef } from '../api/resource-ref.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { StatusError } from '../machinery/errors.ts'
import { readJsonLines } from '../machinery/json-lines.ts'
import { type Answer, ApiConnection, type ApiConnectionOptions } from './api-connection.ts'
import type {
  Client,
  DeleteOptions,
  KubeObject,
  List,
  ListOptions,
  New,
  ObjectKey,
  PatchOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts'
import { PATCH_TYPES, patchBody, patchQuery } from './patch-body.ts'

/** A Client with a connection behind it. */
export interface HttpsClient extends Client {
  /** Any path, e.g. `/readyz`: gives status and body whatever they are. */
  raw(path: string): Promise<Answer>
  close(): void
}

/** The server ends a watch by itself after this; the informer then goes on where it was. */
const WATCH_SECONDS = 600

/** Connects on first use and again whenever the connection was lost. */
export function createHttpsClient(options: ApiConnectionOptions): HttpsClient {
  const connection = new ApiConnection(options)

  async function ask<T>(request: { method: string; path: string; body?: unknown; contentType?: string }): Promise<T> {
    const answer = await connection.send({
      method: request.method,
      path: request.path,
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      contentType: request.contentType ?? 'application/json',
    })
    if (answer.status >= 400) throw statusErrorOf(answer)
    return JSON.parse(answer.body) as T
  }

  return {
    get: (ref, key) => ask({ method: 'GET', path: pathOf(ref, key) }),

    async list<T>(ref: ResourceRef<T>, o: ListOptions = {}): Promise<List<T>> {
      const { metadata, items } = await ask<ListBody<T>>({ method: 'GET', path: collectionOf(ref, o.namespace, o) })
      return {
        items: items.map((item) => ({ ...typeMeta(ref), ...item }) as DeepReadonly<T>),
        resourceVersion: metadata.resourceVersion,
        ...(metadata.continue ? { continue: metadata.continue } : {}),
      }
    },

    async *watch<T>(ref: ResourceRef<T>, o: WatchOptions): AsyncGenerator<WatchEvent<T>> {
      const { signal, namespace, ...selection } = o
      const query = { ...selection, watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: WATCH_SECONDS }
      const stream = await connection.open({ method: 'GET', path: collectionOf(ref, namespace, query), signal })
      if (stream === undefined) return
      if ('body' in stream) throw statusErrorOf(stream)
      for await (const event of readJsonLines(stream.chunks)) {
        const read = eventOf<T>(event as { type: string; object: unknown })
        if (read) yield read
      }
    },

    create<T>(ref: ResourceRef<T>, object: New<T>, o: WriteOptions = {}) {
      const { namespace } = (object as { metadata: { namespace?: string } }).metadata
      const path = collectionOf(ref, namespace, writeQuery(o))
      return ask<DeepReadonly<T>>({ method: 'POST', path, body: { ...typeMeta(ref), ...object } })
    },

    update<T>(ref: ResourceRef<T>, object: T | DeepReadonly<T>, o: WriteOptions = {}) {
      const { metadata } = object as unknown as KubeObject
      const path = pathOf(ref, metadata, o.subresource, writeQuery(o))
      return ask<DeepReadonly<T>>({ method: 'PUT', path, body: { ...typeMeta(ref), ...object } })
    },

    patch<T>(ref: ResourceRef<T>, key: ObjectKey, o: PatchOptions) {
      const path = pathOf(ref, key, o.subresource, { ...writeQuery(o), ...patchQuery(o) })
      const body = patchBody(ref, key, o)
      return ask<DeepReadonly<T>>({ method: 'PATCH', path, body, contentType: PATCH_TYPES[o.type] })
    },

    async delete(ref, key, o = {}) {
      await ask({ method: 'DELETE', path: pathOf(ref, key), body: deleteBody(o) })
    },

    async deleteCollection(ref, o = {}) {
      const { gracePeriodSeconds: _g, propagationPolicy: _p, preconditions: _c, ...selection } = o
      await ask({ method: 'DELETE', path: collectionOf(ref, o.namespace, selection), body: deleteBody(o) })
    },

    createSubresource<A>(ref: ResourceRef<unknown>, key: ObjectKey, subresource: string, body: object) {
      return ask<A>({ method: 'POST', path: pathOf(ref, key, subresource), body })
    },

    raw: (path) => connection.send({ method: 'GET', path }),
    close: () => connection.close(),
  }
}

interface ListBody<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly T[]
}

type Query = Readonly<Record<string, string | number | undefined>>

function rootOf(ref: ResourceRef<unknown>): string {
  return ref.group === '' ? `/api/${ref.version}` : `/apis/${ref.group}/${ref.version}`
}

function collectionOf(ref: ResourceRef<unknown>, namespace: string | undefined, query: object = {}): string {
  const where = namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${rootOf(ref)}${where}/${ref.resource}${queryText(query as Query)}`
}

function pathOf(ref: ResourceRef<unknown>, key: ObjectKey, subresource = '', query: Query = {}): string {
  const below = subresource === '' ? '' : `/${subresource}`
  return `${collectionOf(ref, key.namespace)}/${encodeURIComponent(key.name)}${below}${queryText(query)}`
}

function queryText(query: Query): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && name !== 'namespace') params.set(name, String(value))
  }
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

function writeQuery(o: WriteOptions): Query {
  return { dryRun: o.dryRun ? 'All' : undefined, fieldManager: o.fieldManager }
}

function deleteBody(o: DeleteOptions): object {
  const { gracePeriodSeconds, propagationPolicy, preconditions } = o
  return { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds, propagationPolicy, preconditions }
}

function typeMeta(ref: ResourceRef<unknown>): { kind: string; apiVersion: string } {
  return { kind: ref.kind, apiVersion: ref.group === '' ? ref.version : `${ref.group}/${ref.version}` }
}

/** Undefined for kinds of events that this client does not know. */
function eventOf<T>(event: { type: string; object: unknown }): WatchEvent<T> | undefined {
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: event.type, object: event.object as DeepReadonly<T> }
    case 'BOOKMARK':
      return { type: 'BOOKMARK', resourceVersion: (event.object as KubeObject).metadata.resourceVersion }
    case 'ERROR':
      throw new StatusError(event.object as Status)
    default:
      return undefined
  }
}

/** The Status in an answer; for anything else one that says what came instead. */
function statusErrorOf({ status, body }: Answer): StatusError {
  try {
    const parsed = JSON.parse(body) as Partial<Status>
    if (parsed.kind === 'Status') return new StatusError({ code: status, ...parsed })
  } catch {
    // Not JSON: a proxy in between, or the wrong server.
  }
  return new StatusError({
    message: `the server answered with status ${status}: ${body.slice(0, 200)}`,
    reason: 'InternalError',
    code: status,
  })
}
