// Rights that name objects, and who may grant what. Rules: NewRequestInfo of k8s.io/apiserver, policybased of
// k8s.io/kubernetes/pkg/registry/rbac.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf } from './access-support.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const GROUP = 'rbac.authorization.k8s.io'

let server: TestServer
let jane: Call
beforeAll(async () => {
  server = await startTestServer({ legacyApis: false })
  const admin = await callerOf(server, { name: 'admin', groups: ['system:masters'] })
  jane = await callerOf(server, { name: 'jane' })
  const verbs = ['get', 'list', 'watch', 'delete', 'deletecollection']
  const rules = [
    { apiGroups: [''], resources: ['configmaps'], resourceNames: ['a'], verbs },
    { apiGroups: [GROUP], resources: ['clusterroles', 'clusterrolebindings'], verbs: ['create', 'get', 'patch'] },
  ]
  await admin(`${RBAC}/clusterroles`, { body: { metadata: { name: 'named' }, rules } })
  await admin(`${RBAC}/clusterrolebindings`, {
    body: {
      metadata: { name: 'named' },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'named' },
      subjects: [{ apiGroup: GROUP, kind: 'User', name: 'jane' }],
    },
  })
})
afterAll(() => server.close())

const one = `${MAPS}?fieldSelector=metadata.name%3Da`
const MERGE = { 'content-type': 'application/merge-patch+json' }
const forbidden = (verb: string) =>
  `configmaps is forbidden: User "jane" cannot ${verb} resource "configmaps" in API group "" in the namespace "default"`
const aggregating = { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } }
const ADMINS =
  'clusterroles.rbac.authorization.k8s.io "view" is forbidden: must have cluster-admin privileges to use the aggregationRule'

const table: readonly (readonly [title: string, path: string, options: object, code: number, message: string])[] = [
  ['a list of one name is about it', one, {}, 200, ''],
  ['a list of all is not', MAPS, {}, 403, forbidden('list')],
  ['a deletion of many is about all', one, { method: 'DELETE' }, 403, forbidden('deletecollection')],
  ['what is no part of a path is no name', `${MAPS}?fieldSelector=metadata.name%3Da%2Fb`, {}, 403, forbidden('list')],
  ['nor is a name that is not wanted', `${MAPS}?fieldSelector=metadata.name!%3Da`, {}, 403, forbidden('list')],
  [
    'a role has to be of a kind that there is',
    `${RBAC}/clusterrolebindings`,
    { body: { metadata: { name: 'b' }, roleRef: { apiGroup: GROUP, kind: 'Foo', name: 'x' } } },
    500,
    'unsupported role reference kind: "Foo"',
  ],
  [
    'no rules are what no rules were',
    `${RBAC}/clusterroles/view?dryRun=All`,
    { method: 'PATCH', headers: MERGE, body: { rules: [] } },
    200,
    '',
  ],
  [
    'who says what is gathered has to have everything',
    `${RBAC}/clusterroles/view?dryRun=All`,
    { method: 'PATCH', headers: MERGE, body: aggregating },
    403,
    ADMINS,
  ],
]

it.each(table)('%s', async (_title, path, options, code, message) => {
  const answer = await jane(path, options)
  expect([answer.code, code === 200 ? '' : answer.body.message]).toEqual([code, message])
})
