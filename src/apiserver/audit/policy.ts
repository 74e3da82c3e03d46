// What is written about which requests: an audit policy, read and checked, and the level it gives a request.
// Spec: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#audit-policy

import { type FieldError, field } from '../../machinery/errors.ts'
import { parseYaml } from '../../machinery/yaml.ts'
import type { RequestInfo } from '../http/request-info.ts'
import type { UserInfo } from '../user.ts'

const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const
export type AuditLevel = (typeof LEVELS)[number]

const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const
export type AuditStage = (typeof STAGES)[number]

interface GroupResources {
  readonly group: string
  readonly resources: readonly string[]
  readonly resourceNames: readonly string[]
}

interface PolicyRule {
  readonly level: AuditLevel
  readonly users: readonly string[]
  readonly userGroups: readonly string[]
  readonly verbs: readonly string[]
  readonly resources: readonly GroupResources[]
  readonly namespaces: readonly string[]
  readonly nonResourceURLs: readonly string[]
  readonly omitStages: readonly string[]
  readonly omitManagedFields: boolean
}

export interface AuditPolicy {
  readonly rules: readonly PolicyRule[]
}

/** What is written about one request. */
export interface AuditScope {
  readonly level: AuditLevel
  readonly omitStages: ReadonlySet<string>
  readonly omitManagedFields: boolean
}

export const NOT_AUDITED: AuditScope = { level: 'None', omitStages: new Set(), omitManagedFields: false }

type Json = Record<string, unknown>

/** Reads a policy. Throws an Error that names every problem. */
export function parseAuditPolicy(text: string): AuditPolicy {
  const document = parseYaml(text)
  if (!isMap(document) || document.kind !== 'Policy' || document.apiVersion !== 'audit.k8s.io/v1') {
    throw new Error('failed decoding: expected kind Policy of audit.k8s.io/v1')
  }
  const errors: FieldError[] = []
  const omitStages = stagesOf(document.omitStages, 'omitStages', errors)
  const omitManagedFields = document.omitManagedFields === true
  const rules = listOf(document.rules, 'rules', errors).map((rule, i) => ruleOf(rule, `rules[${i}]`, errors))
  if (errors.length > 0) throw new Error(errors.map(({ path, message }) => `${path}: ${message}`).join(', '))
  if (rules.length === 0) throw new Error('loaded illegal policy with 0 rules')
  return {
    rules: rules.map(({ omitManaged, ...rule }) => ({
      ...rule,
      // What a rule says goes before what the policy says, for fields; stages add up.
      omitManagedFields: omitManaged ?? omitManagedFields,
      omitStages: [...omitStages, ...rule.omitStages],
    })),
  }
}

/** The first rule that fits a request decides; none fits: nothing is written. */
export function scopeOf({ rules }: AuditPolicy, user: UserInfo, info: RequestInfo): AuditScope {
  const rule = rules.find((candidate) => fits(candidate, user, info))
  if (!rule || rule.level === 'None') return NOT_AUDITED
  return { level: rule.level, omitStages: new Set(rule.omitStages), omitManagedFields: rule.omitManagedFields }
}

export function atLeast(level: AuditLevel, wanted: AuditLevel): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(wanted)
}

function fits(rule: PolicyRule, user: UserInfo, info: RequestInfo): boolean {
  if (rule.users.length > 0 && !rule.users.includes(user.name)) return false
  if (rule.userGroups.length > 0 && !rule.userGroups.some((group) => user.groups.includes(group))) return false
  if (rule.verbs.length > 0 && !rule.verbs.includes(info.verb)) return false
  if (rule.namespaces.length > 0 || rule.resources.length > 0) return info.isResource && fitsResource(rule, info)
  if (rule.nonResourceURLs.length > 0) {
    return !info.isResource && rule.nonResourceURLs.some((pattern) => fitsPath(pattern, info.path))
  }
  return true
}

