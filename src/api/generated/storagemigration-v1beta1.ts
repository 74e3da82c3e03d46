// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { Condition, GroupResource, ListMeta, ObjectMeta } from './meta-v1.ts'

export interface StorageVersionMigration {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: StorageVersionMigrationSpec
  status: StorageVersionMigrationStatus
}

export interface StorageVersionMigrationList {
  apiVersion: string
  items: StorageVersionMigration[]
  kind: string
  metadata: ListMeta
}

export interface StorageVersionMigrationSpec {
  resource: GroupResource
}

export interface StorageVersionMigrationStatus {
  conditions?: Condition[]
  resourceVersion?: string
}
