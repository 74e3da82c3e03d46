// Requests of components in this process in the audit log, as if they had come over HTTP.

import { apiVersionOf, type ResourceRef } from '../../api/resource-ref.ts'
import type { Client, DeleteOptions, List, ListOptions, WatchEvent, WatchOptions } from '../../client/client.ts'
import { PATCH_TYPES, patchBody, patchQuery } from '../../client/patch-body.ts'
import { StatusError } from '../../machinery/errors.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import { parseRequest } from '../http/request-info.ts'
import type { UserInfo } from '../user.ts'
import type { Auditor, AuditTrail, Named } from './auditor.ts'
import { shownOptions } from './sent-object.ts'

const LOOPBACK = '127.0.0.1'

export interface AuditedClientOptions {
  readonly audit: Auditor
  readonly user: UserInfo
  /** Asked once more, for the reason that is written down. */
  readonly authorizer: Authorizer
  readonly userAgent: string
}

/** What one request is about. */
interface Asked {
  readonly method: string
  readonly ref: ResourceRef<unknown>
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly contentType?: string
  readonly body?: unknown
  /** Status of the answer when all is well; 200 unless it is said. */
  readonly code?: number
}

/** The same client, whose every request is written down. */
export function auditedClient(inner: Client, options: AuditedClientOptions): Client {
  async function begin(asked: Asked): Promise<AuditTrail> {
    const { audit, user, authorizer, userAgent } = options
    const url = urlOf(asked)
    const info = parseRequest(asked.method, url)
    const headers = { 'user-agent': userAgent, ...(asked.contentType ? { 'content-type': asked.contentType } : {}) }
    const trail = audit.follow({ url, headers }, info, LOOPBACK)
    await trail.received(user)
    const { verb, group, version, resource, subresource, namespace, name, path, isResource } = info
    trail.decided(
      await authorizer.authorize({
        ...{ user, verb, group, version, resource, subresource, namespace, name, path, isResource },
        fieldSelector: info.query.get('fieldSelector') ?? '',
        labelSelector: info.query.get('labelSelector') ?? '',
      }),
    )
    const { body } = asked
    if (body !== undefined) {
      trail.sent(
        () => structuredClone(body),
        asked.method === 'PATCH' ? undefined : (body as { metadata?: Named }).metadata,
      )
    }
    return trail
  }

  async function run<T>(asked: Asked, call: () => Promise<T>, shown: (answer: T) => unknown = (a) => a): Promise<T> {
    const trail = await begin(asked)
    try {
      const answer = await call()
      trail.answered(() => shown(answer))
      trail.completed(asked.code ?? 200)
      return answer
    } catch (error) {
      failed(trail, error)
      throw error
    }
  }

  return {
    get: (ref, key) => run({ method: 'GET', ref, ...key }, () => inner.get(ref, key)),
    list: <T>(ref: ResourceRef<T>, o: ListOptions = {}) =>
      run(
        { method: 'GET', ref, namespace: o.namespace, query: selecting(o) },
        () => inner.list(ref, o),
        listShown(ref),
      ),
    async *watch<T>(ref: ResourceRef<T>, o: WatchOptions): AsyncGenerator<WatchEvent<T>> {
      const query = { ...selecting(o), watch: true }
      const trail = await begin({ method: 'GET', ref, namespace: o.namespace, query })
      try {
        trail.begun(200)
        yield* inner.watch(ref, o)
      } catch (error) {
        failed(trail, error)
        throw error
      } finally {
        trail.completed(200)
      }
    },
    create: (ref, object, o) =>
      run({ method: 'POST', ref, ...writing(object, o, false), body: object, code: 201 }, () =>
        inner.create(ref, object, o),
      ),
    update: (ref, object, o) =>
      run({ method: 'PUT', ref, ...writing(object, o, true), body: object }, () => inner.update(ref, object, o)),
    patch: (ref, key, o) =>
      run(
        {
          ...{ method: 'PATCH', ref, ...key, subresource: o.subresource, query: { ...queryOf(o), ...patchQuery(o) } },
          ...{ body: patchBody(ref, key, o), contentType: PATCH_TYPES[o.type] },
        },
        () => inner.patch(ref, key, o),
      ),
    delete: (ref, key, o) =>
      run({ method: 'DELETE', ref, ...key, body: deleting(o) }, () => inner.delete(ref, key, o), succeeded),
    deleteCollection: (ref, o = {}) =>
      run(
        { method: 'DELETE', ref, namespace: o.namespace, query: selecting(o), body: deleting(o) },
        () => inner.deleteCollection(ref, o),
        succeeded,
      ),
    createSubresource: <Answer>(
      ref: ResourceRef<unknown>,
      key: { namespace?: string; name: string },
      sub: string,
      body: object,
    ) =>
      run<Answer>({ method: 'POST', ref, ...key, subresource: sub, body, code: 201 }, () =>
        inner.createSubresource<Answer>(ref, key, sub, body),
      ),
  }
}

function failed(trail: AuditTrail, error: unknown): void {
  if (error instanceof StatusError) {
    trail.failed(error.status)
    trail.completed(error.code)
  } else trail.panicked(error instanceof Error ? error.message : String(error))
}

function urlOf({ ref, namespace, name, subresource, query = {} }: Asked): string {
  const root = ref.group === '' ? `/api/${ref.version}` : `/apis/${ref.group}/${ref.version}`
  const where = namespace ? `/namespaces/${namespace}` : ''
  const what = [ref.resource, name, subresource].filter((part) => part !== undefined && part !== '')
  const given = Object.entries(query).flatMap(([key, value]) =>
    value === undefined || value === '' || value === false ? [] : [`${key}=${encodeURIComponent(String(value))}`],
  )
  return `${root}${where}/${what.join('/')}${given.length > 0 ? `?${given.join('&')}` : ''}`
}

function selecting({ labelSelector, fieldSelector, resourceVersion, ...o }: ListOptions | WatchOptions) {
  const { limit } = o as ListOptions
  return { fieldSelector, labelSelector, limit, resourceVersion }
}

interface Writing {
  readonly subresource?: string
  readonly dryRun?: boolean
  readonly fieldManager?: string
}

function queryOf({ dryRun, fieldManager }: Writing = {}) {
  return { dryRun: dryRun ? 'All' : undefined, fieldManager }
}

/** Where an object is written to. What is created is named only in its body. */
function writing(object: unknown, o: Writing | undefined, named: boolean) {
  const { name, namespace } = (object as { metadata: { name?: string; namespace?: string } }).metadata
  return { namespace, ...(named ? { name } : {}), subresource: o?.subresource, query: queryOf(o) }
}

function deleting({ gracePeriodSeconds, propagationPolicy, preconditions }: DeleteOptions = {}): object {
  return shownOptions({
    kind: 'DeleteOptions',
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy ? { propagationPolicy } : {}),
    ...(preconditions ? { preconditions } : {}),
  })
}

function succeeded(): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' }
}

function listShown(ref: ResourceRef<unknown>): (list: List<unknown>) => object {
  return ({ items, resourceVersion }) => ({
    kind: `${ref.kind}List`,
    apiVersion: apiVersionOf(ref),
    metadata: { resourceVersion },
    items,
  })
}
