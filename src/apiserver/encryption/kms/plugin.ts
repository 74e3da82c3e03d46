// A KMS v2 plugin in use: whether it is well, the seed that is written with, and the seeds of what was written before.
// Model: kmsv2PluginProbe and primeAndProbeKMSv2 of k8s.io/apiserver/pkg/server/options/encryptionconfig/config.go, and
// envelopeTransformer of k8s.io/apiserver/pkg/storage/value/encrypt/envelope/kmsv2.

import { aggregated } from '../../../machinery/aggregated.ts'
import { type Clock, formatTime, pause } from '../../../machinery/clock.ts'
import type { Logger } from '../../../machinery/logger.ts'
import type { Random } from '../../../machinery/random.ts'
import type { KmsConfig } from '../encryption-configuration.ts'
import { type Cipher, type CipherMethods, gcm } from '../providers.ts'
import { checkObject, checkSeed, hashOf, keyIdProblem, seedName } from './envelope.ts'
import type { PluginStatus } from './messages.ts'
import { decodeObject, type EncryptedObject, type EncryptedSeed, encodeObject, HKDF_SEED } from './messages.ts'
import { newSeed, seedCipher } from './seed.ts'
import type { KmsService } from './service.ts'

const VERSIONS = ['v2', 'v2beta1']
const ASKED_WHEN_WELL_MS = 60_000
const ASKED_WHEN_ILL_MS = 10_000
/** Values are written for that long with a seed of which the plugin has not said that it is still the one. */
const SEED_LASTS_MS = 3 * 60_000
/** An answer stands for that long before the plugin is asked again. */
const WELL_STANDS_MS = 20_000
const ILL_STANDS_MS = 3_000
/** Seeds are one for each run of a server and key, so that this many are seldom there. */
const MAX_SEEDS = 1000

export interface KmsPluginEnv {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** What values are written with. */
interface Writing {
  readonly seed: EncryptedSeed
  readonly methods: CipherMethods
  readonly expires: number
}

export class KmsPlugin {
  readonly cipher: Cipher
  readonly #config: KmsConfig
  readonly #service: KmsService
  readonly #env: KmsPluginEnv
  readonly #ended = new AbortController()
  /** The least recently used one first. */
  readonly #seeds = new Map<string, CipherMethods>()
  readonly #unwrapping = new Map<string, Promise<void>>()
  #writing: Writing | undefined
  #version = ''
  #last: { readonly error?: unknown; readonly until: number } = { until: Number.NEGATIVE_INFINITY }
  #checking: Promise<unknown> = Promise.resolve()

  private constructor(config: KmsConfig, service: KmsService, env: KmsPluginEnv) {
    this.#config = config
    this.#service = service
    this.#env = env
    this.cipher = {
      prefix: Buffer.from(`k8s:enc:kms:v2:${config.name}:`),
      encrypt: (plain, context) => this.#encrypt(plain, context),
      decrypt: (bytes, context) => this.#decrypt(bytes, context),
      prepare: (bytes) => this.#unwrap(bytes),
      isCurrent: (bytes) => this.#isCurrent(bytes),
    }
  }

  /** Asks the plugin once, and from then on in the background. That it is not there yet is no failure. */
  static async start(config: KmsConfig, service: KmsService, env: KmsPluginEnv): Promise<KmsPlugin> {
    const plugin = new KmsPlugin(config, service, env)
    const well = await plugin.#probe()
    void plugin.#keepProbing(well)
    return plugin
  }

  /** Rejects when the plugin is not well. */
  check(): Promise<void> {
    // One after the other, so that two do not make a seed each.
    const next = this.#checking.then(() => this.#checkOnce())
    // What comes of it is for whoever asked; the next one only waits for the end.
    this.#checking = Promise.allSettled([next])
    return next
  }

  close(): void {
    this.#ended.abort()
    this.#service.close()
  }

  async #keepProbing(wasWell: boolean): Promise<void> {
    const { signal } = this.#ended
    let well = wasWell
    for (;;) {
      await pause(this.#env.clock, well ? ASKED_WHEN_WELL_MS : ASKED_WHEN_ILL_MS, { signal })
      if (signal.aborted) return
      well = await this.#probe()
    }
  }

  async #probe(): Promise<boolean> {
    try {
      await this.check()
      return true
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#env.log.error('kms-plugin-unhealthy', { name: this.#config.name, error })
      return false
    }
  }

  async #checkOnce(): Promise<void> {
    const { clock } = this.#env
    if (clock.now() < this.#last.until) {
      if (this.#last.error !== undefined) throw this.#last.error
      return
    }
    const note = (error?: unknown) => {
      const stands = error === undefined ? WELL_STANDS_MS : ILL_STANDS_MS
      this.#last = { ...(error === undefined ? {} : { error }), until: clock.now() + stands }
    }
    let status: PluginStatus
    try {
      status = await this.#service.status()
    } catch (error) {
      note(error)
      const where = `failed to perform status section of the healthz check for KMS Provider ${this.#config.name}`
      throw new Error(`${where}, error: ${textOf(error)}`, { cause: error })
    }
    const problems = [...this.#statusProblems(status), ...(await this.#seedProblems(status.keyId))]
    if (problems.length === 0) return note()
    const error = new Error(`kmsv2 Provider ${this.#config.name} is not healthy, error: ${aggregated(problems)}`)
    note(error)
    throw error
  }

  #statusProblems({ healthz, version }: PluginStatus): string[] {
    const problems = healthz === 'ok' ? [] : [`got unexpected healthz status: ${healthz}`]
    if (!VERSIONS.includes(version)) problems.push(`expected KMSv2 API version v2, got ${version}`)
    else {
      this.#version ||= version
      if (this.#version !== version) {
        const change = `version ${this.#version}, got ${version}`
        problems.push(`KMSv2 API version should not change after the initial status response ${change}`)
      }
    }
    return problems
  }

