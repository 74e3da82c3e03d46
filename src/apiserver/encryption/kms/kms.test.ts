import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { secrets } from '../../../api/generated/resources.ts'
import { systemClock, VirtualClock } from '../../../machinery/clock.ts'
import { silentLogger } from '../../../machinery/logger.ts'
import { systemRandom } from '../../../machinery/random.ts'
import { openLogStore } from '../../../store/log-store.ts'
import { memoryLog } from '../../../store/memory/memory-log.ts'
import { startTestApi } from '../../testing.ts'
import { type KmsConfig, parseEncryptionConfiguration } from '../encryption-configuration.ts'
import { transformerFor } from '../transformer.ts'
import { checkObject } from './envelope.ts'
import { decodeObject, encodeObject, HKDF_SEED } from './messages.ts'
import { KmsPlugin } from './plugin.ts'
import { KmsPlugins } from './plugins.ts'
import { seedCipher } from './seed.ts'
import { connectKms, type KmsService } from './service.ts'
import { startTestPlugin, type TestPlugin } from './testing.ts'

const KEY = '/registry/secrets/default/a'
const plain = Buffer.from('{"kind":"Secret","data":{"p":"aHVudGVyMg=="}}')
const env = { clock: systemClock, random: systemRandom, log: silentLogger }

