// What a new server says of itself: discovery, OpenAPI, and every object that it makes.

import { describe, it } from 'vitest'
import { useServer } from '../conformance/access-support.ts'

const call = useServer({ legacyApis: false })

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

describe('documents', () => {
  it('of discovery', async () => {
    for (const path of [
      '/',
      '/api',
      '/apis',
      '/api/v1',
      '/version',
      '/healthz',
      '/livez?verbose',
      '/readyz?verbose',
      '/openapi/v3',
      '/.well-known/openid-configuration',
      '/openid/v1/jwks',
    ])
      await call(path)
    for (const path of ['/api', '/apis']) await call(path, { headers: { accept: AGGREGATED } })
    const groups = await call('/apis')
    for (const { name, versions } of groups.body.groups) {
      await call(`/apis/${name}`)
      for (const { version } of versions) await call(`/apis/${name}/${version}`)
    }
  })

  it('of OpenAPI', async () => {
    const { body } = await call('/openapi/v3')
    for (const path of Object.keys(body.paths)) await call(`/openapi/v3/${path}`)
    await call('/openapi/v2')
  })

  it('of what is there', async () => {
    const groups = await call('/apis')
    const versions = [
      '/api/v1',
      ...groups.body.groups.map(
        (g: { preferredVersion: { groupVersion: string } }) => `/apis/${g.preferredVersion.groupVersion}`,
      ),
    ]
    for (const version of versions) {
      const { body } = await call(version)
      for (const { name, verbs } of body.resources) {
        if (!verbs.includes('list')) continue
        await call(`${version}/${name}`)
        await call(`${version}/${name}`, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } })
      }
    }
  })
}, 120_000)
