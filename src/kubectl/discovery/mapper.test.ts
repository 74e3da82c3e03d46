import { expect, it } from 'vitest'
import type { DiscoveredResource, Discovery } from './discovery.ts'
import { createMapper, findResource, pathOf } from './mapper.ts'

const resource = (group: string, version: string, kind: string, more: Partial<DiscoveredResource> = {}) => ({
  group,
  version,
  kind,
  name: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ['get', 'list'],
  subresources: [],
  ...more,
})

const resources = [
  resource('', 'v1', 'Pod', { shortNames: ['po'], categories: ['all'] }),
  resource('', 'v1', 'Event', { shortNames: ['ev'] }),
  resource('', 'v1', 'Node', { namespaced: false }),
  resource('apps', 'v1', 'Deployment', { shortNames: ['deploy'], categories: ['all'] }),
  resource('apps', 'v1beta1', 'Deployment', { shortNames: ['deploy'], categories: ['all'] }),
  resource('events.k8s.io', 'v1', 'Event', { shortNames: ['ev'] }),
]
const discovery: Discovery = {
  groups: [
    { name: '', versions: ['v1'] },
    { name: 'apps', versions: ['v1', 'v1beta1'] },
    { name: 'events.k8s.io', versions: ['v1'] },
  ],
  resources,
}

it.each([
  ['pods', '/v1 pods'],
  ['po', '/v1 pods'],
  ['pod', '/v1 pods'],
  ['Pod', '/v1 pods'],
  ['PODS', '/v1 pods'],
  ['deploy.apps', 'apps/v1 deployments'],
  ['deployments.v1beta1.apps', 'apps/v1beta1 deployments'],
  ['deployment.ap', 'apps/v1 deployments'],
  ['Deployment.v1beta1.apps', 'apps/v1beta1 deployments'],
  ['ev', '/v1 events'],
  ['events.events.k8s.io', 'events.k8s.io/v1 events'],
])('finds %s', (argument, expected) => {
  const found = findResource(discovery, argument)
  expect(`${found?.group}/${found?.version} ${found?.name}`).toBe(expected)
})

it('asks the server again, once, for what the cache does not know', async () => {
  const asked: boolean[] = []
  const mapper = createMapper(async (fresh) => {
    asked.push(fresh)
    return fresh ? discovery : { groups: [], resources: [] }
  })
  expect((await mapper.mappingFor('po')).name).toBe('pods')
  await expect(mapper.mappingFor('nope.x')).rejects.toThrow('the server doesn\'t have a resource type "nope"')
  expect(asked).toEqual([false, true])
})

it('warns of short names that fit several resources', async () => {
  const warnings: string[] = []
  const mapper = createMapper(
    async () => discovery,
    (text) => warnings.push(text),
  )
  await mapper.mappingFor('ev')
  expect(warnings).toEqual(['short name "ev" could also match lower priority resource events.events.k8s.io'])
})

it('gives each resource of a category once', async () => {
  const mapper = createMapper(async () => discovery)
  expect((await mapper.category('all'))?.map((m) => m.name)).toEqual(['pods', 'deployments'])
  expect(await mapper.category('nope')).toBeUndefined()
})

it('makes paths', () => {
  const [pod, , node, deployment] = resources
  if (!pod || !node || !deployment) throw new Error('the table has changed')
  expect(pathOf(pod, 'ns', 'web', 'log')).toBe('/api/v1/namespaces/ns/pods/web/log')
  expect(pathOf(node, 'ns', 'n1')).toBe('/api/v1/nodes/n1')
  expect(pathOf(deployment, '')).toBe('/apis/apps/v1/deployments')
})
