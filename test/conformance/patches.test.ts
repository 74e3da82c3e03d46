// Patches over HTTP: JSON patch, merge patch and strategic merge patch with all directives, and what is said of bad ones.
// Rules: pkg/endpoints/handlers/patch.go of k8s.io/apiserver, pkg/util/strategicpatch and pkg/runtime/converter.go of
// k8s.io/apimachinery, RFC 6902 and RFC 7386. A case names the function, or the section of the RFC, that it pins.

import { describe, expect, it } from 'vitest'
import { useServer } from './custom-resources/support.ts'

interface Answer {
  readonly code: number
  readonly warnings: readonly string[]
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API answers
  readonly body: any
}

let count = 0
const ask = useServer()

const TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
}
type Type = keyof typeof TYPES

async function call(method: string, path: string, body: string, type: string): Promise<Answer> {
  const answer = await ask(path, { method, body, headers: { 'content-type': type } })
  const warnings = [...String(answer.headers.warning ?? '').matchAll(/299 - ("(?:[^"\\]|\\.)*")/g)]
  return { code: answer.code, body: answer.body, warnings: warnings.map(([, text]) => JSON.parse(text ?? '')) }
}

const env = (...names: string[]) => names.map((name) => ({ name, value: '1' }))
const template = {
  metadata: { labels: { app: 'web' } },
  spec: {
    containers: [
      { name: 'a', image: 'a:1', env: env('A', 'B', 'C'), ports: [{ containerPort: 80 }], args: ['x', 'y'] },
      { name: 'b', image: 'b:1' },
    ],
    volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }],
    imagePullSecrets: [{ name: 'one' }],
  },
}
/** Kinds by what cases call them: where they are, and a valid object. */
const KINDS = {
  map: { path: '/api/v1/namespaces/default/configmaps', object: { data: { a: '1', b: '2' } } },
  deploy: {
    path: '/apis/apps/v1/namespaces/default/deployments',
    object: { spec: { selector: { matchLabels: { app: 'web' } }, template } },
  },
  service: {
    path: '/api/v1/namespaces/default/services',
    object: {
      spec: {
        selector: { app: 'web' },
        ports: [
          { name: 'http', port: 80 },
          { name: 'tls', port: 443 },
        ],
      },
    },
  },
  namespace: {
    path: '/api/v1/namespaces',
    object: { metadata: { finalizers: ['a.example/x', 'a.example/y', 'a.example/z'] } },
  },
} as const
type Kind = keyof typeof KINDS

/** Makes an object of the kind and patches it; text is sent as it is. */
async function patched(kind: Kind, type: Type, patch: unknown, query = ''): Promise<Answer> {
  const { path, object } = KINDS[kind]
  count += 1
  const name = `n${count}`
  const metadata = { ...('metadata' in object ? object.metadata : {}), name }
  const made = await call('POST', path, JSON.stringify({ ...object, metadata }), 'application/json')
  expect(made.code).toBe(201)
  const text = typeof patch === 'string' ? patch : JSON.stringify(patch).replaceAll('NAME', name)
  return call('PATCH', `${path}/${name}${query}`, text, TYPES[type])
}

