// The scale subresource: what a Scale must be, and what becomes of it.
// Rules: scaleUpdatedObjectInfo of k8s.io/kubernetes/pkg/registry/apps/deployment/storage and of
// k8s.io/apiextensions-apiserver/pkg/registry/customresource, ValidateScale. A case names the rule that it pins.

import { beforeAll, describe, expect, it, vi } from 'vitest'
import { useServer } from '../access-support.ts'
import { boats, CRDS, type Json, specSchema, version } from '../custom-resources/support.ts'

const ask = useServer()
const DEPLOY = '/apis/apps/v1/namespaces/default/deployments'
const BOATS = '/apis/scale.example/v1/namespaces/default/boats'
const MERGE = 'application/merge-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'
const NO_SCALE = 'no kind is registered for the type v1.Scale in scheme "pkg/runtime/scheme.go:111"'
const UNNAMED = 'the name of the object (a based on URL) was undeterminable: name must be provided'
const ELSEWHERE = 'the namespace of the provided object does not match the namespace sent on the request'

beforeAll(async () => {
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a:1' }] } }
  await ask(DEPLOY, { body: { metadata: { name: 'a' }, spec: { selector: { matchLabels: labels }, template } } })
  const paths = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' }
  const definition = boats('scale.example', (d) => {
    specSchema({ type: 'object', properties: { replicas: { type: 'integer' } } })(d)
    version({ subresources: { scale: paths, status: {} } })(d)
  })
  await ask(CRDS, { body: definition })
  await vi.waitFor(async () => expect((await ask(BOATS)).code).toBe(200))
  for (const [name, spec] of Object.entries({ a: { replicas: 2 }, none: {} })) {
    const body = { apiVersion: 'scale.example/v1', kind: 'Boat', metadata: { name }, spec }
    expect((await ask(BOATS, { body })).code).toBe(201)
  }
})

const scale = (more: Json = {}) => ({
  ...{ apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'a' }, spec: { replicas: 1 } },
  ...more,
})
const refusal = (problem: string) => new RegExp(`^ "" is invalid: patch: Invalid value: .*: ${problem}$`)

