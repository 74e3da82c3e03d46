// The operations that are not on resources: discovery, the version, and who issues tokens.

import { groupName, tagOf } from './names.ts'
import type { Operation } from './operations.ts'
import { capital, TYPES } from './rules.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'

type Described = Pick<Operation, 'path' | 'id' | 'tag' | 'answer'> & Partial<Operation>

/** A read that is about no resource. */
function readOf(described: Described): Operation {
  return {
    method: 'get',
    action: '',
    kind: { group: '', version: '', kind: '' },
    body: undefined,
    query: [],
    consumes: TYPES,
    produces: TYPES,
    ...described,
  }
}

/** The list of what a group version has. */
export function versionDiscovery(key: string, group: string, version: string): Operation {
  return readOf({
    path: `/${key}/`,
    id: `get${groupName(group)}${capital(version)}APIResources`,
    tag: tagOf(group, version),
    answer: `${META}APIResourceList`,
  })
}

const JSON_ONLY = ['application/json']

/** What is served beside resources, each in a document of its own. */
export function discoveryOperations(groups: readonly string[]): readonly Operation[] {
  const ofGroups = groups.map((group) =>
    readOf({
      path: `/apis/${group}/`,
      id: `get${groupName(group)}APIGroup`,
      tag: tagOf(group),
      answer: `${META}APIGroup`,
    }),
  )
  return [
    readOf({
      path: '/.well-known/openid-configuration/',
      id: 'getServiceAccountIssuerOpenIDConfiguration',
      tag: 'WellKnown',
      answer: 'string',
      consumes: [],
      produces: JSON_ONLY,
    }),
    readOf({ path: '/api/', id: 'getCoreAPIVersions', tag: 'core', answer: `${META}APIVersions` }),
    readOf({ path: '/apis/', id: 'getAPIVersions', tag: 'apis', answer: `${META}APIGroupList` }),
    ...ofGroups,
    readOf({
      path: '/openid/v1/jwks/',
      id: 'getServiceAccountIssuerOpenIDKeyset',
      tag: 'openid',
      answer: 'string',
      consumes: [],
      produces: ['application/jwk-set+json'],
    }),
    readOf({
      path: '/version/',
      id: 'getCodeVersion',
      tag: 'version',
      answer: 'io.k8s.apimachinery.pkg.version.Info',
      consumes: JSON_ONLY,
      produces: JSON_ONLY,
    }),
  ]
}
