// What every verb answers about objects of custom resources, whole. Model: pkg/registry/customresource and
// pkg/apiserver, customresource_handler, of k8s.io/apiextensions-apiserver.

import { describe, expect, it } from 'vitest'
import { useServer } from '../access-support.ts'
import { boats, CRDS, type Json } from './support.ts'

const call = useServer()
const GROUP = 'req.example'
const PATH = `/apis/${GROUP}/v1/namespaces/default/boats`
const type = (media: string) => ({ 'content-type': media })
const MERGE = type('application/merge-patch+json')
const JSON_PATCH = type('application/json-patch+json')
const APPLY = type('application/apply-patch+yaml')
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }
const PARTIAL = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' }
const PARTIALS = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' }

const text = { type: 'string' }
const SPEC = {
  type: 'object',
  properties: {
    a: text,
    n: { type: 'integer', default: 3 },
    port: { 'x-kubernetes-int-or-string': true },
    tags: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
    flat: { type: 'array', items: text },
    parts: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name', 'side'],
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: text, side: { type: 'string', default: 'left' }, size: { type: 'integer' } },
      },
    },
    whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { x: text, y: text } },
    labels: { type: 'object', additionalProperties: text },
    open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { known: text } },
    inner: {
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      'x-kubernetes-preserve-unknown-fields': true,
    },
    tight: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } },
    when: { type: 'string', format: 'date-time' },
    ok: { type: 'boolean' },
    rate: { type: 'number' },
    maybe: { type: 'string', nullable: true },
    selector: text,
  },
}
const COLUMNS = [
  { name: 'A', type: 'string', jsonPath: '.spec.a' },
  { name: 'N', type: 'integer', jsonPath: '.spec.n', priority: 1, description: 'how many' },
  { name: 'Rate', type: 'number', format: 'double', jsonPath: '.spec.rate' },
  { name: 'Ok', type: 'boolean', jsonPath: '.spec.ok' },
  { name: 'When', type: 'date', jsonPath: '.spec.when' },
  { name: 'Parts', type: 'string', jsonPath: '.spec.parts[*].name' },
  { name: 'Part', type: 'string', jsonPath: '.spec.parts[?(@.side=="left")].name' },
  { name: 'Whole', type: 'string', jsonPath: '.spec.whole' },
  { name: 'Port', type: 'string', jsonPath: '.spec.port' },
  { name: 'PortI', type: 'integer', jsonPath: '.spec.port' },
  { name: 'Last', type: 'string', jsonPath: '.spec.flat[-1:]' },
  { name: 'Flat', type: 'string', jsonPath: '.spec.flat' },
  { name: 'OkText', type: 'string', jsonPath: '.spec.ok' },
  { name: 'NText', type: 'string', jsonPath: '.spec.n' },
  { name: 'RateI', type: 'integer', jsonPath: '.spec.rate' },
  { name: 'None', type: 'string', jsonPath: '.spec.none' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
]

const boat = (name: string, spec: Json = {}, more: Json = {}) => ({
  apiVersion: `${GROUP}/v1`,
  kind: 'Boat',
  metadata: { name, ...more.metadata },
  spec,
  ...('status' in more ? { status: more.status } : {}),
})

it('is defined', async () => {
  const definition = boats(GROUP, (d) => {
    Object.assign(d.spec.names, { shortNames: ['bt'], categories: ['all'] })
    const [v1] = d.spec.versions
    v1.schema.openAPIV3Schema.properties.spec = SPEC
    v1.schema.openAPIV3Schema.properties.status = {
      type: 'object',
      properties: { replicas: { type: 'integer' }, selector: text, phase: { type: 'string', enum: ['a', 'b'] } },
    }
    v1.subresources = {
      status: {},
      scale: {
        specReplicasPath: '.spec.n',
        statusReplicasPath: '.status.replicas',
        labelSelectorPath: '.status.selector',
      },
    }
    v1.additionalPrinterColumns = COLUMNS
    v1.selectableFields = [{ jsonPath: '.spec.a' }, { jsonPath: '.spec.n' }]
    d.spec.versions.push({ ...structuredClone(v1), name: 'v2', storage: false, deprecated: true })
    d.spec.versions.push({ ...structuredClone(v1), name: 'v3', storage: false, served: false })
  })
  expect((await call(CRDS, { body: definition })).code).toBe(201)
  await expect.poll(async () => (await call(PATH)).code).toBe(200)
})

type Step = readonly [what: string, path: string, options: Json, code: number]
const steps: readonly Step[] = [
  [
    'create: everything',
    '',
    {
      body: boat(
        'all',
        {
          a: 'x',
          port: '80%',
          tags: ['p', 'q'],
          flat: ['f', 'g'],
          parts: [
            { name: 'mast', size: 1 },
            { name: 'mast', side: 'right' },
          ],
          whole: { x: '1' },
          labels: { l: 'm' },
          open: { known: 'k', other: { deep: [1, null] } },
          inner: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', odd: 1 }, spec: { q: 1 } },
          when: '2024-01-01T00:00:00Z',
          ok: true,
          rate: 1.5,
          maybe: null,
        },
        { status: { phase: 'a' } },
      ),
    },
    201,
  ],
  [
    'create: with generation and more of the server',
    '',
    {
      body: boat(
        'gen',
        { a: 'y' },
        {
          metadata: {
            generation: 7,
            uid: '11111111-1111-1111-1111-111111111111',
            creationTimestamp: '2020-01-01T00:00:00Z',
            selfLink: '/x',
            deletionTimestamp: '2020-01-01T00:00:00Z',
            deletionGracePeriodSeconds: 3,
          },
        },
      ),
    },
    201,
  ],
  ['create: a resource version', '', { body: boat('rv', {}, { metadata: { resourceVersion: '5' } }) }, 500],
  ['create: another namespace', '', { body: boat('ns', {}, { metadata: { namespace: 'other' } }) }, 400],
  ['create: no name', '', { body: { ...boat('x'), metadata: {} } }, 422],
  ['create: a bad name', '', { body: boat('A_b') }, 422],
  ['create: bad labels', '', { body: boat('labels', {}, { metadata: { labels: { 'a b': 'c d' } } }) }, 422],
  ['create: metadata of another type', '', { body: boat('meta', {}, { metadata: { labels: { a: 1 } } }) }, 400],
  ['create: metadata is text', '', { body: { ...boat('x'), metadata: 'x' } }, 400],
  ['create: metadata is null', '', { body: { ...boat('x'), metadata: null } }, 422],
  ['create: unknown metadata', '?fieldValidation=Strict', { body: boat('odd', {}, { metadata: { odd: 1 } }) }, 400],
  [
    'create: unknown fields, strictly',
    '?fieldValidation=Strict',
    { body: boat('odd', { z: 1, whole: { z: 1 }, parts: [{ name: 'a', z: 1 }], labels: { a: 'b' }, open: { z: 1 } }) },
    400,
  ],
  [
    'create: unknown fields, warned of',
    '?fieldValidation=Warn&dryRun=All',
    { body: boat('odd', { z: 1, y: { x: 1 } }) },
    201,
  ],
  [
    'create: unknown fields within an embedded',
    '?fieldValidation=Strict',
    {
      body: boat('odd', {
        inner: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', odd: 1 } },
        tight: { apiVersion: 'v1', kind: 'Pod', z: 1 },
      }),
    },
    400,
  ],
  [
    'create: fields twice',
    '?fieldValidation=Strict',
    {
      body: `{"apiVersion":"${GROUP}/v1","kind":"Boat","metadata":{"name":"twice"},"spec":{"a":"1","a":"2"}}`,
      headers: type('application/json'),
    },
    400,
  ],
  ['create: no kind', '', { body: { apiVersion: `${GROUP}/v1`, metadata: { name: 'x' } } }, 400],
  ['create: another kind', '', { body: { ...boat('x'), kind: 'Ship' } }, 422],
  ['create: another version', '', { body: { ...boat('x'), apiVersion: `${GROUP}/v2` } }, 400],
  ['create: another group', '', { body: { ...boat('x'), apiVersion: 'other/v1' } }, 400],
  ['create: no apiVersion', '?dryRun=All', { body: { kind: 'Boat', metadata: { name: 'x' } } }, 400],
  ['create: no object', '', { body: '[]', headers: type('application/json') }, 400],
  ['create: no JSON', '', { body: '{', headers: type('application/json') }, 400],
  ['create: embedded without a kind', '', { body: boat('in', { inner: { metadata: {} } }) }, 422],
  ['create: embedded of other types', '', { body: boat('in', { inner: { apiVersion: 1, kind: 'Pod' } }) }, 400],
  [
    'create: embedded metadata of other types',
    '',
    { body: boat('in', { inner: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 1 } } }) },
    400,
  ],
  [
    'create: embedded metadata that is wrong',
    '',
    { body: boat('in', { inner: { apiVersion: 'a/b/c', kind: 'Po d' } }) },
    422,
  ],
  [
    'create: values of other types',
    '',
    {
      body: boat('wrong', {
        a: 1,
        n: 'x',
        port: true,
        tags: ['a', 'a'],
        parts: [{ name: 'a' }, { name: 'a' }],
        when: 'never',
        ok: 'no',
        rate: 'fast',
      }),
    },
    422,
  ],
  [
    'create: null where none may be',
    '?dryRun=All',
    { body: boat('nulls', { a: null, n: null, tags: null, labels: { a: null }, flat: [null] }) },
    422,
  ],
  ['create: a set of duplicates', '', { body: boat('dup', { tags: ['a', 'b', 'a'] }) }, 422],
  ['create: replicas below zero', '', { body: boat('neg', { n: -1 }) }, 422],
  ['create: replicas too large', '', { body: boat('neg', { n: 3000000000 }) }, 422],
  ['create: again', '', { body: boat('all') }, 409],
  ['create: owners and finalizers', '', { body: boat('fin', {}, { metadata: { finalizers: ['a/b', 'plain'] } }) }, 201],
  ['create: in the other version', '@v2', { body: { ...boat('two', { a: 'z' }), apiVersion: `${GROUP}/v2` } }, 201],
  ['create: in the version that is not served', '@v3', { body: { ...boat('x'), apiVersion: `${GROUP}/v3` } }, 404],
  ['create: under a name', '/x', { body: boat('x') }, 201],
  ['get', '/all', {}, 200],
  ['get: in the other version', '@v2/all', {}, 200],
  ['get: as a table', '/all', { headers: TABLE }, 200],
  ['get: only metadata', '/all', { headers: PARTIAL }, 200],
  ['get: yaml', '/all', { headers: { accept: 'application/yaml' } }, 200],
  ['get: protobuf alone', '/all', { headers: { accept: 'application/vnd.kubernetes.protobuf' } }, 406],
  ['get: none', '/none', {}, 404],
  ['get: of another namespace', '~/apis/req.example/v1/namespaces/other/boats/all', {}, 404],
  ['get: without a namespace', '~/apis/req.example/v1/boats/all', {}, 404],
  ['get: a subresource that there is not', '/all/odd', {}, 404],
  ['list', '', {}, 200],
  ['list: of all namespaces', '~/apis/req.example/v1/boats', {}, 200],
  ['list: limited', '?limit=2', {}, 200],
  ['list: as a table', '', { headers: TABLE }, 200],
  ['list: as a table, with objects', '?includeObject=Object', { headers: TABLE }, 200],
  ['list: as a table, limited', '?limit=1&includeObject=None', { headers: TABLE }, 200],
  ['list: only metadata', '', { headers: PARTIALS }, 200],
  ['list: by field', '?fieldSelector=spec.a%3Dx', {}, 200],
  ['list: by a number', '?fieldSelector=spec.n%3D3', {}, 200],
  ['list: by a field that cannot be selected', '?fieldSelector=spec.ok%3Dtrue', {}, 400],
  ['list: by name', '?fieldSelector=metadata.name%3Dall', {}, 200],
  ['list: by label', '?labelSelector=a%3Db', {}, 200],
  ['list: yaml', '', { headers: { accept: 'application/yaml' } }, 200],
  ['list: nothing in the version that is not served', '@v3', {}, 404],
  ['put', '/all', { method: 'PUT', body: boat('all', { a: 'w' }) }, 422],
  ['put: of another name', '/all', { method: 'PUT', body: boat('other') }, 400],
  ['put: none', '/none', { method: 'PUT', body: boat('none', {}, { metadata: { resourceVersion: '1' } }) }, 404],
  ['put: none, unconditionally', '/none', { method: 'PUT', body: boat('none') }, 404],
  [
    'put: another uid',
    '/gen',
    { method: 'PUT', body: boat('gen', {}, { metadata: { uid: 'x', resourceVersion: '1' } }) },
    409,
  ],
  [
    'patch: merge',
    '/all',
    { method: 'PATCH', headers: MERGE, body: { spec: { a: 'm', labels: { l: null, k: 'v' } } } },
    200,
  ],
  ['patch: merge that changes nothing', '/all', { method: 'PATCH', headers: MERGE, body: { spec: { a: 'm' } } }, 200],
  ['patch: merge of what is wrong', '/all', { method: 'PATCH', headers: MERGE, body: { spec: { n: 'x' } } }, 422],
  [
    'patch: merge of what is unknown',
    '/all?fieldValidation=Strict',
    { method: 'PATCH', headers: MERGE, body: { spec: { zz: 1 } } },
    422,
  ],
  ['patch: merge of a name', '/all', { method: 'PATCH', headers: MERGE, body: { metadata: { name: 'other' } } }, 400],
  [
    'patch: merge of status is passed over',
    '/all',
    { method: 'PATCH', headers: MERGE, body: { status: { phase: 'b' } } },
    200,
  ],
  [
    'patch: json',
    '/all',
    { method: 'PATCH', headers: JSON_PATCH, body: '[{"op":"add","path":"/spec/tags/-","value":"r"}]' },
    200,
  ],
  [
    'patch: json that does not fit',
    '/all',
    { method: 'PATCH', headers: JSON_PATCH, body: '[{"op":"remove","path":"/spec/nothing"}]' },
    422,
  ],
  [
    'patch: strategic',
    '/all',
    { method: 'PATCH', headers: type('application/strategic-merge-patch+json'), body: { spec: {} } },
    415,
  ],
  ['patch: none', '/none', { method: 'PATCH', headers: MERGE, body: {} }, 404],
  [
    'apply: new',
    '/applied?fieldManager=one',
    {
      method: 'PATCH',
      headers: APPLY,
      body: boat('applied', {
        a: 'x',
        tags: ['p', 'q'],
        flat: ['f'],
        parts: [
          { name: 'mast', size: 1 },
          { name: 'keel', side: 'right' },
        ],
        whole: { x: '1' },
        labels: { l: 'm' },
        open: { other: { deep: 1 } },
      }),
    },
    201,
  ],
  [
    'apply: another manager adds',
    '/applied?fieldManager=two',
    {
      method: 'PATCH',
      headers: APPLY,
      body: boat('applied', {
        tags: ['q', 'r'],
        parts: [
          { name: 'mast', ok: 1 },
          { name: 'sail', size: 3 },
        ],
        labels: { k: 'v' },
      }),
    },
    500,
  ],
  [
    'apply: conflicts',
    '/applied?fieldManager=two',
    {
      method: 'PATCH',
      headers: APPLY,
      body: boat('applied', { a: 'y', flat: ['g'], whole: { y: '2' }, parts: [{ name: 'mast', size: 2 }] }),
    },
    409,
  ],
  [
    'apply: forced',
    '/applied?fieldManager=two&force=true',
    {
      method: 'PATCH',
      headers: APPLY,
      body: boat('applied', { a: 'y', flat: ['g'], whole: { y: '2' }, parts: [{ name: 'mast', size: 2 }] }),
    },
    200,
  ],
  [
    'apply: given up',
    '/applied?fieldManager=one',
    { method: 'PATCH', headers: APPLY, body: boat('applied', { tags: ['p'] }) },
    200,
  ],
  [
    'apply: unknown fields',
    '/applied?fieldManager=one&fieldValidation=Strict',
    { method: 'PATCH', headers: APPLY, body: boat('applied', { zz: 1 }) },
    500,
  ],
  [
    'apply: unknown fields are dropped',
    '/applied?fieldManager=one',
    { method: 'PATCH', headers: APPLY, body: boat('applied', { zz: 1, tags: ['p'] }) },
    500,
  ],
  [
    'apply: duplicates',
    '/applied?fieldManager=one',
    { method: 'PATCH', headers: APPLY, body: boat('applied', { tags: ['p', 'p'] }) },
    500,
  ],
  [
    'apply: duplicate keys',
    '/applied?fieldManager=one',
    { method: 'PATCH', headers: APPLY, body: boat('applied', { parts: [{ name: 'a' }, { name: 'a' }] }) },
    500,
  ],
  [
    'apply: another type',
    '/applied?fieldManager=one',
    { method: 'PATCH', headers: APPLY, body: boat('applied', { tags: 'x' }) },
    500,
  ],
  [
    'apply: keys that are missing',
    '/applied?fieldManager=one',
    { method: 'PATCH', headers: APPLY, body: boat('applied', { parts: [{ size: 1 }] }) },
    422,
  ],
  [
    'apply: nulls',
    '/applied?fieldManager=one',
    { method: 'PATCH', headers: APPLY, body: boat('applied', { a: null, tags: null }) },
    409,
  ],
  ['apply: no manager', '/applied', { method: 'PATCH', headers: APPLY, body: boat('applied') }, 422],
  [
    'apply: in another version',
    '@v2/applied?fieldManager=one',
    { method: 'PATCH', headers: APPLY, body: { ...boat('applied', { tags: ['z'] }), apiVersion: `${GROUP}/v2` } },
    200,
  ],
  [
    'apply: of another version',
    '/applied?fieldManager=one',
    { method: 'PATCH', headers: APPLY, body: { ...boat('applied'), apiVersion: `${GROUP}/v2` } },
    400,
  ],
  [
    'apply: status',
    '/applied/status?fieldManager=three',
    { method: 'PATCH', headers: APPLY, body: { ...boat('applied'), status: { phase: 'a', replicas: 1 } } },
    200,
  ],
  ['status: get', '/all/status', {}, 200],
  [
    'status: merge',
    '/all/status',
    {
      method: 'PATCH',
      headers: MERGE,
      body: {
        metadata: { labels: { a: 'b' } },
        spec: { a: 'no' },
        status: { phase: 'a', replicas: 2, selector: 'a=b' },
      },
    },
    200,
  ],
  ['status: wrong', '/all/status', { method: 'PATCH', headers: MERGE, body: { status: { phase: 'c' } } }, 422],
  [
    'status: unknown',
    '/all/status?fieldValidation=Strict',
    { method: 'PATCH', headers: MERGE, body: { status: { zz: 'c' } } },
    422,
  ],
  ['status: put', '/all/status', { method: 'PUT', body: boat('all', {}, { status: { phase: 'b' } }) }, 422],
  ['status: post', '/all/status', { body: boat('all') }, 405],
  ['status: delete', '/all/status', { method: 'DELETE' }, 405],
  ['status: as a table', '/all/status', { headers: TABLE }, 200],
  ['scale: get', '/all/scale', {}, 200],
  [
    'scale: put',
    '/all/scale',
    {
      method: 'PUT',
      body: {
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: { name: 'all', namespace: 'default' },
        spec: { replicas: 5 },
      },
    },
    200,
  ],
  ['scale: merge', '/all/scale', { method: 'PATCH', headers: MERGE, body: { spec: { replicas: 6 } } }, 200],
  [
    'scale: json',
    '/all/scale',
    { method: 'PATCH', headers: JSON_PATCH, body: '[{"op":"replace","path":"/spec/replicas","value":7}]' },
    200,
  ],
  [
    'scale: apply',
    '/all/scale?fieldManager=hpa',
    {
      method: 'PATCH',
      headers: APPLY,
      body: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'all' }, spec: { replicas: 8 } },
    },
    409,
  ],
  ['scale: below zero', '/all/scale', { method: 'PATCH', headers: MERGE, body: { spec: { replicas: -1 } } }, 422],
  ['scale: another kind', '/all/scale', { method: 'PUT', body: boat('all') }, 400],
  [
    'scale: another version',
    '/all/scale',
    {
      method: 'PUT',
      body: { apiVersion: 'autoscaling/v2', kind: 'Scale', metadata: { name: 'all' }, spec: { replicas: 5 } },
    },
    400,
  ],
  [
    'scale: another name',
    '/all/scale',
    {
      method: 'PUT',
      body: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'other' }, spec: { replicas: 5 } },
    },
    400,
  ],
  ['scale: none', '/none/scale', {}, 404],
  ['scale: as a table', '/all/scale', { headers: TABLE }, 200],
  ['scale: post', '/all/scale', { body: {} }, 405],
  ['scale: in the other version', '@v2/all/scale', {}, 200],
  ['get: after all that', '/all', {}, 200],
  ['delete: with a uid of another', '/gen', { method: 'DELETE', body: { preconditions: { uid: 'x' } } }, 409],
  ['delete: dry run', '/gen?dryRun=All', { method: 'DELETE' }, 200],
  ['delete', '/gen', { method: 'DELETE' }, 200],
  ['delete: as metadata', '/two', { method: 'DELETE', headers: PARTIAL }, 200],
  ['delete: with a finalizer', '/fin', { method: 'DELETE' }, 200],
  ['delete: with a finalizer, again', '/fin', { method: 'DELETE' }, 200],
  [
    'delete: adding a finalizer',
    '/fin',
    { method: 'PATCH', headers: MERGE, body: { metadata: { finalizers: ['a/b', 'c/d'] } } },
    422,
  ],
  [
    'delete: the finalizers go',
    '/fin',
    { method: 'PATCH', headers: MERGE, body: { metadata: { finalizers: null } } },
    200,
  ],
  ['delete: none', '/none', { method: 'DELETE' }, 404],
  ['delete: foreground', '/applied', { method: 'DELETE', body: { propagationPolicy: 'Foreground' } }, 200],
  ['deletecollection: by label', '?labelSelector=a%3Dnone', { method: 'DELETE' }, 200],
  ['deletecollection', '', { method: 'DELETE' }, 200],
  ['list: empty', '', {}, 200],
  ['list: empty table', '', { headers: TABLE }, 200],
  ['discovery: the group', `~/apis/${GROUP}`, {}, 200],
  ['discovery: the version', `~/apis/${GROUP}/v1`, {}, 200],
  ['discovery: the other version', `~/apis/${GROUP}/v2`, {}, 200],
  ['discovery: a version that is not served', `~/apis/${GROUP}/v3`, {}, 404],
]

describe('one after the other', () => {
  for (const [what, at, options, code] of steps) {
    it(what, async () => {
      const [, version, rest] = /^@(v\d)(.*)$/.exec(at) ?? []
      const path = at.startsWith('~') ? at.slice(1) : version ? PATH.replace('/v1/', `/${version}/`) + rest : PATH + at
      const answer = await call(path, options)
      expect(answer.code).toBe(code)
    })
  }
})
