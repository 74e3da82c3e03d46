// The DNS server over real sockets on the loopback interface, in front of a real API server core.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type Answer, decode, encode, type Packet, type RecordType, streamDecode, streamEncode } from 'dns-packet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Service } from '../api/generated/core-v1.ts'
import type { Endpoint } from '../api/generated/discovery-v1.ts'
import { endpointslices, endpoints as endpointsResource, services } from '../api/generated/resources.ts'
import { startTestApi, type TestApi } from '../apiserver/testing.ts'
import { InformerFactory } from '../client/informer.ts'
import { systemClock, VirtualClock } from '../machinery/clock.ts'
import { silentLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { ensureDnsService } from './dns-service.ts'
import { runDns } from './server.ts'

const stop = new AbortController()
const cacheClock = new VirtualClock()
let api: TestApi
let port = 0
let asked = 0
const ended: Promise<void>[] = []

/** A name server that knows `example.com`, has nothing for others, and never answers for `silent.com`. */
async function startUpstream(): Promise<number> {
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    asked++
    const query = decode(message)
    const name = query.questions?.[0]?.name ?? ''
    if (name === 'silent.com') return
    const known = name.toLowerCase() === 'example.com'
    const soa: Answer = { type: 'SOA', name: 'com', ttl: 9, data: { mname: 'a', rname: 'b', minimum: 7 } }
    const reply: Packet = {
      type: 'response',
      id: query.id ?? 0,
      flags: known ? 0x80 : 0x83,
      questions: query.questions ?? [],
      answers: known ? [{ type: 'A', name, ttl: 20, data: '192.0.2.80' }] : [],
      authorities: known ? [] : [soa],
    }
    socket.send(encode(reply), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  stop.signal.addEventListener('abort', () => socket.close())
  return socket.address().port
}

async function startDns(options: { upstreams: string[]; clock?: VirtualClock }): Promise<number> {
  const informers = new InformerFactory({ client: api.client, clock: systemClock, log: silentLogger })
  informers.start(stop.signal)
  return new Promise((resolve, reject) => {
    const run = runDns({
      informers,
      listen: { host: '127.0.0.1', port: 0 },
      clusterDomain: 'cluster.local',
      serviceIP: '10.96.0.10',
      ownRanges: ['10.96.0.0/16', '10.244.0.0/16'],
      upstreams: options.upstreams,
      clock: options.clock ?? systemClock,
      random: systemRandom,
      log: silentLogger,
      signal: stop.signal,
      onListening: (address) => resolve(address.port),
    })
    ended.push(run)
    run.catch(reject)
  })
}

async function askUdp(message: Buffer, to = port): Promise<Buffer> {
  const socket = createSocket('udp4')
  try {
    socket.send(message, to, '127.0.0.1')
    const [answer] = await once(socket, 'message')
    return answer
  } finally {
    socket.close()
  }
}

const question = (name: string, type: RecordType, edns?: number): Packet => ({
  type: 'query',
  id: 4711,
  flags: 0x100,
  questions: [{ name, type }],
  ...(edns === undefined
    ? {}
    : {
        additionals: [
          {
            type: 'OPT' as const,
            name: '.',
            udpPayloadSize: edns,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ],
      }),
})

async function ask(name: string, type: RecordType, to = port) {
  const answer = decode(await askUdp(encode(question(name, type)), to))
  expect(answer.id).toBe(4711)
  expect(answer.questions?.[0]).toMatchObject({ name, type })
  return { rcode: (answer as { rcode?: string }).rcode, ...answer }
}

/** The answers in short: `A 10.0.0.1`, `SRV 80 host`. */
async function short(name: string, type: RecordType, to = port): Promise<string[]> {
  const { rcode, answers = [] } = await ask(name, type, to)
  if (rcode !== 'NOERROR') return [String(rcode)]
  return answers.map((a) => `${a.type} ${text(a)}`).sort()
}

function text(answer: Answer): string {
  if (answer.type === 'SRV') return `${answer.data.weight} ${answer.data.port} ${answer.data.target}`
  return 'data' in answer ? String(answer.data) : ''
}

async function addService(name: string, spec: Partial<Service['spec']>): Promise<string> {
  const made = await api.client.create(services, { metadata: { name, namespace: 'default' }, spec })
  return made.spec.clusterIP ?? ''
}

async function addSlice(service: string, endpoints: Endpoint[], portName = ''): Promise<void> {
  await api.client.create(endpointslices, {
    metadata: { name: `${service}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: portName, port: 5432, protocol: 'TCP' }],
    endpoints,
  })
}

let webIP = ''

beforeAll(async () => {
  api = await startTestApi()
  const ready = { ready: true }
  webIP = await addService('web', {
    ports: [
      { name: 'http', port: 80 },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
  })
  await addService('db', { clusterIP: 'None', ports: [{ name: 'sql', port: 5432 }] })
  await addSlice(
    'db',
    [
      { addresses: ['10.244.0.5'], hostname: 'db-0', conditions: ready },
      { addresses: ['10.244.0.6'], conditions: ready },
      { addresses: ['10.244.0.7'], conditions: { ready: false } },
    ],
    'sql',
  )
  await addService('none', { clusterIP: 'None', ports: [{ port: 80 }] })
  await addService('big', { clusterIP: 'None', ports: [{ port: 80 }] })
  await addSlice(
    'big',
    Array.from({ length: 90 }, (_, i) => ({ addresses: [`10.244.3.${i + 1}`], conditions: ready })),
  )
  await addService('out', { type: 'ExternalName', externalName: 'example.com' })
  await addService('loop', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' })
  const upstream = await startUpstream()
  port = await startDns({ upstreams: [`127.0.0.1:${upstream}`], clock: cacheClock })
})

afterAll(async () => {
  stop.abort()
  await Promise.all(ended)
  await api.close()
})

describe('names of the cluster', () => {
  const svc = 'default.svc.cluster.local'
  it.each<[string, RecordType, () => string[]]>([
    [`web.${svc}`, 'A', () => [`A ${webIP}`]],
    [`WEB.${svc}`, 'A', () => [`A ${webIP}`]],
    [`web.${svc}`, 'AAAA', () => []],
    [`web.${svc}`, 'MX', () => []],
    [`nope.${svc}`, 'A', () => ['NXDOMAIN']],
    ['web.elsewhere.svc.cluster.local', 'A', () => ['NXDOMAIN']],
    [`_http._tcp.web.${svc}`, 'SRV', () => [`SRV 100 80 web.${svc}`]],
    [`_dns._udp.web.${svc}`, 'SRV', () => [`SRV 100 53 web.${svc}`]],
    [`_dns._tcp.web.${svc}`, 'SRV', () => ['NXDOMAIN']],
    [`db.${svc}`, 'A', () => ['A 10.244.0.5', 'A 10.244.0.6']],
    [`db-0.db.${svc}`, 'A', () => ['A 10.244.0.5']],
    [`10-244-0-6.db.${svc}`, 'A', () => ['A 10.244.0.6']],
    [`db-1.db.${svc}`, 'A', () => ['NXDOMAIN']],
    [`_sql._tcp.db.${svc}`, 'SRV', () => [`SRV 50 5432 10-244-0-6.db.${svc}`, `SRV 50 5432 db-0.db.${svc}`]],
    [`none.${svc}`, 'A', () => ['NXDOMAIN']],
    [`loop.${svc}`, 'A', () => [`A ${webIP}`, `CNAME web.${svc}`]],
    [`out.${svc}`, 'CNAME', () => ['CNAME example.com']],
    [`out.${svc}`, 'A', () => ['A 192.0.2.80', 'CNAME example.com']],
    [svc, 'A', () => []],
    ['svc.cluster.local', 'A', () => []],
    ['1-2-3-4.default.pod.cluster.local', 'A', () => ['A 1.2.3.4']],
    ['1-2-3-400.default.pod.cluster.local', 'A', () => ['NXDOMAIN']],
    ['nonsense.cluster.local', 'A', () => ['NXDOMAIN']],
    ['cluster.local', 'NS', () => ['NS ns.dns.cluster.local']],
    ['ns.dns.cluster.local', 'A', () => ['A 10.96.0.10']],
    ['dns-version.cluster.local', 'TXT', () => ['TXT 1.1.0']],
    ['5.0.244.10.in-addr.arpa', 'PTR', () => [`PTR db-0.db.${svc}`]],
    ['9.0.244.10.in-addr.arpa', 'PTR', () => ['NXDOMAIN']],
  ])('%s %s', async (name, type, expected) => {
    expect(await short(name, type)).toEqual(expected())
  })

  it('finds the service of a cluster IP', async () => {
    const reverse = webIP.split('.').reverse().join('.')
    expect(await short(`${reverse}.in-addr.arpa`, 'PTR')).toEqual([`PTR web.${svc}`])
  })

  it('carries the start of authority with negative answers, short lives with all', async () => {
    const missing = await ask(`nope.${svc}`, 'A')
    expect(missing.flag_aa).toBe(true)
    expect(missing.authorities?.[0]).toMatchObject({
      type: 'SOA',
      name: 'cluster.local',
      ttl: 5,
      data: { mname: 'ns.dns.cluster.local', rname: 'hostmaster.cluster.local', minimum: 5 },
    })
    expect((await ask(`web.${svc}`, 'A')).answers?.[0]).toMatchObject({ ttl: 5 })
  })

  it('adds the addresses of SRV targets', async () => {
    const { additionals } = await ask(`_http._tcp.web.${svc}`, 'SRV')
    expect(additionals).toMatchObject([{ type: 'A', name: `web.${svc}`, data: webIP }])
  })

  it('gives each address of a headless service its turn at the front', async () => {
    const first = new Set<string>()
    for (let i = 0; i < 4; i++) first.add(text((await ask(`db.${svc}`, 'A')).answers?.[0] as Answer))
    expect(first).toEqual(new Set(['10.244.0.5', '10.244.0.6']))
  })

  it('follows changes', async () => {
    const ip = await addService('later', { ports: [{ port: 1 }] })
    await expect.poll(() => short(`later.${svc}`, 'A')).toEqual([`A ${ip}`])
    await api.client.delete(services, { namespace: 'default', name: 'later' })
    await expect.poll(() => short(`later.${svc}`, 'A')).toEqual(['NXDOMAIN'])
  })

  it('says when an answer does not fit, fits more with EDNS0, and everything over TCP', async () => {
    const name = `big.${svc}`
    const plain = decode(await askUdp(encode(question(name, 'A'))))
    expect(plain.flag_tc).toBe(true)
    const some = plain.answers?.length ?? 0
    expect(some).toBeGreaterThan(10)
    const wide = await askUdp(encode(question(name, 'A', 4096)))
    expect(wide.length).toBeLessThanOrEqual(1232)
    expect(decode(wide).additionals?.[0]).toMatchObject({ type: 'OPT', udpPayloadSize: 1232 })
    expect(decode(wide).answers?.length).toBeGreaterThan(some)
    const socket = connect(port, '127.0.0.1')
    // Two queries at once, and nothing after them.
    const twice = Buffer.concat([streamEncode(question(name, 'A')), streamEncode(question(`web.${svc}`, 'A'))])
    socket.end(twice)
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk)
    const all = Buffer.concat(chunks)
    const first = streamDecode(all)
    expect(first).toMatchObject({ flag_tc: false })
    expect(first?.answers).toHaveLength(90)
    const second = streamDecode(all.subarray(2 + all.readUInt16BE(0)))
    expect(second?.answers).toMatchObject([{ data: webIP }])
  })

  it.each([
    ['an operation that is no query', { ...question(`web.${svc}`, 'A'), flags: 0x2800 }, 'NOTIMP'],
    ['another class', { ...question('x', 'A'), questions: [{ name: 'x', type: 'A', class: 'CH' }] }, 'REFUSED'],
    ['no question', { type: 'query', id: 1, questions: [] }, 'FORMERR'],
  ] as [string, Packet, string][])('refuses %s', async (_what, packet, rcode) => {
    expect(decode(await askUdp(encode(packet)))).toMatchObject({ rcode })
  })

  it('survives what is not DNS', async () => {
    const socket = createSocket('udp4')
    const whole = encode(question(`web.${svc}`, 'A', 1232))
    for (let i = 0; i < whole.length; i++) socket.send(whole.subarray(0, i), port, '127.0.0.1')
    expect(await short(`web.${svc}`, 'A')).toEqual([`A ${webIP}`])
    socket.close()
  })
})

describe('other names', () => {
  it('come from upstream once, then from memory, counted down, until they expire', async () => {
    asked = 0
    expect(await short('EXAMPLE.com', 'A')).toEqual(['A 192.0.2.80'])
    await cacheClock.advance(8_000)
    expect((await ask('example.com', 'A')).answers?.[0]).toMatchObject({ ttl: 12 })
    // The alias above may have brought it in already.
    const before = asked
    expect(before).toBeLessThanOrEqual(1)
    await cacheClock.advance(13_000)
    await ask('example.com', 'A')
    expect(asked).toBe(before + 1)
  })

  it('are denied for as long as upstream says', async () => {
    asked = 0
    expect(await short('gone.com', 'A')).toEqual(['NXDOMAIN'])
    expect(await short('gone.com', 'A')).toEqual(['NXDOMAIN'])
    expect(asked).toBe(1)
    await cacheClock.advance(7_000)
    expect(await short('gone.com', 'A')).toEqual(['NXDOMAIN'])
    expect(asked).toBe(2)
  })

  it('fail when no upstream answers in time', async () => {
    const answer = short('silent.com', 'A')
    await expect
      .poll(async () => {
        await cacheClock.advance(2_000)
        return Promise.race([answer, 'waiting'])
      })
      .toEqual(['SERVFAIL'])
  })

  it('fail at once without an upstream, and go to the next one when the first is not there', async () => {
    const alone = await startDns({ upstreams: [] })
    expect(await short('example.com', 'A', alone)).toEqual(['SERVFAIL'])
    const upstream = await startUpstream()
    const second = await startDns({ upstreams: ['127.0.0.1:1', `127.0.0.1:${upstream}`] })
    expect(await short('example.com', 'A', second)).toEqual(['A 192.0.2.80'])
  })
})

it('rejects when the address is taken', async () => {
  const informers = new InformerFactory({ client: api.client, clock: systemClock, log: silentLogger })
  informers.start(stop.signal)
  const run = runDns({
    informers,
    listen: { host: '127.0.0.1', port },
    clusterDomain: 'cluster.local',
    serviceIP: '10.96.0.10',
    ownRanges: [],
    upstreams: [],
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    signal: stop.signal,
  })
  await expect(run).rejects.toThrow('EADDRINUSE')
})

it('makes the kube-dns service, and moves it to another address', async () => {
  const options = { client: api.client, serviceIP: '10.96.0.10' }
  await ensureDnsService({ ...options, endpoints: [{ ip: '10.244.0.1', nodeName: 'n1' }], port: 53 })
  await ensureDnsService({ ...options, endpoints: [{ ip: '10.244.7.1', nodeName: 'n1' }], port: 5353 })
  const key = { namespace: 'kube-system', name: 'kube-dns' }
  expect((await api.client.get(services, key)).spec).toMatchObject({ clusterIP: '10.96.0.10' })
  const slice = await api.client.get(endpointslices, key)
  expect(slice.endpoints).toMatchObject([{ addresses: ['10.244.7.1'], nodeName: 'n1' }])
  expect(slice.ports).toMatchObject([
    { name: 'dns', port: 5353, protocol: 'UDP' },
    { name: 'dns-tcp', port: 5353, protocol: 'TCP' },
  ])
  expect((await api.client.get(endpointsResource, key)).subsets).toMatchObject([{ addresses: [{ ip: '10.244.7.1' }] }])
  await expect.poll(() => short('kube-dns.kube-system.svc.cluster.local', 'A')).toEqual(['A 10.96.0.10'])
})
