import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { configmaps, secrets } from '../../api/generated/resources.ts'
import { systemClock } from '../../machinery/clock.ts'
import { openLogStore } from '../../store/log-store.ts'
import { memoryLog } from '../../store/memory/memory-log.ts'
import { startTestApi } from '../testing.ts'
import { parseEncryptionConfiguration, type ResourceRule } from './encryption-configuration.ts'
import { transformerFor, transformerOf } from './transformer.ts'

const key = (name: string, bytes = 32) => ({ name, secret: randomBytes(bytes) })
const KEY = 'registry/secrets/default/a'
const plain = Buffer.from('{"kind":"Secret","data":{"p":"aHVudGVyMg=="}}')

describe.each(['aescbc', 'aesgcm', 'secretbox'] as const)('values kept with %s', (type) => {
  it('come back, and say with which key they are kept', () => {
    const transformer = transformerOf([{ type, keys: [key('one')] }])
    const stored = transformer.toStorage(plain, KEY)
    expect(stored.toString('latin1')).toMatch(new RegExp(`^k8s:enc:${type}:v1:one:`))
    expect(stored.toString('latin1')).not.toContain('aHVudGVyMg')
    expect(transformer.fromStorage(stored, KEY)).toEqual({ value: plain, stale: false })
    expect(transformer.toStorage(plain, KEY)).not.toEqual(stored)
  })

  it('are read with older keys, and are then stale', () => {
    const [old, today] = [key('old'), key('new')]
    const stored = transformerOf([{ type, keys: [old] }]).toStorage(plain, KEY)
    const rotated = transformerOf([{ type, keys: [today, old] }])
    expect(rotated.fromStorage(stored, KEY)).toEqual({ value: plain, stale: true })
    expect(() => transformerOf([{ type, keys: [today] }]).fromStorage(stored, KEY)).toThrow('no matching key was found')
    expect(() => transformerOf([{ type, keys: [key('old')] }]).fromStorage(stored, KEY)).toThrow('does not fit')
  })

  it('do not read what was changed', () => {
    if (type === 'aescbc') return
    const transformer = transformerOf([{ type, keys: [key('one')] }])
    const stored = transformer.toStorage(plain, KEY)
    const last = stored.length - 1
    stored[last] = (stored[last] ?? 0) ^ 1
    expect(() => transformer.fromStorage(stored, KEY)).toThrow('does not fit')
  })
})

it('aesgcm holds a value to its key in the store', () => {
  const transformer = transformerOf([{ type: 'aesgcm', keys: [key('one', 16)] }])
  const stored = transformer.toStorage(plain, KEY)
  expect(() => transformer.fromStorage(stored, 'registry/secrets/default/b')).toThrow('does not fit')
})

describe('identity', () => {
  it('reads plain values, which are stale when another provider is first', () => {
    const aes = { type: 'aescbc', keys: [key('one')] } as const
    expect(transformerOf([aes, { type: 'identity' }]).fromStorage(plain, KEY)).toEqual({ value: plain, stale: true })
    expect(transformerOf([{ type: 'identity' }, aes]).fromStorage(plain, KEY)).toEqual({ value: plain, stale: false })
    expect(() => transformerOf([aes]).fromStorage(plain, KEY)).toThrow('no matching prefix found')
    expect(transformerOf([{ type: 'identity' }, aes]).toStorage(plain, KEY)).toBe(plain)
  })
})

it.each([
  ['secrets', '', 'secrets', true],
  ['secrets', 'example.com', 'secrets', false],
  ['deployments.apps', 'apps', 'deployments', true],
  ['*.apps', 'apps', 'statefulsets', true],
  ['*.apps', '', 'pods', false],
  ['*.', '', 'pods', true],
  ['*.', 'apps', 'deployments', false],
  ['*.*', 'example.com', 'boats', true],
])('a rule for %s covers %j %s: %s', (name, group, resource, covered) => {
  const choose = transformerFor([{ resources: [name], providers: [{ type: 'aescbc', keys: [key('one')] }] }])
  expect(choose(group, resource).toStorage(plain, KEY) !== plain).toBe(covered)
})

