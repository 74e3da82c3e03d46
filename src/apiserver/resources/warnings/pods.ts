// What is to be said of pods, and of templates of pods, that are taken. Model: k8s.io/kubernetes/pkg/api/pod/warnings.go.

import type {
  Container,
  PodAffinityTerm,
  PodSpec,
  PodTemplateSpec,
  WeightedPodAffinityTerm,
} from '../../../api/generated/core-v1.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { APP_ARMOR, appArmorProfileOf } from '../core/app-armor.ts'
import { addressWarnings } from './addresses.ts'
import { deprecationOf, labelWarnings, termWarnings } from './node-labels.ts'
import { portWarnings } from './ports.ts'
import { fractionWarnings, podVolumeWarnings } from './volumes.ts'

const NO_POD = 'a null labelSelector results in matching no pod'
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'
const SYSCTLS = 'non-functional in v1.11+; use the "sysctls" field instead'
const RETIRED: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': SYSCTLS,
  'security.alpha.kubernetes.io/unsafe-sysctls': SYSCTLS,
}
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/'
const SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'

interface Described {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec?: PodSpec
}

/** A container with its place. */
export type Placed = readonly [path: string, container: Container]

/** Of a template at `path`. */
export function templateWarnings(template: PodTemplateSpec | undefined, path: string): string[] {
  return template ? warningsOf(template, `${path}.`) : []
}

/** Of a pod; of its AppArmor annotations is told where they become fields. */
export function podWarnings(pod: Described): string[] {
  return warningsOf(pod, '')
}

function warningsOf({ metadata, spec = {} as PodSpec }: Described, before: string): string[] {
  const annotations = metadata?.annotations ?? {}
  const at = `${before}spec`
  const annotated = (name: string, why: string) => [`${before}metadata.annotations[${name}]: ${why}`]
  const containers: Placed[] = (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, i): Placed => [`${at}.${list}[${i}]`, container]),
  )
  const profile = spec.securityContext?.appArmorProfile
  return [
    ...placementWarnings(spec, at),
    ...Object.entries(RETIRED).flatMap(([name, why]) => (name in annotations ? annotated(name, why) : [])),
    ...podVolumeWarnings(spec.volumes ?? [], `${at}.volumes`),
    ...repeated(spec.hostAliases ?? [], ({ ip }) => ip, `${at}.hostAliases`, 'ip'),
    ...repeated(spec.imagePullSecrets ?? [], ({ name = '' }) => name, `${at}.imagePullSecrets`, 'name'),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }, i) =>
      name ? [] : [`${at}.imagePullSecrets[${i}].name: invalid empty name ""`],
    ),
    ...['memory', 'ephemeral-storage'].flatMap((name) => fractionWarnings(`${at}.overhead`, spec.overhead, name)),
    ...(!spec.securityContext?.seccompProfile && SECCOMP_POD in annotations ? annotated(SECCOMP_POD, SECCOMP) : []),
    ...containers.flatMap(([path, container]) => {
      const { name, securityContext } = container
      const [seccomp, armor] = [`${SECCOMP_CONTAINER}${name}`, `${APP_ARMOR}${name}`]
      const isTold = before !== '' && !securityContext?.appArmorProfile && annotations[armor] !== undefined
      const same = profile !== undefined && sameJson(profile, appArmorProfileOf(annotations[armor] ?? ''))
      const deprecated = 'deprecated since v1.30; use the "appArmorProfile" field instead'
      return [
        ...(!securityContext?.seccompProfile && seccomp in annotations ? annotated(seccomp, SECCOMP) : []),
        ...(isTold && !same ? annotated(armor, deprecated) : []),
        ...containerWarnings(path, container),
      ]
    }),
    ...portWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...affinityWarnings(spec.affinity?.podAffinity, `${at}.affinity.podAffinity`),
    ...affinityWarnings(spec.affinity?.podAntiAffinity, `${at}.affinity.podAntiAffinity`),
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((address, i) =>
      addressWarnings(`${at}.dnsConfig.nameservers[${i}]`, address),
    ),
    ...(spec.hostAliases ?? []).flatMap(({ ip }, i) => addressWarnings(`${at}.hostAliases[${i}].ip`, ip)),
  ]
}

function placementWarnings(spec: PodSpec, at: string): string[] {
  const { [REQUIRED]: required, [PREFERRED]: preferred = [] } = spec.affinity?.nodeAffinity ?? {}
  const nodes = `${at}.affinity.nodeAffinity`
  const spread = (spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, i) => {
    const path = `${at}.topologySpreadConstraints[${i}]`
    const message = deprecationOf(topologyKey)
    return [
      ...(message === undefined ? [] : [`${path}.topologyKey: ${topologyKey} is ${message}`]),
      ...(labelSelector ? [] : [`${path}.labelSelector: ${NO_POD}`]),
    ]
  })
  return [
    ...labelWarnings(spec.nodeSelector, (label) => `${at}.nodeSelector[${label}]`),
    ...(required?.nodeSelectorTerms ?? []).flatMap((term, i) =>
      termWarnings(term, `${nodes}.${REQUIRED}.nodeSelectorTerms[${i}]`),
    ),
    ...preferred.flatMap(({ preference }, i) =>
      termWarnings(preference, `${nodes}.${PREFERRED}[${i}].preference`, true),
    ),
    ...spread,
  ]
}

interface Affinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[]
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly WeightedPodAffinityTerm[]
}

function affinityWarnings({ [REQUIRED]: required = [], [PREFERRED]: preferred = [] }: Affinity = {}, at: string) {
  const unselected = (terms: readonly (PodAffinityTerm | undefined)[], list: string, inner: string) =>
    terms.flatMap((term, i) => (term?.labelSelector ? [] : [`${at}.${list}[${i}].${inner}labelSelector: ${NO_POD}`]))
  return [
    ...unselected(required, REQUIRED, ''),
    ...unselected(
      preferred.map(({ podAffinityTerm }) => podAffinityTerm),
      PREFERRED,
      'podAffinityTerm.',
    ),
  ]
}

function repeated<T>(list: readonly T[], keyOf: (item: T) => string, path: string, name: string): string[] {
  const keys = list.map(keyOf)
  return keys.flatMap((key, i) =>
    keys.indexOf(key) < i ? [`${path}[${i}].${name}: duplicate ${name} ${JSON.stringify(key)}`] : [],
  )
}

function containerWarnings(path: string, { resources = {}, env = [] }: Container): string[] {
  const amounts = ['memory', 'ephemeral-storage'].flatMap((name) =>
    (['limits', 'requests'] as const).flatMap((list) =>
      fractionWarnings(`${path}.resources.${list}`, resources[list], name),
    ),
  )
  const names = env.map(({ name }) => name)
  const hidden = env.flatMap(({ name, value = '', valueFrom }, i) => {
    if (names.indexOf(name) === i) return []
    const reference = `$(${name})`
    // A value that goes on from the one before is meant.
    if (!valueFrom && value !== reference && value.includes(reference)) return []
    const what = `hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`
    return [`${path}.env[${i}]: ${what}`]
  })
  return [...amounts, ...hidden]
}
