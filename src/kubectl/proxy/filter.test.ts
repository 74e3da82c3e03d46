import { expect, it } from 'vitest'
import { isAccepted, proxyFilter } from './filter.ts'

const DEFAULTS: Readonly<Record<string, string>> = {
  'accept-hosts': '^localhost$,^127\\.0\\.0\\.1$,^\\[::1\\]$',
  'accept-paths': '^.*',
  'reject-paths': '^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach',
  'reject-methods': '^$',
}

const flags = (more: Record<string, string> = {}, off = false) => ({
  string: (name: string) => ({ ...DEFAULTS, ...more })[name],
  boolean: () => off,
})

it.each([
  ['GET', '/api/v1/pods', 'localhost', {}, true],
  ['GET', '/api/v1/pods', 'evil.example', {}, false],
  ['POST', '/api/v1/namespaces/a/pods/b/exec', '127.0.0.1', {}, false],
  ['POST', '/api/v1/pods', '[::1]', { 'reject-methods': 'POST,PUT' }, false],
  ['GET', '/apis', '[::1]', { 'accept-paths': '^/api/' }, false],
])('%s %s of %s with %j', (method, path, host, more, accepted) => {
  const filter = proxyFilter(flags(more))
  expect(filter && isAccepted(filter, { method, path, host })).toBe(accepted)
})

it('can be turned off, and refuses what is no expression', () => {
  expect(proxyFilter(flags({}, true))).toBe(undefined)
  expect(() => proxyFilter(flags({ 'accept-paths': '(' }))).toThrow('in --accept-paths')
})
