// Validation of pods and their specs. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type { Pod, PodDNSConfig, PodResourceClaim, PodSpec } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem, dnsSubdomainProblem } from '../../../machinery/names.ts'
import { compareQuantities } from '../../../machinery/quantity.ts'
import { validateLabels } from '../../registry/metadata.ts'
import { checkAddress, checkEnum, checkQualifiedName, checkRange, checkSubdomain, invalidFor } from './field-checks.ts'
import { type PodLeniency, STRICT } from './leniency.ts'
import { validatePodAnnotations } from './pod-annotations.ts'
import { checkImagePadding, validateContainers, validateHostNetwork } from './pod-containers.ts'
import { validateAffinity, validateTolerations, validateTopologySpread } from './pod-scheduling.ts'
import { validateHostUsers, validatePodSecurity } from './pod-security.ts'
import { validateVolumes } from './pod-volumes.ts'
import { validateHostProcess, validateOs } from './pod-windows.ts'
import { validateRequirements } from './resource-requirements.ts'

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never']
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const MAX_INT32 = 2_147_483_647
const MOST_NAMESERVERS = 3
const MOST_SEARCHES = 32
const LONGEST_SEARCHES = 2048
const LONGEST_HOSTNAME = 64

/** Problems of a pod itself. */
export function validatePod(pod: Pod, lenient: PodLeniency = STRICT): FieldError[] {
  const { spec, metadata } = pod
  const errors = validatePodAnnotations(metadata.annotations ?? {}, spec, 'metadata.annotations', lenient)
  errors.push(...validatePodSpec(spec, 'spec', metadata.name, lenient))
  if (!spec.serviceAccountName) {
    for (const [v, volume] of (spec.volumes ?? []).entries()) {
      for (const [s, source] of (volume.projected?.sources ?? []).entries()) {
        if (!source.serviceAccountToken) continue
        const at = `spec.volumes[${v}].projected.sources[${s}].serviceAccountToken`
        errors.push(field.forbidden(at, 'must not be specified when serviceAccountName is not set'))
      }
    }
  }
  for (const name of ['containers', 'initContainers'] as const) {
    for (const [i, c] of (spec[name] ?? []).entries()) errors.push(...checkImagePadding(c, `spec.${name}[${i}]`))
  }
  return errors
}

