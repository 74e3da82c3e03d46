// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { ListMeta, NamespacedObjectMeta } from './meta-v1.ts'

export interface CrossVersionObjectReference {
  apiVersion?: string
  kind: string
  name: string
}

export interface HorizontalPodAutoscaler {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: HorizontalPodAutoscalerSpec
  status: HorizontalPodAutoscalerStatus
}

export interface HorizontalPodAutoscalerList {
  apiVersion: string
  items: HorizontalPodAutoscaler[]
  kind: string
  metadata: ListMeta
}

export interface HorizontalPodAutoscalerSpec {
  maxReplicas: number
  minReplicas?: number
  scaleTargetRef: CrossVersionObjectReference
  targetCPUUtilizationPercentage?: number
}

export interface HorizontalPodAutoscalerStatus {
  currentCPUUtilizationPercentage?: number
  currentReplicas: number
  desiredReplicas: number
  lastScaleTime?: string
  observedGeneration?: number
}

export interface Scale {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: ScaleSpec
  status: ScaleStatus
}

export interface ScaleSpec {
  replicas?: number
}

export interface ScaleStatus {
  replicas: number
  selector?: string
}
