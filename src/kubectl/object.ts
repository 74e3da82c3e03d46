// Kubernetes objects as commands see them: plain JSON with the fields every object has.

export interface KubeObject {
  apiVersion?: string
  kind?: string
  metadata?: {
    name?: string
    generateName?: string
    namespace?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    resourceVersion?: string
    uid?: string
    creationTimestamp?: string
    deletionTimestamp?: string
    managedFields?: unknown
    [key: string]: unknown
  }
  [key: string]: unknown
}

/** Whether `value` is an object (no list, no null). */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The items of a list object; undefined when it is none. */
export function itemsOf(object: KubeObject): KubeObject[] | undefined {
  if (!Array.isArray(object.items)) return undefined
  return object.items as KubeObject[]
}

/** `apps` of `apps/v1`, empty for the core group. */
export function groupOf(apiVersion: string | undefined): string {
  return apiVersion?.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
}

/** `deployment.apps/web`, `pod/web`: how `-o name` and success messages name an object. */
export function objectName(object: KubeObject): string {
  const group = groupOf(object.apiVersion)
  const kind = (object.kind ?? '<unknown>').toLowerCase()
  return `${group === '' ? kind : `${kind}.${group}`}/${object.metadata?.name || '<unknown>'}`
}
