// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { Condition, ListMeta, NamespacedObjectMeta } from './meta-v1.ts'

export type BasicSchedulingPolicy = Record<string, never>

export interface GangSchedulingPolicy {
  minCount: number
}

export interface PodGroup {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: PodGroupSpec
  status: PodGroupStatus
}

export interface PodGroupList {
  apiVersion: string
  items: PodGroup[]
  kind: string
  metadata: ListMeta
}

export interface PodGroupResourceClaim {
  name: string
  resourceClaimName?: string
  resourceClaimTemplateName?: string
}

export interface PodGroupResourceClaimStatus {
  name: string
  resourceClaimName?: string
}

export interface PodGroupSchedulingConstraints {
  topology?: TopologyConstraint[]
}

export interface PodGroupSchedulingPolicy {
  basic?: BasicSchedulingPolicy
  gang?: GangSchedulingPolicy
}

export interface PodGroupSpec {
  disruptionMode?: string
  podGroupTemplateRef?: PodGroupTemplateReference | null
  priority?: number
  priorityClassName?: string
  resourceClaims?: PodGroupResourceClaim[]
  schedulingConstraints?: PodGroupSchedulingConstraints
  schedulingPolicy: PodGroupSchedulingPolicy
}

export interface PodGroupStatus {
  conditions?: Condition[]
  resourceClaimStatuses?: PodGroupResourceClaimStatus[]
}

export interface PodGroupTemplate {
  disruptionMode?: string
  name: string
  priority?: number
  priorityClassName?: string
  resourceClaims?: PodGroupResourceClaim[]
  schedulingConstraints?: PodGroupSchedulingConstraints | null
  schedulingPolicy: PodGroupSchedulingPolicy
}

export interface PodGroupTemplateReference {
  workload?: WorkloadPodGroupTemplateReference | null
}

export interface TopologyConstraint {
  key: string
}

export interface TypedLocalObjectReference {
  apiGroup?: string
  kind: string
  name: string
}

export interface Workload {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: WorkloadSpec
}

export interface WorkloadList {
  apiVersion: string
  items: Workload[]
  kind: string
  metadata: ListMeta
}

export interface WorkloadPodGroupTemplateReference {
  podGroupTemplateName: string
  workloadName: string
}

export interface WorkloadSpec {
  controllerRef?: TypedLocalObjectReference
  podGroupTemplates: PodGroupTemplate[]
}
