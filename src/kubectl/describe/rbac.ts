// Roles and role bindings.

import type { ClusterRole, ClusterRoleBinding, PolicyRule } from '../../api/generated/rbac-v1.ts'
import { compareBytes } from '../../machinery/go/value.ts'
import { as, type Describer } from './describer.ts'
import { printLabelsAndAnnotations, printName } from './format.ts'

interface Rule {
  readonly groups: readonly string[]
  readonly resources: readonly string[]
  readonly names: readonly string[]
  readonly urls: readonly string[]
  readonly verbs: readonly string[]
}

/** Roles and cluster roles. */
export const describeRole: Describer = (object, w) => {
  const { metadata, rules } = as<ClusterRole>(object)
  printName(w, metadata, false)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, 'PolicyRule:')
  w.line(1, 'Resources\tNon-Resource URLs\tResource Names\tVerbs')
  w.line(1, '---------\t-----------------\t--------------\t-----')
  for (const rule of compactRules(rules ?? [])) {
    w.line(1, [resourceText(rule), list(rule.urls), list(rule.names), list(rule.verbs)].join('\t'))
  }
}

function list(values: readonly string[]): string {
  return `[${values.join(' ')}]`
}

/** `deployments.apps/scale`. */
function resourceText({ resources, groups }: Rule): string {
  const [resource, ...subresource] = (resources[0] ?? '').split('/')
  const withGroup = groups[0] ? `${resource}.${groups[0]}` : resource
  return subresource.length > 0 ? `${withGroup}/${subresource.join('/')}` : (withGroup ?? '')
}

/** One rule for each resource and name with all its verbs, and one for each URL and verb; ordered by verbs. */
export function compactRules(rules: readonly PolicyRule[]): Rule[] {
  const urls: Rule[] = []
  const resources = new Map<string, Rule & { verbs: string[] }>()
  for (const rule of rules) {
    for (const single of breakDown(rule)) {
      if (single.urls.length > 0) {
        urls.push(single)
        continue
      }
      const key = JSON.stringify([single.groups, single.resources, single.names])
      const known = resources.get(key)
      const [verb = ''] = single.verbs
      if (!known) resources.set(key, { ...single, verbs: [verb] })
      else if (!known.verbs.includes(verb)) known.verbs.push(verb)
    }
  }
  return [...urls, ...resources.values()].sort((a, b) => compareBytes(sortText(a), sortText(b)))
}

function breakDown(rule: PolicyRule): Rule[] {
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [], verbs } = rule
  const names = resourceNames.length > 0 ? resourceNames.map((name) => [name]) : [[]]
  const byResource = apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) =>
        names.map((name) => ({ groups: [group], resources: [resource], names: name, urls: [], verbs: [verb] })),
      ),
    ),
  )
  const byUrl = nonResourceURLs.flatMap((url) =>
    verbs.map((verb) => ({ groups: [], resources: [], names: [], urls: [url], verbs: [verb] })),
  )
  return [...byResource, ...byUrl]
}

/** The text by which kubectl orders rules. */
function sortText({ verbs, groups, resources, names, urls }: Rule): string {
  return `&PolicyRule{Verbs:${list(verbs)},APIGroups:${list(groups)},Resources:${list(resources)},ResourceNames:${list(names)},NonResourceURLs:${list(urls)},}`
}

/** Role bindings and cluster role bindings. */
export const describeRoleBinding: Describer = (object, w) => {
  const { metadata, roleRef, subjects } = as<ClusterRoleBinding>(object)
  printName(w, metadata, false)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, 'Role:')
  w.line(1, `Kind:\t${roleRef.kind}`)
  w.line(1, `Name:\t${roleRef.name}`)
  w.line(0, 'Subjects:')
  w.line(1, 'Kind\tName\tNamespace')
  w.line(1, '----\t----\t---------')
  for (const { kind, name, namespace = '' } of subjects ?? []) w.line(1, `${kind}\t${name}\t${namespace}`)
}
