// The parameters that a binding gives to its policy.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#parameter-resources

import type { ParamKind, ParamRef } from '../../../api/generated/admissionregistration-v1.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import { matchesLabelSelector } from '../../../machinery/label-selector.ts'
import type { StoredObject } from '../../api-object.ts'
import type { Registry } from '../../registry/registry.ts'
import { listPrefix, toVersion } from '../../registry/resource.ts'
import { shownAll } from '../../registry/view.ts'
import type { Seen } from '../dynamic/matching.ts'

/**
 * What a binding refers to of the policy's kind of parameters. `[undefined]`: evaluated once, without parameters. Empty:
 * not evaluated. Throws an Error that says what is wrong.
 */
export async function paramsOf(
  registry: Registry,
  served: Seen | undefined,
  paramRef: DeepReadonly<ParamRef> | undefined,
  namespace: string,
): Promise<readonly (StoredObject | undefined)[]> {
  if (!served || !paramRef) return [undefined]
  const { resource, version } = served
  if (!resource.namespaced && paramRef.namespace) {
    throw new Error('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
  }
  const within = resource.namespaced ? paramRef.namespace || namespace : ''
  if (resource.namespaced && within === '') {
    throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources')
  }
  const found = paramRef.name
    ? [await registry.find(resource, within, paramRef.name)]
    : await selected(registry, served, paramRef, within)
  const params = found.flatMap((entry) => (entry ? [toVersion(entry.object, version)] : []))
  if (params.length === 0 && paramRef.parameterNotFoundAction === 'Deny') {
    throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction')
  }
  return params
}

/** What a kind of parameters is served as; undefined when it is not. */
export function servedKind(registry: Registry, { apiVersion, kind }: DeepReadonly<ParamKind>): Seen | undefined {
  for (const resource of registry.resources) {
    const version = resource.versions.find((one) => one.apiVersion === apiVersion && one.kind === kind)
    if (version) return { resource, version }
  }
  return undefined
}

async function selected(registry: Registry, { resource }: Seen, { selector }: DeepReadonly<ParamRef>, within: string) {
  const cache = await registry.cache(resource)
  const stored = cache.entriesUnder(listPrefix(resource, within))
  const entries = resource.view ? await shownAll(resource.view, stored) : stored
  return entries.filter(({ object }) => matchesLabelSelector(selector, object.metadata.labels))
}
