// Every way in which a conversion webhook may answer, wrong ones first of all.

import { say, type Way } from './conversion-support.ts'
import type { Json } from './support.ts'

/** The good answer, changed. */
const answered =
  (change: (good: Json, review: Json) => void): Way =>
  (good, answer, _request, asked) => {
    const made = structuredClone(good)
    change(made, asked)
    say(answer, made)
  }
/** The good answer with other fields; undefined takes one away. */
const review = (fields: object) => answered((good) => Object.assign(good, fields))
const response = (fields: object) => answered((good) => Object.assign(good.response, fields))
/** The good answer with other objects. */
const objects = (change: (object: Json) => Json) =>
  answered((good) => {
    good.response.convertedObjects = good.response.convertedObjects.map(change)
  })
const object = (fields: object) => objects((good) => ({ ...good, ...fields }))
const metadata = (fields: object) => objects((good) => ({ ...good, metadata: { ...good.metadata, ...fields } }))
const spec = (fields: object) => objects((good) => ({ ...good, spec: { ...good.spec, ...fields } }))
/** An answer that is no review. */
const raw =
  (code: number, headers: Record<string, string>, text: string): Way =>
  (_good, answer) => {
    answer.writeHead(code, headers)
    answer.end(text)
  }
/** The good answer with another head. */
const headed =
  (code: number, headers: Record<string, string>): Way =>
  (good, answer) => {
    answer.writeHead(code, headers)
    answer.end(JSON.stringify(good))
  }
const JSON_TYPE = { 'content-type': 'application/json' }
const TEXT_TYPE = { 'content-type': 'text/plain' }
const STATUS = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'no way', reason: 'Conflict', code: 409 }

