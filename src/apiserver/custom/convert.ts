// Objects of one version of a custom resource in another: by name alone, or by asking a webhook.
// Spec: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-conversion

import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import { aggregated } from '../../machinery/aggregated.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { type FieldError, serverProblem } from '../../machinery/errors.ts'
import { typeName } from '../../machinery/go/value.ts'
import type { Random } from '../../machinery/random.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { type ApiObject, isRecord, type StoredObject } from '../api-object.ts'
import { validateAnnotations, validateLabels } from '../registry/metadata.ts'
import { notAMap } from '../registry/patch.ts'
import { type ReviewKind, reviewProblem } from '../webhook-answer.ts'
import type { CallWebhook } from '../webhook-call.ts'

/** Gives objects in `apiVersion`. `sync` when it only takes their names to be changed. */
export type Convert =
  | { readonly sync: true; one(object: StoredObject, apiVersion: string): StoredObject }
  | { readonly sync: false; all(objects: readonly StoredObject[], apiVersion: string): Promise<StoredObject[]> }

/** The same object under another version's name. */
export function renamed(object: StoredObject, apiVersion: string): StoredObject {
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion }
}

/** How a definition wants its objects converted. */
export function converterOf(
  { spec }: DeepReadonly<CustomResourceDefinition>,
  options: { readonly call: CallWebhook; readonly random: Random },
): Convert {
  const { conversion, group, names } = spec
  const webhook = conversion?.strategy === 'Webhook' ? conversion.webhook : undefined
  const client = webhook?.clientConfig
  if (!webhook || !client) return { sync: true, one: renamed }
  const review = webhook.conversionReviewVersions.find((v) => v === 'v1' || v === 'v1beta1') ?? 'v1'
  return {
    sync: false,
    async all(objects, apiVersion) {
      const uid = options.random.uuid()
      const request = { uid, desiredAPIVersion: apiVersion, objects }
      const subject = `${objects[0]?.apiVersion ?? `${group}/`}, Kind=${names.kind}`
      const failed = (what: string, cause: unknown) => {
        return serverProblem(`conversion webhook for ${subject} ${what}`, { cause })
      }
      let converted: unknown[]
      try {
        const answer = await options.call(client, {
          kind: 'ConversionReview',
          apiVersion: `apiextensions.k8s.io/${review}`,
          request,
        })
        converted = readReview(answer, { uid, review })
      } catch (error) {
        throw failed(`failed: ${error instanceof Error ? error.message : String(error)}`, error)
      }
      try {
        return checked(objects, converted, apiVersion)
      } catch (error) {
        if (error instanceof NoObject) throw serverProblem(error.message, { cause: error })
        if (!(error instanceof BadConversion)) throw error
        throw failed(`returned ${error.message}`, error)
      }
    },
  }
}

const REVIEW: Omit<ReviewKind, 'version'> = {
  group: 'apiextensions.k8s.io',
  kind: 'ConversionReview',
  fields: {
    'ConversionReview.response': { is: 'object', go: 'v1.ConversionResponse' },
    'ConversionResponse.response.uid': { is: 'string', go: 'types.UID' },
    'ConversionResponse.response.result': { is: 'object', go: 'v1.Status' },
    'ConversionResponse.response.convertedObjects': { is: 'array', go: '[]runtime.RawExtension' },
  },
}

function readReview(answer: unknown, expected: { uid: string; review: string }): unknown[] {
  const unreadable = reviewProblem(answer, { ...REVIEW, version: expected.review })
  if (unreadable !== undefined) throw new Error(unreadable)
  const { apiVersion = '/', kind = '', response } = answer as Record<string, unknown>
  const own = `${REVIEW.group}/${expected.review}`
  // The old review never had these two checked.
  const strict = expected.review === 'v1'
  if (strict && (apiVersion !== own || kind !== REVIEW.kind)) {
    throw new Error(`expected webhook response of ${own}, Kind=${REVIEW.kind}, got ${apiVersion || '/'}, Kind=${kind}`)
  }
  if (!isRecord(response)) throw new Error('no response provided')
  if (strict && response.uid !== expected.uid) {
    throw new Error(`expected response.uid=${JSON.stringify(expected.uid)}, got ${JSON.stringify(response.uid ?? '')}`)
  }
  const { status = '', message } = isRecord(response.result) ? response.result : {}
  if (status !== 'Success') {
    throw new Error(
      typeof message === 'string' && message !== '' ? message : `response.result.status was '${status}', not 'Success'`,
    )
  }
  return Array.isArray(response.convertedObjects) ? response.convertedObjects : []
}

