// Who may act as whom: rights to be somebody in everything, and in certain requests only.
// Rules: k8s.io/apiserver/pkg/endpoints/filters/impersonation of v1.36 (KEP-5284).

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { PolicyRule } from '../../src/api/generated/rbac-v1.ts'
import { clusterrolebindings, clusterroles } from '../../src/api/generated/resources.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { callerOf } from './access-support.ts'

const IDENTITY = 'authentication.k8s.io'
const POLICY = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n'
const PODS = '/api/v1/namespaces/default/pods'
const REVIEW = '/apis/authentication.k8s.io/v1/selfsubjectreviews'

describe('impersonation', () => {
  const directory = mkdtempSync(join(tmpdir(), 'impersonation-'))
  const log = join(directory, 'audit.log')
  let server: TestServer

  beforeAll(async () => {
    writeFileSync(join(directory, 'policy.yaml'), POLICY)
    server = await startTestServer({
      flags: { 'audit-policy-file': join(directory, 'policy.yaml'), 'audit-log-path': log },
    })
    await allow('carol', [{ verbs: ['list'], apiGroups: [''], resources: ['pods'] }])
  })
  afterAll(async () => {
    await server.close()
    rmSync(directory, { recursive: true })
  })

  async function allow(user: string, rules: PolicyRule[]): Promise<void> {
    await server.client.create(clusterroles, { metadata: { name: user }, rules } as never)
    await server.client.create(clusterrolebindings, {
      metadata: { name: user },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: user },
      subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }],
    } as never)
  }

  const as = (name: string, more: Record<string, string> = {}) => ({ headers: { 'impersonate-user': name, ...more } })

  it('needs the right to be somebody, or names what is missing', async () => {
    const bob = await callerOf(server, { name: 'bob' })
    const { code, body } = await bob(PODS, as('carol'))
    expect([code, body.message]).toEqual([
      403,
      'pods is forbidden: User "bob" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "default"',
    ])
    const nameless = await bob(PODS, { headers: { 'impersonate-group': 'dev', 'impersonate-extra-a': 'b' } })
    expect([nameless.code, nameless.body.message]).toEqual([
      400,
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"dev"}, Extra:map[string][]string{"a":[]string{"b"}}} without impersonating a user name',
    ])
  })

  it('of old is for every request', async () => {
    await allow('old', [{ verbs: ['impersonate'], apiGroups: [''], resources: ['users', 'groups'] }])
    const old = await callerOf(server, { name: 'old' })
    expect((await old(PODS, as('carol'))).code).toBe(200)
    // Everything that is forbidden is so for carol.
    expect((await old('/api/v1/secrets', as('carol'))).body.message).toMatch(/^secrets is forbidden: User "carol"/)
    expect((await old(PODS, as('ann', { 'impersonate-group': 'system:masters' }))).code).toBe(200)
    expect((await old(PODS, as('carol', { 'impersonate-uid': '1' }))).body.message).toBe(
      'uids.authentication.k8s.io "1" is forbidden: User "old" cannot impersonate resource "uids" in API group "authentication.k8s.io" at the cluster scope',
    )
  })

  it('as a user is for the requests that are named', async () => {
    await allow('narrow', [
      {
        verbs: ['impersonate:user-info'],
        apiGroups: [IDENTITY],
        resources: ['users', 'groups'],
        resourceNames: ['carol', 'dev'],
      },
      { verbs: ['impersonate-on:user-info:list'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['impersonate-on:user-info:create'], apiGroups: [IDENTITY], resources: ['selfsubjectreviews'] },
    ])
    const narrow = await callerOf(server, { name: 'narrow' })
    expect((await narrow(PODS, as('carol', { 'impersonate-group': 'dev' }))).code).toBe(200)
    expect((await narrow('/api/v1/secrets', as('carol'))).body.message).toBe(
      'secrets is forbidden: User "narrow" cannot impersonate-on:user-info:list resource "secrets" in API group "" at the cluster scope',
    )
    expect((await narrow(PODS, as('dave'))).body.message).toBe(
      'users.authentication.k8s.io "dave" is forbidden: User "narrow" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
    )
    expect((await narrow(PODS, as('carol', { 'impersonate-group': 'system:masters' }))).body.message).toMatch(
      /: impersonating the system:masters group is not allowed$/,
    )
    const { body } = await narrow(REVIEW, { ...as('carol'), body: {} })
    expect(body.status.userInfo).toEqual({ username: 'carol', groups: ['system:authenticated'] })
    const constraint = { impersonationConstraint: 'impersonate:user-info' }
    await vi.waitFor(() =>
      expect(readFileSync(log, 'utf8')).toContain(`"authenticationMetadata":${JSON.stringify(constraint)}`),
    )
  })

  it('as a service account or a node has the groups of those, and no others', async () => {
    await allow('agent', [
      { verbs: ['impersonate:serviceaccount'], apiGroups: [IDENTITY], resources: ['serviceaccounts'] },
      { verbs: ['impersonate:arbitrary-node'], apiGroups: [IDENTITY], resources: ['nodes'], resourceNames: ['n1'] },
      {
        verbs: ['impersonate-on:serviceaccount:create', 'impersonate-on:arbitrary-node:create'],
        apiGroups: [IDENTITY],
        resources: ['selfsubjectreviews'],
      },
    ])
    const agent = await callerOf(server, { name: 'agent' })
    const whoami = async (name: string, more: Record<string, string> = {}) =>
      (await agent(REVIEW, { ...as(name, more), body: {} })).body
    expect((await whoami('system:serviceaccount:default:a')).status.userInfo).toEqual({
      username: 'system:serviceaccount:default:a',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    })
    expect((await whoami('system:node:n1')).status.userInfo).toEqual({
      username: 'system:node:n1',
      groups: ['system:nodes', 'system:authenticated'],
    })
    expect((await whoami('system:node:n2')).code).toBe(403)
    expect((await whoami('system:node:n1', { 'impersonate-group': 'g' })).code).toBe(403)
  })

  it('as the node that a service account runs on is for that node only', async () => {
    const account = 'system:serviceaccount:default:daemon'
    await server.client.create(clusterroles, {
      metadata: { name: 'daemon' },
      rules: [
        { verbs: ['impersonate:associated-node'], apiGroups: [IDENTITY], resources: ['nodes'] },
        { verbs: ['impersonate-on:associated-node:create'], apiGroups: [IDENTITY], resources: ['selfsubjectreviews'] },
      ],
    } as never)
    await server.client.create(clusterrolebindings, {
      metadata: { name: 'daemon' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'daemon' },
      subjects: [{ kind: 'ServiceAccount', name: 'daemon', namespace: 'default' }],
    } as never)
    const uid = (
      await callerOf(server, { name: 'root', groups: ['system:masters'] }).then((root) =>
        root('/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'daemon' } } }),
      )
    ).body.metadata.uid
    const root = await callerOf(server, { name: 'root', groups: ['system:masters'] })
    await root('/api/v1/nodes', { body: { metadata: { name: 'n1' } } })
    const pod = await root(PODS, {
      body: {
        metadata: { name: 'p' },
        spec: { nodeName: 'n1', serviceAccountName: 'daemon', containers: [{ name: 'c', image: 'i' }] },
      },
    })
    const { token } = server.server.issuer.issue({
      ...{ namespace: 'default', account: { name: 'daemon', uid }, audiences: server.server.audiences, seconds: 600 },
      binding: { kind: 'Pod', name: 'p', uid: pod.body.metadata.uid, node: { name: 'n1', uid: '' } },
    } as never)
    const call = await callerOf(server)
    const own = await call(REVIEW, { body: {}, token })
    expect(own.body.status.userInfo.username).toBe(account)
    const node = await call(REVIEW, { ...as('system:node:n1'), body: {}, token })
    expect(node.body.status?.userInfo).toEqual({
      username: 'system:node:n1',
      groups: ['system:nodes', 'system:authenticated'],
    })
    expect((await call(REVIEW, { ...as('system:node:n2'), body: {}, token })).code).toBe(403)
  })
})
