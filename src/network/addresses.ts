// IPv4 addresses and ranges as numbers.

const OCTET = /^(?:0|[1-9]\d{0,2})$/

/** The address as an unsigned number; nothing when it is not an IPv4 address. */
export function parseIPv4(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0
  for (const part of parts) {
    const octet = Number(part)
    if (!OCTET.test(part) || octet > 255) return undefined
    value = value * 256 + octet
  }
  return value
}

/** A range in CIDR notation. */
export interface Cidr {
  readonly first: number
  readonly last: number
  readonly bits: number
}

/** The range; nothing when it is not an IPv4 range. The host part may be set. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  const address = parseIPv4(slash < 0 ? text : text.slice(0, slash))
  const bits = slash < 0 ? 32 : Number(text.slice(slash + 1))
  if (address === undefined || !Number.isInteger(bits) || bits < 0 || bits > 32) return undefined
  const size = 2 ** (32 - bits)
  const first = Math.floor(address / size) * size
  return { first, last: first + size - 1, bits }
}
