// What comes of a conversion webhook's answers. Model: pkg/apiserver/conversion, webhook_converter, of
// k8s.io/apiextensions-apiserver and k8s.io/client-go/rest, Result.Into.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../../src/main/testing.ts'
import { type Answered, type Call, callerOf } from '../access-support.ts'
import { type Converter, startConverter, twoVersions } from './conversion-support.ts'
import { WAYS } from './conversion-ways.ts'
import { CRDS, type Edit, type Json } from './support.ts'

let server: TestServer
let call: Call
let hook: Converter
beforeAll(async () => {
  server = await startTestServer()
  call = await callerOf(server, { name: 'admin', groups: ['system:masters'] })
  hook = await startConverter(server, WAYS)
})
afterAll(async () => {
  await server.close()
  await hook.close()
})

const at = (group: string, version: string, rest = '') => `/apis/${group}/${version}/namespaces/default/boats${rest}`
const boat = (group: string, version: string, name: string, spec: Json, metadata: Json = {}) => ({
  apiVersion: `${group}/${version}`,
  kind: 'Boat',
  metadata: { name, ...metadata },
  spec,
})
const METADATA = { labels: { l: 'm' }, annotations: { n: 'o' } }

/** Boats whose webhook is found under `path`. */
async function defined(group: string, path: string, webhook: object = {}, edit?: Edit): Promise<void> {
  const clientConfig = { url: `${hook.url}/${path}`, caBundle: hook.caBundle }
  const { code } = await call(CRDS, { body: twoVersions(group, { clientConfig, ...webhook }, edit) })
  expect(code).toBe(201)
  await expect.poll(async () => (await call(at(group, 'v2'))).code).toBe(200)
}

/** The code of an answer, and what it says without what is different each time. */
const said = ({ code, body }: Answered): string =>
  `${code} ${body.message ?? ''}`
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<uid>')
    .replaceAll(hook.url, '<url>')
    .replace(/ '\{.*\}'$/, ' <object>')
    .trim()

