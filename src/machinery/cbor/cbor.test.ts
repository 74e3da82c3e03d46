import { describe, expect, it } from 'vitest'
import { types } from '../../api/schema.ts'
import { filledObject } from '../testing-filler.ts'
import { CborError, decodeCbor } from './decode.ts'
import { encodeCbor } from './encode.ts'

const hex = (value: unknown, ref?: string) =>
  encodeCbor(value, ref)
    .toString('hex')
    .replace(/^d9d9f7/, '')
const read = (text: string) => decodeCbor(Buffer.from(text, 'hex'))

describe('the deterministic form', () => {
  // The examples of RFC 8949, appendix A; text as byte strings.
  it.each([
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [1000, '1903e8'],
    [1_000_000, '1a000f4240'],
    [1_000_000_000_000, '1b000000e8d4a51000'],
    [-1, '20'],
    [-1000, '3903e7'],
    [1.5, 'f93e00'],
    [-4.1, 'fbc010666666666666'],
    [2 ** -24, 'f90001'],
    [0.00006103515625, 'f90400'],
    [3.4028234663852886e38, 'fa7f7fffff'],
    [1.1, 'fb3ff199999999999a'],
    [false, 'f4'],
    [true, 'f5'],
    [null, 'f6'],
    ['', '40'],
    ['IETF', '4449455446'],
    ['ü', '42c3bc'],
    [[1, [2, 3]], '8201820203'],
    [{ a: 1, b: [2, 3] }, 'a241610141628202' + '03'],
  ])('of %j is %s', (value, expected) => {
    expect(hex(value)).toBe(expected)
    expect(read(expected)).toEqual(value)
  })

  it('sorts keys by their bytes, the shorter first', () => {
    expect(hex({ bb: 1, a: 2, c: 3 })).toBe('a3416102416303' + '42626201')
  })

  it('leaves out what is undefined', () => {
    expect(hex({ a: undefined, b: 1 })).toBe('a1416201')
  })

  it('says which text stands for bytes', () => {
    const secret = { data: { a: Buffer.from('hi').toString('base64') }, type: 'Opaque' }
    const encoded = hex(secret, 'io.k8s.api.core.v1.Secret')
    expect(encoded).toContain('d6426869')
    expect(read(encoded)).toEqual(secret)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('has nothing for %s', (value) => {
    expect(() => encodeCbor(value)).toThrow('unsupported value')
  })
})

describe('what others may send', () => {
  it.each([
    ['6449455446', 'IETF'],
    ['d9d9f7f5', true],
    ['9f0102ff', [1, 2]],
    ['bf6161' + '01ff', { a: 1 }],
    ['5f42010243030405ff', '\u0001\u0002\u0003\u0004\u0005'],
    ['c074323031332d30332d32315432303a30343a30305a', '2013-03-21T20:04:00Z'],
    ['c11a514b67b0', '2013-03-21T20:04:00Z'],
    ['d74401020304', '01020304'],
    ['fa47c35000', 100_000],
  ])('%s is %j', (text, expected) => {
    expect(read(text)).toEqual(expected)
  })

  it.each([
    ['', 'unexpected EOF'],
    ['0000', 'extraneous data'],
    ['a2416101416102', 'duplicate map key "a"'],
    ['a10101', 'cannot use a key of type number'],
    ['f7', 'simple value 23 is not recognized'],
    ['f97e00', 'cannot be said in JSON'],
    ['f97c00', 'cannot be said in JSON'],
    ['c249010000000000000000', 'integers of any length'],
    ['1bffffffffffffffff', 'overflows'],
    ['62c328', 'invalid UTF-8'],
    ['9bffffffffffffffff', 'unexpected EOF'],
    ['5b7fffffffffffffff', 'unexpected EOF'],
    ['1c', 'invalid additional information'],
    ['81'.repeat(1002), 'exceeded max nested level'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => read(text)).toThrow(CborError)
    expect(() => read(text)).toThrow(message)
  })
})

describe('every kind', () => {
  const kinds = Object.entries(types).flatMap(([ref, { gvk = [] }]) => (gvk.length === 1 ? [ref] : []))
  it.each(kinds)('%s comes back unchanged', (ref) => {
    const object = filledObject(ref)
    expect(decodeCbor(encodeCbor(object, ref))).toEqual(object)
    expect(decodeCbor(encodeCbor(object))).toEqual(object)
  })
})
