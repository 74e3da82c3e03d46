import { describe, expect, it } from 'vitest'
import type { APIService } from '../../api/generated/apiregistration-v1.ts'
import { localService, planLocalServices } from './local-services.ts'

const existing = (name: string, labels: Record<string, string> = {}) =>
  ({ metadata: { name, labels }, spec: {}, status: {} }) as unknown as APIService
const AUTO = 'kube-aggregator.kubernetes.io/automanaged'

describe('local API services', () => {
  it.each([
    ['', 'v1', false, 'v1.', 18_000, 1],
    ['apps', 'v1', false, 'v1.apps', 17_800, 15],
    ['apps', 'v1beta2', false, 'v1beta2.apps', 17_800, 9],
    ['autoscaling', 'v2', false, 'v2.autoscaling', 17_500, 30],
    ['extensions', 'v1beta1', false, 'v1beta1.extensions', 100, 1],
    ['example.com', 'v1', true, 'v1.example.com', 1000, 100],
  ])('of %j %s (custom: %s) is %s at %d, %d', (group, version, custom, name, groupPriority, versionPriority) => {
    const { metadata, spec } = localService({ group, version, custom })
    expect(metadata).toEqual({ name, labels: { [AUTO]: custom ? 'true' : 'onstart' } })
    expect(spec).toMatchObject({ version, groupPriorityMinimum: groupPriority, versionPriority })
    expect(spec?.service).toBeUndefined()
  })

  it('are made when they are missing, and gone with their definition', () => {
    const served = [
      { group: '', version: 'v1', custom: false },
      { group: 'example.com', version: 'v2', custom: true },
      { group: 'apiregistration.k8s.io', version: 'v1', custom: false },
    ]
    const there = [
      existing('v1.', { [AUTO]: 'onstart' }),
      existing('v1.example.com', { [AUTO]: 'true' }),
      existing('v1beta1.gone', { [AUTO]: 'onstart' }),
      existing('v1beta1.metrics.k8s.io'),
    ]
    expect(planLocalServices(there, served)).toEqual({ create: [served[1]], remove: ['v1.example.com'] })
  })
})
