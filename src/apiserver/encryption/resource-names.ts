// What names of resources in an EncryptionConfiguration may be, and which of them get in each other's way.
// Model: validateResourceNames and validateResourceOverlap of k8s.io/apiserver.

/** A resource, or `*`, and its group, or `*`. */
export interface GroupResource {
  readonly group: string
  readonly resource: string
}

/** `deployments.apps` by its first dot. */
export function parseGroupResource(name: string): GroupResource {
  const dot = name.indexOf('.')
  return dot < 0 ? { group: '', resource: name } : { group: name.slice(dot + 1), resource: name.slice(0, dot) }
}

const WITHOUT_API = ['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations']

/** What is wrong with one name. */
export function resourceNameProblem(name: string): string | undefined {
  if (name.toLowerCase() !== name) return 'resource name should not contain capital letters'
  if (name === '*') {
    return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources"
  }
  if (WITHOUT_API.includes(name)) return 'resources which do not have REST API/s cannot be encrypted'
  const { group, resource } = parseGroupResource(name)
  if (group === 'events.k8s.io') {
    const instead = "Use 'events' instead in the config file"
    return `'*.events.k8s.io' objects are stored using the 'events' API group in etcd. ${instead}`
  }
  if (group === 'extensions') return "'extensions' group has been removed and cannot be used for encryption"
  if (group === '*' && resource !== '*') return 'encrypting the same resource across groups is not supported'
  return undefined
}

/** What is wrong with the names of one list together. */
export function resourceOverlaps(names: readonly string[]): string[] {
  const parsed = names.map(parseGroupResource)
  const problems: string[] = []
  const pairs = parsed.flatMap((one, i) => parsed.filter((_, j) => i !== j).map((other) => [one, other] as const))
  const same = ([one, other]: readonly [GroupResource, GroupResource]) =>
    one.group === other.group && one.resource === other.resource
  const firstSame = pairs.findIndex(same)
  if (firstSame >= 0) problems.push('the same resource cannot be specified multiple times')
  // The first pair of the same names is counted as that alone.
  const overlaps = pairs.some(([one, other], i) => {
    if (i === firstSame) return false
    if (one.group === '*' && one.resource === '*') return true
    return one.group === other.group && (one.resource === '*' || other.resource === '*')
  })
  if (overlaps) {
    problems.push(
      "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked",
    )
  }
  return problems
}
