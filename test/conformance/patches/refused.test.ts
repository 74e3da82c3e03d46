// What is said of patches that are refused.
// Rules: pkg/endpoints/handlers/patch.go of k8s.io/apiserver, pkg/util/strategicpatch and pkg/runtime/converter.go of
// k8s.io/apimachinery, RFC 6902 and RFC 7386. A case names the function, or the section of the RFC, that it pins.

import { describe, expect, it } from 'vitest'
import { inA, type Kind, patched, spec, type Type } from './support.ts'

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
      'DecodeInto: another kind',
      'map',
      'merge',
      { kind: 'Pod' },
      422,
      /patch: Invalid value: .*: converting \(v1\.Pod\) to \(core\.ConfigMap\): unknown conversion$/,
    ],
    [
      'DecodeInto: another kind, which it is not either',
      'map',
      'merge',
      { kind: 'Secret' },
      422,
      /patch: Invalid value: .*: illegal base64 data at input byte 0$/,
    ],
    [
      'DecodeInto: a kind of nobody',
      'map',
      'merge',
      { kind: 'Boat' },
      422,
      /: no kind "Boat" is registered for version "v1" in scheme "pkg\/runtime\/scheme\.go:111"$/,
    ],
    [
      'DecodeInto: no version',
      'map',
      'merge',
      { apiVersion: 'a/b/c' },
      422,
      /: unexpected GroupVersion string: a\/b\/c$/,
    ],
    [
      'DecodeInto: a kind that is no text',
      'map',
      'merge',
      { kind: 1 },
      422,
      /json parse error: json: cannot unmarshal number into Go struct field \.kind of type string$/,
    ],
    [
      'applyPatchToCurrentObject: fields as Go writes them, those of what was merged by name',
      'map',
      'merge',
      { data: 'x' },
      422,
      /Invalid value: "\{\\"apiVersion\\":\\"v1\\",\\"data\\":\\"x\\",\\"kind\\":\\"ConfigMap\\",\\"metadata\\":\{\\"name\\":\\"n\d+\\",\\"namespace\\":\\"default\\",\\"uid\\":/,
    ],
    [
      'applyJSPatch: a list in place of the object',
      'map',
      'json',
      [{ op: 'replace', path: '', value: [] }],
      422,
      /patch: Invalid value: "\[\]": couldn't get version\/kind; json parse error: json: cannot unmarshal array /,
    ],
    [
      'UnmarshalStrict: fields of an operation',
      'map',
      'json',
      [{ op: 'add', path: 1, value: 'x' }],
      400,
      'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string',
    ],
    ['jsonpatch.move: nothing there', 'map', 'json', [{ op: 'move', from: '/data/z', path: '/data/y' }], 422, OURS],
    [
      'jsonpatch.copy: beyond a list',
      'namespace',
      'json',
      [{ op: 'copy', from: '/metadata/finalizers/0', path: '/metadata/finalizers/9' }],
      422,
      OURS,
    ],
    [
      'jsonpatch.copy: copies of copies, which double each time (AccumulatedCopySizeLimit)',
      'map',
      'json',
      Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/data', path: `/data/k${i}` })),
      422,
      OURS,
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
      500,
      'map: map[image:x] does not contain declared merge key: name',
    ],
    [
      'ErrBadPatchType in a map',
      'map',
      'strategic',
      { data: { $patch: 'merge', a: '1' } },
      500,
      'unknown patch type: merge in map: map[$patch:merge a:1]',
    ],
    [
      'ErrBadPatchType in a list',
      'deploy',
      'strategic',
      inA({ env: [{ name: 'A', $patch: 'add' }] }),
      500,
      'unknown patch type: add in map: map[$patch:add name:A]',
    ],
    [
      'mergeSliceWithSpecialElements: merge',
      'deploy',
      'strategic',
      inA({ env: [{ name: 'A', $patch: 'merge' }] }),
      500,
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
      'ErrBadPatchType: what is no text',
      'deploy',
      'strategic',
      { spec: { $patch: [1, null] } },
      500,
      'unknown patch type: [%!s(int64=1) <nil>] in map: map[$patch:[1 <nil>]]',
    ],
    [
      'ErrBadArgType: an order that is no list',
      'deploy',
      'strategic',
      spec({ '$setElementOrder/containers': null }),
      500,
      'expected a []interface {}, but received a %!s(<nil>)',
    ],
    [
      'findMapInSliceBasedOnKeyValue: an order of texts',
      'deploy',
      'strategic',
      spec({ '$setElementOrder/containers': ['a'] }),
      500,
      'value for key 0 is not a map',
    ],
    [
      'LookupPatchMetadataForSlice: an order of a map',
      'map',
      'strategic',
      { metadata: { '$setElementOrder/labels': ['a'] } },
      500,
      'expected slice or array type, but got: struct',
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
      500,
      "The order in patch list:\n[map[image:x name:b]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n",
    ],
    [
      'LookupPatchMetadataForSlice',
      'deploy',
      'strategic',
      spec({ '$setElementOrder/boats': [] }),
      500,
      'unable to find api field in struct PodSpec for the json field "boats"',
    ],
    [
      'sliceElementType: of two kinds',
      'deploy',
      'strategic',
      spec({ containers: ['x'] }),
      500,
      /^list element types are not identical: \[\[map\[/,
    ],
    [
      'sliceElementType: lists of lists',
      'namespace',
      'strategic',
      { metadata: { finalizers: [['x']] } },
      500,
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

  it('is not that a patch takes the kind away: what it does not say is what was asked for (DecodeInto)', async () => {
    expect((await patched('map', 'merge', { kind: null })).code).toBe(200)
  })

  it('is to replace everything, or nothing that has a place (findObject)', async () => {
    expect((await patched('map', 'json', [{ op: 'add', path: '', value: {} }])).body.message).toBe(OURS)
    expect((await patched('map', 'json', [{ op: 'replace', path: '/data/z', value: 'new' }])).body.data.z).toBe('new')
  })

  it('is what only the server says (ValidateObjectMetaAccessorUpdate)', async () => {
    const uid = await patched('map', 'merge', { metadata: { uid: 'x' } })
    expect([uid.code, uid.body.message]).toEqual([
      422,
      expect.stringMatching(/ is invalid: metadata\.uid: Invalid value: "x": field is immutable$/),
    ])
    // By the generic part, and for the kind again.
    expect(uid.body.details.causes).toHaveLength(2)
    const time = await patched('map', 'merge', { metadata: { deletionTimestamp: '2020-01-01T00:00:00Z' } })
    expect(time.body.message).toMatch(/metadata\.deletionTimestamp: Invalid value: .+: field is immutable$/)
  })

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
