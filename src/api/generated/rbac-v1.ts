// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { LabelSelector, ListMeta, NamespacedObjectMeta, ObjectMeta } from './meta-v1.ts'

export interface AggregationRule {
  clusterRoleSelectors?: LabelSelector[]
}

export interface ClusterRole {
  aggregationRule?: AggregationRule
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  rules?: PolicyRule[] | null
}

export interface ClusterRoleBinding {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  roleRef: RoleRef
  subjects?: Subject[]
}

export interface ClusterRoleBindingList {
  apiVersion: string
  items: ClusterRoleBinding[]
  kind: string
  metadata: ListMeta
}

export interface ClusterRoleList {
  apiVersion: string
  items: ClusterRole[]
  kind: string
  metadata: ListMeta
}

export interface PolicyRule {
  apiGroups?: string[]
  nonResourceURLs?: string[]
  resourceNames?: string[]
  resources?: string[]
  verbs: string[]
}

export interface Role {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  rules?: PolicyRule[] | null
}

export interface RoleBinding {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  roleRef: RoleRef
  subjects?: Subject[]
}

export interface RoleBindingList {
  apiVersion: string
  items: RoleBinding[]
  kind: string
  metadata: ListMeta
}

export interface RoleList {
  apiVersion: string
  items: Role[]
  kind: string
  metadata: ListMeta
}

export interface RoleRef {
  apiGroup?: string
  kind: string
  name: string
}

export interface Subject {
  apiGroup?: string
  kind: string
  name: string
  namespace?: string
}
