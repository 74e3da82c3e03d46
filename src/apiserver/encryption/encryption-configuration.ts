// Which resources are stored encrypted, and with which keys: an EncryptionConfiguration, read and checked.
// Spec: https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/

import { type FieldError, field } from '../../machinery/errors.ts'
import { parseYaml } from '../../machinery/yaml.ts'

export interface NamedKey {
  readonly name: string
  readonly secret: Buffer
}

/** One way to keep values. The first of a list encrypts; all of them decrypt. */
export type ProviderConfig =
  | { readonly type: 'identity' }
  | { readonly type: 'aescbc' | 'aesgcm' | 'secretbox'; readonly keys: readonly NamedKey[] }

export interface ResourceRule {
  /** `secrets`, `deployments.apps`, `*.`, `*.apps`, `*.*`. */
  readonly resources: readonly string[]
  readonly providers: readonly ProviderConfig[]
}

const API_VERSIONS = ['apiserver.config.k8s.io/v1', 'v1']
const KEY_LENGTHS = { aescbc: [16, 24, 32], aesgcm: [16, 24, 32], secretbox: [32] } as const
type Keyed = keyof typeof KEY_LENGTHS
type Json = Record<string, unknown>

/** Reads a configuration. Throws an Error that names every problem; keys are never part of it. */
export function parseEncryptionConfiguration(text: string): readonly ResourceRule[] {
  const document = parseYaml(text)
  if (
    !isMap(document) ||
    document.kind !== 'EncryptionConfiguration' ||
    !API_VERSIONS.includes(String(document.apiVersion))
  ) {
    throw new Error(`expected kind EncryptionConfiguration of ${API_VERSIONS[0]}`)
  }
  const errors: FieldError[] = []
  const rules = listAt(document.resources, 'resources', errors).map((rule, i) =>
    ruleOf(rule, `resources[${i}]`, errors),
  )
  if (errors.length > 0) throw new Error(errors.map(({ path, message }) => `${path}: ${message}`).join(', '))
  return rules
}

function ruleOf(value: unknown, path: string, errors: FieldError[]): ResourceRule {
  const rule = isMap(value) ? value : {}
  const resources = listAt(rule.resources, `${path}.resources`, errors).map((name, i) => {
    const problem = resourceProblem(name)
    if (problem) errors.push(field.invalid(`${path}.resources[${i}]`, String(name), problem))
    return String(name)
  })
  const providers = listAt(rule.providers, `${path}.providers`, errors).flatMap((provider, i) => {
    const read = providerOf(provider, `${path}.providers[${i}]`, errors)
    return read ? [read] : []
  })
  return { resources, providers }
}

function resourceProblem(name: unknown): string | undefined {
  if (typeof name !== 'string' || name === '') return 'must name a resource'
  if (name === '*') return 'use *.* to encrypt all resources or *.<group> for those of one group'
  if (/[A-Z]/.test(name)) return 'resource name should be in lower case'
  if (name.includes('/')) return 'encryption of a subresource is not possible'
  return undefined
}

function providerOf(value: unknown, path: string, errors: FieldError[]): ProviderConfig | undefined {
  const names = isMap(value) ? Object.keys(value) : []
  const [name = ''] = names
  if (names.length !== 1) {
    errors.push(field.required(path, 'provider must contain exactly one of identity, aescbc, aesgcm, secretbox'))
    return undefined
  }
  if (name === 'identity') return { type: 'identity' }
  if (!isKeyed(name)) {
    errors.push(field.invalid(path, name, 'provider is not supported; use identity, aescbc, aesgcm or secretbox'))
    return undefined
  }
  const settings = (value as Json)[name]
  const keys = listAt(isMap(settings) ? settings.keys : undefined, `${path}.${name}.keys`, errors)
  const seen = new Set<string>()
  return {
    type: name,
    keys: keys.map((key, i) => keyOf(key, KEY_LENGTHS[name], `${path}.${name}.keys[${i}]`, seen, errors)),
  }
}

function keyOf(
  value: unknown,
  lengths: readonly number[],
  path: string,
  seen: Set<string>,
  errors: FieldError[],
): NamedKey {
  const { name, secret } = isMap(value) ? value : {}
  const text = typeof name === 'string' ? name : ''
  if (text === '') errors.push(field.required(`${path}.name`, 'key name must be specified'))
  else if (text.includes(':')) errors.push(field.invalid(`${path}.name`, text, 'key name must not contain ":"'))
  else if (seen.has(text)) errors.push(field.duplicate(`${path}.name`, text))
  seen.add(text)
  const encoded = typeof secret === 'string' ? secret : ''
  const bytes = Buffer.from(encoded, 'base64')
  if (encoded === '') errors.push(field.required(`${path}.secret`, 'secret must be specified'))
  else if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
    errors.push(field.invalid(`${path}.secret`, 'REDACTED', 'secret must be base64 encoded'))
  } else if (!lengths.includes(bytes.length)) {
    const problem = `secret is not of the expected length, got ${bytes.length}, expected one of [${lengths.join(' ')}]`
    errors.push(field.invalid(`${path}.secret`, 'REDACTED', problem))
  }
  return { name: text, secret: bytes }
}

function listAt(value: unknown, path: string, errors: FieldError[]): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value
  errors.push(field.required(path, 'must not be empty'))
  return []
}

function isKeyed(name: string): name is Keyed {
  return Object.hasOwn(KEY_LENGTHS, name)
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
