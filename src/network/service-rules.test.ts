// What services, endpoints and host ports become, as tables.

import { describe, expect, it } from 'vitest'
import type { Pod, Service } from '../api/generated/core-v1.ts'
import type { Endpoint, EndpointSlice } from '../api/generated/discovery-v1.ts'
import { renderHostPorts } from './host-port-rules.ts'
import type { Rules } from './rule-items.ts'
import { renderService } from './service-rules.ts'

const context = { nodeName: 'n1', zone: 'z1', podCidr: '10.244.0.0/16' }
const meta = { name: 'web', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '' }

function service(spec: Partial<Service['spec']>, status: Service['status'] = {}): Service {
  const ports = [{ port: 80, protocol: 'TCP' }]
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta,
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ports, ...spec },
    status,
  }
}

function slice(endpoints: Endpoint[], more: Partial<EndpointSlice> = {}): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: meta,
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints,
    ...more,
  }
}

const at = (last: number, more: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [`10.244.0.${last}`],
  nodeName: 'n1',
  conditions: { ready: true },
  ...more,
})

/** Items as lines: `store key : value`, `chain: rule`. */
function lines(rules: Rules): string[] {
  return rules.items.flatMap((item) => {
    if (item.kind === 'element')
      return [`${item.store} ${item.key}${item.value === undefined ? '' : ` : ${item.value}`}`]
    if (item.kind === 'chain') return item.rules.map((rule) => `${item.name}: ${rule}`)
    return [`${item.name} ${item.timeoutSeconds}s`]
  })
}

/** The endpoints that the chain picks from. */
function picked(rules: Rules, chain = 'svc/default/web/tcp/80'): string[] {
  const rule = rules.items.find((item) => item.kind === 'chain' && item.name === chain)
  const text = rule?.kind === 'chain' ? rule.rules.join(' ') : ''
  return [...text.matchAll(/10\.244\.(\d+\.\d+)(?::| \. )8080/g)].map(([, last = '']) => last)
}

