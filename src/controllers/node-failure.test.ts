// A node falls silent: condition, taint, eviction, on a virtual clock.

import { expect, it } from 'vitest'
import { events, leases, nodes, pods } from '../api/generated/resources.ts'
import { startTestApi } from '../apiserver/testing.ts'
import { runControllers } from '../client/controller.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import { InformerFactory } from '../client/informer.ts'
import { formatMicroTime, formatTime, VirtualClock } from '../machinery/clock.ts'
import { isReason } from '../machinery/errors.ts'
import { silentLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { createControllers } from './index.ts'

it('marks a silent node, taints it, and evicts its pods when their toleration runs out', async () => {
  const clock = new VirtualClock()
  const api = await startTestApi({ clock })
  const { client } = api
  const abort = new AbortController()
  const env = { client, clock, log: silentLogger }
  const running = runControllers(
    createControllers({ rootCA: 'none', clusterCidr: '10.244.0.0/16', nodeCidrMaskSize: 24 }),
    {
      ...env,
      random: systemRandom,
      informers: new InformerFactory(env),
      eventsFor: (component) => createEventRecorder({ ...env, component }),
    },
    abort.signal,
  )
  try {
    const now = () => clock.now()
    await client.create(nodes, {
      metadata: { name: 'n1' },
      spec: {},
      status: {
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            reason: 'KubeletReady',
            message: '',
            lastHeartbeatTime: formatTime(now()),
            lastTransitionTime: formatTime(now()),
          },
        ],
      },
    })
    await client.create(leases, {
      metadata: { name: 'n1', namespace: 'kube-node-lease' },
      spec: { holderIdentity: 'n1', leaseDurationSeconds: 40, renewTime: formatMicroTime(now()) },
    })
    const key = { namespace: 'default', name: 'p' }
    await client.create(pods, {
      metadata: key,
      spec: {
        nodeName: 'n1',
        containers: [{ name: 'c', image: 'i' }],
        tolerations: [
          { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 },
        ],
      },
    })
    const ready = async () =>
      (await client.get(nodes, { name: 'n1' })).status.conditions?.find((c) => c.type === 'Ready')

    // While the lease is renewed, nothing happens.
    for (let i = 0; i < 6; i++) {
      await clock.advance(10_000)
      await client.patch(
        leases,
        { namespace: 'kube-node-lease', name: 'n1' },
        { type: 'merge', patch: { spec: { renewTime: formatMicroTime(now()) } } },
      )
    }
    expect((await ready())?.status).toBe('True')

    for (let i = 0; i < 12; i++) await clock.advance(5_000)
    expect(await ready()).toMatchObject({
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    })
    const taints = (await client.get(nodes, { name: 'n1' })).spec.taints ?? []
    expect(taints.map((t) => `${t.key}:${t.effect}`)).toContain('node.kubernetes.io/unreachable:NoExecute')

    for (let i = 0; i < 10; i++) await clock.advance(5_000)
    const pod = await client.get(pods, key).catch((error: unknown) => {
      if (isReason(error, 'NotFound')) return undefined
      throw error
    })
    expect(pod === undefined || pod.metadata.deletionTimestamp !== undefined).toBe(true)
    const reasons = (await client.list(events)).items.map((e) => e.reason)
    expect(reasons).toContain('NodeNotReady')
    expect(reasons).toContain('TaintManagerEviction')
  } finally {
    abort.abort()
    await running
    await api.close()
  }
})