/** Every way to answer, by name. */
export const WAYS: Readonly<Record<string, Way>> = {
  'other-uid': response({ uid: 'x' }),
  'no-uid': response({ uid: undefined }),
  'uid-number': response({ uid: 1 }),
  'other-kind': review({ kind: 'AdmissionReview' }),
  'no-kind': review({ kind: undefined }),
  'no-version': review({ apiVersion: undefined }),
  'other-version': review({ apiVersion: 'apiextensions.k8s.io/v1beta1' }),
  'other-group': review({ apiVersion: 'other.io/v1' }),
  'odd-version': review({ apiVersion: 'a/b/c' }),
  'kind-number': review({ kind: 1 }),
  'no-response': review({ response: undefined }),
  'null-response': review({ response: null }),
  'text-response': review({ response: 'x' }),
  'no-result': response({ result: undefined }),
  'text-result': response({ result: 'x' }),
  failure: response({ result: { status: 'Failure', message: 'out of wood' } }),
  'failure-mute': response({ result: { status: 'Failure' } }),
  'failure-reason': response({ result: { status: 'Failure', reason: 'Forbidden', code: 403 } }),
  'success-lower': response({ result: { status: 'success', message: 'yes' } }),
  fewer: response({ convertedObjects: [] }),
  'no-objects': response({ convertedObjects: undefined }),
  'text-objects': response({ convertedObjects: 'x' }),
  more: answered((good) => {
    good.response.convertedObjects.push(good.response.convertedObjects[0])
  }),
  'object-null': objects(() => null),
  'object-text': objects(() => 'x'),
  'object-list': objects(() => []),
  'object-empty': objects(() => ({})),
  'object-no-kind': object({ kind: undefined }),
  'object-no-version': object({ apiVersion: undefined }),
  'object-kind-number': object({ kind: 1 }),
  'object-version-number': object({ apiVersion: 1 }),
  'object-other-kind': object({ kind: 'Ship' }),
  'object-same-version': answered((good, review) => {
    good.response.convertedObjects = review.request.objects
  }),
  'object-odd-version': object({ apiVersion: 'a/b/c' }),
  'no-metadata': object({ metadata: undefined }),
  'null-metadata': object({ metadata: null }),
  'text-metadata': object({ metadata: 'x' }),
  'other-name': metadata({ name: 'other' }),
  'no-name': metadata({ name: undefined }),
  'name-number': metadata({ name: 1 }),
  'other-namespace': metadata({ namespace: 'other' }),
  'other-object-uid': metadata({ uid: 'x' }),
  'more-metadata': metadata({
    finalizers: ['a/b'],
    generation: 7,
    resourceVersion: '9',
    ownerReferences: 'x',
    managedFields: [],
    labels: { made: 'here' },
    annotations: { made: 'here' },
  }),
  'labels-text': metadata({ labels: 'x' }),
  'labels-number': metadata({ labels: { a: 1 } }),
  'labels-null': metadata({ labels: { a: null } }),
  'labels-list': metadata({ labels: { a: [true, 1.5] } }),
  'labels-wrong': metadata({ labels: { 'a b': 'c d' } }),
  'labels-of-null': metadata({ labels: null }),
  'annotations-wrong': metadata({ annotations: { 'a b': 'c d' } }),
  'annotations-true': metadata({ annotations: { a: true } }),
  'annotations-half': metadata({ annotations: { a: 1.5, b: {} } }),
  'other-field': spec({ odd: 1 }),
  'wrong-value': spec({ n: 'x' }),
  'no-spec': object({ spec: undefined }),
  'no-json': raw(200, JSON_TYPE, '{'),
  yaml: raw(200, JSON_TYPE, 'kind: ConversionReview\nresponse: {}'),
  'no-yaml': raw(200, JSON_TYPE, 'kind: [\n'),
  'no-json-text': raw(200, TEXT_TYPE, 'hello'),
  'no-json-list': raw(200, JSON_TYPE, '[]'),
  'json-null': raw(200, JSON_TYPE, 'null'),
  'json-text': raw(200, JSON_TYPE, '"x"'),
  empty: raw(200, JSON_TYPE, ''),
  'no-content': raw(204, {}, ''),
  status: raw(200, JSON_TYPE, JSON.stringify(STATUS)),
  'type-text': headed(200, TEXT_TYPE),
  'type-protobuf': headed(200, { 'content-type': 'application/vnd.kubernetes.protobuf' }),
  'type-yaml': headed(200, { 'content-type': 'application/yaml' }),
  'type-odd': headed(200, { 'content-type': 'a b;;' }),
  'type-none': headed(200, {}),
  'type-half': headed(200, { 'content-type': 'application' }),
  'type-more': headed(200, { 'content-type': 'application/json/x' }),
  'type-empty': headed(200, { 'content-type': ';' }),
  created: headed(201, JSON_TYPE),
  partial: headed(206, JSON_TYPE),
  odd: headed(226, JSON_TYPE),
  'code-300': raw(300, TEXT_TYPE, 'broken'),
  'code-302': raw(302, { ...TEXT_TYPE, location: '/good' }, 'moved'),
  'code-307': raw(307, { ...TEXT_TYPE, location: '/good' }, 'moved'),
  'code-308-none': raw(308, TEXT_TYPE, 'moved'),
  'code-400': raw(400, TEXT_TYPE, 'broken'),
  'code-401': raw(401, TEXT_TYPE, 'broken'),
  'code-403': raw(403, TEXT_TYPE, 'broken'),
  'code-403-mute': raw(403, TEXT_TYPE, ''),
  'code-404': raw(404, TEXT_TYPE, 'broken'),
  'code-405': raw(405, TEXT_TYPE, 'broken'),
  'code-406': raw(406, TEXT_TYPE, 'broken'),
  'code-409': raw(409, TEXT_TYPE, 'broken'),
  'code-409-status': raw(409, JSON_TYPE, JSON.stringify(STATUS)),
  'code-410': raw(410, TEXT_TYPE, 'broken'),
  'code-413': raw(413, TEXT_TYPE, 'broken'),
  'code-415': raw(415, TEXT_TYPE, 'broken'),
  'code-418': raw(418, TEXT_TYPE, 'broken'),
  'code-422': raw(422, TEXT_TYPE, 'broken'),
  'code-429': raw(429, TEXT_TYPE, 'broken'),
  'code-500': raw(500, TEXT_TYPE, 'broken'),
  'code-500-html': raw(500, { 'content-type': 'text/html' }, '<h1>broken</h1>'),
  'code-500-status': raw(500, JSON_TYPE, JSON.stringify({ ...STATUS, code: 500, reason: 'InternalError' })),
  'code-501': raw(501, TEXT_TYPE, 'broken'),
  'code-503': raw(503, TEXT_TYPE, 'broken'),
  'code-504': raw(504, TEXT_TYPE, 'broken'),
  'hang-up': (_good, answer) => {
    answer.destroy()
  },
  'half-an-answer': (_good, answer) => {
    answer.writeHead(200, { ...JSON_TYPE, 'content-length': '1000' })
    answer.write('{"kind"', () => answer.destroy())
  },
}
