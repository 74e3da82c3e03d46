// Every resource that the cluster serves, custom ones included, for controllers that treat all objects alike.

import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import * as generated from '../../api/generated/resources.ts'
import { apiVersionOf, groupResourceOf, type ResourceRef } from '../../api/resource-ref.ts'
import type { KubeObject } from '../../client/client.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'

export type AnyRef = ResourceRef<KubeObject>

// componentstatuses is computed and cannot be watched; events are served under two groups.
const NOT_STORED = new Set(['componentstatuses', 'events.events.k8s.io'])

/** The built-in resources, one version of each. */
export const builtInResources: readonly AnyRef[] = distinct(Object.values(generated) as AnyRef[])

function distinct(refs: readonly AnyRef[]): AnyRef[] {
  const found = new Map<string, AnyRef>()
  for (const ref of refs) {
    const id = groupResourceOf(ref)
    if (!NOT_STORED.has(id) && !found.has(id)) found.set(id, ref)
  }
  return [...found.values()]
}

/** The resource that a definition makes, once it is established. */
export function customResource(definition: DeepReadonly<CustomResourceDefinition>): AnyRef | undefined {
  const established = definition.status.conditions?.some((c) => c.type === 'Established' && c.status === 'True')
  const version =
    definition.spec.versions.find((v) => v.storage && v.served) ?? definition.spec.versions.find((v) => v.served)
  if (!established || !version) return undefined
  return {
    group: definition.spec.group,
    version: version.name,
    resource: definition.spec.names.plural,
    kind: definition.spec.names.kind,
    namespaced: definition.spec.scope === 'Namespaced',
  }
}

/** Finds the resource that an owner reference's apiVersion and kind name. The version need not be the stored one. */
export function findResource(refs: Iterable<AnyRef>, apiVersion: string, kind: string): AnyRef | undefined {
  const slash = apiVersion.indexOf('/')
  const group = slash < 0 ? '' : apiVersion.slice(0, slash)
  let sameGroup: AnyRef | undefined
  for (const ref of refs) {
    if (ref.kind !== kind || ref.group !== group) continue
    if (apiVersionOf(ref) === apiVersion) return ref
    sameGroup = ref
  }
  return sameGroup
}
