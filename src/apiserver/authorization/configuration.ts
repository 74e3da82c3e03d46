// Who is asked who may do what, and in which order: an AuthorizationConfiguration, read and checked.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#using-configuration-file-for-authorization

import { isAbsolute } from 'node:path'
import { aggregated } from '../../machinery/aggregated.ts'
import { type FieldError, field } from '../../machinery/errors.ts'
import { parseGoDuration } from '../../machinery/go-duration.ts'
import { dnsSubdomainProblem } from '../../machinery/names.ts'
import { parseYaml } from '../../machinery/yaml.ts'
import { compileCondition, type MatchCondition } from './match-conditions.ts'
import type { WebhookSettings } from './webhook.ts'

export const MODES = ['ABAC', 'AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'] as const
type Mode = (typeof MODES)[number]

/** One authorizer; a webhook is found through its kubeconfig. */
export type AuthorizerEntry =
  | { readonly type: Exclude<Mode, 'Webhook'>; readonly name: string }
  | { readonly type: 'Webhook'; readonly name: string; readonly webhook: WebhookSettings; readonly kubeconfig: string }

type Json = Record<string, unknown>

const API_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `apiserver.config.k8s.io/${version}`)
const MAX_CONDITIONS = 64
const MAX_TIMEOUT_MS = 30_000
const AUTHORIZED_TTL_MS = 5 * 60_000
const UNAUTHORIZED_TTL_MS = 30_000
const ENTRY_FIELDS = ['type', 'name', 'webhook']
const CONNECTION_TYPES = ['InClusterConfig', 'KubeConfigFile']
const WEBHOOK_FIELDS = [
  'authorizedTTL',
  'cacheAuthorizedRequests',
  'unauthorizedTTL',
  'cacheUnauthorizedRequests',
  'timeout',
  'subjectAccessReviewVersion',
  'matchConditionSubjectAccessReviewVersion',
  'failurePolicy',
  'connectionInfo',
  'matchConditions',
]

/**
 * Reads a configuration. `fileProblem` says why a path cannot be read as a file, if so. Throws an Error that names
 * every problem.
 */
export function parseAuthorizationConfiguration(
  text: string,
  fileProblem: (path: string) => string | undefined,
): AuthorizerEntry[] {
  const document = parseYaml(text)
  const { kind, apiVersion } = mapOf(document)
  if (kind !== 'AuthorizationConfiguration' || !API_VERSIONS.includes(String(apiVersion))) {
    throw new Error(`expected kind AuthorizationConfiguration of ${API_VERSIONS[0]}`)
  }
  const reader = new Reader(fileProblem)
  const entries = reader.read(mapOf(document))
  const { unknown, errors } = reader
  if (unknown.length > 0) throw new Error(`strict decoding error: ${unknown.join(', ')}`)
  if (errors.length > 0) throw new Error(aggregated(errors.map(({ path, message }) => `${path}: ${message}`)))
  return entries
}

class Reader {
  readonly errors: FieldError[] = []
  readonly unknown: string[] = []
  readonly #fileProblem: (path: string) => string | undefined

  constructor(fileProblem: (path: string) => string | undefined) {
    this.#fileProblem = fileProblem
  }

  read(document: Json): AuthorizerEntry[] {
    this.#only(document, ['kind', 'apiVersion', 'authorizers'], '')
    const list = listOf(document.authorizers).map(mapOf)
    if (list.length === 0) this.#add(field.required('authorizers', 'at least one authorization mode must be defined'))
    const types = new Set<string>()
    const names = new Set<string>()
    return list.flatMap((entry, i) => this.#entry(entry, `authorizers[${i}]`, types, names))
  }

  #add(error: FieldError): void {
    this.errors.push(error)
  }

