import { expect, it } from 'vitest'
import type { Node, Service } from '../api/generated/core-v1.ts'
import { assignLoadBalancers } from './service-load-balancer.ts'

const node = (name: string, ip: string, ready = 'True', labels = {}) =>
  ({
    metadata: { name, labels },
    status: {
      addresses: [
        { type: 'InternalIP', address: ip },
        { type: 'Hostname', address: name },
      ],
      conditions: [{ type: 'Ready', status: ready }],
    },
  }) as unknown as Node
const service = (name: string, port: number, made: string, spec = {}) =>
  ({
    metadata: { name, namespace: 'default', uid: name, creationTimestamp: made },
    spec: { type: 'LoadBalancer', ports: [{ port, protocol: 'TCP' }], ...spec },
    status: {},
  }) as unknown as Service
const nodes = [node('b', '10.0.0.2'), node('a', '10.0.0.1'), node('down', '10.0.0.3', 'Unknown')]
const assign = (...services: Service[]) =>
  assignLoadBalancers(services, nodes, new Set(['6443/TCP'])).map(({ service: s, ingress, problem }) => [
    s.metadata.name,
    ingress.map((i) => i.ip).join(),
    problem,
  ])

it('gives the addresses of all ready nodes', () => {
  expect(assign(service('web', 80, '2026-01-01T00:00:00Z'))).toEqual([['web', '10.0.0.1,10.0.0.2', undefined]])
})

it('gives a port once, to the older service', () => {
  expect(assign(service('young', 80, '2026-01-02T00:00:00Z'), service('old', 80, '2026-01-01T00:00:00Z'))).toEqual([
    ['old', '10.0.0.1,10.0.0.2', undefined],
    ['young', '', 'port 80/TCP is taken by service default/old'],
  ])
})

it('leaves ports of the nodes themselves alone', () => {
  expect(assign(service('api', 6443, '2026-01-01T00:00:00Z'))).toEqual([
    ['api', '', 'port 6443/TCP is in use on the nodes'],
  ])
})

it('takes the addresses back when the type changes, and skips nodes that are to be left out', () => {
  expect(assign(service('web', 80, '2026-01-01T00:00:00Z', { type: 'ClusterIP' }))).toEqual([['web', '', undefined]])
  const left = node('left', '10.0.0.9', 'True', { 'node.kubernetes.io/exclude-from-external-load-balancers': '' })
  const [only] = assignLoadBalancers([service('web', 80, '2026-01-01T00:00:00Z')], [left], new Set())
  expect(only?.ingress).toEqual([])
})
