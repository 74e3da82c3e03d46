// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.

export interface APIGroup {
  apiVersion?: string
  kind?: string
  name: string
  preferredVersion?: GroupVersionForDiscovery
  serverAddressByClientCIDRs?: ServerAddressByClientCIDR[]
  versions: GroupVersionForDiscovery[]
}

export interface APIGroupList {
  apiVersion?: string
  groups: APIGroup[]
  kind?: string
}

export interface APIResource {
  categories?: string[]
  group?: string
  kind: string
  name: string
  namespaced: boolean
  shortNames?: string[]
  singularName: string
  storageVersionHash?: string
  verbs: string[]
  version?: string
}

export interface APIResourceList {
  apiVersion?: string
  groupVersion: string
  kind?: string
  resources: APIResource[]
}

export interface APIVersions {
  apiVersion?: string
  kind?: string
  serverAddressByClientCIDRs: ServerAddressByClientCIDR[]
  versions: string[]
}

export interface Condition {
  lastTransitionTime: string
  message: string
  observedGeneration?: number
  reason: string
  status: string
  type: string
}

export interface DeleteOptions {
  apiVersion?: string
  dryRun?: string[]
  gracePeriodSeconds?: number
  ignoreStoreReadErrorWithClusterBreakingPotential?: boolean
  kind?: string
  orphanDependents?: boolean
  preconditions?: Preconditions
  propagationPolicy?: string
}

export interface FieldSelectorRequirement {
  key: string
  operator: string
  values?: string[]
}

export interface GroupResource {
  group: string
  resource: string
}

export interface GroupVersionForDiscovery {
  groupVersion: string
  version: string
}

export interface LabelSelector {
  matchExpressions?: LabelSelectorRequirement[]
  matchLabels?: Record<string, string>
}

export interface LabelSelectorRequirement {
  key: string
  operator: string
  values?: string[]
}

export interface ListMeta {
  continue?: string
  remainingItemCount?: number
  resourceVersion?: string
  selfLink?: string
  shardInfo?: ShardInfo
}

export interface ManagedFieldsEntry {
  apiVersion?: string
  fieldsType?: string
  fieldsV1?: Record<string, unknown>
  manager?: string
  operation?: string
  subresource?: string
  time?: string
}

export interface ObjectMeta {
  annotations?: Record<string, string>
  creationTimestamp: string
  deletionGracePeriodSeconds?: number
  deletionTimestamp?: string
  finalizers?: string[]
  generateName?: string
  generation?: number
  labels?: Record<string, string>
  managedFields?: ManagedFieldsEntry[]
  name: string
  namespace?: string
  ownerReferences?: OwnerReference[]
  resourceVersion: string
  selfLink?: string
  uid: string
}

export interface OwnerReference {
  apiVersion: string
  blockOwnerDeletion?: boolean
  controller?: boolean
  kind: string
  name: string
  uid: string
}

export interface Preconditions {
  resourceVersion?: string
  uid?: string
}

export interface ServerAddressByClientCIDR {
  clientCIDR: string
  serverAddress: string
}

export interface ShardInfo {
  selector: string
}

export interface Status {
  apiVersion: string
  code?: number
  details?: StatusDetails
  kind: string
  message?: string
  metadata: ListMeta
  reason?: string
  status: string
}

export interface StatusCause {
  field?: string
  message?: string
  reason?: string
}

export interface StatusDetails {
  causes?: StatusCause[]
  group?: string
  kind?: string
  name?: string
  retryAfterSeconds?: number
  uid?: string
}

export interface WatchEvent {
  object: unknown
  type: string
}

/** The metadata of an object that lives in a namespace. */
export interface NamespacedObjectMeta extends ObjectMeta {
  namespace: string
}
