// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { ListMeta, NamespacedObjectMeta } from './meta-v1.ts'

export interface LeaseCandidate {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: LeaseCandidateSpec
}

export interface LeaseCandidateList {
  apiVersion: string
  items: LeaseCandidate[]
  kind: string
  metadata: ListMeta
}

export interface LeaseCandidateSpec {
  binaryVersion: string
  emulationVersion?: string
  leaseName: string
  pingTime?: string
  renewTime?: string
  strategy: string
}
