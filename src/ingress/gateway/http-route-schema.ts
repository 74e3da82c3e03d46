// The schemas of HTTPRoute and GRPCRoute. Spec: https://gateway-api.sigs.k8s.io/reference/spec/#httproute

import { GATEWAY_GROUP } from './names.ts'
import {
  conditions,
  controllerName,
  groupName,
  headerName,
  hostname,
  integer,
  kindName,
  list,
  namespaceName,
  object,
  objectName,
  oneOf,
  port,
  preciseHostname,
  type Schema,
  sectionName,
  text,
  withDefault,
} from './schema.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']
const EVERY_PATH = { type: 'PathPrefix', value: '/' }
const FILTERS = [
  'RequestHeaderModifier',
  'ResponseHeaderModifier',
  'RequestMirror',
  'RequestRedirect',
  'URLRewrite',
  'ExtensionRef',
]

/** What a remote procedure call has no use for. */
const HTTP_ONLY = ['RequestRedirect', 'URLRewrite']

const parentRef = object(
  {
    group: withDefault(groupName, GATEWAY_GROUP),
    kind: withDefault(kindName, 'Gateway'),
    namespace: namespaceName,
    name: objectName,
    sectionName,
    port,
  },
  ['name'],
)

const backend = {
  group: withDefault(groupName, ''),
  kind: withDefault(kindName, 'Service'),
  name: objectName,
  namespace: namespaceName,
  port,
}
const header = object({ name: headerName, value: text({ minLength: 1, maxLength: 4096 }) }, ['name', 'value'])
const headerModifier = object({
  set: list(header, 16, { key: 'name' }),
  add: list(header, 16, { key: 'name' }),
  remove: { type: 'array', items: text(), maxItems: 16, 'x-kubernetes-list-type': 'set' },
})
const pathModifier = object(
  {
    type: oneOf(['ReplaceFullPath', 'ReplacePrefixMatch']),
    replaceFullPath: text({ maxLength: 1024 }),
    replacePrefixMatch: text({ maxLength: 1024 }),
  },
  ['type'],
)
const filterFields = {
  requestHeaderModifier: headerModifier,
  responseHeaderModifier: headerModifier,
  requestMirror: object(
    {
      backendRef: object(backend, ['name']),
      percent: integer({ minimum: 0, maximum: 100 }),
      fraction: object({ numerator: integer({ minimum: 0 }), denominator: integer({ minimum: 1, default: 100 }) }, [
        'numerator',
      ]),
    },
    ['backendRef'],
  ),
  requestRedirect: object({
    scheme: oneOf(['http', 'https']),
    hostname: preciseHostname,
    path: pathModifier,
    port,
    statusCode: { type: 'integer', enum: [301, 302], default: 302 },
  }),
  urlRewrite: object({ hostname: preciseHostname, path: pathModifier }),
  extensionRef: object({ group: groupName, kind: kindName, name: objectName }, ['group', 'kind', 'name']),
}
const { requestRedirect: _redirect, urlRewrite: _rewrite, ...grpcFields } = filterFields
const filters = list(object({ type: oneOf(FILTERS), ...filterFields }, ['type']), 16)
const grpcFilters = list(
  object({ type: oneOf(FILTERS.filter((type) => !HTTP_ONLY.includes(type))), ...grpcFields }, ['type']),
  16,
)
const matcher = (maxLength: number) =>
  list(
    object(
      {
        type: withDefault(oneOf(['Exact', 'RegularExpression']), 'Exact'),
        name: headerName,
        value: text({ minLength: 1, maxLength }),
      },
      ['name', 'value'],
    ),
    16,
    { key: 'name' },
  )
const match = object({
  path: object(
    {
      type: withDefault(oneOf(['Exact', 'PathPrefix', 'RegularExpression']), 'PathPrefix'),
      value: text({ maxLength: 1024, default: '/' }),
    },
    [],
    { default: EVERY_PATH },
  ),
  headers: matcher(4096),
  queryParams: matcher(1024),
  method: oneOf(METHODS),
})
const duration = text({ pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$' })
const rule = object({
  name: sectionName,
  matches: list(match, 64, { default: [{ path: EVERY_PATH }] }),
  filters,
  backendRefs: list(
    object({ ...backend, weight: integer({ minimum: 0, maximum: 1_000_000, default: 1 }), filters }, ['name']),
    16,
  ),
  timeouts: object({ request: duration, backendRequest: duration }),
})

const grpcName = text({ maxLength: 1024 })
const grpcRule = object({
  name: sectionName,
  matches: list(
    object({
      method: object({
        type: withDefault(oneOf(['Exact', 'RegularExpression']), 'Exact'),
        service: grpcName,
        method: grpcName,
      }),
      headers: matcher(4096),
    }),
    64,
  ),
  filters: grpcFilters,
  backendRefs: list(
    object({ ...backend, weight: integer({ minimum: 0, maximum: 1_000_000, default: 1 }), filters: grpcFilters }, [
      'name',
    ]),
    16,
  ),
})

export const grpcRouteSpec: Schema = object({
  parentRefs: list(parentRef, 32),
  hostnames: list(hostname, 16),
  rules: list(grpcRule, 16),
})

/** The status of every kind of route. */
export const routeStatus = object(
  {
    parents: list(
      object({ parentRef, controllerName, conditions: { ...conditions, minItems: 1 } }, [
        'conditions',
        'controllerName',
        'parentRef',
      ]),
      32,
    ),
  },
  ['parents'],
)

export const httpRouteSpec: Schema = object({
  parentRefs: list(parentRef, 32),
  hostnames: list(hostname, 16),
  rules: list(rule, 16, { default: [{ matches: [{ path: EVERY_PATH }] }] }),
})
