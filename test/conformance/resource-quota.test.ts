// What quotas refuse, and what may not be used up without one.
// Rules: CheckRequest of k8s.io/apiserver/pkg/admission/plugin/resourcequota, with a configuration of limited resources.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readApiServerSettings } from '../../src/main/api-server-settings.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf } from './access-support.ts'

const directory = mkdtempSync(join(tmpdir(), 'quota-configuration-'))
let server: TestServer
let call: Call

/** A file with this configuration of the plugin. */
function configured(configuration: object, name = 'admission.json'): string {
  const path = join(directory, name)
  const plugins = [{ name: 'ResourceQuota', configuration }]
  const document = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins }
  writeFileSync(path, JSON.stringify(document))
  return path
}
const quotaConfiguration = (...limitedResources: object[]) => ({
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'ResourceQuotaConfiguration',
  limitedResources,
})

beforeAll(async () => {
  const path = configured(
    quotaConfiguration(
      { resource: 'secrets', matchContains: ['secrets'] },
      { resource: 'persistentvolumeclaims', matchContains: ['.storageclass.storage.k8s.io/requests.storage'] },
      {
        resource: 'pods',
        matchScopes: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }],
      },
    ),
  )
  server = await startTestServer({ flags: { 'admission-control-config-file': path } })
  call = await callerOf(server, { name: 'admin', groups: ['system:masters'] })
  const high = { metadata: { name: 'high' }, value: 5 }
  expect((await call('/apis/scheduling.k8s.io/v1/priorityclasses', { body: high })).code).toBe(201)
  for (const name of ['open', 'closed']) {
    expect((await call('/api/v1/namespaces', { body: { metadata: { name } } })).code).toBe(201)
    const account = { metadata: { name: 'default' } }
    expect((await call(`/api/v1/namespaces/${name}/serviceaccounts`, { body: account })).code).toBe(201)
  }
  await limit('open', 'all', {
    secrets: '2',
    'count/secrets': '2',
    'requests.cpu': '1',
    pods: '5',
    services: '1',
  })
  const selector = { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] }
  await limit('open', 'high', { pods: '1' }, { scopeSelector: selector })
})
afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

/** A quota with a status as its controller writes it. */
async function limit(namespace: string, name: string, hard: Readonly<Record<string, string>>, spec: object = {}) {
  const path = `/api/v1/namespaces/${namespace}/resourcequotas`
  expect((await call(path, { body: { metadata: { name }, spec: { hard, ...spec } } })).code).toBe(201)
  const used = Object.fromEntries(Object.keys(hard).map((resource) => [resource, '0']))
  const answer = await call(`${path}/${name}/status`, {
    method: 'PATCH',
    body: { status: { hard, used } },
    headers: { 'content-type': 'application/merge-patch+json' },
  })
  expect(answer.code).toBe(200)
}

let made = 0
async function create(namespace: string, plural: string, object: object = {}) {
  made += 1
  const name = `o${made}`
  const answer = await call(`/api/v1/namespaces/${namespace}/${plural}`, { body: { metadata: { name }, ...object } })
  return answer.code === 201 ? 201 : [answer.code, answer.body.message.replace(name, 'NAME')]
}
const pod = (cpu: string | undefined, more: object = {}) => ({
  spec: { containers: [{ name: 'c', image: 'i', ...(cpu ? { resources: { requests: { cpu } } } : {}) }], ...more },
})
const claim = {
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'gold', resources: { requests: { storage: '1Gi' } } },
}

it('refuses what would exceed a quota', async () => {
  expect(await create('open', 'secrets')).toBe(201)
  expect(await create('open', 'secrets')).toBe(201)
  expect(await create('open', 'secrets')).toEqual([
    403,
    'secrets "NAME" is forbidden: exceeded quota: all, requested: count/secrets=1,secrets=1, used: count/secrets=2,secrets=2, limited: count/secrets=2,secrets=2',
  ])
  expect(await create('open', 'services', { spec: { ports: [{ port: 80 }] } })).toBe(201)
  expect(await create('open', 'services', { spec: { ports: [{ port: 80 }] } })).toEqual([
    403,
    'services "NAME" is forbidden: exceeded quota: all, requested: services=1, used: services=1, limited: services=1',
  ])
})

it('refuses pods that do not say what is limited', async () => {
  expect(await create('open', 'pods', pod(undefined))).toEqual([
    403,
    'pods "NAME" is forbidden: failed quota: all: must specify requests.cpu for: c',
  ])
  expect(await create('open', 'pods', pod('600m'))).toBe(201)
  expect(await create('open', 'pods', pod('600m'))).toEqual([
    403,
    'pods "NAME" is forbidden: exceeded quota: all, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1',
  ])
})

it('refuses what is limited by default where no quota covers it', async () => {
  expect(await create('closed', 'secrets')).toEqual([
    403,
    'secrets "NAME" is forbidden: insufficient quota to consume: count/secrets,secrets',
  ])
  expect(await create('closed', 'configmaps')).toBe(201)
  expect(await create('closed', 'persistentvolumeclaims', claim)).toEqual([
    403,
    'persistentvolumeclaims "NAME" is forbidden: insufficient quota to consume: gold.storageclass.storage.k8s.io/requests.storage',
  ])
})

it('refuses scopes that are limited by default where no quota covers them', async () => {
  const urgent = { priorityClassName: 'high' }
  expect(await create('closed', 'pods', pod('1m'))).toBe(201)
  expect(await create('closed', 'pods', pod('1m', urgent))).toEqual([
    500,
    'insufficient quota to match these scopes: [{PriorityClass In [high]}]',
  ])
  expect(await create('open', 'pods', pod('1m', urgent))).toBe(201)
  expect(await create('open', 'pods', pod('1m', urgent))).toEqual([
    403,
    'pods "NAME" is forbidden: exceeded quota: high, requested: pods=1, used: pods=1, limited: pods=1',
  ])
})

it.each([
  [{ kind: 'Nothing' }, 'expected kind ResourceQuotaConfiguration of apiserver.config.k8s.io/v1'],
  [quotaConfiguration({}), 'limitedResources[0].resource: Required value'],
])('takes no %j', (configuration, message) => {
  const path = configured(configuration, 'wrong.json')
  expect(() => readApiServerSettings({ 'admission-control-config-file': path })).toThrow(message)
})
