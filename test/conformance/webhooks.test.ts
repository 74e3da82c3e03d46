// What becomes of a webhook's answer: mutatingDispatcher.callAttrMutatingHook, VerifyAdmissionResponse and ToStatusErr of
// k8s.io/apiserver/pkg/admission/plugin/webhook.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { patchOf, startHooks, type TestHooks } from '../../src/apiserver/admission/webhooks/testing.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf } from './access-support.ts'

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1'
const MAPS = '/api/v1/namespaces/default/configmaps'
let server: TestServer
let hooks: TestHooks
let call: Call

beforeAll(async () => {
  server = await startTestServer()
  call = await callerOf(server, { name: 'admin', groups: ['system:masters'] })
  hooks = await startHooks(server)
  for (const kind of ['Mutating', 'Validating']) {
    for (const failurePolicy of ['Fail', 'Ignore']) {
      const name = `${kind}-${failurePolicy}`.toLowerCase()
      const webhook = {
        name: `${name}.example.com`,
        clientConfig: { url: `${hooks.url}/${name}`, caBundle: hooks.caBundle },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }],
        objectSelector: { matchLabels: { ask: name } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        failurePolicy,
      }
      const body = { metadata: { name }, webhooks: [webhook] }
      const { code } = await call(`${CONFIGURATIONS}/${kind.toLowerCase()}webhookconfigurations`, { body })
      expect(code).toBe(201)
    }
  }
})
afterAll(async () => {
  await server.close()
  await hooks.close()
})

let made = 0
/** Creates something that one of the webhooks is asked about, which answers so. */
async function asked(name: string, answer: object) {
  made += 1
  hooks.answers.set(`/${name}`, () => answer)
  const { code, body } = await call(MAPS, { body: { metadata: { name: `m-${made}`, labels: { ask: name } } } })
  return { code, message: body.message as string | undefined }
}
const base64 = (text: string) => Buffer.from(text).toString('base64')
const patch = (text: string, patchType: string | null = 'JSONPatch') => ({
  allowed: true,
  patch: base64(text),
  ...(patchType === null ? {} : { patchType }),
})

describe('failed calls, about which failurePolicy decides', () => {
  const INVALID = 'received invalid webhook response: '
  const UNDECODABLE = 'received undecodable patch in webhook response: '
  const cases: readonly [kind: string, answer: object, why: string][] = [
    ['mutating', patch('[]', null), `${INVALID}webhook returned response.patch but not response.patchType`],
    [
      'mutating',
      { allowed: true, patchType: 'JSONPatch' },
      `${INVALID}webhook returned response.patchType but not response.patch`,
    ],
    ['mutating', patch('[]', ''), `${INVALID}webhook returned invalid response.patchType of ""`],
    ['mutating', patch('[{"op":"add"}]', 'Other'), 'unsupported patch type "Other"'],
    ['mutating', patch('['), `${UNDECODABLE}unexpected end of JSON input`],
    ['mutating', patch('{}'), `${UNDECODABLE}json: cannot unmarshal object into Go value of type jsonpatch.Patch`],
    ['mutating', patch('[1]'), `${UNDECODABLE}json: cannot unmarshal number into Go value of type jsonpatch.Operation`],
    ['validating', patch('[]'), `${INVALID}validating webhook may not return response.patch`],
    [
      'validating',
      { allowed: true, patchType: 'JSONPatch' },
      `${INVALID}validating webhook may not return response.patchType`,
    ],
  ]
  it.each(cases)('%s: %j: %s', async (kind, answer, why) => {
    expect(await asked(`${kind}-fail`, answer)).toEqual({
      code: 500,
      message: `Internal error occurred: failed calling webhook "${kind}-fail.example.com": ${why}`,
    })
    expect((await asked(`${kind}-ignore`, answer)).code).toBe(201)
  })
})

describe('what no policy lets pass', () => {
  it('a patch that does not fit', async () => {
    const answer = patchOf({ op: 'remove', path: '/data/none' })
    for (const name of ['mutating-fail', 'mutating-ignore']) expect((await asked(name, answer)).code).toBe(500)
  })
  it('a patch that makes something else of the object', async () => {
    const answer = patchOf({ op: 'add', path: '/data', value: { a: 1 } })
    for (const name of ['mutating-fail', 'mutating-ignore']) expect((await asked(name, answer)).code).toBe(500)
  })
  const DENIED = 'admission webhook "validating-ignore.example.com" denied the request'
  const refusals: readonly [status: object | undefined, code: number, message: string][] = [
    [undefined, 400, `${DENIED} without explanation`],
    [{ reason: 'Because' }, 400, `${DENIED}: Because`],
    [{ message: 'no', code: 409, status: 'Success' }, 409, `${DENIED}: no`],
    [{ message: 'no', code: 200 }, 400, `${DENIED}: no`],
  ]
  it.each(refusals)('a refusal: %j: %i %s', async (status, code, message) => {
    expect(await asked('validating-ignore', { allowed: false, ...(status ? { status } : {}) })).toEqual({
      code,
      message,
    })
  })
  it('a patch of what is deleted', async () => {
    const { message } = await asked('mutating-ignore', { allowed: true })
    expect(message).toBeUndefined()
    hooks.answers.set('/mutating-ignore', () => patchOf({ op: 'add', path: '/data', value: {} }))
    const { code, body } = await call(`${MAPS}/m-${made}`, { method: 'DELETE' })
    expect({ code, message: body.message }).toEqual({
      code: 500,
      message:
        'Internal error occurred: admission webhook "mutating-ignore.example.com" attempted to modify the object, which is not supported for this operation',
    })
  })
  it('but a patch without operations is none', async () => {
    expect((await asked('mutating-fail', patch('[]', 'Other'))).code).toBe(201)
    expect((await asked('mutating-fail', patch('null'))).code).toBe(201)
  })
})
