// What a remote API says it serves, in both forms of discovery.
// Spec: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api

import type { APIResource } from '../../api/generated/meta-v1.ts'

/** A version that another server serves, as last heard. */
export interface RemoteVersion {
  readonly group: string
  readonly version: string
  readonly groupPriority: number
  readonly versionPriority: number
  readonly resources: readonly APIResource[]
  /** Whether the server answered when it was asked last. */
  readonly current: boolean
}

/** The resources in a remote answer to discovery. Throws Error when it is none. */
export function readResourceList(answer: unknown, groupVersion: string): APIResource[] {
  if (typeof answer !== 'object' || answer === null || !('resources' in answer) || !Array.isArray(answer.resources)) {
    throw new Error('the answer is no APIResourceList')
  }
  if ('groupVersion' in answer && answer.groupVersion !== groupVersion) {
    throw new Error(`the answer is about ${JSON.stringify(answer.groupVersion)}`)
  }
  return answer.resources.filter(isResource)
}

function isResource(value: unknown): value is APIResource {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'kind' in value &&
    typeof value.kind === 'string' &&
    'verbs' in value &&
    Array.isArray(value.verbs)
  )
}

/** The entry of a version in the aggregated document. */
export function aggregatedVersion({ group, version, resources, current }: RemoteVersion): object {
  const kindOf = (resource: APIResource) => ({
    group: resource.group ?? group,
    version: resource.version ?? version,
    kind: resource.kind,
  })
  const own = resources.filter(({ name }) => !name.includes('/'))
  return {
    version,
    resources: own.map((resource) => {
      const subresources = resources
        .filter(({ name }) => name.startsWith(`${resource.name}/`))
        .map((sub) => ({
          subresource: sub.name.slice(resource.name.length + 1),
          responseKind: kindOf(sub),
          verbs: sub.verbs,
        }))
      return {
        resource: resource.name,
        responseKind: kindOf(resource),
        scope: resource.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: resource.singularName ?? '',
        verbs: resource.verbs,
        ...(resource.shortNames ? { shortNames: resource.shortNames } : {}),
        ...(resource.categories ? { categories: resource.categories } : {}),
        ...(subresources.length === 0 ? {} : { subresources }),
      }
    }),
    freshness: current ? 'Current' : 'Stale',
  }
}
