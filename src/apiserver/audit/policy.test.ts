import { describe, expect, it } from 'vitest'
import { parseRequest } from '../http/request-info.ts'
import { parseAuditPolicy, scopeOf } from './policy.ts'

const policyOf = (rules: string, head = '') =>
  parseAuditPolicy(`apiVersion: audit.k8s.io/v1\nkind: Policy\n${head}\nrules:\n${rules}`)
const alice = { name: 'alice', groups: ['dev', 'system:authenticated'] }

describe('levels of an audit policy', () => {
  const policy = policyOf(`
- {level: None, nonResourceURLs: [/healthz*, /version]}
- {level: None, users: [system:kube-proxy], verbs: [watch]}
- {level: Metadata, resources: [{group: "", resources: [secrets, pods/log]}]}
- {level: RequestResponse, resources: [{group: apps, resources: [deployments], resourceNames: [web]}]}
- {level: Request, userGroups: [dev], namespaces: [team], omitStages: [RequestReceived]}
- {level: Metadata, resources: [{group: batch}]}
`)
  it.each([
    ['GET', '/healthz/ping', 'None'],
    ['GET', '/version', 'None'],
    ['GET', '/api/v1/namespaces/x/secrets/s', 'Metadata'],
    ['GET', '/api/v1/namespaces/x/pods/p/log', 'Metadata'],
    ['GET', '/api/v1/namespaces/x/pods/p', 'None'],
    ['PUT', '/apis/apps/v1/namespaces/x/deployments/web', 'RequestResponse'],
    ['PUT', '/apis/apps/v1/namespaces/x/deployments/other', 'None'],
    ['POST', '/api/v1/namespaces/team/pods', 'Request'],
    ['GET', '/apis/batch/v1/namespaces/x/jobs/j/status', 'Metadata'],
    ['GET', '/metrics', 'None'],
  ])('%s %s is %s', (method, url, level) => {
    expect(scopeOf(policy, alice, parseRequest(method, url)).level).toBe(level)
  })

  it('adds up stages and lets rules decide about managed fields', () => {
    const both = policyOf(
      '- {level: Metadata, users: [alice], omitStages: [Panic], omitManagedFields: false}\n- {level: Metadata}',
      'omitStages: [RequestReceived]\nomitManagedFields: true',
    )
    const info = parseRequest('GET', '/version')
    const scope = scopeOf(both, alice, info)
    expect([...scope.omitStages]).toEqual(['RequestReceived', 'Panic'])
    expect(scope.omitManagedFields).toBe(false)
    expect(scopeOf(both, { name: 'bob', groups: [] }, info).omitManagedFields).toBe(true)
  })
})

describe('audit policies that are wrong', () => {
  it.each([
    ['- {users: [a]}', 'rules[0].level: Required value'],
    ['- {level: Much}', 'rules[0].level: Unsupported value: "Much"'],
    ['- {level: None, omitStages: [Late]}', 'rules[0].omitStages[0]: Unsupported value: "Late"'],
    ['- {level: None, nonResourceURLs: [metrics]}', "must begin with a '/' character"],
    ['- {level: None, nonResourceURLs: ["/a*b"]}', "wildcards '*' must be the final character"],
    ['- {level: None, nonResourceURLs: [/a], namespaces: [b]}', 'both regular resources and non-resource URLs'],
    ['- {level: None, resources: [{resourceNames: [x]}]}', 'using resourceNames requires at least one resource'],
    ['', 'loaded illegal policy with 0 rules'],
  ])('%s', (rules, message) => {
    expect(() => policyOf(rules)).toThrow(message)
  })

  it('of another kind', () => {
    expect(() => parseAuditPolicy('kind: Policy\napiVersion: v1')).toThrow('expected kind Policy of audit.k8s.io/v1')
  })
})
