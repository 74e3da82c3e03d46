// The definitions of the Gateway API's kinds, which a cluster starts with. Fields, limits and names are those of the
// standard channel; its rules in CEL are not among them: what they forbid is refused in conditions.

import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  JSONSchemaProps,
} from '../../api/generated/apiextensions-v1.ts'
import type { New } from '../../client/client.ts'
import {
  gatewayClassSpec,
  gatewayClassStatus,
  gatewaySpec,
  gatewayStatus,
  referenceGrantSpec,
} from './gateway-schema.ts'
import { grpcRouteSpec, httpRouteSpec, routeStatus } from './http-route-schema.ts'
import { BUNDLE_VERSION, BUNDLE_VERSION_ANNOTATION, CHANNEL_ANNOTATION, GATEWAY_GROUP } from './names.ts'

const APPROVED = 'https://github.com/kubernetes-sigs/gateway-api/pull/3328'
const AGE: CustomResourceColumnDefinition = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }
const column = (name: string, jsonPath: string, priority?: number): CustomResourceColumnDefinition => ({
  name,
  type: 'string',
  jsonPath,
  ...(priority === undefined ? {} : { priority }),
})
const conditionColumn = (type: string) => column(type, `.status.conditions[?(@.type=="${type}")].status`)

interface Kind {
  readonly kind: string
  readonly plural: string
  readonly shortNames?: string[]
  readonly scope: 'Cluster' | 'Namespaced'
  /** Served ones; the first is stored. */
  readonly versions: readonly string[]
  readonly spec: JSONSchemaProps
  readonly specRequired?: boolean
  readonly status?: JSONSchemaProps
  readonly columns: CustomResourceColumnDefinition[]
}

const KINDS: readonly Kind[] = [
  {
    kind: 'GatewayClass',
    plural: 'gatewayclasses',
    shortNames: ['gc'],
    scope: 'Cluster',
    versions: ['v1', 'v1beta1'],
    spec: gatewayClassSpec,
    status: gatewayClassStatus,
    columns: [
      column('Controller', '.spec.controllerName'),
      conditionColumn('Accepted'),
      AGE,
      column('Description', '.spec.description', 1),
    ],
  },
  {
    kind: 'Gateway',
    plural: 'gateways',
    shortNames: ['gtw'],
    scope: 'Namespaced',
    versions: ['v1', 'v1beta1'],
    spec: gatewaySpec,
    status: gatewayStatus,
    columns: [
      column('Class', '.spec.gatewayClassName'),
      column('Address', '.status.addresses[*].value'),
      conditionColumn('Programmed'),
      AGE,
    ],
  },
  {
    kind: 'HTTPRoute',
    plural: 'httproutes',
    scope: 'Namespaced',
    versions: ['v1', 'v1beta1'],
    spec: httpRouteSpec,
    status: routeStatus,
    columns: [column('Hostnames', '.spec.hostnames'), AGE],
  },
  {
    kind: 'GRPCRoute',
    plural: 'grpcroutes',
    scope: 'Namespaced',
    versions: ['v1'],
    spec: grpcRouteSpec,
    status: routeStatus,
    columns: [column('Hostnames', '.spec.hostnames'), AGE],
  },
  {
    kind: 'ReferenceGrant',
    plural: 'referencegrants',
    shortNames: ['refgrant'],
    scope: 'Namespaced',
    versions: ['v1beta1'],
    spec: referenceGrantSpec,
    specRequired: false,
    columns: [AGE],
  },
]

/** All definitions, as they are created. */
export const GATEWAY_DEFINITIONS: readonly New<CustomResourceDefinition>[] = KINDS.map(definitionOf)

function definitionOf(kind: Kind): New<CustomResourceDefinition> {
  const schema: JSONSchemaProps = {
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: kind.spec,
      ...(kind.status ? { status: kind.status } : {}),
    },
    ...(kind.specRequired === false ? {} : { required: ['spec'] }),
  }
  return {
    metadata: {
      name: `${kind.plural}.${GATEWAY_GROUP}`,
      annotations: {
        'api-approved.kubernetes.io': APPROVED,
        [BUNDLE_VERSION_ANNOTATION]: BUNDLE_VERSION,
        [CHANNEL_ANNOTATION]: 'standard',
      },
    },
    spec: {
      group: GATEWAY_GROUP,
      scope: kind.scope,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        categories: ['gateway-api'],
        ...(kind.shortNames ? { shortNames: kind.shortNames } : {}),
      },
      versions: kind.versions.map((name, i) => ({
        name,
        served: true,
        storage: i === 0,
        schema: { openAPIV3Schema: schema },
        additionalPrinterColumns: kind.columns,
        ...(kind.status ? { subresources: { status: {} } } : {}),
      })),
    },
  }
}
