// AdmissionReview: what a webhook is asked, and what it may answer.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response

import type { Status } from '../../../api/generated/meta-v1.ts'
import { StatusError } from '../../../machinery/errors.ts'
import { isRecord, type StoredObject } from '../../api-object.ts'
import type { AdmissionAttributes } from '../admission.ts'
import { namespaceOf, type Seen } from '../dynamic/matching.ts'
import { operationOptions } from '../dynamic/options.ts'
import { kindSeen } from '../dynamic/shown-object.ts'

const GROUP = 'admission.k8s.io'

/** The first version that both sides know; undefined when there is none. */
export function reviewVersion(accepted: readonly string[]): 'v1' | 'v1beta1' | undefined {
  return accepted.find((version): version is 'v1' | 'v1beta1' => version === 'v1' || version === 'v1beta1')
}

/** The fields of a request that are not its objects. */
export function requestFields(attributes: AdmissionAttributes, seen: Seen) {
  const { resource, subresource, operation, user, dryRun, context, name } = attributes
  const own: Seen = { resource, version: context.version }
  const namespace = namespaceOf(attributes)
  const of = ({ resource: { resource: plural }, version }: Seen) => ({
    group: version.group,
    version: version.version,
    resource: plural,
  })
  return {
    kind: kindSeen(attributes, seen),
    resource: of(seen),
    ...(subresource === '' ? {} : { subResource: subresource }),
    requestKind: kindSeen(attributes, own),
    requestResource: of(own),
    ...(subresource === '' ? {} : { requestSubResource: subresource }),
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid ? { uid: user.uid } : {}),
      groups: user.groups,
      ...(user.extra ? { extra: user.extra } : {}),
    },
    dryRun,
    options: operationOptions(attributes),
  }
}

/** The body that is sent. Both versions have the same fields. */
export function reviewRequest(
  attributes: AdmissionAttributes,
  seen: Seen,
  review: {
    readonly uid: string
    readonly version: 'v1' | 'v1beta1'
    readonly object: StoredObject | undefined
    readonly old: StoredObject | undefined
  },
): object {
  const { uid, version, object = null, old: oldObject = null } = review
  return {
    kind: 'AdmissionReview',
    apiVersion: `${GROUP}/${version}`,
    request: { uid, ...requestFields(attributes, seen), object, oldObject },
  }
}

/** What a webhook decided. */
export interface ReviewAnswer {
  readonly allowed: boolean
  /** The JSON patch of a webhook that changes objects. */
  readonly patch: string | undefined
  readonly patchType: string | undefined
  /** The patch, taken apart. */
  readonly operations?: readonly Record<string, unknown>[]
  readonly result: Partial<Status> | undefined
  readonly warnings: readonly string[]
  readonly auditAnnotations: Readonly<Record<string, string>>
}

/** Reads an answer. Throws an Error that says what is wrong with it. */
export function readReview(
  answer: unknown,
  expected: { readonly uid: string; readonly version: 'v1' | 'v1beta1'; readonly mutating: boolean },
): ReviewAnswer {
  const response = isRecord(answer) ? answer.response : undefined
  if (!isRecord(answer) || !isRecord(response)) throw new Error('webhook response was absent')
  const { patch, patchType } = response
  if (expected.version === 'v1') {
    if (response.uid !== expected.uid) {
      throw new Error(
        `expected response.uid=${JSON.stringify(expected.uid)}, got ${JSON.stringify(response.uid ?? '')}`,
      )
    }
    const { apiVersion, kind } = answer
    if (apiVersion !== `${GROUP}/v1` || kind !== 'AdmissionReview') {
      throw new Error(
        `expected webhook response of ${GROUP}/v1, Kind=AdmissionReview, got ${apiVersion ?? '/'}, Kind=${kind ?? ''}`,
      )
    }
    checkPatch(patch || undefined, patchType ?? undefined, expected.mutating)
  }
  const text = expected.mutating && typeof patch === 'string' && patch !== '' ? patch : undefined
  return {
    allowed: response.allowed === true,
    patch: text,
    patchType:
      expected.version === 'v1' ? (typeof patchType === 'string' ? patchType : undefined) : text && 'JSONPatch',
    // The name that the field has on the wire.
    result: isRecord(response.status) ? (response.status as Partial<Status>) : undefined,
    warnings: Array.isArray(response.warnings) ? response.warnings.map(String) : [],
    auditAnnotations: isRecord(response.auditAnnotations) ? (response.auditAnnotations as Record<string, string>) : {},
  }
}

function checkPatch(patch: unknown, patchType: unknown, mutating: boolean): void {
  if (!mutating) {
    if (patch !== undefined) throw new Error('validating webhook may not return response.patch')
    if (patchType !== undefined) throw new Error('validating webhook may not return response.patchType')
    return
  }
  if (patch !== undefined && patchType === undefined) {
    throw new Error('webhook returned response.patch but not response.patchType')
  }
  if (patch === undefined && patchType !== undefined) {
    throw new Error('webhook returned response.patchType but not response.patch')
  }
  if (patchType === '') throw new Error('webhook returned invalid response.patchType of ""')
}

/** A refusal in the words of the webhook. */
export function denial(name: string, result: Partial<Status> | undefined): StatusError {
  const denied = `admission webhook ${JSON.stringify(name)} denied the request`
  const { kind: _, apiVersion: __, metadata: ___, status: ____, ...rest } = result ?? {}
  const why = rest.message || rest.reason
  return new StatusError({
    ...rest,
    message: why ? `${denied}: ${why}` : `${denied} without explanation`,
    code: Math.max(rest.code ?? 0, 400),
  })
}
