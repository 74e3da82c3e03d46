// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { PersistentVolumeClaim, PodTemplateSpec } from './core-v1.ts'
import type { LabelSelector, ListMeta, NamespacedObjectMeta } from './meta-v1.ts'

export interface ControllerRevision {
  apiVersion: string
  data?: unknown
  kind: string
  metadata: NamespacedObjectMeta
  revision: number
}

export interface ControllerRevisionList {
  apiVersion: string
  items: ControllerRevision[]
  kind: string
  metadata: ListMeta
}

export interface DaemonSet {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: DaemonSetSpec
  status: DaemonSetStatus
}

export interface DaemonSetCondition {
  lastTransitionTime?: string | null
  message?: string
  reason?: string
  status: string
  type: string
}

export interface DaemonSetList {
  apiVersion: string
  items: DaemonSet[]
  kind: string
  metadata: ListMeta
}

export interface DaemonSetSpec {
  minReadySeconds?: number
  revisionHistoryLimit?: number
  selector: LabelSelector
  template: PodTemplateSpec
  updateStrategy?: DaemonSetUpdateStrategy
}

export interface DaemonSetStatus {
  collisionCount?: number
  conditions?: DaemonSetCondition[]
  currentNumberScheduled: number
  desiredNumberScheduled: number
  numberAvailable?: number
  numberMisscheduled: number
  numberReady: number
  numberUnavailable?: number
  observedGeneration?: number
  updatedNumberScheduled?: number
}

export interface DaemonSetUpdateStrategy {
  rollingUpdate?: RollingUpdateDaemonSet
  type?: string
}

export interface Deployment {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: DeploymentSpec
  status: DeploymentStatus
}

export interface DeploymentCondition {
  lastTransitionTime?: string | null
  lastUpdateTime?: string | null
  message?: string
  reason?: string
  status: string
  type: string
}

export interface DeploymentList {
  apiVersion: string
  items: Deployment[]
  kind: string
  metadata: ListMeta
}

export interface DeploymentSpec {
  minReadySeconds?: number
  paused?: boolean
  progressDeadlineSeconds?: number
  replicas?: number
  revisionHistoryLimit?: number
  selector: LabelSelector
  strategy?: DeploymentStrategy
  template: PodTemplateSpec
}

export interface DeploymentStatus {
  availableReplicas?: number
  collisionCount?: number
  conditions?: DeploymentCondition[]
  observedGeneration?: number
  readyReplicas?: number
  replicas?: number
  terminatingReplicas?: number
  unavailableReplicas?: number
  updatedReplicas?: number
}

export interface DeploymentStrategy {
  rollingUpdate?: RollingUpdateDeployment
  type?: string
}

export interface ReplicaSet {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: ReplicaSetSpec
  status: ReplicaSetStatus
}

export interface ReplicaSetCondition {
  lastTransitionTime?: string | null
  message?: string
  reason?: string
  status: string
  type: string
}

export interface ReplicaSetList {
  apiVersion: string
  items: ReplicaSet[]
  kind: string
  metadata: ListMeta
}

export interface ReplicaSetSpec {
  minReadySeconds?: number
  replicas?: number
  selector: LabelSelector
  template?: PodTemplateSpec
}

export interface ReplicaSetStatus {
  availableReplicas?: number
  conditions?: ReplicaSetCondition[]
  fullyLabeledReplicas?: number
  observedGeneration?: number
  readyReplicas?: number
  replicas: number
  terminatingReplicas?: number
}

export interface RollingUpdateDaemonSet {
  maxSurge?: number | string
  maxUnavailable?: number | string
}

export interface RollingUpdateDeployment {
  maxSurge?: number | string
  maxUnavailable?: number | string
}

export interface RollingUpdateStatefulSetStrategy {
  maxUnavailable?: number | string
  partition?: number
}

export interface StatefulSet {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: StatefulSetSpec
  status: StatefulSetStatus
}

export interface StatefulSetCondition {
  lastTransitionTime?: string | null
  message?: string
  reason?: string
  status: string
  type: string
}

export interface StatefulSetList {
  apiVersion: string
  items: StatefulSet[]
  kind: string
  metadata: ListMeta
}

export interface StatefulSetOrdinals {
  start?: number
}

export interface StatefulSetPersistentVolumeClaimRetentionPolicy {
  whenDeleted?: string
  whenScaled?: string
}

export interface StatefulSetSpec {
  minReadySeconds?: number
  ordinals?: StatefulSetOrdinals
  persistentVolumeClaimRetentionPolicy?: StatefulSetPersistentVolumeClaimRetentionPolicy
  podManagementPolicy?: string
  replicas?: number
  revisionHistoryLimit?: number
  selector: LabelSelector
  serviceName?: string
  template: PodTemplateSpec
  updateStrategy?: StatefulSetUpdateStrategy
  volumeClaimTemplates?: PersistentVolumeClaim[]
}

export interface StatefulSetStatus {
  availableReplicas?: number
  collisionCount?: number
  conditions?: StatefulSetCondition[]
  currentReplicas?: number
  currentRevision?: string
  observedGeneration?: number
  readyReplicas?: number
  replicas: number
  updateRevision?: string
  updatedReplicas?: number
}

export interface StatefulSetUpdateStrategy {
  rollingUpdate?: RollingUpdateStatefulSetStrategy
  type?: string
}
