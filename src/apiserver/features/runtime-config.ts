// Reading --runtime-config: which built-in versions are served.
// Model: k8s.io/apiserver/pkg/server/{options/api_enablement.go,resourceconfig}.

import { legacyVersions } from '../../api/legacy-types.ts'
import { servedResources } from '../../api/schema.ts'
import type { FeatureGates } from './feature-gates.ts'
import { parseGoBool } from './go-bool.ts'

/** Whether a resource is served under a group and version. */
export type Serves = (group: string, version: string, resource: string) => boolean

const STABLE = /^v\d+$/
const MATCHERS: readonly (readonly [name: string, matches: (version: string) => boolean])[] = [
  ['api/all', () => true],
  ['api/ga', (version) => STABLE.test(version)],
  ['api/beta', (version) => /^v\d+beta\d+$/.test(version)],
  ['api/alpha', (version) => /^v\d+alpha\d+$/.test(version)],
]

/** Resources that need a feature besides their version. */
const FEATURE_OF: Readonly<Record<string, string>> = {
  'certificates.k8s.io/clustertrustbundles': 'ClusterTrustBundle',
  'certificates.k8s.io/podcertificaterequests': 'PodCertificateRequest',
  'coordination.k8s.io/leasecandidates': 'CoordinatedLeaderElection',
  'internal.apiserver.k8s.io/storageversions': 'StorageVersionAPI',
  'resource.k8s.io/devicetaintrules': 'DRADeviceTaintRules',
  'resource.k8s.io/resourcepoolstatusrequests': 'DRAResourcePoolStatus',
  'scheduling.k8s.io/podgroups': 'GenericWorkload',
  'scheduling.k8s.io/workloads': 'GenericWorkload',
  'storagemigration.k8s.io/storageversionmigrations': 'StorageVersionMigrator',
}

/** Some groups have a version of which some resources are retired and others are served today. */
const retired = new Set(
  legacyVersions.flatMap(({ group, version, resources }) =>
    Object.values(resources).flatMap((names) => names.map((resource) => `${group}/${version}/${resource}`)),
  ),
)
const groups = new Set(servedResources.map(({ group }) => group))
const versions = new Set(servedResources.map(({ group, version }) => `${group}/${version}`))

export interface RuntimeConfigOptions {
  /** The flag's value: `api/all=true,apps/v1=false`. */
  readonly text: string
  readonly features: FeatureGates
  /** Whether the versions that upstream retired are served unless the flag says otherwise. */
  readonly legacyApis: boolean
}

/** Reads the flag. Throws an Error in upstream's words. */
export function parseRuntimeConfig({ text, features, legacyApis }: RuntimeConfigOptions): Serves {
  const given = pairsOf(text)
  check(given)
  const broad = broadOf(given)
  const exact = exactOf(given)
  return (group, version, resource) => {
    const feature = FEATURE_OF[`${group}/${resource}`]
    if (feature !== undefined && !features(feature)) return false
    const groupVersion = `${group}/${version}`
    const named = exact.get(`${groupVersion}/${resource}`) ?? exact.get(groupVersion)
    if (named !== undefined) return named
    const asked = broad.findLast(({ matches }) => matches(version))?.on
    // What upstream no longer has is not among all that it has.
    if (retired.has(`${groupVersion}/${resource}`)) return legacyApis && asked !== false
    return asked ?? STABLE.test(version)
  }
}

function check(given: ReadonlyMap<string, string>): void {
  if (given.get('api/all') === 'false' && given.size === 1) {
    throw new Error('invalid runtime-config with only api/all=false')
  }
  const unknown = new Set<string>()
  for (const key of given.keys()) {
    if (isBroad(key)) continue
    const tokens = key.split('/')
    const [group = '', version = ''] = tokens
    if (tokens.length !== 2 && tokens.length !== 3) throw new Error(`runtime-config invalid key ${key}`)
    if (!groups.has(group)) unknown.add(`${group}/${version}`)
  }
  if (unknown.size > 0) throw new Error(`unknown api groups ${[...unknown].sort().join(',')}`)
}

function isBroad(key: string): boolean {
  return MATCHERS.some(([name]) => name === key)
}

/** What is said of all versions of a kind; later ones go before earlier ones. */
function broadOf(given: ReadonlyMap<string, string>): { on: boolean; matches: (version: string) => boolean }[] {
  return MATCHERS.flatMap(([name, matches]) => {
    const value = given.get(name)
    if (value === undefined) return []
    if (value !== 'true' && value !== 'false') throw new Error(`invalid value ${name}=${value}`)
    return [{ on: value === 'true', matches }]
  })
}

/** What is said of single versions and resources. */
function exactOf(given: ReadonlyMap<string, string>): Map<string, boolean> {
  const exact = new Map<string, boolean>()
  for (const [key, value] of given) {
    if (isBroad(key)) continue
    const [group = '', version = '', resource = ''] = key.split('/')
    if (!versions.has(`${group}/${version}`)) {
      throw new Error(`group version ${group}/${version} that has not been registered`)
    }
    const on = value === '' ? true : parseGoBool(value)
    if (typeof on === 'string') throw new Error(`invalid value of ${key}: ${value}, err: ${on}`)
    if (resource !== resource.toLowerCase()) {
      throw new Error(
        `invalid key ${key}: group/version/resource and resource is always lowercase plural, not ${JSON.stringify(resource)}`,
      )
    }
    exact.set(key, on)
  }
  return exact
}

function pairsOf(text: string): Map<string, string> {
  const pairs = new Map<string, string>()
  for (const part of text.split(',')) {
    if (part === '') continue
    const at = part.indexOf('=')
    if (at < 0) pairs.set(part.trim(), '')
    else pairs.set(part.slice(0, at).trim(), part.slice(at + 1).trim())
  }
  return pairs
}
