import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parseFlags } from '../flags.ts'
import { globalFlags } from '../globals.ts'
import { kubeconfigObject, loadKubeconfig } from './kubeconfig.ts'
import { parseProperty } from './property.ts'
import { chooseNamespace, chooseRestConfig } from './rest-config.ts'
import { minified, redacted } from './view.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kubeconfig-'))
  writeFileSync(
    join(dir, 'a'),
    `current-context: one
clusters: [{name: c, cluster: {server: "https://a:1/", certificate-authority: ca.pem}}]
contexts:
- {name: one, context: {cluster: c, user: u, namespace: ns}}
- {name: two, context: {cluster: gone}}
users: [{name: u, user: {token: secret}}]
`,
  )
  writeFileSync(
    join(dir, 'b'),
    'current-context: two\nclusters: [{name: c, cluster: {server: "https://b"}}, {name: d, cluster: {server: "http://d"}}]\n',
  )
  writeFileSync(join(dir, 'ca.pem'), 'PEM')
})
afterEach(() => rmSync(dir, { recursive: true }))

const load = (explicit?: string) =>
  loadKubeconfig({ explicit, env: { KUBECONFIG: `${dir}/a:${dir}/nope:${dir}/b` }, home: dir, cwd: dir })
const flags = (...argv: string[]) => parseFlags(globalFlags, argv)

it('merges files, the first that says a thing wins', () => {
  const config = load()
  expect(config.currentContext).toBe('one')
  expect(config.clusters.get('c')?.server).toBe('https://a:1/')
  expect([...config.clusters.keys()]).toEqual(['c', 'd'])
  expect(() => load('/nope')).toThrow('stat /nope: no such file or directory')
})

it('follows context, cluster and user, and takes flags first', () => {
  const config = load()
  expect(chooseRestConfig(config, flags())).toMatchObject({
    server: 'https://a:1',
    token: 'secret',
    tls: { ca: 'PEM', insecure: false },
  })
  const chosen = chooseRestConfig(config, flags('--server=x:2', '--token=t', '--as=me', '--as-group=a', '--as-group=b'))
  expect(chosen).toMatchObject({ server: 'http://x:2', token: 't', impersonate: { user: 'me', groups: ['a', 'b'] } })
  expect(chooseNamespace(config, flags())).toEqual({ namespace: 'ns', explicit: false })
  expect(chooseNamespace(config, flags('-n', 'x'))).toEqual({ namespace: 'x', explicit: true })
})

it('falls back to the local port without a kubeconfig', () => {
  const empty = loadKubeconfig({ explicit: undefined, env: {}, home: '/nope', cwd: dir })
  expect(chooseRestConfig(empty, flags()).server).toBe('http://localhost:8080')
})

it.each([
  [['--context=x'], 'context was not found for specified context: x'],
  [['--user=x'], 'auth info "x" does not exist'],
  [['--cluster=x'], 'no server found for cluster "x"'],
  [['--request-timeout=x'], 'Invalid timeout value.'],
])('refuses %j', (argv, message) => {
  expect(() => chooseRestConfig(load(), flags(...argv))).toThrow(message)
})

it('hides secrets and leaves out what the context does not need', () => {
  const shown = kubeconfigObject(redacted(minified(load())))
  expect(shown).toMatchObject({
    clusters: [{ name: 'c' }],
    contexts: [{ name: 'one' }],
    users: [{ name: 'u', user: { token: 'REDACTED' } }],
  })
})

it.each([
  ['current-context', { kind: 'current-context' }],
  ['contexts.a.b.namespace', { kind: 'field', list: 'contexts', name: 'a.b', field: 'namespace' }],
  ['users.me', { kind: 'entry', list: 'users', name: 'me' }],
  ['clusters', { kind: 'list', list: 'clusters' }],
])('reads the property %s', (path, expected) => {
  expect(parseProperty(path)).toEqual(expected)
})
