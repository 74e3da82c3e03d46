import { describe, expect, it } from 'vitest'
import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import { systemRandom } from '../../machinery/random.ts'
import type { StoredObject } from '../api-object.ts'
import { converterOf } from './convert.ts'

const V1 = 'g.example/v1'
const V2 = 'g.example/v2'
const stored = {
  apiVersion: V1,
  kind: 'Boat',
  metadata: { name: 'a', namespace: 'n', uid: 'u', labels: { a: 'b' }, generation: 3 },
} as unknown as StoredObject
const good = { apiVersion: V2, kind: 'Boat', metadata: { name: 'a', namespace: 'n', uid: 'u' } }

type Answer = Record<string, unknown>

/** What becomes of an object when the webhook answers so; `edit` may spoil the answer. */
async function converted(objects: unknown[], edit: (review: Answer, response: Answer) => void = () => {}) {
  const definition = {
    spec: {
      group: 'g.example',
      names: { kind: 'Boat' },
      conversion: { strategy: 'Webhook', webhook: { clientConfig: {}, conversionReviewVersions: ['v1'] } },
    },
  } as unknown as CustomResourceDefinition
  const call = (_: unknown, asked: unknown) => {
    const { request, ...review } = asked as Answer & { request: { uid: string } }
    const response: Answer = { uid: request.uid, result: { status: 'Success' }, convertedObjects: objects }
    const answer: Answer = { ...review, response }
    edit(answer, response)
    return Promise.resolve(answer)
  }
  const convert = converterOf(definition, { call, random: systemRandom } as never)
  if (convert.sync) throw new Error('a webhook converts')
  return convert.all([stored], V2)
}

describe('what a conversion webhook may answer (webhookConverter.Convert)', () => {
  it('labels and annotations are its own, all other metadata stays (restoreObjectMeta)', async () => {
    const metadata = { ...good.metadata, annotations: { c: 'd' }, generation: 9, finalizers: ['x/y'] }
    expect(await converted([{ ...good, metadata, spec: {} }])).toEqual([
      { ...good, spec: {}, metadata: { ...good.metadata, generation: 3, annotations: { c: 'd' } } },
    ])
  })

  const with_ = (more: object) => [{ ...good, metadata: { ...good.metadata, ...more } }]
  const wrong: readonly [objects: unknown[], message: string][] = [
    [[], 'returned 0 objects, expected 1'],
    [
      [{ ...good, apiVersion: V1 }],
      `returned invalid object at index 0: invalid groupVersion (expected ${V2}, received ${V1})`,
    ],
    [[{ ...good, kind: 'Ship' }], 'returned invalid object at index 0: invalid kind (expected Boat, received Ship)'],
    [with_({ name: 'b' }), 'returned invalid object: must have the same name: a != b'],
    [with_({ namespace: 'm' }), 'returned invalid object: must have the same namespace: n != m'],
    [with_({ uid: 'v' }), 'returned invalid object: must have the same UID: u != v'],
    [[{ ...good, metadata: undefined }], 'returned invalid object: must have the same name: a != '],
    [
      with_({ labels: [] }),
      'returned invalid metadata: invalid metadata.labels of type []interface {} in converted object',
    ],
    [
      with_({ labels: { a: 1 } }),
      'returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object',
    ],
    [with_({ annotations: { 'a b': '' } }), 'returned invalid metadata: metadata.annotation: Invalid value: "a b": '],
  ]
  it.each(wrong)('%j: %s', async (objects, message) => {
    await expect(converted(objects)).rejects.toThrow(`conversion webhook for ${V1}, Kind=Boat ${message}`)
  })

  const failures: readonly [edit: (review: Answer, response: Answer) => void, message: string][] = [
    [(_, response) => Object.assign(response, { uid: 'x' }), 'expected response.uid='],
    [(_, response) => Object.assign(response, { result: { message: 'no' } }), 'no'],
    [(_, response) => Object.assign(response, { result: {} }), "response.result.status was '', not 'Success'"],
    [(review) => Object.assign(review, { response: undefined }), 'no response provided'],
    [
      (review) => Object.assign(review, { apiVersion: 'apiextensions.k8s.io/v1beta1' }),
      'converting (v1beta1.ConversionReview) to (v1.ConversionReview): unknown conversion',
    ],
  ]
  it.each(failures)('a review that is %s fails: %s', async (edit, message) => {
    await expect(converted([good], edit)).rejects.toThrow(`conversion webhook for ${V1}, Kind=Boat failed: ${message}`)
  })
})
