// What all reviews share: a body becomes an object, passes admission like one that is created, and is answered, never stored.
// Model: k8s.io/apiserver/pkg/endpoints/handlers/create.go.

import { badRequest, pageNotFound } from '../../machinery/errors.ts'
import { type AdmissionAttributes, admit, validate } from '../admission/admission.ts'
import type { ApiObject } from '../api-object.ts'
import { decodeBody } from '../registry/decode-body.ts'
import { trackCreate } from '../registry/field-owners.ts'
import type { Registry, RequestContext } from '../registry/registry.ts'
import { type Resource, resolveResource } from '../registry/resource.ts'

/** What only the server says about an object. */
const SYSTEM_FIELDS = [
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'resourceVersion',
  'selfLink',
  'uid',
] as const

/** Gives the kind of a review in a version; each is made once. */
export function reviewKinds(group: string, resource: string): (version: string) => Resource {
  const known = new Map<string, Resource>()
  return (version) => {
    const found = known.get(version)
    if (found) return found
    let made: Resource
    try {
      made = resolveResource({ group, resource, storageVersion: version }, () => true)
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('no ')) throw pageNotFound()
      throw error
    }
    known.set(version, made)
    return made
  }
}

/**
 * Reads a review, lets admission see it, and gives it when `check` and admission let it pass. `check` throws what is
 * wrong with the review.
 */
export async function admitReview(
  registry: Registry,
  kind: Resource,
  given: { readonly body: unknown; readonly context: RequestContext; readonly check: (review: ApiObject) => void },
): Promise<ApiObject> {
  const context = { ...given.context, version: kind.storage }
  const review = decodeBody(given.body ?? {}, kind.storage, context)
  for (const field of SYSTEM_FIELDS) delete review.metadata[field]
  settleNamespace(review, kind.namespaced ? context.namespace : '')
  trackCreate(kind, review, context, registry.clock.now())
  const attributes: AdmissionAttributes = {
    operation: 'CREATE',
    resource: kind,
    subresource: '',
    namespace: context.namespace,
    name: review.metadata.name ?? '',
    user: context.user,
    dryRun: context.dryRun,
    context,
    object: review,
    old: undefined,
  }
  await admit(registry.admission, attributes)
  given.check(review)
  await validate(registry.admission, attributes)
  return review
}

function settleNamespace(review: ApiObject, namespace: string): void {
  const { metadata } = review
  if (metadata.namespace && namespace !== '' && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  if (namespace === '') delete metadata.namespace
  else metadata.namespace = namespace
}
