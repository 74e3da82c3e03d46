// The quota controller together with the admission that charges, on a real API core.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Pod } from '../api/generated/core-v1.ts'
import {
  deployments,
  events as eventsRef,
  pods,
  resourcequotas,
  secrets,
  services,
} from '../api/generated/resources.ts'
import { startTestApi, type TestApi } from '../apiserver/testing.ts'
import { runControllers } from '../client/controller.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import { InformerFactory } from '../client/informer.ts'
import { jsonLogger } from '../machinery/logger.ts'
import { quotaEvaluator } from '../machinery/quota/evaluators.ts'
import { systemRandom } from '../machinery/random.ts'
import { deploymentController } from './deployment.ts'
import { replicaSetController } from './replica-set.ts'
import { countUsage, resourceQuotaController } from './resource-quota.ts'

describe('countUsage', () => {
  const pod = (phase: string, extra: object = {}) =>
    ({
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', resources: { requests: { cpu: '250m' }, limits: { memory: '1Gi' } } }] },
      status: { phase, qosClass: 'Burstable' },
      ...extra,
    }) as unknown as Pod
  const evaluator = quotaEvaluator({ group: '', resource: 'pods' })
  if (!evaluator) throw new Error('pods are not counted')
  const count = (hard: Record<string, string>, objects: Pod[], scopes?: string[]) =>
    countUsage({ hard, ...(scopes ? { scopes } : {}) }, [{ evaluator, objects }], Date.parse('2030-01-01T00:01:00Z'))

  it.each<[string, Record<string, string>, Pod[], string[] | undefined, Record<string, string>]>([
    ['adds up', { pods: '9', cpu: '9' }, [pod('Running'), pod('Pending')], undefined, { pods: '2', cpu: '500m' }],
    [
      'takes ended pods for mere objects',
      { pods: '9', 'count/pods': '9', 'limits.memory': '9Gi' },
      [pod('Running'), pod('Succeeded'), pod('Failed')],
      undefined,
      { pods: '1', 'count/pods': '3', 'limits.memory': '1Gi' },
    ],
    [
      'forgets pods that should be gone',
      { pods: '9' },
      [pod('Running', { metadata: { deletionTimestamp: '2030-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 } })],
      undefined,
      { pods: '0' },
    ],
    ['leaves out what is out of scope', { pods: '9' }, [pod('Running')], ['BestEffort'], { pods: '0' }],
    ['says nothing of what others count', { services: '9' }, [pod('Running')], undefined, {}],
  ])('%s', (_name, hard, objects, scopes, used) => {
    expect(count(hard, objects, scopes)).toEqual(used)
  })
})

describe('the controller', () => {
  const namespace = 'default'
  let abort: AbortController
  let api: TestApi
  let running: Promise<void>
  beforeEach(async () => {
    abort = new AbortController()
    api = await startTestApi()
    const { client, clock } = api
    const log = jsonLogger({ level: 'error', now: () => clock.now(), write: (line) => process.stderr.write(line) })
    const env = { client, clock, log }
    running = runControllers(
      [resourceQuotaController, deploymentController, replicaSetController],
      {
        ...env,
        informers: new InformerFactory(env),
        random: systemRandom,
        eventsFor: (component) => createEventRecorder({ ...env, component }),
      },
      abort.signal,
    )
  })
  afterEach(async () => {
    abort.abort()
    await running
    await api.close()
  })

  const statusOf = async () => (await api.client.get(resourcequotas, { namespace, name: 'q' })).status
  const used = (expected: Record<string, string>) =>
    expect.poll(async () => (await statusOf()).used, { timeout: 5000 }).toEqual(expected)
  const pod = (name: string) =>
    api.client.create(pods, {
      metadata: { namespace, name },
      spec: { containers: [{ name: 'c', image: 'nginx', resources: { requests: { cpu: '100m' } } }] },
    })

  it('counts what is there, gives back what goes, and lets deployments say what they lack', async () => {
    const { client } = api
    await pod('early')
    await client.create(secrets, { metadata: { namespace, name: 's' } })
    await client.create(resourcequotas, {
      metadata: { namespace, name: 'q' },
      spec: { hard: { pods: '2', 'requests.cpu': '1', secrets: '5', services: '3', 'count/deployments.apps': '4' } },
    })
    const base = { pods: '1', 'requests.cpu': '100m', secrets: '1', services: '0', 'count/deployments.apps': '0' }
    await used(base)
    await pod('late')
    await used({ ...base, pods: '2', 'requests.cpu': '200m' })

    const labels = { app: 'web' }
    await client.create(deployments, {
      metadata: { namespace, name: 'web' },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'c', image: 'nginx', resources: { requests: { cpu: '100m' } } }] },
        },
      },
    })
    await expect
      .poll(async () => {
        const { items } = await client.list(eventsRef, { namespace })
        return items.find((event) => event.reason === 'FailedCreate')?.message ?? ''
      })
      .toMatch(
        /^Error creating: pods "web-\w+-\w+" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2$/,
      )
    await expect
      .poll(async () => {
        const { status } = await client.get(deployments, { namespace, name: 'web' })
        return status.conditions?.find((c) => c.type === 'ReplicaFailure')?.message
      })
      .toMatch(/exceeded quota: q/)

    await client.delete(pods, { namespace, name: 'early' })
    await client.delete(pods, { namespace, name: 'late' })
    // The deployment's pods take their place as soon as there is room.
    await expect
      .poll(async () => (await client.list(pods, { namespace, labelSelector: 'app=web' })).items.length, {
        timeout: 10_000,
      })
      .toBe(2)
    await used({ ...base, pods: '2', 'requests.cpu': '200m', 'count/deployments.apps': '1' })
  })

  it('counts anew when the limits or a service change', async () => {
    const { client } = api
    await client.create(resourcequotas, {
      metadata: { namespace, name: 'q' },
      spec: { hard: { 'services.nodeports': '2' } },
    })
    await used({ 'services.nodeports': '0' })
    const made = await client.create(services, {
      metadata: { namespace, name: 'web' },
      spec: { type: 'NodePort', ports: [{ port: 80 }] },
    })
    await used({ 'services.nodeports': '1' })
    await client.update(services, {
      ...made,
      spec: { ...made.spec, type: 'ClusterIP', ports: [{ port: 80, protocol: 'TCP' }] },
    })
    await used({ 'services.nodeports': '0' })
    await client.patch(
      resourcequotas,
      { namespace, name: 'q' },
      { type: 'merge', patch: { spec: { hard: { 'services.nodeports': null, services: '5', pods: '7' } } } },
    )
    await used({ services: '1', pods: '0' })
    expect((await statusOf()).hard).toEqual({ services: '5', pods: '7' })
  })
})