/** What a webhook returned is not what it was asked for; the message says what it returned. */
class BadConversion extends Error {}

/** What a webhook returned is not even an object of some kind: upstream does not say then who returned it. */
class NoObject extends Error {}

/** What came back, each with the metadata it must keep. */
function checked(objects: readonly StoredObject[], converted: readonly unknown[], apiVersion: string): StoredObject[] {
  if (converted.length !== objects.length) {
    throw new BadConversion(`${converted.length} objects, expected ${objects.length}`)
  }
  return objects.map((original, i) => {
    const one = converted[i]
    if (one === null) throw new NoObject('unexpected end of JSON input')
    if (!isRecord(one)) throw new NoObject(notAMap(one))
    const given = typeof one.apiVersion === 'string' ? one.apiVersion : ''
    // Nothing is read of a kind whose version cannot be.
    if (typeof one.kind !== 'string' || one.kind === '' || given.split('/').length > 2) {
      throw new NoObject(`Object 'Kind' is missing in '${JSON.stringify(one)}'`)
    }
    const unlike = (what: string, expected: string, received: string) =>
      new BadConversion(`invalid object at index 0: invalid ${what} (expected ${expected}, received ${received})`)
    if (given !== apiVersion) throw unlike('groupVersion', apiVersion, given)
    if (one.kind !== original.kind) throw unlike('kind', original.kind, one.kind)
    return { ...one, metadata: keptMetadata(original, one) } as unknown as StoredObject
  })
}

/** Of anything but a text nothing is seen. */
const textOf = (value: unknown) => (typeof value === 'string' ? value : '')

const KEPT = { name: 'name', namespace: 'namespace', uid: 'UID' } as const

/**
 * A webhook may change labels and annotations, and nothing else. Model: validateConvertedObject and restoreObjectMeta.
 */
function keptMetadata(original: StoredObject, converted: Record<string, unknown>): ApiObject['metadata'] {
  const given = isRecord(converted.metadata) ? converted.metadata : {}
  for (const key of ['name', 'namespace', 'uid'] as const) {
    const [own, theirs] = [original.metadata[key] ?? '', textOf(given[key])]
    if (own !== theirs) throw new BadConversion(`invalid object: must have the same ${KEPT[key]}: ${own} != ${theirs}`)
  }
  const { labels, annotations, ...metadata } = original.metadata
  return {
    ...metadata,
    ...strings('labels', labels, given.labels, (values) => validateLabels(values, 'metadata.labels')),
    ...strings('annotations', annotations, given.annotations, (values) =>
      validateAnnotations(values, 'metadata.annotation'),
    ),
  } as ApiObject['metadata']
}

/** The labels or annotations that came back, judged only when they are not what they were. */
function strings(
  name: string,
  before: Readonly<Record<string, string>> | undefined,
  after: unknown,
  problemsOf: (values: Readonly<Record<string, string>>) => readonly FieldError[],
): object {
  if (after === undefined || after === null) return {}
  if (!isRecord(after)) {
    throw new BadConversion(`invalid metadata: invalid metadata.${name} of type ${typeName(after)} in converted object`)
  }
  for (const [key, value] of Object.entries(after)) {
    if (typeof value === 'string') continue
    const text = `metadata.${name}[${key}] must be a string, but is ${typeName(value)} in converted object`
    throw new BadConversion(`invalid metadata: ${text}`)
  }
  const values = after as Record<string, string>
  const problems = sameJson(before ?? {}, values) ? [] : problemsOf(values)
  if (problems.length > 0)
    throw new BadConversion(
      `invalid metadata: ${aggregated(problems.map(({ path, message }) => `${path}: ${message}`))}`,
    )
  return Object.keys(values).length > 0 ? { [name]: values } : {}
}
