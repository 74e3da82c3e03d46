// Objects of one version of a custom resource in another: by name alone, or by asking a webhook.
// Spec: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-conversion

import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { StatusError } from '../../machinery/errors.ts'
import type { Random } from '../../machinery/random.ts'
import { type ApiObject, isRecord, type StoredObject } from '../api-object.ts'
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
      try {
        const answer = await options.call(client, {
          kind: 'ConversionReview',
          apiVersion: `apiextensions.k8s.io/${review}`,
          request,
        })
        const converted = readReview(answer, { uid, review })
        return checked(objects, converted, apiVersion)
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        const message = `conversion webhook for ${subject} failed: ${why}`
        throw new StatusError({ message, reason: '', code: 500 }, { cause: error })
      }
    },
  }
}

function readReview(answer: unknown, expected: { uid: string; review: string }): unknown[] {
  const response = isRecord(answer) ? answer.response : undefined
  if (!isRecord(answer) || !isRecord(response)) throw new Error('no response provided')
  const apiVersion = `apiextensions.k8s.io/${expected.review}`
  if (answer.apiVersion !== apiVersion || answer.kind !== 'ConversionReview') {
    throw new Error(
      `expected webhook response of ${apiVersion}, Kind=ConversionReview, got ${answer.apiVersion}, Kind=${answer.kind}`,
    )
  }
  if (expected.review === 'v1' && response.uid !== expected.uid) {
    throw new Error(`expected response.uid=${JSON.stringify(expected.uid)}, got ${JSON.stringify(response.uid)}`)
  }
  const result = isRecord(response.result) ? response.result : {}
  if (result.status !== 'Success') {
    throw new Error(typeof result.message === 'string' && result.message !== '' ? result.message : 'unknown error')
  }
  return Array.isArray(response.convertedObjects) ? response.convertedObjects : []
}

/** What came back, each with the metadata it must keep. */
function checked(objects: readonly StoredObject[], converted: readonly unknown[], apiVersion: string): StoredObject[] {
  if (converted.length !== objects.length) {
    throw new Error(`webhook returned ${converted.length} objects, expected ${objects.length}`)
  }
  return objects.map((original, i) => {
    const one = converted[i]
    if (!isRecord(one)) throw new Error(`invalid converted object at index ${i}: not an object`)
    if (one.apiVersion !== apiVersion) {
      throw new Error(
        `invalid converted object at index ${i}: invalid groupVersion: expected ${apiVersion}, got ${one.apiVersion}`,
      )
    }
    if (one.kind !== original.kind) {
      throw new Error(
        `invalid converted object at index ${i}: invalid kind: expected ${original.kind}, got ${one.kind}`,
      )
    }
    if (!isRecord(one.metadata)) {
      throw new Error(
        `invalid metadata of object at index ${i}: invalid metadata of type ${typeof one.metadata} in output object`,
      )
    }
    return { ...one, metadata: keptMetadata(original, one.metadata, i) } as unknown as StoredObject
  })
}

/** A webhook may change labels and annotations, and nothing else. */
function keptMetadata(original: StoredObject, given: Record<string, unknown>, i: number): ApiObject['metadata'] {
  for (const key of ['name', 'namespace', 'uid'] as const) {
    if ((given[key] ?? '') !== (original.metadata[key] ?? '')) {
      throw new Error(
        `invalid metadata of object at index ${i}: must have the same ${key}: ${original.metadata[key] ?? ''} != ${given[key] ?? ''}`,
      )
    }
  }
  const { labels: _, annotations: __, ...metadata } = original.metadata
  const out: Record<string, unknown> = { ...metadata }
  for (const key of ['labels', 'annotations']) {
    const value = given[key]
    if (isRecord(value) && Object.keys(value).length > 0) out[key] = value
  }
  return out as ApiObject['metadata']
}
