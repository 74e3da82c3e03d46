import { Agent, request as send } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../main/testing.ts'

interface Answer {
  code: number
  headers: Record<string, string | string[] | undefined>
  body: { kind?: string; reason?: string; message?: string; code?: number; [field: string]: unknown }
  text: string
}

interface Call {
  method?: string
  path: string
  body?: string
  type?: string
  headers?: Record<string, string>
  /** `none`: no credentials at all. */
  as?: 'admin' | 'bob' | 'none'
}

const PODS = '/api/v1/namespaces/default/pods'
const MAPS = '/api/v1/namespaces/default/configmaps'
const json = (value: unknown) => JSON.stringify(value)
const container = { name: 'c', image: 'i' }
const pod = (spec: object, name = 'bad') => json({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec })
const MERGE = 'application/merge-patch+json'

describe('bad input', () => {
  let server: TestServer
  let agents: Record<'admin' | 'bob' | 'none', Agent>
  let version = ''

  const call = ({ method, path, body, type = 'application/json', headers = {}, as = 'admin' }: Call): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        agent: agents[as],
        headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headers },
      }
      const request = send(`${server.url}${path}`, options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const first = text.split('\n')[0] ?? ''
          const parsed = first.startsWith('{') ? JSON.parse(first) : {}
          resolve({ code: response.statusCode ?? 0, headers: response.headers, body: parsed, text })
        })
      })
      request.on('error', reject)
      request.end(body)
    })

  beforeAll(async () => {
    server = await startTestServer()
    const bob = await server.certificate('bob', ['people'])
    const tls = { ca: server.ca, keepAlive: true }
    agents = {
      admin: new Agent({ ...tls, ...server.admin }),
      bob: new Agent({ ...tls, ...bob }),
      none: new Agent(tls),
    }
    await call({ path: MAPS, body: json({ metadata: { name: 'here' }, data: { a: '1' } }) })
    const { body } = await call({ path: `${MAPS}/here` })
    version = (body.metadata as { resourceVersion: string }).resourceVersion
    await call({ method: 'PATCH', path: `${MAPS}/here`, type: MERGE, body: json({ data: { a: '2' } }) })
  })
  afterAll(async () => {
    for (const agent of Object.values(agents)) agent.destroy()
    await server.close()
  })

  const cases: { title: string; call: Call | (() => Call); code: number; reason: string; message?: string | RegExp }[] =
    [
      {
        title: 'JSON that ends early',
        call: { path: PODS, body: '{"apiVersion":"v1","kind":"Pod",' },
        code: 400,
        reason: 'BadRequest',
        message:
          'the object provided is unrecognized (must be of type Pod): couldn\'t get version/kind; json parse error: unexpected end of JSON input ({"apiVersion":"v1","kind":"Pod ...)',
      },
      {
        title: 'JSON with a stray character',
        call: { path: PODS, body: '{apiVersion: v1}' },
        code: 400,
        reason: 'BadRequest',
        message:
          /json parse error: invalid character 'a' looking for beginning of object key string \(\{apiVersion: v1\}\)$/,
      },
      {
        title: 'an empty body',
        call: { path: PODS, body: '' },
        code: 400,
        reason: 'BadRequest',
        message: /\(<empty>\)$/,
      },
      {
        title: 'YAML that is none',
        call: { path: PODS, body: 'a: b: c', type: 'application/yaml' },
        code: 400,
        reason: 'BadRequest',
        message: /\(must be of type Pod\): yaml: mapping values are not allowed in this context \(613a20623a2063\)$/,
      },
      {
        title: 'a list where an object should be',
        call: { path: PODS, body: '[]' },
        code: 400,
        reason: 'BadRequest',
        message: /cannot unmarshal array into Go value/,
      },
      {
        title: 'text where a list should be',
        call: { path: PODS, body: pod({ containers: 'x' }) },
        code: 400,
        reason: 'BadRequest',
        message:
          'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container',
      },
      {
        title: 'a quantity that is none',
        call: { path: PODS, body: pod({ containers: [{ ...container, resources: { limits: { cpu: 'lots' } } }] }) },
        code: 400,
        reason: 'BadRequest',
        message: /quantities must match the regular expression/,
      },
      {
        title: 'an unknown field, strictly',
        call: { path: `${PODS}?fieldValidation=Strict`, body: pod({ containers: [{ ...container, imag: 'x' }] }) },
        code: 400,
        reason: 'BadRequest',
        message:
          'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imag"',
      },
      {
        title: 'a duplicate field, strictly',
        call: { path: `${MAPS}?fieldValidation=Strict`, body: '{"metadata":{"name":"bad"},"data":{"a":"1","a":"2"}}' },
        code: 400,
        reason: 'BadRequest',
        message:
          'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a"',
      },
      {
        title: 'another kind',
        call: { path: PODS, body: json({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bad' } }) },
        code: 400,
        reason: 'BadRequest',
        message:
          'ConfigMap in version "v1" cannot be handled as a Pod: converting (v1.ConfigMap) to (core.Pod): unknown conversion',
      },
      {
        title: 'another version',
        call: { path: PODS, body: json({ apiVersion: 'apps/v1', kind: 'Pod', metadata: { name: 'bad' } }) },
        code: 400,
        reason: 'BadRequest',
        message:
          'Pod in version "v1" cannot be handled as a Pod: no kind "Pod" is registered for version "apps/v1" in scheme "pkg/runtime/scheme.go:111"',
      },
      {
        title: 'another namespace',
        call: { path: MAPS, body: json({ metadata: { name: 'bad', namespace: 'kube-system' } }) },
        code: 400,
        reason: 'BadRequest',
        message: 'the namespace of the provided object does not match the namespace sent on the request',
      },
      {
        title: 'an invalid port',
        call: { path: PODS, body: pod({ containers: [{ ...container, ports: [{ containerPort: 70000 }] }] }) },
        code: 422,
        reason: 'Invalid',
        message:
          'Pod "bad" is invalid: spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
      },
      {
        title: 'a name that DNS does not know',
        call: { path: MAPS, body: json({ metadata: { name: 'Bad_Name' } }) },
        code: 422,
        reason: 'Invalid',
        message:
          /^ConfigMap "Bad_Name" is invalid: metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain/,
      },
      {
        title: 'no name',
        call: { path: MAPS, body: json({ metadata: {} }) },
        code: 422,
        reason: 'Invalid',
        message: 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
      },
      {
        title: 'a body over 3 MiB',
        call: { path: MAPS, body: json({ metadata: { name: 'bad' }, data: { a: 'x'.repeat(3 * 1024 * 1024) } }) },
        code: 413,
        reason: 'RequestEntityTooLarge',
        message: 'Request entity too large: limit is 3145728',
      },
      {
        title: 'a stale version',
        call: () => ({
          method: 'PUT',
          path: `${MAPS}/here`,
          body: json({ metadata: { name: 'here', resourceVersion: version }, data: { a: '3' } }),
        }),
        code: 409,
        reason: 'Conflict',
        message:
          'Operation cannot be fulfilled on configmaps "here": the object has been modified; please apply your changes to the latest version and try again',
      },
      {
        title: 'an object that is there',
        call: { path: MAPS, body: json({ metadata: { name: 'here' } }) },
        code: 409,
        reason: 'AlreadyExists',
        message: 'configmaps "here" already exists',
      },
      {
        title: 'another name than in the path',
        call: { method: 'PUT', path: `${MAPS}/here`, body: json({ metadata: { name: 'there' } }) },
        code: 400,
        reason: 'BadRequest',
        message: 'the name of the object (there) does not match the name on the URL (here)',
      },
      {
        title: 'an unknown resource',
        call: { path: '/api/v1/namespaces/default/gadgets' },
        code: 404,
        reason: 'NotFound',
        message: 'the server could not find the requested resource',
      },
      {
        title: 'an object that is not there',
        call: { path: `${MAPS}/none` },
        code: 404,
        reason: 'NotFound',
        message: 'configmaps "none" not found',
      },
      {
        title: 'no credentials',
        call: { path: PODS, as: 'none' },
        code: 403,
        reason: 'Forbidden',
        message:
          'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"',
      },
      {
        title: 'wrong credentials',
        call: { path: PODS, as: 'none', headers: { authorization: 'Bearer wrong' } },
        code: 401,
        reason: 'Unauthorized',
        message: 'Unauthorized',
      },
      {
        title: 'a verb that is not granted',
        call: { method: 'DELETE', path: `${MAPS}/here`, as: 'bob' },
        code: 403,
        reason: 'Forbidden',
        message:
          'configmaps "here" is forbidden: User "bob" cannot delete resource "configmaps" in API group "" in the namespace "default"',
      },
      {
        title: 'impersonation that is not granted',
        call: { path: PODS, as: 'bob', headers: { 'impersonate-user': 'kubernetes-admin' } },
        code: 403,
        reason: 'Forbidden',
        message:
          'pods is forbidden: User "bob" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "default"',
      },
      {
        title: 'a request on behalf of someone who may do less',
        call: { path: PODS, headers: { 'impersonate-user': 'carol', 'impersonate-group': 'people' } },
        code: 403,
        reason: 'Forbidden',
        message:
          'pods is forbidden: User "carol" cannot list resource "pods" in API group "" in the namespace "default"',
      },
      {
        title: 'an unsupported media type',
        call: { path: MAPS, body: '<a/>', type: 'text/xml' },
        code: 415,
        reason: 'UnsupportedMediaType',
        message:
          /^the body of the request was in an unknown format - accepted media types include: application\/json, application\/yaml/,
      },
      {
        title: 'an unsupported patch type',
        call: { method: 'PATCH', path: `${MAPS}/here`, body: '{}', type: 'application/json' },
        code: 415,
        reason: 'UnsupportedMediaType',
      },
      {
        title: 'an answer that cannot be given',
        call: { path: PODS, headers: { accept: 'text/xml' } },
        code: 406,
        reason: 'NotAcceptable',
        message: /^406: Not Acceptable\n\nAvailable representations: application\/json, application\/yaml/,
      },
      {
        title: 'a bad continue token',
        call: { path: `${MAPS}?limit=1&continue=rubbish` },
        code: 400,
        reason: 'BadRequest',
        message: /^invalid continue token: continue key is not valid/,
      },
      {
        title: 'a limit that is no number',
        call: { path: `${MAPS}?limit=few` },
        code: 400,
        reason: 'BadRequest',
        message: 'strconv.ParseInt: parsing "few": invalid syntax',
      },
      {
        title: 'a time-out that is no number',
        call: { path: `${MAPS}?watch=1&timeoutSeconds=1m` },
        code: 400,
        reason: 'BadRequest',
        message: 'strconv.ParseInt: parsing "1m": invalid syntax',
      },
      {
        title: 'a grace period that is no number',
        call: { method: 'DELETE', path: `${MAPS}/here?gracePeriodSeconds=soon` },
        code: 400,
        reason: 'BadRequest',
        message: 'strconv.ParseInt: parsing "soon": invalid syntax',
      },
      {
        title: 'a bad label selector',
        call: { path: `${MAPS}?labelSelector=a%3D%3D%3Db` },
        code: 400,
        reason: 'BadRequest',
        message: /^unable to parse requirement: /,
      },
      {
        title: 'a field that cannot be selected',
        call: { path: `${PODS}?fieldSelector=spec.volumes%3Dx` },
        code: 400,
        reason: 'BadRequest',
        message: /field label not supported: spec\.volumes/,
      },
      {
        title: 'a merge patch that is no JSON',
        call: { method: 'PATCH', path: `${MAPS}/here`, type: MERGE, body: '{' },
        code: 400,
        reason: 'BadRequest',
        message: 'error decoding patch: unexpected end of JSON input',
      },
      {
        title: 'a JSON patch of a place that is not there',
        call: {
          method: 'PATCH',
          path: `${MAPS}/here`,
          type: 'application/json-patch+json',
          body: json([{ op: 'remove', path: '/data/none' }]),
        },
        code: 422,
        reason: 'Invalid',
        message: 'the server rejected our request due to an error in our request',
      },
      {
        title: 'an unknown kind of validation',
        call: { path: `${MAPS}?fieldValidation=Some`, body: '{}' },
        code: 422,
        reason: 'Invalid',
      },
      {
        title: 'an unknown kind of dry run',
        call: { path: `${MAPS}?dryRun=Some`, body: '{}' },
        code: 422,
        reason: 'Invalid',
      },
    ]

  for (const { title, call: made, code, reason, message } of cases) {
    it(`answers ${title} with ${code}`, async () => {
      const answer = await call(typeof made === 'function' ? made() : made)
      expect(answer.body).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason })
      expect(answer.code).toBe(code)
      if (typeof message === 'string') expect(answer.body.message).toBe(message)
      else if (message) expect(answer.body.message).toMatch(message)
    })
  }

  it('warns of unknown and duplicate fields, and keeps quiet when told to', async () => {
    const body = '{"metadata":{"name":"warned"},"dat":{},"data":{"a":"1","a":"2"}}'
    const quiet = await call({ path: `${MAPS}?fieldValidation=Ignore&dryRun=All`, body })
    expect(quiet.code).toBe(201)
    expect(quiet.headers.warning).toBeUndefined()
    const loud = await call({ path: `${MAPS}?dryRun=All`, body })
    expect(loud.code).toBe(201)
    expect(loud.headers.warning).toBe('299 - "unknown field \\"dat\\"", 299 - "duplicate field \\"data.a\\""')
    expect(loud.body.data).toEqual({ a: '2' })
  })

  it('ends a watch from a version that is forgotten with 410 in the stream', async () => {
    const answer = await call({ path: `${MAPS}?watch=1&resourceVersion=1&timeoutSeconds=5` })
    expect(answer.code).toBe(200)
    expect(answer.body).toMatchObject({
      type: 'ERROR',
      object: {
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: expect.stringMatching(/^too old resource version: 1 \(\d+\)$/),
      },
    })
  })

  it('has stored nothing of all this', async () => {
    for (const path of [PODS, MAPS]) {
      const { items } = (await call({ path })).body as unknown as { items: { metadata: { name: string } }[] }
      expect(items.map((item) => item.metadata.name)).toEqual(path === MAPS ? ['here'] : [])
    }
    const here = await call({ path: `${MAPS}/here` })
    expect(here.body.data).toEqual({ a: '2' })
  })
})
