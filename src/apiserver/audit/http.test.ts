import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request as send } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startTestServer, type TestServer } from '../../main/testing.ts'

interface Event {
  auditID: string
  stage: string
  level: string
  verb: string
  requestURI: string
  user: { username?: string; groups?: string[] }
  impersonatedUser?: { username: string }
  objectRef?: Record<string, string>
  responseStatus?: { code: number; reason?: string; message?: string; status?: string }
  requestObject?: { metadata: { name: string } }
  responseObject?: { metadata: { name: string; managedFields?: unknown; uid: string } }
  sourceIPs: string[]
  userAgent: string
  annotations?: Record<string, string>
}

const POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: true
rules:
- {level: None, nonResourceURLs: [/version]}
- {level: Metadata, resources: [{group: "", resources: [secrets]}]}
- {level: RequestResponse, verbs: [create, update, patch, delete]}
- {level: Metadata, omitStages: [RequestReceived]}
`

describe('the audit log of a server', () => {
  const directory = mkdtempSync(join(tmpdir(), 'audit-http-'))
  const path = join(directory, 'audit.log')
  let server: TestServer
  let admin: Agent
  let nobody: Agent

  const call = (method: string, url: string, options: { body?: object; headers?: object; agent?: Agent } = {}) =>
    new Promise<{ code: number; id: string }>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'user-agent': 'tester/1', ...options.headers }
      const request = send(`${server.url}${url}`, { method, agent: options.agent ?? admin, headers }, (response) => {
        response.resume()
        response.on('end', () =>
          resolve({ code: response.statusCode ?? 0, id: String(response.headers['audit-id'] ?? '') }),
        )
      })
      request.on('error', reject)
      request.end(options.body && JSON.stringify(options.body))
    })
  const eventsOf = (id: string): Event[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Event)
      .filter((event) => event.auditID === id)
  const written = (id: string, count: number) =>
    vi.waitFor(() => {
      const events = eventsOf(id)
      expect(events).toHaveLength(count)
      return events
    })

  beforeAll(async () => {
    const policy = join(directory, 'policy.yaml')
    writeFileSync(policy, POLICY)
    server = await startTestServer({ flags: { 'audit-policy-file': policy, 'audit-log-path': path } })
    admin = new Agent({ ca: server.ca, cert: server.admin.cert, key: server.admin.key, keepAlive: true })
    nobody = new Agent({ ca: server.ca, keepAlive: true })
  })
  afterAll(async () => {
    admin.destroy()
    nobody.destroy()
    await server.close()
    rmSync(directory, { recursive: true })
  })

  it('tells what was sent and what was answered', async () => {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: 'v' } }
    const { id } = await call('POST', '/api/v1/namespaces/default/configmaps', { body })
    const [received, complete] = await written(id, 2)
    expect(received).toMatchObject({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'RequestResponse',
      stage: 'RequestReceived',
      verb: 'create',
      requestURI: '/api/v1/namespaces/default/configmaps',
      user: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] },
      sourceIPs: ['127.0.0.1'],
      userAgent: 'tester/1',
      objectRef: { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' },
    })
    expect(received?.requestObject).toBeUndefined()
    expect(complete).toMatchObject({
      stage: 'ResponseComplete',
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'a', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 201 },
      requestObject: { metadata: { name: 'a' }, data: { k: 'v' } },
      responseObject: { metadata: { name: 'a', namespace: 'default' }, data: { k: 'v' } },
      annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
    })
    expect(complete?.responseObject?.metadata.managedFields).toBeUndefined()
  })

  it('tells what admission has to say', async () => {
    const labels = { 'pod-security.kubernetes.io/audit': 'baseline' }
    await call('PATCH', '/api/v1/namespaces/default', {
      body: { metadata: { labels } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    const spec = { hostNetwork: true, containers: [{ name: 'c', image: 'i' }] }
    const { code, id } = await call('POST', '/api/v1/namespaces/default/pods', {
      body: { metadata: { name: 'p' }, spec },
    })
    expect(code).toBe(201)
    const [, complete] = await written(id, 2)
    expect(complete?.annotations).toMatchObject({
      'authorization.k8s.io/decision': 'allow',
      'pod-security.kubernetes.io/audit-violations': expect.stringContaining('host namespaces (hostNetwork=true)'),
    })
  })

  it('keeps bodies of secrets out and says why something failed', async () => {
    const { id } = await call('GET', '/api/v1/namespaces/default/secrets/none')
    const [, complete] = await written(id, 2)
    expect(complete?.level).toBe('Metadata')
    expect(complete?.responseStatus).toMatchObject({
      status: 'Failure',
      reason: 'NotFound',
      message: 'secrets "none" not found',
      code: 404,
    })
    expect(complete?.responseObject).toBeUndefined()
  })

  it('names who acts as whom, and who is refused', async () => {
    const acting = await call('GET', '/api/v1/nodes', { headers: { 'impersonate-user': 'bob' } })
    const [event] = await written(acting.id, 1)
    expect(event).toMatchObject({
      user: { username: 'kubernetes-admin' },
      impersonatedUser: { username: 'bob' },
      responseStatus: { code: 403, reason: 'Forbidden' },
      annotations: { 'authorization.k8s.io/decision': 'forbid' },
    })
    const unknown = await call('GET', '/api/v1/nodes', { headers: { authorization: 'Bearer x' }, agent: nobody })
    const [refused] = await written(unknown.id, 1)
    expect(unknown.code).toBe(401)
    expect(refused).toMatchObject({ stage: 'ResponseStarted', responseStatus: { code: 401 } })
    expect(refused?.responseStatus?.message).toBe('Unauthorized')
  })

  it('tells of watches when they begin and when they end', async () => {
    const { id } = await call('GET', '/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=1')
    const stages = (await written(id, 2)).map((event) => event.stage)
    expect(stages).toEqual(['ResponseStarted', 'ResponseComplete'])
  })

  it('takes the id that a client gives and writes nothing where the policy says so', async () => {
    const { id } = await call('GET', '/version', { headers: { 'audit-id': 'mine' } })
    expect(id).toBe('mine')
    await call('GET', '/api/v1/namespaces/default', { headers: { 'audit-id': 'later' } })
    await written('later', 1)
    expect(eventsOf('mine')).toEqual([])
  })
})
