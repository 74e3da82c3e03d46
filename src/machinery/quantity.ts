// resource.Quantity: fixed-point numbers such as `500m`, `128Mi`, `1e3`.
// Spec: https://pkg.go.dev/k8s.io/apimachinery/pkg/api/resource#Quantity

/** How a quantity was written, which decides how it is written back. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

/** A parsed quantity: exact value in nano units (1e-9). */
export interface Quantity {
  readonly nanos: bigint
  readonly format: QuantityFormat
}

const NANO = 1_000_000_000n
const DECIMAL: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const BINARY: Record<string, bigint> = {
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
}
const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/

/** Upstream's message for text that is no quantity. */
export const QUANTITY_ERROR =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

/** Parses text or a JSON number; undefined when it is no quantity. */
export function parseQuantity(input: string | number): Quantity | undefined {
  const match = PATTERN.exec(String(input).trim())
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', exponent, suffix = ''] = match
  if (whole === '' && fraction === '') return undefined
  const digits = BigInt(whole + fraction || '0')
  const scaled = scaleToNanos(digits, fraction.length, exponent, suffix)
  if (scaled === undefined) return undefined
  const format: QuantityFormat = exponent ? 'DecimalExponent' : suffix.endsWith('i') ? 'BinarySI' : 'DecimalSI'
  return { nanos: sign === '-' ? -scaled : scaled, format }
}

function scaleToNanos(
  digits: bigint,
  fractionDigits: number,
  exponent: string | undefined,
  suffix: string,
): bigint | undefined {
  const binary = BINARY[suffix]
  if (binary !== undefined) return ceilDiv(digits * binary * NANO, 10n ** BigInt(fractionDigits))
  const power = exponent ? Number(exponent.slice(1)) : (DECIMAL[suffix] ?? 0)
  if (power > 100 || power < -100) return undefined
  const shift = power + 9 - fractionDigits
  return shift >= 0 ? digits * 10n ** BigInt(shift) : ceilDiv(digits, 10n ** BigInt(-shift))
}

/** Rounds away from zero, as quantities do when they lose precision. */
function ceilDiv(a: bigint, b: bigint): bigint {
  const q = a / b
  return a % b === 0n ? q : a > 0n ? q + 1n : q - 1n
}

/** The canonical text: no fraction, the largest suffix that keeps it whole. */
export function formatQuantity(quantity: Quantity): string {
  const { nanos } = quantity
  if (nanos === 0n) return '0'
  let format = quantity.format
  const magnitude = nanos < 0n ? -nanos : nanos
  if (format === 'BinarySI' && magnitude < 1024n * NANO) format = 'DecimalSI'
  if (format === 'BinarySI') {
    let value = ceilDiv(nanos, NANO)
    const suffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
    let i = 0
    while (i < suffixes.length - 1 && value % 1024n === 0n) {
      value /= 1024n
      i += 1
    }
    return `${value}${suffixes[i]}`
  }
  let value = nanos
  let power = -9
  while (power < 18 && value % 1000n === 0n) {
    value /= 1000n
    power += 3
  }
  if (format === 'DecimalExponent') return power === 0 ? String(value) : `${value}e${power}`
  const suffix = Object.keys(DECIMAL).find((s) => DECIMAL[s] === power) ?? ''
  return `${value}${suffix}`
}

/** Whole units, rounded up: bytes, pods, cores. Throws on text that is no quantity. */
export function quantityValue(text: string | number): number {
  return Number(ceilDiv(required(text).nanos, NANO))
}

/** Thousandths, rounded up: millicores. Throws on text that is no quantity. */
export function quantityMilli(text: string | number): number {
  return Number(ceilDiv(required(text).nanos, 1_000_000n))
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export function compareQuantities(a: string | number, b: string | number): number {
  const difference = required(a).nanos - required(b).nanos
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

function required(text: string | number): Quantity {
  const parsed = parseQuantity(text)
  if (!parsed) throw new Error(`cannot read quantity ${JSON.stringify(text)}: ${QUANTITY_ERROR}`)
  return parsed
}
