// Priority and LimitRanger where they are seldom looked at. Rules: k8s.io/kubernetes/plugin/pkg/admission, priority and limitranger.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf } from './access-support.ts'

const CLASSES = '/apis/scheduling.k8s.io/v1/priorityclasses'
const PODS = '/api/v1/namespaces/default/pods'
const MERGE = { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' } }

let server: TestServer
let call: Call
beforeAll(async () => {
  server = await startTestServer({ legacyApis: false })
  call = await callerOf(server, { name: 'admin', groups: ['system:masters'] })
  await call(CLASSES, { body: { metadata: { name: 'usual' }, value: 5, globalDefault: true } })
  await call(CLASSES, { body: { metadata: { name: 'other' }, value: 6 } })
})
afterAll(() => server.close())

const onlyOne = (name: string) =>
  `priorityclasses.scheduling.k8s.io "${name}" is forbidden: PriorityClass usual is already marked as default. Only one default can exist`

it('only one class is the default (validatePriorityClass)', async () => {
  const third = await call(CLASSES, { body: { metadata: { name: 'third' }, value: 7, globalDefault: true } })
  expect([third.code, third.body.message]).toEqual([403, onlyOne('third')])
  const changed = await call(`${CLASSES}/other`, { ...MERGE, body: { globalDefault: true } })
  expect([changed.code, changed.body.message]).toEqual([403, onlyOne('other')])
  expect((await call(`${CLASSES}/usual`, { ...MERGE, body: { description: 'd' } })).code).toBe(200)
})

it('a pod that is written again keeps what was worked out for it (Admit of updates)', async () => {
  const containers = [{ name: 'c', image: 'i' }]
  const made = await call(PODS, { body: { metadata: { name: 'p' }, spec: { containers } } })
  const { priority: _p, preemptionPolicy: _q, tolerations: _t, ...spec } = made.body.spec
  const answer = await call(`${PODS}/p`, { method: 'PUT', body: { metadata: { name: 'p' }, spec } })
  expect(answer.code).toBe(200)
  expect(answer.body.spec).toEqual(made.body.spec)
})

it('what the runtime takes besides is not limited (podLimits of limitranger)', async () => {
  const limits = [{ type: 'Pod', max: { cpu: '1' } }]
  await call('/api/v1/namespaces/default/limitranges', { body: { metadata: { name: 'l' }, spec: { limits } } })
  const resources = { requests: { cpu: '500m' }, limits: { cpu: '500m' } }
  await call('/apis/node.k8s.io/v1/runtimeclasses', {
    body: { metadata: { name: 'heavy' }, handler: 'h', overhead: { podFixed: { cpu: '5' } } },
  })
  const spec = { containers: [{ name: 'c', image: 'i', resources }], runtimeClassName: 'heavy' }
  const answer = await call(`${PODS}?dryRun=All`, { body: { metadata: { name: 'heavy' }, spec } })
  expect([answer.code, answer.body.spec?.overhead]).toEqual([201, { cpu: '5' }])
})
