import { describe, expect, it } from 'vitest'
import type { IPAddress, ServiceCIDR } from '../api/generated/networking-v1.ts'
import { canGo } from './service-cidrs.ts'

const range = (name: string, ...cidrs: string[]) => ({ metadata: { name }, spec: { cidrs } }) as unknown as ServiceCIDR
const address = (name: string, manager = 'ipallocator.k8s.io') =>
  ({ metadata: { name, labels: { 'ipaddress.kubernetes.io/managed-by': manager } } }) as unknown as IPAddress

describe('a range of service addresses can go', () => {
  it.each([
    ['without addresses', [], [], true],
    ['with an address of its own', [], ['10.1.0.5'], false],
    ['with an address outside', [], ['10.2.0.5'], true],
    ['with an address that another range has, too', [range('b', '10.1.0.0/28')], ['10.1.0.5'], true],
    ['with an address that no other range has', [range('b', '10.1.0.0/30')], ['10.1.0.5'], false],
    ['inside of a larger range', [range('b', '10.0.0.0/8')], ['10.1.0.5'], true],
    ['beside one like it', [range('b', '10.1.0.0/24')], ['10.1.0.5'], true],
  ])('%s: %s', (_what, others, addresses, expected) => {
    const own = range('a', '10.1.0.0/24')
    expect(
      canGo(
        own,
        [own, ...others],
        addresses.map((name) => address(name)),
      ),
    ).toBe(expected)
  })

  it('whatever others made address objects for', () => {
    const own = range('a', '10.1.0.0/24')
    expect(canGo(own, [own], [address('10.1.0.5', 'someone.example')])).toBe(true)
  })

  it('only when both of its families can', () => {
    const own = range('a', '10.1.0.0/24', 'fd00::/112')
    const other = range('b', '10.0.0.0/8')
    expect(canGo(own, [own, other], [address('10.1.0.5')])).toBe(true)
    expect(canGo(own, [own, other], [address('fd00::5')])).toBe(false)
  })
})
