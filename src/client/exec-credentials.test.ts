// Runs real programs as credential plugins.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ExecCredentials } from './exec-credentials.ts'
import { type ExecConfig, execPluginOf, execProblems, isInteractive, readExecCredential } from './exec-plugin.ts'

const V1 = 'client.authentication.k8s.io/v1'
const CLUSTER = { server: 'https://reviews:1', 'certificate-authority-data': 'Y2E=', config: { audience: 'a' } }

let directory: string
let now = 0
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'exec-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** A plugin that notes what it was told, and answers with a status in which N is how often it was run. */
function credentials(status: object, config: Partial<ExecConfig> = {}): ExecCredentials {
  const file = join(directory, 'plugin.cjs')
  writeFileSync(
    file,
    `const fs = require('node:fs'); const runs = process.argv[2]
    const n = fs.existsSync(runs) ? fs.readFileSync(runs, 'utf8').trim().split('\\n').length + 1 : 1
    fs.appendFileSync(runs, JSON.stringify({ info: JSON.parse(process.env.KUBERNETES_EXEC_INFO), own: process.env.OWN, given: process.env.GIVEN }) + '\\n')
    const { apiVersion } = JSON.parse(process.env.KUBERNETES_EXEC_INFO)
    console.log(JSON.stringify({ kind: 'ExecCredential', apiVersion, status: ${JSON.stringify(status)} }).replaceAll('N', n))`,
  )
  const plugin = execPluginOf(
    {
      ...{ command: process.execPath, args: [file, join(directory, 'runs')], env: [{ name: 'OWN', value: 'yes' }] },
      ...{ apiVersion: V1, interactiveMode: 'IfAvailable', ...config },
    },
    CLUSTER,
  )
  const environment = { PATH: process.env.PATH, GIVEN: 'too' }
  return new ExecCredentials(plugin, {
    clock: { now: () => now },
    environment,
    input: { terminal: false, inUse: false },
  })
}

const runs = () =>
  readFileSync(join(directory, 'runs'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

it('tells the plugin of the cluster, and gives it its variables', async () => {
  const source = credentials({ token: 'tN' }, { provideClusterInfo: true })
  expect(await source.get()).toEqual({ token: 't1' })
  const info = { kind: 'ExecCredential', apiVersion: V1, spec: { interactive: false, cluster: CLUSTER } }
  expect(runs()).toEqual([{ info, own: 'yes', given: 'too' }])
})

it('keeps what was issued until it expires or is refused, and asks once for all who wait', async () => {
  const source = credentials({ token: 'tN', expirationTimestamp: '1970-01-01T00:00:10Z' })
  now = 0
  const [first, same] = await Promise.all([source.get(), source.get()])
  expect(first.token).toBe('t1')
  expect(same).toBe(first)
  now = 10_000
  expect(await source.get()).toBe(first)
  source.refused(first)
  const second = await source.get()
  expect(second.token).toBe('t2')
  // Somebody comes late with what was refused already.
  source.refused(first)
  expect(await source.get()).toBe(second)
  now = 10_001
  expect((await source.get()).token).toBe('t3')
})

it('says what went wrong', async () => {
  const missing = { command: join(directory, 'nothing'), installHint: 'get it from the shop' }
  await expect(credentials({}, missing).get()).rejects.toThrow(
    /^getting credentials: exec: executable .*nothing not found\n\nIt looks like[\s\S]*\n\nget it from the shop$/,
  )
  await expect(credentials({}, { args: ['-e', 'process.exit(3)'] }).get()).rejects.toThrow(
    `getting credentials: exec: executable ${process.execPath} failed with exit code 3`,
  )
  await expect(credentials({}, { interactiveMode: 'Always' }).get()).rejects.toThrow(
    'getting credentials: exec plugin cannot support interactive mode: standard input is not a terminal',
  )
})

it.each<[object | string, string]>([
  ['nonsense', 'decoding stdout: expected'],
  [{ kind: 'ExecCredential', status: {} }, "decoding stdout: Object 'apiVersion' is missing"],
  [{ kind: 'Pod', apiVersion: 'v1' }, 'decoding stdout: no kind "Pod"'],
  [
    { kind: 'ExecCredential', apiVersion: `${V1}beta1`, status: { token: 't' } },
    `exec plugin is configured to use API version ${V1}, plugin returned version ${V1}beta1`,
  ],
  [{ kind: 'ExecCredential', apiVersion: V1 }, "exec plugin didn't return a status field"],
  [{ kind: 'ExecCredential', apiVersion: V1, status: {} }, "exec plugin didn't return a token or cert/key pair"],
  [
    { kind: 'ExecCredential', apiVersion: V1, status: { clientKeyData: 'k' } },
    'exec plugin returned only certificate or key, not both',
  ],
])('refuses %j', (output, message) => {
  const plugin = execPluginOf({ command: 'c', apiVersion: V1, interactiveMode: 'Never' }, CLUSTER)
  expect(() => readExecCredential(plugin, typeof output === 'string' ? output : JSON.stringify(output))).toThrow(
    message,
  )
})

const TO = 'must be specified for u to use exec authentication plugin'

it.each<[ExecConfig, string[]]>([
  [{}, [`command ${TO}`, `apiVersion ${TO}`]],
  [{ command: 'c', apiVersion: V1 }, [`interactiveMode ${TO}`]],
  [{ command: 'c', apiVersion: `${V1}beta1`, env: [{ name: '', value: 'v' }] }, [`env variable name ${TO}`]],
  [{ command: 'c', apiVersion: V1, interactiveMode: 'Maybe' }, ['invalid interactiveMode for u: "Maybe"']],
])('finds what is wrong in %j', (config, problems) => {
  expect(execProblems('u', config)).toEqual(problems)
})

it('knows two versions', () => {
  expect(() => execPluginOf({ command: 'c', apiVersion: `${V1}alpha1` }, CLUSTER)).toThrow(
    `exec plugin: invalid apiVersion "${V1}alpha1"`,
  )
})

it.each([
  ['Never', true, false, false],
  ['IfAvailable', true, false, true],
  ['IfAvailable', true, true, false],
  ['IfAvailable', false, false, false],
  ['Always', true, false, true],
])('%s at a terminal (%s) in use (%s): %s', (interactiveMode, terminal, inUse, interactive) => {
  const plugin = execPluginOf({ command: 'c', apiVersion: V1, interactiveMode }, CLUSTER)
  expect(isInteractive(plugin, { terminal, inUse })).toBe(interactive)
})