describe('a service', () => {
  it('is a map element and a chain', () => {
    expect(lines(renderService(service({}), [slice([at(5), at(6)])], context))).toEqual([
      'cluster_ips 10.96.0.9',
      'svc/default/web/tcp/80: ip saddr != 10.244.0.0/16 jump mark_masquerade',
      'svc/default/web/tcp/80: meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.244.0.5 . 8080, 1 : 10.244.0.6 . 8080 }',
      'service_ips 10.96.0.9 . tcp . 80 : goto svc/default/web/tcp/80',
      'hairpin 10.244.0.5 . 10.244.0.5',
      'hairpin 10.244.0.6 . 10.244.0.6',
    ])
  })

  it.each([
    ['headless', service({ clusterIP: 'None', clusterIPs: ['None'] })],
    ['an external name', service({ type: 'ExternalName', externalName: 'x' })],
    ['not allocated yet', service({ clusterIP: '', clusterIPs: [] })],
  ])('contributes nothing when it is %s', (_what, headless) => {
    expect(renderService(headless, [slice([at(5)])], context)).toEqual({ items: [], udp: [] })
  })

  it('refuses on every address and port when it has no endpoints', () => {
    const spec = { type: 'NodePort', externalIPs: ['192.0.2.7'], ports: [{ port: 80, nodePort: 30080 }] }
    expect(lines(renderService(service(spec), [], context))).toEqual([
      'cluster_ips 10.96.0.9',
      'no_endpoints 10.96.0.9 . tcp . 80',
      'no_endpoints 192.0.2.7 . tcp . 80',
      'no_endpoint_ports tcp . 30080',
    ])
  })

  it('takes outside traffic through a chain that has the answers come back here', () => {
    const spec = { type: 'NodePort', externalIPs: ['192.0.2.7'], ports: [{ port: 80, nodePort: 30080 }] }
    const found = lines(renderService(service(spec), [slice([at(5)])], context))
    expect(found).toContain('ext/default/web/tcp/80: jump mark_masquerade')
    expect(found).toContain('ext/default/web/tcp/80: goto svc/default/web/tcp/80')
    expect(found).toContain('service_ips 192.0.2.7 . tcp . 80 : goto ext/default/web/tcp/80')
    expect(found).toContain('node_ports tcp . 30080 : goto ext/default/web/tcp/80')
  })

  it('lets only the source ranges reach a load balancer address', () => {
    const spec = { type: 'LoadBalancer', loadBalancerSourceRanges: ['192.0.2.0/24', '2001:db8::/32'] }
    const status = { loadBalancer: { ingress: [{ ip: '198.51.100.9' }, { ip: '198.51.100.10', ipMode: 'Proxy' }] } }
    const found = lines(renderService(service(spec, status), [slice([at(5)])], context))
    expect(found).toContain('lb/default/web/tcp/80: ip saddr != { 192.0.2.0/24 } drop')
    expect(found).toContain('service_ips 198.51.100.9 . tcp . 80 : goto lb/default/web/tcp/80')
    expect(found.join()).not.toContain('198.51.100.10')
  })

  it('takes what is sent to localhost where the load balancer is this node', () => {
    const status = { loadBalancer: { ingress: [{ ip: '198.51.100.9' }] } }
    const at9 = (nodeIPs: string[]) =>
      lines(renderService(service({ type: 'LoadBalancer' }, status), [slice([at(5)])], { ...context, nodeIPs })).join()
    expect(at9(['198.51.100.9'])).toContain('service_ips 127.0.0.1 . tcp . 80 : goto ext/default/web/tcp/80')
    expect(at9(['198.51.100.8'])).not.toContain('127.0.0.1')
  })

  it.each([
    ['local endpoints', [at(5), at(6, { nodeName: 'n2' })], 'goto loc/default/web/tcp/80'],
    ['none here', [at(6, { nodeName: 'n2' })], 'drop'],
  ])('keeps inside traffic on the node under internalTrafficPolicy Local: %s', (_what, endpoints, verdict) => {
    const found = lines(renderService(service({ internalTrafficPolicy: 'Local' }), [slice(endpoints)], context))
    expect(found).toContain(`service_ips 10.96.0.9 . tcp . 80 : ${verdict}`)
  })

  it('tells pods and this machine from outside clients under externalTrafficPolicy Local', () => {
    const spec = { type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ port: 80, nodePort: 30080 }] }
    const found = lines(renderService(service(spec), [slice([at(5), at(6, { nodeName: 'n2' })])], context))
    expect(found.filter((line) => line.startsWith('ext/'))).toEqual([
      'ext/default/web/tcp/80: ip saddr 10.244.0.0/16 goto svc/default/web/tcp/80',
      'ext/default/web/tcp/80: fib saddr type local jump mark_masquerade',
      'ext/default/web/tcp/80: fib saddr type local goto svc/default/web/tcp/80',
      'ext/default/web/tcp/80: goto loc/default/web/tcp/80',
    ])
    expect(found).toContain('loc/default/web/tcp/80: meta l4proto tcp dnat ip to 10.244.0.5:8080')
  })

  it('remembers clients per endpoint under session affinity', () => {
    const spec = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } }
    const found = lines(renderService(service(spec), [slice([at(5)])], context))
    expect(found).toEqual([
      'cluster_ips 10.96.0.9',
      'aff/default/web/tcp/80/10.244.0.5/8080/60 60s',
      'ep/default/web/tcp/80/10.244.0.5/8080: update @aff/default/web/tcp/80/10.244.0.5/8080/60 { ip saddr }',
      'ep/default/web/tcp/80/10.244.0.5/8080: meta l4proto tcp dnat ip to 10.244.0.5:8080',
      'svc/default/web/tcp/80: ip saddr != 10.244.0.0/16 jump mark_masquerade',
      'svc/default/web/tcp/80: ip saddr @aff/default/web/tcp/80/10.244.0.5/8080/60 goto ep/default/web/tcp/80/10.244.0.5/8080',
      'svc/default/web/tcp/80: numgen random mod 1 vmap { 0 : goto ep/default/web/tcp/80/10.244.0.5/8080 }',
      'service_ips 10.96.0.9 . tcp . 80 : goto svc/default/web/tcp/80',
      'hairpin 10.244.0.5 . 10.244.0.5',
    ])
  })

  it('tracks who stands behind UDP addresses', () => {
    const udp = service({ type: 'NodePort', ports: [{ port: 53, protocol: 'UDP', nodePort: 30053 }] })
    const endpoints = slice([at(6), at(5)], { ports: [{ name: '', port: 53, protocol: 'UDP' }] })
    const backends = ['10.244.0.5', '10.244.0.6']
    expect(renderService(udp, [endpoints], context).udp).toEqual([
      { ip: '10.96.0.9', port: 53, backends },
      { port: 30053, backends },
    ])
  })
})

