// Audit events that go to another server. Rules: k8s.io/apiserver/plugin/pkg/audit/webhook and pkg/server/options, audit.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readApiServerSettings } from '../../src/main/api-server-settings.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Asked, callerOf, type Reviewer, startReviewer } from './access-support.ts'

const POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- {level: RequestResponse, users: [jane], verbs: [create]}
- {level: Metadata, users: [jane]}
- {level: None}
`
const JANE = { name: 'jane', groups: ['system:masters'] }

let directory: string
let keeper: Reviewer
let server: TestServer | undefined

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'audit-webhook-'))
  writeFileSync(join(directory, 'policy.yaml'), POLICY)
  keeper = await startReviewer(directory, 'keeper')
})
afterEach(async () => {
  await server?.close()
  server = undefined
  await keeper.close()
  rmSync(directory, { recursive: true })
})

const start = async (flags: Record<string, string>) => {
  server = await startTestServer({
    flags: {
      'audit-policy-file': join(directory, 'policy.yaml'),
      'audit-webhook-config-file': keeper.kubeconfig,
      ...flags,
    },
  })
  return { jane: await callerOf(server, JANE), server }
}
const events = () => keeper.asked.flatMap(({ items = [] }) => items)
const stages = () => events().map(({ stage, requestURI }) => `${stage} ${requestURI}`)

describe('the audit webhook', () => {
  it('gets batches of events, as full as may be', async () => {
    const { jane } = await start({ 'audit-webhook-batch-max-wait': '300ms', 'audit-webhook-batch-max-size': '3' })
    await jane('/api/v1/namespaces/default')
    await jane('/api/v1/namespaces/kube-system')
    await vi.waitFor(() => expect(events()).toHaveLength(4), { timeout: 5000 })
    expect(keeper.asked.map(({ items = [] }) => items.length)).toEqual([3, 1])
    const [{ kind, apiVersion, authorization }] = keeper.asked as [Asked]
    expect([kind, apiVersion, authorization]).toEqual(['EventList', 'audit.k8s.io/v1', 'Bearer sesame'])
    expect(events()[0]).toMatchObject({
      ...{ level: 'Metadata', stage: 'RequestReceived', verb: 'get' },
      user: { username: 'jane' },
      objectRef: { resource: 'namespaces', name: 'default', apiVersion: 'v1' },
    })
  })

  it('gets in blocking mode each event before the request goes on, and again what did not arrive', async () => {
    const { jane } = await start({ 'audit-webhook-mode': 'blocking', 'audit-webhook-initial-backoff': '10ms' })
    let answers = 0
    keeper.answer = () => {
      answers += 1
      return answers < 3 ? { code: 418 } : { status: {} }
    }
    expect((await jane('/api/v1/namespaces/default')).code).toBe(200)
    expect(stages().slice(0, 3)).toEqual(Array(3).fill('RequestReceived /api/v1/namespaces/default'))
    await vi.waitFor(() => expect(stages()[3]).toBe('ResponseComplete /api/v1/namespaces/default'))
  })

  it('keeps a request from being served that it does not keep, when that is strict', async () => {
    const flags = { 'audit-webhook-mode': 'blocking-strict', 'audit-webhook-initial-backoff': '1ms' }
    const { jane, server } = await start(flags)
    keeper.answer = () => ({ code: 500 })
    const { code, text } = await jane('/api/v1/namespaces', { body: { metadata: { name: 'n' } } })
    expect(code).toBe(500)
    expect(text).toBe('Internal Server Error: "/api/v1/namespaces": failed to store audit event\n')
    const nobody = await callerOf(server, { name: 'root', groups: ['system:masters'] })
    expect((await nobody('/api/v1/namespaces/n')).code).toBe(404)
    const { text: metrics } = await nobody('/metrics')
    expect(metrics).toContain('apiserver_audit_error_total{plugin="webhook"} 1\n')
    expect(metrics).toContain('apiserver_audit_requests_rejected_total 1\n')
  })

  it('gets large events without what makes them large', async () => {
    const { jane } = await start({
      ...{ 'audit-webhook-batch-max-wait': '1ms', 'audit-webhook-truncate-enabled': 'true' },
      'audit-webhook-truncate-max-event-size': '2000',
    })
    await jane('/api/v1/namespaces/default/configmaps', {
      body: { metadata: { name: 'c' }, data: { text: 'x'.repeat(3000) } },
    })
    const complete = () => events().find(({ stage }) => stage === 'ResponseComplete')
    await vi.waitFor(() => expect(complete()).toBeDefined())
    expect(complete()).toMatchObject({ annotations: { 'audit.k8s.io/truncated': 'true' } })
    expect(complete()).not.toHaveProperty('requestObject')
  })

  it('gets what is still waiting when the server ends', async () => {
    const { jane, server: running } = await start({})
    await jane('/api/v1/namespaces/default')
    expect(events()).toEqual([])
    await running.close()
    server = undefined
    expect(stages()).toEqual([
      'RequestReceived /api/v1/namespaces/default',
      'ResponseComplete /api/v1/namespaces/default',
    ])
  })
})

it.each([
  [
    { 'audit-webhook-mode': 'maybe' },
    'invalid audit webhook mode maybe, allowed modes are "batch,blocking,blocking-strict"',
  ],
  [{ 'audit-webhook-batch-buffer-size': '0' }, 'invalid audit batch webhook buffer size 0, must be a positive number'],
  [
    { 'audit-webhook-batch-throttle-qps': '0' },
    'invalid audit batch webhook throttle QPS 0, must be a positive number',
  ],
  [
    { 'audit-webhook-truncate-max-batch-size': '5' },
    'invalid audit truncate webhook max batch size 5, must be greater than max event size (102400)',
  ],
  [
    { 'audit-webhook-version': 'audit.k8s.io/v1beta1' },
    'invalid group version, allowed versions are ["audit.k8s.io/v1"]',
  ],
  [{ 'audit-log-path': '-', 'audit-log-maxage': '-1' }, "--audit-log-maxage -1 can't be a negative number"],
])('does not start with %j', (flags, message) => {
  expect(() => readApiServerSettings({ 'audit-webhook-config-file': keeper.kubeconfig, ...flags })).toThrow(message)
})
