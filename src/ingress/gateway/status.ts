// What the status of classes, gateways and routes is to be, made from verdicts and from what it is now.

import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { GatewayVerdict, RouteVerdict } from './build-gateways.ts'
import { conditionsOf, type Finding, no, yes } from './conditions.ts'
import { BUNDLE_VERSION, GATEWAY_CONTROLLER, SUPPORTED_FEATURES } from './names.ts'
import type { Gateway, GatewayClass, HTTPRoute } from './types.ts'

/** The status of a class of ours. `versions` are those of the installed definitions. */
export function classStatus(
  { metadata, spec, status }: DeepReadonly<GatewayClass>,
  versions: readonly string[],
  now: string,
): GatewayClass['status'] {
  const other = versions.find((version) => !version.startsWith('v1.'))
  const findings: Finding[] = [
    spec.parametersRef
      ? no('Accepted', 'InvalidParameters', 'parametersRef is not supported')
      : yes('Accepted', 'Accepted'),
    other === undefined
      ? yes('SupportedVersion', 'SupportedVersion')
      : no(
          'SupportedVersion',
          'UnsupportedVersion',
          `the definitions are of version ${JSON.stringify(other)}: expected v1, such as ${BUNDLE_VERSION}`,
        ),
  ]
  return {
    conditions: conditionsOf(findings, status?.conditions, { generation: metadata.generation ?? 1, now }),
    supportedFeatures: SUPPORTED_FEATURES.map((name) => ({ name })),
  }
}

/** The status of a gateway of ours. */
export function gatewayStatus({ gateway, ...verdict }: GatewayVerdict, now: string): Gateway['status'] {
  const at = { generation: gateway.metadata.generation ?? 1, now }
  const before = gateway.status
  return {
    addresses: verdict.addresses.map((value) => ({ type: 'IPAddress', value })),
    conditions: conditionsOf(verdict.findings, before?.conditions, at),
    listeners: verdict.listeners.map(({ name, supportedKinds, attachedRoutes, findings }) => ({
      name,
      supportedKinds: [...supportedKinds],
      attachedRoutes,
      conditions: conditionsOf(findings, before?.listeners?.find((l) => l.name === name)?.conditions, at),
    })),
  }
}

/** The status of a route: our parents anew, those of other controllers as they are. */
export function routeStatus({ route, parents }: RouteVerdict, now: string): DeepReadonly<HTTPRoute['status']> {
  const before = route.status?.parents ?? []
  const at = { generation: route.metadata.generation ?? 1, now }
  const others = before.filter((parent) => parent.controllerName !== GATEWAY_CONTROLLER)
  const ours = parents.map(({ parentRef, findings }) => {
    const same = before.find(
      (parent) => parent.controllerName === GATEWAY_CONTROLLER && sameJson(parent.parentRef, parentRef),
    )
    return {
      parentRef,
      controllerName: GATEWAY_CONTROLLER,
      conditions: conditionsOf(findings, same?.conditions, at),
    }
  })
  return { parents: [...others, ...ours] }
}
