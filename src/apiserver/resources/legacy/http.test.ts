// What clients of retired versions meet over HTTP: discovery, warnings, field validation, scale, rollback, OpenAPI.

import { Agent, request as send } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { legacyVersions } from '../../../api/legacy-types.ts'
import { startTestServer, type TestServer } from '../../../main/testing.ts'

interface Answer {
  readonly code: number
  readonly warnings: string
  readonly body: Record<string, unknown>
  readonly text: string
}

interface Call {
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  readonly type?: string
  readonly accept?: string
}

function caller(server: TestServer) {
  const { cert, key } = server.admin
  const agent = new Agent({ ca: server.ca, cert, key, keepAlive: true })
  const call = ({
    method,
    path,
    body,
    type = 'application/json',
    accept = 'application/json',
  }: Call): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = { accept, ...(body === undefined ? {} : { 'content-type': type }) }
      const options = { method: method ?? (body === undefined ? 'GET' : 'POST'), agent, headers }
      const request = send(`${server.url}${path}`, options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({
            code: response.statusCode ?? 0,
            warnings: String(response.headers.warning ?? ''),
            body: text.startsWith('{') ? JSON.parse(text) : {},
            text,
          })
        })
      })
      request.on('error', reject)
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
  return { call, close: () => agent.destroy() }
}

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const EXTENSIONS = '/apis/extensions/v1beta1/namespaces/default'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const deployment = (name: string, spec: object = {}) => ({
  apiVersion: 'extensions/v1beta1',
  kind: 'Deployment',
  metadata: { name },
  spec: { template, ...spec },
})
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const MERGE = 'application/merge-patch+json'

