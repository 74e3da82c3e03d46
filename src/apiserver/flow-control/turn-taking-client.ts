// Requests of components in this process take turns, and are counted, as those that come over HTTP.

import type { ResourceRef } from '../../api/resource-ref.ts'
import type { Client, WatchEvent, WatchOptions } from '../../client/client.ts'
import type { Clock } from '../../machinery/clock.ts'
import { StatusError } from '../../machinery/errors.ts'
import type { RequestInfo } from '../http/request-info.ts'
import type { RequestMetrics, RequestSort } from '../metrics/requests.ts'
import { MASTERS_GROUP, type UserInfo } from '../user.ts'
import type { Admitted, FlowControl } from './flow-control.ts'
import { FlowRejection } from './level.ts'

export interface TurnTakingOptions {
  readonly user: UserInfo
  /** Undefined as long as there is none: then every turn is at once. */
  readonly flow: () => FlowControl | undefined
  readonly requests: RequestMetrics
  readonly clock: Clock
  /** Told of every answer, by the method of HTTP that would have been used. */
  readonly observe: (method: string) => (code: number, seconds: number) => void
}

/** Requests of one sort: what is known of them is found out once. */
interface Sort {
  readonly generation: number
  readonly admit: ((onGone: () => void) => Admitted | Promise<Admitted>) | undefined
  readonly counted: RequestSort
  readonly observe: (code: number, seconds: number) => void
}

const MAX_SORTS = 2000
/** As clients over HTTP do that are told to come again in a second. */
const MAX_RETRIES = 10
const RETRY_MS = 1000
const NO_QUERY = new URLSearchParams()
const READING = new Set(['get', 'list'])
const METHODS: Readonly<Record<string, string>> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
}
/** Nobody in this process goes away while it waits. */
const neverGone = () => {}

/** What is asked: a verb, of what, and where. */
interface Asked {
  readonly ref: ResourceRef<unknown>
  readonly verb: string
  readonly namespace?: string
  readonly subresource?: string
}

