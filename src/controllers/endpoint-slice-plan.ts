// Spreads endpoints over slices with as few writes as possible: keep what is right, fill what has room, then add.

import type { Endpoint, EndpointPort, EndpointSlice } from '../api/generated/discovery-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { sameValue, stableJson } from './support/values.ts'

export type ReadSlice = DeepReadonly<EndpointSlice>

/** Endpoints that serve the same ports and have addresses of one family. */
export interface EndpointGroup {
  readonly addressType: string
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

/** The writes that make `existing` into what is wanted. */
export interface SlicePlan {
  readonly create: EndpointGroup[]
  readonly update: { slice: ReadSlice; endpoints: Endpoint[] }[]
  readonly remove: ReadSlice[]
}

const idOf = (addressType: string, ports: unknown) => `${addressType}|${stableJson(ports ?? [])}`

/** What tells one endpoint from another across changes of its conditions. */
function endpointId(endpoint: DeepReadonly<Endpoint>): string {
  return endpoint.targetRef?.uid ?? [...endpoint.addresses].sort().join(',')
}

/** Plans all groups of one service. `max` endpoints fit into a slice. */
export function planSlices(existing: readonly ReadSlice[], groups: readonly EndpointGroup[], max = 100): SlicePlan {
  const plan: SlicePlan = { create: [], update: [], remove: [] }
  const byGroup = new Map<string, ReadSlice[]>()
  for (const slice of existing) {
    const id = idOf(slice.addressType, slice.ports)
    byGroup.set(id, [...(byGroup.get(id) ?? []), slice])
  }
  for (const group of groups) {
    const id = idOf(group.addressType, group.ports)
    planGroup(byGroup.get(id) ?? [], group, max, plan)
    byGroup.delete(id)
  }
  for (const left of byGroup.values()) plan.remove.push(...left)
  return plan
}

interface Draft {
  readonly slice: ReadSlice
  readonly endpoints: Endpoint[]
  changed: boolean
}

function planGroup(existing: readonly ReadSlice[], group: EndpointGroup, max: number, plan: SlicePlan): void {
  const missing = new Map(group.endpoints.map((e) => [endpointId(e), e]))
  const drafts = existing.map((slice): Draft => {
    const endpoints: Endpoint[] = []
    let changed = false
    for (const endpoint of slice.endpoints ?? []) {
      const id = endpointId(endpoint)
      const wanted = missing.get(id)
      missing.delete(id)
      if (!wanted || !sameValue(wanted, endpoint)) changed = true
      if (wanted) endpoints.push(wanted)
    }
    return { slice, endpoints, changed }
  })
  const toAdd = [...missing.values()]
  // Slices that are written anyway take what fits; then one slice with room; what is left gets new slices.
  for (const draft of drafts.filter((d) => d.changed)) fill(draft, toAdd, max)
  for (const draft of drafts.filter((d) => !d.changed && d.endpoints.length < max)) {
    if (toAdd.length === 0) break
    fill(draft, toAdd, max)
  }
  while (toAdd.length > 0) plan.create.push({ ...group, endpoints: toAdd.splice(0, max) })
  const keepsOne = drafts.some((d) => d.endpoints.length > 0) || plan.create.length > 0 || group.endpoints.length > 0
  drafts.forEach((draft, i) => {
    // A service without endpoints keeps one empty slice as a sign that it was looked at.
    if (draft.endpoints.length === 0 && (keepsOne || i > 0)) plan.remove.push(draft.slice)
    else if (draft.changed) plan.update.push({ slice: draft.slice, endpoints: draft.endpoints })
  })
  if (group.endpoints.length === 0 && drafts.length === 0) plan.create.push(group)
}

function fill(draft: Draft, toAdd: Endpoint[], max: number): void {
  const taken = toAdd.splice(0, Math.max(0, max - draft.endpoints.length))
  if (taken.length === 0) return
  draft.endpoints.push(...taken)
  draft.changed = true
}
