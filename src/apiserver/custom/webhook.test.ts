import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../machinery/clock.ts'
import { startTestServer, type TestServer } from '../../main/testing.ts'
import { webhookCaller } from '../webhook-call.ts'
import { caller, ovens, until } from './testing.ts'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const at = (version: string) => `/apis/bakery.example.com/${version}/namespaces/default/ovens`
const oven = (version: string, name: string, spec: object) => ({
  apiVersion: `bakery.example.com/${version}`,
  kind: 'Oven',
  metadata: { name },
  spec,
})

interface Review {
  apiVersion: string
  kind: string
  request: { uid: string; desiredAPIVersion: string; objects: { apiVersion: string; spec: Record<string, unknown> }[] }
}

describe('conversion by webhook', () => {
  let server: TestServer
  let hook: Server
  let call: ReturnType<typeof caller>['call']
  let close: () => void
  let broken = ''
  const batches: number[] = []

  const convert = (review: Review) => {
    const { uid, desiredAPIVersion, objects } = review.request
    batches.push(objects.length)
    if (broken) return { ...review, response: { uid, result: { status: 'Failed', message: broken } } }
    // v1 says `fuel`, v2 says `burns`.
    const convertedObjects = objects.map(({ spec, ...object }) => {
      const { fuel = spec.burns, burns = fuel, ...rest } = spec
      const named = desiredAPIVersion.endsWith('v2') ? { burns } : { fuel }
      return { ...object, apiVersion: desiredAPIVersion, spec: { ...rest, ...named } }
    })
    return {
      apiVersion: review.apiVersion,
      kind: review.kind,
      response: { uid, result: { status: 'Success' }, convertedObjects },
    }
  }

  beforeAll(async () => {
    server = await startTestServer()
    ;({ call, close } = caller(server))
    hook = createServer({ cert: server.admin.cert, key: server.admin.key }, (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => response.end(JSON.stringify(convert(JSON.parse(Buffer.concat(chunks).toString())))))
    })
    const { cert, key } = await server.serverCertificate(['127.0.0.1'], ['hook.default.svc'])
    hook.setSecureContext({ cert, key })
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', () => resolve()))
    const definition = ovens()
    const [first] = definition.spec.versions
    if (!first) throw new Error('no version')
    const second = structuredClone(first)
    second.name = 'v2'
    second.storage = false
    const spec = second.schema?.openAPIV3Schema?.properties?.spec
    if (!spec?.properties?.fuel) throw new Error('no fuel')
    spec.properties.burns = spec.properties.fuel
    delete spec.properties.fuel
    spec.required = ['burns']
    second.selectableFields = [{ jsonPath: '.spec.burns' }]
    definition.spec.versions = [first, second]
    const url = `https://127.0.0.1:${(hook.address() as AddressInfo).port}/convert`
    definition.spec.conversion = {
      strategy: 'Webhook',
      webhook: {
        conversionReviewVersions: ['v1'],
        clientConfig: { url, caBundle: Buffer.from(server.ca).toString('base64') },
      },
    }
    expect((await call({ path: DEFINITIONS, body: definition })).body.message).toBeUndefined()
    await until(
      () => call({ path: at('v1') }),
      ({ code }) => code === 200,
    )
  })
  afterAll(async () => {
    close()
    await new Promise((resolve) => hook.close(resolve))
    await server.close()
  })

  it('reads and writes each version, and asks once for a list', async () => {
    for (const name of ['a', 'b', 'c']) await call({ path: at('v1'), body: oven('v1', name, { fuel: 'gas' }) })
    const made = await call({ path: at('v2'), body: oven('v2', 'd', { burns: 'wood' }) })
    expect(made.body).toMatchObject({ apiVersion: 'bakery.example.com/v2', spec: { burns: 'wood', replicas: 1 } })
    expect((await call({ path: `${at('v1')}/d` })).body).toMatchObject({ spec: { fuel: 'wood' } })
    batches.length = 0
    const list = await call({ path: `${at('v2')}?fieldSelector=spec.burns%3Dgas` })
    expect(batches).toEqual([4])
    expect(list.body.items).toMatchObject([
      { spec: { burns: 'gas' } },
      { spec: { burns: 'gas' } },
      { spec: { burns: 'gas' } },
    ])
    const patch = { spec: { burns: 'wood' } }
    const patched = await call({
      method: 'PATCH',
      path: `${at('v2')}/a`,
      type: 'application/merge-patch+json',
      body: patch,
    })
    expect(patched.body).toMatchObject({ spec: { burns: 'wood' }, metadata: { generation: 2 } })
    expect((await call({ path: `${at('v1')}/a` })).body).toMatchObject({ spec: { fuel: 'wood' } })
  })

  it('watches in the version that was asked for, in order', async () => {
    const watch = call({ path: `${at('v2')}?watch=true&timeoutSeconds=1` })
    for (const name of ['e', 'f', 'g']) await call({ path: at('v1'), body: oven('v1', name, { fuel: 'gas' }) })
    const events = (await watch).text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events.every(({ object }) => object.apiVersion === 'bakery.example.com/v2' && object.spec.burns)).toBe(true)
    expect(events.slice(-3).map(({ object }) => object.metadata.name)).toEqual(['e', 'f', 'g'])
  })

  it('reaches services by the address it is given, and believes their certificates by name', async () => {
    const { port } = hook.address() as AddressInfo
    const asked: object[] = []
    const callHook = webhookCaller({
      clock: systemClock,
      async resolve(service) {
        asked.push(service)
        return { host: '127.0.0.1', port }
      },
    })
    const review = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'ConversionReview',
      request: { uid: 'u', desiredAPIVersion: 'bakery.example.com/v2', objects: [] },
    }
    const caBundle = Buffer.from(server.ca).toString('base64')
    const service = { namespace: 'default', name: 'hook', path: 'convert', port: 8443 }
    expect(await callHook({ service, caBundle }, review)).toMatchObject({ response: { uid: 'u' } })
    expect(asked).toEqual([{ namespace: 'default', name: 'hook', port: 8443 }])
    const other = callHook({ service: { ...service, name: 'other' }, caBundle }, review)
    await expect(other).rejects.toThrow(
      'Post "https://other.default.svc:8443/convert?timeout=30s": tls: failed to verify certificate: x509: certificate is valid for hook.default.svc, not other.default.svc',
    )
  })

  it('says why a conversion failed', async () => {
    broken = 'out of flour'
    const { code, body } = await call({ path: at('v2'), body: oven('v2', 'h', { burns: 'wood' }) })
    broken = ''
    expect(code).toBe(500)
    expect(body.message).toBe('conversion webhook for bakery.example.com/v2, Kind=Oven failed: out of flour')
  })
})
