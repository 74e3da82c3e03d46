import workers from 'node:worker_threads'
import zlib from 'node:zlib'
import type { CoreV1Api, KubeConfig, V1ConfigMap } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../main/testing.ts'

// The library's HTTP stack is written for newer versions of Node: what Node 20 lacks is added before it loads.
async function loadLibrary() {
  const add = (target: object, name: string, value: unknown) => {
    if (!(name in target)) Object.defineProperty(target, name, { value, configurable: true, writable: true })
  }
  add(zlib, 'createZstdDecompress', zlib.createGunzip)
  add(workers, 'markAsUncloneable', () => {})
  add(Promise, 'withResolvers', () => {
    let settle = {}
    const promise = new Promise((resolve, reject) => {
      settle = { resolve, reject }
    })
    return { promise, ...settle }
  })
  return import('@kubernetes/client-node')
}

describe('the official JavaScript client', () => {
  let server: TestServer
  let config: KubeConfig
  let core: CoreV1Api
  let library: Awaited<ReturnType<typeof loadLibrary>>
  const namespace = 'default'
  const map = (name: string, data: Record<string, string>): V1ConfigMap => ({ metadata: { name }, data })

  beforeAll(async () => {
    server = await startTestServer()
    library = await loadLibrary()
    config = new library.KubeConfig()
    config.loadFromFile(server.kubeconfigPath)
    core = config.makeApiClient(library.CoreV1Api)
  })
  afterAll(() => server.close())

  it('creates, reads, replaces and deletes', async () => {
    const made = await core.createNamespacedConfigMap({ namespace, body: map('a', { k: '1' }) })
    expect(made.metadata?.creationTimestamp).toBeInstanceOf(Date)
    const read = await core.readNamespacedConfigMap({ namespace, name: 'a' })
    expect(read).toEqual(made)
    const body = { ...read, data: { k: '2' } }
    const replaced = await core.replaceNamespacedConfigMap({ namespace, name: 'a', body })
    expect(replaced.data).toEqual({ k: '2' })
    await expect(core.replaceNamespacedConfigMap({ namespace, name: 'a', body: read })).rejects.toMatchObject({
      code: 409,
    })
    await core.deleteNamespacedConfigMap({ namespace, name: 'a' })
    await expect(core.readNamespacedConfigMap({ namespace, name: 'a' })).rejects.toMatchObject({ code: 404 })
  })

  it('lists page by page', async () => {
    for (const name of ['p1', 'p2', 'p3']) await core.createNamespacedConfigMap({ namespace, body: map(name, {}) })
    const first = await core.listNamespacedConfigMap({ namespace, limit: 2 })
    expect(first.items).toHaveLength(2)
    expect(first.metadata?.remainingItemCount).toBe(1)
    const token = first.metadata?._continue ?? ''
    const rest = await core.listNamespacedConfigMap({ namespace, limit: 2, _continue: token })
    expect([...first.items, ...rest.items].map((item) => item.metadata?.name)).toEqual(['p1', 'p2', 'p3'])
  })

  it('keeps an informer going over a restart of the server', async () => {
    const seen: string[] = []
    const waiting = new Map<string, () => void>()
    const arrived = (name: string) =>
      seen.includes(name) ? Promise.resolve() : new Promise<void>((resolve) => waiting.set(name, resolve))
    const informer = library.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, () =>
      core.listNamespacedConfigMap({ namespace }),
    )
    informer.on('add', ({ metadata }) => {
      seen.push(metadata?.name ?? '')
      waiting.get(metadata?.name ?? '')?.()
    })
    let stopped = false
    // The library leaves starting again to its user.
    const again = () => {
      if (!stopped) setTimeout(() => void informer.start().catch(again), 100)
    }
    informer.on('error', again)
    await informer.start()
    await core.createNamespacedConfigMap({ namespace, body: map('before', {}) })
    await arrived('before')
    await server.restart()
    await server.client.create(
      { group: '', version: 'v1', resource: 'configmaps', kind: 'ConfigMap', namespaced: true },
      { metadata: { name: 'after', namespace } } as never,
    )
    await arrived('after')
    stopped = true
    await informer.stop()
    expect(seen).toEqual(expect.arrayContaining(['p1', 'before', 'after']))
  })
})