let plugin: TestPlugin
const closers: (() => unknown)[] = []
beforeEach(async () => {
  plugin = await startTestPlugin()
  closers.push(() => plugin.close())
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const rules = () =>
  parseEncryptionConfiguration(`
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers: [{kms: {apiVersion: v2, name: mine, endpoint: "${plugin.endpoint}", timeout: 1s}}, {identity: {}}]
`)

async function started() {
  const plugins = await KmsPlugins.start(rules(), env)
  closers.push(() => plugins.close())
  return { plugins, transformer: transformerFor(rules(), plugins.cipherOf)('', 'secrets') }
}

describe('a value that is kept with a plugin', () => {
  it('says which, and is read without asking for a seed that is known', async () => {
    const { transformer } = await started()
    const stored = transformer.toStorage(plain, KEY)
    expect(stored.toString('latin1')).toMatch(/^k8s:enc:kms:v2:mine:/)
    expect(stored.toString('latin1')).not.toContain('aHVudGVyMg')
    const { keyId, annotations, sourceType } = decodeObject(stored.subarray('k8s:enc:kms:v2:mine:'.length))
    expect({ keyId, annotations, sourceType }).toEqual({
      keyId: 'first',
      annotations: { 'note.example.com': Buffer.from('kept with it') },
      sourceType: HKDF_SEED,
    })
    expect(transformer.prepare(stored)).toBeUndefined()
    expect(transformer.fromStorage(stored, KEY)).toEqual({ value: plain, stale: false })
    expect(() => transformer.fromStorage(stored, `${KEY}b`)).toThrow()
    expect(transformer.toStorage(plain, KEY)).not.toEqual(stored)
    expect(plugin.calls).toEqual({ status: 1, encrypt: 1, decrypt: 0 })
  })

  it('is read by another server, which asks for its seed once', async () => {
    const before = await started()
    const stored = ['a', 'b'].map(() => before.transformer.toStorage(plain, KEY))
    const { transformer } = await started()
    await Promise.all(stored.map((value) => transformer.prepare(value)))
    for (const value of stored) {
      expect(transformer.prepare(value)).toBeUndefined()
      expect(transformer.fromStorage(value, KEY)).toEqual({ value: plain, stale: false })
    }
    expect(plugin.calls.decrypt).toBe(1)
  })

  it('is not read while the plugin cannot be asked', async () => {
    const before = await started()
    const stored = before.transformer.toStorage(plain, KEY)
    const { transformer } = await started()
    await plugin.stop()
    await expect(transformer.prepare(stored)).rejects.toThrow('failed to decrypt DEK, error: rpc error: code = ')
    const late = await started()
    expect(late.transformer.prepare(stored)).toBeUndefined()
    expect(() => late.transformer.fromStorage(stored, KEY)).toThrow('got unexpected nil transformer')
    expect(() => late.transformer.toStorage(plain, KEY)).toThrow('got unexpected nil transformer')
    await expect(late.plugins.check()).rejects.toThrow(/^kms-provider-0: /)
  })
})

it('makes keys of a seed and of what is before the value', () => {
  const cipher = seedCipher(Buffer.alloc(32, 7))
  const made = cipher.encrypt(plain, KEY)
  expect(made.length).toBe(32 + 12 + plain.length + 16)
  expect(cipher.decrypt(made, KEY)).toEqual(plain)
  expect(() => cipher.decrypt(made.subarray(0, 31), KEY)).toThrow('the stored data was shorter than the required size')
  expect(() => seedCipher(Buffer.alloc(31))).toThrow('invalid seed length 31 used for key generation')
})

const good = {
  data: Buffer.of(1),
  keyId: 'k',
  ciphertext: Buffer.of(2),
  annotations: { 'a.example': Buffer.of(3) },
  sourceType: 0,
}

it('objects come back from their bytes', () => {
  expect(decodeObject(encodeObject(good))).toEqual(good)
  expect(() => checkObject(good)).not.toThrow()
})

it.each([
  [{ sourceType: 2 }, 'unknown encryptedDEKSourceType: 2'],
  [{ data: Buffer.alloc(0) }, 'encrypted data is empty'],
  [{ ciphertext: Buffer.alloc(0) }, 'failed to validate encrypted DEK source: encrypted DEK source is empty'],
  [
    { ciphertext: Buffer.alloc(1025) },
    'failed to validate encrypted DEK source: encrypted DEK source is 1025 bytes, which exceeds the max size of 1024',
  ],
  [{ keyId: '' }, 'failed to validate key id: keyID is empty'],
  [{ keyId: 'k'.repeat(1025) }, 'failed to validate key id: keyID is 1025 bytes, which exceeds the max size of 1024'],
  [
    { annotations: { plain: Buffer.of(1) } },
    'failed to validate annotations: annotations: Invalid value: "plain": should be a domain with at least two segments separated by dots',
  ],
  [
    { annotations: { 'a.example': Buffer.alloc(32 * 1024) } },
    'failed to validate annotations: total size of annotations is 32777, which exceeds the max size of 32768',
  ],
])('an object with %j is refused', (part, problem) => {
  expect(() => checkObject({ ...good, ...part })).toThrow(problem)
})

describe('a plugin', () => {
  const config = (): KmsConfig => ({ type: 'kms', name: 'mine', endpoint: plugin.endpoint, timeoutMs: 1000 })
  /** Time is moved by hand, but not that of calls. */
  async function watched() {
    const clock = new VirtualClock()
    const real = connectKms(config(), systemClock)
    const service: KmsService = { ...real }
    const probed = await KmsPlugin.start(config(), service, { ...env, clock })
    closers.push(() => probed.close())
    return { clock, probed }
  }

  it('is asked every minute, and gives a new seed when its key is another one', async () => {
    const { clock, probed } = await watched()
    const old = probed.cipher.encrypt(plain, KEY)
    expect(probed.cipher.isCurrent?.(old)).toBe(true)
    plugin.says.keyId = 'second'
    await clock.advance(60_000)
    await expect.poll(() => probed.cipher.isCurrent?.(old)).toBe(false)
    expect(probed.cipher.decrypt(old, KEY)).toEqual(plain)
    expect(decodeObject(probed.cipher.encrypt(plain, KEY)).keyId).toBe('second')
    expect(plugin.calls).toEqual({ status: 2, encrypt: 2, decrypt: 0 })
  })

  it('may be away for three minutes; then values are read, but not written', async () => {
    const { clock, probed } = await watched()
    const old = probed.cipher.encrypt(plain, KEY)
    plugin.says.healthz = 'on fire'
    plugin.says.keyId = ''
    await clock.advance(3 * 60_000 + 1)
    expect(probed.cipher.decrypt(old, KEY)).toEqual(plain)
    expect(() => probed.cipher.encrypt(plain, KEY)).toThrow(
      /^encryptedDEKSource with keyID hash "sha256:.*" expired at/,
    )
    await expect(probed.check()).rejects.toThrow(
      'kmsv2 Provider mine is not healthy, error: [got unexpected healthz status: on fire, got invalid KMSv2 KeyID hash "": keyID is empty]',
    )
  })

  it.each([
    [{ healthz: 'on fire' }, 'kmsv2 Provider mine is not healthy, error: got unexpected healthz status: on fire'],
    [{ version: 'v3' }, 'kmsv2 Provider mine is not healthy, error: expected KMSv2 API version v2, got v3'],
    [{ keyId: '' }, 'kmsv2 Provider mine is not healthy, error: got invalid KMSv2 KeyID hash "": keyID is empty'],
    [
      { ciphertextPadding: 2000 },
      /failed to rotate DEK uid=.*errState=got unexpected nil transformer, errGen=failed to validate encrypted DEK source: encrypted DEK source is \d+ bytes/,
    ],
  ])('that says %j is not well', async (says, problem) => {
    Object.assign(plugin.says, says)
    const { probed } = await watched()
    await expect(probed.check()).rejects.toThrow(problem)
  })

  it('may say v2beta1, but not another version than at first', async () => {
    plugin.says.version = 'v2beta1'
    const { clock, probed } = await watched()
    await probed.check()
    plugin.says.version = 'v2'
    await clock.advance(20_000)
    await expect(probed.check()).rejects.toThrow(
      'KMSv2 API version should not change after the initial status response version v2beta1, got v2',
    )
  })
})

it('secrets are unreadable in the store and readable through the API, across restarts and keys', async () => {
  const inner = openLogStore({
    log: memoryLog(),
    clock: systemClock,
    onFatal(error) {
      throw error
    },
  })
  const raw = async () => (await inner.get(KEY))?.value.toString('latin1') ?? ''
  const at = { namespace: 'default', name: 'a' }
  const serve = async () => {
    const { plugins } = await started()
    const api = await startTestApi({ store: inner, encryption: rules(), cipherOfPlugin: plugins.cipherOf })
    return { ...api, plugins }
  }
  const first = await serve()
  await first.client.create(secrets, { metadata: at, data: { p: 'aHVudGVyMg==' } })
  expect(await raw()).toMatch(/^k8s:enc:kms:v2:mine:/)
  expect(await raw()).not.toContain('aHVudGVyMg==')
  const written = await raw()
  await first.client.patch(secrets, at, { type: 'merge', patch: {} })
  expect(await raw()).toBe(written)
  await first.close()

  plugin.says.keyId = 'second'
  const second = await serve()
  expect((await second.client.get(secrets, at)).data).toEqual({ p: 'aHVudGVyMg==' })
  await second.client.patch(secrets, at, { type: 'merge', patch: {} })
  expect(await raw()).toContain('second')
  await second.close()

  await plugin.stop()
  const third = await serve()
  await expect(third.client.get(secrets, at)).rejects.toThrow(
    `unable to transform key "${KEY}": got unexpected nil transformer`,
  )
  await expect(third.client.create(secrets, { metadata: { ...at, name: 'b' } })).rejects.toThrow(
    'got unexpected nil transformer',
  )
  await plugin.start()
  // What it answered last stands for a while.
  await expect
    .poll(
      () =>
        third.plugins.check().then(
          () => 'well',
          () => 'ill',
        ),
      { timeout: 8000, interval: 200 },
    )
    .toBe('well')
  expect((await third.client.get(secrets, at)).data).toEqual({ p: 'aHVudGVyMg==' })
  await third.close()
}, 15_000)
