// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { ListMeta, ObjectMeta } from './meta-v1.ts'

export interface CertificateSigningRequest {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: CertificateSigningRequestSpec
  status: CertificateSigningRequestStatus
}

export interface CertificateSigningRequestCondition {
  lastTransitionTime?: string | null
  lastUpdateTime?: string | null
  message?: string
  reason?: string
  status: string
  type: string
}

export interface CertificateSigningRequestList {
  apiVersion: string
  items: CertificateSigningRequest[]
  kind: string
  metadata: ListMeta
}

export interface CertificateSigningRequestSpec {
  expirationSeconds?: number
  extra?: Record<string, string[]>
  groups?: string[]
  request: string
  signerName: string
  uid?: string
  usages?: string[]
  username?: string
}

export interface CertificateSigningRequestStatus {
  certificate?: string
  conditions?: CertificateSigningRequestCondition[]
}
