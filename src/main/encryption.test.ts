import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { callerOf } from '../../test/conformance/access-support.ts'
import { startTestPlugin } from '../apiserver/encryption/kms/testing.ts'
import { startTestServer } from './testing.ts'

const configuration = (...providers: string[]) => `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers: [${providers.join(', ')}]
`

it('secrets are kept with a plugin, of which health checks tell, and with another one when the file says so', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'encryption-'))
  const file = join(directory, 'encryption.yaml')
  const [one, other] = [await startTestPlugin(), await startTestPlugin()]
  const provider = (name: string, endpoint: string) =>
    `{kms: {apiVersion: v2, name: ${name}, endpoint: "${endpoint}", timeout: 500ms}}`
  writeFileSync(file, configuration(provider('one', one.endpoint)))
  const flags = { 'encryption-provider-config': file, 'encryption-provider-config-automatic-reload': 'true' }
  const server = await startTestServer({ flags })
  try {
    const call = await callerOf(server, { name: 'root', groups: ['system:masters'] })
    const path = '/api/v1/namespaces/default/secrets'
    const stored = async (name: string) =>
      (await server.store.get(`/registry/secrets/default/${name}`))?.value.toString('latin1') ?? ''
    const create = async (name: string) => {
      expect((await call(path, { body: { metadata: { name }, data: { p: 'aHVudGVyMg==' } } })).code).toBe(201)
      return stored(name)
    }
    expect(await create('a')).toMatch(/^k8s:enc:kms:v2:one:/)
    for (const endpoint of ['healthz', 'readyz']) expect((await call(`/${endpoint}/kms-providers`)).code).toBe(200)
    expect((await call('/livez/kms-providers')).code).toBe(404)

    writeFileSync(file, configuration(provider('other', other.endpoint), provider('one', one.endpoint)))
    let tries = 0
    await expect.poll(() => create(`b${tries++}`), { timeout: 5000 }).toMatch(/^k8s:enc:kms:v2:other:/)
    expect(JSON.stringify((await call(`${path}/a`)).body)).toContain('aHVudGVyMg==')
    // Nothing changes, but the value is to be kept differently.
    await call(`${path}/a`, { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' }, body: {} })
    expect(await stored('a')).toMatch(/^k8s:enc:kms:v2:other:/)

    // One that is not well is not taken.
    const calls = one.calls.status
    one.says.healthz = 'on fire'
    writeFileSync(file, configuration(provider('again', one.endpoint), provider('other', other.endpoint)))
    await expect.poll(() => one.calls.status, { timeout: 5000 }).toBeGreaterThan(calls)
    expect(await create('c')).toMatch(/^k8s:enc:kms:v2:other:/)
  } finally {
    await server.close()
    await Promise.all([one.close(), other.close()])
    rmSync(directory, { recursive: true, force: true })
  }
})
