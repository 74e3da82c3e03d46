// What a kind adds by hand to the generic machinery: one object per resource, listed in resources/index.ts.

import type { FieldError } from '../machinery/errors.ts'
import type { ApiObject, StoredObject } from './api-object.ts'
import type { UserInfo } from './user.ts'

/** What hooks may use. */
export interface StrategyContext {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Who makes the request. */
  readonly user: UserInfo
  /** The version of the request: `apps/v1`. */
  readonly apiVersion: string
  /** Tells the client something in a Warning header. */
  warn(message: string): void
  /** The kinds of a group and version that definitions of custom resources make. */
  customTypes(group: string, version: string): readonly CustomType[]
}

/** A kind that a definition makes, with the schema of its objects. */
export interface CustomType {
  readonly resource: string
  readonly kind: string
  readonly schema: object
}

/** One column of `kubectl get`. `priority` above 0 shows with `-o wide` only. */
export interface Column<T> {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'date' | 'boolean'
  readonly format?: string
  readonly description: string
  readonly priority?: number
  /** False for a cell that no definition of a column is told for. */
  readonly hasHeading?: boolean
  value(object: T, now: number): unknown
}

/** A version other than the storage version, with conversion both ways. Neither function changes its argument. */
export interface OtherVersion {
  readonly version: string
  /** Group of this version when it differs (`events` is served under two groups). */
  readonly group?: string
  readonly kind?: string
  toStorage(object: ApiObject): ApiObject
  fromStorage(object: StoredObject): ApiObject
  /** The warning that an answer with this kind carries; absent for versions in good standing. */
  deprecation?(kind: string): string | undefined
  /** The storage version's names of selectable fields, by the names that they have here; absent when they are the same. */
  readonly fieldLabels?: Readonly<Record<string, string>>
  /** Problems of the storage version that this one always let pass. */
  forgives?(error: FieldError): boolean
  /** Checks of objects, as they are stored, that come through this version, besides those of the resource. */
  validateCreate?(object: ApiObject): readonly FieldError[]
  validateUpdate?(object: ApiObject, old: ApiObject): readonly FieldError[]
}

/** Where the scale subresource finds its numbers. */
export type ScaleMapping =
  | {
      /** `spec.selector` is a LabelSelector (`selector`) or a plain map (`map`). */
      readonly selector: 'selector' | 'map'
    }
  | ScalePaths

/** Scale of a custom resource: names of fields from the top. */
export interface ScalePaths {
  readonly selector: 'path'
  readonly specReplicas: readonly string[]
  readonly statusReplicas: readonly string[]
  readonly labelSelector?: readonly string[]
}

/** `resets` of kinds whose status is written without their metadata. */
export const STATUS_ALONE = { status: ['metadata', 'spec'] } as const

/** Metadata that a status write resets where it resets metadata at all. Upstream: ResetObjectMetaForStatus. */
export const METADATA_OF_OBJECT = [
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
  'deletionTimestamp',
] as const

/** Puts metadata back that a write of the status does not change. */
export function keepMetadata(
  object: Pick<ApiObject, 'metadata'>,
  old: Pick<ApiObject, 'metadata'>,
  names: readonly (typeof METADATA_OF_OBJECT)[number][] = METADATA_OF_OBJECT,
): void {
  for (const name of names) {
    const before = old.metadata[name]
    if (before === undefined) delete object.metadata[name]
    else Object.assign(object.metadata, { [name]: before })
  }
}

/** What a subresource asks of writes to it. `old` is never changed. */
export interface SubresourceRules<T> {
  prepareUpdate?(object: T, old: T, context: StrategyContext): void
  validateUpdate?(object: T, old: T): readonly FieldError[]
}

/**
 * Hand-written behaviour of one resource. Hooks may change the object they are given first; `old` is never changed.
 * Everything that is absent falls back to the generic behaviour described beside it.
 */
