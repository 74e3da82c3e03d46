// Requests of components in the same process are in the audit log like those that come over HTTP.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ConfigMap } from '../../src/api/generated/core-v1.ts'
import { configmaps, pods, secrets } from '../../src/api/generated/resources.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'

interface Event {
  readonly auditID: string
  readonly stage: string
  readonly level: string
  readonly verb: string
  readonly requestURI: string
  readonly user: { readonly username: string; readonly groups: readonly string[] }
  readonly objectRef?: Readonly<Record<string, string>>
  readonly responseStatus?: { readonly code: number; readonly reason?: string }
  readonly requestObject?: unknown
  readonly responseObject?: { readonly metadata?: { readonly managedFields?: unknown }; readonly status?: string }
  readonly sourceIPs: readonly string[]
  readonly userAgent: string
  readonly annotations: Readonly<Record<string, string>>
}

const POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: true
rules:
- {level: None, users: ['system:apiserver', kubernetes-admin]}
- {level: Metadata, resources: [{group: "", resources: [secrets]}]}
- {level: RequestResponse}
`

describe('the audit log of components', () => {
  const directory = mkdtempSync(join(tmpdir(), 'audit-components-'))
  const path = join(directory, 'audit.log')
  let server: TestServer

  const events = (): Event[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Event)
  const complete = (verb: string, resource: string) =>
    events().filter(
      ({ stage, verb: its, objectRef }) =>
        stage === 'ResponseComplete' && its === verb && objectRef?.resource === resource,
    )

  beforeAll(async () => {
    writeFileSync(join(directory, 'policy.yaml'), POLICY)
    server = await startTestServer({
      flags: { 'audit-policy-file': join(directory, 'policy.yaml'), 'audit-log-path': path },
    })
  })
  afterAll(async () => {
    await server.close()
    rmSync(directory, { recursive: true })
  })

  it('has what they write, as whom, and what they are answered', async () => {
    const manager = server.server.clientFor({ name: 'system:kube-controller-manager', groups: ['system:masters'] })
    await manager.create(configmaps, { metadata: { name: 'made', namespace: 'default' }, data: { a: 'b' } })
    await vi.waitFor(() => expect(complete('create', 'configmaps')).toHaveLength(1))
    const [event] = complete('create', 'configmaps')
    expect(event).toMatchObject({
      level: 'RequestResponse',
      requestURI: '/api/v1/namespaces/default/configmaps',
      user: { username: 'system:kube-controller-manager', groups: ['system:masters'] },
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'made', apiVersion: 'v1' },
      responseStatus: { code: 201 },
      requestObject: { metadata: { name: 'made' }, data: { a: 'b' } },
      responseObject: { kind: 'ConfigMap', metadata: { name: 'made' } },
      sourceIPs: ['127.0.0.1'],
      userAgent: expect.stringMatching(/^sampan\/v1\.36/),
      annotations: { 'authorization.k8s.io/decision': 'allow' },
    })
    expect(event?.responseObject?.metadata?.managedFields).toBeUndefined()
    const stages = events().filter(({ auditID }) => auditID === event?.auditID)
    expect(stages.map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseComplete'])
  })

  it('has patches, deletions and lists', async () => {
    const scheduler = server.server.clientFor({ name: 'system:kube-scheduler', groups: ['system:masters'] })
    const key = { namespace: 'default', name: 'made' }
    await scheduler.patch<ConfigMap>(configmaps, key, { type: 'merge', patch: { data: { c: 'd' } } })
    await scheduler.list(configmaps, { namespace: 'default', labelSelector: 'x in (y)' })
    await scheduler.delete(configmaps, key, { propagationPolicy: 'Background' })
    await vi.waitFor(() => expect(complete('delete', 'configmaps')).toHaveLength(1))
    expect(complete('patch', 'configmaps')[0]).toMatchObject({ requestObject: { data: { c: 'd' } } })
    const [list] = complete('list', 'configmaps')
    expect(list?.requestURI).toBe('/api/v1/namespaces/default/configmaps?labelSelector=x%20in%20(y)')
    expect(list?.responseObject).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1', items: [] })
    expect(complete('delete', 'configmaps')[0]).toMatchObject({
      requestObject: { kind: 'DeleteOptions', propagationPolicy: 'Background' },
      responseObject: { kind: 'Status', status: 'Success' },
    })
  })

  it('has what they are refused, and not what the policy leaves out', async () => {
    const kubelet = server.server.clientFor({ name: 'system:node:n1', groups: ['system:nodes'] })
    await expect(kubelet.get(secrets, { namespace: 'default', name: 'hidden' })).rejects.toThrow('forbidden')
    await vi.waitFor(() => expect(complete('get', 'secrets')).toHaveLength(1))
    const [event] = complete('get', 'secrets')
    expect(event).toMatchObject({
      level: 'Metadata',
      user: { username: 'system:node:n1' },
      responseStatus: { code: 403, reason: 'Forbidden' },
      annotations: { 'authorization.k8s.io/decision': 'forbid' },
    })
    await server.client.get(configmaps, { namespace: 'kube-public', name: 'cluster-info' })
    expect(events().some(({ user }) => user.username === 'kubernetes-admin')).toBe(false)
  })

  it('has watches when they begin and when they end', async () => {
    const scheduler = server.server.clientFor({ name: 'system:kube-scheduler', groups: ['system:masters'] })
    const stop = new AbortController()
    const watching = (async () => {
      for await (const _ of scheduler.watch(pods, { signal: stop.signal, resourceVersion: '1' })) return
    })().catch((error: unknown) => error)
    const stagesOf = () => events().filter(({ verb, objectRef }) => verb === 'watch' && objectRef?.resource === 'pods')
    await vi.waitFor(() => expect(stagesOf().map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseStarted']))
    stop.abort()
    await watching
    await vi.waitFor(() => expect(stagesOf().at(-1)?.stage).toBe('ResponseComplete'))
  })
})
