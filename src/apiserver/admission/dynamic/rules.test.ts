import { describe, expect, it } from 'vitest'
import { type Requested, type Rule, ruleMatches } from './rules.ts'

const asked: Requested = {
  operation: 'CREATE',
  group: 'apps',
  version: 'v1',
  resource: 'deployments',
  subresource: '',
  namespace: 'default',
  name: 'web',
}
const rule: Rule = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }

describe('rules', () => {
  const cases: [string, Partial<Rule>, Partial<Requested>, boolean][] = [
    ['anything', {}, {}, true],
    ['the operation', { operations: ['UPDATE', 'CREATE'] }, {}, true],
    ['another operation', { operations: ['UPDATE'] }, {}, false],
    ['another group', { apiGroups: [''] }, {}, false],
    ['another version', { apiVersions: ['v1beta1'] }, {}, false],
    ['the resource', { resources: ['deployments'] }, {}, true],
    ['a subresource by a resource', { resources: ['deployments'] }, { subresource: 'scale' }, false],
    ['a subresource by *', {}, { subresource: 'scale' }, false],
    ['a subresource by its name', { resources: ['deployments/scale'] }, { subresource: 'scale' }, true],
    ['a subresource of anything', { resources: ['*/scale'] }, { subresource: 'scale' }, true],
    ['all of a resource', { resources: ['deployments/*'] }, { subresource: 'scale' }, true],
    ['all of a resource, itself included', { resources: ['deployments/*'] }, {}, true],
    ['everything', { resources: ['*/*'] }, { subresource: 'status' }, true],
    ['what is in namespaces', { scope: 'Namespaced' }, {}, true],
    ['what is in none', { scope: 'Cluster' }, {}, false],
    ['a namespace', { scope: 'Cluster' }, { group: '', resource: 'namespaces', namespace: 'x', name: 'x' }, true],
    ['a name', { resourceNames: ['web'] }, {}, true],
    ['another name', { resourceNames: ['db'] }, {}, false],
  ]
  it.each(cases)('%s', (_, own, request, expected) => {
    expect(ruleMatches({ ...rule, ...own }, { ...asked, ...request })).toBe(expected)
  })
})