const spec = (inner: object) => ({ spec: { template: { spec: inner } } })
const inA = (inner: object) => spec({ containers: [{ name: 'a', ...inner }] })
/** Reads by path; a list is shown by its elements' names. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the API answers
function read(body: any, path: string): unknown {
  let at = body
  for (const step of path.split('.')) at = at?.[step]
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API answers
  const names = Array.isArray(at) ? at.map((item: any) => item.name ?? item) : at
  return Array.isArray(names) ? names.join(' ') : names
}
const POD = 'spec.template.spec'

describe('what a patch makes', () => {
  const cases: readonly [rule: string, kind: Kind, type: Type, patch: unknown, path: string, value: unknown][] = [
    ['RFC 7386: null removes', 'map', 'merge', { data: { a: null } }, 'data', { b: '2' }],
    ['RFC 7386: adds', 'map', 'merge', { data: { c: '3' } }, 'data', { a: '1', b: '2', c: '3' }],
    ['RFC 7386: lists are replaced', 'service', 'merge', { spec: { ports: [{ port: 90 }] } }, 'spec.ports.length', 1],
    ['RFC 7386: null in nothing is nothing', 'map', 'merge', { binaryData: { x: null } }, 'binaryData', undefined],
    ['RFC 6902 add', 'map', 'json', [{ op: 'add', path: '/data/c', value: '3' }], 'data.c', '3'],
    ['RFC 6902 add replaces', 'map', 'json', [{ op: 'add', path: '/data/a', value: '3' }], 'data.a', '3'],
    [
      'RFC 6902 add into a list',
      'service',
      'json',
      [{ op: 'add', path: '/spec/ports/1', value: { name: 'x', port: 1 } }],
      'spec.ports',
      'http x tls',
    ],
    [
      'RFC 6902 add at the end',
      'service',
      'json',
      [{ op: 'add', path: '/spec/ports/-', value: { name: 'x', port: 1 } }],
      'spec.ports',
      'http tls x',
    ],
    ['RFC 6902 remove', 'service', 'json', [{ op: 'remove', path: '/spec/ports/0' }], 'spec.ports', 'tls'],
    ['RFC 6902 replace', 'map', 'json', [{ op: 'replace', path: '/data', value: { z: '1' } }], 'data', { z: '1' }],
    ['RFC 6902 move', 'map', 'json', [{ op: 'move', from: '/data/a', path: '/data/z' }], 'data', { b: '2', z: '1' }],
    ['RFC 6902 copy', 'map', 'json', [{ op: 'copy', from: '/data/a', path: '/data/z' }], 'data.z', '1'],
    [
      'RFC 6902 test',
      'map',
      'json',
      [
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'remove', path: '/data/a' },
      ],
      'data',
      { b: '2' },
    ],
    [
      'RFC 6901 ~1',
      'map',
      'json',
      [
        { op: 'add', path: '/metadata/labels', value: {} },
        { op: 'add', path: '/metadata/labels/a.b~1c', value: 'd' },
      ],
      'metadata.labels',
      { 'a.b/c': 'd' },
    ],
    [
      'partialArray.remove: counted from the end',
      'service',
      'json',
      [{ op: 'remove', path: '/spec/ports/-1' }],
      'spec.ports',
      'http',
    ],
    [
      'partialArray.add: counted from the end',
      'service',
      'json',
      [{ op: 'add', path: '/spec/ports/-1', value: { name: 'x', port: 1 } }],
      'spec.ports',
      'http tls x',
    ],
    [
      'mergeMap: adds to maps',
      'deploy',
      'strategic',
      { metadata: { labels: { x: 'y' } } },
      'metadata.labels',
      { x: 'y' },
    ],
    ['mergeMap: null removes', 'map', 'strategic', { data: { a: null } }, 'data', { b: '2' }],
    [
      'handleDirectiveInMergeMap: replace',
      'map',
      'strategic',
      { data: { $patch: 'replace', z: '1' } },
      'data',
      { z: '1' },
    ],
    [
      'handleDirectiveInMergeMap: delete',
      'service',
      'strategic',
      { spec: { selector: { $patch: 'delete' } } },
      'spec.selector',
      undefined,
    ],
    [
      'removeDirectives: a new map that is a directive',
      'map',
      'strategic',
      { metadata: { annotations: { $patch: 'delete' } } },
      'metadata.annotations',
      undefined,
    ],
    [
      'mergeSliceWithoutSpecialElements: by key',
      'deploy',
      'strategic',
      inA({ image: 'a:2' }),
      `${POD}.containers.0.image`,
      'a:2',
    ],
    [
      'mergeSliceWithoutSpecialElements: the rest stays',
      'deploy',
      'strategic',
      inA({ image: 'a:2' }),
      `${POD}.containers.0.env`,
      'A B C',
    ],
    [
      'mergeSortedSlice: a new element comes first',
      'deploy',
      'strategic',
      spec({ containers: [{ name: 'c', image: 'c:1' }] }),
      `${POD}.containers`,
      'c a b',
    ],
    [
      'mergeSortedSlice: what the server has before a named one stays before it',
      'deploy',
      'strategic',
      spec({ containers: [{ name: 'b', image: 'b:2' }] }),
      `${POD}.containers`,
      'a b',
    ],
    [
      'normalizeSliceOrder: the order of the patch',
      'deploy',
      'strategic',
      inA({ env: env('C', 'A') }),
      `${POD}.containers.0.env`,
      'B C A',
    ],
    [
      'mergeSliceWithSpecialElements: delete',
      'deploy',
      'strategic',
      inA({ env: [{ name: 'B', $patch: 'delete' }] }),
      `${POD}.containers.0.env`,
      'A C',
    ],
    [
      'mergeSliceWithSpecialElements: delete what is not there',
      'deploy',
      'strategic',
      inA({ env: [{ name: 'Z', $patch: 'delete' }] }),
      `${POD}.containers.0.env`,
      'A B C',
    ],
    [
      'mergeSliceWithSpecialElements: replace',
      'deploy',
      'strategic',
      inA({ env: [{ $patch: 'replace' }, ...env('Z')] }),
      `${POD}.containers.0.env`,
      'Z',
    ],
    [
      'mergeSliceWithSpecialElements: replace by nothing',
      'deploy',
      'strategic',
      inA({ env: [{ $patch: 'replace' }] }),
      `${POD}.containers.0.env`,
      undefined,
    ],
    [
      'mergeSliceHandler: lists without a strategy are replaced',
      'deploy',
      'strategic',
      inA({ args: ['z'] }),
      `${POD}.containers.0.args`,
      'z',
    ],
    [
      'mergeSliceHandler: lists of references by name',
      'deploy',
      'strategic',
      spec({ imagePullSecrets: [{ name: 'two' }] }),
      `${POD}.imagePullSecrets`,
      'two one',
    ],
    [
      'mergeSlice: ports by number',
      'service',
      'strategic',
      { spec: { ports: [{ port: 443, name: 'secure' }] } },
      'spec.ports',
      'http secure',
    ],
    [
      'mergeSlice: lists of words are united',
      'namespace',
      'strategic',
      { metadata: { finalizers: ['a.example/w', 'a.example/y'] } },
      'metadata.finalizers',
      'a.example/w a.example/x a.example/y a.example/z',
    ],
    [
      'deleteFromSlice',
      'namespace',
      'strategic',
      { metadata: { '$deleteFromPrimitiveList/finalizers': ['a.example/y', 'none'] } },
      'metadata.finalizers',
      'a.example/x a.example/z',
    ],
    [
      'mergePatchIntoOriginal: only an order',
      'deploy',
      'strategic',
      spec({ '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] }),
      `${POD}.containers`,
      'b a',
    ],
    [
      'mergePatchIntoOriginal: an order with its patch',
      'deploy',
      'strategic',
      spec({
        '$setElementOrder/containers': [{ name: 'a' }, { name: 'c' }, { name: 'b' }],
        containers: [{ name: 'c', image: 'c:1' }],
      }),
      `${POD}.containers`,
      'a c b',
    ],
    [
      'mergePatchIntoOriginal: what is not named keeps its place',
      'deploy',
      'strategic',
      spec({ containers: [{ name: 'a', '$setElementOrder/env': [{ name: 'C' }, { name: 'A' }] }] }),
      `${POD}.containers.0.env`,
      'B C A',
    ],
    [
      'mergePatchIntoOriginal: words',
      'namespace',
      'strategic',
      { metadata: { '$setElementOrder/finalizers': ['a.example/z', 'a.example/x', 'a.example/y'] } },
      'metadata.finalizers',
      'a.example/z a.example/x a.example/y',
    ],
    [
      'applyRetainKeysDirective: only these keys stay',
      'deploy',
      'strategic',
      spec({ volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x', type: '' } }] }),
      `${POD}.volumes.0.emptyDir`,
      undefined,
    ],
    [
      'applyRetainKeysDirective: a strategy without what the old one had',
      'deploy',
      'strategic',
      { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
      'spec.strategy',
      { type: 'Recreate' },
    ],
    [
      'strategicPatchObject: what the patch says of its kind is not looked at',
      'map',
      'strategic',
      { kind: 'Secret' },
      'kind',
      'ConfigMap',
    ],
    ['strategicPatchObject: null changes nothing', 'map', 'strategic', 'null', 'data', { a: '1', b: '2' }],
    [
      'FromUnstructured: a whole number for a float is fine',
      'deploy',
      'strategic',
      '{"spec":{"replicas":2.0}}',
      'spec.replicas',
      2,
    ],
  ]
  for (const [rule, kind, type, patch, path, value] of cases) {
    it(`${type}: ${rule}`, async () => {
      const { code, body } = await patched(kind, type, patch)
      expect([code, read(body, path)]).toEqual([200, value])
    })
  }
})

describe('what is refused', () => {
  const OURS = 'the server rejected our request due to an error in our request'
  const cases: readonly [
    rule: string,
    kind: Kind,
    type: Type,
    patch: unknown,
    code: number,
    message: string | RegExp,
  ][] = [
    [
      'UnmarshalStrict',
      'map',
      'merge',
      '[]',
      400,
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    ],
    [
      'UnmarshalStrict',
      'map',
      'merge',
      'true',
      400,
      'error decoding patch: json: cannot unmarshal bool into Go value of type map[string]interface {}',
    ],
    ['jsonpatch.MergePatch', 'map', 'merge', 'null', 400, 'Invalid JSON Patch'],
    [
      'strategicPatchObject',
      'map',
      'strategic',
      '"x"',
      400,
      'json: cannot unmarshal string into Go value of type map[string]interface {}',
    ],
    [
      'UnmarshalStrict',
      'map',
      'json',
      '{}',
      400,
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    ],
    [
      'UnmarshalStrict',
      'map',
      'json',
      '[1]',
      400,
      'error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp',
    ],
    ['applyJSPatch: no such place', 'map', 'json', [{ op: 'remove', path: '/data/z' }], 422, OURS],
    ['applyJSPatch: a test that fails', 'map', 'json', [{ op: 'test', path: '/data/a', value: '9' }], 422, OURS],
    ['applyJSPatch: no such operation', 'map', 'json', [{ op: 'delete', path: '/data/a' }], 422, OURS],
    ['applyJSPatch: beyond a list', 'service', 'json', [{ op: 'add', path: '/spec/ports/9', value: {} }], 422, OURS],
    [
      'maxJSONPatchOperations',
      'map',
      'json',
      JSON.stringify(Array(10_001).fill({ op: 'test', path: '/data/a', value: '1' })),
      413,
      'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    ],
    [
      'applyPatchToCurrentObject: of the wrong type',
      'deploy',
      'merge',
      { spec: { replicas: 'two' } },
      422,
      / "" is invalid: patch: Invalid value: "\{.*\}": json: cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32$/,
    ],
    [
      'applyPatchToCurrentObject: without a kind',
      'map',
      'merge',
      { kind: null },
      422,
      /patch: Invalid value: .*: Object 'Kind' is missing in '\{/,
    ],
    [
      'DecodeInto: another kind',
      'map',
      'merge',
      { kind: 'Secret' },
      422,
      /patch: Invalid value: .*: unable to decode \/v1, Kind=Secret into \*core\.ConfigMap$/,
    ],
    [
      'fromUnstructured: text for a number',
      'deploy',
      'strategic',
      { spec: { replicas: 'two' } },
      422,
      ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:two]]": unrecognized type: int32',
    ],
    [
      'fromUnstructured: a number for text',
      'deploy',
      'strategic',
      inA({ env: [{ name: 'A', value: 1 }] }),
      422,
      ' "" is invalid: patch: Invalid value: "map[spec:map[template:map[spec:map[containers:[map[env:[map[name:A value:1]] name:a]]]]]]": cannot convert int64 to string',
    ],
    [
      'fromUnstructured: a fraction',
      'deploy',
      'strategic',
      { spec: { replicas: 1.5 } },
      422,
      /: cannot convert float64 to int32$/,
    ],
    [
      'structFromUnstructured',
      'deploy',
      'strategic',
      { spec: { template: 'x' } },
      422,
      /: cannot restore struct from: string$/,
    ],
    ['sliceFromUnstructured', 'deploy', 'strategic', inA({ args: 'x' }), 422, /: cannot restore slice from string$/],
    ['mapFromUnstructured', 'map', 'strategic', { data: 'x' }, 422, /: cannot restore map from string$/],
    [
      'ErrNoMergeKey',
      'deploy',
      'strategic',
      spec({ containers: [{ image: 'x' }] }),
      400,
      'map: map[image:x] does not contain declared merge key: name',
    ],
    [
      'ErrBadPatchType in a map',
      'map',
      'strategic',
      { data: { $patch: 'merge', a: '1' } },
      400,
      'unknown patch type: merge in map: map[$patch:merge a:1]',
    ],
    [
      'ErrBadPatchType in a list',
      'deploy',
      'strategic',
      inA({ env: [{ name: 'A', $patch: 'add' }] }),
      400,
      'unknown patch type: add in map: map[$patch:add name:A]',
    ],
    [
      'mergeSliceWithSpecialElements: merge',
      'deploy',
      'strategic',
      inA({ env: [{ name: 'A', $patch: 'merge' }] }),
      400,
      'merging lists cannot yet be specified in the patch',
    ],
    [
      'ErrBadPatchFormatForRetainKeys: no list',
      'deploy',
      'strategic',
      { spec: { strategy: { $retainKeys: 'type' } } },
      400,
      'invalid patch format of retainKeys',
    ],
    [
      'ErrBadPatchFormatForRetainKeys: sets what it does not keep',
      'deploy',
      'strategic',
      { spec: { strategy: { $retainKeys: ['rollingUpdate'], type: 'Recreate' } } },
      400,
      'invalid patch format of retainKeys',
    ],
    [
      'ErrBadPatchFormatForSetElementOrderList',
      'deploy',
      'strategic',
      spec({ $setElementOrder: [] }),
      400,
      'invalid patch format of setElementOrder list',
    ],
    [
      'ErrBadPatchFormatForPrimitiveList',
      'namespace',
      'strategic',
      { metadata: { $deleteFromPrimitiveList: ['x'] } },
      400,
      'invalid patch format of primitive list',
    ],
    [
      'validatePatchWithSetOrderList',
      'deploy',
      'strategic',
      spec({ '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'b', image: 'x' }] }),
      400,
      "The order in patch list:\n[map[image:x name:b]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n",
    ],
    [
      'LookupPatchMetadataForSlice',
      'deploy',
      'strategic',
      spec({ '$setElementOrder/boats': [] }),
      400,
      'unable to find api field in struct PodSpec for the json field "boats"',
    ],
    [
      'sliceElementType: of two kinds',
      'deploy',
      'strategic',
      spec({ containers: ['x'] }),
      400,
      /^list element types are not identical: \[\[map\[/,
    ],
    [
      'sliceElementType: lists of lists',
      'namespace',
      'strategic',
      { metadata: { finalizers: [['x']] } },
      400,
      /^list element types are not identical: /,
    ],
    [
      'checkName',
      'map',
      'merge',
      { metadata: { name: 'other' } },
      400,
      /^the name of the object \(other\) does not match the name on the URL \(n\d+\)$/,
    ],
    [
      'checkName: no name',
      'map',
      'merge',
      { metadata: { name: null } },
      400,
      /^the name of the object \(n\d+ based on URL\) was undeterminable: name must be provided$/,
    ],
    [
      'EnsureObjectNamespaceMatchesRequestNamespace',
      'map',
      'merge',
      { metadata: { namespace: 'other' } },
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
  ]
  for (const [rule, kind, type, patch, code, message] of cases) {
    it(`${type}: ${rule}: ${code}`, async () => {
      const { code: given, body } = await patched(kind, type, patch)
      expect([given, body.kind]).toEqual([code, 'Status'])
      if (typeof message === 'string') expect(body.message).toBe(message)
      else expect(body.message).toMatch(message)
    })
  }

  it('tells nothing but that, when a JSON patch does not fit (NewGenericServerResponse)', async () => {
    const { body } = await patched('map', 'json', [{ op: 'remove', path: '/data/z' }])
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: OURS,
      reason: 'Invalid',
      details: {},
      code: 422,
    })
  })
})

describe('what is warned of, or refused when validation is strict', () => {
  const cases: readonly [rule: string, type: Type, patch: string, problems: readonly string[]][] = [
    ['unknown fields', 'merge', '{"dat":{}}', ['unknown field "dat"']],
    ['fields that are said twice', 'merge', '{"data":{"a":"1","a":"3"}}', ['duplicate field "data.a"']],
    [
      'fields that are said twice',
      'strategic',
      '{"data":{"a":"1","a":"3"},"dat":1}',
      ['duplicate field "data.a"', 'unknown field "dat"'],
    ],
    [
      'unknown fields of an operation',
      'json',
      '[{"op":"add","path":"/data/c","value":"1","why":"x"}]',
      ['json patch unknown field "[0].why"'],
    ],
    [
      'a directive that a new map keeps',
      'strategic',
      '{"immutable":false,"metadata":{"labels":{"a":"b"},"boats":{"$retainKeys":["x"]}}}',
      ['unknown field "metadata.boats"'],
    ],
  ]
  for (const [rule, type, patch, problems] of cases) {
    it(`${type}: ${rule}`, async () => {
      expect(await patched('map', type, patch)).toMatchObject({ code: 200, warnings: problems })
      expect(await patched('map', type, patch, '?fieldValidation=Ignore')).toMatchObject({ code: 200, warnings: [] })
      const { code, body } = await patched('map', type, patch, '?fieldValidation=Strict')
      expect(code).toBe(422)
      expect(body.message).toContain(' "" is invalid: patch: Invalid value: ')
      expect(body.message).toContain(`: strict decoding error: ${problems.join(', ')}`)
    })
  }
})

describe('which version a patch is for', () => {
  for (const type of ['merge', 'strategic'] as const) {
    it(`${type}: one that names another is refused (AllowUnconditionalUpdate)`, async () => {
      const { code, body } = await patched('map', type, { metadata: { resourceVersion: '1' } })
      expect([code, body.reason]).toEqual([409, 'Conflict'])
      expect(body.message).toMatch(
        /^Operation cannot be fulfilled on configmaps "n\d+": the object has been modified; please apply your changes to the latest version and try again$/,
      )
    })
  }
  it('a dry run answers what would be, and keeps what is', async () => {
    const { body } = await patched('map', 'merge', { data: { a: '9' } }, '?dryRun=All')
    expect(body.data.a).toBe('9')
    const stored = await call('GET', `${KINDS.map.path}/${body.metadata.name}`, '', 'application/json')
    expect(stored.body.data.a).toBe('1')
    expect(stored.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion)
  })
})
