import { expect, it } from 'vitest'
import { parseRequest } from '../http/request-info.ts'
import { flowSchemas } from './bootstrap-objects.ts'
import { distinguisherOf, inPrecedence, matches } from './classify.ts'

const schemas = inPrecedence(flowSchemas.map(({ name, spec }) => ({ name, uid: name, spec })))
const AUTHENTICATED = 'system:authenticated'
const account = (namespace: string, name: string) => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, AUTHENTICATED],
})
const admin = { name: 'admin', groups: ['system:masters', AUTHENTICATED] }
const node = { name: 'system:node:n1', groups: ['system:nodes', AUTHENTICATED] }
const alice = { name: 'alice', groups: [AUTHENTICATED] }
const anonymous = { name: 'system:anonymous', groups: ['system:unauthenticated'] }
const scheduler = { name: 'system:kube-scheduler', groups: [AUTHENTICATED] }

it.each([
  [admin, 'GET', '/api/v1/pods', 'exempt'],
  [anonymous, 'GET', '/readyz', 'probes'],
  [anonymous, 'GET', '/version', 'global-default'],
  [alice, 'GET', '/api/v1/nodes', 'global-default'],
  [node, 'PATCH', '/api/v1/nodes/n1/status', 'system-node-high'],
  [node, 'PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1', 'system-node-high'],
  [node, 'GET', '/api/v1/pods', 'system-nodes'],
  [scheduler, 'PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/s', 'system-leader-election'],
  [scheduler, 'GET', '/api/v1/pods', 'kube-scheduler'],
  [account('kube-system', 'x'), 'GET', '/api/v1/pods', 'kube-system-service-accounts'],
  [account('team', 'x'), 'GET', '/api/v1/namespaces/team/pods', 'service-accounts'],
])('%o %s %s goes by schema %s', (user, method, url, expected) => {
  const info = parseRequest(method, url)
  expect(schemas.find((schema) => matches(schema, user, info))?.name).toBe(expected)
})

it('tells flows apart by user or by namespace', () => {
  const info = parseRequest('GET', '/api/v1/namespaces/team/pods')
  const schemaOf = (type?: string) => ({
    name: 's',
    uid: '',
    spec: { priorityLevelConfiguration: { name: 'l' }, ...(type ? { distinguisherMethod: { type } } : {}) },
  })
  expect(distinguisherOf(schemaOf('ByUser'), alice, info)).toBe('alice')
  expect(distinguisherOf(schemaOf('ByNamespace'), alice, info)).toBe('team')
  expect(distinguisherOf(schemaOf(), alice, info)).toBe('')
})