/** The same client, whose every request takes a seat of the level that its user belongs to. */
export function turnTakingClient(inner: Client, options: TurnTakingOptions): Client {
  const { flow, requests, clock, observe } = options
  const user = placedAs(options.user)
  // Maps in maps: a text that is put together for every request would cost more than all the rest.
  const sorts = new Map<ResourceRef<unknown>, Map<string, Map<string, Sort>>>()
  let count = 0

  function sortOf({ ref, verb, namespace = '', subresource = '' }: Asked): Sort {
    const control = flow()
    const generation = control?.generation ?? -1
    const action = subresource === '' ? verb : `${verb}/${subresource}`
    const known = sorts.get(ref)?.get(action)?.get(namespace)
    if (known?.generation === generation) return known
    const made = newSort({ ref, verb, namespace, subresource }, control, generation)
    count += 1
    if (count > MAX_SORTS) {
      sorts.clear()
      count = 1
    }
    const ofRef = sorts.get(ref) ?? new Map<string, Map<string, Sort>>()
    const ofAction = ofRef.get(action) ?? new Map<string, Sort>()
    sorts.set(ref, ofRef.set(action, ofAction.set(namespace, made)))
    return made
  }

  function newSort(
    { ref, verb, namespace, subresource }: Required<Asked>,
    control: FlowControl | undefined,
    generation: number,
  ): Sort {
    const { group, version, resource } = ref
    const one = verb !== 'list' && verb !== 'watch' && verb !== 'deletecollection'
    const info: RequestInfo = {
      ...{ path: '', query: NO_QUERY, verb, isResource: true, group, version, resource, subresource, namespace },
      // One stands for all of them: nothing here depends on the name.
      ...{ name: one && verb !== 'create' ? '-' : '', rest: '' },
    }
    const kind = verb === 'watch' ? 'longRunning' : READING.has(verb) ? 'readOnly' : 'mutating'
    const admit = control?.classified(user, info)
    return { generation, admit, counted: requests.sortOf(info, kind), observe: observe(METHODS[verb] ?? '') }
  }

  /** The seat, as soon as there is one. Rejects with TooManyRequests like a client that has tried often enough. */
  async function seated(sort: Sort, refusal?: unknown): Promise<Admitted | undefined> {
    if (refusal !== undefined && !(refusal instanceof FlowRejection)) throw refusal
    let tries = refusal === undefined ? 0 : 1
    for (;;) {
      try {
        if (tries > 0) await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve))
        return await sort.admit?.(neverGone)
      } catch (error) {
        if (!(error instanceof FlowRejection)) throw error
        tries += 1
        if (tries > MAX_RETRIES) throw tooManyRequests()
      }
    }
  }

  /** The seat when it is free, or the wait for one. */
  function seat(sort: Sort): Admitted | undefined | Promise<Admitted | undefined> {
    try {
      const admitted = sort.admit?.(neverGone)
      return admitted instanceof Promise ? admitted.catch((error: unknown) => seated(sort, error)) : admitted
    } catch (error) {
      return seated(sort, error)
    }
  }

  async function run<T>(asked: Asked, success: number, work: () => Promise<T>): Promise<T> {
    const sort = sortOf(asked)
    const { counted } = sort
    const started = clock.now()
    counted.begun()
    let waited = 0
    let code = success
    let turn: Admitted | undefined
    try {
      const pending = seat(sort)
      if (pending instanceof Promise) {
        turn = await pending
        waited = clock.now() - started
      } else turn = pending
      return await work()
    } catch (error) {
      code = error instanceof StatusError ? error.code : 500
      throw error
    } finally {
      turn?.release()
      const ms = clock.now() - started
      counted.ended(code, ms, waited)
      sort.observe(code, ms / 1000)
    }
  }

  return {
    get: (ref, key) => run({ ref, verb: 'get', namespace: key.namespace ?? '' }, 200, () => inner.get(ref, key)),
    list: (ref, o) => run({ ref, verb: 'list', namespace: o?.namespace ?? '' }, 200, () => inner.list(ref, o)),
    async *watch<T>(ref: ResourceRef<T>, o: WatchOptions): AsyncGenerator<WatchEvent<T>> {
      const sort = sortOf({ ref, verb: 'watch', namespace: o.namespace ?? '' })
      const started = clock.now()
      sort.counted.begun()
      let code = 200
      try {
        // Its seat is for its beginning, which sends nothing here.
        const turn = await seat(sort)
        turn?.release()
        yield* inner.watch(ref, o)
      } catch (error) {
        code = error instanceof StatusError ? error.code : 500
        throw error
      } finally {
        const ms = clock.now() - started
        sort.counted.ended(code, ms, 0)
        sort.observe(code, ms / 1000)
      }
    },
    create: (ref, object, o) =>
      run({ ref, verb: 'create', namespace: namespaceOf(object), subresource: o?.subresource ?? '' }, 201, () =>
        inner.create(ref, object, o),
      ),
    update: (ref, object, o) =>
      run({ ref, verb: 'update', namespace: namespaceOf(object), subresource: o?.subresource ?? '' }, 200, () =>
        inner.update(ref, object, o),
      ),
    patch: (ref, key, o) =>
      run({ ref, verb: 'patch', namespace: key.namespace ?? '', subresource: o.subresource ?? '' }, 200, () =>
        inner.patch(ref, key, o),
      ),
    delete: (ref, key, o) =>
      run({ ref, verb: 'delete', namespace: key.namespace ?? '' }, 200, () => inner.delete(ref, key, o)),
    deleteCollection: (ref, o) =>
      run({ ref, verb: 'deletecollection', namespace: o?.namespace ?? '' }, 200, () => inner.deleteCollection(ref, o)),
    createSubresource: <Answer>(
      ref: ResourceRef<unknown>,
      key: { namespace?: string; name: string },
      subresource: string,
      body: object,
    ) =>
      run<Answer>({ ref, verb: 'create', namespace: key.namespace ?? '', subresource }, 201, () =>
        inner.createSubresource<Answer>(ref, key, subresource, body),
      ),
  }
}

/** Components have all rights here, and yet the place that upstream's have, which are no administrators. */
function placedAs(user: UserInfo): UserInfo {
  if (user.name === OWN || !user.name.startsWith('system:')) return user
  return { ...user, groups: [...user.groups.filter((group) => group !== MASTERS_GROUP), 'system:authenticated'] }
}

/** The server itself must never wait for itself. */
const OWN = 'system:apiserver'

function namespaceOf(object: unknown): string {
  return (object as { metadata?: { namespace?: string } }).metadata?.namespace ?? ''
}

function tooManyRequests(): StatusError {
  return new StatusError({
    message: 'the server has received too many requests and has asked us to try again later',
    reason: 'TooManyRequests',
    details: { retryAfterSeconds: 1 },
    code: 429,
  })
}