describe('retired versions over HTTP', () => {
  let server: TestServer
  let call: ReturnType<typeof caller>['call']
  let close: () => void
  beforeAll(async () => {
    server = await startTestServer()
    ;({ call, close } = caller(server))
  })
  afterAll(async () => {
    close()
    await server.close()
  })

  it('prefers today’s versions and lists the retired group last', async () => {
    const { body } = await call({ path: '/apis' })
    const groups = body.groups as {
      name: string
      preferredVersion: { version: string }
      versions: { version: string }[]
    }[]
    expect(groups.at(-1)?.name).toBe('extensions')
    const versionsOf = (name: string) => groups.find((g) => g.name === name)?.versions.map((v) => v.version)
    expect(versionsOf('autoscaling')).toEqual(['v2', 'v1', 'v2beta2', 'v2beta1'])
    expect(versionsOf('apps')).toEqual(['v1', 'v1beta2', 'v1beta1'])
    expect(versionsOf('rbac.authorization.k8s.io')).toEqual(['v1', 'v1beta1', 'v1alpha1'])
    for (const { name, preferredVersion } of groups) {
      expect(preferredVersion.version).toMatch(name === 'extensions' ? /^v1beta1$/ : /^v\d+$/)
    }
  })

  it('tells the resources of a retired version', async () => {
    const { body } = await call({ path: '/apis/extensions/v1beta1' })
    const resources = body.resources as { name: string; kind: string; group?: string }[]
    expect(resources.map((r) => r.name)).toEqual([
      'daemonsets',
      'daemonsets/status',
      'deployments',
      'deployments/rollback',
      'deployments/scale',
      'deployments/status',
      'ingresses',
      'ingresses/status',
      'networkpolicies',
      'replicasets',
      'replicasets/scale',
      'replicasets/status',
    ])
    expect(resources.find((r) => r.name === 'deployments/scale')).toMatchObject({ kind: 'Scale' })
    // Otherwise `kubectl get all` would show everything twice.
    expect(resources.find((r) => r.name === 'deployments')).not.toHaveProperty('categories')
    const aggregated = await call({ path: '/apis', accept: AGGREGATED })
    expect((aggregated.body.items as { metadata: { name: string } }[]).at(-1)?.metadata.name).toBe('extensions')
    // Otherwise kubectl would warn at every `kubectl get deploy` that the short name is ambiguous.
    expect(JSON.stringify(body)).not.toContain('shortNames')
    const items = aggregated.body.items as { metadata: { name: string } }[]
    const shortNamesIn = (group: string) =>
      JSON.stringify(items.find((item) => item.metadata.name === group)).includes('shortNames')
    expect(shortNamesIn('extensions')).toBe(false)
    expect(shortNamesIn('apps')).toBe(true)
    expect(shortNamesIn('events.k8s.io')).toBe(true)
  })

  it.each([
    [
      'apps/v1beta2',
      'deployments',
      'apps/v1beta2 Deployment is deprecated in v1.9+, unavailable in v1.16+; use apps/v1 Deployment',
    ],
    [
      'extensions/v1beta1',
      'ingresses',
      'extensions/v1beta1 Ingress is deprecated in v1.14+, unavailable in v1.22+; use networking.k8s.io/v1 Ingress',
    ],
    [
      'batch/v1beta1',
      'cronjobs',
      'batch/v1beta1 CronJob is deprecated in v1.21+, unavailable in v1.25+; use batch/v1 CronJob',
    ],
    [
      'policy/v1beta1',
      'poddisruptionbudgets',
      'policy/v1beta1 PodDisruptionBudget is deprecated in v1.21+, unavailable in v1.25+; use policy/v1 PodDisruptionBudget',
    ],
    [
      'autoscaling/v2beta2',
      'horizontalpodautoscalers',
      'autoscaling/v2beta2 HorizontalPodAutoscaler is deprecated in v1.23+, unavailable in v1.26+; use autoscaling/v2 HorizontalPodAutoscaler',
    ],
    ['events.k8s.io/v1beta1', 'events', 'events.k8s.io/v1beta1 Event is deprecated in v1.22+, unavailable in v1.25+'],
    [
      'storage.k8s.io/v1beta1',
      'csinodes',
      'storage.k8s.io/v1beta1 CSINode is deprecated in v1.17+, unavailable in v1.22+; use storage.k8s.io/v1 CSINode',
    ],
  ])('warns of %s %s', async (groupVersion, resource, warning) => {
    const { code, warnings } = await call({ path: `/apis/${groupVersion}/${resource}` })
    expect(code).toBe(200)
    expect(warnings).toBe(`299 - "${warning}"`)
  })

  it('says nothing of today’s versions and of alpha ones', async () => {
    expect((await call({ path: '/apis/apps/v1/deployments' })).warnings).toBe('')
    expect((await call({ path: '/apis/scheduling.k8s.io/v1alpha1/priorityclasses' })).warnings).toBe('')
  })

  it('checks fields against the old type', async () => {
    const path = `${EXTENSIONS}/ingresses?fieldValidation=Strict`
    const body = {
      apiVersion: 'extensions/v1beta1',
      kind: 'Ingress',
      metadata: { name: 'strict' },
      spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } },
    }
    const refused = await call({ path, body })
    expect(refused.code).toBe(400)
    expect(refused.body.message).toBe(
      'Ingress in version "v1beta1" cannot be handled as a Ingress: strict decoding error: unknown field "spec.defaultBackend"',
    )
    const fits = { ...body, spec: { backend: { serviceName: 'a', servicePort: 80 } } }
    expect((await call({ path, body: fits })).code).toBe(201)
  })

  it('scales with the kind of its version', async () => {
    expect((await call({ path: `${EXTENSIONS}/deployments`, body: deployment('scaled') })).code).toBe(201)
    const path = `${EXTENSIONS}/deployments/scaled/scale`
    const read = await call({ path })
    expect(read.body).toMatchObject({
      kind: 'Scale',
      apiVersion: 'extensions/v1beta1',
      spec: { replicas: 1 },
      status: { replicas: 0, selector: { app: 'a' }, targetSelector: 'app=a' },
    })
    expect(read.warnings).toContain('extensions/v1beta1 Scale is deprecated in v1.2+, unavailable in v1.16+')
    const written = await call({ method: 'PUT', path, body: { ...read.body, spec: { replicas: 4 } } })
    expect(written.body).toMatchObject({ apiVersion: 'extensions/v1beta1', spec: { replicas: 4 } })
    const patched = await call({ method: 'PATCH', path, type: MERGE, body: { spec: { replicas: 2 } } })
    expect(patched.body).toMatchObject({ spec: { replicas: 2 } })
    const today = await call({ path: `${DEPLOYMENTS}/scaled/scale` })
    expect(today.body).toMatchObject({
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 2 },
      status: { selector: 'app=a' },
    })
  })

  it('notes a rollback for the deployment controller', async () => {
    await call({ path: `${EXTENSIONS}/deployments`, body: deployment('rolled') })
    const path = `${EXTENSIONS}/deployments/rolled/rollback`
    const body = {
      apiVersion: 'extensions/v1beta1',
      kind: 'DeploymentRollback',
      name: 'rolled',
      updatedAnnotations: { why: 'test' },
      rollbackTo: { revision: 2 },
    }
    const answer = await call({ path, body })
    expect(answer.body).toMatchObject({
      status: 'Success',
      message: 'rollback request for deployment "rolled" succeeded',
    })
    const { body: today } = await call({ path: `${DEPLOYMENTS}/rolled` })
    expect(today.metadata).toMatchObject({
      annotations: { why: 'test', 'deprecated.deployment.rollback.to': '2' },
    })
    const { body: old } = await call({ path: `${EXTENSIONS}/deployments/rolled` })
    expect(old.spec).toMatchObject({ rollbackTo: { revision: 2 } })
    expect((await call({ path, body: { ...body, name: 'other' } })).code).toBe(400)
    expect((await call({ path, body: { ...body, rollbackTo: { revision: -1 } } })).code).toBe(422)
    expect((await call({ path: `${DEPLOYMENTS}/rolled/rollback`, body })).code).toBe(404)
  })

  it('shows tables', async () => {
    await call({ path: `${EXTENSIONS}/deployments`, body: deployment('table') })
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const { body } = await call({ path: `${EXTENSIONS}/deployments/table`, accept })
    expect(body).toMatchObject({
      kind: 'Table',
      rows: [{ cells: ['table', '0/1', 0, 0, expect.anything(), 'c', 'i', 'app=a'] }],
    })
  })

  it('watches in the old version', async () => {
    const path = `${EXTENSIONS}/ingresses?watch=true&timeoutSeconds=1&fieldSelector=metadata.name=strict`
    const { text, warnings } = await call({ path })
    expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({
      type: 'ADDED',
      object: { apiVersion: 'extensions/v1beta1', spec: { backend: { serviceName: 'a', servicePort: 80 } } },
    })
    expect(warnings).toContain('extensions/v1beta1 Ingress is deprecated')
  })

  it('describes every retired version in OpenAPI', async () => {
    const { body: index } = await call({ path: '/openapi/v3' })
    for (const { group, version, prefix } of legacyVersions) {
      const key = `apis/${group}/${version}`
      expect(index.paths).toHaveProperty([key])
      const { body } = await call({ path: `/openapi/v3/${key}` })
      const { schemas } = body.components as { schemas: Record<string, unknown> }
      expect(Object.keys(schemas).some((name) => name.startsWith(prefix))).toBe(true)
      for (const ref of body.paths ? JSON.stringify(body).matchAll(/"#\/components\/schemas\/([^"]+)"/g) : []) {
        expect(schemas).toHaveProperty([ref[1] ?? ''])
      }
    }
    const { body: v2 } = await call({ path: '/openapi/v2' })
    expect(v2.definitions).toHaveProperty(['io.k8s.api.extensions.v1beta1.IngressBackend', 'properties', 'serviceName'])
  })
})

describe('a server without retired versions', () => {
  it('answers 404 and lists none of them', async () => {
    const server = await startTestServer({ legacyApis: false })
    const { call, close } = caller(server)
    const { body } = await call({ path: '/apis' })
    const listed = (body.groups as { versions: { groupVersion: string }[] }[]).flatMap((g) => g.versions)
    for (const { group, version, resources } of legacyVersions) {
      expect(listed.map((v) => v.groupVersion)).not.toContain(`${group}/${version}`)
      const resource = Object.values(resources)[0]?.[0]
      const { code, text } = await call({ path: `/apis/${group}/${version}/${resource}` })
      expect({ code, text }).toEqual({
        code: 404,
        text: expect.stringMatching('the server could not find the requested resource|404 page not found'),
      })
    }
    close()
    await server.close()
  })
})
