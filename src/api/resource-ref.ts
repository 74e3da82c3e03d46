// Names one served resource and carries, for the compiler only, the type of its objects.

/** One served resource. `T` is the type of its objects and exists for the compiler only. */
export interface ResourceRef<T> {
  readonly group: string
  readonly version: string
  /** Plural, lower case, as in the URL. */
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
  /** Never set: binds `T` to the reference. */
  readonly objectType?: T
}

/** Makes a reference; use the generated constants for built-in resources. */
export function resourceRef<T>(ref: Omit<ResourceRef<T>, 'objectType'>): ResourceRef<T> {
  return ref
}

/** `v1` or `apps/v1`. */
export function apiVersionOf(ref: { group: string; version: string }): string {
  return ref.group === '' ? ref.version : `${ref.group}/${ref.version}`
}

/** `pods` or `deployments.apps`: how kubectl and error messages name a resource. */
export function groupResourceOf(ref: { group: string; resource: string }): string {
  return ref.group === '' ? ref.resource : `${ref.resource}.${ref.group}`
}
