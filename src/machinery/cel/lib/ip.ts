// IP addresses and networks. Libraries: k8s.io/apiserver/pkg/cel/library, ip and cidr.

import { type Declaration, fail } from '../functions.ts'
import { CIDR, IP } from '../types.ts'
import { Opaque } from '../values.ts'

class Address {
  readonly bytes: readonly number[]
  constructor(bytes: readonly number[]) {
    this.bytes = bytes
  }
  /** In bytes: what costs are counted in. */
  get size(): number {
    return this.bytes.length
  }
}

class Network {
  readonly address: Address
  readonly prefix: number
  constructor(address: Address, prefix: number) {
    this.address = address
    this.prefix = prefix
  }
  get size(): number {
    return Math.ceil(this.prefix / 8)
  }
}

function parseV4(text: string): number[] | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined
  return parts.map(Number)
}

function parseV6(text: string): number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, i) => groups(half, i === halves.length - 1))
  if (!head || (halves.length === 2 && !tail)) return undefined
  if (halves.length === 1) return head.length === 16 ? head : undefined
  const zeros = 16 - head.length - (tail?.length ?? 0)
  return zeros < 2 ? undefined : [...head, ...Array<number>(zeros).fill(0), ...(tail ?? [])]
}

function groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const v4 = parseV4(part)
      if (!v4) return undefined
      bytes.push(...v4)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
      const group = Number.parseInt(part, 16)
      bytes.push(group >> 8, group & 255)
    }
  }
  return bytes.length <= 16 ? bytes : undefined
}

/** An address, or what is wrong with the text. */
function readAddress(text: string): Address | string {
  if (text.includes('%')) return `IP address ${JSON.stringify(text)} with zone value is not allowed`
  const bytes = text.includes(':') ? parseV6(text) : parseV4(text)
  if (!bytes) {
    const why = `ParseAddr(${JSON.stringify(text)}): unable to parse IP`
    return `IP Address ${JSON.stringify(text)} parse error during conversion from string: ${why}`
  }
  return isMapped(bytes) ? `IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed` : new Address(bytes)
}

function isMapped(bytes: readonly number[]): boolean {
  return bytes.length === 16 && bytes.every((byte, i) => (i < 10 ? byte === 0 : i < 12 ? byte === 255 : true))
}

function readNetwork(text: string): Network | string {
  const error = (why: string) =>
    `network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): ${why}`
  const slash = text.lastIndexOf('/')
  if (slash < 0) return error("no '/'")
  const bits = text.slice(slash + 1)
  const address = readAddress(text.slice(0, slash))
  if (typeof address === 'string')
    return address.startsWith('IPv4-mapped')
      ? `IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`
      : error('unable to parse IP')
  if (!/^(0|[1-9]\d{0,2})$/.test(bits)) return error(`bad bits after slash: ${JSON.stringify(bits)}`)
  if (Number(bits) > address.size * 8) return error('prefix length out of range')
  return new Network(address, Number(bits))
}

function formatAddress({ bytes }: Address): string {
  if (bytes.length === 4) return bytes.join('.')
  const words = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0))
  let best = { from: -1, length: 1 }
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && words[end] === 0) end++
    if (end - i > best.length) best = { from: i, length: end - i }
  }
  const hex = (part: readonly number[]) => part.map((word) => word.toString(16)).join(':')
  if (best.from < 0) return hex(words)
  return `${hex(words.slice(0, best.from))}::${hex(words.slice(best.from + best.length))}`
}

const sameBytes = (a: Address, b: Address) => a.size === b.size && a.bytes.every((byte, i) => byte === b.bytes[i])

function masked({ address, prefix }: Network): Network {
  const bytes = address.bytes.map((byte, i) => {
    const kept = Math.min(8, Math.max(0, prefix - 8 * i))
    return byte & (0xff00 >> kept) & 255
  })
  return new Network(new Address(bytes), prefix)
}

function covers(network: Network, address: Address): boolean {
  if (network.address.size !== address.size) return false
  return sameBytes(masked(network).address, masked(new Network(address, network.prefix)).address)
}

function ipOf(address: Address): Opaque {
  return new Opaque(IP, address, (other) => other instanceof Address && sameBytes(address, other))
}

function cidrOf(network: Network): Opaque {
  const equals = (other: unknown) =>
    other instanceof Network && other.prefix === network.prefix && sameBytes(network.address, other.address)
  return new Opaque(CIDR, network, equals)
}

function orFail<T extends object>(result: T | string): T {
  return typeof result === 'string' ? fail(result) : result
}

const address = (text: string) => orFail(readAddress(text))
const network = (text: string) => orFail(readNetwork(text))
const dataOf = (ip: Opaque) => ip.data as Address
const netOf = (cidr: Opaque) => cidr.data as Network

