// IP addresses as numbers, to tell networks from what is in them.

import { isIPv4 } from 'node:net'

const GROUP_BITS = 16n

/** An address with its leading zeros taken away, as older clients could write them. */
export function withoutZeros(address: string): string {
  return address.includes(':') ? address : address.replace(/(^|\.)0+(?=\d)/g, '$1')
}

/** The bits of an address that is known to be one. */
export function addressBits(address: string): bigint {
  if (isIPv4(address)) return BigInt(address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0))
  const [head = [], tail] = address.split('::').map(groupsOf)
  const zeros = tail ? Array<string>(8 - head.length - tail.length).fill('0') : []
  const groups = [...head, ...zeros, ...(tail ?? [])]
  return groups.reduce((sum, group) => (sum << GROUP_BITS) + BigInt(`0x${group}`), 0n)
}

/** Groups of four hexadecimal digits; an IPv4 address at the end is two of them. */
function groupsOf(text: string): string[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [group]
    const value = addressBits(group)
    return [value >> GROUP_BITS, value & 0xffffn].map((half) => half.toString(16))
  })
}

/** Whether an address says more than its first `length` bits. */
export function hasHostBits(address: string, length: number): boolean {
  const rest = BigInt((isIPv4(address) ? 32 : 128) - length)
  const bits = addressBits(address)
  return (bits >> rest) << rest !== bits
}

/** Whether the network `inner` is part of `outer`, and smaller; both are CIDR values. */
export function isWithin(inner: string, outer: string): boolean {
  const [[address, length], [network, size]] = [partsOf(inner), partsOf(outer)]
  if (isIPv4(address) !== isIPv4(network) || length <= size) return false
  const rest = BigInt((isIPv4(address) ? 32 : 128) - size)
  return addressBits(address) >> rest === addressBits(network) >> rest
}

function partsOf(cidr: string): [string, number] {
  const [address = '', length = ''] = cidr.split('/')
  return [withoutZeros(address), Number(length)]
}
