import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareQuantities, formatQuantity, parseQuantity, quantityMilli, quantityValue } from './quantity.ts'

const SUFFIXES = [
  'n',
  'u',
  'm',
  '',
  'k',
  'M',
  'G',
  'T',
  'P',
  'E',
  'Ki',
  'Mi',
  'Gi',
  'Ti',
  'Pi',
  'Ei',
  'e3',
  'E-2',
  'e+6',
]

/** Text of every kind of quantity: signed, with a fraction, with each suffix. */
const text = fc
  .tuple(
    fc.constantFrom('', '+', '-'),
    fc.nat({ max: 999_999 }),
    fc.option(fc.nat({ max: 999_999_999 }), { nil: undefined }),
    fc.constantFrom(...SUFFIXES),
  )
  .map(([sign, whole, fraction, suffix]) => `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${suffix}`)

function canonical(input: string): string {
  const quantity = parseQuantity(input)
  if (!quantity) throw new Error(`${input} was refused`)
  return formatQuantity(quantity)
}

describe('quantities', () => {
  it.each([
    ['0', '0'],
    ['0Ki', '0'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['1.', '1'],
    ['1000k', '1M'],
    ['1024Ki', '1Mi'],
    ['1.5Gi', '1536Mi'],
    ['1000Ki', '1000Ki'],
    ['1500000', '1500k'],
    ['1e3', '1e3'],
    ['1000e3', '1e6'],
    ['-2000m', '-2'],
    ['0.1n', '1n'],
    ['0.5Ki', '512'],
  ])('%s is written as %s', (input, expected) => {
    expect(canonical(input)).toBe(expected)
  })

  it.each(['', 'm', '.', '1 Gi', '1kb', '1KiB', '--1', '1e', '0x10', '1K'])('%j is no quantity', (input) => {
    expect(parseQuantity(input)).toBeUndefined()
    expect(() => quantityValue(input)).toThrow('quantities must match the regular expression')
  })

  it('rounds up to whole units and to thousandths', () => {
    expect(quantityValue('1500m')).toBe(2)
    expect(quantityMilli('0.0001')).toBe(1)
    expect(quantityValue('1Gi')).toBe(1024 ** 3)
  })

  it('keeps its value and its text once written in canonical form', () => {
    fc.assert(
      fc.property(text, (input) => {
        const written = canonical(input)
        // Binary quantities are written in whole units: those with a part below that were rounded, and may have lost
        // their suffix, so that the text is a decimal quantity from then on.
        if (/[.]\d*[KMGTPE]i$/.test(input)) return
        expect(compareQuantities(written, input)).toBe(0)
        expect(canonical(written)).toBe(written)
      }),
    )
  })

  it('orders as the numbers do', () => {
    const integer = fc.integer({ min: -1_000_000, max: 1_000_000 })
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        expect(compareQuantities(`${a}m`, `${b}m`)).toBe(Math.sign(a - b))
        expect(compareQuantities(a, `${b}Ki`)).toBe(Math.sign(a - b * 1024))
      }),
    )
  })

  it('never throws on any text', () => {
    fc.assert(fc.property(fc.string(), (input) => void parseQuantity(input)))
  })
})
