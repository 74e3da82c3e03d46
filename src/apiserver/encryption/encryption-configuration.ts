// Which resources are stored encrypted, and with what: an EncryptionConfiguration, read and checked.
// Spec: https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/
// Model: k8s.io/apiserver/pkg/apis/apiserver/validation/validation_encryption.go.

import { aggregated } from '../../machinery/aggregated.ts'
import { type FieldError, field } from '../../machinery/errors.ts'
import { goDurationProblem, parseGoDuration } from '../../machinery/go-duration.ts'
import { parseYaml } from '../../machinery/yaml.ts'
import { parseGroupResource, resourceNameProblem, resourceOverlaps } from './resource-names.ts'

export interface NamedKey {
  readonly name: string
  readonly secret: Buffer
}

/** A plugin that encrypts the seeds with which values are kept. */
export interface KmsConfig {
  readonly type: 'kms'
  readonly name: string
  /** `unix:///run/kms.sock`. */
  readonly endpoint: string
  /** How long it may take for one answer. */
  readonly timeoutMs: number
}

/** One way to keep values. The first of a list encrypts; all of them decrypt. */
export type ProviderConfig =
  | { readonly type: 'identity' }
  | { readonly type: 'aescbc' | 'aesgcm' | 'secretbox'; readonly keys: readonly NamedKey[] }
  | KmsConfig

export interface ResourceRule {
  /** `secrets`, `deployments.apps`, `*.`, `*.apps`, `*.*`. */
  readonly resources: readonly string[]
  readonly providers: readonly ProviderConfig[]
}

const API_VERSIONS = ['apiserver.config.k8s.io/v1', 'v1']
const KEY_LENGTHS = { aescbc: [16, 24, 32], aesgcm: [16, 24, 32], secretbox: [32] } as const
type Keyed = keyof typeof KEY_LENGTHS
type Json = Record<string, unknown>

const FIELDS = {
  document: ['kind', 'apiVersion', 'resources'],
  rule: ['resources', 'providers'],
  provider: ['aesgcm', 'aescbc', 'secretbox', 'identity', 'kms'],
  keyed: ['keys'],
  key: ['name', 'secret'],
  kms: ['apiVersion', 'name', 'cachesize', 'endpoint', 'timeout'],
}
const DEFAULT_TIMEOUT = '3s'

/** Reads a configuration. Throws an Error that names every problem; keys are never part of it. */
export function parseEncryptionConfiguration(
  text: string,
  options: { readonly kmsV1?: boolean } = {},
): readonly ResourceRule[] {
  const document = parseYaml(text)
  if (
    !isMap(document) ||
    document.kind !== 'EncryptionConfiguration' ||
    !API_VERSIONS.includes(String(document.apiVersion))
  ) {
    throw new Error(`expected kind EncryptionConfiguration of ${API_VERSIONS[0]}`)
  }
  const reader = new Reader()
  const rules = reader.rules(document)
  if (reader.strict.length > 0) throw new Error(`strict decoding error: ${reader.strict.join(', ')}`)
  const problems = reader.errors.map(({ path, message }) => `${path}: ${message}`)
  if (problems.length > 0) throw new Error(aggregated(problems))
  if (reader.usesKmsV1) throw new Error(options.kmsV1 ? KMS_V1_ABSENT : KMS_V1_OFF)
  refuseMasked(rules)
  return rules
}

const KMS_V1_OFF =
  'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.'
const KMS_V1_ABSENT = 'KMSv1 is deprecated and not implemented here, whatever the feature gate says. Use KMSv2 instead.'

class Reader {
  readonly errors: FieldError[] = []
  readonly strict: string[] = []
  usesKmsV1 = false
  readonly #plugins = new Set<string>()

