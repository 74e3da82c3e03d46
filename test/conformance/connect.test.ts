// What the connect subresources of pods, services and nodes are refused for before anybody is connected.
// Rules: pkg/registry/core/{pod,service,node} of k8s.io/kubernetes and ValidatePodLogOptions. Streams themselves are
// tested with every kubectl.

import { beforeAll, describe, expect, it } from 'vitest'
import { useServer } from './access-support.ts'

const call = useServer()
const API = '/api/v1/namespaces/default'
const POD = `${API}/pods/two`
const LOST = `${API}/pods/lost`
const PLACED = `${API}/pods/placed`
const NO_HOST = 'pod two does not have a host assigned'
const NOT_OF_TWO = 'container z is not valid for pod two'
const NOT_FOUND = 'the server could not find the requested resource'

beforeAll(async () => {
  const container = (name: string) => ({ name, image: 'i' })
  const pods: [string, object][] = [
    ['two', { containers: [container('a'), container('b')], initContainers: [container('i')] }],
    ['one', { containers: [container('a')] }],
    ['lost', { containers: [container('a')], nodeName: 'gone' }],
    ['placed', { containers: [container('a')], nodeName: 'here' }],
  ]
  await call('/api/v1/nodes', { body: { metadata: { name: 'here' } } })
  const addresses = [{ type: 'InternalIP', address: '192.0.2.1' }]
  await call('/api/v1/nodes/here/status', {
    method: 'PATCH',
    body: { status: { addresses } },
    headers: { 'content-type': 'application/merge-patch+json' },
  })
  for (const [name, spec] of pods) await call(`${API}/pods`, { body: { metadata: { name }, spec } })
  const services: [string, object][] = [
    ['empty', { ports: [{ name: 'http', port: 80 }], selector: { app: 'none' } }],
    ['headless', { ports: [{ port: 80 }], clusterIP: 'None' }],
  ]
  for (const [name, spec] of services) await call(`${API}/services`, { body: { metadata: { name }, spec } })
})

