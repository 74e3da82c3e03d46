// A server of all versions, and a small valid object of each.

import { typeOf } from '../../../src/api/schema.ts'
import { parseFeatureGates } from '../../../src/apiserver/features/feature-gates.ts'
import { parseRuntimeConfig } from '../../../src/apiserver/features/runtime-config.ts'
import { allResources } from '../../../src/apiserver/resources/index.ts'
import { minimalObject } from '../../../src/apiserver/testing-objects.ts'
import { filledObject } from '../../../src/machinery/testing-filler.ts'
import { useServer } from '../access-support.ts'

const GATES = [
  ...['ClusterTrustBundle', 'CoordinatedLeaderElection', 'DRADeviceTaintRules', 'DRAResourcePoolStatus'],
  ...['GenericWorkload', 'PodCertificateRequest', 'StorageVersionAPI', 'StorageVersionMigrator'],
]
  .map((name) => `${name}=true`)
  .join(',')
const RUNTIME = 'api/all=true'

/** Calls to a server of all versions, for the tests of a file. */
export const useServerOfAll = () => useServer({ flags: { 'feature-gates': GATES, 'runtime-config': RUNTIME } })

const NAMES: Readonly<Record<string, string>> = {
  ipaddresses: '10.96.0.77',
  apiservices: 'v1.other.example.com',
  storageversions: 'a.things',
}

/** Every version of every kind, with the path of its collection and an object that can be created there. */
export function everyVersion() {
  const serves = parseRuntimeConfig({ text: RUNTIME, features: parseFeatureGates(GATES), legacyApis: false })
  let count = 0
  return allResources({ serves }).flatMap(({ resource, namespaced, versions, definition: { createOnUpdate } }) =>
    versions
      .filter(({ verbs }) => verbs.includes('create'))
      .map(({ group, kind, apiVersion, typeRef, subresources }) => {
        count += 1
        const { metadata, ...rest } = minimalObject({ group, resource }) as { metadata?: { name: string } }
        // The group of the API service is not that of the definition, for which the server makes one.
        if (resource === 'apiservices') Object.assign((rest as { spec: object }).spec, { group: 'other.example.com' })
        const name = NAMES[resource] ?? metadata?.name ?? `k${count}`
        const where = namespaced ? 'namespaces/default/' : ''
        return {
          title: `${apiVersion} ${resource}`,
          path: `${group === '' ? '/api' : '/apis'}/${apiVersion}/${where}${resource}`,
          name,
          kind,
          apiVersion,
          typeRef,
          hasStatus: subresources.has('status'),
          createOnUpdate: createOnUpdate === true,
          object: { kind, apiVersion, metadata: { name }, ...rest } as Record<string, unknown>,
          status: 'status' in (typeOf(typeRef).fields ?? {}) ? filledObject(typeRef).status : undefined,
        }
      }),
  )
}
