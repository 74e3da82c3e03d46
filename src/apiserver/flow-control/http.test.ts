import { Agent, request as send } from 'node:https'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { flowschemas, prioritylevelconfigurations } from '../../api/generated/resources.ts'
import { startTestServer, type TestServer } from '../../main/testing.ts'

/** Begins a request whose body does not come until the returned function is called, which gives the answer's code. */
async function holdRequest(server: TestServer, agent: Agent): Promise<() => Promise<number>> {
  const review = { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } }
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  const headers = { 'content-type': 'application/json', expect: '100-continue' }
  const request = send(`${server.url}${path}`, { method: 'POST', agent, headers })
  const answer = new Promise<number>((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
  })
  await new Promise((resolve) => {
    request.on('continue', resolve)
    request.flushHeaders()
  })
  return () => {
    request.end(JSON.stringify(review))
    return answer
  }
}

describe('priority and fairness over http', () => {
  const hold = () => holdRequest(server, alice)
  let server: TestServer
  let admin: Agent
  let alice: Agent

  const call = (path: string, agent: Agent) =>
    new Promise<{ code: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
      const request = send(`${server.url}${path}`, { agent }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            code: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        )
      })
      request.on('error', reject)
      request.end()
    })

  beforeAll(async () => {
    server = await startTestServer()
    const certificate = await server.certificate('alice', [])
    admin = new Agent({ ca: server.ca, cert: server.admin.cert, key: server.admin.key })
    alice = new Agent({ ca: server.ca, cert: certificate.cert, key: certificate.key })
  })
  afterAll(async () => {
    admin.destroy()
    alice.destroy()
    await server.close()
  })

  it('names the schema and level of a request', async () => {
    const schema = await server.client.get(flowschemas, { name: 'global-default' })
    const level = await server.client.get(prioritylevelconfigurations, { name: 'global-default' })
    const { headers } = await call('/version', alice)
    expect(headers['x-kubernetes-pf-flowschema-uid']).toBe(schema.metadata.uid)
    expect(headers['x-kubernetes-pf-prioritylevel-uid']).toBe(level.metadata.uid)
  })

  it('follows changes: a level without seats or queues refuses', async () => {
    await server.client.create(prioritylevelconfigurations, {
      metadata: { name: 'none' },
      spec: {
        type: 'Limited',
        limited: { nominalConcurrencyShares: 0, borrowingLimitPercent: 0, limitResponse: { type: 'Reject' } },
      },
    })
    await server.client.create(flowschemas, {
      metadata: { name: 'alice' },
      spec: {
        priorityLevelConfiguration: { name: 'none' },
        matchingPrecedence: 10,
        rules: [
          {
            subjects: [{ kind: 'User', user: { name: 'alice' } }],
            nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
            resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true }],
          },
        ],
      },
    })
    // A level without seats serves one request at a time: as long as a body is not there, this is one.
    const leave = await hold()
    const refused = await call('/version', alice)
    expect(refused.code).toBe(429)
    expect(refused.text).toBe('Too many requests, please try again later.\n')
    expect(refused.headers['retry-after']).toBe('1')
    const page = await call('/debug/api_priority_and_fairness/dump_priority_levels', admin)
    expect(page.text).toMatch(/^PriorityLevelName, +ActiveQueues, /)
    expect(page.text).toMatch(/^none, +0, +false, +false, +0, +1, +\d+, +1, +0, +0$/m)
    expect((await call('/debug/api_priority_and_fairness/dump_queues', admin)).text).toContain('workload-high,')
    const metrics = (await call('/metrics', admin)).text
    const flow = 'priority_level="none",flow_schema="alice"'
    expect(metrics).toContain(`apiserver_flowcontrol_current_executing_requests{${flow}} 1`)
    expect(metrics).toContain(`apiserver_flowcontrol_rejected_requests_total{${flow},reason="concurrency-limit"} 1`)
    expect(metrics).toContain('apiserver_current_inflight_requests{request_kind="mutating"} 1')
    expect(await leave()).toBe(201)
    expect((await call('/version', alice)).code).toBe(200)
    expect((await call('/debug/api_priority_and_fairness/dump_queues', alice)).code).toBe(403)
    await server.client.delete(flowschemas, { name: 'alice' })
  })

  it('says of each schema whether its level exists', async () => {
    const conditionOf = async (name: string) =>
      (await server.client.get(flowschemas, { name })).status.conditions?.find(({ type }) => type === 'Dangling')
    await vi.waitFor(async () =>
      expect(await conditionOf('exempt')).toMatchObject({ status: 'False', reason: 'Found' }),
    )
    await server.client.create(flowschemas, {
      metadata: { name: 'lost' },
      spec: { priorityLevelConfiguration: { name: 'nowhere' } },
    })
    await vi.waitFor(async () =>
      expect(await conditionOf('lost')).toMatchObject({
        status: 'True',
        reason: 'NotFound',
        message:
          'This FlowSchema references the PriorityLevelConfiguration object named "nowhere" but there is no such object',
      }),
    )
  })
})

it('counts requests only, when priority and fairness is off', async () => {
  const server = await startTestServer({
    flags: { 'enable-priority-and-fairness': 'false', 'max-mutating-requests-inflight': '1' },
  })
  const { cert, key } = await server.certificate('alice', [])
  const agent = new Agent({ ca: server.ca, cert, key })
  const leave = await holdRequest(server, agent)
  const second = await holdRequest(server, agent)
  expect(await second()).toBe(429)
  expect(await leave()).toBe(201)
  agent.destroy()
  await server.close()
})
