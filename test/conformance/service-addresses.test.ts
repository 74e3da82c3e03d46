// Addresses and ports of services: families, ranges, and the objects that stand for them.
// Rules: k8s.io/kubernetes/pkg/registry/core/service (alloc.go, ipallocator), pkg/controller/servicecidrs.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Service } from '../../src/api/generated/core-v1.ts'
import type { IPAddress } from '../../src/api/generated/networking-v1.ts'
import { events, ipaddresses, servicecidrs, services } from '../../src/api/generated/resources.ts'
import { findFree, isUsable, rangeOf } from '../../src/apiserver/services/address-range.ts'
import { judgeAddress, judgeService, type World } from '../../src/apiserver/services/repair.ts'
import { startTestApi, type TestApi } from '../../src/apiserver/testing.ts'
import type { Client, New } from '../../src/client/client.ts'
import { runControllers } from '../../src/client/controller.ts'
import { createEventRecorder } from '../../src/client/event-recorder.ts'
import { InformerFactory } from '../../src/client/informer.ts'
import { serviceCidrController } from '../../src/controllers/service-cidrs.ts'
import type { DeepReadonly } from '../../src/machinery/deep-readonly.ts'
import { isReason } from '../../src/machinery/errors.ts'
import { formatAddress, type Network, parseAddress, parseNetwork } from '../../src/machinery/ip.ts'
import { jsonLogger } from '../../src/machinery/logger.ts'
import { systemRandom } from '../../src/machinery/random.ts'
import { readApiServerSettings } from '../../src/main/api-server-settings.ts'
import { startTestServer } from '../../src/main/testing.ts'

type Change = Record<string, unknown>

const V4 = '10.96.0.0/16'
const V6 = 'fd00:10:96::/112'
const PORTS = [{ port: 80 }]
let count = 0

function make(client: Client, spec: Change, options: { dryRun?: boolean } = {}) {
  count += 1
  const metadata = { name: `s${count}`, namespace: 'default' }
  const object = { metadata, spec: { ports: PORTS, ...spec } } as unknown as New<Service>
  return client.create(services, object, options)
}

async function change(client: Client, { metadata }: { metadata: { name: string } }, spec: Change) {
  const key = { namespace: 'default', name: metadata.name }
  return client.patch(services, key, { type: 'merge', patch: { spec } })
}

const network = (cidr: string) => parseNetwork(cidr) as Network
const familiesOf = ({ spec }: { spec: DeepReadonly<Service['spec']> }) =>
  `${spec.ipFamilyPolicy} ${spec.ipFamilies?.join(',')} ${spec.clusterIPs?.length ?? 0}`

async function exists(client: Client, name: string): Promise<boolean> {
  try {
    await client.get(ipaddresses, { name })
    return true
  } catch (error) {
    if (isReason(error, 'NotFound')) return false
    throw error
  }
}

async function eventually(what: () => Promise<boolean>): Promise<void> {
  await expect.poll(what, { timeout: 15_000, interval: 20 }).toBe(true)
}

describe('addresses as text', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['fd00::', 'fd00::'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
  ])('%s is %s', (text, canonical) => {
    const address = parseAddress(text)
    expect(address && formatAddress(address)).toBe(canonical)
  })

  it.each(['', '10.0.0', '10.0.0.256', '01.0.0.1', 'fe80::1%eth0', ':::', 'a'])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })
})

describe('ranges', () => {
  // min(max(16, size/16), 256), and nothing is set aside in ranges of up to 16 addresses.
  it.each([
    ['10.96.0.0/16', 256n],
    ['10.96.0.0/24', 16n],
    ['10.96.0.0/20', 256n],
    ['10.96.0.0/21', 128n],
    ['10.96.0.0/28', 0n],
    ['fd00::/112', 256n],
  ])('%s keeps its first %s for hand-picked addresses', (cidr, lower) => {
    const { first, upper } = rangeOf(network(cidr))
    expect(upper - first).toBe(lower)
  })

  it.each([
    ['10.96.0.0', false],
    ['10.96.0.1', true],
    ['10.96.255.254', true],
    ['10.96.255.255', false],
    ['10.97.0.1', false],
  ])('%s can be used: %s', (address, expected) => {
    expect(isUsable(network(V4), parseAddress(address) ?? { family: 'IPv4', bits: 0n })).toBe(expected)
  })

  it('gives out the upper part first, then the lower, then nothing', () => {
    const taken = new Set<bigint>()
    const range = rangeOf(network('10.96.0.0/27'))
    const next = () => findFree(range, ({ bits }) => taken.has(bits), systemRandom)
    const order: bigint[] = []
    for (let free = next(); free; free = next()) {
      taken.add(free.bits)
      order.push(free.bits - range.first)
    }
    expect(order).toHaveLength(30)
    expect(order.slice(0, 14).every((n) => n >= 16n)).toBe(true)
    expect(order.slice(14).every((n) => n < 16n)).toBe(true)
  })
})

