// Configurations that change while a server runs: how values are kept, and who is believed.
// Rules: k8s.io/apiserver/pkg/server/options/encryptionconfig/controller and authenticationconfig.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf } from './access-support.ts'

const directory = mkdtempSync(join(tmpdir(), 'reload-'))
afterAll(() => rmSync(directory, { recursive: true }))

const reloads = async (admin: Call, what: string, status: string) => {
  const { text } = await admin('/metrics')
  const name = `apiserver_${what}_config_controller_automatic_reloads_total`
  return Number(
    new RegExp(`^${name}\\{status="${status}",apiserver_id_hash="sha256:\\w+"\\} (\\d+)$`, 'm').exec(text)?.[1],
  )
}

describe('how values are kept', () => {
  const path = join(directory, 'encryption.json')
  const SECRETS = '/api/v1/namespaces/default/secrets'
  let server: TestServer
  let admin: Call

  const configure = (...names: string[]) =>
    writeFileSync(
      path,
      JSON.stringify({
        kind: 'EncryptionConfiguration',
        apiVersion: 'apiserver.config.k8s.io/v1',
        resources: [
          {
            resources: ['secrets'],
            providers: [
              { aescbc: { keys: names.map((name) => ({ name, secret: Buffer.alloc(32, name).toString('base64') })) } },
              { identity: {} },
            ],
          },
        ],
      }),
    )
  const kept = async (name: string) =>
    (await server.store.get(`/registry/secrets/default/${name}`))?.value.toString('latin1').slice(0, 24)

  beforeAll(async () => {
    configure('one')
    server = await startTestServer({
      flags: { 'encryption-provider-config': path, 'encryption-provider-config-automatic-reload': 'true' },
    })
    admin = await callerOf(server, { name: 'root', groups: ['system:masters'] })
  })
  afterAll(() => server.close())

  it('changes with the file, for values that are written from then on, be they the same', async () => {
    for (const name of ['a', 'b']) {
      const body = { metadata: { name }, stringData: { password: 'hunter2' } }
      expect((await admin(SECRETS, { body })).code).toBe(201)
    }
    expect(await kept('a')).toMatch(/^k8s:enc:aescbc:v1:one:/)
    configure('two', 'one')
    await vi.waitFor(async () => expect(await reloads(admin, 'encryption', 'success')).toBe(1))
    const { body: a } = await admin(`${SECRETS}/a`)
    expect(a.data.password).toBe(Buffer.from('hunter2').toString('base64'))
    expect((await admin(`${SECRETS}/a`, { method: 'PUT', body: a })).code).toBe(200)
    expect(await kept('a')).toMatch(/^k8s:enc:aescbc:v1:two:/)
    expect(await kept('b')).toMatch(/^k8s:enc:aescbc:v1:one:/)
    // What is kept as it should be is not written again.
    const { body: before } = await admin(`${SECRETS}/a`)
    const { body: after } = await admin(`${SECRETS}/a`, { method: 'PUT', body: before })
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion)
    const { text } = await admin('/metrics')
    expect(text).toMatch(
      /^apiserver_storage_transformation_operations_total\{resource="secrets",transformation_type="to_storage",transformer_prefix="k8s:enc:aescbc:v1:",status="OK"\} 3$/m,
    )
  })

  it('stays as it is when the file is wrong', async () => {
    writeFileSync(path, '{"kind": "EncryptionConfiguration"}')
    await vi.waitFor(async () => expect(await reloads(admin, 'encryption', 'failure')).toBe(1))
    expect((await admin(SECRETS, { body: { metadata: { name: 'c' } } })).code).toBe(201)
    expect(await kept('c')).toMatch(/^k8s:enc:aescbc:v1:two:/)
  })
})

describe('who is believed', () => {
  it('changes with the file, unless that is wrong', async () => {
    const path = join(directory, 'authentication.json')
    const configure = (anonymous: object) =>
      writeFileSync(
        path,
        JSON.stringify({ kind: 'AuthenticationConfiguration', apiVersion: 'apiserver.config.k8s.io/v1', anonymous }),
      )
    configure({ enabled: true, conditions: [{ path: '/livez' }] })
    const server = await startTestServer({ flags: { 'authentication-config': path } })
    try {
      const admin = await callerOf(server, { name: 'root', groups: ['system:masters'] })
      const nobody = await callerOf(server)
      const codes = async () => [(await nobody('/livez')).code, (await nobody('/readyz')).code]
      expect(await codes()).toEqual([200, 401])
      configure({ enabled: true, conditions: [{ path: '/readyz' }] })
      await vi.waitFor(async () => expect(await codes()).toEqual([401, 200]))
      writeFileSync(path, '{"kind": "Nothing"}')
      await vi.waitFor(async () => expect(await reloads(admin, 'authentication', 'failure')).toBe(1))
      expect(await codes()).toEqual([401, 200])
      expect(await reloads(admin, 'authentication', 'success')).toBe(1)
    } finally {
      await server.close()
    }
  })
})
