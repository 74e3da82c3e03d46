import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../machinery/clock.ts'
import { silentLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { MediaType } from './manifest.ts'
import { listenRegistry, type Registry, type RegistryListener } from './registry.ts'
import { writeRegistryHosts } from './registry-hosts.ts'

const sha256 = (content: string | Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`

let root = ''
let registry: Registry & RegistryListener

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'registry-'))
  const options = { root, clock: systemClock, random: systemRandom, log: silentLogger }
  registry = await listenRegistry({ ...options, host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await registry.close()
  await rm(root, { recursive: true })
})

function call(path: string, init?: RequestInit): Promise<Response> {
  return fetch(new URL(path, registry.endpoint), init)
}

async function errorCode(response: Response): Promise<string | undefined> {
  return ((await response.json()) as { errors?: { code: string }[] }).errors?.[0]?.code
}

async function pushBlob(name: string, content: string): Promise<string> {
  const digest = sha256(content)
  const response = await call(`/v2/${name}/blobs/uploads/?digest=${digest}`, { method: 'POST', body: content })
  expect(response.status).toBe(201)
  return digest
}

async function pushManifest(name: string, reference: string, extra: object = {}) {
  const config = '{}'
  const layer = `layer of ${name}`
  await pushBlob(name, config)
  await pushBlob(name, layer)
  const content = JSON.stringify({
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    config: { mediaType: MediaType.ociConfig, digest: sha256(config), size: config.length },
    layers: [{ mediaType: MediaType.ociLayer, digest: sha256(layer), size: layer.length }],
    ...extra,
  })
  const response = await call(`/v2/${name}/manifests/${reference}`, {
    method: 'PUT',
    headers: { 'content-type': MediaType.ociManifest },
    body: content,
  })
  expect(response.status).toBe(201)
  expect(response.headers.get('docker-content-digest')).toBe(sha256(content))
  return { digest: sha256(content), content, layer: sha256(layer), response }
}

describe('blobs', () => {
  it('are pushed by POST and PUT', async () => {
    const begun = await call('/v2/a/b/blobs/uploads/', { method: 'POST' })
    expect(begun.status).toBe(202)
    const location = begun.headers.get('location') ?? ''
    const digest = sha256('whole')
    const done = await call(`${location}?digest=${digest}`, { method: 'PUT', body: 'whole' })
    expect(done.status).toBe(201)
    const read = await call(done.headers.get('location') ?? '')
    expect(await read.text()).toBe('whole')
    expect(read.headers.get('docker-content-digest')).toBe(digest)
  })

  it('are pushed in chunks, which must come in order', async () => {
    const location = (await call('/v2/chunks/blobs/uploads/', { method: 'POST' })).headers.get('location') ?? ''
    const patch = (range: string, body: string) =>
      call(location, { method: 'PATCH', headers: { 'content-range': range }, body })
    const first = await patch('0-4', 'first')
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-4'])
    expect((await patch('7-12', 'second')).status).toBe(416)
    const status = await call(location)
    expect([status.status, status.headers.get('range')]).toEqual([204, '0-4'])
    expect((await patch('5-10', 'second')).headers.get('range')).toBe('0-10')
    const digest = sha256('firstsecondlast')
    const done = await call(`${location}?digest=${digest}`, {
      method: 'PUT',
      headers: { 'content-range': '11-14' },
      body: 'last',
    })
    expect(done.status).toBe(201)
    expect((await call(`/v2/chunks/blobs/${digest}`, { method: 'HEAD' })).headers.get('content-length')).toBe('15')
    expect(await errorCode(await call(location))).toBe('BLOB_UPLOAD_UNKNOWN')
  })

  it('are refused when the digest is wrong, and leave nothing behind', async () => {
    const response = await call(`/v2/wrong/blobs/uploads/?digest=${sha256('other')}`, { method: 'POST', body: 'this' })
    expect([response.status, await errorCode(response)]).toEqual([400, 'DIGEST_INVALID'])
    expect(await readdir(join(root, 'uploads'))).toEqual([])
  })

  it('are read in ranges', async () => {
    const digest = await pushBlob('ranges', '0123456789')
    const range = (value: string) => call(`/v2/ranges/blobs/${digest}`, { headers: { range: value } })
    const middle = await range('bytes=2-4')
    expect([middle.status, middle.headers.get('content-range'), await middle.text()]).toEqual([
      206,
      'bytes 2-4/10',
      '234',
    ])
    expect(await (await range('bytes=7-')).text()).toBe('789')
    expect(await (await range('bytes=-2')).text()).toBe('89')
    expect((await range('bytes=10-')).status).toBe(416)
  })

  it('belong to the repository they were pushed to, and can be mounted into another', async () => {
    const digest = await pushBlob('owner', 'mounted content')
    const absent = await call(`/v2/borrower/blobs/${digest}`)
    expect([absent.status, await errorCode(absent)]).toEqual([404, 'BLOB_UNKNOWN'])
    const mount = await call(`/v2/borrower/blobs/uploads/?mount=${digest}&from=owner`, { method: 'POST' })
    expect(mount.status).toBe(201)
    expect((await call(`/v2/borrower/blobs/${digest}`)).status).toBe(200)
    expect((await call(`/v2/owner/blobs/${digest}`, { method: 'DELETE' })).status).toBe(202)
    expect((await call(`/v2/owner/blobs/${digest}`)).status).toBe(404)
    expect(await (await call(`/v2/borrower/blobs/${digest}`)).text()).toBe('mounted content')
    const unknown = await call(`/v2/borrower/blobs/uploads/?mount=${sha256('?')}&from=owner`, { method: 'POST' })
    expect(unknown.status).toBe(202)
    await call(unknown.headers.get('location') ?? '', { method: 'DELETE' })
  })
})

describe('manifests', () => {
  it('are read by tag and digest', async () => {
    const { digest, content } = await pushManifest('team/app', 'v1')
    for (const reference of ['v1', digest]) {
      const response = await call(`/v2/team/app/manifests/${reference}`)
      expect(response.headers.get('content-type')).toBe(MediaType.ociManifest)
      expect(await response.text()).toBe(content)
    }
    const head = await call('/v2/team/app/manifests/v1', { method: 'HEAD' })
    expect([head.headers.get('docker-content-digest'), await head.text()]).toEqual([digest, ''])
  })

  it('are refused without their blobs, and when they are none', async () => {
    const put = (body: string) => call('/v2/team/bad/manifests/v1', { method: 'PUT', body })
    const config = { mediaType: MediaType.ociConfig, digest: sha256('nowhere'), size: 7 }
    const missing = await put(JSON.stringify({ schemaVersion: 2, config, layers: [] }))
    expect([missing.status, await errorCode(missing)]).toEqual([404, 'MANIFEST_BLOB_UNKNOWN'])
    for (const body of ['{', '{}', '{"schemaVersion":1}', '{"schemaVersion":2,"layers":[{}]}']) {
      const response = await put(body)
      expect([response.status, await errorCode(response)]).toEqual([400, 'MANIFEST_INVALID'])
    }
    expect((await put(' '.repeat(5 * 1024 * 1024))).status).toBe(413)
  })

  it('go, with what only they needed', async () => {
    const { digest, layer } = await pushManifest('team/gone', 'v1')
    await call(`/v2/team/kept/blobs/uploads/?mount=${sha256('{}')}&from=team/gone`, { method: 'POST' })
    expect((await call('/v2/team/gone/manifests/v1', { method: 'DELETE' })).status).toBe(202)
    expect((await call('/v2/team/gone/manifests/v1')).status).toBe(404)
    expect((await call(`/v2/team/gone/manifests/${digest}`)).status).toBe(200)
    expect((await call(`/v2/team/gone/manifests/${digest}`, { method: 'DELETE' })).status).toBe(202)
    expect(await registry.store.blobSize(layer)).toBeUndefined()
    expect(await registry.store.blobSize(sha256('{}'))).toBe(2)
    expect(await registry.store.repositories()).not.toContain('team/gone')
  })

  it('can be about another one', async () => {
    const { digest } = await pushManifest('referred', 'v1')
    const subject = { mediaType: MediaType.ociManifest, digest, size: 1 }
    const about = await pushManifest('referred', 'signature', { subject, artifactType: 'example/signature' })
    expect(about.response.headers.get('oci-subject')).toBe(digest)
    const list = async (query: string) => {
      const response = await call(`/v2/referred/referrers/${digest}${query}`)
      const { manifests } = (await response.json()) as { manifests: { digest: string }[] }
      return [response.headers.get('oci-filters-applied'), manifests.map((m) => m.digest)]
    }
    expect(await list('')).toEqual([null, [about.digest]])
    expect(await list('?artifactType=example/signature')).toEqual(['artifactType', [about.digest]])
    expect(await list('?artifactType=other')).toEqual(['artifactType', []])
  })
})

describe('lists', () => {
  it('give tags and repositories in pages', async () => {
    for (const tag of ['b', 'c', 'a']) await pushManifest('listed', tag)
    expect(await (await call('/v2/listed/tags/list')).json()).toEqual({ name: 'listed', tags: ['a', 'b', 'c'] })
    const first = await call('/v2/listed/tags/list?n=2')
    expect(await first.json()).toEqual({ name: 'listed', tags: ['a', 'b'] })
    const next = /<(.*)>/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    expect(await (await call(next)).json()).toEqual({ name: 'listed', tags: ['c'] })
    expect(await (await call('/v2/listed/tags/list?n=0')).json()).toEqual({ name: 'listed', tags: [] })
    const { repositories } = (await (await call('/v2/_catalog')).json()) as { repositories: string[] }
    expect(repositories).toContain('listed')
    expect(await errorCode(await call('/v2/nothing/tags/list'))).toBe('NAME_UNKNOWN')
  })
})

describe('names', () => {
  it.each([
    ['docker.io/library/short', '/v2/library/short/manifests/1?ns=docker.io'],
    ['docker.io/library/other', '/v2/other/manifests/1'],
    ['gcr.io/x/y', '/v2/x/y/manifests/1?ns=gcr.io'],
    ['pushed/plain', '/v2/pushed/plain/manifests/1?ns=docker.io'],
    ['single', '/v2/library/single/manifests/1?ns=docker.io'],
    ['pushed/plain', '/v2/pushed/plain/manifests/1?ns=localhost:5000'],
    ['localhost:5000/q', '/v2/q/manifests/1?ns=localhost:5000'],
  ])('%s is found at %s', async (name, path) => {
    await pushManifest(name, '1')
    expect((await call(path)).status).toBe(200)
  })

  it('of one host are not found under another', async () => {
    await pushManifest('quay.io/x/z', '1')
    for (const ns of ['gcr.io', 'docker.io']) expect((await call(`/v2/x/z/manifests/1?ns=${ns}`)).status).toBe(404)
  })

  it('cannot leave the root', async () => {
    for (const name of ['..', 'a/../../b', 'a%2f..%2fb', '_blobs', 'a/_tags']) {
      const response = await call(`/v2/${name}/blobs/uploads/`, { method: 'POST' })
      expect([400, 404, 405]).toContain(response.status)
    }
    expect((await readdir(root)).sort()).toEqual(['blobs', 'repositories', 'uploads'])
  })
})

it('is what containerd asks first', async () => {
  const dir = join(root, 'uploads', 'certs.d')
  await writeRegistryHosts({ dir, endpoint: registry.endpoint, random: systemRandom })
  const text = await readFile(join(dir, '_default', 'hosts.toml'), 'utf8')
  expect(text).toBe(`[host."${registry.endpoint}"]\n  capabilities = ["pull", "resolve"]\n`)
  const mirrors = ['http://b.example:5000', 'https://a.example']
  await writeRegistryHosts({ dir, endpoint: registry.endpoint, mirrors, random: systemRandom })
  const hosts = (await readFile(join(dir, '_default', 'hosts.toml'), 'utf8')).match(/(?<=host\.")[^"]+/g)
  expect(hosts).toEqual([registry.endpoint, ...mirrors])
  await rm(dir, { recursive: true })
})

it('removes old leftovers, and nothing that is used', async () => {
  const { digest } = await pushManifest('lasting', '1')
  const { digest: loose } = await registry.store.putBlob(
    (async function* () {
      yield Buffer.from('loose')
    })(),
  )
  await registry.store.collectGarbage(0)
  expect(await registry.store.blobSize(loose)).toBe(5)
  await registry.store.collectGarbage(Number.POSITIVE_INFINITY)
  expect(await registry.store.blobSize(loose)).toBeUndefined()
  expect(await registry.store.manifest('lasting', '1')).toMatchObject({ digest })
})
