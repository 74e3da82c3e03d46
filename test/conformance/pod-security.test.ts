// What holds for pods where namespaces say nothing, and who is exempt, as a configuration of admission says.
// Rules: k8s.io/pod-security-admission/admission of v1.36.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readApiServerSettings } from '../../src/main/api-server-settings.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf } from './access-support.ts'

const directory = mkdtempSync(join(tmpdir(), 'pod-security-'))
afterAll(() => rmSync(directory, { recursive: true }))

function configured(configuration: object, name = 'admission.json'): string {
  const path = join(directory, name)
  const plugins = [{ name: 'PodSecurity', configuration }]
  const document = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins }
  writeFileSync(path, JSON.stringify(document))
  return path
}

const podSecurity = (more: object) => ({
  apiVersion: 'pod-security.admission.config.k8s.io/v1',
  kind: 'PodSecurityConfiguration',
  ...more,
})

describe('the security of pods', () => {
  let server: TestServer
  let admin: Call

  beforeAll(async () => {
    const path = configured(
      podSecurity({
        defaults: { enforce: 'baseline', 'enforce-version': 'v1.30', warn: 'restricted' },
        exemptions: { usernames: ['trusted'], namespaces: ['open'], runtimeClasses: ['boxed'] },
      }),
    )
    server = await startTestServer({ flags: { 'admission-control-config-file': path } })
    admin = await callerOf(server, { name: 'root', groups: ['system:masters'] })
    for (const name of ['open', 'closed']) {
      expect((await admin('/api/v1/namespaces', { body: { metadata: { name } } })).code).toBe(201)
      const account = { metadata: { name: 'default' } }
      expect((await admin(`/api/v1/namespaces/${name}/serviceaccounts`, { body: account })).code).toBe(201)
    }
    const boxed = { metadata: { name: 'boxed' }, handler: 'box' }
    expect((await admin('/apis/node.k8s.io/v1/runtimeclasses', { body: boxed })).code).toBe(201)
  })
  afterAll(() => server.close())

  const create = async (call: Call, namespace: string, spec: object) =>
    call(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
      body: { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }], hostNetwork: true, ...spec } },
    })

  it('has defaults for namespaces without labels', async () => {
    const refused = await create(admin, 'closed', {})
    expect(refused.code).toBe(403)
    expect(refused.body.message).toContain('violates PodSecurity "baseline:v1.30": host namespaces (hostNetwork=true)')
    const warned = await create(admin, 'closed', { hostNetwork: false })
    expect(warned.code).toBe(201)
    expect(warned.headers.warning).toContain('would violate PodSecurity \\"restricted:latest\\"')
  })

  it('is nothing to those who are exempt', async () => {
    expect((await create(admin, 'open', {})).code).toBe(201)
    expect((await create(admin, 'closed', { runtimeClassName: 'boxed' })).code).toBe(201)
    const trusted = await callerOf(server, { name: 'trusted', groups: ['system:masters'] })
    expect((await create(trusted, 'closed', {})).code).toBe(201)
    const { text } = await admin('/metrics')
    expect(text).toContain('pod_security_exemptions_total{request_operation="create",resource="pod",subresource=""} 3')
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    const { headers } = await admin('/api/v1/namespaces/open', {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { metadata: { labels } },
    })
    expect(headers.warning).toContain(
      'namespace \\"open\\" is exempt from Pod Security, and the policy (enforce=restricted:v1.30) will be ignored',
    )
  })
})

it.each([
  [
    podSecurity({ defaults: { enforce: 'none' } }),
    'defaults.enforce: Invalid value: "none": must be one of privileged, baseline, restricted',
  ],
  [
    podSecurity({ defaults: { 'warn-version': '1.2' } }),
    'defaults.warn-version: Invalid value: "1.2": must be "latest" or "v1.x"',
  ],
  [podSecurity({ exemptions: { namespaces: ['a', 'a'] } }), 'exemptions.namespaces[1]: Duplicate value: "a"'],
  [{ kind: 'Nothing' }, 'expected kind PodSecurityConfiguration'],
])('refuses %j', (configuration, message) => {
  const path = configured(configuration, 'wrong.json')
  expect(() => readApiServerSettings({ 'admission-control-config-file': path })).toThrow(message)
})
