// What is told of APIs that other servers serve: conditions, discovery, and answers while nobody serves them.
// Rules: pkg/controllers/status and pkg/apiserver of k8s.io/kube-aggregator. A served API itself is tested with a second
// server beside the aggregator's own code.

import { expect, it } from 'vitest'
import { useServer } from './access-support.ts'
import type { Json } from './custom-resources/support.ts'

const call = useServer()
const REGISTRATIONS = '/apis/apiregistration.k8s.io/v1/apiservices'
const SERVICES = '/api/v1/namespaces/default/services'

const registration = (group: string, service: object, more: object = {}) => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: `v1.${group}` },
  spec: {
    group,
    version: 'v1',
    groupPriorityMinimum: 100,
    versionPriority: 10,
    insecureSkipTLSVerify: true,
    service,
    ...more,
  },
})

const verdicts: readonly [rule: string, service: object | undefined, named: object, verdict: object][] = [
  [
    'ServiceNotFound',
    undefined,
    {},
    { status: 'False', reason: 'ServiceNotFound', message: 'service/SERVICE in "default" is not present' },
  ],
  [
    'ServicePortError',
    { ports: [{ port: 80 }] },
    {},
    {
      status: 'False',
      reason: 'ServicePortError',
      message: 'service/SERVICE in "default" is not listening on port 443',
    },
  ],
  [
    'ServicePortError: the port that is asked for',
    { ports: [{ port: 443 }] },
    { port: 8443 },
    {
      status: 'False',
      reason: 'ServicePortError',
      message: 'service/SERVICE in "default" is not listening on port 8443',
    },
  ],
  ['EndpointsNotFound', { ports: [{ name: 'https', port: 443 }], selector: { app: 'none' } }, {}, { status: 'False' }],
]
for (const [i, [rule, service, named, verdict]] of verdicts.entries()) {
  it(`availableConditionController: ${rule}`, async () => {
    const name = `behind${i}`
    const group = `g${i}.example`
    if (service) expect((await call(SERVICES, { body: { metadata: { name }, spec: service } })).code).toBe(201)
    expect(
      (await call(REGISTRATIONS, { body: registration(group, { name, namespace: 'default', ...named }) })).code,
    ).toBe(201)
    const wanted = JSON.parse(JSON.stringify(verdict).replaceAll('SERVICE', name))
    const told = async () => (await call(`${REGISTRATIONS}/v1.${group}`)).body.status?.conditions
    await expect.poll(told).toEqual([expect.objectContaining({ type: 'Available', ...wanted })])
    // proxyHandler: nobody is asked as long as nobody could answer.
    const asked = await call(`/apis/${group}/v1/boats`)
    expect([asked.code, asked.text]).toEqual([503, 'service unavailable\n'])
  })
}

it('local ones are available without being asked (Local)', async () => {
  const { body } = await call(`${REGISTRATIONS}/v1.apps`)
  expect(body.spec).toEqual({ group: 'apps', version: 'v1', groupPriorityMinimum: 17800, versionPriority: 15 })
  expect(body.status.conditions).toMatchObject([
    { type: 'Available', status: 'True', reason: 'Local', message: 'Local APIServices are always available' },
  ])
})

it('groups come in the order of their priorities (apisHandler)', async () => {
  const { body } = await call('/apis')
  const groups: string[] = body.groups.map((group: Json) => group.name)
  expect(groups.indexOf('apps')).toBeLessThan(groups.indexOf('events.k8s.io'))
  expect(groups.indexOf('apiregistration.k8s.io')).toBe(0)
  expect(groups.indexOf('autoscaling')).toBeLessThan(groups.indexOf('batch'))
})

it('conditions are true, false or unknown (ValidateAPIServiceStatus)', async () => {
  const group = 'conditions.example'
  const made = await call(REGISTRATIONS, { body: registration(group, { name: 'none', namespace: 'default' }) })
  expect(made.code).toBe(201)
  const { body } = await call(`${REGISTRATIONS}/v1.${group}/status`, {
    method: 'PATCH',
    body: { status: { conditions: [{ type: 'Available', status: 'Maybe' }] } },
    headers: { 'content-type': 'application/merge-patch+json' },
  })
  expect(body.message).toContain(
    'status.conditions[0].status: Unsupported value: "Maybe": supported values: "True", "False", "Unknown"',
  )
})

it('what is not available is a page (proxyHandler.ServeHTTP)', async () => {
  const { code, text, headers } = await call('/apis/conditions.example/v1/things')
  expect({ code, text, type: headers['content-type'] }).toEqual({
    code: 503,
    text: 'service unavailable\n',
    type: 'text/plain; charset=utf-8',
  })
})
