// The values that expressions see of one request.

import type { Namespace } from '../../../api/generated/core-v1.ts'
import type { Activation } from '../../../machinery/cel/index.ts'
import { fromJson, fromTypedJson } from '../../../machinery/cel/index.ts'
import { notFound } from '../../../machinery/errors.ts'
import type { StoredObject } from '../../api-object.ts'
import type { Registry } from '../../registry/registry.ts'
import type { AdmissionAttributes } from '../admission.ts'
import { requestedOf, type Seen } from '../dynamic/matching.ts'
import { showObject } from '../dynamic/shown-object.ts'
import { requestFields } from '../webhooks/review.ts'
import { type Authorizations, authorizerValues } from './authorizer.ts'
import { NAMESPACE, REQUEST } from './environment.ts'

/** The request's objects, as a policy or webhook sees them. */
export interface ShownObjects {
  readonly object: StoredObject | undefined
  readonly old: StoredObject | undefined
}

export async function showObjects(attributes: AdmissionAttributes, seen: Seen): Promise<ShownObjects> {
  const { object, old } = attributes
  return {
    object: object && (await showObject(attributes, seen, object as StoredObject)),
    old: old && (await showObject(attributes, seen, old)),
  }
}

/** The namespace of the request's object; undefined for what is in none, namespaces included. */
export async function namespaceObjectOf(
  registry: Registry,
  { namespace, resource }: AdmissionAttributes,
): Promise<Namespace | undefined> {
  if (namespace === '' || !resource.namespaced) return undefined
  const found = await registry.lookup<Namespace>('', 'namespaces', '', namespace)
  if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace)
  return found
}

/** What one evaluation may refer to, apart from `variables`. */
export function activationOf(
  attributes: AdmissionAttributes,
  given: {
    readonly seen: Seen
    readonly objects: ShownObjects
    readonly namespace: Namespace | undefined
    readonly params?: StoredObject | undefined
    readonly authorizations: Authorizations | undefined
  },
): Activation {
  const { seen, objects, namespace, params, authorizations } = given
  const own: Seen = { resource: attributes.resource, version: attributes.context.version }
  return {
    object: () => fromJson(objects.object),
    oldObject: () => fromJson(objects.old),
    request: () => fromTypedJson(requestFields(attributes, seen), REQUEST),
    namespaceObject: () => fromTypedJson(namespace && withUid(namespace), NAMESPACE),
    params: () => fromJson(params),
    ...(authorizations ? authorizerValues(authorizations.of(attributes.user), requestedOf(attributes, own)) : {}),
  }
}

/** The field has this name in expressions. */
function withUid({ metadata, ...namespace }: Namespace): object {
  return { ...namespace, metadata: { ...metadata, UID: metadata.uid } }
}