  #only(map: Json, known: readonly string[], path: string): void {
    for (const name of Object.keys(map)) {
      if (!known.includes(name)) this.unknown.push(`unknown field "${path === '' ? name : `${path}.${name}`}"`)
    }
  }

  #entry(entry: Json, path: string, types: Set<string>, names: Set<string>): AuthorizerEntry[] {
    this.#only(entry, ENTRY_FIELDS, path)
    const type = textOf(entry.type)
    const name = textOf(entry.name)
    if (!isMode(type)) {
      this.#add(type === '' ? field.required(`${path}.type`) : field.notSupported(`${path}.type`, type, MODES))
      return []
    }
    if (types.has(type) && type !== 'Webhook') {
      this.#add(field.duplicate(`${path}.type`, type))
      return []
    }
    types.add(type)
    this.#name(name, `${path}.name`, names)
    names.add(name)
    const { webhook } = entry
    if (type !== 'Webhook') {
      if (webhook) {
        this.#add(field.invalid(`${path}.webhook`, 'non-null', 'may only be specified when type=Webhook'))
      }
      return [{ type, name }]
    }
    if (!webhook) {
      this.#add(field.required(`${path}.webhook`, 'required when type=Webhook'))
      return []
    }
    return [{ type, name, ...this.#webhook(mapOf(webhook), path) }]
  }

  #name(name: string, path: string, names: ReadonlySet<string>): void {
    if (name === '') return this.#add(field.required(path))
    if (names.has(name)) return this.#add(field.duplicate(path, name))
    const problem = dnsSubdomainProblem(name)
    if (problem) this.#add(field.invalid(path, name, `authorizer name is invalid: ${problem}`))
  }

  /** Problems of a webhook are named after the authorizer, without `webhook`, as upstream names them. */
  #webhook(given: Json, path: string): { webhook: WebhookSettings; kubeconfig: string } {
    this.#only(given, WEBHOOK_FIELDS, `${path}.webhook`)
    const duration = (name: string, fallback: number) => this.#duration(given[name], `${path}.${name}`, fallback)
    const timeoutMs = duration('timeout', 0)
    const shownTimeout = textOf(given.timeout)
    if (timeoutMs === 0) this.#add(field.required(`${path}.timeout`))
    else if (timeoutMs > MAX_TIMEOUT_MS || timeoutMs < 0) {
      this.#add(field.invalid(`${path}.timeout`, shownTimeout, 'must be > 0s and <= 30s'))
    }
    const ttl = (name: string, fallback: number) => {
      const ms = duration(name, fallback) || fallback
      if (ms < 0) this.#add(field.invalid(`${path}.${name}`, textOf(given[name]), 'must be > 0s'))
      return ms
    }
    const authorizedTtlMs = ttl('authorizedTTL', AUTHORIZED_TTL_MS)
    const unauthorizedTtlMs = ttl('unauthorizedTTL', UNAUTHORIZED_TTL_MS)
    const reviewVersion = this.#oneOf(given, path, 'subjectAccessReviewVersion', ['v1', 'v1beta1'])
    const conditions = listOf(given.matchConditions).map(mapOf)
    this.#conditionVersion(textOf(given.matchConditionSubjectAccessReviewVersion), path, conditions.length > 0)
    const failurePolicy = this.#oneOf(given, path, 'failurePolicy', ['NoOpinion', 'Deny'])
    const kubeconfig = this.#connection(mapOf(given.connectionInfo), path)
    return {
      kubeconfig,
      webhook: {
        timeoutMs,
        authorizedTtlMs: given.cacheAuthorizedRequests === false ? 0 : authorizedTtlMs,
        unauthorizedTtlMs: given.cacheUnauthorizedRequests === false ? 0 : unauthorizedTtlMs,
        reviewVersion,
        failurePolicy,
        matchConditions: this.#conditions(conditions, path),
      },
    }
  }

  #duration(value: unknown, path: string, fallback: number): number {
    if (value === undefined || value === null) return fallback
    const text = textOf(value)
    const negative = text.startsWith('-')
    const ms = parseGoDuration(negative ? text.slice(1) : text)
    if (ms === undefined) throw new Error(`${path}: time: invalid duration ${JSON.stringify(text)}`)
    return negative ? -ms : ms
  }

  #oneOf<const T extends string>(given: Json, path: string, name: string, values: readonly [T, ...T[]]): T {
    const text = textOf(given[name])
    const found = values.find((value) => value === text)
    if (found === undefined) {
      const at = `${path}.${name}`
      this.#add(text === '' ? field.required(at) : field.notSupported(at, text, values))
    }
    return found ?? values[0]
  }

  #conditionVersion(version: string, path: string, needed: boolean): void {
    const at = `${path}.matchConditionSubjectAccessReviewVersion`
    if (version === '') {
      if (needed) this.#add(field.required(at, 'required if match conditions are specified'))
    } else if (version !== 'v1') this.#add(field.notSupported(at, version, ['v1']))
  }

  /** The path of the kubeconfig. */
  #connection(given: Json, path: string): string {
    this.#only(given, ['type', 'kubeConfigFile'], `${path}.webhook.connectionInfo`)
    const type = textOf(given.type)
    const file = textOf(given.kubeConfigFile)
    const at = `${path}.connectionInfo`
    if (type === '') this.#add(field.required(`${at}.type`))
    else if (type === 'InClusterConfig') {
      this.#add(
        given.kubeConfigFile === undefined
          ? field.invalid(`${at}.type`, type, 'not allowed for kube-apiserver')
          : field.invalid(`${at}.kubeConfigFile`, file, 'can only be set when type=KubeConfigFile'),
      )
    } else if (type !== 'KubeConfigFile') {
      // Upstream shows the whole of it.
      const shown = { Type: type, KubeConfigFile: file === '' ? null : file }
      this.#add(field.notSupported(`${at}.type`, shown, CONNECTION_TYPES))
    } else if (file === '') this.#add(field.required(`${at}.kubeConfigFile`))
    else if (!isAbsolute(file)) this.#add(field.invalid(`${at}.kubeConfigFile`, file, 'must be an absolute path'))
    else {
      const problem = this.#fileProblem(file)
      if (problem) this.#add(field.invalid(`${at}.kubeConfigFile`, file, problem))
    }
    return file
  }

  #conditions(list: readonly Json[], path: string): MatchCondition[] {
    const all = `${path}.matchConditions`
    if (list.length > MAX_CONDITIONS) {
      this.#add(field.tooMany(all, list.length, MAX_CONDITIONS))
      return []
    }
    const seen = new Set<string>()
    return list.flatMap((condition, i) => {
      const expression = textOf(condition.expression)
      const at = `${all}[${i}].expression`
      if (expression.trim() === '') this.#add(field.required(at))
      else if (seen.has(expression)) this.#add(field.duplicate(at, expression))
      else {
        seen.add(expression)
        try {
          return [compileCondition(expression)]
        } catch (error) {
          this.#add(field.invalid(at, expression, error instanceof Error ? error.message : String(error)))
        }
      }
      return []
    })
  }
}

function isMode(text: string): text is Mode {
  return (MODES as readonly string[]).includes(text)
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? '' : String(value)
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function mapOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}
