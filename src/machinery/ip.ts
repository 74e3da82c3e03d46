// IP addresses and networks as numbers: parsed strictly, written in their canonical form (RFC 5952).

import { isIPv4, isIPv6 } from 'node:net'

export type IPFamily = 'IPv4' | 'IPv6'

export interface Address {
  readonly family: IPFamily
  readonly bits: bigint
}

/** A network; `bits` are those of its first address. */
export interface Network extends Address {
  readonly length: number
}

const WIDTH: Readonly<Record<IPFamily, number>> = { IPv4: 32, IPv6: 128 }
const GROUPS = 8
const GROUP_BITS = 16n

/** The address that a text is; undefined when it is none. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 'IPv4', bits: ipv4Bits(text) }
  if (!isIPv6(text) || text.includes('%')) return undefined
  const [head = [], tail] = text.split('::').map(groupsOf)
  const zeros = tail ? Array<bigint>(GROUPS - head.length - tail.length).fill(0n) : []
  const bits = [...head, ...zeros, ...(tail ?? [])].reduce((sum, group) => (sum << GROUP_BITS) + group, 0n)
  return { family: 'IPv6', bits }
}

function ipv4Bits(text: string): bigint {
  return text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n)
}

/** Groups of four hexadecimal digits; an IPv4 address at the end is two of them. */
function groupsOf(text: string): bigint[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)]
    const bits = ipv4Bits(group)
    return [bits >> GROUP_BITS, bits & 0xffffn]
  })
}

/** The canonical text of an address. */
export function formatAddress({ family, bits }: Address): string {
  if (family === 'IPv4') return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 255n)).join('.')
  // An IPv4-mapped address shows the address that it stands for.
  if (bits >> 32n === 0xffffn) return `::ffff:${formatAddress({ family: 'IPv4', bits: bits & 0xffffffffn })}`
  const groups = Array.from({ length: GROUPS }, (_, i) =>
    ((bits >> (GROUP_BITS * BigInt(GROUPS - 1 - i))) & 0xffffn).toString(16),
  )
  const run = longestZeros(groups)
  if (run.length < 2) return groups.join(':')
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.start + run.length).join(':')}`
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  for (const [i, group] of groups.entries()) {
    length = group === '0' ? length + 1 : 0
    if (length > best.length) best = { start: i - length + 1, length }
  }
  return best
}

/** The network that a text like `10.96.0.0/16` is; undefined when it is none. Bits beyond its length are cut off. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', length = '', ...more] = text.split('/')
  const parsed = parseAddress(address)
  if (!parsed || more.length > 0 || !/^(0|[1-9]\d*)$/.test(length)) return undefined
  const size = Number(length)
  if (size > WIDTH[parsed.family]) return undefined
  const rest = BigInt(WIDTH[parsed.family] - size)
  return { family: parsed.family, bits: (parsed.bits >> rest) << rest, length: size }
}

export function formatNetwork(network: Network): string {
  return `${formatAddress(network)}/${network.length}`
}

/** How many addresses a network has. */
export function sizeOf({ family, length }: Network): bigint {
  return 1n << BigInt(WIDTH[family] - length)
}

/** Whether all of `inner` is in `outer`; a network contains itself. */
export function containsNetwork(outer: Network, inner: Network): boolean {
  return outer.family === inner.family && outer.length <= inner.length && containsAddress(outer, inner)
}

export function containsAddress(network: Network, address: Address): boolean {
  if (network.family !== address.family) return false
  const rest = BigInt(WIDTH[network.family] - network.length)
  return address.bits >> rest === network.bits >> rest
}

/** The family of a text that is known to be an address. */
export function familyOf(address: string): IPFamily {
  return address.includes(':') ? 'IPv6' : 'IPv4'
}
