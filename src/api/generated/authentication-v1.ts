// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { NamespacedObjectMeta, ObjectMeta } from './meta-v1.ts'

export interface BoundObjectReference {
  apiVersion?: string
  kind?: string
  name?: string
  uid?: string
}

export interface SelfSubjectReview {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  status: SelfSubjectReviewStatus
}

export interface SelfSubjectReviewStatus {
  userInfo?: UserInfo
}

export interface TokenRequest {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: TokenRequestSpec
  status: TokenRequestStatus
}

export interface TokenRequestSpec {
  audiences?: string[] | null
  boundObjectRef?: BoundObjectReference | null
  expirationSeconds?: number | null
}

export interface TokenRequestStatus {
  expirationTimestamp?: string | null
  token?: string
}

export interface TokenReview {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: TokenReviewSpec
  status: TokenReviewStatus
}

export interface TokenReviewSpec {
  audiences?: string[]
  token: string
}

export interface TokenReviewStatus {
  audiences?: string[]
  authenticated?: boolean
  error?: string
  user?: UserInfo
}

export interface UserInfo {
  extra?: Record<string, string[]>
  groups?: string[]
  uid?: string
  username?: string
}
