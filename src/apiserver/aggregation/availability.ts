// Whether a remote API can be asked, from what is known of its service and from asking it.
// Model: the availability controller of k8s.io/kube-aggregator.

import type { APIService, APIServiceCondition } from '../../api/generated/apiregistration-v1.ts'
import type { Endpoints, Service } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'

const DEFAULT_PORT = 443

/** A verdict as the condition Available tells it. */
export interface Verdict {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

export const PASSED: Verdict = { status: 'True', reason: 'Passed', message: 'all checks passed' }

/** What speaks against asking at all: a missing service, port or endpoint. Undefined: ask. */
export function objection(
  apiService: DeepReadonly<APIService>,
  service: DeepReadonly<Service> | undefined,
  endpoints: DeepReadonly<Endpoints> | undefined,
): Verdict | undefined {
  const { namespace = '', name = '', port = DEFAULT_PORT } = apiService.spec.service ?? {}
  const quoted = JSON.stringify(namespace)
  if (!service) return unavailable('ServiceNotFound', `service/${name} in ${quoted} is not present`)
  // Where an external name leads is not known here.
  if (service.spec.type === 'ExternalName') return undefined
  const found = service.spec.ports?.find((candidate) => candidate.port === port)
  if (!found) return unavailable('ServicePortError', `service/${name} in ${quoted} is not listening on port ${port}`)
  if (!endpoints) return unavailable('EndpointsNotFound', `cannot find endpointslices for service/${name} in ${quoted}`)
  const portName = found.name ?? ''
  const has = (endpoints.subsets ?? []).some(
    ({ addresses = [], ports = [] }) => addresses.length > 0 && ports.some((p) => (p.name ?? '') === portName),
  )
  if (has) return undefined
  return unavailable(
    'MissingEndpoints',
    `endpointslices for service/${name} in ${quoted} have no addresses with port name ${JSON.stringify(portName)}`,
  )
}

/** The verdict on an API that was asked and did not answer as it should. */
export function failedDiscovery(url: string, why: string): Verdict {
  return unavailable('FailedDiscoveryCheck', `failing or missing response from ${url}: ${why}`)
}

function unavailable(reason: string, message: string): Verdict {
  return { status: 'False', reason, message }
}

/** The conditions with the verdict; the very same list when nothing changes. */
export function withVerdict(
  conditions: readonly DeepReadonly<APIServiceCondition>[],
  verdict: Verdict,
  now: string,
): readonly DeepReadonly<APIServiceCondition>[] {
  const before = conditions.find(({ type }) => type === 'Available')
  if (before && before.status === verdict.status && before.reason === verdict.reason) {
    if (before.message === verdict.message) return conditions
  }
  const since = before?.status === verdict.status ? before.lastTransitionTime : now
  const condition: APIServiceCondition = {
    type: 'Available',
    ...verdict,
    ...(since ? { lastTransitionTime: since } : {}),
  }
  return [...conditions.filter(({ type }) => type !== 'Available'), condition]
}