const draining = { ready: false, serving: true, terminating: true }
const hint = (nodes: string[], zones: string[] = []) => ({
  hints: { forNodes: nodes.map((name) => ({ name })), forZones: zones.map((name) => ({ name })) },
})

describe('the endpoints of a service', () => {
  it.each<[string, EndpointSlice[], string[]]>([
    ['are the ready ones', [slice([at(5), at(6, { conditions: { ready: false } })])], ['0.5']],
    [
      'count as ready when nothing is said',
      [slice([at(5, { conditions: {} }), { addresses: ['10.244.0.6'] }])],
      ['0.5', '0.6'],
    ],
    ['are terminating ones that still serve when none is ready', [slice([at(5, { conditions: draining })])], ['0.5']],
    ['leave terminating ones out while one is ready', [slice([at(5, { conditions: draining }), at(6)])], ['0.6']],
    ['come from all slices, once', [slice([at(5)]), slice([at(5), at(6)])], ['0.5', '0.6']],
    [
      'are those of the IPv4 slices',
      [slice([at(5)]), slice([{ addresses: ['fd00::1'] }], { addressType: 'IPv6' })],
      ['0.5'],
    ],
    ['have the port of that name', [slice([at(5)], { ports: [{ name: 'x', port: 8080, protocol: 'TCP' }] })], []],
    ['have the port of that protocol', [slice([at(5)], { ports: [{ name: '', port: 8080, protocol: 'UDP' }] })], []],
    ['are those meant for this node', [slice([at(5, hint(['n1'])), at(6, hint(['n2']))])], ['0.5']],
    ['are all when one has no hint', [slice([at(5, hint(['n1'])), at(6)])], ['0.5', '0.6']],
    ['are all when none is meant for this place', [slice([at(5, hint(['n3'])), at(6, hint(['n2']))])], ['0.5', '0.6']],
    ['are those meant for this zone', [slice([at(5, hint([], ['z2'])), at(6, hint([], ['z1']))])], ['0.6']],
  ])('%s', (_what, slices, expected) => {
    expect(picked(renderService(service({}), slices, context))).toEqual(expected)
  })
})

describe('the host ports of a pod', () => {
  const pod = (spec: object, status: object): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta,
    spec: { containers: [], ...spec } as Pod['spec'],
    status: { phase: 'Running', podIP: '10.244.0.5', ...status },
  })
  const containers = [
    {
      name: 'c',
      ports: [
        { containerPort: 80, hostPort: 8080 },
        { containerPort: 53, hostPort: 53, protocol: 'UDP', hostIP: '127.0.0.1' },
        { containerPort: 99 },
      ],
    },
  ]
  it.each([
    ['running', pod({ containers }, {}), 4],
    ['without an address', pod({ containers }, { podIP: undefined }), 0],
    ['ended', pod({ containers }, { phase: 'Succeeded' }), 0],
    ['in the network of the host', pod({ containers, hostNetwork: true }, {}), 0],
  ])('%s', (_what, it, count) => {
    expect(renderHostPorts(it).items).toHaveLength(count)
  })

  it('lead to the pod', () => {
    const rules = renderHostPorts(pod({ containers }, {}))
    expect(lines(rules)).toEqual([
      'host_ports tcp . 8080 : 10.244.0.5 . 80',
      'hairpin 10.244.0.5 . 10.244.0.5',
      'host_ip_ports 127.0.0.1 . udp . 53 : 10.244.0.5 . 53',
      'hairpin 10.244.0.5 . 10.244.0.5',
    ])
    expect(rules.udp).toEqual([{ port: 53, backends: ['10.244.0.5'] }])
  })
})
