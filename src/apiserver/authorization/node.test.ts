import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pod } from '../../api/generated/core-v1.ts'
import { configmaps, leases, nodes, pods, secrets, serviceaccounts } from '../../api/generated/resources.ts'
import type { Client, New } from '../../client/client.ts'
import { startTestServer, type TestServer } from '../../main/testing.ts'

const pod = (name: string, nodeName: string): New<Pod> => ({
  metadata: { name, namespace: 'default' },
  spec: {
    nodeName,
    containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 'used' } }] }],
    volumes: [{ name: 'v', configMap: { name: 'used' } }],
  },
})
const here = { namespace: 'default', name: 'here' }
const there = { namespace: 'default', name: 'there' }

describe('a kubelet', () => {
  let server: TestServer
  let kubelet: Client
  beforeAll(async () => {
    server = await startTestServer()
    const { client } = server
    for (const name of ['used', 'other']) {
      await client.create(secrets, { metadata: { name, namespace: 'default' } })
      await client.create(configmaps, { metadata: { name, namespace: 'default' } })
    }
    await client.create(nodes, { metadata: { name: 'n2' }, spec: {} })
    await client.create(pods, pod('here', 'n1'))
    await client.create(pods, pod('there', 'n2'))
    kubelet = server.server.clientFor({ name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] })
  })
  afterAll(() => server.close())

  const forbidden = (why: string) => ({ code: 403, reason: 'Forbidden', message: expect.stringContaining(why) })

  it('registers its own node and no other', async () => {
    await kubelet.create(nodes, {
      metadata: { name: 'n1', labels: { 'kubernetes.io/hostname': 'n1', zone: 'a' } },
      spec: {},
    })
    await expect(kubelet.create(nodes, { metadata: { name: 'n3' }, spec: {} })).rejects.toMatchObject(
      forbidden('node "n1" is not allowed to modify node "n3"'),
    )
    const status = { metadata: { name: 'n2' }, status: { conditions: [] } }
    await expect(
      kubelet.patch(nodes, { name: 'n2' }, { type: 'merge', patch: status, subresource: 'status' }),
    ).rejects.toMatchObject(forbidden('node "n1" is not allowed to modify node "n2"'))
    await kubelet.patch(nodes, { name: 'n1' }, { type: 'merge', patch: { metadata: { labels: { zone: 'b' } } } })
  })

  it('reads the pods of its own node and no others', async () => {
    expect((await kubelet.get(pods, here)).metadata.name).toBe('here')
    await expect(kubelet.get(pods, there)).rejects.toMatchObject(forbidden("no relationship found between node 'n1'"))
    const mine = await kubelet.list(pods, { fieldSelector: 'spec.nodeName=n1' })
    expect(mine.items.map((p) => p.metadata.name)).toEqual(['here'])
    for (const fieldSelector of ['', 'spec.nodeName!=n1', 'spec.nodeName=n2']) {
      await expect(kubelet.list(pods, { fieldSelector })).rejects.toMatchObject(
        forbidden('can only list/watch pods with spec.nodeName field selector'),
      )
    }
    await expect(kubelet.list(pods, { fieldSelector: 'metadata.name=there' })).rejects.toMatchObject(
      forbidden("no relationship found between node 'n1'"),
    )
  })

  it('may not give itself roles or change its taints', async () => {
    const labels = { 'node-role.kubernetes.io/control-plane': '' }
    await expect(
      kubelet.patch(nodes, { name: 'n1' }, { type: 'merge', patch: { metadata: { labels } } }),
    ).rejects.toMatchObject(forbidden('is not allowed to modify labels: node-role.kubernetes.io/control-plane'))
    const taints = [{ key: 'a', effect: 'NoSchedule' }]
    await expect(
      kubelet.patch(nodes, { name: 'n1' }, { type: 'merge', patch: { spec: { taints } } }),
    ).rejects.toMatchObject(forbidden('node "n1" is not allowed to modify taints'))
  })

  it('reads secrets and config maps of its own pods only', async () => {
    await kubelet.get(secrets, { namespace: 'default', name: 'used' })
    await kubelet.get(configmaps, { namespace: 'default', name: 'used' })
    for (const ref of [secrets, configmaps]) {
      await expect(kubelet.get(ref, { namespace: 'default', name: 'other' })).rejects.toMatchObject(
        forbidden("no relationship found between node 'n1' and this object"),
      )
    }
    await expect(kubelet.list(secrets)).rejects.toMatchObject({ code: 403 })
  })

  it('reports the status of its own pods only', async () => {
    const change = { type: 'merge', subresource: 'status', patch: { status: { phase: 'Running' } } } as const
    expect((await kubelet.patch(pods, here, change)).status.phase).toBe('Running')
    await expect(kubelet.patch(pods, there, change)).rejects.toMatchObject(
      forbidden('node "n1" can only update pod status for pods with spec.nodeName set to itself'),
    )
  })

  it('makes no pods but mirrors', async () => {
    await expect(kubelet.create(pods, pod('own', 'n1'))).rejects.toMatchObject(
      forbidden('node "n1" can only create mirror pods'),
    )
  })

  it('gets tokens only for its own pods', async () => {
    const account = { namespace: 'default', name: 'default' }
    const ask = async (name: string, bound = true) => {
      const { uid } = (await server.client.get(pods, { namespace: 'default', name })).metadata
      const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name, uid }
      return kubelet.createSubresource<{ status: { token: string } }>(serviceaccounts, account, 'token', {
        spec: { audiences: [], ...(bound ? { boundObjectRef } : {}) },
      })
    }
    expect((await ask('here')).status.token).toMatch(/^ey/)
    await expect(ask('there')).rejects.toMatchObject(forbidden('pod scheduled on a different node'))
    await expect(ask('here', false)).rejects.toMatchObject(forbidden('not bound to a pod'))
  })

  it('keeps only its own lease', async () => {
    const lease = (name: string) => ({
      metadata: { name, namespace: 'kube-node-lease' },
      spec: { holderIdentity: name },
    })
    await kubelet.create(leases, lease('n1'))
    await expect(kubelet.create(leases, lease('n2'))).rejects.toMatchObject({ code: 403 })
  })

  it('deletes and evicts only its own pods', async () => {
    await expect(kubelet.delete(pods, there)).rejects.toMatchObject(
      forbidden('node "n1" can only delete pods with spec.nodeName set to itself'),
    )
    const eviction = { metadata: { name: 'there', namespace: 'default' } }
    await expect(kubelet.createSubresource(pods, there, 'eviction', eviction)).rejects.toMatchObject({ code: 403 })
    await kubelet.delete(pods, here, { gracePeriodSeconds: 0 })
  })
})
