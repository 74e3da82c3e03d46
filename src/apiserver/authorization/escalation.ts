// Whether rules that someone holds cover rules that they want to give away.
// Model: k8s.io/component-helpers/auth/rbac/validation.

import type { PolicyRule } from '../../api/generated/rbac-v1.ts'

/** A rule about one verb on one resource (of one name, or of all) or on one path. */
interface Atom {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly name: string | undefined
  readonly path: string | undefined
}

function atomsOf(rule: PolicyRule): Atom[] {
  const out: Atom[] = []
  for (const verb of rule.verbs ?? []) {
    for (const path of rule.nonResourceURLs ?? []) {
      out.push({ verb, group: '', resource: '', name: undefined, path })
    }
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const names = rule.resourceNames ?? []
        for (const name of names.length === 0 ? [undefined] : names) {
          out.push({ verb, group, resource, name, path: undefined })
        }
      }
    }
  }
  return out
}

const has = (values: readonly string[] | undefined, wanted: string) =>
  (values ?? []).some((value) => value === '*' || value === wanted)

function covers(rule: PolicyRule, atom: Atom): boolean {
  if (!has(rule.verbs, atom.verb)) return false
  if (atom.path !== undefined) return (rule.nonResourceURLs ?? []).some((held) => coversPath(held, atom.path ?? ''))
  if (!has(rule.apiGroups, atom.group)) return false
  if (!(rule.resources ?? []).some((held) => coversResource(held, atom.resource))) return false
  const names = rule.resourceNames ?? []
  return names.length === 0 || (atom.name !== undefined && names.includes(atom.name))
}

function coversResource(held: string, wanted: string): boolean {
  if (held === '*' || held === wanted) return true
  const subresource = wanted.includes('/') ? wanted.slice(wanted.indexOf('/') + 1) : ''
  return subresource !== '' && held === `*/${subresource}`
}

function coversPath(held: string, wanted: string): boolean {
  return held === '*' || held === wanted || (held.endsWith('*') && wanted.startsWith(held.slice(0, -1)))
}

/** What of `wanted` no rule of `held` covers, verbs of the same resource together. Model: CompactRules. */
export function uncoveredRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const missing = new Map<string, PolicyRule>()
  for (const atom of wanted.flatMap(atomsOf)) {
    if (held.some((rule) => covers(rule, atom))) continue
    const { group, resource, name, path, verb } = atom
    const id = JSON.stringify(path === undefined ? [group, resource, name] : [path, verb])
    const known = missing.get(id)
    if (known) known.verbs.push(atom.verb)
    else missing.set(id, ruleOf(atom))
  }
  return [...missing.values()]
}

function ruleOf({ verb, group, resource, name, path }: Atom): PolicyRule {
  if (path !== undefined) return { nonResourceURLs: [path], verbs: [verb] }
  return {
    apiGroups: [group],
    resources: [resource],
    ...(name === undefined ? {} : { resourceNames: [name] }),
    verbs: [verb],
  }
}

/** A rule as upstream's messages show it: `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}`. */
export function ruleText(rule: PolicyRule): string {
  const list = (values: readonly string[] | undefined) => `[${(values ?? []).map((v) => JSON.stringify(v)).join(' ')}]`
  const parts = [
    ...(rule.apiGroups ? [`APIGroups:${list(rule.apiGroups)}`] : []),
    ...(rule.resources ? [`Resources:${list(rule.resources)}`] : []),
    ...(rule.resourceNames ? [`ResourceNames:${list(rule.resourceNames)}`] : []),
    ...(rule.nonResourceURLs ? [`NonResourceURLs:${list(rule.nonResourceURLs)}`] : []),
    `Verbs:${list(rule.verbs)}`,
  ]
  return `{${parts.join(', ')}}`
}