export interface ResourceDefinition<T = ApiObject> {
  readonly group: string
  /** Plural. */
  readonly resource: string
  /** Lower-case kind when absent. */
  readonly singular?: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  /** The storage version; the newest stable one of the facts when absent. */
  readonly storageVersion?: string
  readonly otherVersions?: readonly OtherVersion[]
  /** The warning that answers of the storage version carry, for kinds that are deprecated as a whole. */
  readonly deprecation?: string
  /** Key prefix under /registry without slashes at the ends; the resource name when absent. */
  readonly storagePrefix?: string
  /** Gives what is wrong with an object's name; RFC 1123 subdomain when absent. */
  nameProblem?(name: string, object: T): string | readonly string[] | undefined
  /** Fills in defaults. Runs on every write, and on what is read from the store. */
  defaults?(object: T, now: number): void
  /**
   * Brings fields that say the same into agreement, before anyone owns them: what upstream's conversions do. Runs on every
   * write, also to the status.
   */
  settle?(object: T): void
  /** True for kinds that have no status until one is written; the others have an empty one. */
  readonly lateStatus?: boolean
  /** True for kinds whose creator also writes the first status (nodes). */
  readonly keepStatusOnCreate?: boolean
  /** Resets what a client may not set on create. Status is reset before, unless `keepStatusOnCreate`. */
  prepareCreate?(object: T, context: StrategyContext): void
  /** Keeps what a client may not change. Status is always kept. */
  prepareUpdate?(object: T, old: T, context: StrategyContext): void
  /** Problems of an object as a whole; `old` is there on an update, whose rules may let be what was so before. */
  validate?(object: T, old?: T): readonly FieldError[]
  /** Checks of new objects only, besides `validate`. */
  validateCreate?(object: T): readonly FieldError[]
  /** `context` takes warnings of what is let be because it was so before. */
  validateUpdate?(object: T, old: T, context: Pick<StrategyContext, 'warn'>): readonly FieldError[]
  /** Extra preparation and checks of writes to `status`; metadata and spec are always kept. */
  prepareStatusUpdate?(object: T, old: T, context: StrategyContext): void
  validateStatusUpdate?(object: T, old: T, context: Pick<StrategyContext, 'warn' | 'now'>): readonly FieldError[]
  /** What is said of an object that is taken, and of one whose status is. */
  warnings?(object: T, old: T | undefined): readonly string[]
  statusWarnings?(object: T): readonly string[]
  /** The same for other subresources that are written as the object itself, by their names. */
  readonly subresources?: Readonly<Record<string, SubresourceRules<T>>>
  /** Fields that may be used in fieldSelector, besides metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, (object: T) => string>>
  /** What is said of a label that cannot be selected by, of an object of this version. */
  unknownField?(label: string, apiVersion: string): string
  readonly columns?: readonly Column<T>[]
  readonly scale?: ScaleMapping
  /**
   * Whether metadata.generation begins at 1 and counts changes (default for kinds with a spec); it may only do the one
   * (`first`) or the other (`counted`), or neither (false), so that what the creator says stays.
   */
  readonly generation?: boolean | 'first' | 'counted'
  /**
   * Fields that writes to a subresource (`''`: to the object itself) leave as they are, by their paths. Default: `status`
   * for the object and `spec` for the status.
   */
  readonly resets?: Readonly<Record<string, readonly string[]>>
  /** True when PUT may create (leases, endpoints, …, as upstream's AllowCreateOnUpdate). */
  readonly createOnUpdate?: boolean
  /** False when an update must carry a resourceVersion (upstream's AllowUnconditionalUpdate). */
  readonly unconditionalUpdate?: boolean
  /** Marks an object whose deletion begins; it is expected to add a finalizer. */
  prepareDelete?(object: T, now: number): void
  /** Seconds a deleted object stays for graceful deletion; absent or undefined: deleted at once. */
  gracePeriod?(object: T, requested: number | undefined): number | undefined
  /** Seconds after which objects disappear by themselves. */
  readonly ttlSeconds?: number
}

/** Declares a resource with its typed object; generic code then sees it untyped. */
export function defineResource<T>(definition: ResourceDefinition<T>): ResourceDefinition {
  return definition as unknown as ResourceDefinition
}
