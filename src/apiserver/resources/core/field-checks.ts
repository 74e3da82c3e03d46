// Small checks that the rules of many kinds share. Wording: k8s.io/apimachinery/pkg/util/validation.

import { isIPv4, isIPv6 } from 'node:net'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { formatAddress, parseAddress } from '../../../machinery/ip.ts'
import { dnsSubdomainProblem, portNameProblems, portProblem, qualifiedNameProblems } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { hasHostBits, withoutZeros } from './address-bits.ts'

export const NON_NEGATIVE = 'must be greater than or equal to 0'
const POSITIVE = 'must be greater than 0'
const MAX_INT32 = 2_147_483_647

/** One error per problem of a value. */
export function invalidFor(path: string, value: unknown, problems: readonly (string | undefined)[]): FieldError[] {
  return problems.filter((problem) => problem !== undefined).map((problem) => field.invalid(path, value, problem))
}

export function checkRequired(path: string, value: string | undefined): FieldError[] {
  return value ? [] : [field.required(path)]
}

export function checkSubdomain(path: string, value = ''): FieldError[] {
  return invalidFor(path, value, [dnsSubdomainProblem(value)])
}

export function checkQualifiedName(path: string, value = ''): FieldError[] {
  return invalidFor(path, value, qualifiedNameProblems(value))
}

/** A value of a list that may be left out. */
export function checkOptionalEnum(path: string, value: string | undefined, allowed: readonly string[]): FieldError[] {
  return value === undefined || allowed.includes(value) ? [] : [field.notSupported(path, value, allowed)]
}

/** A value of a list that has to be there. */
export function checkEnum(path: string, value: string | undefined, allowed: readonly string[]): FieldError[] {
  return value ? checkOptionalEnum(path, value, allowed) : [field.required(path)]
}

export function checkNonNegative(path: string, value: number | undefined): FieldError[] {
  return (value ?? 0) < 0 ? [field.invalid(path, value, NON_NEGATIVE)] : []
}

export function checkPositive(path: string, value: number): FieldError[] {
  return value > 0 ? [] : [field.invalid(path, value, POSITIVE)]
}

export function checkRange(path: string, value: number | undefined, from: number, to: number): FieldError[] {
  if (value === undefined || (value >= from && value <= to)) return []
  return [field.invalid(path, value, `must be between ${from} and ${to}, inclusive`)]
}

/** A value that stays as it is from the beginning. */
export function immutable(path: string, value: unknown, old: unknown): FieldError[] {
  return sameJson(value, old) ? [] : [field.invalid(path, value ?? null, 'field is immutable')]
}

/** The number of a user or a group. */
export function checkId(path: string, id: number | undefined): FieldError[] {
  return checkRange(path, id, 0, MAX_INT32)
}

/** The bits of a file's mode. */
export function checkFileMode(path: string, mode: number | undefined): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return []
  return [field.invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
}

export function checkPort(path: string, port: number | string | undefined): FieldError[] {
  if (typeof port === 'string') return invalidFor(path, port, portNameProblems(port))
  return invalidFor(path, port ?? 0, [portProblem(port ?? 0)])
}

export function checkNoBacksteps(path: string, value: string): FieldError[] {
  return value.split('/').includes('..') ? [field.invalid(path, value, "must not contain '..'")] : []
}

/** A path below another one. */
export function checkDescendingPath(path: string, value: string): FieldError[] {
  const absolute = value.startsWith('/') ? [field.invalid(path, value, 'must be a relative path')] : []
  return [...absolute, ...checkNoBacksteps(path, value)]
}

/** A path below another one, where names that start with two dots are the server's own. */
export function checkNonReservedPath(path: string, value: string): FieldError[] {
  const reserved = value.startsWith('..') && !value.startsWith('../')
  return [
    ...checkDescendingPath(path, value),
    ...(reserved ? [field.invalid(path, value, "must not start with '..'")] : []),
  ]
}

const MAPPED = /^::ffff:\d+\./i
const LEADING_ZERO = /(^|\.)0\d/
const BAD_ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const BAD_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

function isAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes('%'))
}

/** Whether an address can be read in any way, with leading zeros too. Upstream: ParseIPSloppy. */
export function isReadableAddress(value: string): boolean {
  return isAddress(withoutZeros(value))
}

