// Access rules as `auth can-i --list` shows them: taken apart, and put together per resource.
// Model: k8s.io/kubectl/pkg/util/rbac.

export interface PolicyRule {
  readonly verbs: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
}

/** One rule per resource with all its verbs, in upstream's order. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const other: PolicyRule[] = []
  const simple = new Map<string, PolicyRule>()
  for (const rule of rules.flatMap(breakDown)) {
    if (rule.nonResourceURLs) {
      other.push(rule)
      continue
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames])
    const known = simple.get(key)
    simple.set(key, known ? { ...known, verbs: [...new Set([...known.verbs, ...rule.verbs])] } : rule)
  }
  return [...other, ...simple.values()].sort((a, b) => {
    const [x, y] = [goText(a), goText(b)]
    return x < y ? -1 : x > y ? 1 : 0
  })
}

/** Rules of one verb on one resource (and name), or on one URL. */
function breakDown(rule: PolicyRule): PolicyRule[] {
  const broken: PolicyRule[] = []
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const one = { verbs: [verb], apiGroups: [group], resources: [resource] }
        if (!rule.resourceNames?.length) broken.push(one)
        for (const name of rule.resourceNames ?? []) broken.push({ ...one, resourceNames: [name] })
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) broken.push({ verbs: [verb], nonResourceURLs: [url] })
  }
  return broken
}

/** The rules of `wanted`, taken apart, that nothing in `given` allows. */
export function missingRules(wanted: readonly PolicyRule[], given: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((rule) => !given.some((owner) => allows(owner, rule)))
}

/** Whether a rule allows what a rule of one verb and one resource or URL does. */
function allows(owner: PolicyRule, one: PolicyRule): boolean {
  const has = (list: readonly string[] = [], value = '') => list.includes('*') || list.includes(value)
  if (!has(owner.verbs, one.verbs[0])) return false
  const [url] = one.nonResourceURLs ?? []
  if (url !== undefined) {
    return (owner.nonResourceURLs ?? []).some((u) => u === url || (u.endsWith('*') && url.startsWith(u.slice(0, -1))))
  }
  const resource = one.resources?.[0] ?? ''
  const subresource = resource.includes('/') ? `*/${resource.split('/')[1]}` : resource
  if (!has(owner.apiGroups, one.apiGroups?.[0])) return false
  if (!has(owner.resources, resource) && !has(owner.resources, subresource)) return false
  const names = owner.resourceNames ?? []
  const [name] = one.resourceNames ?? []
  return names.length === 0 || (name !== undefined && names.includes(name))
}

/** The rule as Go prints it, by which upstream sorts. */
function goText(rule: PolicyRule): string {
  const list = (values: readonly string[] | undefined) => `[${(values ?? []).join(' ')}]`
  return `&PolicyRule{Verbs:${list(rule.verbs)},APIGroups:${list(rule.apiGroups)},Resources:${list(rule.resources)},ResourceNames:${list(rule.resourceNames)},NonResourceURLs:${list(rule.nonResourceURLs)},}`
}

/** `deployments.apps/scale`. */
export function resourceWithGroup({ resources = [], apiGroups = [] }: PolicyRule): string {
  const [resource] = resources
  if (resource === undefined) return ''
  const [name = '', subresource] = resource.split(/\/(.*)/s)
  const group = apiGroups[0] ? `.${apiGroups[0]}` : ''
  return `${name}${group}${subresource === undefined ? '' : `/${subresource}`}`
}