describe('a cluster of one family', () => {
  let api: TestApi
  beforeAll(async () => {
    api = await startTestApi()
  })
  afterAll(() => api.close())

  it.each([
    [{}, 'SingleStack IPv4 1'],
    [{ ipFamilyPolicy: 'PreferDualStack' }, 'PreferDualStack IPv4 1'],
    [{ clusterIP: 'None', selector: { a: 'b' } }, 'SingleStack IPv4 1'],
    [{ clusterIP: 'None' }, 'RequireDualStack IPv4,IPv6 1'],
    [{ clusterIP: 'None', ipFamilyPolicy: 'SingleStack' }, 'SingleStack IPv4 1'],
    [{ clusterIP: 'None', ipFamilies: ['IPv6'] }, 'RequireDualStack IPv6,IPv4 1'],
  ])('%j: %s', async (spec, expected) => {
    expect(familiesOf(await make(api.client, spec))).toBe(expected)
  })

  it.each([
    [
      { ipFamilyPolicy: 'RequireDualStack' },
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    ],
    [{ ipFamilies: ['IPv6'] }, 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
    [
      { clusterIP: 'fd00::1' },
      'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
    ],
    [
      { clusterIP: '10.97.0.1' },
      'spec.clusterIPs: Invalid value: ["10.97.0.1"]: failed to allocate IP 10.97.0.1: the provided network does not match the current range',
    ],
    [
      { clusterIP: '10.96.255.255' },
      'failed to allocate IP 10.96.255.255: the provided network does not match the current range',
    ],
    [{ clusterIP: 'x' }, 'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address'],
    [
      { clusterIPs: ['10.96.1.1'] },
      'spec.clusterIPs: Invalid value: ["10.96.1.1"]: must be empty when `clusterIP` is not specified',
    ],
    [
      { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1', '10.96.1.2'] },
      'spec.clusterIPs: Invalid value: ["10.96.1.1","10.96.1.2"]: may specify no more than one IP for each IP family',
    ],
    [
      { clusterIP: '10.96.1.1', ipFamilies: ['IPv6'] },
      'spec.clusterIPs[0]: Invalid value: "10.96.1.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
    ],
    [
      { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'SingleStack' },
      "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
    ],
  ])('%j is refused', async (spec, message) => {
    await expect(make(api.client, spec)).rejects.toThrow(message)
  })

  it('has an object for every address, as long as the service has it', async () => {
    const service = await make(api.client, { clusterIP: '10.96.3.3' })
    const { metadata, spec } = await api.client.get(ipaddresses, { name: '10.96.3.3' })
    expect(metadata.labels).toEqual({
      'ipaddress.kubernetes.io/ip-family': 'IPv4',
      'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
    })
    expect(spec.parentRef).toEqual({
      resource: 'services',
      namespace: 'default',
      name: service.metadata.name,
    })
    await expect(make(api.client, { clusterIP: '10.96.3.3' })).rejects.toThrow(
      'spec.clusterIPs: Invalid value: ["10.96.3.3"]: failed to allocate IP 10.96.3.3: provided IP is already allocated',
    )
    await api.client.delete(services, { namespace: 'default', name: service.metadata.name })
    expect(await exists(api.client, '10.96.3.3')).toBe(false)
    expect((await make(api.client, { clusterIP: '10.96.3.3' })).spec.clusterIP).toBe('10.96.3.3')
  })

  it('never gives out an address that someone made an object for', async () => {
    const spec = { parentRef: { resource: 'things', name: 'mine', group: 'example.com' } }
    await api.client.create(ipaddresses, { metadata: { name: '10.96.4.4' }, spec } as unknown as New<IPAddress>)
    await expect(make(api.client, { clusterIP: '10.96.4.4' })).rejects.toThrow('provided IP is already allocated')
  })

  it('takes nothing in a dry run', async () => {
    const before = (await api.client.list(ipaddresses)).items.length
    expect((await make(api.client, {}, { dryRun: true })).spec.clusterIP).toBe('10.96.0.0')
    expect((await make(api.client, { clusterIP: '10.96.5.5' }, { dryRun: true })).spec.clusterIP).toBe('10.96.5.5')
    expect((await api.client.list(ipaddresses)).items).toHaveLength(before)
    await make(api.client, { clusterIP: '10.96.5.5' })
  })

  it('leaves nothing behind when the service cannot be made', async () => {
    const before = (await api.client.list(ipaddresses)).items.length
    const wrong = { type: 'NodePort', ports: [{ port: 80, nodePort: 1 }] }
    await expect(make(api.client, wrong)).rejects.toThrow('provided port is not in the valid range')
    await eventually(async () => (await api.client.list(ipaddresses)).items.length === before)
  })

  it('gives the address back to an external name, and a new one to what is none any more', async () => {
    const service = await make(api.client, { clusterIP: '10.96.6.6' })
    const external = await change(api.client, service, { type: 'ExternalName', externalName: 'a.example.com' })
    expect(external.spec).not.toHaveProperty('clusterIP')
    expect(external.spec).not.toHaveProperty('ipFamilies')
    expect(await exists(api.client, '10.96.6.6')).toBe(false)
    const back = await change(api.client, service, { type: 'ClusterIP', externalName: null })
    expect(familiesOf(back)).toBe('SingleStack IPv4 1')
    expect(await exists(api.client, back.spec.clusterIP ?? '')).toBe(true)
  })

  it('keeps the address of a service', async () => {
    const service = await make(api.client, { clusterIP: '10.96.7.7' })
    expect((await change(api.client, service, { clusterIP: null, clusterIPs: null })).spec.clusterIP).toBe('10.96.7.7')
    await expect(change(api.client, service, { clusterIP: '10.96.7.8', clusterIPs: ['10.96.7.8'] })).rejects.toThrow(
      'spec.clusterIPs[0]: Invalid value: ["10.96.7.8"]: may not change once set',
    )
  })

  it('shares a node port between protocols of one port, and with nobody else', async () => {
    const ports = [
      { name: 'a', port: 53, protocol: 'TCP', nodePort: 30053 },
      { name: 'b', port: 53, protocol: 'UDP' },
    ]
    const service = await make(api.client, { type: 'NodePort', ports })
    expect(service.spec.ports?.map(({ nodePort }) => nodePort)).toEqual([30053, 30053])
    const other = { type: 'NodePort', ports: [{ port: 54, protocol: 'SCTP', nodePort: 30053 }] }
    await expect(make(api.client, other)).rejects.toThrow(
      'spec.ports[0].nodePort: Invalid value: 30053: provided port is already allocated',
    )
    await expect(make(api.client, { type: 'NodePort', ports: [{ port: 54, nodePort: 29999 }] })).rejects.toThrow(
      'provided port is not in the valid range. The range of valid ports is 30000-32767',
    )
    await change(api.client, service, { type: 'ClusterIP' })
    await make(api.client, other)
  })

  it('has a port for the health checks of balancers that go to the node itself', async () => {
    const service = await make(api.client, { type: 'LoadBalancer', externalTrafficPolicy: 'Local' })
    const port = service.spec.healthCheckNodePort ?? 0
    expect(port).toBeGreaterThanOrEqual(30000)
    await expect(make(api.client, { type: 'NodePort', ports: [{ port: 80, nodePort: port }] })).rejects.toThrow(
      'provided port is already allocated',
    )
    const cluster = await change(api.client, service, { externalTrafficPolicy: 'Cluster' })
    expect(cluster.spec.healthCheckNodePort).toBeUndefined()
    await make(api.client, { type: 'NodePort', ports: [{ port: 80, nodePort: port }] })
  })

  it.each([
    [{ cidrs: [] }, 'spec.cidrs: Required value: at least one CIDR required'],
    [{ cidrs: ['10.0.0.0/24', 'fd00::/112', '10.1.0.0/24'] }, 'may only hold up to 2 values'],
    [{ cidrs: ['10.0.0.0/24', '10.1.0.0/24'] }, 'may specify no more than one IP for each IP family'],
    [{ cidrs: ['10.0.0.1/24'] }, 'spec.cidrs[0]: Invalid value: "10.0.0.1/24": must not have bits set'],
    [{ cidrs: ['FD00::/112'] }, 'spec.cidrs[0]: Invalid value: "FD00::/112": must be in canonical form ("fd00::/112")'],
    [{ cidrs: ['x'] }, 'spec.cidrs[0]: Invalid value: "x": must be a valid CIDR value'],
  ])('refuses the range %j', async (spec, message) => {
    const range = { metadata: { name: 'wrong' }, spec }
    await expect(api.client.create(servicecidrs, range)).rejects.toThrow(message)
  })

  it('lets a range only grow by the other family', async () => {
    const range = await api.client.create(servicecidrs, {
      metadata: { name: 'grows' },
      spec: { cidrs: ['10.50.0.0/24'] },
    })
    const patch = (cidrs: string[]) =>
      api.client.patch(servicecidrs, { name: range.metadata.name }, { type: 'merge', patch: { spec: { cidrs } } })
    await expect(patch(['10.51.0.0/24'])).rejects.toThrow(
      'spec.cidrs[0]: Invalid value: "10.51.0.0/24": field is immutable',
    )
    expect((await patch(['10.50.0.0/24', 'fd50::/112'])).spec.cidrs).toHaveLength(2)
    await expect(patch(['10.50.0.0/24'])).rejects.toThrow('field is immutable')
  })

  it.each([
    ['10.9.0.01', 'must not have leading 0s'],
    ['FD00::1', 'must be in canonical form (\\"fd00::1\\")'],
    ['10.9.0.1/32', 'must be a valid IP address'],
  ])('refuses an address object by the name of %s', async (name, message) => {
    const spec = { parentRef: { resource: 'services', name: 'a' } }
    const made = api.client.create(ipaddresses, { metadata: { name }, spec } as unknown as New<IPAddress>)
    await expect(made).rejects.toThrow(message.replace(/\\"/g, '"'))
  })
})

describe('a cluster of two families', () => {
  let api: TestApi
  beforeAll(async () => {
    api = await startTestApi({ serviceCidrs: [V4, V6] })
  })
  afterAll(() => api.close())

  it.each([
    [{}, 'SingleStack IPv4 1'],
    [{ ipFamilies: ['IPv6'] }, 'SingleStack IPv6 1'],
    [{ ipFamilyPolicy: 'PreferDualStack' }, 'PreferDualStack IPv4,IPv6 2'],
    [{ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6'] }, 'RequireDualStack IPv6,IPv4 2'],
    [{ clusterIP: 'fd00:10:96::9' }, 'SingleStack IPv6 1'],
    [{ clusterIP: 'None', ipFamilyPolicy: 'PreferDualStack', selector: { a: 'b' } }, 'PreferDualStack IPv4,IPv6 1'],
  ])('%j: %s', async (spec, expected) => {
    expect(familiesOf(await make(api.client, spec))).toBe(expected)
  })

  it('adds a family and takes it away', async () => {
    const service = await make(api.client, {})
    const both = await change(api.client, service, { ipFamilyPolicy: 'RequireDualStack' })
    expect(familiesOf(both)).toBe('RequireDualStack IPv4,IPv6 2')
    const [first = '', second = ''] = both.spec.clusterIPs ?? []
    expect(first).toBe(service.spec.clusterIP)
    expect(await exists(api.client, second)).toBe(true)
    await expect(change(api.client, service, { clusterIPs: [first] })).rejects.toThrow(
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be \'SingleStack\' to release the secondary cluster IP',
    )
    const one = await change(api.client, service, { ipFamilyPolicy: 'SingleStack' })
    expect(familiesOf(one)).toBe('SingleStack IPv4 1')
    expect(await exists(api.client, first)).toBe(true)
    expect(await exists(api.client, second)).toBe(false)
  })

  it('refuses to change the first family', async () => {
    const service = await make(api.client, { ipFamilyPolicy: 'RequireDualStack' })
    await expect(change(api.client, service, { ipFamilies: ['IPv6', 'IPv4'] })).rejects.toThrow(
      'spec.ipFamilies[0]: Invalid value: ["IPv6","IPv4"]: may not change once set',
    )
  })
})

describe('--service-cluster-ip-range', () => {
  it.each([
    ['10.96.0.0', 'is invalid: invalid CIDR address: 10.96.0.0'],
    ['10.96.0.0/16,10.97.0.0/16', '[0] and --service-cluster-ip-range[1] must be of different IP family'],
    ['10.96.0.0/16,fd00::/112,fd01::/112', 'must not contain more than two entries'],
    ['10.96.0.0/16,fd00::/48', 'shortest allowed prefix length for service CIDR is 64, got 48'],
  ])('refuses %s', (range, message) => {
    expect(() => readApiServerSettings({ 'service-cluster-ip-range': range })).toThrow(message)
  })

  it('is what services have addresses from', async () => {
    const server = await startTestServer({ flags: { 'service-cluster-ip-range': `${V4}, ${V6}` } })
    try {
      const service = await make(server.client, { ipFamilyPolicy: 'RequireDualStack' })
      expect(familiesOf(service)).toBe('RequireDualStack IPv4,IPv6 2')
      expect((await server.client.get(servicecidrs, { name: 'kubernetes' })).spec.cidrs).toEqual([V4, V6])
    } finally {
      await server.close()
    }
  })

  it('may get a second family later', async () => {
    const first = await startTestApi()
    const service = await make(first.client, { ipFamilyPolicy: 'PreferDualStack' })
    const second = await startTestApi({ store: first.store, serviceCidrs: [V4, V6] })
    expect((await second.client.get(servicecidrs, { name: 'kubernetes' })).spec.cidrs).toEqual([V4, V6])
    // What was weighed once is not weighed again.
    const touched = await change(second.client, service, { sessionAffinity: 'ClientIP' })
    expect(familiesOf(touched)).toBe('PreferDualStack IPv4 1')
    expect(familiesOf(await make(second.client, { ipFamilyPolicy: 'PreferDualStack' }))).toBe(
      'PreferDualStack IPv4,IPv6 2',
    )
    await second.close()
    await first.close()
  })
})

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** A server core with the controller of ranges. */
async function startRanges(serviceCidrs: readonly string[]): Promise<Client> {
  const { client, clock, close } = await startTestApi({ serviceCidrs })
  const abort = new AbortController()
  const log = jsonLogger({ level: 'error', now: () => clock.now(), write: (line) => process.stderr.write(line) })
  const informers = new InformerFactory({ client, clock, log })
  const eventsFor = (component: string) => createEventRecorder({ client, clock, log, component })
  const shared = { client, clock, log, informers, random: systemRandom, eventsFor }
  const running = runControllers([serviceCidrController], shared, abort.signal)
  stops.push(async () => {
    abort.abort()
    await running
    await close()
  })
  return client
}

describe('more ranges', () => {
  const condition = async (client: Client, name: string) =>
    (await client.get(servicecidrs, { name })).status.conditions?.find(({ type }) => type === 'Ready')

  it('extend the first one when it is full, and stay as long as they are needed', async () => {
    const client = await startRanges(['10.96.0.0/30'])
    await make(client, {})
    await make(client, {})
    await expect(make(client, {})).rejects.toThrow('failed to allocate a serviceIP: range is full')
    await client.create(servicecidrs, { metadata: { name: 'more' }, spec: { cidrs: ['10.97.0.0/24'] } })
    await eventually(async () => (await condition(client, 'more'))?.status === 'True')
    const range = await client.get(servicecidrs, { name: 'more' })
    expect(range.metadata.finalizers).toEqual(['networking.k8s.io/service-cidr-finalizer'])
    expect((await condition(client, 'more'))?.message).toBe('Kubernetes Service CIDR is ready')
    const service = await make(client, {})
    expect(service.spec.clusterIP).toMatch(/^10\.97\.0\./)
    await client.delete(servicecidrs, { name: 'more' })
    await eventually(async () => (await condition(client, 'more'))?.status === 'False')
    expect(await condition(client, 'more')).toMatchObject({
      reason: 'Terminating',
      message:
        'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
    })
    await expect(make(client, {})).rejects.toThrow('range is full')
    await client.delete(services, { namespace: 'default', name: service.metadata.name })
    await eventually(async () => {
      try {
        await client.get(servicecidrs, { name: 'more' })
        return false
      } catch (error) {
        return isReason(error, 'NotFound')
      }
    })
  }, 30_000)

  it('make the first one again when it is deleted', async () => {
    const client = await startRanges([V4])
    await eventually(async () => {
      const { metadata } = await client.get(servicecidrs, { name: 'kubernetes' })
      return metadata.finalizers !== undefined
    })
    const { metadata } = await client.get(servicecidrs, { name: 'kubernetes' })
    const patch = { metadata: { finalizers: null } }
    await client.patch(servicecidrs, { name: 'kubernetes' }, { type: 'merge', patch })
    await client.delete(servicecidrs, { name: 'kubernetes' })
    await eventually(async () => {
      try {
        const again = await client.get(servicecidrs, { name: 'kubernetes' })
        return again.metadata.uid !== metadata.uid && again.status.conditions?.[0]?.status === 'True'
      } catch (error) {
        if (isReason(error, 'NotFound')) return false
        throw error
      }
    })
  }, 30_000)
})

describe('repair', () => {
  const service = {
    metadata: { namespace: 'default', name: 'a', uid: 'u' },
    spec: { clusterIPs: ['10.96.0.5'] },
  } as unknown as Service
  const labels = {
    'ipaddress.kubernetes.io/ip-family': 'IPv4',
    'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
  }
  const NOW = Date.parse('2026-01-01T00:10:00Z')
  const address = (parentRef: object, more: object = {}) =>
    ({
      metadata: { name: '10.96.0.5', labels, creationTimestamp: '2026-01-01T00:00:00Z', ...more },
      spec: { parentRef },
    }) as unknown as IPAddress
  const mine = { resource: 'services', namespace: 'default', name: 'a' }
  const world = (object?: IPAddress, others: readonly Service[] = [service]): World => ({
    address: () => object,
    service: (_namespace, name) => others.find(({ metadata }) => metadata.name === name),
    inRange: (text) => text.startsWith('10.96.'),
  })
  const other = {
    metadata: { namespace: 'default', name: 'b' },
    spec: { clusterIPs: ['10.96.0.5'] },
  } as unknown as Service

  it.each([
    ['all is well', world(address(mine)), undefined],
    ['nothing there', world(), 'create ClusterIPNotAllocated Cluster IP [IPv4]: 10.96.0.5 is not allocated; repairing'],
    [
      'of another kind',
      world(address({ resource: 'gateways', name: 'a' })),
      'recreate ClusterIPNotAllocated the ClusterIP [IPv4]: 10.96.0.5 for Service default/a has a wrong reference; repairing',
    ],
    [
      'of a service that is gone',
      world(address({ ...mine, name: 'b' })),
      'recreate ClusterIPNotAllocated the ClusterIP [IPv4]: 10.96.0.5 for Service default/a has a wrong reference; repairing',
    ],
    [
      'of two services',
      world(address({ ...mine, name: 'b' }), [service, other]),
      'nothing ClusterIPAlreadyAllocated Cluster IP [IPv4]:10.96.0.5 was assigned to multiple services; please recreate service',
    ],
    ['without labels', world(address(mine, { labels: {} })), 'recreate  '],
  ])('judges a service: %s', (_what, seen, expected) => {
    const finding = judgeService(service, '10.96.0.5', seen)
    expect(finding && `${finding.act} ${finding.reason} ${finding.message}`).toBe(expected)
  })

  it('judges a service outside of all ranges', () => {
    expect(judgeService(service, '10.0.0.1', world())?.message).toBe(
      'Cluster IP [IPv4]: 10.0.0.1 is not within any configured Service CIDR; please recreate service',
    )
  })

  it.each([
    ['all is well', address(mine), undefined],
    ['of someone else', address({ resource: 'gateways', name: 'a' }, { labels: {} }), undefined],
    [
      'of a service that is gone',
      address({ ...mine, name: 'b' }),
      'IPAddress: 10.96.0.5 for Service default/b appears to have leaked: cleaning up',
    ],
    [
      'of a service that may follow',
      address({ ...mine, name: 'b' }, { creationTimestamp: '2026-01-01T00:09:30Z' }),
      30_001,
    ],
    [
      'that the service does not have',
      { ...address(mine), metadata: { ...address(mine).metadata, name: '10.96.0.6' } },
      'IPAddress: 10.96.0.6 for Service default/a has a wrong reference; cleaning up',
    ],
  ])('judges an address: %s', (_what, object, expected) => {
    const finding = judgeAddress(object, world(), NOW)
    expect(finding && ('wait' in finding ? finding.wait : finding.message)).toBe(expected)
  })

  it('runs in the server', async () => {
    const server = await startTestServer()
    try {
      const { client } = server
      const name = '10.96.0.1'
      expect((await client.get(ipaddresses, { name })).spec.parentRef).toMatchObject({ name: 'kubernetes' })
      await client.delete(ipaddresses, { name })
      await eventually(() => exists(client, name))
      await eventually(async () =>
        (await client.list(events, { namespace: 'default' })).items.some(
          ({ reason, source }) =>
            reason === 'ClusterIPNotAllocated' && source?.component === 'ipallocator-repair-controller',
        ),
      )
      const { spec, status } = await client.get(servicecidrs, { name: 'kubernetes' })
      expect(spec.cidrs).toEqual([V4])
      expect(status.conditions).toMatchObject([
        { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes default Service CIDR is ready' },
      ])
    } finally {
      await server.close()
    }
  })
})
