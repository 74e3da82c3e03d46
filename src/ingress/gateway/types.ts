// The objects of the Gateway API as they are read here. Spec: https://gateway-api.sigs.k8s.io/reference/spec/

import type { Condition, LabelSelector, NamespacedObjectMeta, ObjectMeta } from '../../api/generated/meta-v1.ts'
import { type ResourceRef, resourceRef } from '../../api/resource-ref.ts'
import { GATEWAY_GROUP } from './names.ts'

export interface GatewayClass {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: { controllerName: string; description?: string; parametersRef?: { group: string; kind: string; name: string } }
  status: { conditions?: Condition[]; supportedFeatures?: { name: string }[] }
}

export interface RouteKind {
  group?: string
  kind: string
}

export interface SecretReference {
  group?: string
  kind?: string
  name: string
  namespace?: string
}

export interface GatewayListener {
  name: string
  hostname?: string
  port: number
  protocol: string
  tls?: { mode?: string; certificateRefs?: SecretReference[]; options?: Record<string, string> }
  allowedRoutes?: { namespaces?: { from?: string; selector?: LabelSelector }; kinds?: RouteKind[] }
}

export interface ListenerStatus {
  name: string
  supportedKinds: RouteKind[]
  attachedRoutes: number
  conditions: Condition[]
}

export interface Gateway {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: {
    gatewayClassName: string
    listeners: GatewayListener[]
    addresses?: { type?: string; value?: string }[]
  }
  status: { addresses?: { type?: string; value: string }[]; conditions?: Condition[]; listeners?: ListenerStatus[] }
}

export interface ParentReference {
  group?: string
  kind?: string
  namespace?: string
  name: string
  sectionName?: string
  port?: number
}

export interface BackendReference {
  group?: string
  kind?: string
  name: string
  namespace?: string
  port?: number
  weight?: number
}

export interface NameMatch {
  type?: string
  name: string
  value: string
}

export interface HTTPRouteMatch {
  path?: { type?: string; value?: string }
  headers?: NameMatch[]
  queryParams?: NameMatch[]
  method?: string
}

export interface HeaderModifier {
  set?: { name: string; value: string }[]
  add?: { name: string; value: string }[]
  remove?: string[]
}

export interface PathModifier {
  type: string
  replaceFullPath?: string
  replacePrefixMatch?: string
}

export interface RequestRedirect {
  scheme?: string
  hostname?: string
  path?: PathModifier
  port?: number
  statusCode?: number
}

export interface RequestMirror {
  backendRef: BackendReference
  percent?: number
  fraction?: { numerator: number; denominator?: number }
}

export interface HTTPRouteFilter {
  type: string
  requestHeaderModifier?: HeaderModifier
  responseHeaderModifier?: HeaderModifier
  requestMirror?: RequestMirror
  requestRedirect?: RequestRedirect
  urlRewrite?: { hostname?: string; path?: PathModifier }
}

export interface HTTPBackendReference extends BackendReference {
  filters?: HTTPRouteFilter[]
}

export interface HTTPRouteRule {
  name?: string
  matches?: HTTPRouteMatch[]
  filters?: HTTPRouteFilter[]
  backendRefs?: HTTPBackendReference[]
  timeouts?: { request?: string; backendRequest?: string }
}

export interface RouteParentStatus {
  parentRef: ParentReference
  controllerName: string
  conditions: Condition[]
}

export interface HTTPRoute {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: { parentRefs?: ParentReference[]; hostnames?: string[]; rules?: HTTPRouteRule[] }
  status: { parents?: RouteParentStatus[] }
}

export interface GRPCRouteRule {
  name?: string
  matches?: { method?: { type?: string; service?: string; method?: string }; headers?: NameMatch[] }[]
  filters?: HTTPRouteFilter[]
  backendRefs?: HTTPBackendReference[]
}

export interface GRPCRoute {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: { parentRefs?: ParentReference[]; hostnames?: string[]; rules?: GRPCRouteRule[] }
  status: { parents?: RouteParentStatus[] }
}

export interface ReferenceGrant {
  apiVersion: string
  kind: string
  metadata: NamespacedObjectMeta
  spec: {
    from: { group: string; kind: string; namespace: string }[]
    to: { group: string; kind: string; name?: string }[]
  }
}

const group = GATEWAY_GROUP
export const gatewayclasses: ResourceRef<GatewayClass> = resourceRef({
  group,
  version: 'v1',
  resource: 'gatewayclasses',
  kind: 'GatewayClass',
  namespaced: false,
})
export const gateways: ResourceRef<Gateway> = resourceRef({
  group,
  version: 'v1',
  resource: 'gateways',
  kind: 'Gateway',
  namespaced: true,
})
export const httproutes: ResourceRef<HTTPRoute> = resourceRef({
  group,
  version: 'v1',
  resource: 'httproutes',
  kind: 'HTTPRoute',
  namespaced: true,
})
export const grpcroutes: ResourceRef<GRPCRoute> = resourceRef({
  group,
  version: 'v1',
  resource: 'grpcroutes',
  kind: 'GRPCRoute',
  namespaced: true,
})
export const referencegrants: ResourceRef<ReferenceGrant> = resourceRef({
  group,
  version: 'v1beta1',
  resource: 'referencegrants',
  kind: 'ReferenceGrant',
  namespaced: true,
})