  /** Writes with a new seed when the key is another one than before. Model: rotateDEKOnKeyIDChange. */
  async #seedProblems(keyId: string): Promise<string[]> {
    const wrong = keyIdProblem(keyId)
    if (wrong) return [`got invalid KMSv2 KeyID hash ${JSON.stringify(hashOf(keyId))}: ${wrong}`]
    const { clock, random, log } = this.#env
    const before = this.#writing
    // Counted from before the plugin is asked.
    const expires = clock.now() + SEED_LASTS_MS
    if (before?.seed.keyId === keyId) {
      this.#writing = { ...before, expires }
      return []
    }
    const uid = random.uuid()
    const made = await this.#makeSeed(uid, expires).catch((error: unknown) => textOf(error))
    if (typeof made !== 'string' && made.seed.keyId === keyId) {
      this.#writing = made
      this.#remember(seedName(HKDF_SEED, made.seed), made.methods)
      log.info('kms-seed-rotated', { name: this.#config.name, uid, keyIdHash: hashOf(keyId) })
      return []
    }
    const [error, encrypted] = typeof made === 'string' ? [made, ''] : ['<nil>', made.seed.keyId]
    const state = [
      `uid="${uid}", useSeed=true, errState=${before ? '<nil>' : NO_SEED}, errGen=${error}`,
      `statusKeyIDHash="${hashOf(keyId)}", encryptKeyIDHash="${hashOf(encrypted)}"`,
      `stateKeyIDHash="${hashOf(before?.seed.keyId ?? '')}"`,
      `expirationTimestamp=${before ? formatTime(before.expires) : '0001-01-01T00:00:00Z'}`,
    ]
    return [`failed to rotate DEK ${state.join(', ')}`]
  }

  async #makeSeed(uid: string, expires: number): Promise<Writing> {
    const plain = newSeed()
    const seed = await this.#service.encrypt(uid, plain).catch((cause: unknown) => {
      throw new Error(`failed to encrypt DEK, error: ${textOf(cause)}`, { cause })
    })
    checkSeed(seed)
    return { seed, methods: seedCipher(plain), expires }
  }

  /** Reading goes on for ever with what is known, but not before anything is. */
  #current(): Writing {
    if (!this.#writing) throw new Error(NO_SEED)
    return this.#writing
  }

  #encrypt(plain: Buffer, context: string): Buffer {
    const { seed, methods, expires } = this.#current()
    const now = this.#env.clock.now()
    if (now > expires) {
      const times = `expired at ${formatTime(expires)} (current time is ${formatTime(now)})`
      throw new Error(`encryptedDEKSource with keyID hash "${hashOf(seed.keyId)}" ${times}`)
    }
    this.#remember(seedName(HKDF_SEED, seed), methods)
    return encodeObject({ ...seed, sourceType: HKDF_SEED, data: methods.encrypt(plain, context) })
  }

  #decrypt(bytes: Buffer, context: string): Buffer {
    const object = readObject(bytes)
    this.#current()
    const name = seedName(object.sourceType, object)
    const methods = this.#seeds.get(name)
    if (!methods) throw new Error('failed to decrypt DEK, error: the plugin was not asked for it')
    this.#remember(name, methods)
    return methods.decrypt(object.data, context)
  }

  #isCurrent(bytes: Buffer): boolean {
    const { keyId, sourceType } = decodeObject(bytes)
    return keyId === this.#writing?.seed.keyId && sourceType === HKDF_SEED
  }

  /** Has the seed of a value there, for which the plugin may have to be asked. What is wrong is told when it is read. */
  #unwrap(bytes: Buffer): Promise<void> | undefined {
    const object = readObject(bytes)
    const name = seedName(object.sourceType, object)
    if (!this.#writing || this.#seeds.has(name)) return undefined
    const asked = this.#unwrapping.get(name) ?? this.#ask(name, object).finally(() => this.#unwrapping.delete(name))
    this.#unwrapping.set(name, asked)
    return asked
  }

  async #ask(name: string, { ciphertext, keyId, annotations, sourceType }: EncryptedObject): Promise<void> {
    // Copied, since they are a part of the value, which need not be kept for them.
    const seed = { ciphertext: Buffer.from(ciphertext), keyId, annotations }
    const plain = await this.#service.decrypt(this.#env.random.uuid(), seed).catch((cause: unknown) => {
      throw new Error(`failed to decrypt DEK, error: ${textOf(cause)}`, { cause })
    })
    const key = Buffer.from(plain)
    this.#remember(name, sourceType === HKDF_SEED ? seedCipher(key) : gcm(key))
  }

  #remember(name: string, methods: CipherMethods): void {
    this.#seeds.delete(name)
    this.#seeds.set(name, methods)
    for (const oldest of this.#seeds.keys()) {
      if (this.#seeds.size <= MAX_SEEDS) return
      this.#seeds.delete(oldest)
    }
  }
}

const NO_SEED = 'got unexpected nil transformer'

function readObject(bytes: Buffer): EncryptedObject {
  const object = decodeObject(bytes)
  checkObject(object)
  return object
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
