// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { ListMeta, ObjectMeta } from './meta-v1.ts'

export interface VolumeAttributesClass {
  apiVersion: string
  driverName: string
  kind: string
  metadata: ObjectMeta
  parameters?: Record<string, string>
}

export interface VolumeAttributesClassList {
  apiVersion: string
  items: VolumeAttributesClass[]
  kind: string
  metadata: ListMeta
}