const is = (test: (bytes: readonly number[]) => boolean) => (ip: Opaque) => test(dataOf(ip).bytes)
const unspecified = (b: readonly number[]) => b.every((byte) => byte === 0)
const loopback = (b: readonly number[]) =>
  b.length === 4 ? b[0] === 127 : b.every((byte, i) => byte === (i === 15 ? 1 : 0))
const localMulticast = (b: readonly number[]) =>
  b.length === 4 ? b[0] === 224 && b[1] === 0 && b[2] === 0 : b[0] === 0xff && ((b[1] ?? 0) & 15) === 2
const localUnicast = (b: readonly number[]) =>
  b.length === 4 ? b[0] === 169 && b[1] === 254 : b[0] === 0xfe && ((b[1] ?? 0) & 0xc0) === 0x80
const multicast = (b: readonly number[]) => (b.length === 4 ? ((b[0] ?? 0) & 0xf0) === 0xe0 : b[0] === 0xff)
const globalUnicast = (b: readonly number[]) =>
  !(unspecified(b) || loopback(b) || multicast(b) || localUnicast(b)) && !(b.length === 4 && b.every((x) => x === 255))

const containsCidr = (outer: Network, inner: Network) => outer.prefix <= inner.prefix && covers(outer, inner.address)

/** Upstream looks for a bool in what is wrong with the text, and finds none. */
function addressIn(text: string): Address {
  const read = readAddress(text)
  return typeof read === 'string' ? fail('no such overload') : read
}

/** Upstream wraps what is wrong twice. */
function networkIn(text: string): Network {
  const read = readNetwork(text)
  return typeof read === 'string' ? fail(`network address parse error during conversion from string: ${read}`) : read
}

export const IPS: readonly Declaration[] = [
  ['ip', 'string_to_ip', '(string)->ip', (text: string) => ipOf(address(text))],
  ['isIP', 'is_ip', '(string)->bool', (text: string) => typeof readAddress(text) !== 'string'],
  ['ip.isCanonical', 'ip_is_canonical', '(string)->bool', (text: string) => formatAddress(address(text)) === text],
  ['family', 'ip_family', 'ip.()->int', (ip: Opaque) => (dataOf(ip).size === 4 ? 4n : 6n)],
  ['isUnspecified', 'ip_is_unspecified', 'ip.()->bool', is(unspecified)],
  ['isLoopback', 'ip_is_loopback', 'ip.()->bool', is(loopback)],
  ['isLinkLocalMulticast', 'ip_is_link_local_multicast', 'ip.()->bool', is(localMulticast)],
  ['isLinkLocalUnicast', 'ip_is_link_local_unicast', 'ip.()->bool', is(localUnicast)],
  ['isGlobalUnicast', 'ip_is_global_unicast', 'ip.()->bool', is(globalUnicast)],
  ['string', 'ip_to_string', '(ip)->string', (ip: Opaque) => formatAddress(dataOf(ip))],
  ['cidr', 'string_to_cidr', '(string)->cidr', (text: string) => cidrOf(network(text))],
  ['isCIDR', 'is_cidr', '(string)->bool', (text: string) => typeof readNetwork(text) !== 'string'],
  [
    'containsIP',
    'cidr_contains_ip_string',
    'cidr.(string)->bool',
    (c: Opaque, text: string) => covers(netOf(c), addressIn(text)),
  ],
  [
    'containsIP',
    'cidr_contains_ip_ip',
    'cidr.(ip)->bool',
    (cidr: Opaque, ip: Opaque) => covers(netOf(cidr), dataOf(ip)),
  ],
  [
    'containsCIDR',
    'cidr_contains_cidr_string',
    'cidr.(string)->bool',
    (cidr: Opaque, text: string) => containsCidr(netOf(cidr), networkIn(text)),
  ],
  [
    'containsCIDR',
    'cidr_contains_cidr',
    'cidr.(cidr)->bool',
    (a: Opaque, b: Opaque) => containsCidr(netOf(a), netOf(b)),
  ],
  ['ip', 'cidr_ip', 'cidr.()->ip', (cidr: Opaque) => ipOf(netOf(cidr).address)],
  ['prefixLength', 'cidr_prefix_length', 'cidr.()->int', (cidr: Opaque) => BigInt(netOf(cidr).prefix)],
  ['masked', 'cidr_masked', 'cidr.()->cidr', (cidr: Opaque) => cidrOf(masked(netOf(cidr)))],
  [
    'string',
    'cidr_to_string',
    '(cidr)->string',
    (cidr: Opaque) => `${formatAddress(netOf(cidr).address)}/${netOf(cidr).prefix}`,
  ],
]
