// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { Condition, ListMeta, ObjectMeta } from './meta-v1.ts'

export interface IPAddress {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: IPAddressSpec
}

export interface IPAddressList {
  apiVersion: string
  items: IPAddress[]
  kind: string
  metadata: ListMeta
}

export interface IPAddressSpec {
  parentRef: ParentReference
}

export interface ParentReference {
  group?: string
  name: string
  namespace?: string
  resource: string
}

export interface ServiceCIDR {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: ServiceCIDRSpec
  status: ServiceCIDRStatus
}

export interface ServiceCIDRList {
  apiVersion: string
  items: ServiceCIDR[]
  kind: string
  metadata: ListMeta
}

export interface ServiceCIDRSpec {
  cidrs?: string[]
}

export interface ServiceCIDRStatus {
  conditions?: Condition[]
}
