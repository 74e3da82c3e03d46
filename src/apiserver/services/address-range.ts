// Which addresses of a range services get: the upper part first, the lower is for those that are picked by hand.
// Spec: https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/ (KEP-3070)

import { type Address, containsAddress, type IPFamily, type Network, sizeOf } from '../../machinery/ip.ts'
import type { Random } from '../../machinery/random.ts'

export interface AddressRange {
  readonly family: IPFamily
  readonly first: bigint
  /** Where the upper part begins. */
  readonly upper: bigint
  readonly last: bigint
}

const LEAST = 16n
const MOST = 256n
const STEP = 16n

/** The addresses of a network that services can have: not its own, and of IPv4 not the one of everybody. */
export function rangeOf(network: Network): AddressRange {
  const size = sizeOf(network)
  const first = network.bits + 1n
  const last = network.bits + size - (network.family === 'IPv4' ? 2n : 1n)
  return { family: network.family, first, upper: first + lowerSize(size), last }
}

/** Upstream's calculateRangeOffset. */
function lowerSize(size: bigint): bigint {
  if (size <= LEAST) return 0n
  const share = size / STEP
  return share < LEAST ? LEAST : share > MOST ? MOST : share
}

/** Whether a service can have the address from this network. Upstream's PrefixContainsIP. */
export function isUsable(network: Network, address: Address): boolean {
  const { first, last } = rangeOf(network)
  return containsAddress(network, address) && address.bits >= first && address.bits <= last
}

/** A free address: from somewhere in the upper part on, then in the lower. Undefined when there is none. */
export function findFree(
  range: AddressRange,
  isTaken: (address: Address) => boolean,
  random: Pick<Random, 'next'>,
): Address | undefined {
  const { family, first, upper, last } = range
  return (
    search({ family, from: upper, to: last }, isTaken, random) ??
    search({ family, from: first, to: upper - 1n }, isTaken, random)
  )
}

/** Random numbers have so many bits. */
const RANDOM_BITS = 48

function search(
  { family, from, to }: { family: IPFamily; from: bigint; to: bigint },
  isTaken: (address: Address) => boolean,
  random: Pick<Random, 'next'>,
): Address | undefined {
  const size = to - from + 1n
  if (size <= 0n) return undefined
  const start = (BigInt(Math.floor(random.next() * 2 ** RANDOM_BITS)) * size) >> BigInt(RANDOM_BITS)
  for (let i = 0n; i < size; i++) {
    const address = { family, bits: from + ((start + i) % size) }
    if (!isTaken(address)) return address
  }
  return undefined
}
