import workers from 'node:worker_threads'
import zlib from 'node:zlib'
import type { KubernetesObject } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../main/testing.ts'
import { ovens, until } from './testing.ts'

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

describe('the official JavaScript client with custom resources', () => {
  let server: TestServer
  const at = { group: 'bakery.example.com', version: 'v1', namespace: 'default', plural: 'ovens' }
  const oven = (name: string, spec: object) => ({
    apiVersion: 'bakery.example.com/v1',
    kind: 'Oven',
    metadata: { name },
    spec,
  })

  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server.close())

  it('defines, creates, lists, patches, follows and deletes', async () => {
    const library = await loadLibrary()
    const config = new library.KubeConfig()
    config.loadFromFile(server.kubeconfigPath)
    const extensions = config.makeApiClient(library.ApiextensionsV1Api)
    const objects = config.makeApiClient(library.CustomObjectsApi)
    // The library's own types lose extensions such as x-kubernetes-int-or-string on the way.
    const definitions = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' }
    await objects.createClusterCustomObject({ ...definitions, body: ovens() })
    await until(
      () => extensions.readCustomResourceDefinition({ name: 'ovens.bakery.example.com' }),
      ({ status }) => status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True') === true,
    )
    const seen: string[] = []
    const list = () => objects.listNamespacedCustomObject(at) as Promise<{ items: KubernetesObject[] }>
    const informer = library.makeInformer(config, '/apis/bakery.example.com/v1/namespaces/default/ovens', list as never)
    for (const event of ['add', 'update', 'delete'] as const) {
      informer.on(event, ({ metadata }: KubernetesObject) => seen.push(`${event} ${metadata?.name}`))
    }
    await informer.start()
    const made = await objects.createNamespacedCustomObject({ ...at, body: oven('a', { fuel: 'gas' }) })
    expect(made).toMatchObject({ spec: { replicas: 1 } })
    await objects.patchNamespacedCustomObject({
      ...at,
      name: 'a',
      body: [{ op: 'replace', path: '/spec/replicas', value: 2 }],
    })
    expect(await objects.getNamespacedCustomObject({ ...at, name: 'a' })).toMatchObject({ spec: { replicas: 2 } })
    const status = { ...oven('a', { fuel: 'gas' }), status: { replicas: 2 } }
    await objects.patchNamespacedCustomObjectStatus({
      ...at,
      name: 'a',
      body: [{ op: 'add', path: '/status', value: status.status }],
    })
    expect(await objects.getNamespacedCustomObjectScale({ ...at, name: 'a' })).toMatchObject({
      status: { replicas: 2 },
    })
    await objects.deleteNamespacedCustomObject({ ...at, name: 'a' })
    await until(
      async () => seen,
      (events) => events.includes('delete a'),
    )
    expect(seen).toEqual(['add a', 'update a', 'update a', 'delete a'])
    await informer.stop()
  })
})