/** `known`: what was there before the rules were as strict. Upstream: IsValidIPForLegacyField. */
export function checkAddress(path: string, value: string, known: readonly string[] = []): FieldError[] {
  if (known.includes(value)) return []
  if (!isReadableAddress(value)) return [field.invalid(path, value, BAD_ADDRESS)]
  if (!value.includes(':') && LEADING_ZERO.test(value)) return [field.invalid(path, value, 'must not have leading 0s')]
  if (MAPPED.test(value)) return [field.invalid(path, value, 'must not be an IPv4-mapped IPv6 address')]
  return []
}

/** An address in the one form that is asked for today. Upstream: IsValidIP. */
export function checkCanonicalAddress(path: string, value: string): FieldError[] {
  const errors = checkAddress(path, value)
  const address = parseAddress(value)
  if (errors.length > 0 || !address) return errors
  const canonical = formatAddress(address)
  return canonical === value
    ? []
    : [field.invalid(path, value, `must be in canonical form (${JSON.stringify(canonical)})`)]
}

/** Whether a network can be read in any way, with leading zeros too. Upstream: ParseCIDRSloppy. */
export function isReadableCidr(value: string): boolean {
  const [address = '', bits = '', ...more] = value.split('/')
  const most = address.includes(':') ? 128 : 32
  return more.length === 0 && /^\d+$/.test(bits) && Number(bits) <= most && isAddress(withoutZeros(address))
}

/** `known`: what was there before the rules were as strict. Upstream: IsValidCIDRForLegacyField. */
export function checkCidr(path: string, value: string, known: readonly string[] = []): FieldError[] {
  if (known.includes(value)) return []
  const [address = '', bits = ''] = value.split('/')
  if (!isReadableCidr(value)) return [field.invalid(path, value, BAD_CIDR)]
  if ((!address.includes(':') && LEADING_ZERO.test(address)) || /^0\d/.test(bits)) {
    return [field.invalid(path, value, 'must not have leading 0s in IP or prefix length')]
  }
  if (MAPPED.test(address)) return [field.invalid(path, value, 'must not have an IPv4-mapped IPv6 address')]
  if (hasHostBits(address, Number(bits))) {
    return [field.invalid(path, value, 'must not have bits set beyond the prefix length')]
  }
  return []
}

const LOOPBACK = 'may not be in the loopback range (127.0.0.0/8, ::1/128)'
const LINK_LOCAL = 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'
const LINK_LOCAL_MULTICAST = 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'

/** Refuses addresses that mean something else on every machine. */
export function checkSpecialAddress(path: string, address: string): FieldError[] {
  if (/^(0\.0\.0\.0|[0:]+)$/.test(address)) return [field.invalid(path, address, `may not be unspecified (${address})`)]
  const why =
    /^127\./.test(address) || /^[0:]*:0*1$/.test(address)
      ? LOOPBACK
      : /^169\.254\./.test(address) || /^fe[89ab][0-9a-f]:/i.test(address)
        ? LINK_LOCAL
        : /^224\.0\.0\./.test(address) || /^ff02:/i.test(address)
          ? LINK_LOCAL_MULTICAST
          : undefined
  return invalidFor(path, address, [why])
}

/**
 * Refuses addresses at which no endpoint can be. The API server and the nodes of a machine may share its loopback
 * address, so that it is none too special here.
 */
export function checkEndpointAddress(path: string, address: string): FieldError[] {
  return address.startsWith('127.') ? [] : checkSpecialAddress(path, address)
}

/** A whole number from zero on, or so many percent. */
export function checkIntOrPercent(path: string, value: number | string | undefined): FieldError[] {
  if (typeof value !== 'string') return checkNonNegative(path, value)
  if (/^[0-9]+%$/.test(value)) return []
  const why =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
  return [field.invalid(path, value, why)]
}

/** No more than the whole. */
export function checkAtMostWhole(path: string, value: number | string | undefined): FieldError[] {
  if (typeof value !== 'string' || !/^[0-9]+%$/.test(value) || Number(value.slice(0, -1)) <= 100) return []
  return [field.invalid(path, value, 'must not be greater than 100%')]
}

/** Whether a number or percentage is zero; texts that are neither count as zero. */
export function isZero(value: number | string | undefined): boolean {
  return typeof value === 'string' ? !/^[0-9]*[1-9][0-9]*%$/.test(value) : (value ?? 0) === 0
}
