// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import type { Condition, ListMeta, NamespacedObjectMeta, ObjectMeta } from './meta-v1.ts'

export interface ClusterTrustBundle {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: ClusterTrustBundleSpec
}

export interface ClusterTrustBundleList {
  apiVersion: string
  items: ClusterTrustBundle[]
  kind: string
  metadata: ListMeta
}

export interface ClusterTrustBundleSpec {
  signerName?: string
  trustBundle: string
}

export interface PodCertificateRequest {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: PodCertificateRequestSpec
  status: PodCertificateRequestStatus
}

export interface PodCertificateRequestList {
  apiVersion: string
  items: PodCertificateRequest[]
  kind: string
  metadata: ListMeta
}

export interface PodCertificateRequestSpec {
  maxExpirationSeconds?: number
  nodeName: string
  nodeUID: string
  pkixPublicKey?: string | null
  podName: string
  podUID: string
  proofOfPossession?: string | null
  serviceAccountName: string
  serviceAccountUID: string
  signerName: string
  stubPKCS10Request: string
  unverifiedUserAnnotations?: Record<string, string>
}

export interface PodCertificateRequestStatus {
  beginRefreshAt?: string
  certificateChain?: string
  conditions?: Condition[]
  notAfter?: string
  notBefore?: string
}