const cases: readonly [rule: string, path: string, code: number, message: string][] = [
  [
    'validateContainer: of several, one has to be named',
    `${POD}/log`,
    400,
    'a container name must be specified for pod two, choose one of: [i a b]',
  ],
  ['validateContainer: one that is not there', `${POD}/log?container=z`, 400, 'container z is not valid for pod two'],
  ['LogREST.Get: no such pod', `${API}/pods/none/log`, 404, 'pods "none" not found'],
  [
    'ValidatePodLogOptions: tailLines',
    `${POD}/log?container=a&tailLines=-1`,
    422,
    'PodLogOptions "two" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
  ],
  [
    'ValidatePodLogOptions: limitBytes',
    `${POD}/log?container=a&limitBytes=0`,
    422,
    'PodLogOptions "two" is invalid: limitBytes: Invalid value: 0: must be greater than 0',
  ],
  [
    'ValidatePodLogOptions: sinceSeconds',
    `${POD}/log?container=a&sinceSeconds=0`,
    422,
    'PodLogOptions "two" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0',
  ],
  [
    'ValidatePodLogOptions: since twice',
    `${POD}/log?container=a&sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z`,
    422,
    'PodLogOptions "two" is invalid: []: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
  ],
  [
    'ValidatePodLogOptions: stream',
    `${POD}/log?container=a&stream=Stdout`,
    422,
    'PodLogOptions "two" is invalid: stream: Forbidden: may not be specified',
  ],
  [
    'Convert_Slice_string_To_int64',
    `${POD}/log?container=a&tailLines=few`,
    400,
    'strconv.ParseInt: parsing "few": invalid syntax',
  ],
  ['NewUpgradeAwareHandler: exec', `${PLACED}/exec?container=a&command=ls`, 400, 'Upgrade request required'],
  ['NewUpgradeAwareHandler: attach', `${PLACED}/attach?container=a`, 400, 'Upgrade request required'],
  ['NewUpgradeAwareHandler: portforward', `${PLACED}/portforward?ports=80`, 400, 'Upgrade request required'],
  ['streamLocation: a container comes first', `${POD}/exec?container=z&command=ls`, 400, NOT_OF_TWO],
  ['streamLocation: exec', `${POD}/exec?container=a&command=ls`, 400, NO_HOST],
  ['streamLocation: attach', `${POD}/attach?container=i`, 400, NO_HOST],
  ['PortForwardLocation', `${POD}/portforward?ports=80`, 400, NO_HOST],
  ['GetConnectionInfo: no such node', `${LOST}/portforward?ports=80`, 404, 'pods "gone" not found'],
  ['GetConnectionInfo: no such node for a log', `${LOST}/log`, 404, 'pods "gone" not found'],
  [
    'Convert_Slice_string_To_Slice_int32',
    `${POD}/portforward?ports=x`,
    400,
    'cannot convert to []int32: strconv.ParseUint: parsing "x": invalid syntax',
  ],
  ['routes: nothing is below a log', `${POD}/log/x`, 404, NOT_FOUND],
  ['routes: nothing is below a connection', `${POD}/exec/x`, 404, NOT_FOUND],
  ['ResourceLocation of services: none of that name', `${API}/services/none/proxy/`, 404, 'services "none" not found'],
  [
    'ResourceLocation of services: no such port',
    `${API}/services/empty:99/proxy/`,
    503,
    'no service port 99 found for service "empty"',
  ],
  [
    'ResourceLocation of services: no endpoints at all',
    `${API}/services/empty:http/proxy/`,
    404,
    'services "empty" not found',
  ],
  [
    'ResourceLocation of services: bad name',
    `${API}/services/ftp:empty:80/proxy/`,
    400,
    'invalid service request "ftp:empty:80"',
  ],
  ['ResourceLocation of pods: none of that name', `${API}/pods/none/proxy/`, 404, 'pods "none" not found'],
  ['ResourceLocation of pods: no address yet', `${API}/pods/one/proxy/`, 400, 'address not allowed'],
  ['ProxyREST.Connect: no slash and nowhere to go', `${API}/pods/one/proxy`, 400, 'address not allowed'],
  ['ResourceLocation of pods: bad name', `${API}/pods/a:b:c:d/proxy/`, 400, 'invalid pod request "a:b:c:d"'],
  ['ResourceLocation of nodes: none of that name', '/api/v1/nodes/none/proxy/', 404, 'nodes "none" not found'],
]

describe('connect', () => {
  for (const [rule, path, code, message] of cases) {
    it(`${rule}: ${code}`, async () => {
      const answer = await call(path)
      expect([answer.code, answer.body.message]).toEqual([code, message])
    })
  }

  it('an empty log of a pod that waits for its node (LogLocation)', async () => {
    expect(await call(`${API}/pods/one/log`)).toMatchObject({ code: 204, text: '' })
  })

  it.each(['PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE'])(
    '%s is no way to connect (ConnectMethods)',
    async (method) => {
      for (const subresource of ['log', 'exec', 'attach', 'portforward']) {
        expect((await call(`${POD}/${subresource}`, { method })).code).toBe(405)
        expect((await call(`${POD}/${subresource}/x`, { method })).code).toBe(404)
      }
      expect((await call(`${POD}/none`, { method })).code).toBe(404)
    },
  )

  it('lets only those in who may connect (verbs of the request info)', async () => {
    const asked = ['create', 'get'].map((verb) => ({
      verb,
      resource: 'pods',
      subresource: 'exec',
      namespace: 'default',
    }))
    for (const resourceAttributes of asked) {
      const { body } = await call('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec: { user: 'ann', resourceAttributes },
        },
      })
      expect(body.status).toMatchObject({ allowed: false })
    }
  })
})
