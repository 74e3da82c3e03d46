// Who may have devices for administration, and who may write what of the status of claims.
// Rules: AuthorizedForAdmin, AuthorizedForAdminStatus, AuthorizedForBinding and AuthorizedForDeviceStatus of
// k8s.io/kubernetes/pkg/registry/resource/utils.go.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf } from './access-support.ts'

const CLAIMS = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims'
const TEMPLATES = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaimtemplates'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const DRIVER = 'driver.example'
const NEEDS_LABEL =
  'admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace'
const result = { request: 'a', driver: DRIVER, pool: 'p', device: 'd' }
const allocation = { devices: { results: [result] } }
const devices = [{ driver: DRIVER, pool: 'p', device: 'd', conditions: [] }]

let server: TestServer
let admin: Call
/** May write the status of claims and nothing else of them. */
let writer: Call
/** May bind claims, too. */
let binder: Call
/** May speak for the driver on every node. */
let driver: Call

beforeAll(async () => {
  server = await startTestServer()
  admin = await callerOf(server, { name: 'admin', groups: ['system:masters'] })
  const grant = async (name: string, ...rules: object[]) => {
    const metadata = { name }
    const subjects = [{ kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' }]
    const roleRef = { kind: 'ClusterRole', name, apiGroup: 'rbac.authorization.k8s.io' }
    expect((await admin(`${RBAC}/clusterroles`, { body: { metadata, rules } })).code).toBe(201)
    expect((await admin(`${RBAC}/clusterrolebindings`, { body: { metadata, subjects, roleRef } })).code).toBe(201)
    return callerOf(server, { name })
  }
  const claims = (resource: string, ...verbs: string[]) => ({
    apiGroups: ['resource.k8s.io'],
    resources: [resource],
    verbs,
  })
  const status = claims('resourceclaims/status', 'update', 'patch')
  writer = await grant('writer', status)
  binder = await grant('binder', status, claims('resourceclaims/binding', 'patch'))
  driver = await grant('driver', status, {
    ...claims('resourceclaims/driver', 'arbitrary-node:patch'),
    resourceNames: [DRIVER],
  })
})
afterAll(() => server.close())

const request = (exactly: object = {}) => ({ name: 'a', exactly: { deviceClassName: 'c', ...exactly } })
const claim = (name: string, ...requests: object[]) => ({ metadata: { name }, spec: { devices: { requests } } })
const made = async (name: string) => {
  expect((await admin(CLAIMS, { body: claim(name, request()) })).code).toBe(201)
  return `${CLAIMS}/${name}/status`
}
const patch = async (call: Call, path: string, status: object) => {
  const answer = await call(path, {
    method: 'PATCH',
    body: { status },
    headers: { 'content-type': 'application/merge-patch+json' },
  })
  return [answer.code, ...(answer.body.details?.causes ?? [])]
}
const forbidden = (field: string, why: string) => ({
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${why}`,
  field,
})

it('access for administration needs a label of the namespace', async () => {
  const body = claim('a', request(), { ...request({ adminAccess: true }), name: 'b' })
  const refused = await admin(CLAIMS, { body })
  expect([refused.code, refused.body.details.causes]).toEqual([
    422,
    [forbidden('spec.devices.requests[1].adminAccess', NEEDS_LABEL)],
  ])
  const template = await admin(TEMPLATES, { body: { metadata: { name: 'a' }, spec: { spec: body.spec } } })
  expect([template.code, template.body.details.causes]).toEqual([
    422,
    [forbidden('spec.devices.requests[1].adminAccess', NEEDS_LABEL)],
  ])
  const metadata = { name: 'trusted', labels: { 'resource.kubernetes.io/admin-access': 'true' } }
  expect((await admin('/api/v1/namespaces', { body: { metadata } })).code).toBe(201)
  expect((await admin(CLAIMS.replace('default', 'trusted'), { body })).code).toBe(201)
})

it('so does access that is given in the status', async () => {
  const path = await made('b')
  const devices = { results: [{ ...result, adminAccess: true }] }
  expect(await patch(admin, path, { allocation: { devices } })).toEqual([
    422,
    forbidden('status.allocation.devices.results[0].adminAccess', NEEDS_LABEL),
  ])
})

it('who writes what is allocated may bind', async () => {
  const path = await made('c')
  const why =
    'changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="patch" permission: resourceclaims.resource.k8s.io is forbidden: User "writer" cannot patch resource "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope'
  expect(await patch(writer, path, { allocation })).toEqual([422, forbidden('status.allocation', why)])
  expect(await patch(binder, path, { allocation })).toEqual([200])
  const reservedFor = [{ resource: 'pods', name: 'p', uid: 'u' }]
  expect(await patch(writer, path, { reservedFor })).toEqual([422, forbidden('status.allocation', why)])
  expect(await patch(binder, path, { reservedFor })).toEqual([200])
})

it('who writes what a device is like may speak for its driver', async () => {
  const path = await made('d')
  expect(await patch(binder, path, { allocation })).toEqual([200])
  const why =
    'changing status.devices requires resource="resourceclaims/driver", verb="[arbitrary-node:patch]" permission: resourceclaims.resource.k8s.io "driver.example" is forbidden: User "binder" cannot arbitrary-node:patch resource "resourceclaims/driver" in API group "resource.k8s.io" in the namespace "default"'
  expect(await patch(binder, path, { devices })).toEqual([422, forbidden('status.devices', why)])
  expect(await patch(driver, path, { devices })).toEqual([200])
  expect(await patch(binder, path, { devices: [] })).toEqual([422, forbidden('status.devices', why)])
  expect(await patch(binder, path, { allocation: null, devices: [] })).toEqual([200])
})
