// What the audit log says of requests: of those that come over HTTP, and of those of components in the same process.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ConfigMap } from '../../src/api/generated/core-v1.ts'
import { configmaps, pods, secrets } from '../../src/api/generated/resources.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf } from './access-support.ts'

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

// Rules: LogRequestObject and LogResponseObject of k8s.io/apiserver/pkg/audit, and who calls them.
describe('the audit log of requests', () => {
  const directory = mkdtempSync(join(tmpdir(), 'audit-requests-'))
  const path = join(directory, 'audit.log')
  const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
  let server: TestServer
  let calls: Readonly<Record<'admin' | 'jane' | 'nobody', Call>>

  beforeAll(async () => {
    const policy = join(directory, 'policy.yaml')
    writeFileSync(policy, POLICY.replace(', kubernetes-admin', ''))
    server = await startTestServer({ flags: { 'audit-policy-file': policy, 'audit-log-path': path } })
    calls = {
      admin: await callerOf(server, { name: 'admin', groups: ['system:masters'] }),
      jane: await callerOf(server, { name: 'jane' }),
      nobody: await callerOf(server),
    }
  })
  afterAll(async () => {
    await server.close()
    rmSync(directory, { recursive: true })
  })

  const written = (id: string): Event[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.includes(`"auditID":"${id}"`))
      .map((line) => JSON.parse(line) as Event)

  interface Case {
    readonly path: string
    readonly as?: 'admin' | 'jane' | 'nobody'
    readonly options?: Parameters<Call>[1]
    readonly stage?: string
    readonly event: object
    /** What it does not say. */
    readonly without?: 'requestObject' | 'responseObject'
  }
  const failure = (code: number, reason: string, message: unknown) => ({ status: 'Failure', code, reason, message })
  const logged = (code: number, reason: string, message: unknown) => ({
    responseStatus: failure(code, reason, message),
    responseObject: { kind: 'Status', ...failure(code, reason, message) },
  })
  const noPod = logged(404, 'NotFound', 'pods "none" not found')
  const cases: readonly (readonly [title: string, Case])[] = [
    [
      'whoever may not is told so, which is an answer',
      { path: CONFIG_MAPS, as: 'jane', event: logged(403, 'Forbidden', expect.stringContaining('cannot list')) },
    ],
    [
      'nobody known is Unauthorized, when the answer begins',
      {
        path: CONFIG_MAPS,
        as: 'nobody',
        options: { headers: { authorization: 'Bearer x' } },
        stage: 'ResponseStarted',
        event: logged(401, 'Unauthorized', 'Unauthorized'),
      },
    ],
    [
      'a refused connection says why when it begins',
      { path: '/api/v1/namespaces/default/pods/none/log', stage: 'ResponseStarted', event: noPod },
    ],
    [
      'a refused connection says why when it is over',
      { path: '/api/v1/namespaces/default/pods/none/log', event: noPod },
    ],
    [
      'text is no answer (http.Error)',
      { path: '/nothing', event: { responseStatus: { metadata: {}, code: 404 } }, without: 'responseObject' },
    ],
    [
      'what the client has no form for is no answer',
      {
        path: `${CONFIG_MAPS}/none`,
        options: { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } },
        event: { responseStatus: { metadata: {}, code: 404 } },
        without: 'responseObject',
      },
    ],
    [
      'documents beside the API are no objects',
      { path: '/version', event: { responseStatus: { code: 200 } }, without: 'responseObject' },
    ],
    ['discovery is', { path: '/apis', event: { responseObject: { kind: 'APIGroupList' } } }],
    [
      'options of deletions have their internal version',
      {
        path: `${CONFIG_MAPS}/none`,
        options: { method: 'DELETE', body: { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 } },
        event: {
          requestObject: { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/__internal', gracePeriodSeconds: 0 },
        },
      },
    ],
    [
      'what is created is named where bodies are not written',
      {
        path: '/api/v1/namespaces/default/secrets',
        options: { body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'named' } } },
        event: { level: 'Metadata', objectRef: { name: 'named', resource: 'secrets' } },
        without: 'requestObject',
      },
    ],
    [
      'what is created is read and has its defaults',
      {
        path: '/api/v1/namespaces/default/services',
        options: { body: { metadata: { name: 'defaulted' }, spec: { ports: [{ port: 80 }] } } },
        event: {
          requestObject: {
            kind: 'Service',
            apiVersion: 'v1',
            metadata: { name: 'defaulted' },
            spec: {
              ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
              sessionAffinity: 'None',
              type: 'ClusterIP',
            },
            status: { loadBalancer: {} },
          },
        },
      },
    ],
    [
      'what is created is written down in the version that was sent',
      {
        path: '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers',
        options: {
          body: {
            metadata: { name: 'h' },
            spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd' } },
          },
        },
        event: {
          requestObject: {
            apiVersion: 'autoscaling/v1',
            spec: { maxReplicas: 3, minReplicas: 1, targetCPUUtilizationPercentage: 80 },
            status: { currentReplicas: 0, desiredReplicas: 0 },
          },
        },
      },
    ],
    [
      'fields that nobody knows are not written down',
      {
        path: `${CONFIG_MAPS}?dryRun=All`,
        options: { body: { metadata: { name: 'unknown' }, foo: 1 } },
        event: { requestObject: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'unknown' } } },
      },
    ],
    [
      'what cannot be read has no name either',
      {
        path: `${CONFIG_MAPS}?fieldValidation=Strict`,
        options: { body: { metadata: { name: 'unread' }, foo: 1 } },
        event: { objectRef: { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' } },
        without: 'requestObject',
      },
    ],
    [
      'patches are written down as they were sent',
      {
        path: `${CONFIG_MAPS}/none`,
        options: {
          method: 'PATCH',
          body: { data: { a: null } },
          headers: { 'content-type': 'application/merge-patch+json' },
        },
        event: { requestObject: { data: { a: null } } },
      },
    ],
    [
      'options of deletions have their kind',
      {
        path: `${CONFIG_MAPS}/none`,
        options: { method: 'DELETE', body: { preconditions: { uid: 'x' } } },
        event: {
          requestObject: {
            kind: 'DeleteOptions',
            apiVersion: 'meta.k8s.io/__internal',
            preconditions: { uid: 'x' },
          },
        },
      },
    ],
    [
      'a list of one name is about that object (NewRequestInfo)',
      {
        path: `${CONFIG_MAPS}?fieldSelector=metadata.name%3Dsome`,
        event: { objectRef: { resource: 'configmaps', namespace: 'default', name: 'some', apiVersion: 'v1' } },
      },
    ],
    [
      'a Status of success is told where bodies are not',
      {
        path: '/api/v1/namespaces/default/secrets/named',
        options: { method: 'DELETE' },
        event: { responseStatus: { status: 'Success', code: 200, details: { kind: 'secrets', name: 'named' } } },
        without: 'responseObject',
      },
    ],
    [
      'a token is told by its id (TokenREST)',
      {
        path: '/api/v1/namespaces/default/serviceaccounts/default/token',
        options: { body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} } },
        event: {
          annotations: {
            'authentication.kubernetes.io/issued-credential-id': expect.stringMatching(/^JTI=[0-9a-f-]{36}$/),
          },
          requestObject: { spec: { expirationSeconds: 3600 }, status: { token: '' } },
        },
      },
    ],
    [
      'kinds that are deprecated are told (MonitorRequest)',
      { path: '/api/v1/componentstatuses', event: { annotations: { 'k8s.io/deprecated': 'true' } } },
    ],
    [
      'addresses that are none do not count (SourceIPs)',
      {
        path: `${CONFIG_MAPS}/a`,
        options: { headers: { 'x-forwarded-for': '1.2.3.4, bad, ::1', 'x-real-ip': '9.9.9.9' } },
        event: { sourceIPs: ['1.2.3.4', '::1', '9.9.9.9', '127.0.0.1'] },
      },
    ],
    [
      'the last address is told once (SourceIPs)',
      {
        path: `${CONFIG_MAPS}/a`,
        options: { headers: { 'x-forwarded-for': '127.0.0.1, 127.0.0.1' } },
        event: { sourceIPs: ['127.0.0.1', '127.0.0.1'] },
      },
    ],
    [
      'pods where everything is allowed are judged, too',
      {
        path: '/api/v1/namespaces/default/pods',
        options: {
          body: {
            apiVersion: 'v1',
            kind: 'Pod',
            metadata: { name: 'p' },
            spec: { containers: [{ name: 'c', image: 'i' }] },
          },
        },
        event: { annotations: { 'pod-security.kubernetes.io/enforce-policy': 'privileged:latest' } },
      },
    ],
  ]
  it.each(cases)(
    '%s',
    async (title, { path: asked, as = 'admin', options = {}, stage = 'ResponseComplete', event, without }) => {
      const id = title.replace(/[^a-z]+/g, '-')
      await calls[as](asked, { ...options, headers: { ...options.headers, 'audit-id': id } })
      const found = await vi.waitFor(() => {
        const one = written(id).find((its) => its.stage === stage)
        if (!one) throw new Error(`there is no ${stage} of ${id}`)
        return one
      })
      expect(found).toMatchObject(event)
      if (without) expect(found[without]).toBeUndefined()
    },
  )
})
