import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configmaps, leases, nodes } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import { VirtualClock } from '../../machinery/clock.ts'
import { MetricSet } from '../../machinery/metrics.ts'
import { startTestServer, type TestServer } from '../../main/testing.ts'
import { RequestMetrics } from '../metrics/requests.ts'
import type { Registry } from '../registry/registry.ts'
import type { Admitted, FlowControl } from './flow-control.ts'
import { FlowRejection } from './level.ts'
import { turnTakingClient } from './turn-taking-client.ts'

const REGISTRY = { served: () => ({ version: { subresources: new Set() } }) } as unknown as Registry
const CONFIG_MAP = { metadata: { name: 'c', namespace: 'default' } } as never

/** A client whose requests end when they are told to, behind a flow control that does as it is told. */
function setUp(admit: () => Admitted | Promise<Admitted>) {
  const clock = new VirtualClock()
  const all = new MetricSet()
  const requests = new RequestMetrics(all, REGISTRY, () => clock.now())
  const told: string[] = []
  const ends: (() => void)[] = []
  const inner = {
    get: () => new Promise((resolve) => ends.push(() => resolve(CONFIG_MAP))),
    create: () => Promise.reject(new Error('broken')),
  } as unknown as Client
  const flow: FlowControl = { generation: 1, admit, classified: () => admit }
  const client = turnTakingClient(inner, {
    user: { name: 'system:kube-scheduler', groups: ['system:masters'] },
    ...{ flow: () => flow, requests, clock },
    observe: (method) => (code, seconds) => told.push(`${method} ${code} ${seconds}`),
  })
  return { clock, all, client, told, ends }
}

const admitted = (released: () => void): Admitted => ({
  flowSchemaUid: '',
  priorityLevelUid: '',
  release: released,
})

it('holds a seat as long as the request lasts, and counts it', async () => {
  let seats = 0
  const { client, ends, told, all, clock } = setUp(() => {
    seats += 1
    return admitted(() => {
      seats -= 1
    })
  })
  const getting = client.get(configmaps, { namespace: 'default', name: 'c' })
  expect(seats).toBe(1)
  await clock.advance(2000)
  ends[0]?.()
  await getting
  expect(seats).toBe(0)
  await expect(client.create(configmaps, CONFIG_MAP)).rejects.toThrow('broken')
  expect(seats).toBe(0)
  expect(told).toEqual(['GET 200 2', 'POST 500 0'])
  expect(all.text()).toContain(
    'apiserver_request_total{verb="GET",dry_run="",group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver",code="200"} 1',
  )
  expect(all.text()).toContain(
    'resource="configmaps",subresource="",scope="resource",component="apiserver",code="500"} 1',
  )
})

it('comes again when it is refused, and gives up like a client', async () => {
  let refusals = 2
  let asked = 0
  const { client, clock, ends } = setUp(() => {
    asked += 1
    if (refusals-- > 0) throw new FlowRejection('queue-full')
    return admitted(() => {})
  })
  const getting = client.get(configmaps, { namespace: 'default', name: 'c' })
  await clock.advance(999)
  expect(asked).toBe(1)
  await clock.advance(1001)
  expect(asked).toBe(3)
  ends[0]?.()
  await getting
  refusals = 1000
  asked = 0
  const hopeless = expect(client.get(configmaps, { namespace: 'default', name: 'c' })).rejects.toMatchObject({
    code: 429,
    reason: 'TooManyRequests',
  })
  await clock.advance(11_000)
  await hopeless
  expect(asked).toBe(11)
})

describe('components in the process of a server', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server.close())

  const dispatched = async (level: string, schema: string) => {
    const figures = await metricsOf(server)
    const line = figures.find((text) =>
      text.startsWith(
        `apiserver_flowcontrol_dispatched_requests_total{priority_level="${level}",flow_schema="${schema}"}`,
      ),
    )
    return Number(line?.split(' ')[1] ?? 0)
  }

  it.each<[user: string, group: string, what: string, level: string, schema: string]>([
    ['system:kube-scheduler', 'system:masters', 'nodes', 'workload-high', 'kube-scheduler'],
    ['system:kube-controller-manager', 'system:masters', 'nodes', 'workload-high', 'kube-controller-manager'],
    ['system:kube-scheduler', 'system:masters', 'leases', 'leader-election', 'system-leader-election'],
    ['system:node:n1', 'system:nodes', 'node', 'node-high', 'system-node-high'],
    ['system:apiserver', 'system:masters', 'nodes', 'exempt', 'exempt'],
  ])('%s of %s is placed for %s in %s by %s', async (name, group, what, level, schema) => {
    const client = server.server.clientFor({ name, groups: [group, 'system:authenticated'] })
    const before = await dispatched(level, schema)
    const ask = {
      nodes: () => client.list(nodes),
      node: () => client.get(nodes, { name: 'n1' }),
      leases: () => client.get(leases, { namespace: 'kube-system', name: 'x' }),
    }[what]
    // Who is placed has been placed, whether the object is there or not.
    const [answer] = await Promise.allSettled([ask?.()])
    expect(what === 'nodes' ? 'fulfilled' : 'rejected').toBe(answer.status)
    expect(await dispatched(level, schema)).toBeGreaterThan(before)
  })
})

async function metricsOf(server: TestServer): Promise<string[]> {
  const { Agent, request } = await import('node:https')
  const agent = new Agent({ ca: server.ca, cert: server.admin.cert, key: server.admin.key })
  return new Promise((resolve, reject) => {
    const sent = request(`${server.url}/metrics`, { agent }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve(text.split('\n')))
    })
    sent.on('error', reject)
    sent.end()
  })
}