describe('a configuration', () => {
  const secret = Buffer.alloc(32, 7).toString('base64')
  const file = (providers: string, resources = '[secrets]') => `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: ${resources}
  providers: ${providers}
`
  it('is read', () => {
    const [rule] = parseEncryptionConfiguration(
      file(`[{aescbc: {keys: [{name: k1, secret: ${secret}}]}}, {identity: {}}]`),
    )
    expect(rule).toEqual({
      resources: ['secrets'],
      providers: [{ type: 'aescbc', keys: [{ name: 'k1', secret: Buffer.alloc(32, 7) }] }, { type: 'identity' }],
    })
  })

  // In the words of kube-apiserver v1.36.0, but for the first two and where keys would be shown.
  it.each([
    ['kind: Secret', 'expected kind EncryptionConfiguration of apiserver.config.k8s.io/v1'],
    [
      file(`[{identity: {}, aescbc: {keys: [{name: a, secret: ${secret}}]}}]`),
      'resources[0].providers[0]: Invalid value: "REDACTED": more than one provider specified in a single element, should split into different list elements',
    ],
    [
      'kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1',
      'resources: Required value: at least one resources is required',
    ],
    [
      file('[]', '[]'),
      '[resources[0].resources: Required value: at least one resources[0].resources is required, resources[0].providers: Required value: at least one resources[0].providers is required]',
    ],
    [
      file('[{identity: {}}]', '[secrets, "*.", Pods, "*"]'),
      `[resources[0].resources: Invalid value: ["secrets","*.","Pods","*"]: the same resource cannot be specified multiple times, resources[0].resources: Invalid value: ["secrets","*.","Pods","*"]: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked, resources[0].resources[2]: Invalid value: "Pods": resource name should not contain capital letters, resources[0].resources[3]: Invalid value: "*": use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources]`,
    ],
    [
      file('[{identity: {}}]\n- resources: [secrets]\n  providers: [{identity: {}}]', '["*.*"]'),
      'resource "secrets" is masked by earlier rule "*.*"',
    ],
    [file('[{rot13: {}}]'), 'strict decoding error: unknown field "resources[0].providers[0].rot13"'],
    [
      file('[{}]'),
      'resources[0].providers[0]: Invalid value: {"AESGCM":null,"AESCBC":null,"Secretbox":null,"Identity":null,"KMS":null}: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity',
    ],
    [
      file('[{aescbc: {keys: [{name: a, secret: c2hvcnQ=}]}}]'),
      'resources[0].providers[0].aescbc.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 5, expected one of [16 24 32]',
    ],
    [
      file('[{aesgcm: {keys: [{secret: "%%"}, {name: a}]}}]'),
      '[resources[0].providers[0].aesgcm.keys[0].name: Required value: name is a mandatory field for a key, resources[0].providers[0].aesgcm.keys[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded, resources[0].providers[0].aesgcm.keys[1].secret: Required value: secret is a mandatory field for a key]',
    ],
    [
      file(
        '[{kms: {apiVersion: v2, name: "a:b", endpoint: "tcp://x", timeout: 0s, cachesize: 3}}, {kms: {apiVersion: v3}}]',
      ),
      `[resources[0].providers[0].kms.name: Invalid value: "a:b": invalid KMS provider name a:b, must not contain ':', resources[0].providers[0].kms.timeout: Invalid value: "0s": timeout should be a positive value, resources[0].providers[0].kms.endpoint: Invalid value: "tcp://x": unsupported scheme "tcp" for KMS provider, only unix is supported, resources[0].providers[0].kms.cachesize: Invalid value: 3: cachesize is not supported in v2, resources[0].providers[1].kms.name: Required value: name is a mandatory field for a provider, resources[0].providers[1].kms.endpoint: Invalid value: "": endpoint is a mandatory field for a kms, resources[0].providers[1].kms.apiVersion: Invalid value: "v3": unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported]`,
    ],
    [
      file('[{kms: {name: a, endpoint: "unix:///run/x"}}]'),
      'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.',
    ],
  ])('with a mistake is refused: %#', (text, problem) => {
    expect(() => parseEncryptionConfiguration(text)).toThrow(new Error(problem))
    expect(problem).not.toContain(secret)
  })

  it('names a plugin', () => {
    const [rule] = parseEncryptionConfiguration(
      file('[{kms: {apiVersion: v2, name: mine, endpoint: "unix:///run/x", timeout: 1m1s}}]'),
    )
    const mine = { type: 'kms', name: 'mine', endpoint: 'unix:///run/x', timeoutMs: 61_000 }
    expect(rule?.providers).toEqual([mine])
  })
})