const OUTCOMES: Readonly<Record<string, string>> = {
  'other-uid': '500 $ failed: expected response.uid="<uid>", got "x"',
  'no-uid': '500 $ failed: expected response.uid="<uid>", got ""',
  'uid-number':
    '500 $ failed: json: cannot unmarshal number into Go struct field ConversionResponse.response.uid of type types.UID',
  'other-kind':
    '500 $ failed: no kind "AdmissionReview" is registered for version "apiextensions.k8s.io/v1" in scheme "pkg/runtime/scheme.go:111"',
  'no-kind':
    '500 $ failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got apiextensions.k8s.io/v1, Kind=',
  'no-version':
    '500 $ failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /, Kind=ConversionReview',
  'other-version': '500 $ failed: converting (v1beta1.ConversionReview) to (v1.ConversionReview): unknown conversion',
  'other-group':
    '500 $ failed: no kind "ConversionReview" is registered for version "other.io/v1" in scheme "pkg/runtime/scheme.go:111"',
  'odd-version': '500 $ failed: unexpected GroupVersion string: a/b/c',
  'kind-number':
    "500 $ failed: couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string",
  'no-response': '500 $ failed: no response provided',
  'null-response': '500 $ failed: no response provided',
  'text-response':
    '500 $ failed: json: cannot unmarshal string into Go struct field ConversionReview.response of type v1.ConversionResponse',
  'no-result': "500 $ failed: response.result.status was '', not 'Success'",
  'text-result':
    '500 $ failed: json: cannot unmarshal string into Go struct field ConversionResponse.response.result of type v1.Status',
  failure: '500 $ failed: out of wood',
  'failure-mute': "500 $ failed: response.result.status was 'Failure', not 'Success'",
  'failure-reason': "500 $ failed: response.result.status was 'Failure', not 'Success'",
  'success-lower': '500 $ failed: yes',
  fewer: '500 $ returned 0 objects, expected 1',
  'no-objects': '500 $ returned 0 objects, expected 1',
  'text-objects':
    '500 $ failed: json: cannot unmarshal string into Go struct field ConversionResponse.response.convertedObjects of type []runtime.RawExtension',
  more: '500 $ returned 2 objects, expected 1',
  'object-null': '500 unexpected end of JSON input',
  'object-text': '500 json: cannot unmarshal string into Go value of type map[string]interface {}',
  'object-list': '500 json: cannot unmarshal array into Go value of type map[string]interface {}',
  'object-empty': "500 Object 'Kind' is missing in <object>",
  'object-no-kind': "500 Object 'Kind' is missing in <object>",
  'object-no-version': '500 $ returned invalid object at index 0: invalid groupVersion (expected GROUP/v1, received )',
  'object-kind-number': "500 Object 'Kind' is missing in <object>",
  'object-version-number':
    '500 $ returned invalid object at index 0: invalid groupVersion (expected GROUP/v1, received )',
  'object-other-kind': '500 $ returned invalid object at index 0: invalid kind (expected Boat, received Ship)',
  'object-same-version':
    '500 $ returned invalid object at index 0: invalid groupVersion (expected GROUP/v1, received GROUP/v2)',
  'object-odd-version': "500 Object 'Kind' is missing in <object>",
  'no-metadata': '500 $ returned invalid object: must have the same name: one !=',
  'null-metadata': '500 $ returned invalid object: must have the same name: one !=',
  'text-metadata': '500 $ returned invalid object: must have the same name: one !=',
  'other-name': '500 $ returned invalid object: must have the same name: one != other',
  'no-name': '500 $ returned invalid object: must have the same name: one !=',
  'name-number': '500 $ returned invalid object: must have the same name: one !=',
  'other-namespace': '500 $ returned invalid object: must have the same namespace: default != other',
  'other-object-uid': '500 $ returned invalid object: must have the same UID: <uid> != x',
  'more-metadata': '201',
  'labels-text': '500 $ returned invalid metadata: invalid metadata.labels of type string in converted object',
  'labels-number':
    '500 $ returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object',
  'labels-null':
    '500 $ returned invalid metadata: metadata.labels[a] must be a string, but is <nil> in converted object',
  'labels-list':
    '500 $ returned invalid metadata: metadata.labels[a] must be a string, but is []interface {} in converted object',
  'labels-wrong':
    "500 $ returned invalid metadata: [metadata.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'), metadata.labels: Invalid value: \"c d\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')]",
  'labels-of-null': '201',
  'annotations-wrong':
    "500 $ returned invalid metadata: metadata.annotation: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
  'annotations-true':
    '500 $ returned invalid metadata: metadata.annotations[a] must be a string, but is bool in converted object',
  'annotations-half':
    '500 $ returned invalid metadata: metadata.annotations[a] must be a string, but is float64 in converted object',
  'other-field': '201',
  'wrong-value': '201',
  'no-spec': '201',
  'no-json': "500 $ failed: couldn't get version/kind; json parse error: unexpected end of JSON input",
  yaml: '500 $ failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /, Kind=ConversionReview',
  'no-yaml': '500 $ failed: yaml: line 1: did not find expected node content',
  'no-json-text':
    '500 $ failed: couldn\'t get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
  'no-json-list':
    '500 $ failed: couldn\'t get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
  'json-null':
    '500 $ failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /, Kind=',
  'json-text':
    '500 $ failed: couldn\'t get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
  empty: '500 $ failed: 0-length response with status code: 200 and content type: application/json',
  'no-content': '500 $ failed: 0-length response with status code: 204 and content type: application/json',
  status: '500 $ failed: converting (v1.Status) to (v1.ConversionReview): unknown conversion',
  'type-text': '201',
  'type-protobuf': '201',
  'type-yaml': '201',
  'type-odd': '500 $ failed: Internal error occurred: mime: expected slash after first token',
  'type-none': '201',
  'type-half': '201',
  'type-more': '500 $ failed: Internal error occurred: mime: unexpected content after media subtype',
  'type-empty': '500 $ failed: Internal error occurred: mime: no media type',
  created: '201',
  partial: '201',
  odd: '500 $ failed: the server responded with the status code 226 but did not return more information',
  'code-300': '500 $ failed: the server responded with the status code 300 but did not return more information',
  'code-302': '500 $ failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /, Kind=',
  'code-307': '201',
  'code-308-none': '500 $ failed: the server responded with the status code 308 but did not return more information',
  'code-400': '500 $ failed: the server rejected our request for an unknown reason',
  'code-401': '500 $ failed: the server has asked for the client to provide credentials',
  'code-403': '500 $ failed: broken',
  'code-403-mute': '500 $ failed:',
  'code-404': '500 $ failed: the server could not find the requested resource',
  'code-405': '500 $ failed: the server does not allow this method on the requested resource',
  'code-406': '500 $ failed: broken',
  'code-409': '500 $ failed: the server reported a conflict',
  'code-409-status': '500 $ failed: no way',
  'code-410': '500 $ failed: the server responded with the status code 410 but did not return more information',
  'code-413': '500 $ failed: the server responded with the status code 413 but did not return more information',
  'code-415': '500 $ failed: broken',
  'code-418': '500 $ failed: the server responded with the status code 418 but did not return more information',
  'code-422': '500 $ failed: the server rejected our request due to an error in our request',
  'code-429': '500 $ failed: the server has received too many requests and has asked us to try again later',
  'code-500': '500 $ failed: an error on the server ("broken") has prevented the request from succeeding',
  'code-500-html': '500 $ failed: an error on the server ("<h1>broken</h1>") has prevented the request from succeeding',
  'code-500-status': '500 $ failed: no way',
  'code-501': '500 $ failed: an error on the server ("broken") has prevented the request from succeeding',
  'code-503': '500 $ failed: the server is currently unable to handle the request',
  'code-504':
    '500 $ failed: the server was unable to return a response in the time allotted, but may still be processing the request',
  'hang-up': '500 $ failed: Post "<url>/hang-up?timeout=30s": EOF',
  'half-an-answer':
    '500 $ failed: unexpected error when reading response body. Please retry. Original error: unexpected EOF',
}

describe('each way to answer', () => {
  it('is defined', async () => {
    for (const way of Object.keys(WAYS)) await defined(`${way}.example`, way)
  }, 120_000)

  it.each(Object.keys(WAYS))('%s', async (way) => {
    const group = `${way}.example`
    const created = await call(at(group, 'v2'), { body: boat(group, 'v2', 'one', { b: 'x' }, METADATA) })
    const outcome = OUTCOMES[way]?.replace('$', 'conversion webhook for GROUP/v2, Kind=Boat')
    expect(said(created).replaceAll(group, 'GROUP')).toBe(outcome)
    await call(at(group, 'v1'), { body: boat(group, 'v1', 'two', { a: 'x' }, METADATA) })
    await call(at(group, 'v2', '/two'))
  })
})
