// Who owns the replicas of a workload, as its scale subresource shows it. Model: scalehandler.go of managedfields.

import { difference, type FieldSet, hasPath, isEmpty, setOfPath } from '../../machinery/apply/field-set.ts'
import { type Managed, sameOwner } from '../../machinery/apply/managers.ts'
import type { Resource } from './resource.ts'

const IN_SCALE = ['f:spec', 'f:replicas']

function replicasPath(resource: Resource): readonly string[] {
  const { scale } = resource.definition
  return scale?.selector === 'path' ? scale.specReplicas.map((name) => `f:${name}`) : IN_SCALE
}

/** The owners of the replicas, as owners of the same field of the Scale. */
export function ownersInScale(resource: Resource, owners: readonly Managed[], scaleVersion: string): Managed[] {
  const path = replicasPath(resource)
  const fields = setOfPath(...IN_SCALE)
  return owners.flatMap(({ entry: _, ...owner }) =>
    hasPath(owner.fields, path) ? [{ ...owner, apiVersion: scaleVersion, fields }] : [],
  )
}

/** The owners of the workload after its Scale got these owners. */
export function ownersInParent(
  resource: Resource,
  {
    parent,
    scale,
    scaleVersion,
    apiVersion,
  }: {
    parent: readonly Managed[]
    scale: readonly Managed[]
    scaleVersion: string
    apiVersion: string
  },
): Managed[] {
  const path = replicasPath(resource)
  const replicas: FieldSet = setOfPath(...path)
  const isIn = (owner: Managed) => scale.some((other) => sameOwner(other, { ...owner, apiVersion: scaleVersion }))
  const kept = parent.flatMap((owner): Managed[] => {
    if (!hasPath(owner.fields, path) || isIn(owner)) return [owner]
    const fields = difference(owner.fields, replicas)
    const { entry: _, ...rest } = owner
    return isEmpty(fields) ? [] : [{ ...rest, fields }]
  })
  const known = (owner: Managed) =>
    parent.some((p) => hasPath(p.fields, path) && sameOwner({ ...p, apiVersion: scaleVersion }, owner))
  const taken = scale
    .filter((owner) => hasPath(owner.fields, IN_SCALE) && !known(owner))
    .map(({ entry: _, ...owner }): Managed => ({ ...owner, apiVersion, time: undefined, fields: replicas }))
  return [...kept, ...taken]
}
