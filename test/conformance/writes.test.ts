// Options of writes, names, owners and deletions over HTTP. Rules: create.go, update.go and delete.go of
// k8s.io/apiserver/pkg/endpoints/handlers, BeforeDelete, Store.Create and Store.Delete, ValidateDeleteOptions.

import { describe, expect, it } from 'vitest'
import type { Answered } from './access-support.ts'
import { useServer } from './access-support.ts'
import type { Json } from './custom-resources/support.ts'

const call = useServer()
const MAPS = '/api/v1/namespaces/default/configmaps'
const map = (name: string, metadata: object = {}): Json => ({ metadata: { name, ...metadata } })
const remove = (path: string, body?: object): Promise<Answered> => {
  const text = body && JSON.stringify(body)
  const headers = text === undefined ? {} : { 'content-length': String(text.length) }
  return call(path, { method: 'DELETE', headers, ...(text === undefined ? {} : { body: text }) })
}

describe('options', () => {
  const DRY = (value: string) => `dryRun: Unsupported value: [${JSON.stringify(value)}]: supported values: "All"`
  const cases: readonly [method: string, query: string, kind: string, problem: string, rule: string][] = [
    ['POST', 'dryRun=Some', 'CreateOptions', DRY('Some'), 'ValidateDryRun'],
    ['POST', 'dryRun=', 'CreateOptions', DRY(''), 'ValidateDryRun'],
    ['PUT', 'dryRun=all', 'UpdateOptions', DRY('all'), 'ValidateDryRun'],
    ['DELETE', 'dryRun=Some', 'DeleteOptions', DRY('Some'), 'ValidateDryRun'],
    [
      'POST',
      'fieldValidation=Some',
      'CreateOptions',
      'fieldValidation: Unsupported value: "Some": supported values: "", "Ignore", "Strict", "Warn"',
      'ValidateFieldValidation',
    ],
    [
      'POST',
      'fieldManager=a%0Ab',
      'CreateOptions',
      'fieldManager: Invalid value: "a\\nb": invalid character U+000A (at position 1)',
      'ValidateFieldManager',
    ],
    [
      'DELETE',
      'propagationPolicy=Some',
      'DeleteOptions',
      'propagationPolicy: Unsupported value: "Some": supported values: "Foreground", "Background", "Orphan", "nil"',
      'ValidateDeleteOptions',
    ],
    [
      'DELETE',
      'propagationPolicy=Orphan&orphanDependents=true',
      'DeleteOptions',
      'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
      'ValidateDeleteOptions',
    ],
  ]
  it.each(cases)('%s ?%s (%s, %s; %s)', async (method, query, kind, problem) => {
    const path = method === 'POST' ? MAPS : `${MAPS}/none`
    const answer = await call(`${path}?${query}`, { method, ...(method === 'DELETE' ? {} : { body: map('none') }) })
    expect(answer.code).toBe(422)
    expect(answer.body).toMatchObject({
      message: `${kind}.meta.k8s.io "" is invalid: ${problem}`,
      reason: 'Invalid',
      details: { group: 'meta.k8s.io', kind },
    })
  })

  it('of a deletion are in its body, or else in the query (DeleteResource)', async () => {
    await call(MAPS, { body: map('both') })
    expect((await remove(`${MAPS}/both?propagationPolicy=Some`, { dryRun: ['All'] })).code).toBe(200)
    expect((await call(`${MAPS}/both`)).code).toBe(200)
    expect((await remove(`${MAPS}/both?dryRun=All`)).code).toBe(200)
    expect((await call(`${MAPS}/both`)).code).toBe(200)
    expect((await remove(`${MAPS}/both`, { kind: 'Pod', apiVersion: 'v1' })).code).toBe(400)
  })

  it('of tables (ValidateTableOptions)', async () => {
    const headers = { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' }
    const { code, body } = await call(`${MAPS}?includeObject=Some`, { headers })
    expect({ code, message: body.message }).toEqual({
      code: 400,
      message: `Unable to convert to Table as requested: includeObject: Invalid value: "Some": must be 'Metadata', 'Object', 'None', or empty`,
    })
  })
})

describe('names and namespaces', () => {
  it('of which there can be none are refused by the client that asks for them (NamespaceLifecycle)', async () => {
    const { code, body } = await call('/api/v1/namespaces/a%25/configmaps', { body: map('x') })
    const why = `Internal error occurred: invalid resource name "a%": [may not contain '%']`
    expect([code, body.message]).toEqual([500, why])
  })

  it('what is being deleted is said to be (Store.Create)', async () => {
    await call(MAPS, { body: map('going', { finalizers: ['example.com/stay'] }) })
    const gone = await remove(`${MAPS}/going`, { orphanDependents: false })
    expect([gone.code, gone.body.metadata.deletionGracePeriodSeconds]).toEqual([202, 0])
    const again = await call(MAPS, { body: map('going') })
    expect([again.code, again.body.message]).toEqual([
      409,
      'object is being deleted: configmaps "going" already exists',
    ])
  })

  it('a name beside generateName is taken for a generated one (CheckGeneratedNameError)', async () => {
    await call(MAPS, { body: map('taken') })
    const { body } = await call(MAPS, { body: map('taken', { generateName: 'any-' }) })
    expect(body).toMatchObject({
      message: 'configmaps "taken" already exists, the server was not able to generate a unique name for the object',
      reason: 'AlreadyExists',
      details: { name: 'taken', kind: 'configmaps', retryAfterSeconds: 1 },
      code: 409,
    })
  })

  it('cluster-wide objects lose a namespace (EnsureObjectNamespaceMatchesRequestNamespace)', async () => {
    const { code, body } = await call('/api/v1/namespaces', { body: map('spaced', { namespace: 'other' }) })
    expect([code, body.metadata.namespace]).toEqual([201, undefined])
  })

  it('the body is judged before the object is looked for (UpdateResource)', async () => {
    const put = (metadata: object) => call(`${MAPS}/none`, { method: 'PUT', body: { metadata } })
    expect((await put({ name: 'other' })).body.message).toBe(
      'the name of the object (other) does not match the name on the URL (none)',
    )
    expect((await put({ name: 'none', namespace: 'other' })).code).toBe(400)
    expect((await put({ name: 1 })).code).toBe(400)
    expect((await put({ name: 'none' })).code).toBe(404)
  })

  it('a PUT of another object of that name (storage.Preconditions.Check)', async () => {
    const made = await call(MAPS, { body: map('other') })
    const { body } = await call(`${MAPS}/other`, { method: 'PUT', body: map('other', { uid: 'x' }) })
    expect(body.message).toBe(
      `Operation cannot be fulfilled on configmaps "other": StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/other, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: x, UID in object meta: ${made.body.metadata.uid}`,
    )
  })

  it('a version has to be told where it matters (Store.Update)', async () => {
    const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
    await call(leases, { body: map('held') })
    const { body } = await call(`${leases}/held`, { method: 'PUT', body: map('held') })
    expect(body.message).toBe(
      'leases.coordination.k8s.io "held" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    )
  })

  it('owners are told once (dedupOwnerReferencesAndAddWarning)', async () => {
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'u' }
    const ownerReferences = [owner, { ...owner, name: 'b' }, owner]
    const { body, headers } = await call(MAPS, { body: map('owned', { ownerReferences }) })
    expect(body.metadata.ownerReferences.map(({ name }: Json) => name)).toEqual(['a', 'b'])
    expect(headers.warning).toBe(
      '299 - ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: u"',
    )
    const patched = await call(`${MAPS}/owned`, {
      method: 'PATCH',
      body: { metadata: { ownerReferences } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    expect(patched.headers.warning).toContain('contains duplicate entries after mutating admission happens;')
  })
})

describe('deletions', () => {
  it('of definitions begin whatever becomes of dependents (customresourcedefinition/etcd.go)', async () => {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    const schema = { openAPIV3Schema: { type: 'object' } }
    const spec = {
      ...{ group: 'deletions.example', scope: 'Cluster', names: { plural: 'boats', kind: 'Boat' } },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    }
    const name = 'boats.deletions.example'
    await call(path, { body: { metadata: { name, finalizers: ['x.io/held'] }, spec } })
    await expect
      .poll(async () => (await call(`${path}/${name}`)).body.status.conditions?.map(({ type }: Json) => type))
      .toContain('Established')
    const { body } = await remove(`${path}/${name}?propagationPolicy=Foreground`)
    expect(body.metadata.finalizers).toEqual(['x.io/held', 'customresourcecleanup.apiextensions.k8s.io'])
  })

  it.each([
    ['uid', 'UID', 'deleted and then recreated'],
    ['resourceVersion', 'ResourceVersion', 'modified'],
  ] as const)('are of the %s that is meant (BeforeDelete)', async (name, what, otherwise) => {
    const made = await call(MAPS, { body: map(`sure-${what.toLowerCase()}`) })
    const { [name]: own, name: called } = made.body.metadata
    const { body } = await remove(`${MAPS}/${called}`, { preconditions: { [name]: '1' } })
    expect(body).toMatchObject({
      message: `Operation cannot be fulfilled on ConfigMap "${called}": the ${what} in the precondition (1) does not match the ${what} in record (${own}). The object might have been ${otherwise}`,
      reason: 'Conflict',
      details: { name: called, kind: 'ConfigMap' },
    })
  })

  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'a' }] } }
  const job = { template: { spec: { ...template.spec, restartPolicy: 'Never' } } }
  const workloads: readonly [path: string, spec: object, finalizers: string[] | undefined][] = [
    ['/api/v1/namespaces/default/replicationcontrollers', { selector: { a: 'b' }, template }, ['orphan']],
    ['/apis/batch/v1/namespaces/default/jobs', job, ['orphan']],
    ['/apis/apps/v1/namespaces/default/replicasets', { selector: { matchLabels: { a: 'b' } }, template }, undefined],
  ]
  it.each(workloads)('%s: what becomes of dependents (DefaultGarbageCollectionPolicy)', async (path, spec, kept) => {
    await call(path, { body: { ...map('default'), spec } })
    const { body, headers } = await remove(`${path}/default`)
    expect(body.metadata.finalizers).toEqual(kept)
    if (!path.endsWith('jobs')) return
    expect(headers.warning).toContain('child pods are preserved by default when jobs are deleted')
  })

  it('answer with the object for some kinds (ReturnDeletedObject)', async () => {
    await call('/api/v1/namespaces/default/serviceaccounts', { body: map('told') })
    const account = await remove('/api/v1/namespaces/default/serviceaccounts/told')
    expect(account.body.kind).toBe('ServiceAccount')
    await call(MAPS, { body: map('told') })
    expect((await remove(`${MAPS}/told`)).body).toMatchObject({ status: 'Success', details: { kind: 'configmaps' } })
  })

  it('of namespaces have no grace period (namespace REST.Delete)', async () => {
    await call('/api/v1/namespaces', { body: map('ending') })
    const { body } = await remove('/api/v1/namespaces/ending')
    expect(body.status.phase).toBe('Terminating')
    expect(body.metadata).toMatchObject({ deletionTimestamp: expect.any(String) })
    expect(body.metadata.deletionGracePeriodSeconds).toBeUndefined()
    const again = await remove('/api/v1/namespaces/ending')
    expect(again.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion)
  })

  it('of a collection take one page, and tell where the next begins (Store.DeleteCollection)', async () => {
    for (const name of ['page-a', 'page-b']) await call(MAPS, { body: map(name, { labels: { page: 'yes' } }) })
    const { body } = await remove(`${MAPS}?labelSelector=page&limit=1`)
    expect(body).toMatchObject({ kind: 'ConfigMapList', items: [{ metadata: { name: 'page-a' } }] })
    expect(body.metadata.continue).toEqual(expect.any(String))
    expect((await call(`${MAPS}?labelSelector=page`)).body.items.length).toBe(1)
  })

  it('can be made shorter, never longer (BeforeDelete)', async () => {
    const pods = '/api/v1/namespaces/default/pods'
    const { containers } = template.spec
    const made = await call(pods, { body: { ...map('slow'), spec: { nodeName: 'n', containers } } })
    expect(made.code).toBe(201)
    const grace = async (seconds: number) => {
      const { body } = await remove(`${pods}/slow`, { gracePeriodSeconds: seconds })
      return [body.kind, body.metadata.deletionGracePeriodSeconds, body.metadata.generation]
    }
    expect(await grace(20)).toEqual(['Pod', 20, 2])
    expect(await grace(30)).toEqual(['Pod', 20, 2])
    expect(await grace(10)).toEqual(['Pod', 10, 2])
    expect(await grace(0)).toEqual(['Pod', 0, 2])
    expect((await call(`${pods}/slow`)).code).toBe(404)
  })

  it('by the last finalizer show what was written (deleteWithoutFinalizers)', async () => {
    await call(MAPS, { body: map('last', { finalizers: ['example.com/stay'] }) })
    const going = await remove(`${MAPS}/last`)
    const { body } = await call(`${MAPS}/last`, {
      method: 'PATCH',
      body: { metadata: { finalizers: null } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    expect(body.metadata).toMatchObject({ resourceVersion: going.body.metadata.resourceVersion, name: 'last' })
    expect(body.metadata.finalizers).toBeUndefined()
    expect((await call(`${MAPS}/last`)).code).toBe(404)
  })
})
