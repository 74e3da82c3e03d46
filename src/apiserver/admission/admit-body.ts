// Admission of what is posted to a subresource: a Binding, an Eviction, a TokenRequest.

import type { ApiObject } from '../api-object.ts'
import type { Registry, RequestContext } from '../registry/registry.ts'
import type { Resource } from '../registry/resource.ts'
import { admitRequest } from './admission.ts'

/** Runs admission with operation CREATE; plugins may change the body. */
export async function admitBody(
  registry: Registry,
  posted: { readonly resource: Resource; readonly subresource: string; readonly name: string; readonly body: object },
  asked: RequestContext,
): Promise<void> {
  const { resource, subresource, name, body } = posted
  const { user, dryRun, namespace, version } = asked
  // Kinds that are only ever posted have no version of the resource's own.
  const context = resource.versions.includes(version) ? asked : { ...asked, version: resource.storage }
  await admitRequest(registry.admission, {
    operation: 'CREATE',
    resource,
    subresource,
    namespace,
    name,
    user,
    dryRun,
    context,
    object: body as ApiObject,
    old: undefined,
  })
}
