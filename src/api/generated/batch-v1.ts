// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { ObjectReference, PodTemplateSpec } from './core-v1.ts'
import type { LabelSelector, ListMeta, NamespacedObjectMeta, ObjectMeta } from './meta-v1.ts'

export interface CronJob {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: CronJobSpec
  status: CronJobStatus
}

export interface CronJobList {
  apiVersion: string
  items: CronJob[]
  kind: string
  metadata: ListMeta
}

export interface CronJobSpec {
  concurrencyPolicy?: string
  failedJobsHistoryLimit?: number
  jobTemplate: JobTemplateSpec
  schedule: string
  startingDeadlineSeconds?: number
  successfulJobsHistoryLimit?: number
  suspend?: boolean
  timeZone?: string
}

export interface CronJobStatus {
  active?: ObjectReference[]
  lastScheduleTime?: string
  lastSuccessfulTime?: string
}

export interface Job {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: JobSpec
  status: JobStatus
}

export interface JobCondition {
  lastProbeTime?: string | null
  lastTransitionTime?: string | null
  message?: string
  reason?: string
  status: string
  type: string
}

export interface JobList {
  apiVersion: string
  items: Job[]
  kind: string
  metadata: ListMeta
}

export interface JobSpec {
  activeDeadlineSeconds?: number
  backoffLimit?: number
  backoffLimitPerIndex?: number
  completionMode?: string
  completions?: number
  managedBy?: string
  manualSelector?: boolean
  maxFailedIndexes?: number
  parallelism?: number
  podFailurePolicy?: PodFailurePolicy
  podReplacementPolicy?: string
  selector?: LabelSelector
  successPolicy?: SuccessPolicy
  suspend?: boolean
  template: PodTemplateSpec
  ttlSecondsAfterFinished?: number
}

export interface JobStatus {
  active?: number
  completedIndexes?: string
  completionTime?: string
  conditions?: JobCondition[]
  failed?: number
  failedIndexes?: string
  ready?: number
  startTime?: string
  succeeded?: number
  terminating?: number
  uncountedTerminatedPods?: UncountedTerminatedPods
}

export interface JobTemplateSpec {
  metadata?: Partial<ObjectMeta>
  spec?: JobSpec
}

export interface PodFailurePolicy {
  rules: PodFailurePolicyRule[]
}

export interface PodFailurePolicyOnExitCodesRequirement {
  containerName?: string
  operator: string
  values: number[]
}

export interface PodFailurePolicyOnPodConditionsPattern {
  status?: string
  type: string
}

export interface PodFailurePolicyRule {
  action: string
  onExitCodes?: PodFailurePolicyOnExitCodesRequirement
  onPodConditions?: PodFailurePolicyOnPodConditionsPattern[]
}

export interface SuccessPolicy {
  rules: SuccessPolicyRule[]
}

export interface SuccessPolicyRule {
  succeededCount?: number
  succeededIndexes?: string
}

export interface UncountedTerminatedPods {
  failed?: string[]
  succeeded?: string[]
}
