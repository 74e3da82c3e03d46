import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clusterroles, rolebindings, roles } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import { startTestServer, type TestServer } from '../../main/testing.ts'
import { bootstrapPolicy } from './bootstrap-policy.ts'
import { uncoveredRules } from './escalation.ts'

describe('the built-in roles', () => {
  const policy = bootstrapPolicy()

  it('have names of their own, and every binding names one of them', () => {
    const names = policy.clusterRoles.map((role) => role.metadata.name)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toEqual(expect.arrayContaining(['admin', 'edit', 'view', 'system:node', 'system:kube-scheduler']))
    for (const { roleRef } of policy.clusterRoleBindings) expect(names).toContain(roleRef.name)
    const own = policy.roles.map((role) => `${role.metadata.namespace}/${role.metadata.name}`)
    for (const { metadata, roleRef } of policy.roleBindings)
      expect(own).toContain(`${metadata.namespace}/${roleRef.name}`)
  })
})

describe('rules that are given away', () => {
  const get = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }
  for (const { name, held, wanted, missing } of [
    { name: 'the same', held: [get], wanted: [get], missing: 0 },
    { name: 'less', held: [get], wanted: [{ ...get, verbs: ['get'], resourceNames: ['a'] }], missing: 0 },
    { name: 'all names for one', held: [{ ...get, resourceNames: ['a'] }], wanted: [get], missing: 1 },
    { name: 'a wildcard', held: [get], wanted: [{ ...get, verbs: ['*'] }], missing: 1 },
    { name: 'everything', held: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }], wanted: [get], missing: 0 },
    {
      name: 'paths under a prefix',
      held: [{ nonResourceURLs: ['/a*'], verbs: ['get'] }],
      wanted: [{ nonResourceURLs: ['/a/b', '/c'], verbs: ['get'] }],
      missing: 1,
    },
  ]) {
    it(`are compared with those held: ${name}`, () => {
      expect(uncoveredRules(held, wanted)).toHaveLength(missing)
    })
  }
})

describe('a namespace admin', () => {
  let server: TestServer
  let alice: Client
  beforeAll(async () => {
    server = await startTestServer()
    const { client } = server
    const rules = [
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['roles', 'rolebindings'],
        verbs: ['get', 'create', 'update'],
      },
      { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
    ]
    await client.create(roles, { metadata: { name: 'admin', namespace: 'default' }, rules })
    await client.create(rolebindings, {
      metadata: { name: 'admin', namespace: 'default' },
      roleRef: { kind: 'Role', name: 'admin' },
      subjects: [{ kind: 'User', name: 'alice' }],
    })
    alice = server.server.clientFor({ name: 'alice', groups: ['system:authenticated'] })
  })
  afterAll(() => server.close())

  it('grants what it holds and no more', async () => {
    const metadata = { name: 'r', namespace: 'default' }
    await alice.create(roles, { metadata, rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] })
    await expect(
      alice.create(roles, {
        metadata: { ...metadata, name: 'more' },
        rules: [{ apiGroups: ['', 'apps'], resources: ['pods'], verbs: ['get', 'list'] }],
      }),
    ).rejects.toMatchObject({
      code: 403,
      message:
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "alice" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["list"]}\n{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "list"]}',
    })
    await expect(
      alice.create(rolebindings, {
        metadata: { ...metadata, name: 'more' },
        roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ kind: 'User', name: 'alice' }],
      }),
    ).rejects.toMatchObject({ code: 403 })
    await expect(alice.get(clusterroles, { name: 'view' })).rejects.toMatchObject({ code: 403 })
  })
})
