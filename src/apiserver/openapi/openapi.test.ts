import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WireReader } from '../../machinery/protobuf/wire.ts'
import { startTestApi, type TestApi } from '../testing.ts'
import { documentV2, documentV3 } from './documents.ts'
import { allOperations, type GroupOperations } from './operations.ts'
import { encodeDocumentV2 } from './protobuf-v2.ts'
import { encodeDocumentV3 } from './protobuf-v3.ts'

/** Every `$ref` in a document. */
function refsIn(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) refsIn(item, found)
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (key === '$ref' && typeof inner === 'string') found.add(inner)
      else refsIn(inner, found)
    }
  }
  return found
}

describe('OpenAPI documents', () => {
  let api: TestApi
  let groups: readonly GroupOperations[]
  beforeAll(async () => {
    api = await startTestApi()
    groups = allOperations(api.api.registry)
  })
  afterAll(() => api.close())

  it('gives every operation an id of its own', () => {
    const ids = groups.flatMap((g) => g.operations.map((o) => o.id))
    expect(ids.length).toBeGreaterThan(500)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toContain('listCoreV1PodForAllNamespaces')
    expect(ids).toContain('replaceAppsV1NamespacedDeploymentStatus')
    expect(ids).toContain('deleteRbacAuthorizationV1CollectionClusterRole')
    expect(ids).toContain('connectCoreV1PostNamespacedPodExec')
  })

  it('defines in v3 whatever a group refers to', () => {
    for (const group of groups) {
      const document = documentV3(group, 'v1', {}) as { components: { schemas: Record<string, unknown> } }
      for (const ref of refsIn(document)) {
        expect(document.components.schemas).toHaveProperty([ref.replace('#/components/schemas/', '')])
      }
    }
  })

  it('says what fields may be, and what they are when nobody says', () => {
    const core = groups.find((g) => g.key === 'api/v1')
    const document = documentV3(core as GroupOperations, 'v1', {}) as { components: { schemas: object } }
    const field = (schema: object) => expect.objectContaining(schema)
    expect(document.components.schemas).toMatchObject({
      'io.k8s.api.core.v1.PodSpec': {
        properties: { restartPolicy: field({ enum: ['Always', 'Never', 'OnFailure'] }) },
      },
      'io.k8s.api.core.v1.ContainerPort': {
        properties: { protocol: field({ default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] }) },
      },
      'io.k8s.api.core.v1.Container': {
        properties: {
          name: field({ default: '' }),
          resources: field({
            default: {},
            allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.ResourceRequirements' }],
          }),
          command: field({ items: { type: 'string', default: '' } }),
        },
      },
      'io.k8s.api.core.v1.ConfigMapKeySelector': { 'x-kubernetes-map-type': 'atomic' },
      'io.k8s.api.core.v1.AppArmorProfile': {
        'x-kubernetes-unions': [
          { discriminator: 'type', 'fields-to-discriminateBy': { localhostProfile: 'LocalhostProfile' } },
        ],
      },
    })
    expect(documentV2([core as GroupOperations], 'v1', {})).toMatchObject({
      definitions: { 'io.k8s.api.core.v1.Container': { properties: { name: { type: 'string' } } } },
    })
  })

  it('says once what all operations of a path take, and how they can be watched', () => {
    const apps = groups.find((g) => g.key === 'apis/apps/v1')
    const { paths } = documentV3(apps as GroupOperations, 'v1', {}) as { paths: Record<string, Documented> }
    interface Documented {
      readonly parameters?: readonly { readonly name: string }[]
      readonly get: { readonly operationId: string; readonly responses: Record<string, { content: object }> }
      readonly patch: { readonly parameters: readonly { readonly name: string }[] }
    }
    const named = (list: readonly { readonly name: string }[] = []) => list.map(({ name }) => name).join(' ')
    const one = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']
    expect(named(one?.parameters)).toBe('name namespace pretty')
    expect(named(one?.patch.parameters)).toBe('dryRun fieldManager fieldValidation force')
    const everywhere = paths['/apis/apps/v1/deployments']
    expect(named(everywhere?.parameters)).toContain('allowWatchBookmarks continue')
    expect(Object.keys(everywhere?.get.responses['200']?.content ?? {})).toContain('application/json;stream=watch')
    expect(paths['/apis/apps/v1/watch/namespaces/{namespace}/deployments']?.get.operationId).toBe(
      'watchAppsV1NamespacedDeploymentList',
    )
    expect(paths['/apis/apps/v1/']?.get.operationId).toBe('getAppsV1APIResources')
  })

  it('tells clients how lists merge and which kinds there are', () => {
    const apps = groups.find((g) => g.key === 'apis/apps/v1')
    const document = documentV3(apps as GroupOperations, 'v1', {
      'io.k8s.api.core.v1.PodSpec': { fields: { containers: 'What runs.' } },
    })
    expect(document).toMatchObject({
      paths: {
        '/apis/apps/v1/namespaces/{namespace}/deployments/{name}': {
          patch: { 'x-kubernetes-group-version-kind': { group: 'apps', version: 'v1', kind: 'Deployment' } },
        },
      },
      components: {
        schemas: {
          'io.k8s.api.apps.v1.Deployment': {
            'x-kubernetes-group-version-kind': [{ group: 'apps', version: 'v1', kind: 'Deployment' }],
          },
          'io.k8s.api.core.v1.PodSpec': {
            required: ['containers'],
            properties: {
              containers: {
                description: 'What runs.',
                type: 'array',
                'x-kubernetes-patch-merge-key': 'name',
                'x-kubernetes-patch-strategy': 'merge',
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['name'],
              },
            },
          },
        },
      },
    })
  })

  it('writes v2 in protobuf with all paths and definitions', () => {
    const document = documentV2(groups, 'v1', {}) as { paths: object; definitions: object; parameters: object }
    for (const ref of refsIn(document)) {
      expect(document).toHaveProperty(ref.slice('#/'.length).split(/\/(.*)/, 2))
    }
    const reader = new WireReader(encodeDocumentV2(document as never))
    const sizes = new Map<number, number>()
    while (!reader.done) {
      const { number } = reader.tag()
      const inner = new WireReader(reader.bytes())
      let count = 0
      if (number >= 8 && number <= 10) {
        while (!inner.done) {
          inner.skip(inner.tag().wire)
          count += 1
        }
      }
      sizes.set(number, count)
    }
    expect(sizes.get(8)).toBe(Object.keys(document.paths).length)
    expect(sizes.get(9)).toBe(Object.keys(document.definitions).length)
    expect(sizes.get(10)).toBe(Object.keys(document.parameters).length)
  })

  it('writes v3 in protobuf with all paths and schemas', () => {
    const apps = groups.find((g) => g.key === 'apis/apps/v1')
    const document = documentV3(apps as GroupOperations, 'v1', {}) as {
      paths: object
      components: { schemas: object }
    }
    const names = new Map<number, string[]>()
    const reader = new WireReader(encodeDocumentV3(document as never))
    const named = (inner: WireReader, list: string[]) => {
      while (!inner.done) {
        inner.tag()
        const entry = new WireReader(inner.bytes())
        entry.tag()
        list.push(entry.bytes().toString())
      }
      return list
    }
    while (!reader.done) {
      const { number } = reader.tag()
      const inner = new WireReader(reader.bytes())
      if (number === 4) names.set(4, named(inner, []))
      if (number === 5) {
        inner.tag()
        names.set(5, named(new WireReader(inner.bytes()), []))
      }
    }
    expect(names.get(4)).toEqual(Object.keys(document.paths))
    expect(names.get(5)).toEqual(Object.keys(document.components.schemas))
  })
})
