// What a kubelet may do: the node authorizer and NodeRestriction.
// Rules: k8s.io/kubernetes/plugin/pkg/auth/authorizer/node, k8s.io/kubernetes/plugin/pkg/admission/noderestriction.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf } from './access-support.ts'

const CORE = '/api/v1/namespaces/default'
const PODS = `${CORE}/pods`
const NODES = '/api/v1/nodes'
const SLICES = '/apis/resource.k8s.io/v1/resourceslices'
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
const CSI_NODES = '/apis/storage.k8s.io/v1/csinodes'
const CLAIMS = `${CORE}/persistentvolumeclaims`
const TOKEN = `${CORE}/serviceaccounts/default/token`
const MERGE = { 'content-type': 'application/merge-patch+json' }

let server: TestServer
const calls: Record<string, Call> = {}
/** Ids of what was made, which cases name in capitals. */
const ids: Record<string, string> = {}

const containers = [{ name: 'c', image: 'i' }]
const mirror = (
  owners: readonly object[],
  spec: object = {},
  annotations: object = { 'kubernetes.io/config.mirror': 'x' },
) => ({
  metadata: { name: 'm', annotations, ownerReferences: owners },
  spec: { containers, nodeName: 'n1', ...spec },
})
const owner = (more: object = {}) => ({
  ...{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'NODE', controller: true },
  ...more,
})
const slice = (name: string, spec: object) => ({
  metadata: { name },
  spec: { driver: 'a.b', pool: { name: 'n1', generation: 1, resourceSliceCount: 1 }, ...spec },
})
const token = (ref: object | undefined, more: object = {}) => ({
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenRequest',
  spec: { ...(ref ? { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', ...ref } } : {}), ...more },
})

beforeAll(async () => {
  server = await startTestServer({ legacyApis: false })
  const admin = await callerOf(server, { name: 'admin', groups: ['system:masters'] })
  calls.n1 = await callerOf(server, { name: 'system:node:n1', groups: ['system:nodes'] })
  calls.nameless = await callerOf(server, { name: 'system:node:', groups: ['system:nodes'] })
  const made = async (name: string, path: string, body: object) => {
    const answer = await admin(path, { body })
    expect([path, answer.code]).toEqual([path, 201])
    ids[name] = answer.body.metadata.uid
  }
  await made('NODE', NODES, { metadata: { name: 'n1' } })
  await made('OTHER', NODES, { metadata: { name: 'n2' } })
  for (const name of ['used', 'attached', 'unused']) await made('SECRET', `${CORE}/secrets`, { metadata: { name } })
  const volumes = [
    { name: 's', secret: { secretName: 'used' } },
    { name: 'v', persistentVolumeClaim: { claimName: 'claim' } },
  ]
  await made('NEARBY', PODS, { metadata: { name: 'here' }, spec: { containers, volumes, nodeName: 'n1' } })
  await made('PLAIN', PODS, { metadata: { name: 'plain' }, spec: { containers, nodeName: 'n1' } })
  await made('DISTANT', PODS, { metadata: { name: 'there' }, spec: { containers, nodeName: 'n2' } })
  const resources = { requests: { storage: '1Gi' } }
  for (const name of ['claim', 'unclaimed']) {
    await made('CLAIM', CLAIMS, { metadata: { name }, spec: { accessModes: ['ReadWriteOnce'], resources } })
  }
  const volume = (name: string, claim: string) => ({
    metadata: { name },
    spec: {
      ...{ capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] },
      claimRef: { namespace: 'default', name: claim },
      csi: { driver: 'd', volumeHandle: 'h', nodePublishSecretRef: { name: 'attached', namespace: 'default' } },
    },
  })
  await made('VOLUME', '/api/v1/persistentvolumes', volume('near', 'claim'))
  await made('VOLUME', '/api/v1/persistentvolumes', volume('far', 'unclaimed'))
  await made('SLICE', SLICES, slice('far', { nodeName: 'n2' }))
})
afterAll(() => server.close())

interface Case {
  readonly as?: 'nameless'
  readonly method?: 'PATCH' | 'DELETE' | 'PUT'
  readonly body?: object
}
const unrelated = "no relationship found between node 'n1' and this object"
const table: readonly (readonly [path: string, about: Case, code: number, why: string])[] = [
  [NODES, { as: 'nameless', body: { metadata: { name: 'n3' } } }, 403, 'unknown node for user "system:node:"'],
  [`${NODES}/n1`, {}, 200, ''],
  [`${NODES}/n1`, { method: 'DELETE' }, 403, 'cannot delete resource "nodes"'],
  [
    `${NODES}/n1`,
    { method: 'PATCH', body: { spec: { configSource: { configMap: {} } } } },
    403,
    'node "n1" is not allowed to update configSource to a new non-nil configSource',
  ],
  [
    PODS,
    { body: mirror([owner()], {}, {}) },
    403,
    'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
  ],
  [
    PODS,
    { body: mirror([owner()], { nodeName: 'n2' }) },
    403,
    'node "n1" can only create pods with spec.nodeName set to itself',
  ],
  [PODS, { body: mirror([]) }, 403, 'node "n1" can only create pods with an owner reference set to itself'],
  [
    PODS,
    { body: mirror([owner({ controller: false })]) },
    403,
    'node "n1" can only create pods with a controller owner reference set to itself',
  ],
  [
    PODS,
    { body: mirror([owner({ blockOwnerDeletion: true })]) },
    403,
    'node "n1" must not set blockOwnerDeletion on an owner reference',
  ],
  [PODS, { body: mirror([owner({ uid: 'OTHER' })]) }, 403, 'node n1 UID mismatch: expected OTHER got NODE'],
  [
    PODS,
    { body: mirror([owner()], { volumes: [{ name: 'v', csi: { driver: 'd' } }] }) },
    403,
    'node "n1" can not create pods that reference csidrivers (via CSI volumes)',
  ],
  [
    PODS,
    { body: mirror([owner()], { resourceClaims: [{ name: 'r', resourceClaimName: 'x' }] }) },
    403,
    'node "n1" can not create pods that reference resourceclaims',
  ],
  [
    PODS,
    { body: mirror([owner()], { serviceAccountName: 'default' }) },
    403,
    'a mirror pod may not reference service accounts',
  ],
  [`${PODS}?dryRun=All`, { body: mirror([owner()]) }, 201, ''],
  [`${PODS}/here`, {}, 200, ''],
  [`${PODS}/there`, {}, 403, unrelated],
  [PODS, {}, 403, 'can only list/watch pods with spec.nodeName field selector'],
  [`${PODS}?fieldSelector=metadata.name%3Dhere`, {}, 200, ''],
  [`${PODS}?fieldSelector=metadata.name%3Dthere`, {}, 403, unrelated],
  [
    `${PODS}/here/status`,
    { method: 'PATCH', body: { status: { resourceClaimStatuses: [{ name: 'a', resourceClaimName: 'b' }] } } },
    403,
    'node "n1" cannot update resource claim statues',
  ],
  [
    `${PODS}/there/eviction`,
    { body: { metadata: { name: 'there' } } },
    403,
    'node n1 can only evict pods with spec.nodeName set to itself',
  ],
  [`${PODS}/none/eviction`, { body: { metadata: { name: 'none' } } }, 404, 'pod "none" not found'],
  [`${CORE}/secrets/used`, {}, 200, ''],
  [`${CORE}/secrets/attached`, {}, 200, ''],
  [`${CORE}/secrets/unused`, {}, 403, unrelated],
  [`${CORE}/secrets`, {}, 403, 'No Object name found'],
  ['/api/v1/secrets', {}, 403, 'can only read namespaced object of this type'],
  [`${CORE}/secrets/used`, { method: 'DELETE' }, 403, 'can only read resources of this type'],
  [`${CLAIMS}/claim`, {}, 200, ''],
  [`${CLAIMS}/unclaimed`, {}, 403, unrelated],
  [CLAIMS, {}, 403, 'can only get individual resources of this type'],
  [`${CLAIMS}/unclaimed/status`, { method: 'PATCH', body: { status: {} } }, 403, unrelated],
  [`${CLAIMS}/claim/status`, {}, 403, 'can only get/update/patch this type'],
  [`${CLAIMS}/claim/status`, { method: 'PATCH', body: { status: { capacity: { storage: '1Gi' } } } }, 200, ''],
  [
    `${CLAIMS}/claim/status`,
    { method: 'PATCH', body: { status: { phase: 'Lost' } } },
    403,
    'node "n1" is not allowed to update fields other than status.quantity and status.conditions',
  ],
  ['/api/v1/persistentvolumes/near', {}, 200, ''],
  ['/api/v1/persistentvolumes/far', {}, 403, unrelated],
  [TOKEN, { body: token(undefined) }, 403, 'node requested token not bound to a pod'],
  [TOKEN, { body: token({ name: 'here' }) }, 403, 'node requested token with a pod binding without a uid'],
  [TOKEN, { body: token({ name: 'none', uid: 'x' }) }, 404, 'pod "none" not found'],
  [
    TOKEN,
    { body: token({ name: 'here', uid: 'x' }) },
    403,
    'the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated',
  ],
  [
    TOKEN,
    { body: token({ name: 'there', uid: 'DISTANT' }) },
    403,
    'node requested token bound to a pod scheduled on a different node',
  ],
  [
    TOKEN,
    { body: token({ name: 'here', uid: 'NEARBY' }, { audiences: ['a', 'b'] }) },
    403,
    'node may only request 0 or 1 audiences',
  ],
  [
    TOKEN,
    { body: token({ name: 'here', uid: 'NEARBY' }, { audiences: ['a'] }) },
    403,
    'error validating audience "a": persistentvolume "" not found',
  ],
  [
    TOKEN,
    { body: token({ name: 'plain', uid: 'PLAIN' }, { audiences: ['a'] }) },
    403,
    'audience "a" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
  ],
  [TOKEN, { body: token({ name: 'here', uid: 'NEARBY' }) }, 201, ''],
  [LEASES, {}, 403, 'can only get, create, update, patch, or delete a node lease'],
  [
    LEASES,
    { body: { metadata: { name: 'n2' }, spec: {} } },
    403,
    'can only access node lease with the same name as the requesting node',
  ],
  [`${LEASES}/n2`, {}, 403, 'can only access node lease with the same name as the requesting node'],
  [CSI_NODES, {}, 403, 'can only get, create, update, patch, or delete a CSINode'],
  [`${CSI_NODES}/n2`, {}, 403, 'can only access CSINode with the same name as the requesting node'],
  [
    SLICES,
    { body: slice('s', { nodeName: 'n2' }) },
    403,
    'can only create ResourceSlice with the same NodeName as the requesting node',
  ],
  [
    SLICES,
    { body: slice('s', { allNodes: true }) },
    403,
    'can only create ResourceSlice with the same NodeName as the requesting node',
  ],
  [SLICES, { body: slice('s', { nodeName: 'n1' }) }, 201, ''],
  [`${SLICES}/s`, {}, 200, ''],
  [`${SLICES}/far`, {}, 403, unrelated],
  [SLICES, {}, 403, 'can only list/watch/deletecollection resourceslices with nodeName field selector'],
  [
    SLICES,
    { method: 'DELETE' },
    403,
    'can only list/watch/deletecollection resourceslices with nodeName field selector',
  ],
  [`${SLICES}?fieldSelector=spec.nodeName%3Dn1`, { method: 'DELETE' }, 200, ''],
]

it.each(table)('%s %o: %i %s', async (path, { as = 'n1', method, body }, code, why) => {
  const known = (text: string) => Object.entries(ids).reduce((all, [name, id]) => all.replaceAll(name, id), text)
  const answer = await (calls[as] as Call)(path, {
    ...(method ? { method } : {}),
    ...(body ? { body: known(JSON.stringify(body)) } : {}),
    ...(method === 'PATCH' ? { headers: MERGE } : {}),
  })
  expect([answer.code, code < 300 ? '' : answer.body.message]).toEqual([
    code,
    code < 300 ? '' : expect.stringContaining(known(why)),
  ])
})