function fitsResource(rule: PolicyRule, info: RequestInfo): boolean {
  if (rule.namespaces.length > 0 && !rule.namespaces.includes(info.namespace)) return false
  if (rule.resources.length === 0) return true
  const { resource, subresource } = info
  const combined = subresource === '' ? resource : `${resource}/${subresource}`
  return rule.resources.some(({ group, resources, resourceNames }) => {
    if (group !== info.group) return false
    if (resources.length === 0) return true
    if (resourceNames.length > 0 && !resourceNames.includes(info.name)) return false
    return resources.some((pattern) => {
      if (pattern === '*' || pattern === combined) return true
      if (subresource === '') return false
      return pattern === `*/${subresource}` || pattern === `${resource}/*`
    })
  })
}

function fitsPath(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true
  if (!pattern.endsWith('*')) return false
  const before = pattern.slice(0, -1).replace(/\/+$/, '')
  return path === before || path.startsWith(pattern.slice(0, -1))
}

function ruleOf(value: unknown, path: string, errors: FieldError[]) {
  const rule = isMap(value) ? value : {}
  const level = String(rule.level ?? '')
  if (level === '') errors.push(field.required(`${path}.level`))
  else if (!isLevel(level)) errors.push(field.notSupported(`${path}.level`, level, [...LEVELS]))
  const resources = listOf(rule.resources, `${path}.resources`, errors).map((entry, i) =>
    resourcesOf(entry, `${path}.resources[${i}]`, errors),
  )
  const namespaces = stringsOf(rule.namespaces, `${path}.namespaces`, errors)
  const nonResourceURLs = stringsOf(rule.nonResourceURLs, `${path}.nonResourceURLs`, errors)
  checkPaths(nonResourceURLs, `${path}.nonResourceURLs`, errors)
  if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0)) {
    errors.push(
      field.invalid(
        `${path}.nonResourceURLs`,
        nonResourceURLs,
        'rules cannot apply to both regular resources and non-resource URLs',
      ),
    )
  }
  return {
    level: isLevel(level) ? level : ('None' as const),
    users: stringsOf(rule.users, `${path}.users`, errors),
    userGroups: stringsOf(rule.userGroups, `${path}.userGroups`, errors),
    verbs: stringsOf(rule.verbs, `${path}.verbs`, errors),
    resources,
    namespaces,
    nonResourceURLs,
    omitStages: stagesOf(rule.omitStages, `${path}.omitStages`, errors),
    omitManaged: typeof rule.omitManagedFields === 'boolean' ? rule.omitManagedFields : undefined,
  }
}

function resourcesOf(value: unknown, path: string, errors: FieldError[]): GroupResources {
  const entry = isMap(value) ? value : {}
  const group = String(entry.group ?? '')
  if (group !== '' && !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(group)) {
    errors.push(field.invalid(`${path}.group`, group, 'must be a lowercase RFC 1123 subdomain'))
  }
  const resources = stringsOf(entry.resources, `${path}.resources`, errors)
  const resourceNames = stringsOf(entry.resourceNames, `${path}.resourceNames`, errors)
  if (resourceNames.length > 0 && resources.length === 0) {
    errors.push(
      field.invalid(`${path}.resourceNames`, resourceNames, 'using resourceNames requires at least one resource'),
    )
  }
  return { group, resources, resourceNames }
}

function checkPaths(paths: readonly string[], path: string, errors: FieldError[]): void {
  paths.forEach((pattern, i) => {
    const at = `${path}[${i}]`
    if (pattern === '*') return
    if (!pattern.startsWith('/')) {
      errors.push(field.invalid(at, pattern, "non-resource URL rules must begin with a '/' character"))
    }
    if (pattern.slice(0, -1).includes('*')) {
      errors.push(field.invalid(at, pattern, "non-resource URL wildcards '*' must be the final character of the rule"))
    }
  })
}

function stagesOf(value: unknown, path: string, errors: FieldError[]): string[] {
  const stages = stringsOf(value, path, errors)
  const known: readonly string[] = STAGES
  stages.forEach((stage, i) => {
    if (!known.includes(stage)) errors.push(field.notSupported(`${path}[${i}]`, stage, [...STAGES]))
  })
  return stages
}

function stringsOf(value: unknown, path: string, errors: FieldError[]): string[] {
  return listOf(value, path, errors).map(String)
}

function listOf(value: unknown, path: string, errors: FieldError[]): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  errors.push(field.invalid(path, value, 'must be a list'))
  return []
}

function isLevel(text: string): text is AuditLevel {
  return (LEVELS as readonly string[]).includes(text)
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
