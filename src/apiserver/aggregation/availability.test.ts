import { describe, expect, it } from 'vitest'
import type { APIService } from '../../api/generated/apiregistration-v1.ts'
import type { Endpoints, Service } from '../../api/generated/core-v1.ts'
import { objection, PASSED, withVerdict } from './availability.ts'

const api = { spec: { service: { namespace: 'ns', name: 'metrics', port: 443 } } } as APIService
const service = (spec: object) => ({ spec }) as Service
const endpoints = (subsets: object[]) => ({ subsets }) as unknown as Endpoints
const listening = service({ ports: [{ name: 'https', port: 443 }] })

describe('availability', () => {
  it.each([
    ['no service', undefined, undefined, 'ServiceNotFound: service/metrics in "ns" is not present'],
    [
      'no port',
      service({ ports: [{ port: 80 }] }),
      undefined,
      'ServicePortError: service/metrics in "ns" is not listening on port 443',
    ],
    ['no endpoints', listening, undefined, 'EndpointsNotFound: cannot find endpointslices for service/metrics in "ns"'],
    [
      'no addresses',
      listening,
      endpoints([{ addresses: [{ ip: '10.0.0.1' }], ports: [{ name: 'http' }] }, { ports: [{ name: 'https' }] }]),
      'MissingEndpoints: endpointslices for service/metrics in "ns" have no addresses with port name "https"',
    ],
    ['an address', listening, endpoints([{ addresses: [{ ip: '10.0.0.1' }], ports: [{ name: 'https' }] }]), undefined],
    ['another name', service({ type: 'ExternalName', externalName: 'a.example' }), undefined, undefined],
  ])('with %s', (_, behind, places, wanted) => {
    const verdict = objection(api, behind, places)
    expect(verdict && `${verdict.reason}: ${verdict.message}`).toBe(wanted)
  })

  it('changes the condition only when the verdict does, and its time only with the status', () => {
    const first = withVerdict([], PASSED, 't1')
    expect(first).toEqual([{ type: 'Available', ...PASSED, lastTransitionTime: 't1' }])
    expect(withVerdict(first, { ...PASSED }, 't2')).toBe(first)
    expect(withVerdict(first, { ...PASSED, message: 'm' }, 't2')).toMatchObject([{ lastTransitionTime: 't1' }])
    const failed = { status: 'False', reason: 'MissingEndpoints', message: 'm' } as const
    expect(withVerdict(first, failed, 't3')).toMatchObject([{ ...failed, lastTransitionTime: 't3' }])
  })
})
