// How every component reaches the cluster: one interface, an in-process and an HTTPS transport behind it.

import type { ObjectMeta } from '../api/generated/meta-v1.ts'
import type { ResourceRef } from '../api/resource-ref.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'

/** Any API object. */
export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
}

/**
 * What is handed to `create`: the server fills in apiVersion, kind, the rest of metadata, and status.
 */
export type New<T> = T extends { metadata: infer M }
  ? Omit<T, 'apiVersion' | 'kind' | 'metadata' | 'status'> & {
      apiVersion?: string
      kind?: string
      metadata: Partial<M>
    } & (T extends { status: infer S } ? { status?: S } : unknown)
  : never

/** Names one object. `namespace` is given for namespaced resources only. */
export interface ObjectKey {
  readonly namespace?: string
  readonly name: string
}

export interface ListOptions {
  readonly namespace?: string
  /** As in `kubectl -l`: `app=web,tier in (a,b),!old`. */
  readonly labelSelector?: string
  /** As in `kubectl --field-selector`: `spec.nodeName=n1`. */
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan'
}

export interface List<T> {
  readonly items: readonly DeepReadonly<T>[]
  readonly resourceVersion: string
  /** Present when there is more; pass it to the next `list`. */
  readonly continue?: string
}

export interface WatchOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Start after this version. Absent: first an ADDED event per existing object. */
  readonly resourceVersion?: string
  /** Ends the watch; the iteration then finishes without an error. */
  readonly signal: AbortSignal
}

/** BOOKMARK carries an object with nothing but `metadata.resourceVersion`. */
export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: DeepReadonly<T> }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }

export interface WriteOptions {
  /** `status`, `scale`, `binding`, `eviction`, `token`, … */
  readonly subresource?: string
  readonly dryRun?: boolean
  readonly fieldManager?: string
}

export interface PatchOptions extends WriteOptions {
  /** `apply`: a configuration that takes over what others own; it needs a fieldManager. */
  readonly type: 'json' | 'merge' | 'strategic' | 'apply'
  readonly patch: unknown
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

/**
 * Typed access to every resource. Objects that come out are read-only and may be shared: copy before editing.
 * Every method rejects with a StatusError (machinery/errors.ts) that carries the server's v1.Status.
 * Spec: https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
export interface Client {
  get<T>(ref: ResourceRef<T>, key: ObjectKey): Promise<DeepReadonly<T>>
  list<T>(ref: ResourceRef<T>, options?: ListOptions): Promise<List<T>>
  /** Rejects, or throws while iterating, with reason `Expired` (410) when resourceVersion is too old: list again. */
  watch<T>(ref: ResourceRef<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>
  create<T>(ref: ResourceRef<T>, object: New<T>, options?: WriteOptions): Promise<DeepReadonly<T>>
  /** Replaces the object named in `object.metadata`; its resourceVersion must be current (else `Conflict`). */
  update<T>(ref: ResourceRef<T>, object: T | DeepReadonly<T>, options?: WriteOptions): Promise<DeepReadonly<T>>
  patch<T>(ref: ResourceRef<T>, key: ObjectKey, options: PatchOptions): Promise<DeepReadonly<T>>
  /** Resolves once the deletion is accepted; finalizers or a grace period may keep the object for a while. */
  delete<T>(ref: ResourceRef<T>, key: ObjectKey, options?: DeleteOptions): Promise<void>
  deleteCollection<T>(ref: ResourceRef<T>, options?: ListOptions & DeleteOptions): Promise<void>
  /**
   * POSTs a body to a subresource whose request and answer are other kinds than the object,
   * e.g. `pods/binding` (Binding → Status) or `serviceaccounts/token` (TokenRequest → TokenRequest).
   */
  createSubresource<Answer>(
    ref: ResourceRef<unknown>,
    key: ObjectKey,
    subresource: string,
    body: object,
  ): Promise<Answer>
}
