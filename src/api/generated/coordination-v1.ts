// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { ListMeta, NamespacedObjectMeta } from './meta-v1.ts'

export interface Lease {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: LeaseSpec
}

export interface LeaseList {
  apiVersion: string
  items: Lease[]
  kind: string
  metadata: ListMeta
}

export interface LeaseSpec {
  acquireTime?: string
  holderIdentity?: string
  leaseDurationSeconds?: number
  leaseTransitions?: number
  preferredHolder?: string
  renewTime?: string
  strategy?: string
}
