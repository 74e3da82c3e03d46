import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Pod } from '../api/generated/core-v1.ts'
import {
  configmaps,
  deployments,
  events,
  eventsEventsV1,
  namespaces,
  pods,
  services,
} from '../api/generated/resources.ts'
import type { New } from '../client/client.ts'
import { VirtualClock } from '../machinery/clock.ts'
import { startTestApi, type TestApi } from './testing.ts'

const pod = (name: string, more: Partial<Pod['spec']> = {}): New<Pod> => ({
  metadata: { name, namespace: 'default', labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'nginx' }], ...more },
})

describe('the API core', () => {
  let api: TestApi
  let clock: VirtualClock
  beforeEach(async () => {
    clock = new VirtualClock()
    api = await startTestApi({ clock })
  })
  afterEach(() => api.close())

  it('fills in what the server owns and upstream defaults', async () => {
    const made = await api.client.create(pods, pod('a'))
    expect(made.metadata).toMatchObject({ name: 'a', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' })
    expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect(made.spec).toMatchObject({
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      terminationGracePeriodSeconds: 30,
      enableServiceLinks: true,
      priority: 0,
    })
    expect(made.spec.containers[0]).toMatchObject({
      imagePullPolicy: 'Always',
      terminationMessagePath: '/dev/termination-log',
    })
    expect(made.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' })
    expect(await api.client.get(pods, { namespace: 'default', name: 'a' })).toEqual(made)
  })

  it('refuses what is invalid with every cause and stores nothing', async () => {
    const bad = pod('Bad_Name', { containers: [{ name: 'web', image: 'nginx', ports: [{ containerPort: 99999 }] }] })
    await expect(api.client.create(pods, bad)).rejects.toMatchObject({
      code: 422,
      reason: 'Invalid',
      status: {
        details: {
          causes: [
            { field: 'metadata.name' },
            {
              field: 'spec.containers[0].ports[0].containerPort',
              message: 'Invalid value: 99999: must be between 1 and 65535, inclusive',
            },
          ],
        },
      },
    })
    expect((await api.client.list(pods)).items).toHaveLength(0)
  })

  it('says in Go words which field has the wrong type', async () => {
    const bad = { ...pod('a'), spec: { containers: 'none' } } as unknown as New<Pod>
    await expect(api.client.create(pods, bad)).rejects.toMatchObject({
      code: 400,
      message:
        'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container',
    })
  })

  it('refuses a stale update and accepts a fresh one', async () => {
    const first = await api.client.create(configmaps, {
      metadata: { name: 'a', namespace: 'default' },
      data: { k: '1' },
    })
    const second = await api.client.update(configmaps, { ...first, data: { k: '2' } })
    expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion))
    await expect(api.client.update(configmaps, { ...first, data: { k: '3' } })).rejects.toMatchObject({
      code: 409,
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    })
    const same = await api.client.update(configmaps, { ...second })
    expect(same.metadata.resourceVersion).toBe(second.metadata.resourceVersion)
  })

  it('applies the three patch types', async () => {
    await api.client.create(
      pods,
      pod('a', {
        containers: [
          { name: 'web', image: 'nginx:1' },
          { name: 'side', image: 'b:1' },
        ],
      }),
    )
    const key = { namespace: 'default', name: 'a' }
    const strategic = await api.client.patch(pods, key, {
      type: 'strategic',
      patch: { spec: { containers: [{ name: 'web', image: 'nginx:2' }] } },
    })
    expect(strategic.spec.containers.map((c) => c.image)).toEqual(['nginx:2', 'b:1'])
    const merged = await api.client.patch(pods, key, {
      type: 'merge',
      patch: { metadata: { labels: { app: null, tier: 'x' } } },
    })
    expect(merged.metadata.labels).toEqual({ tier: 'x' })
    const json = await api.client.patch(pods, key, {
      type: 'json',
      patch: [{ op: 'replace', path: '/metadata/labels/tier', value: 'y' }],
    })
    expect(json.metadata.labels).toEqual({ tier: 'y' })
    await expect(
      api.client.patch(pods, key, { type: 'merge', patch: { spec: { nodeName: 'n' } } }),
    ).rejects.toMatchObject({ code: 422 })
  })

  it('gives services addresses and ports, never twice, and takes them back', async () => {
    const make = (name: string, more: object = {}) =>
      api.client.create(services, {
        metadata: { name, namespace: 'default' },
        spec: { type: 'NodePort', ports: [{ port: 80 }], ...more },
      })
    const a = await make('a', { ports: [{ port: 80, nodePort: 30001 }] })
    expect(a.spec).toMatchObject({
      ipFamilies: ['IPv4'],
      ports: [{ port: 80, targetPort: 80, protocol: 'TCP', nodePort: 30001 }],
    })
    await expect(make('b', { ports: [{ port: 80, nodePort: 30001 }] })).rejects.toMatchObject({
      message:
        'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated',
    })
    await expect(make('c', { clusterIP: a.spec.clusterIP })).rejects.toMatchObject({ code: 422 })
    await api.client.delete(services, { namespace: 'default', name: 'a' })
    expect((await make('b', { ports: [{ port: 80, nodePort: 30001 }] })).spec.ports?.[0]?.nodePort).toBe(30001)
  })

  it('lets a running pod go gracefully, then at once', async () => {
    await api.client.create(pods, pod('a'))
    const key = { namespace: 'default', name: 'a' }
    await api.client.createSubresource(pods, key, 'binding', {
      metadata: { name: 'a' },
      target: { kind: 'Node', name: 'n1' },
    })
    await api.client.delete(pods, key)
    const going = await api.client.get(pods, key)
    expect(going.metadata).toMatchObject({ deletionGracePeriodSeconds: 30, deletionTimestamp: '2026-01-01T00:00:30Z' })
    await api.client.delete(pods, key, { gracePeriodSeconds: 0 })
    await expect(api.client.get(pods, key)).rejects.toMatchObject({ code: 404, message: 'pods "a" not found' })
  })

  it('keeps an object until its finalizers are gone', async () => {
    await api.client.create(configmaps, { metadata: { name: 'a', namespace: 'default', finalizers: ['x.io/wait'] } })
    const key = { namespace: 'default', name: 'a' }
    await api.client.delete(configmaps, key)
    expect((await api.client.get(configmaps, key)).metadata.deletionTimestamp).toBeDefined()
    await api.client.patch(configmaps, key, { type: 'merge', patch: { metadata: { finalizers: null } } })
    await expect(api.client.get(configmaps, key)).rejects.toMatchObject({ code: 404 })
  })

  it('pages through a consistent snapshot', async () => {
    for (const n of ['a', 'b', 'c', 'd'])
      await api.client.create(configmaps, { metadata: { name: n, namespace: 'default' } })
    const first = await api.client.list(configmaps, { namespace: 'default', limit: 2 })
    await api.client.delete(configmaps, { namespace: 'default', name: 'd' })
    const rest = await api.client.list(configmaps, { namespace: 'default', limit: 2, continue: first.continue ?? '' })
    expect([...first.items, ...rest.items].map((i) => i.metadata.name)).toEqual(['a', 'b', 'c', 'd'])
    expect(rest.resourceVersion).toBe(first.resourceVersion)
    expect(rest.continue).toBeUndefined()
  })

  it('watches with a selector: objects appear and disappear as they match', async () => {
    const stop = new AbortController()
    const seen: string[] = []
    const { resourceVersion } = await api.client.list(configmaps)
    const watching = (async () => {
      for await (const e of api.client.watch(configmaps, {
        resourceVersion,
        labelSelector: 'on=yes',
        signal: stop.signal,
      })) {
        if (e.type !== 'BOOKMARK') seen.push(`${e.type} ${e.object.metadata.name}`)
        if (seen.length === 3) stop.abort()
      }
    })()
    await api.client.create(configmaps, { metadata: { name: 'a', namespace: 'default' } })
    const key = { namespace: 'default', name: 'a' }
    await api.client.patch(configmaps, key, { type: 'merge', patch: { metadata: { labels: { on: 'yes' } } } })
    await api.client.patch(configmaps, key, { type: 'merge', patch: { data: { x: '1' } } })
    await api.client.patch(configmaps, key, { type: 'merge', patch: { metadata: { labels: { on: null } } } })
    await watching
    expect(seen).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a'])
  })

  it('refuses content in namespaces that are missing or going', async () => {
    await expect(api.client.create(configmaps, { metadata: { name: 'a', namespace: 'none' } })).rejects.toMatchObject({
      code: 404,
      message: 'namespaces "none" not found',
    })
    await api.client.create(namespaces, { metadata: { name: 'going' }, spec: {} })
    await api.client.delete(namespaces, { name: 'going' })
    expect((await api.client.get(namespaces, { name: 'going' })).status.phase).toBe('Terminating')
    await expect(api.client.create(configmaps, { metadata: { name: 'a', namespace: 'going' } })).rejects.toMatchObject({
      code: 403,
    })
  })

  it('serves one event under two groups, and forgets it after its time', async () => {
    await api.client.create(events, {
      metadata: { name: 'e', namespace: 'default' },
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
      message: 'hello',
    })
    const other = await api.client.get(eventsEventsV1, { namespace: 'default', name: 'e' })
    expect(other).toMatchObject({ apiVersion: 'events.k8s.io/v1', note: 'hello', regarding: { name: 'p' } })
    await clock.advance(3_700_000)
    await expect(api.client.get(events, { namespace: 'default', name: 'e' })).rejects.toMatchObject({ code: 404 })
  })

  it('counts generations when the spec changes, not when the status does', async () => {
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx' }] } }
    const made = await api.client.create(deployments, {
      metadata: { name: 'd', namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'web' } }, template },
    })
    expect(made.spec).toMatchObject({
      replicas: 1,
      revisionHistoryLimit: 10,
      strategy: { rollingUpdate: { maxSurge: '25%' } },
    })
    const status = await api.client.update(
      deployments,
      { ...made, spec: { ...made.spec, replicas: 9 }, status: { replicas: 3 } },
      { subresource: 'status' },
    )
    expect(status).toMatchObject({ metadata: { generation: 1 }, spec: { replicas: 1 }, status: { replicas: 3 } })
    const spec = await api.client.update(deployments, { ...status, spec: { ...status.spec, replicas: 5 }, status: {} })
    expect(spec).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 5 }, status: { replicas: 3 } })
  })
})
