import { expect, it } from 'vitest'
import type { Node } from '../api/generated/core-v1.ts'
import { peersOf, tunnelId, tunnelMac } from './pod-routes.ts'

const node = (name: string, podCIDR: string | undefined, address?: string) =>
  ({
    metadata: { name },
    spec: podCIDR === undefined ? {} : { podCIDR },
    status: {
      addresses: address
        ? [
            { type: 'InternalIP', address },
            { type: 'Hostname', address: name },
          ]
        : [],
    },
  }) as unknown as Node

it('reaches every other node that has both a pod range and an address', () => {
  const nodes = [
    node('c', '10.244.2.0/24', '10.0.0.3'),
    node('a', '10.244.0.0/24', '10.0.0.1'),
    node('b', '10.244.1.0/24', '10.0.0.2'),
    node('young', undefined, '10.0.0.4'),
    node('silent', '10.244.4.0/24'),
  ]
  expect(peersOf(nodes, 'a')).toEqual([
    { podCidr: '10.244.1.0/24', nodeIP: '10.0.0.2' },
    { podCidr: '10.244.2.0/24', nodeIP: '10.0.0.3' },
  ])
})

it('gives both sides of a tunnel the same number and addresses', () => {
  expect(tunnelId('10.244.0.0/16')).toBe(0x0af400)
  expect(tunnelId('10.243.0.0/16')).not.toBe(tunnelId('10.244.0.0/16'))
  expect(tunnelMac('10.244.1.0/24')).toBe('0a:59:0a:f4:01:00')
})
