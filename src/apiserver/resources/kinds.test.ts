import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Job } from '../../api/generated/batch-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import {
  cronjobs,
  daemonsets,
  horizontalpodautoscalers,
  horizontalpodautoscalersAutoscalingV2,
  jobs,
  namespaces,
  persistentvolumeclaims,
  pods,
  serviceaccounts,
} from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import { startTestApi, type TestApi } from '../testing.ts'
import { scheduleProblem } from './batch/cron-job.ts'

const namespace = 'default'
const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }

describe('kinds with rules of their own', () => {
  let api: TestApi
  let client: Client
  beforeAll(async () => {
    api = await startTestApi()
    client = api.client
  })
  afterAll(() => api.close())

  it('gives a job a selector and labels that match it', async () => {
    const job = await client.create(jobs, { metadata: { name: 'a', namespace }, spec: { template } })
    const { uid } = job.metadata
    const labels = {
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': 'a',
      'controller-uid': uid,
      'job-name': 'a',
    }
    expect(job.spec).toMatchObject({
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
      template: { metadata: { labels } },
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
    })
    expect(job.metadata.labels).toEqual(labels)
  })

  it('leaves a selector alone that the user chose', async () => {
    const job = await client.create(jobs, {
      metadata: { name: 'manual', namespace },
      spec: {
        manualSelector: true,
        selector: { matchLabels: { mine: 'yes' } },
        template: { ...template, metadata: { labels: { mine: 'yes' } } },
      },
    })
    expect(job.spec.selector).toEqual({ matchLabels: { mine: 'yes' } })
  })

  it('refuses jobs that would restart for ever, and changes of their template', async () => {
    const forever = { spec: { containers: [{ name: 'c', image: 'i' }] } }
    await expect(
      client.create(jobs, { metadata: { name: 'b', namespace }, spec: { template: forever } }),
    ).rejects.toMatchObject({
      message:
        'Job.batch "b" is invalid: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    })
    const change: { spec: Partial<Job['spec']> } = {
      spec: { template: { spec: { containers: [{ name: 'c', image: 'j' }] } } },
    }
    await expect(
      client.patch(jobs, { namespace, name: 'a' }, { type: 'strategic', patch: change }),
    ).rejects.toMatchObject({ code: 422, message: expect.stringContaining('field is immutable') })
  })

  it('counts the generations of a daemon set template', async () => {
    const labels = { app: 'a' }
    const made = await client.create(daemonsets, {
      metadata: { name: 'a', namespace },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    })
    const annotation = 'deprecated.daemonset.template.generation'
    expect(made.metadata.annotations?.[annotation]).toBe('1')
    const image = { spec: { template: { spec: { containers: [{ name: 'c', image: 'j' }] } } } }
    const key = { namespace, name: 'a' }
    const changed = await client.patch(daemonsets, key, { type: 'strategic', patch: image })
    expect(changed.metadata).toMatchObject({ generation: 2, annotations: { [annotation]: '2' } })
  })

  it('serves autoscalers of both versions, and loses nothing between them', async () => {
    const metrics = [
      { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 55 } } },
    ]
    await client.create(horizontalpodautoscalersAutoscalingV2, {
      metadata: { name: 'a', namespace },
      spec: { maxReplicas: 4, metrics, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } },
    })
    const key = { namespace, name: 'a' }
    const old = await client.get(horizontalpodautoscalers, key)
    expect(old).toMatchObject({
      apiVersion: 'autoscaling/v1',
      metadata: { annotations: { 'autoscaling.alpha.kubernetes.io/metrics': expect.stringContaining('memory') } },
      spec: { minReplicas: 1, maxReplicas: 4, targetCPUUtilizationPercentage: 55 },
    })
    await client.patch(horizontalpodautoscalers, key, {
      type: 'merge',
      patch: { spec: { targetCPUUtilizationPercentage: 70 } },
    })
    const now = await client.get(horizontalpodautoscalersAutoscalingV2, key)
    expect(now.metadata.annotations).toBeUndefined()
    expect(now.spec.metrics).toEqual([
      metrics[0],
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
    ])
  })

  it('lets a claim be bound, and nothing else about it be changed', async () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
    await client.create(persistentvolumeclaims, { metadata: { name: 'a', namespace }, spec })
    const key = { namespace, name: 'a' }
    await client.patch(persistentvolumeclaims, key, { type: 'merge', patch: { spec: { volumeName: 'v' } } })
    const modes = { spec: { accessModes: ['ReadWriteMany'] } }
    await expect(client.patch(persistentvolumeclaims, key, { type: 'merge', patch: modes })).rejects.toMatchObject({
      message: expect.stringContaining('spec is immutable after creation except resources.requests'),
    })
  })

  it('changes the resources of a pod through its resize subresource only', async () => {
    const resources = { requests: { cpu: '100m' }, limits: { cpu: '200m' } }
    await client.create(pods, {
      metadata: { name: 'a', namespace },
      spec: { containers: [{ name: 'c', image: 'i', resources }] },
    })
    const key = { namespace, name: 'a' }
    const container = { name: 'c', image: 'other', resources: { limits: { cpu: '300m' } } }
    const patch = { spec: { containers: [container] } } as { spec: Partial<Pod['spec']> }
    await expect(client.patch(pods, key, { type: 'strategic', patch })).rejects.toMatchObject({ code: 422 })
    const resized = await client.patch(pods, key, { type: 'strategic', patch, subresource: 'resize' })
    expect(resized.spec.containers[0]).toMatchObject({
      image: 'i',
      resources: { requests: { cpu: '100m' }, limits: { cpu: '300m' } },
    })
    expect(resized.metadata.generation).toBe(2)
    const guaranteed = {
      spec: {
        containers: [
          {
            name: 'c',
            resources: { requests: { cpu: '300m', memory: '1Gi' }, limits: { cpu: '300m', memory: '1Gi' } },
          },
        ],
      },
    }
    await expect(
      client.patch(pods, key, { type: 'strategic', patch: guaranteed, subresource: 'resize' }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('Pod QOS Class may not change as a result of resizing'),
    })
  })

  it('waits for the default account of a namespace that was just made', async () => {
    await client.create(namespaces, { metadata: { name: 'fresh' }, spec: {} })
    const creating = client.create(pods, {
      metadata: { name: 'a', namespace: 'fresh' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    })
    await client.create(serviceaccounts, { metadata: { name: 'default', namespace: 'fresh' } })
    expect((await creating).spec.serviceAccountName).toBe('default')
  })

  it('reads schedules as upstream does', async () => {
    for (const good of ['*/5 * * * *', '0 0 1 jan mon-fri', '@daily', '1-5/2,7 * ? * *']) {
      expect(scheduleProblem(good)).toBeUndefined()
    }
    expect(scheduleProblem('* * * *')).toBe('expected exactly 5 fields, found 4: [* * * *]')
    expect(scheduleProblem('61 * * * *')).toBe('end of range (61) above maximum (59): 61')
    expect(scheduleProblem('@sometimes')).toBe('unrecognized descriptor: @sometimes')
    await expect(
      client.create(cronjobs, {
        metadata: { name: 'a', namespace },
        spec: { schedule: 'now', jobTemplate: { spec: { template } } },
      }),
    ).rejects.toMatchObject({
      message:
        'CronJob.batch "a" is invalid: spec.schedule: Invalid value: "now": expected exactly 5 fields, found 1: [now]',
    })
  })
})
