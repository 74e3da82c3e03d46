// The schemas of GatewayClass, Gateway and ReferenceGrant. Spec: https://gateway-api.sigs.k8s.io/reference/spec/

import { GATEWAY_GROUP } from './names.ts'
import {
  addressType,
  conditions,
  controllerName,
  groupName,
  hostname,
  integer,
  kindName,
  list,
  namespaceName,
  object,
  objectName,
  oneOf,
  pending,
  port,
  protocol,
  type Schema,
  sectionName,
  text,
  texts,
  withDefault,
} from './schema.ts'

const annotationValue = text({ minLength: 0, maxLength: 4096 })
const labelValue = text({ minLength: 0, maxLength: 63, pattern: '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$' })

export const gatewayClassSpec: Schema = object(
  {
    controllerName,
    description: text({ maxLength: 64 }),
    parametersRef: object({ group: groupName, kind: kindName, name: objectName, namespace: namespaceName }, [
      'group',
      'kind',
      'name',
    ]),
  },
  ['controllerName'],
)

export const gatewayClassStatus: Schema = object(
  {
    conditions: withDefault(conditions, pending('Accepted')),
    supportedFeatures: list(object({ name: text() }, ['name']), 64, { key: 'name' }),
  },
  [],
  { default: { conditions: pending('Accepted') } },
)

const routeKinds = list(object({ group: withDefault(groupName, GATEWAY_GROUP), kind: kindName }, ['kind']), 8)
const strings: Schema = { type: 'array', items: text(), 'x-kubernetes-list-type': 'atomic' }
const selector = object(
  {
    matchLabels: { type: 'object', additionalProperties: text() },
    matchExpressions: {
      type: 'array',
      'x-kubernetes-list-type': 'atomic',
      items: object({ key: text(), operator: text(), values: strings }, ['key', 'operator']),
    },
  },
  [],
  { 'x-kubernetes-map-type': 'atomic' },
)
const certificateRef = object(
  {
    group: withDefault(groupName, ''),
    kind: withDefault(kindName, 'Secret'),
    name: objectName,
    namespace: namespaceName,
  },
  ['name'],
)
const listener = object(
  {
    name: sectionName,
    hostname,
    port,
    protocol,
    tls: object({
      mode: withDefault(oneOf(['Terminate', 'Passthrough']), 'Terminate'),
      certificateRefs: list(certificateRef, 64),
      options: texts(16, annotationValue),
    }),
    allowedRoutes: object(
      {
        namespaces: object({ from: withDefault(oneOf(['All', 'Selector', 'Same']), 'Same'), selector }, [], {
          default: { from: 'Same' },
        }),
        kinds: routeKinds,
      },
      [],
      { default: { namespaces: { from: 'Same' } } },
    ),
  },
  ['name', 'port', 'protocol'],
)
const ipAddress: Schema[] = [
  {
    properties: {
      type: { enum: ['IPAddress'] },
      value: { anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
    },
  },
  { properties: { type: { not: { enum: ['IPAddress'] } } } },
]

export const gatewaySpec: Schema = object(
  {
    gatewayClassName: objectName,
    listeners: list(listener, 64, { key: 'name', minItems: 1 }),
    addresses: list(
      object({ type: withDefault(addressType, 'IPAddress'), value: text({ maxLength: 253 }) }, [], {
        oneOf: ipAddress,
      }),
      16,
    ),
    infrastructure: object({
      labels: texts(8, labelValue),
      annotations: texts(8, annotationValue),
      parametersRef: object({ group: groupName, kind: kindName, name: objectName }, ['group', 'kind', 'name']),
    }),
  },
  ['gatewayClassName', 'listeners'],
)

const waiting = pending('Accepted', 'Programmed')
export const gatewayStatus: Schema = object(
  {
    addresses: list(
      object(
        { type: withDefault(addressType, 'IPAddress'), value: text({ minLength: 1, maxLength: 253 }) },
        ['value'],
        { oneOf: ipAddress },
      ),
      16,
    ),
    conditions: withDefault(conditions, waiting),
    listeners: list(
      object({ name: sectionName, supportedKinds: routeKinds, attachedRoutes: integer(), conditions }, [
        'attachedRoutes',
        'conditions',
        'name',
        'supportedKinds',
      ]),
      64,
      { key: 'name' },
    ),
  },
  [],
  { default: { conditions: waiting } },
)

const granted = { group: groupName, kind: kindName }
export const referenceGrantSpec: Schema = object(
  {
    from: list(object({ ...granted, namespace: namespaceName }, ['group', 'kind', 'namespace']), 16, { minItems: 1 }),
    to: list(object({ ...granted, name: objectName }, ['group', 'kind']), 16, { minItems: 1 }),
  },
  ['from', 'to'],
)
