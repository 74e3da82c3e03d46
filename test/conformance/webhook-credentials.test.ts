// Credentials that a plugin gives to the webhooks of kubeconfigs. Rules: k8s.io/client-go/plugin/pkg/client/auth/exec.

import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readApiServerSettings } from '../../src/main/api-server-settings.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { callerOf, type Reviewer, startReviewer } from './access-support.ts'

const V1 = 'client.authentication.k8s.io/v1'

describe('a webhook whose kubeconfig names a plugin', () => {
  const directory = mkdtempSync(join(tmpdir(), 'exec-webhook-'))
  let reviewer: Reviewer
  let server: TestServer

  const runs = () =>
    existsSync(join(directory, 'runs'))
      ? readFileSync(join(directory, 'runs'), 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
      : []

  beforeAll(async () => {
    const plugin = join(directory, 'plugin')
    writeFileSync(
      plugin,
      `#!${process.execPath}
const fs = require('node:fs')
fs.appendFileSync(process.argv[2], process.env.KUBERNETES_EXEC_INFO + '\\n')
const n = fs.readFileSync(process.argv[2], 'utf8').trim().split('\\n').length
console.log(JSON.stringify({ kind: 'ExecCredential', apiVersion: '${V1}', status: { token: process.env.PREFIX + n } }))
`,
      { mode: 0o755 },
    )
    const exec = {
      ...{ apiVersion: V1, command: './plugin', args: [join(directory, 'runs')], interactiveMode: 'Never' },
      ...{ env: [{ name: 'PREFIX', value: 'token-' }], provideClusterInfo: true },
    }
    reviewer = await startReviewer(directory, 'tokens', { exec })
    server = await startTestServer({
      flags: {
        'authentication-token-webhook-config-file': reviewer.kubeconfig,
        'authentication-token-webhook-version': 'v1',
        'authentication-token-webhook-cache-ttl': '0s',
      },
    })
  })
  afterAll(async () => {
    await server.close()
    await reviewer.close()
    rmSync(directory, { recursive: true })
  })

  it('is shown what the plugin gives, which is run again when that is refused', async () => {
    const refused = new Set<string>()
    reviewer.answer = ({ authorization = '' }) =>
      refused.has(authorization)
        ? { code: 401 }
        : { status: { authenticated: true, user: { username: 'jane' }, audiences: [...server.server.audiences] } }
    const call = await callerOf(server)
    const ask = async () => {
      const { code } = await call('/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {}, token: 'a-token' })
      return [code, reviewer.asked.at(-1)?.authorization]
    }
    expect(await ask()).toEqual([201, 'Bearer token-1'])
    expect(await ask()).toEqual([201, 'Bearer token-1'])
    expect(runs()).toHaveLength(1)
    expect(runs()[0]).toMatchObject({
      ...{ kind: 'ExecCredential', apiVersion: V1 },
      spec: { interactive: false, cluster: { server: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+\/review$/) } },
    })
    expect(runs()[0].spec.cluster['certificate-authority-data']).toMatch(/^LS0t/)
    refused.add('Bearer token-1')
    expect(await ask()).toEqual([401, 'Bearer token-1'])
    expect(await ask()).toEqual([201, 'Bearer token-2'])
  })
})

it.each([
  [
    { command: 'c', apiVersion: V1 },
    'interactiveMode must be specified for apiserver to use exec authentication plugin',
  ],
  [{ command: 'c', apiVersion: `${V1}alpha1` }, `exec plugin: invalid apiVersion "${V1}alpha1"`],
])('does not start with the plugin %j', (exec, message) => {
  const directory = mkdtempSync(join(tmpdir(), 'exec-kubeconfig-'))
  const path = join(directory, 'kubeconfig')
  appendFileSync(
    path,
    JSON.stringify({
      'current-context': 'x',
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'apiserver' } }],
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'apiserver', user: { exec } }],
    }),
  )
  expect(() => readApiServerSettings({ 'authentication-token-webhook-config-file': path })).toThrow(message)
  rmSync(directory, { recursive: true })
})
