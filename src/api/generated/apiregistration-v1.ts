// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { ListMeta, ObjectMeta } from './meta-v1.ts'

export interface APIService {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: APIServiceSpec
  status: APIServiceStatus
}

export interface APIServiceCondition {
  lastTransitionTime?: string | null
  message?: string
  reason?: string
  status: string
  type: string
}

export interface APIServiceList {
  apiVersion: string
  items: APIService[]
  kind: string
  metadata: ListMeta
}

export interface APIServiceSpec {
  caBundle?: string
  group?: string
  groupPriorityMinimum: number
  insecureSkipTLSVerify?: boolean
  service?: ServiceReference
  version?: string
  versionPriority: number
}

export interface APIServiceStatus {
  conditions?: APIServiceCondition[]
}

export interface ServiceReference {
  name?: string
  namespace?: string
  port?: number
}
