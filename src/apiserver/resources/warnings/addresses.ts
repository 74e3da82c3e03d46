// What to write instead of addresses and networks that can be read in more than one way.
// Model: k8s.io/apimachinery/pkg/util/validation, GetWarningsForIP and GetWarningsForCIDR.

import { type Address, formatAddress, formatNetwork, parseAddress, parseNetwork } from '../../../machinery/ip.ts'
import { withoutZeros } from '../core/address-bits.ts'

const MAPPED_BITS = 96

const quoted = (text: string) => JSON.stringify(text)
const isMapped = ({ family, bits }: Address) => family === 'IPv6' && bits >> 32n === 0xffffn
const unmapped = (address: Address): Address =>
  isMapped(address) ? { family: 'IPv4', bits: address.bits & 0xffffffffn } : address

/** Of an address at `path`; nothing of what is none. */
export function addressWarnings(path: string, value: string): string[] {
  const address = parseAddress(withoutZeros(value))
  if (!address) return []
  if (withoutZeros(value) !== value || isMapped(address)) {
    const better = formatAddress(unmapped(address))
    return [`${path}: non-standard IP address ${quoted(value)} is invalid: use ${quoted(better)}`]
  }
  const canonical = formatAddress(address)
  if (address.family === 'IPv4' || canonical === value) return []
  return [`${path}: IPv6 address ${quoted(value)} should be in RFC 5952 canonical format (${quoted(canonical)})`]
}

/** Of a network at `path`; nothing of what is none. */
export function networkWarnings(path: string, value: string): string[] {
  const [host = '', bits = ''] = value.split('/')
  const address = parseAddress(withoutZeros(host))
  const plain = `${withoutZeros(host)}/${Number(bits)}`
  const network = parseNetwork(plain)
  if (!address || !network) return []
  const mapped = isMapped(address) && network.length >= MAPPED_BITS
  const better = formatNetwork(mapped ? { ...unmapped(network), length: network.length - MAPPED_BITS } : network)
  const warnings: string[] = []
  if (address.bits !== network.bits) {
    const single = `${formatAddress(unmapped(address))}/${address.family === 'IPv4' ? 32 : 128}`
    const choice = `${quoted(better)} or ${quoted(single)}`
    warnings.push(`${path}: CIDR value ${quoted(value)} is ambiguous in this context (should be ${choice}?)`)
  }
  if (plain !== value || isMapped(address)) {
    warnings.push(`${path}: non-standard CIDR value ${quoted(value)} is invalid: use ${quoted(better)}`)
  }
  if (warnings.length > 0 || address.family === 'IPv4' || better === value) return warnings
  return [`${path}: IPv6 CIDR value ${quoted(value)} should be in RFC 5952 canonical format (${quoted(better)})`]
}
