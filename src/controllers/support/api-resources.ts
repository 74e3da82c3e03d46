// Every resource that the cluster serves, custom ones included, for controllers that treat all objects alike.

import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import * as generated from '../../api/generated/resources.ts'
import { homeGroupOf } from '../../api/legacy-groups.ts'
import { apiVersionOf, groupResourceOf, type ResourceRef } from '../../api/resource-ref.ts'
import type { Client, KubeObject } from '../../client/client.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { StatusError } from '../../machinery/errors.ts'

export type AnyRef = ResourceRef<KubeObject>

// componentstatuses is computed and cannot be watched; events are served under two groups.
const NOT_STORED = new Set(['componentstatuses', 'events.events.k8s.io'])

/** Every built-in resource, with all its versions. */
const known = (Object.values(generated) as AnyRef[]).filter((ref) => !NOT_STORED.has(groupResourceOf(ref)))

/** The built-in resources that the server answers for, one version of each. */
export async function servedResources(client: Client): Promise<AnyRef[]> {
  const served = new Map<string, AnyRef>()
  for (const ref of known) {
    const id = groupResourceOf(ref)
    if (!served.has(id) && (await isServed(client, ref))) served.set(id, ref)
  }
  return [...served.values()]
}

/** The built-in resource that a name such as `pods` or `deployments.apps` means, in a version that the server answers for. */
export async function servedResource(client: Client, groupResource: string): Promise<AnyRef | undefined> {
  for (const ref of known) {
    if (groupResourceOf(ref) === groupResource && (await isServed(client, ref))) return ref
  }
  return undefined
}

async function isServed(client: Client, ref: AnyRef): Promise<boolean> {
  try {
    await client.list(ref, { limit: 1 })
    return true
  } catch (error) {
    if (error instanceof StatusError && (error.code === 404 || error.code === 405)) return false
    throw error
  }
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
  const group = homeGroupOf(slash < 0 ? '' : apiVersion.slice(0, slash), kind)
  let sameGroup: AnyRef | undefined
  for (const ref of refs) {
    if (ref.kind !== kind || ref.group !== group) continue
    if (apiVersionOf(ref) === apiVersion) return ref
    sameGroup = ref
  }
  return sameGroup
}
