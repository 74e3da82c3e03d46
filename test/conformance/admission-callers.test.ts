// Who the server is to admission webhooks, and what it makes of those who judge images.
// Rules: k8s.io/apiserver/pkg/util/webhook (authentication), k8s.io/kubernetes/plugin/pkg/admission/imagepolicy.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readApiServerSettings } from '../../src/main/api-server-settings.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf, type ReviewAnswer, type Reviewer, startReviewer } from './access-support.ts'

const directory = mkdtempSync(join(tmpdir(), 'admission-callers-'))
afterAll(() => rmSync(directory, { recursive: true }))
const write = (name: string, content: object | string, mode = 0o644) => {
  writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content), { mode })
  return join(directory, name)
}
const configuration = (name: string, plugins: Readonly<Record<string, object>>) =>
  write(name, {
    ...{ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration' },
    plugins: Object.entries(plugins).map(([plugin, its]) => ({ name: plugin, configuration: its })),
  })
const webhooks = (kubeConfigFile: string) => ({
  ...{ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'WebhookAdmissionConfiguration' },
  kubeConfigFile,
})
const MAPS = '/api/v1/namespaces/default/configmaps'
const PODS = '/api/v1/namespaces/default/pods'

describe('who the server is to admission webhooks', () => {
  let reviewer: Reviewer
  let server: TestServer
  let call: Call

  beforeAll(async () => {
    reviewer = await startReviewer(directory, 'hooks')
    reviewer.answer = ({ uid }) => ({ response: { uid, allowed: true } })
    const plugin = write(
      'plugin',
      `#!${process.execPath}
console.log(JSON.stringify({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status: { token: 'run' } }))
`,
      0o755,
    )
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' }
    const mutating = write('mutating.kubeconfig', {
      users: [
        { name: '*.0.0.1:1', user: { token: 'other' } },
        { name: '*', user: { username: 'us', password: 'secret' } },
      ],
    })
    const validating = write('validating.kubeconfig', {
      users: [
        { name: new URL(reviewer.url).host, user: { exec } },
        { name: '*', user: { token: 'anybody' } },
      ],
    })
    const path = configuration('callers.json', {
      MutatingAdmissionWebhook: webhooks(mutating),
      ValidatingAdmissionWebhook: webhooks(validating),
    })
    server = await startTestServer({ legacyApis: false, flags: { 'admission-control-config-file': path } })
    call = await callerOf(server, { name: 'admin', groups: ['system:masters'] })
    for (const kind of ['Mutating', 'Validating']) {
      const hook = {
        ...{ name: 'a.example.com', sideEffects: 'None', admissionReviewVersions: ['v1'] },
        clientConfig: {
          url: `${reviewer.url}/${kind}`,
          caBundle: Buffer.from(reviewer.ca).toString('base64'),
        },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
      }
      await call(`/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations`, {
        body: { metadata: { name: 'hooks' }, webhooks: [hook] },
      })
    }
  })
  afterAll(async () => {
    await server.close()
    await reviewer.close()
  })

  it('is said by the kubeconfig of each of the two', async () => {
    expect((await call(MAPS, { body: { metadata: { name: 'asked' } } })).code).toBe(201)
    const seen = new Map(reviewer.asked.map(({ path, authorization }) => [path.replace(/\?.*/, ''), authorization]))
    expect(Object.fromEntries(seen)).toEqual({
      '/Mutating': `Basic ${Buffer.from('us:secret').toString('base64')}`,
      '/Validating': 'Bearer run',
    })
  })

  it('is said in files with absolute paths', () => {
    const path = configuration('relative.json', { MutatingAdmissionWebhook: webhooks('hooks.kubeconfig') })
    expect(() => readApiServerSettings({ 'admission-control-config-file': path })).toThrow(
      'kubeConfigFile: Invalid value: "hooks.kubeconfig": must be an absolute file path',
    )
  })
})

describe('ImagePolicyWebhook', () => {
  let reviewer: Reviewer
  let server: TestServer
  let call: Call
  const policy = (more: object = {}) => ({ imagePolicy: { kubeConfigFile: reviewer.kubeconfig, denyTTL: -1, ...more } })

  beforeAll(async () => {
    reviewer = await startReviewer(directory, 'images')
    const path = configuration('images.json', { ImagePolicyWebhook: policy({ allowTTL: -1, retryBackoff: 1 }) })
    server = await startTestServer({
      legacyApis: false,
      flags: {
        'enable-admission-plugins': 'NodeRestriction,ImagePolicyWebhook',
        'admission-control-config-file': path,
      },
    })
    call = await callerOf(server, { name: 'admin', groups: ['system:masters'] })
  })
  afterAll(async () => {
    await server.close()
    await reviewer.close()
  })

  const pod = (image: string) => ({
    metadata: { name: 'p', annotations: { 'a.image-policy.k8s.io/b': 'c', other: 'x' } },
    spec: { containers: [{ name: 'c', image }], initContainers: [{ name: 'i', image: 'two' }] },
  })
  const verdicts: Readonly<Record<string, ReviewAnswer>> = {
    good: { status: { allowed: true } },
    bad: { status: { allowed: false, reason: 'why' } },
    unsaid: { status: {} },
    unheard: { code: 404 },
  }
  const answers: readonly (readonly [image: string, code: number, message: string | undefined])[] = [
    ['good', 201, undefined],
    ['bad', 403, 'pods "p" is forbidden: image policy webhook backend denied one or more images: why'],
    ['unsaid', 403, 'pods "p" is forbidden: one or more images rejected by webhook backend'],
    ['unheard', 403, 'pods "p" is forbidden: the server could not find the requested resource'],
  ]
  it.each(answers)('%s: %i %s', async (image, code, message) => {
    reviewer.answer = ({ spec }) => verdicts[spec.containers[0].image] ?? { status: {} }
    const got = await call(`${PODS}?dryRun=All`, { body: pod(image) })
    expect([got.code, code === 201 ? undefined : got.body.message]).toEqual([code, message])
  })

  it('asks about all images, with what is for it', () => {
    expect(reviewer.asked[0]).toMatchObject({
      kind: 'ImageReview',
      apiVersion: 'imagepolicy.k8s.io/v1alpha1',
      spec: {
        containers: [{ image: 'good' }, { image: 'two' }],
        annotations: { 'a.image-policy.k8s.io/b': 'c' },
        namespace: 'default',
      },
    })
  })

  const wrong: readonly (readonly [more: object, why: string])[] = [
    [{ allowTTL: 7200 }, 'valid value is between 1s and 30m0s, got 2h0m0s'],
    [{ retryBackoff: 400_000 }, '5m0s, got 6m40s'],
    [{ denyTTL: 0.5 }, 'valid value is between 1s and 30m0s'],
  ]
  it.each(wrong)('%o: %s', (more, why) => {
    const path = configuration('wrong.json', { ImagePolicyWebhook: policy(more) })
    expect(() => readApiServerSettings({ 'admission-control-config-file': path })).toThrow(why)
  })

  it('has to be configured', () => {
    expect(() => readApiServerSettings({ 'enable-admission-plugins': 'ImagePolicyWebhook' })).toThrow(
      'failed to initialize admission: couldn\'t init admission plugin "ImagePolicyWebhook": no config specified',
    )
  })
})
