import { describe, expect, it } from 'vitest'
import { converted } from './versions.ts'

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const old = { apiVersion: 'extensions/v1beta1', kind: 'Deployment', metadata: { name: 'a' }, spec: { template } }

describe('to the preferred version', () => {
  it('fills in what the old version took for granted', () => {
    const before = structuredClone(old)
    expect(converted(old, '')).toMatchObject({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a', labels: { app: 'a' } },
      spec: { selector: { matchLabels: { app: 'a' } }, template },
    })
    expect(old).toEqual(before)
  })

  it('renames fields', () => {
    const ingress = {
      apiVersion: 'networking.k8s.io/v1beta1',
      kind: 'Ingress',
      metadata: { name: 'i' },
      spec: { backend: { serviceName: 's', servicePort: 80 } },
    }
    expect(converted(ingress, '')).toEqual({
      ...ingress,
      apiVersion: 'networking.k8s.io/v1',
      spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
    })
  })

  it.each([
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: {} },
    { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 't' }, data: 1 },
  ])('leaves $apiVersion $kind as it is', (object) => {
    expect(converted(object, '')).toEqual(object)
  })
})

describe('to the version asked for', () => {
  it('goes back, and over the preferred one to another', () => {
    const now = converted(old, 'apps/v1')
    expect(converted(now, 'extensions/v1beta1')).toMatchObject({ apiVersion: 'extensions/v1beta1', spec: { template } })
    expect(converted(old, 'apps/v1beta2')).toMatchObject({ apiVersion: 'apps/v1beta2', spec: { template } })
  })

  it('knows both versions of autoscalers', () => {
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' }
    const v1 = {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h' },
      spec: { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 50 },
    }
    const v2 = converted(v1, '')
    expect(v2).toMatchObject({
      apiVersion: 'autoscaling/v2',
      spec: { metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 50 } } }] },
    })
    expect(converted(v2, 'autoscaling/v1')).toMatchObject(v1)
  })

  it('refuses versions that the kind never had', () => {
    expect(() => converted(old, 'batch/v1')).toThrow('v1beta1.Deployment is not suitable for converting to "batch/v1"')
  })
})
