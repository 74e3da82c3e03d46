// The names of the Gateway API, and those by which its controller is known here.

/** The API group of gateways and routes. */
export const GATEWAY_GROUP = 'gateway.networking.k8s.io'
/** `spec.controllerName` of the gateway classes that are served here. */
export const GATEWAY_CONTROLLER = 'sampan.dev/gateway-nginx'
/** The class that is made at start. */
export const GATEWAY_CLASS = 'nginx'
export const BUNDLE_VERSION_ANNOTATION = `${GATEWAY_GROUP}/bundle-version`
export const CHANNEL_ANNOTATION = `${GATEWAY_GROUP}/channel`
/** The release of the API whose fields the definitions that are made here have. */
export const BUNDLE_VERSION = 'v1.4.1'
/** What may be left out of the API is told by these names, in alphabetical order. */
export const SUPPORTED_FEATURES = [
  'GRPCRoute',
  'Gateway',
  'GatewayPort8080',
  'HTTPRoute',
  'HTTPRouteBackendRequestHeaderModification',
  'HTTPRouteBackendTimeout',
  'HTTPRouteHostRewrite',
  'HTTPRouteMethodMatching',
  'HTTPRouteParentRefPort',
  'HTTPRoutePathRedirect',
  'HTTPRoutePathRewrite',
  'HTTPRoutePortRedirect',
  'HTTPRouteQueryParamMatching',
  'HTTPRouteRequestMirror',
  'HTTPRouteRequestMultipleMirrors',
  'HTTPRouteRequestPercentageMirror',
  'HTTPRouteRequestTimeout',
  'HTTPRouteResponseHeaderModification',
  'HTTPRouteSchemeRedirect',
  'ReferenceGrant',
] as const