  rules(document: Json): ResourceRule[] {
    this.#only(document, FIELDS.document, '')
    return this.#list(document.resources, 'resources', 'resources').map((rule, i) =>
      this.#rule(mapOf(rule), `resources[${i}]`),
    )
  }

  #rule(rule: Json, path: string): ResourceRule {
    this.#only(rule, FIELDS.rule, path)
    const at = `${path}.resources`
    const resources = this.#list(rule.resources, at, at).map(String)
    for (const problem of resourceOverlaps(resources)) this.#add(field.invalid(at, resources, problem))
    for (const [i, name] of resources.entries()) {
      const problem = resourceNameProblem(name)
      if (problem) this.#add(field.invalid(`${at}[${i}]`, name, problem))
    }
    const providers = this.#list(rule.providers, `${path}.providers`, `${path}.providers`)
    return {
      resources,
      providers: providers.flatMap((one, i) => this.#provider(mapOf(one), `${path}.providers[${i}]`)),
    }
  }

  #provider(provider: Json, path: string): ProviderConfig[] {
    this.#only(provider, FIELDS.provider, path)
    // What is null is not there, but what is empty is.
    const given = FIELDS.provider.filter((name) => isMap(provider[name]))
    if (given.length === 0) {
      const why = 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity'
      this.#add(field.invalid(path, { AESGCM: null, AESCBC: null, Secretbox: null, Identity: null, KMS: null }, why))
      return []
    }
    if (given.length > 1) {
      const why = 'more than one provider specified in a single element, should split into different list elements'
      // Upstream shows the whole element, with its keys.
      this.#add(field.invalid(path, 'REDACTED', why))
    }
    if (given.includes('kms')) return this.#kms(mapOf(provider.kms), `${path}.kms`)
    const type = given.find(isKeyed)
    if (!type) return [{ type: 'identity' }]
    const settings = mapOf(provider[type])
    this.#only(settings, FIELDS.keyed, `${path}.${type}`)
    const keys = this.#list(settings.keys, `${path}.${type}.keys`, 'keys')
    return [
      { type, keys: keys.map((key, i) => this.#key(mapOf(key), KEY_LENGTHS[type], `${path}.${type}.keys[${i}]`)) },
    ]
  }

  #key(key: Json, lengths: readonly number[], path: string): NamedKey {
    this.#only(key, FIELDS.key, path)
    const name = textOf(key.name)
    if (name === '') this.#add(field.required(`${path}.name`, 'name is a mandatory field for a key'))
    const encoded = textOf(key.secret).replace(/[\r\n]/g, '')
    const secret = Buffer.from(encoded, 'base64')
    if (encoded === '') this.#add(field.required(`${path}.secret`, 'secret is a mandatory field for a key'))
    else if (encoded.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
      this.#add(field.invalid(`${path}.secret`, 'REDACTED', 'secrets must be base64 encoded'))
    } else if (!lengths.includes(secret.length)) {
      const problem = `secret is not of the expected length, got ${secret.length}, expected one of [${lengths.join(' ')}]`
      this.#add(field.invalid(`${path}.secret`, 'REDACTED', problem))
    }
    return { name, secret }
  }

  #kms(kms: Json, path: string): ProviderConfig[] {
    this.#only(kms, FIELDS.kms, path)
    const name = textOf(kms.name)
    const version = textOf(kms.apiVersion) || 'v1'
    const endpoint = textOf(kms.endpoint)
    const timeout = kms.timeout === undefined || kms.timeout === null ? DEFAULT_TIMEOUT : textOf(kms.timeout)
    this.#kmsName(name, version, `${path}.name`)
    const timeoutMs = this.#kmsTimeout(timeout, `${path}.timeout`)
    this.#kmsEndpoint(endpoint, `${path}.endpoint`)
    const cacheSize = typeof kms.cachesize === 'number' ? kms.cachesize : undefined
    const sizeProblem =
      version !== 'v1'
        ? 'cachesize is not supported in v2'
        : 'cachesize should be a positive value, or negative to disable'
    if (cacheSize !== undefined && (version !== 'v1' || cacheSize === 0)) {
      this.#add(field.invalid(`${path}.cachesize`, cacheSize, sizeProblem))
    }
    if (version === 'v1') this.usesKmsV1 = true
    else if (version !== 'v2') {
      const why = 'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported'
      this.#add(field.invalid(`${path}.apiVersion`, version, why))
    }
    return [{ type: 'kms', name, endpoint, timeoutMs }]
  }

  #kmsName(name: string, version: string, path: string): void {
    if (name === '') this.#add(field.required(path, 'name is a mandatory field for a provider'))
    if (version !== 'v1' && name.includes(':')) {
      this.#add(field.invalid(path, name, `invalid KMS provider name ${name}, must not contain ':'`))
    }
    if (version !== 'v1' && this.#plugins.has(name)) {
      this.#add(field.invalid(path, name, `duplicate KMS provider name ${name}, names must be unique`))
    }
    this.#plugins.add(name)
  }

  #kmsTimeout(text: string, path: string): number {
    const problem = goDurationProblem(text)
    if (problem) {
      this.strict.push(problem)
      return 0
    }
    const ms = text.startsWith('-') ? -1 : (parseGoDuration(text.replace(/^\+/, '')) ?? 0)
    if (ms <= 0) this.#add(field.invalid(path, text, 'timeout should be a positive value'))
    return ms
  }

  #kmsEndpoint(endpoint: string, path: string): void {
    if (endpoint === '') {
      this.#add(field.invalid(path, '', 'endpoint is a mandatory field for a kms'))
      return
    }
    const [, scheme = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(endpoint) ?? []
    if (scheme.toLowerCase() === 'unix') return
    const why = `unsupported scheme ${JSON.stringify(scheme)} for KMS provider, only unix is supported`
    this.#add(field.invalid(path, endpoint, why))
  }

  #list(value: unknown, path: string, what: string): readonly unknown[] {
    if (Array.isArray(value) && value.length > 0) return value
    this.#add(field.required(path, `at least one ${what} is required`))
    return []
  }

  #only(map: Json, known: readonly string[], path: string): void {
    for (const name of Object.keys(map)) {
      if (!known.includes(name)) this.strict.push(`unknown field "${path === '' ? name : `${path}.${name}`}"`)
    }
  }

  #add(error: FieldError): void {
    this.errors.push(error)
  }
}

/** What an earlier rule covers with a `*` can not be said otherwise. */
function refuseMasked(rules: readonly ResourceRule[]): void {
  const said = new Set<string>()
  for (const name of rules.flatMap(({ resources }) => resources)) {
    const { group, resource } = parseGroupResource(name)
    const masking = [`*.${group}`, '*.*'].find((earlier) => said.has(earlier))
    if (masking !== undefined) {
      throw new Error(`resource ${JSON.stringify(name)} is masked by earlier rule ${JSON.stringify(masking)}`)
    }
    said.add(`${resource}.${group}`)
  }
}

function isKeyed(name: string): name is Keyed {
  return Object.hasOwn(KEY_LENGTHS, name)
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mapOf(value: unknown): Json {
  return isMap(value) ? value : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
