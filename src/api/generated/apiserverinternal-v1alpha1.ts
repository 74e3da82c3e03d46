// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { ListMeta, ObjectMeta } from './meta-v1.ts'

export interface ServerStorageVersion {
  apiServerID: string
  decodableVersions: string[]
  encodingVersion: string
  servedVersions?: string[]
}

export interface StorageVersion {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: StorageVersionSpec
  status: StorageVersionStatus
}

export interface StorageVersionCondition {
  lastTransitionTime?: string | null
  message: string
  observedGeneration?: number
  reason: string
  status: string
  type: string
}

export interface StorageVersionList {
  apiVersion: string
  items: StorageVersion[]
  kind: string
  metadata: ListMeta
}

export type StorageVersionSpec = Record<string, never>

export interface StorageVersionStatus {
  commonEncodingVersion?: string
  conditions?: StorageVersionCondition[]
  storageVersions?: ServerStorageVersion[]
}