describe('a Scale that is sent', () => {
  const cases: readonly [rule: string, path: string, type: string, body: Json, code: number, is: unknown][] = [
    ['ScaleSpec.replicas is left out at zero', DEPLOY, '', scale({ spec: {} }), 200, {}],
    ['no spec is zero', DEPLOY, '', scale({ spec: null }), 200, {}],
    ['checkName: no name', DEPLOY, '', scale({ metadata: {} }), 400, UNNAMED],
    ['checkName: no name', BOATS, '', scale({ metadata: {} }), 400, UNNAMED],
    ['EnsureObjectNamespace', DEPLOY, '', scale({ metadata: { name: 'a', namespace: 'x' } }), 400, ELSEWHERE],
    [
      'Preconditions',
      DEPLOY,
      '',
      scale({ metadata: { name: 'a', uid: 'x' } }),
      409,
      /^Operation cannot be fulfilled on deployments\.apps "a": StorageError: invalid object, Code: 4, Key: \/deployments\/default\/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: x, UID in object meta: /,
    ],
    [
      'ValidateObjectMeta',
      DEPLOY,
      '',
      scale({ metadata: { name: 'a', labels: { a: '-' } } }),
      422,
      /^Scale\.autoscaling "a" is invalid: metadata\.labels: Invalid value: "-": a valid label must be /,
    ],
    [
      'decode: a kind of nobody',
      DEPLOY,
      '',
      scale({ kind: 'X' }),
      400,
      'X in version "v1" cannot be handled as a Scale: no kind "X" is registered for version "autoscaling/v1" in scheme "pkg/runtime/scheme.go:111"',
    ],
    ['decode: a kind of nobody', BOATS, '', scale({ kind: 'X' }), 400, NO_SCALE],
    ['decode: no kind is as it should be', BOATS, '', scale({ kind: '', apiVersion: '' }), 200, { replicas: 1 }],
    ['decode: of the wrong type', BOATS, '', scale({ spec: { replicas: '1' } }), 400, NO_SCALE],
    [
      'patch: of the wrong type',
      DEPLOY,
      MERGE,
      { spec: { replicas: '1' } },
      422,
      refusal('json: cannot unmarshal string into Go struct field ScaleSpec\\.spec\\.replicas of type int32'),
    ],
    [
      'strategic patch: of the wrong type',
      DEPLOY,
      STRATEGIC,
      { spec: { replicas: '1' } },
      422,
      ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:1]]": unrecognized type: int32',
    ],
    [
      'patch: another kind',
      DEPLOY,
      MERGE,
      { kind: 'Deployment', apiVersion: 'apps/v1' },
      422,
      refusal('converting \\(v1\\.Deployment\\) to \\(autoscaling\\.Scale\\): unknown conversion'),
    ],
    [
      'patch: another kind, where custom kinds have only Scales',
      BOATS,
      MERGE,
      { kind: 'Deployment', apiVersion: 'apps/v1' },
      422,
      refusal('no kind "Deployment" is registered for version "apps/v1" in scheme "pkg/runtime/scheme\\.go:111"'),
    ],
    ['patch: elsewhere', DEPLOY, MERGE, { metadata: { namespace: 'x' } }, 400, ELSEWHERE],
    [
      'patch: UID of another one',
      DEPLOY,
      MERGE,
      { metadata: { uid: 'x' } },
      409,
      /^Operation cannot be fulfilled on deployments\/scale\.apps "a": Precondition failed: UID in precondition: x, /,
    ],
    ['patch: UIDs of custom objects', BOATS, MERGE, { metadata: { uid: 'x' } }, 200, { replicas: 2 }],
    ['patch: replicas to zero', BOATS, MERGE, { spec: { replicas: null } }, 200, {}],
  ]
  it.each(cases)('%s: %s %s', async (_rule, path, type, body, code, is) => {
    const headers = { 'content-type': type || 'application/json' }
    const answer = await ask(`${path}/a/scale?dryRun=All`, { method: type ? 'PATCH' : 'PUT', body, headers })
    expect(answer.code, answer.text).toBe(code)
    if (is instanceof RegExp) expect(answer.body.message).toMatch(is)
    else expect(code === 200 ? answer.body.spec : answer.body.message).toEqual(is)
  })

  it('warns of fields that nobody knows (fieldValidation)', async () => {
    const body = scale({ spec: { replicas: 1, y: 1 } })
    const { headers } = await ask(`${DEPLOY}/a/scale?dryRun=All`, { method: 'PUT', body })
    expect(headers.warning).toBe('299 - "unknown field \\"spec.y\\""')
    const strict = await ask(`${DEPLOY}/a/scale?dryRun=All&fieldValidation=Strict`, { method: 'PUT', body })
    expect(strict.body.message).toBe(
      'Scale in version "v1" cannot be handled as a Scale: strict decoding error: unknown field "spec.y"',
    )
  })

  it('tells apart no replicas and what a patch leaves as it is (invalidSpecReplicas)', async () => {
    const headers = { 'content-type': MERGE }
    const path = `${BOATS}/none/scale?dryRun=All`
    const left = await ask(path, { method: 'PATCH', body: {}, headers })
    expect([left.code, left.body.message]).toEqual([400, 'the spec replicas field ".spec.replicas" cannot be empty'])
    const set = await ask(path, { method: 'PATCH', body: { spec: { replicas: 3 } }, headers })
    expect(set.body.spec).toEqual({ replicas: 3 })
  })

  it.each([
    [DEPLOY, ['a', 1, 0], [undefined, 'string']],
    [BOATS, ['a', 2, 0], ['name', 'date']],
  ])('of %s is shown as a table (printScale, newScaleTableConvertor)', async (path, cells, [format = '', age]) => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const { body } = await ask(`${path}/a/scale`, { headers: { accept } })
    expect(body.rows[0].cells.slice(0, 3)).toEqual(cells)
    expect(body.columnDefinitions.map((c: Json) => [c.name, c.type, c.format])).toEqual([
      ['Name', 'string', format],
      ['Desired', 'integer', ''],
      ['Available', 'integer', ''],
      ['Age', age, ''],
    ])
  })
})
