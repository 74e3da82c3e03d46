// The addresses of services and their families: what is refused, and how the old field and the new one keep in step.
// Models: ValidateServiceClusterIPsRelatedFields of k8s.io/kubernetes/pkg/apis/core/validation, and the service strategy.

import type { ServiceSpec } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { familyOf } from '../../../machinery/ip.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { checkAddress, checkOptionalEnum } from './field-checks.ts'

const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
const ADDRESSES = 'spec.clusterIPs'
const ONCE = 'may not change once set'

const isHeadless = (spec: ServiceSpec) => spec.clusterIP === 'None'

export function validateFamilies(spec: ServiceSpec, old?: ServiceSpec): FieldError[] {
  const { type, clusterIP = '', clusterIPs = [], ipFamilies = [] } = spec
  if (type === 'ExternalName') return []
  const errors: FieldError[] = []
  if (clusterIP !== '' && clusterIPs.length === 0) errors.push(field.required(ADDRESSES))
  else if (clusterIPs.length > 0 && clusterIPs[0] !== clusterIP) {
    const why =
      clusterIP === '' ? 'must be empty when `clusterIP` is not specified' : 'first value must match `clusterIP`'
    errors.push(field.invalid(ADDRESSES, clusterIPs, why))
  }
  for (const [i, family] of ipFamilies.entries()) {
    const at = `spec.ipFamilies[${i}]`
    errors.push(...checkOptionalEnum(at, family, ['IPv4', 'IPv6']))
    if (ipFamilies.indexOf(family) < i) errors.push(field.duplicate(at, family))
  }
  errors.push(...checkOptionalEnum('spec.ipFamilyPolicy', spec.ipFamilyPolicy, FAMILY_POLICIES))
  const wrong = checkAddresses(clusterIPs, old?.clusterIPs)
  errors.push(...wrong)
  if (clusterIPs.length > 2) errors.push(field.invalid(ADDRESSES, clusterIPs, 'may only hold up to 2 values'))
  // What comes now would only say the same again.
  if (wrong.length > 0) return errors
  const [first = '', second] = clusterIPs
  if (second !== undefined && clusterIPs.every((address) => familyOf(address) === familyOf(first))) {
    errors.push(field.invalid(ADDRESSES, clusterIPs, 'may specify no more than one IP for each IP family'))
  }
  if (isHeadless(spec)) return errors
  for (const [i, address] of clusterIPs.entries()) {
    const expected = ipFamilies[i]
    if (expected === undefined || familyOf(address) === expected) continue
    const why = `expected an ${expected} value as indicated by \`ipFamilies[${i}]\``
    errors.push(field.invalid(`${ADDRESSES}[${i}]`, address, why))
  }
  return errors
}

function checkAddresses(clusterIPs: readonly string[], known: readonly string[] | undefined): FieldError[] {
  return clusterIPs.flatMap((address, i) => {
    if (i > 0 || address !== 'None') return checkAddress(`${ADDRESSES}[${i}]`, address, known)
    return clusterIPs.length > 1
      ? [field.invalid(ADDRESSES, clusterIPs, "'None' must be the first and only value")]
      : []
  })
}

/** The first address and family stay; a second one may come and go. */
export function validateFamilyUpdate(now: ServiceSpec, before: ServiceSpec): FieldError[] {
  if (now.type === 'ExternalName' || before.type === 'ExternalName') return []
  return [...checkAddressChange(now, before), ...checkFamilyChange(now, before)]
}

function checkAddressChange(now: ServiceSpec, before: ServiceSpec): FieldError[] {
  if (isHeadless(now) && isHeadless(before)) return []
  const [addresses, old] = [now.clusterIPs ?? [], before.clusterIPs ?? []]
  if (old.length === 0) return []
  if (addresses.length === 0) {
    return [field.invalid(`${ADDRESSES}[0]`, addresses, 'primary clusterIP can not be unset')]
  }
  return changed(ADDRESSES, addresses, old)
}

function checkFamilyChange(now: ServiceSpec, before: ServiceSpec): FieldError[] {
  // Without a selector someone else says where it leads.
  if (isHeadless(now) && Object.keys(now.selector ?? {}).length === 0) return []
  const [families, old] = [now.ipFamilies ?? [], before.ipFamilies ?? []]
  return old.length === 0 || families.length === 0 ? [] : changed('spec.ipFamilies', families, old)
}

function changed(path: string, now: readonly string[], old: readonly string[]): FieldError[] {
  const compared = now.length === old.length ? now.length : 1
  return now
    .slice(0, compared)
    .flatMap((value, i) => (value === old[i] ? [] : [field.invalid(`${path}[${i}]`, now, ONCE)]))
}

/** Fills the list from the single address, or one of them from a client that changed only the other. */
export function alignAddresses(spec: ServiceSpec, old: ServiceSpec | undefined): void {
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]
    return
  }
  const sameList = sameJson(spec.clusterIPs ?? [], old.clusterIPs ?? [])
  const sameSingle = (spec.clusterIP ?? '') === (old.clusterIP ?? '')
  if (!sameSingle && sameList) {
    if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP]
    else delete spec.clusterIPs
  } else if (!sameList && sameSingle) {
    const [first] = spec.clusterIPs ?? []
    if (first === undefined) delete spec.clusterIP
    else spec.clusterIP = first
  }
}

/** A client that leaves addresses out keeps them. */
export function keepAddresses(spec: ServiceSpec, old: ServiceSpec): void {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return
  if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP
  if (!spec.clusterIPs?.length && old.clusterIPs?.length) spec.clusterIPs = [...old.clusterIPs]
}

/** An external name has no addresses: those that the client just left go. */
export function dropAddresses(spec: ServiceSpec, old: ServiceSpec): void {
  if (spec.type !== 'ExternalName' || old.type === 'ExternalName') return
  if (!spec.clusterIP || spec.clusterIP === old.clusterIP) {
    if (sameJson(spec.clusterIPs ?? [], old.clusterIPs ?? [])) delete spec.clusterIPs
    delete spec.clusterIP
  }
  if (sameJson(spec.ipFamilies, old.ipFamilies)) delete spec.ipFamilies
  if (spec.ipFamilyPolicy === old.ipFamilyPolicy) delete spec.ipFamilyPolicy
  if (spec.internalTrafficPolicy === old.internalTrafficPolicy) delete spec.internalTrafficPolicy
}
