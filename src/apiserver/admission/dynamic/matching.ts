// Whether a webhook or policy is about a request, and in which version it wants to see the object.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-matchpolicy

import type { Namespace } from '../../../api/generated/core-v1.ts'
import type { LabelSelector } from '../../../api/generated/meta-v1.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import { notFound } from '../../../machinery/errors.ts'
import { isEmptySelector, matchesLabelSelector } from '../../../machinery/label-selector.ts'
import type { Registry } from '../../registry/registry.ts'
import type { Resource, ServedVersion } from '../../registry/resource.ts'
import type { AdmissionAttributes } from '../admission.ts'
import { type Requested, type Rule, ruleMatches } from './rules.ts'

/** What a webhook or policy says about the requests that it is for. */
export interface Criteria {
  readonly rules: readonly Rule[]
  readonly excluded?: readonly Rule[]
  readonly matchPolicy: string | undefined
  readonly namespaceSelector: DeepReadonly<LabelSelector> | undefined
  readonly objectSelector: DeepReadonly<LabelSelector> | undefined
}

/** The resource and version in which the request is seen. */
export interface Seen {
  readonly resource: Resource
  readonly version: ServedVersion
}

const EXEMPT_GROUP = 'admissionregistration.k8s.io'

/** Configurations of admission are not subject to it: a broken one could never be mended. */
export function isExempt({ resource }: AdmissionAttributes): boolean {
  return resource.group === EXEMPT_GROUP
}

/** Namespaces are in themselves. */
export function namespaceOf({ resource, namespace, name }: AdmissionAttributes): string {
  return resource.group === '' && resource.resource === 'namespaces' ? name : namespace
}

export function requestedOf(attributes: AdmissionAttributes, { resource, version }: Seen): Requested {
  const { operation, subresource, name } = attributes
  const { resource: plural } = resource
  const namespace = namespaceOf(attributes)
  return { operation, group: version.group, version: version.version, resource: plural, subresource, namespace, name }
}

/** How the request is to be shown when the criteria are met; undefined when they are not. */
export async function matched(
  registry: Registry,
  criteria: Criteria,
  attributes: AdmissionAttributes,
): Promise<Seen | undefined> {
  const seen = seenBy(registry, criteria, attributes)
  if (!seen || !matchesObject(criteria.objectSelector, attributes)) return undefined
  return (await matchesNamespace(registry, criteria.namespaceSelector, attributes)) ? seen : undefined
}

function seenBy(registry: Registry, criteria: Criteria, attributes: AdmissionAttributes): Seen | undefined {
  const own: Seen = { resource: attributes.resource, version: attributes.context.version }
  const asked = requestedOf(attributes, own)
  const isExcluded = (requested: Requested) => (criteria.excluded ?? []).some((rule) => ruleMatches(rule, requested))
  const equivalent = criteria.matchPolicy === 'Exact' ? [] : equivalentsOf(registry, attributes)
  if (criteria.excluded && criteria.excluded.length > 0) {
    if (isExcluded(asked) || equivalent.some((seen) => isExcluded(requestedOf(attributes, seen)))) return undefined
  }
  if (criteria.rules.some((rule) => ruleMatches(rule, asked))) return own
  for (const rule of criteria.rules) {
    const found = equivalent.find((seen) => ruleMatches(rule, requestedOf(attributes, seen)))
    if (found) return found
  }
  return undefined
}

/** The other versions in which the same object is served. */
function equivalentsOf(registry: Registry, { resource, context, subresource }: AdmissionAttributes): Seen[] {
  const all: Seen[] = resource.view
    ? registry.resources
        .filter((other) => other.view && other.group === resource.group && other.resource === resource.resource)
        .map((other) => ({ resource: other, version: other.storage }))
    : resource.versions.map((version) => ({ resource, version }))
  return all.filter(
    ({ version }) =>
      version.apiVersion !== context.version.apiVersion &&
      (subresource === '' || version.subresources.has(subresource)),
  )
}

function matchesObject(selector: Criteria['objectSelector'], { object, old }: AdmissionAttributes): boolean {
  if (selector === undefined || isEmptySelector(selector)) return true
  return [object, old].some((one) => one?.metadata !== undefined && matchesLabelSelector(selector, one.metadata.labels))
}

async function matchesNamespace(
  registry: Registry,
  selector: Criteria['namespaceSelector'],
  attributes: AdmissionAttributes,
): Promise<boolean> {
  if (selector === undefined || isEmptySelector(selector)) return true
  const name = namespaceOf(attributes)
  const isNamespace = attributes.resource.group === '' && attributes.resource.resource === 'namespaces'
  if (name === '' && !isNamespace) return true
  const { object, subresource } = attributes
  // What is stored does not have the labels yet that it is about to get.
  if (isNamespace && object && subresource === '') return matchesLabelSelector(selector, object.metadata.labels)
  const namespace = await registry.lookup<Namespace>('', 'namespaces', '', name)
  if (!namespace) throw notFound({ group: '', resource: 'namespaces' }, name)
  return matchesLabelSelector(selector, namespace.metadata.labels)
}