/** Problems of new pods only. */
export function validateNewPod({ spec }: Pod): FieldError[] {
  if (!spec.nodeName || (spec.schedulingGates ?? []).length === 0) return []
  return [field.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared')]
}

/** Problems of a pod spec at `path`, which is that of a pod when `podName` is given and else that of a template. */
export function validatePodSpec(
  spec: PodSpec,
  path: string,
  podName?: string,
  lenient: PodLeniency = STRICT,
): FieldError[] {
  const { errors, byName } = validateVolumes(spec.volumes ?? [], `${path}.volumes`, podName, lenient)
  const claims = new Set((spec.resourceClaims ?? []).map((claim) => claim.name).filter((name) => name))
  errors.push(...validateResourceClaims(spec.resourceClaims ?? [], `${path}.resourceClaims`))
  errors.push(...validateContainers({ spec, volumes: byName, claims, lenient }, path))
  if (spec.resources) errors.push(...validatePodResources(spec, `${path}.resources`))
  errors.push(...validateHostNetwork(spec, path, podName !== undefined))
  errors.push(...checkEnum(`${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES))
  errors.push(...checkEnum(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES))
  errors.push(...validateLabels(spec.nodeSelector ?? {}, `${path}.nodeSelector`))
  errors.push(...validatePodSecurity(spec, path, lenient))
  if (spec.affinity) errors.push(...validateAffinity(spec.affinity, `${path}.affinity`, lenient))
  errors.push(...validateDns(spec.dnsConfig, spec.dnsPolicy, `${path}.dnsConfig`))
  errors.push(...validateGates(spec, path))
  const spread = spec.topologySpreadConstraints ?? []
  errors.push(...validateTopologySpread(spread, `${path}.topologySpreadConstraints`, lenient))
  errors.push(
    ...validateHostProcess(spec, path),
    ...validateHostUsers(spec, path, lenient),
    ...validateNames(spec, path),
  )
  const overhead = { limits: spec.overhead ?? {} }
  const anyHugePages = lenient.hugePages
  errors.push(...validateRequirements(overhead, `${path}.overhead`, new Set(), { anyHugePages }))
  errors.push(...validateOs(spec, path))
  return errors
}

function validateGates({ readinessGates = [], schedulingGates = [] }: PodSpec, path: string): FieldError[] {
  const names = new Set<string>()
  return [
    ...readinessGates.flatMap((gate, i) =>
      checkQualifiedName(`${path}.readinessGates[${i}].conditionType`, gate.conditionType ?? ''),
    ),
    ...schedulingGates.flatMap(({ name = '' }, i) => {
      const at = `${path}.schedulingGates[${i}]`
      const again = names.has(name) ? [field.duplicate(at, name)] : []
      names.add(name)
      return [...checkQualifiedName(at, name), ...again]
    }),
  ]
}

/** What is named, timed, tolerated and resolved. */
function validateNames(spec: PodSpec, path: string): FieldError[] {
  const subdomain = (name: 'serviceAccountName' | 'nodeName' | 'priorityClassName' | 'runtimeClassName') =>
    invalidFor(`${path}.${name}`, spec[name], [dnsSubdomainProblem(spec[name] ?? '')])
  const label = (name: 'hostname' | 'subdomain') =>
    spec[name] ? invalidFor(`${path}.${name}`, spec[name], [dnsLabelProblem(spec[name])]) : []
  const errors: FieldError[] = []
  if (spec.serviceAccountName) errors.push(...subdomain('serviceAccountName'))
  if (spec.nodeName) errors.push(...subdomain('nodeName'))
  errors.push(...checkRange(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, 1, MAX_INT32))
  errors.push(...label('hostname'), ...label('subdomain'), ...validateHostnameOverride(spec, path))
  errors.push(...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`))
  for (const [i, { ip, hostnames = [] }] of (spec.hostAliases ?? []).entries()) {
    const at = `${path}.hostAliases[${i}]`
    errors.push(...checkAddress(`${at}.ip`, ip ?? ''))
    errors.push(...hostnames.flatMap((name, n) => checkSubdomain(`${at}.hostnames[${n}]`, name)))
  }
  if (spec.priorityClassName) errors.push(...subdomain('priorityClassName'))
  if (spec.runtimeClassName !== undefined) errors.push(...subdomain('runtimeClassName'))
  if (spec.preemptionPolicy !== undefined) {
    const policies = ['PreemptLowerPriority', 'Never']
    errors.push(...checkEnum(`${path}.preemptionPolicy`, spec.preemptionPolicy, policies))
  }
  return errors
}

function validateHostnameOverride(spec: PodSpec, path: string): FieldError[] {
  const { hostnameOverride: name } = spec
  if (name === undefined) return []
  const at = `${path}.hostnameOverride`
  const errors = checkSubdomain(at, name)
  if (name.length > LONGEST_HOSTNAME) errors.push(field.tooLong(at, LONGEST_HOSTNAME))
  return errors
}

function validateDns(config: PodDNSConfig | undefined, policy: string | undefined, path: string): FieldError[] {
  const { nameservers = [], searches = [], options = [] } = config ?? {}
  if (policy === 'None' && !config) {
    return [field.required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')]
  }
  if (policy === 'None' && nameservers.length === 0) {
    const why = 'must provide at least one DNS nameserver when `dnsPolicy` is None'
    return [field.required(`${path}.nameservers`, why)]
  }
  const errors: FieldError[] = []
  if (nameservers.length > MOST_NAMESERVERS) {
    const why = `must not have more than ${MOST_NAMESERVERS} nameservers`
    errors.push(field.invalid(`${path}.nameservers`, nameservers, why))
  }
  errors.push(...nameservers.flatMap((address, i) => checkAddress(`${path}.nameservers[${i}]`, address)))
  if (searches.length > MOST_SEARCHES) {
    errors.push(field.invalid(`${path}.searches`, searches, `must not have more than ${MOST_SEARCHES} search paths`))
  }
  if (searches.join(' ').length > LONGEST_SEARCHES) {
    const why = `must not have more than ${LONGEST_SEARCHES} characters (including spaces) in the search list`
    errors.push(field.invalid(`${path}.searches`, searches, why))
  }
  errors.push(...searches.flatMap((search, i) => checkSearch(`${path}.searches[${i}]`, search)))
  const empty = (i: number) => field.required(`${path}.options[${i}]`, 'must not be empty')
  return [...errors, ...options.flatMap((option, i) => (option.name ? [] : [empty(i)]))]
}

const LABEL = '[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?'
const SEARCH = new RegExp(`^${LABEL}(\\.${LABEL})*$`)

/** Domains that are searched may have underscores and a dot at the end, or be the root. */
function checkSearch(path: string, search: string): FieldError[] {
  const domain = search.replace(/\.$/, '')
  if (search === '.' || (domain.length <= 253 && SEARCH.test(domain))) return []
  if (domain.length > 253) return [field.invalid(path, domain, 'must be no more than 253 characters')]
  const rule = `[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*`
  const why = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${rule}')`
  return [field.invalid(path, domain, why)]
}

function validateResourceClaims(claims: readonly PodResourceClaim[], path: string): FieldError[] {
  const names = new Set<string>()
  return claims.flatMap((claim, i) => {
    const at = `${path}[${i}]`
    const { name, resourceClaimName: own, resourceClaimTemplateName: template } = claim
    const errors: FieldError[] = []
    if (!name) errors.push(field.required(`${at}.name`))
    else if (names.has(name)) errors.push(field.duplicate(`${at}.name`, name))
    else errors.push(...invalidFor(`${at}.name`, name, [dnsLabelProblem(name)]))
    names.add(name)
    const shown = { Name: name, ResourceClaimName: own ?? null, ResourceClaimTemplateName: template ?? null }
    if (own !== undefined && template !== undefined) {
      const why = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'
      errors.push(field.invalid(at, shown, why))
    }
    if (own === undefined && template === undefined) {
      const why = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'
      errors.push(field.invalid(at, shown, why))
    }
    if (own !== undefined) errors.push(...checkSubdomain(`${at}.resourceClaimName`, own))
    if (template !== undefined) errors.push(...checkSubdomain(`${at}.resourceClaimTemplateName`, template))
    return errors
  })
}

/** What a pod asks for as a whole covers what its containers ask for. */
function validatePodResources(spec: PodSpec, path: string): FieldError[] {
  const { resources = {} } = spec
  const containers = spec.containers ?? []
  const errors: FieldError[] = []
  if (resources.claims)
    errors.push(field.forbidden(`${path}.claims`, 'claims cannot be set for Resources at pod-level'))
  errors.push(...validateRequirements({ ...resources, claims: [] }, path, new Set(), { ofPod: true }))
  for (const [i, container] of containers.entries()) {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const whole = resources.limits?.[name]
      if (whole === undefined || compareQuantities(limit, whole) <= 0) continue
      const at = `${path}.containers[${i}][${name}].limits`
      errors.push(field.invalid(at, limit, `must be less than or equal to pod limits of ${whole}`))
    }
  }
  return errors
}