describe('secrets in the store', () => {
  const store = () =>
    openLogStore({
      log: memoryLog(),
      clock: systemClock,
      onFatal(error) {
        throw error
      },
    })
  const raw = async (inner: ReturnType<typeof store>, prefix: string) =>
    (await inner.range({ prefix })).items.map(({ value }) => value.toString('latin1'))
  const rules = (...keys: { name: string; secret: Buffer }[]): ResourceRule[] => [
    { resources: ['secrets'], providers: [{ type: 'aesgcm', keys }, { type: 'identity' }] },
  ]
  const at = { namespace: 'default', name: 'a' }

  it('are unreadable there and readable through the API, across a restart and a new key', async () => {
    const inner = store()
    const [first, second] = [key('first'), key('second')]
    const before = await startTestApi({ store: inner })
    await before.client.create(secrets, { metadata: at, data: { p: 'aHVudGVyMg==' } })
    await before.client.create(configmaps, { metadata: at, data: { p: 'open' } })
    expect((await raw(inner, '/registry/secrets/'))[0]).toContain('aHVudGVyMg==')
    await before.close()

    const encrypted = await startTestApi({ store: inner, encryption: rules(first) })
    const read = await encrypted.client.get(secrets, at)
    expect(read.data).toEqual({ p: 'aHVudGVyMg==' })
    // Nothing changes, but the value is to be kept differently.
    const rewritten = await encrypted.client.update(secrets, structuredClone(read) as never)
    expect(rewritten.data).toEqual(read.data)
    const [kept] = await raw(inner, '/registry/secrets/')
    expect(kept).toMatch(/^k8s:enc:aesgcm:v1:first:/)
    expect(kept).not.toContain('aHVudGVyMg==')
    expect((await raw(inner, '/registry/configmaps/'))[0]).toContain('open')
    const again = await encrypted.client.update(secrets, structuredClone(rewritten) as never)
    expect(again.metadata.resourceVersion).toBe(rewritten.metadata.resourceVersion)
    await encrypted.close()

    const rotated = await startTestApi({ store: inner, encryption: rules(second, first) })
    const { items } = await rotated.client.list(secrets, { namespace: 'default' })
    expect(items[0]?.data).toEqual(read.data)
    await rotated.client.patch(secrets, at, { type: 'merge', patch: {} })
    expect((await raw(inner, '/registry/secrets/'))[0]).toMatch(/^k8s:enc:aesgcm:v1:second:/)
    await rotated.close()

    const lost = await startTestApi({ store: inner, encryption: rules(key('third')) })
    await expect(lost.client.get(secrets, at)).rejects.toThrow('unable to transform key "/registry/secrets/default/a"')
    expect((await lost.client.get(configmaps, at)).data).toEqual({ p: 'open' })
    await lost.close()
    expect((await raw(inner, '/registry/secrets/'))[0]).toMatch(/^k8s:enc:aesgcm:v1:second:/)
  })
})
