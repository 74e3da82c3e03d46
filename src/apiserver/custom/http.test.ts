import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../main/testing.ts'
import { type Answer, caller, ovens, until } from './testing.ts'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const OVENS = '/apis/bakery.example.com/v1/namespaces/default/ovens'
const MERGE = 'application/merge-patch+json'

const oven = (name: string, spec: object = {}, more: object = {}) => ({
  apiVersion: 'bakery.example.com/v1',
  kind: 'Oven',
  metadata: { name },
  spec: { fuel: 'wood', ...spec },
  ...more,
})

const isEstablished = ({ body }: Answer) =>
  ((body.status as { conditions?: { type: string; status: string }[] })?.conditions ?? []).some(
    (c) => c.type === 'Established' && c.status === 'True',
  )

describe('custom resources over HTTP', () => {
  let server: TestServer
  let call: ReturnType<typeof caller>['call']
  let close: () => void

  beforeAll(async () => {
    server = await startTestServer()
    ;({ call, close } = caller(server))
    const made = await call({ path: DEFINITIONS, body: ovens() })
    expect(made.code).toBe(201)
    await until(() => call({ path: `${DEFINITIONS}/ovens.bakery.example.com` }), isEstablished)
  })
  afterAll(async () => {
    close()
    await server.close()
  })

  it('accepts names and establishes', async () => {
    const { body } = await call({ path: `${DEFINITIONS}/ovens.bakery.example.com` })
    expect(body.status).toMatchObject({
      acceptedNames: { plural: 'ovens', singular: 'oven', kind: 'Oven', listKind: 'OvenList', shortNames: ['ov'] },
      storedVersions: ['v1'],
      conditions: [
        { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
        {
          type: 'Established',
          status: 'True',
          reason: 'InitialNamesAccepted',
          message: 'the initial names have been accepted',
        },
      ],
    })
  })

  it('shows in discovery of both kinds', async () => {
    const classic = await call({ path: '/apis/bakery.example.com/v1' })
    expect(classic.body.resources).toMatchObject([
      { name: 'ovens', singularName: 'oven', namespaced: true, kind: 'Oven', shortNames: ['ov'], categories: ['all'] },
      { name: 'ovens/status', kind: 'Oven', verbs: ['get', 'patch', 'update'] },
      { name: 'ovens/scale', group: 'autoscaling', version: 'v1', kind: 'Scale' },
    ])
    // The beginning of the hash of bakery.example.com/v1/Oven.
    expect(classic.body.resources).toMatchObject([
      { storageVersionHash: expect.stringMatching(/^[\w+/]{11}=$/) },
      {},
      {},
    ])
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
    const { text } = await call({ path: '/apis', accept })
    expect(text).toContain('"bakery.example.com"')
  })

  it('creates with defaults, prunes and warns', async () => {
    const made = await call({
      path: OVENS,
      body: oven('a', { odd: 1, racks: [{ name: 'x' }], note: null }, { status: { replicas: 3 } }),
    })
    expect(made.code).toBe(201)
    expect(made.warnings).toContain('unknown field \\"spec.odd\\"')
    expect(made.body).toMatchObject({
      metadata: { generation: 1, namespace: 'default' },
      spec: { fuel: 'wood', replicas: 1, racks: [{ name: 'x', size: 4 }], note: null },
    })
    expect(made.body.status).toBeUndefined()
    expect((made.body.spec as object) ?? {}).not.toHaveProperty('odd')
    const strict = await call({ path: `${OVENS}?fieldValidation=Strict`, body: oven('b', { odd: 1 }) })
    expect(strict.code).toBe(400)
    expect(strict.body.message).toBe(
      'Oven in version "v1" cannot be handled as a Oven: strict decoding error: unknown field "spec.odd"',
    )
  })

  it('refuses what the schema does not allow in upstream words', async () => {
    const refused = async (spec: object) => (await call({ path: OVENS, body: oven('bad', spec) })).body.message
    const mistyped = await refused({ replicas: 'many' })
    expect(mistyped).toContain(
      'Oven.bakery.example.com "bad" is invalid: [spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"',
    )
    expect(mistyped).toContain(
      '.spec.replicas: Invalid value: 0: .spec.replicas accessor error: many is of the type string, expected int64',
    )
    expect(await refused({ replicas: 11 })).toContain(
      'spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10',
    )
    expect(await refused({ fuel: 'coal' })).toContain(
      'spec.fuel: Unsupported value: "coal": supported values: "wood", "gas"',
    )
    expect(await refused({ fuel: undefined })).toContain('spec.fuel: Required value')
    expect(await refused({ note: 'NO' })).toContain(`spec.note in body should match '^[a-z ]*$'`)
    expect(await refused({ tags: ['a', 'a'] })).toContain('spec.tags[1]: Duplicate value: "a"')
    expect(await refused({ racks: [{ name: 'a' }, { name: 'a' }] })).toContain(
      'spec.racks[1]: Duplicate value: {"name":"a"}',
    )
    const kind = await call({ path: OVENS, body: { ...oven('bad'), kind: 'Stove' } })
    expect(kind.body.message).toContain('kind: Invalid value: "Stove": must be Oven')
    const none = await call({ path: OVENS, body: { ...oven('bad'), kind: undefined } })
    expect(none.body.message).toContain("Object 'Kind' is missing in")
  })

  it('patches, counts generations, and keeps status apart', async () => {
    await call({ path: OVENS, body: oven('p') })
    const path = `${OVENS}/p`
    const merged = await call({
      method: 'PATCH',
      path,
      type: MERGE,
      body: { spec: { replicas: 2 }, status: { replicas: 9 } },
    })
    expect(merged.body).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 2 } })
    expect(merged.body.status).toBeUndefined()
    const op = [{ op: 'replace', path: '/spec/fuel', value: 'gas' }]
    const jsoned = await call({ method: 'PATCH', path, type: 'application/json-patch+json', body: op })
    expect(jsoned.body).toMatchObject({ metadata: { generation: 3 }, spec: { fuel: 'gas' } })
    const status = { replicas: 2, selector: 'app=oven', conditions: [{ type: 'Ready', status: 'True' }] }
    const patch = { spec: { fuel: 'wood' }, metadata: { labels: { a: 'b' } }, status }
    const stated = await call({ method: 'PATCH', path: `${path}/status`, type: MERGE, body: patch })
    expect(stated.body).toMatchObject({ metadata: { generation: 3 }, spec: { fuel: 'gas' }, status })
    expect(stated.body.metadata).not.toHaveProperty('labels')
    const strategic = await call({ method: 'PATCH', path, type: 'application/strategic-merge-patch+json', body: {} })
    expect(strategic.code).toBe(415)
    expect(strategic.body.message).toBe(
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    )
    const scale = await call({ path: `${path}/scale` })
    expect(scale.body).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 2 },
      status: { replicas: 2, selector: 'app=oven' },
    })
    const scaled = await call({ method: 'PATCH', path: `${path}/scale`, type: MERGE, body: { spec: { replicas: 5 } } })
    expect(scaled.body).toMatchObject({ spec: { replicas: 5 } })
    const after = await call({ path })
    expect(after.body).toMatchObject({ metadata: { generation: 4 }, spec: { replicas: 5 } })
    const put = await call({ method: 'PUT', path, body: oven('p') })
    expect(put.code).toBe(422)
    expect(put.body.message).toContain('metadata.resourceVersion')
  })

  it('selects by labels and fields, and prints tables', async () => {
    await call({ path: OVENS, body: oven('gas', { fuel: 'gas', note: 'warm' }) })
    const list = await call({ path: `${OVENS}?fieldSelector=spec.fuel%3Dgas,metadata.name%3Dgas` })
    expect(list.body).toMatchObject({ kind: 'OvenList', items: [{ metadata: { name: 'gas' } }] })
    const odd = await call({ path: `${OVENS}?fieldSelector=spec.note%3Dwarm` })
    expect(odd.body.message).toContain('field label not supported: spec.note')
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const table = await call({ path: `${OVENS}/gas`, accept })
    expect(table.body).toMatchObject({
      kind: 'Table',
      columnDefinitions: [
        { name: 'Name' },
        { name: 'Fuel' },
        { name: 'Replicas' },
        { name: 'Ready' },
        { name: 'Age' },
        { name: 'Note', priority: 1 },
      ],
      rows: [{ cells: ['gas', 'gas', 1, null, expect.stringMatching(/^\d+s$/), 'warm'] }],
    })
  })

  it('lets an update keep what was invalid before', async () => {
    const name = 'kept'
    await call({ path: OVENS, body: oven(name, { note: 'fine' }) })
    const definition = await call({ path: `${DEFINITIONS}/ovens.bakery.example.com` })
    const tighter = structuredClone(definition.body) as unknown as ReturnType<typeof ovens>
    const spec = tighter.spec.versions[0]?.schema?.openAPIV3Schema?.properties?.spec?.properties
    if (spec?.note) spec.note.maxLength = 2
    expect((await call({ method: 'PUT', path: `${DEFINITIONS}/ovens.bakery.example.com`, body: tighter })).code).toBe(
      200,
    )
    const ok = await call({ method: 'PATCH', path: `${OVENS}/${name}`, type: MERGE, body: { spec: { fuel: 'gas' } } })
    expect(ok.code).toBe(200)
    const bad = await call({
      method: 'PATCH',
      path: `${OVENS}/${name}`,
      type: MERGE,
      body: { spec: { note: 'other' } },
    })
    expect(bad.body.message).toContain('spec.note: Too long: may not be more than 2 bytes')
  })

  it('refuses definitions whose names others have', async () => {
    const clash = ovens()
    clash.metadata.name = 'stoves.bakery.example.com'
    clash.spec.names = { plural: 'stoves', kind: 'Oven', shortNames: ['ov'] }
    await call({ path: DEFINITIONS, body: clash })
    const path = `${DEFINITIONS}/stoves.bakery.example.com`
    const judged = await until(
      () => call({ path }),
      ({ body }) => (body.status as { conditions?: unknown[] }).conditions !== undefined,
    )
    expect(judged.body.status).toMatchObject({
      conditions: [
        { type: 'NamesAccepted', status: 'False', reason: 'ListKindConflict', message: '"OvenList" is already in use' },
        { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
      ],
    })
    expect((await call({ path: '/apis/bakery.example.com/v1/namespaces/default/stoves' })).code).toBe(404)
    await call({ method: 'DELETE', path })
    await until(
      () => call({ path }),
      ({ code }) => code === 404,
    )
  })

  it('gives names that become free to who waits for them', async () => {
    const made = (plural: string) => {
      const definition = ovens()
      definition.metadata.name = `${plural}.free.example.com`
      definition.spec.group = 'free.example.com'
      definition.spec.names = { plural, kind: 'Mug' }
      return definition
    }
    const path = (plural: string) => `${DEFINITIONS}/${plural}.free.example.com`
    await call({ path: DEFINITIONS, body: made('mugs') })
    await until(() => call({ path: path('mugs') }), isEstablished)
    await call({ path: DEFINITIONS, body: made('cups') })
    await until(
      () => call({ path: path('cups') }),
      ({ text }) => text.includes('NotAccepted'),
    )
    await call({ method: 'DELETE', path: path('mugs') })
    await until(() => call({ path: path('cups') }), isEstablished)
  })

  it('shows what is stored in one version in all, page by page, and stores it anew when it is written', async () => {
    const jars = ovens()
    jars.metadata.name = 'jars.bakery.example.com'
    jars.spec.names = { plural: 'jars', kind: 'Jar' }
    const [v1] = jars.spec.versions
    if (!v1) throw new Error('no version')
    const v2 = { ...structuredClone(v1), name: 'v2', storage: false }
    const replicas = v2.schema?.openAPIV3Schema?.properties?.spec?.properties?.replicas
    if (replicas) replicas.default = 7
    // What all versions say the same needs a schema that is the same, too.
    delete v2.selectableFields
    jars.spec.versions = [v1, v2]
    await call({ path: DEFINITIONS, body: jars })
    const at = (version: string) => `/apis/bakery.example.com/${version}/namespaces/default/jars`
    await until(
      () => call({ path: at('v2') }),
      ({ code }) => code === 200,
    )
    for (const name of ['a', 'b', 'c']) {
      const body = { ...oven(name), kind: 'Jar', apiVersion: `bakery.example.com/${name === 'b' ? 'v2' : 'v1'}` }
      expect((await call({ path: at(name === 'b' ? 'v2' : 'v1'), body })).code).toBe(201)
    }
    const stored = async () => {
      const { items } = await server.store.range({ prefix: '/registry/bakery.example.com/jars/' })
      return items.map(({ value }) => JSON.parse(value.toString())).map((o) => `${o.apiVersion} ${o.spec.replicas}`)
    }
    expect(await stored()).toEqual(['bakery.example.com/v1 1', 'bakery.example.com/v1 7', 'bakery.example.com/v1 1'])
    const page = await call({ path: `${at('v2')}?limit=2` })
    expect(page.body).toMatchObject({ apiVersion: 'bakery.example.com/v2', metadata: { remainingItemCount: 1 } })
    const token = encodeURIComponent((page.body.metadata as { continue: string }).continue)
    const rest = await call({ path: `${at('v2')}?limit=2&continue=${token}` })
    expect(rest.body.items).toMatchObject([{ metadata: { name: 'c' } }])

    const { body } = await call({ path: `${DEFINITIONS}/jars.bakery.example.com` })
    const turned = structuredClone(body) as unknown as typeof jars
    for (const version of turned.spec.versions) version.storage = version.name === 'v2'
    const put = await call({ method: 'PUT', path: `${DEFINITIONS}/jars.bakery.example.com`, body: turned })
    expect(put.body.status).toMatchObject({ storedVersions: ['v1', 'v2'] })
    const { body: same } = await call({ path: `${at('v1')}/a` })
    expect((await call({ method: 'PUT', path: `${at('v1')}/a`, body: same })).code).toBe(200)
    expect(await stored()).toEqual(['bakery.example.com/v2 1', 'bakery.example.com/v1 7', 'bakery.example.com/v1 1'])
    expect((await call({ path: `${at('v1')}/a` })).body).toMatchObject({ apiVersion: 'bakery.example.com/v1' })
    const without = structuredClone(put.body) as unknown as typeof jars
    without.spec.versions = without.spec.versions.filter((version) => version.name === 'v2')
    const refused = await call({ method: 'PUT', path: `${DEFINITIONS}/jars.bakery.example.com`, body: without })
    expect(refused.body.message).toContain('v1 was previously a storage version')
  })

  it('reads schemas strictly, but for those that may be something else (JSONSchemaPropsOrArray.UnmarshalJSON)', async () => {
    const odd = ovens()
    odd.metadata.name = 'odds.bakery.example.com'
    odd.spec.names = { plural: 'odds', kind: 'Odd' }
    const schema = odd.spec.versions[0]?.schema?.openAPIV3Schema
    const create = async (list: object) => {
      if (schema?.properties) Object.assign(schema.properties, { list })
      const { code, body } = await call({ path: `${DEFINITIONS}?fieldValidation=Strict&dryRun=All`, body: odd })
      return [code, code === 201 ? '' : body.message]
    }
    const at = 'spec.versions[0].schema.openAPIV3Schema.properties.list'
    expect(await create({ type: 'array', exmaple: 1, items: { type: 'string' } })).toEqual([
      400,
      expect.stringContaining(`unknown field "${at}.exmaple"`),
    ])
    expect(await create({ type: 'array', items: { type: 'string', exmaple: 1 } })).toEqual([201, ''])
    expect(await create({ type: 'array', items: { type: 1 } })).toEqual([
      400,
      expect.stringContaining(
        'JSONSchemaProps.spec.versions.schema.openAPIV3Schema.properties.items.type of type string',
      ),
    ])
    expect(await create({ type: 'array', items: 'x' })).toEqual([422, expect.stringContaining('must be specified')])
    expect(await create({ type: 'object', additionalProperties: 1 })).toEqual([
      400,
      expect.stringContaining('boolean or JSON schema expected'),
    ])
  })

  it('describes itself in OpenAPI documents that change with it', async () => {
    const index = await call({ path: '/openapi/v3' })
    const paths = index.body.paths as Record<string, { serverRelativeURL: string }>
    const document = await call({ path: paths['apis/bakery.example.com/v1']?.serverRelativeURL ?? '' })
    expect(document.body).toMatchObject({
      paths: {
        '/apis/bakery.example.com/v1/namespaces/{namespace}/ovens': {
          post: { 'x-kubernetes-group-version-kind': { group: 'bakery.example.com', version: 'v1', kind: 'Oven' } },
        },
      },
      components: {
        schemas: {
          'com.example.bakery.v1.Oven': {
            'x-kubernetes-group-version-kind': [{ group: 'bakery.example.com', version: 'v1', kind: 'Oven' }],
            properties: { spec: { properties: { fuel: { type: 'string', description: 'What it burns.' } } } },
          },
        },
      },
    })
    const v2 = await call({ path: '/openapi/v2' })
    expect(v2.body.definitions).toHaveProperty(['com.example.bakery.v1.Oven'])
    const more = ovens()
    more.metadata.name = 'pans.bakery.example.com'
    more.spec.names = { plural: 'pans', kind: 'Pan' }
    await call({ path: DEFINITIONS, body: more })
    await until(() => call({ path: `${DEFINITIONS}/pans.bakery.example.com` }), isEstablished)
    expect((await call({ path: '/openapi/v2' })).etag).not.toBe(v2.etag)
    const urls = async () => (await call({ path: '/openapi/v3' })).body.paths
    expect(await urls()).not.toEqual(index.body.paths)
  })

  it('deletes objects, then itself, and then is not served any more', async () => {
    const more = ovens()
    more.metadata.name = 'urns.bakery.example.com'
    more.spec.names = { plural: 'urns', kind: 'Urn' }
    await call({ path: DEFINITIONS, body: more })
    const path = `${DEFINITIONS}/urns.bakery.example.com`
    await until(() => call({ path }), isEstablished)
    const urns = '/apis/bakery.example.com/v1/namespaces/default/urns'
    const urn = (name: string, finalizers: string[]) => ({ ...oven(name), kind: 'Urn', metadata: { name, finalizers } })
    await call({ path: urns, body: urn('free', []) })
    await call({ path: urns, body: urn('held', ['example.com/hold']) })
    const watch = call({ path: `${urns}?watch=true` })
    const deleted = await call({ method: 'DELETE', path })
    expect(deleted.body).toMatchObject({
      metadata: { finalizers: ['customresourcecleanup.apiextensions.k8s.io'] },
      status: { conditions: [{}, {}, { type: 'Terminating', reason: 'InstanceDeletionPending' }] },
    })
    await until(
      () => call({ path: urns }),
      ({ body }) => (body.items as unknown[]).length === 1,
    )
    const late = await call({ path: urns, body: urn('late', []) })
    expect(late.code).toBe(403)
    expect(late.body.message).toContain(
      'is forbidden: create not allowed while custom resource definition is terminating',
    )
    await call({ method: 'PATCH', path: `${urns}/held`, type: MERGE, body: { metadata: { finalizers: null } } })
    await until(
      () => call({ path }),
      ({ code }) => code === 404,
    )
    expect((await call({ path: urns })).code).toBe(404)
    expect((await watch).text).toContain('"type":"DELETED"')
  })

  it('serves what is stored after a restart', async () => {
    await server.restart()
    close()
    ;({ call, close } = caller(server))
    expect((await call({ path: `${OVENS}/gas` })).body).toMatchObject({ kind: 'Oven', spec: { fuel: 'gas' } })
  })
})
