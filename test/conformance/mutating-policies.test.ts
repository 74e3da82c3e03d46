// What becomes of mutations that cannot be done: dispatchInvocations and jsonPatcher.Patch of
// k8s.io/apiserver/pkg/admission/plugin/policy/mutating.

import { expect, it } from 'vitest'
import { useServer } from './access-support.ts'

const GROUP = '/apis/admissionregistration.k8s.io/v1'
const MAPS = '/api/v1/namespaces/default/configmaps'
const call = useServer()

let made = 0
/** Creates something under one policy with these mutations. */
async function mutated(failurePolicy: string, ...expressions: string[]) {
  return underPolicy({ failurePolicy }, ...expressions)
}

async function underPolicy(policy: object, ...expressions: string[]) {
  made += 1
  const name = `policy-${made}`
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }
  const spec = {
    reinvocationPolicy: 'Never',
    matchConstraints: { resourceRules: [rule], objectSelector: { matchLabels: { by: name } } },
    mutations: expressions.map((expression) => ({ patchType: 'JSONPatch', jsonPatch: { expression } })),
    ...policy,
  }
  expect((await call(`${GROUP}/mutatingadmissionpolicies`, { body: { metadata: { name }, spec } })).code).toBe(201)
  const binding = { metadata: { name }, spec: { policyName: name } }
  expect((await call(`${GROUP}/mutatingadmissionpolicybindings`, { body: binding })).code).toBe(201)
  return call(MAPS, { body: { metadata: { name, labels: { by: name } }, data: { a: '1' } } })
}
const add = (path: string, value: string) => `[JSONPatch{op: "add", path: "${path}", value: ${value}}]`
const MISFIT = '[JSONPatch{op: "remove", path: "/data/none"}]'

it('the mutations after one that fails are done, where the policy ignores failures', async () => {
  const { code, body } = await mutated('Ignore', add('/data/b', '"2"'), MISFIT, add('/data/c', '"3"'))
  expect([code, body.data]).toEqual([201, { a: '1', b: '2', c: '3' }])
})

it('all that failed is told, where it does not', async () => {
  const { code, body } = await mutated('Fail', MISFIT, add('/data/b', '"2"'), MISFIT)
  expect([code, body.reason, body.details.causes.length]).toEqual([403, 'Invalid', 2])
  expect(body.message).toContain("with binding 'policy-2' denied request: JSON Patch: ")
})

it('a test that fails leaves the object as it is', async () => {
  const { body } = await mutated('Fail', '[JSONPatch{op: "test", path: "/data/a", value: "2"}]', add('/data/b', '"2"'))
  expect(body.data).toEqual({ a: '1', b: '2' })
})

it('what is no object of the kind any more is an error of the server', async () => {
  const { code, body } = await mutated('Ignore', add('/data/b', '2'))
  expect(code).toBe(500)
  expect(body.message).toMatch(/^Internal error occurred: json: cannot unmarshal number into Go /)
})

it('a policy that wants to see changes sees its own', async () => {
  const longer =
    'has(object.data.n) ? [JSONPatch{op: "replace", path: "/data/n", value: object.data.n + "n"}] : [JSONPatch{op: "add", path: "/data/n", value: "n"}]'
  const again = await underPolicy({ reinvocationPolicy: 'IfNeeded' }, longer)
  expect(again.body.data).toEqual({ a: '1', n: 'nn' })
  const once = await underPolicy({ reinvocationPolicy: 'Never' }, longer)
  expect(once.body.data).toEqual({ a: '1', n: 'n' })
})

it('an object that is called something else cannot be taken for what was sent', async () => {
  const renamed = '[JSONPatch{op: "replace", path: "/kind", value: "Secret"}, JSONPatch{op: "remove", path: "/data"}]'
  const { code, body } = await mutated('Fail', renamed)
  expect([code, body.message]).toEqual([
    500,
    'Internal error occurred: failed to convert object: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
  ])
  const unknown = await mutated('Fail', '[JSONPatch{op: "replace", path: "/kind", value: "Nothing"}]')
  expect(unknown.body.message).toContain('no kind "Nothing" is registered for version "v1" in scheme')
})
