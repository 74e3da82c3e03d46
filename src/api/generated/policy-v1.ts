// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { Condition, DeleteOptions, LabelSelector, ListMeta, NamespacedObjectMeta } from './meta-v1.ts'

export interface Eviction {
  apiVersion: string
  deleteOptions?: DeleteOptions
  kind: string
  metadata: NamespacedObjectMeta
}

export interface PodDisruptionBudget {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: PodDisruptionBudgetSpec
  status: PodDisruptionBudgetStatus
}

export interface PodDisruptionBudgetList {
  apiVersion: string
  items: PodDisruptionBudget[]
  kind: string
  metadata: ListMeta
}

export interface PodDisruptionBudgetSpec {
  maxUnavailable?: number | string
  minAvailable?: number | string
  selector?: LabelSelector
  unhealthyPodEvictionPolicy?: string
}

export interface PodDisruptionBudgetStatus {
  conditions?: Condition[]
  currentHealthy?: number
  desiredHealthy?: number
  disruptedPods?: Record<string, string>
  disruptionsAllowed?: number
  expectedPods?: number
  observedGeneration?: number
}
