// Which IP families a service has: what it asks for, what it had, and what the cluster has ranges of.
// Model: initIPFamilyFields of k8s.io/kubernetes/pkg/registry/core/service/storage/alloc.go.

import type { Service, ServiceSpec } from '../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../machinery/errors.ts'
import { familyOf } from '../../machinery/ip.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { validateFamilies } from '../resources/core/service-families.ts'

const POLICY = 'spec.ipFamilyPolicy'

export const isHeadless = (spec: ServiceSpec) => spec.clusterIP === 'None'
const other = (family: string | undefined) => (family === 'IPv4' ? 'IPv6' : 'IPv4')

/**
 * Fills in `ipFamilies` and `ipFamilyPolicy`, and takes away the second address of a service that is to have one.
 * `configured`: the families that the cluster has ranges of, the default first. Gives what cannot be.
 */
export function settleFamilies(
  service: Service,
  old: Service | undefined,
  configured: readonly string[],
): readonly FieldError[] {
  const { spec } = service
  if (spec.type === 'ExternalName' || keepsPreference(spec, old?.spec)) return []
  spec.ipFamilyPolicy ??= old?.spec.ipFamilyPolicy ?? defaultPolicy(spec)
  const loose = validateFamilies(spec)
  if (loose.length > 0) return loose
  const errors = [
    ...(old ? checkReduction(spec, old.spec) : []),
    ...checkSingle(spec),
    ...inferFamilies(spec, configured),
  ]
  if (errors.length > 0) return errors
  if (isHeadless(spec) && isSelectorless(spec)) {
    spec.ipFamilies = spec.ipFamilies?.length ? spec.ipFamilies : [configured[0] ?? 'IPv4']
    if (spec.ipFamilies.length < 2 && spec.ipFamilyPolicy !== 'SingleStack') {
      spec.ipFamilies = [...spec.ipFamilies, other(spec.ipFamilies[0])]
    }
    return []
  }
  const missing = checkConfigured(spec, configured)
  if (missing.length > 0) return missing
  spec.ipFamilies = spec.ipFamilies?.length ? spec.ipFamilies : [configured[0] ?? 'IPv4']
  if (spec.ipFamilyPolicy !== 'SingleStack' && spec.ipFamilies.length === 1 && configured.length === 2) {
    spec.ipFamilies = [...spec.ipFamilies, other(spec.ipFamilies[0])]
  }
  return []
}

const isSelectorless = ({ selector = {} }: ServiceSpec) => Object.keys(selector).length === 0

/** Endpoints that someone else writes may be of both families. */
function defaultPolicy(spec: ServiceSpec): string {
  return isHeadless(spec) && isSelectorless(spec) ? 'RequireDualStack' : 'SingleStack'
}

/** A preference is weighed once: what the cluster can do may change later, the service does not. */
function keepsPreference(spec: ServiceSpec, old: ServiceSpec | undefined): boolean {
  const prefers = (policy: string | undefined) => policy === undefined || policy === 'PreferDualStack'
  return (
    old !== undefined &&
    spec.ipFamilyPolicy !== undefined &&
    old.type === spec.type &&
    prefers(spec.ipFamilyPolicy) &&
    prefers(old.ipFamilyPolicy) &&
    sameJson(spec.clusterIPs ?? [], old.clusterIPs ?? []) &&
    sameJson(spec.ipFamilies ?? [], old.ipFamilies ?? [])
  )
}

function checkReduction(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  const { clusterIPs = [], ipFamilies = [] } = spec
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (clusterIPs.length > 1 && sameJson(clusterIPs, old.clusterIPs ?? [])) spec.clusterIPs = clusterIPs.slice(0, 1)
    if (ipFamilies.length > 1 && sameJson(ipFamilies, old.ipFamilies ?? [])) spec.ipFamilies = ipFamilies.slice(0, 1)
    return []
  }
  const fewer = (now: readonly unknown[], before: readonly unknown[] = []) =>
    now.length > 0 && now.length < before.length
  const release = (what: string) =>
    field.invalid(POLICY, spec.ipFamilyPolicy, `must be 'SingleStack' to release the secondary ${what}`)
  return [
    ...(fewer(clusterIPs, old.clusterIPs) ? [release('cluster IP')] : []),
    ...(fewer(ipFamilies, old.ipFamilies) ? [release('IP family')] : []),
  ]
}

function checkSingle({ ipFamilyPolicy, clusterIPs = [], ipFamilies = [] }: ServiceSpec): FieldError[] {
  if (ipFamilyPolicy !== 'SingleStack') return []
  const several = (what: string) =>
    field.invalid(
      POLICY,
      ipFamilyPolicy,
      `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
    )
  return [
    ...(clusterIPs.length === 2 ? [several('cluster IPs')] : []),
    ...(ipFamilies.length === 2 ? [several('IP families')] : []),
  ]
}

/** Addresses say which families there are where nothing else does. */
function inferFamilies(spec: ServiceSpec, configured: readonly string[]): FieldError[] {
  const errors: FieldError[] = []
  const { clusterIPs = [] } = spec
  if (clusterIPs[0] === 'None') return []
  for (const [i, address] of clusterIPs.entries()) {
    if (i < (spec.ipFamilies?.length ?? 0)) continue
    const family = familyOf(address)
    if (configured.includes(family)) spec.ipFamilies = [...(spec.ipFamilies ?? []), family]
    else errors.push(field.invalid(`spec.clusterIPs[${i}]`, clusterIPs, `${family} is not configured on this cluster`))
  }
  return errors
}

function checkConfigured(
  { ipFamilyPolicy, ipFamilies = [] }: ServiceSpec,
  configured: readonly string[],
): FieldError[] {
  const single = ipFamilyPolicy === 'RequireDualStack' && configured.length < 2
  return [
    ...(single
      ? [field.invalid(POLICY, ipFamilyPolicy, 'this cluster is not configured for dual-stack services')]
      : []),
    ...ipFamilies.flatMap((family, i) =>
      configured.includes(family)
        ? []
        : [field.invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster')],
    ),
  ]
}
