import { describe, expect, it } from 'vitest'
import { addressBits, hasHostBits, isWithin } from './address-bits.ts'

describe('addresses as numbers', () => {
  it.each([
    ['10.0.0.1', 0x0a000001n],
    ['::', 0n],
    ['::1', 1n],
    ['2001:db8::1:0', 0x20010db8000000000000000000010000n],
    ['1:2:3:4:5:6:7:8', 0x00010002000300040005000600070008n],
    ['::ffff:10.0.0.1', 0xffff0a000001n],
  ])('%s', (address, bits) => {
    expect(addressBits(address)).toBe(bits)
  })

  it('tell networks from addresses in them', () => {
    expect(hasHostBits('10.9.8.0', 24)).toBe(false)
    expect(hasHostBits('10.9.8.1', 24)).toBe(true)
    expect(hasHostBits('10.9.8.1', 32)).toBe(false)
    expect(hasHostBits('2001:db8::', 64)).toBe(false)
    expect(hasHostBits('2001:db8::1', 64)).toBe(true)
  })

  it('tell what is within what', () => {
    expect(isWithin('10.0.1.0/24', '10.0.0.0/16')).toBe(true)
    expect(isWithin('10.0.0.0/16', '10.0.0.0/16')).toBe(false)
    expect(isWithin('10.1.1.0/24', '10.0.0.0/16')).toBe(false)
    expect(isWithin('2001:db8::/64', '10.0.0.0/16')).toBe(false)
    expect(isWithin('2001:db8:1::/48', '2001:db8::/32')).toBe(true)
  })
})
