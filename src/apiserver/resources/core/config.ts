// configmaps, secrets and serviceaccounts.

import type { ConfigMap, Secret, ServiceAccount } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { configMapKeyProblem } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, number, text } from '../columns/common.ts'

const MAX_SIZE = 1024 * 1024
const IMMUTABLE = 'field is immutable when `immutable` is set'

const count = (map: object | undefined) => Object.keys(map ?? {}).length
const base64Size = (text: string) => Math.floor((text.length * 3) / 4)

export const configMaps = defineResource<ConfigMap>({
  group: '',
  resource: 'configmaps',
  shortNames: ['cm'],
  validate(map) {
    const errors: FieldError[] = []
    let size = 0
    for (const [key, value] of Object.entries(map.data ?? {})) {
      const problem = configMapKeyProblem(key)
      if (problem) errors.push(field.invalid(`data[${key}]`, key, problem))
      if (map.binaryData?.[key] !== undefined) {
        errors.push(field.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
      }
      size += Buffer.byteLength(value)
    }
    for (const [key, value] of Object.entries(map.binaryData ?? {})) {
      const problem = configMapKeyProblem(key)
      if (problem) errors.push(field.invalid(`binaryData[${key}]`, key, problem))
      size += base64Size(value)
    }
    if (size > MAX_SIZE) errors.push(field.tooLong('[]', MAX_SIZE))
    return errors
  },
  validateUpdate(map, old) {
    if (!old.immutable) return []
    const errors: FieldError[] = []
    if (!map.immutable) errors.push(field.forbidden('immutable', IMMUTABLE))
    if (!sameJson(map.data ?? {}, old.data ?? {})) errors.push(field.forbidden('data', IMMUTABLE))
    if (!sameJson(map.binaryData ?? {}, old.binaryData ?? {})) errors.push(field.forbidden('binaryData', IMMUTABLE))
    return errors
  },
  columns: [nameColumn, number('Data', (map) => count(map.data) + count(map.binaryData)), ageColumn],
})

export const secrets = defineResource<Secret>({
  group: '',
  resource: 'secrets',
  defaults(secret) {
    secret.type ??= 'Opaque'
    // stringData is write-only: it goes into data and disappears.
    for (const [key, value] of Object.entries(secret.stringData ?? {})) {
      secret.data = { ...secret.data, [key]: Buffer.from(value).toString('base64') }
    }
    delete secret.stringData
  },
  prepareUpdate(secret, old) {
    secret.type ||= old.type ?? 'Opaque'
  },
  validate(secret) {
    const errors: FieldError[] = []
    let size = 0
    for (const [key, value] of Object.entries(secret.data ?? {})) {
      const problem = configMapKeyProblem(key)
      if (problem) errors.push(field.invalid(`data[${key}]`, key, problem))
      size += base64Size(value)
    }
    if (size > MAX_SIZE) errors.push(field.tooLong('data', MAX_SIZE))
    return [...errors, ...validateSecretType(secret)]
  },
  validateUpdate(secret, old) {
    const errors: FieldError[] = []
    if (secret.type !== old.type) errors.push(field.invalid('type', secret.type, 'field is immutable'))
    if (old.immutable) {
      if (!secret.immutable) errors.push(field.forbidden('immutable', IMMUTABLE))
      if (!sameJson(secret.data ?? {}, old.data ?? {})) errors.push(field.forbidden('data', IMMUTABLE))
    }
    return errors
  },
  selectableFields: { type: (secret) => secret.type ?? '' },
  columns: [
    nameColumn,
    text('Type', (secret) => secret.type ?? ''),
    number('Data', (secret) => count(secret.data)),
    ageColumn,
  ],
})

/** The keys that the well-known secret types need. */
function validateSecretType(secret: Secret): FieldError[] {
  const missing = (...keys: string[]) =>
    keys.filter((key) => secret.data?.[key] === undefined).map((key) => field.required(`data[${key}]`))
  switch (secret.type) {
    case 'kubernetes.io/service-account-token':
      return secret.metadata.annotations?.['kubernetes.io/service-account.name']
        ? []
        : [field.required('metadata.annotations[kubernetes.io/service-account.name]')]
    case 'kubernetes.io/tls':
      return missing('tls.crt', 'tls.key')
    case 'kubernetes.io/dockercfg':
    case 'kubernetes.io/dockerconfigjson': {
      const key = secret.type === 'kubernetes.io/dockercfg' ? '.dockercfg' : '.dockerconfigjson'
      const value = secret.data?.[key]
      if (value === undefined) return missing(key)
      const problem = mapProblem(Buffer.from(value, 'base64').toString())
      return problem ? [field.invalid(`data[${key}]`, '<secret contents redacted>', problem)] : []
    }
    case 'kubernetes.io/ssh-auth':
      return secret.data?.['ssh-privatekey'] ? [] : [field.required('data[ssh-privatekey]')]
    case 'kubernetes.io/basic-auth':
      return secret.data?.username === undefined && secret.data?.password === undefined
        ? [field.required('data[username]'), field.required('data[password]')]
        : []
    default:
      return []
  }
}

/** What is wrong with the JSON of a map, in the words of Go's encoding/json as far as they can be told. */
function mapProblem(text: string): string | undefined {
  if (text.trim() === '') return 'unexpected end of JSON input'
  try {
    const value: unknown = JSON.parse(text)
    if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined
    const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
    return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`
  } catch {
    const first = text.trimStart()[0] ?? ''
    if ('{["-0123456789tfn'.includes(first)) return 'invalid JSON'
    return `invalid character '${first}' looking for beginning of value`
  }
}

/** Of the secrets only names count. */
function keepNames(account: ServiceAccount): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name ? { name } : {}))
}

export const serviceAccounts = defineResource<ServiceAccount>({
  group: '',
  resource: 'serviceaccounts',
  shortNames: ['sa'],
  prepareCreate: keepNames,
  prepareUpdate: keepNames,
  columns: [nameColumn, ageColumn],
})
