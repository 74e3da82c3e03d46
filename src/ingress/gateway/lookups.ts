// What deciding about gateways looks things up in, and whether one namespace may name what another has.

import type { Namespace } from '../../api/generated/core-v1.ts'
import type { LabelSelector } from '../../api/generated/meta-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { Lookups } from '../build-model.ts'
import { GATEWAY_GROUP } from './names.ts'
import type { Gateway, GatewayClass, HTTPRoute, ReferenceGrant } from './types.ts'

/** Everything that gateways are decided from. */
export interface GatewayInput {
  readonly classes: readonly DeepReadonly<GatewayClass>[]
  readonly gateways: readonly DeepReadonly<Gateway>[]
  readonly routes: readonly DeepReadonly<HTTPRoute>[]
  readonly grants: readonly DeepReadonly<ReferenceGrant>[]
  readonly namespace: (name: string) => DeepReadonly<Namespace> | undefined
  readonly lookups: Lookups
  /** Where the ports 80 and 443 of listeners are. */
  readonly httpPort: number
  readonly httpsPort: number
  readonly addresses: readonly string[]
  /** Ports that something else on this machine has. */
  readonly takenPorts?: ReadonlySet<number>
  /** What nginx refused: the message by the route (`refusalKey`) or by the name of the file. */
  readonly refusedRoutes?: ReadonlyMap<string, string>
  readonly refusedFiles?: ReadonlyMap<string, string>
}

/** Whether an object of the Gateway API may name a core object of another namespace. */
export function isGranted(
  grants: GatewayInput['grants'],
  from: { readonly kind: string; readonly namespace: string },
  to: { readonly kind: string; readonly namespace: string; readonly name: string },
): boolean {
  if (from.namespace === to.namespace) return true
  return grants.some(
    ({ metadata, spec }) =>
      metadata.namespace === to.namespace &&
      spec.from.some((f) => f.group === GATEWAY_GROUP && f.kind === from.kind && f.namespace === from.namespace) &&
      spec.to.some((t) => t.group === '' && t.kind === to.kind && (t.name === undefined || t.name === to.name)),
  )
}

/** Whether labels are as a selector wants them; without a selector none are. */
export function selects(
  selector: DeepReadonly<LabelSelector> | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (!selector) return false
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
  return (
    equal &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key]
      if (operator === 'Exists') return value !== undefined
      if (operator === 'DoesNotExist') return value === undefined
      const among = value !== undefined && values.includes(value)
      return operator === 'In' ? among : operator === 'NotIn' && !among
    })
  )
}

/** Sorts the oldest first, then by name. */
export function byAge(
  a: { readonly metadata: { readonly creationTimestamp: string; readonly namespace?: string; readonly name: string } },
  b: { readonly metadata: { readonly creationTimestamp: string; readonly namespace?: string; readonly name: string } },
): number {
  const key = (o: typeof a) => `${o.metadata.namespace ?? ''}/${o.metadata.name}`
  return a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp) || (key(a) < key(b) ? -1 : 1)
}
