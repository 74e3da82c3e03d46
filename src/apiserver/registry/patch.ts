// The patch types over one object: what a PATCH request does to the current state.
// Spec: https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply
// Model: pkg/endpoints/handlers/patch.go of k8s.io/apiserver.

import type { DecodeError } from '../../machinery/decode.ts'
import {
  badRequest,
  field,
  invalid,
  requestEntityTooLarge,
  StatusError,
  serverProblem,
} from '../../machinery/errors.ts'
import { formatValue } from '../../machinery/go/format.ts'
import { unstructuredError } from '../../machinery/go/unstructured-error.ts'
import { JsonPatchError, jsonPatch } from '../../machinery/json-patch.ts'
import { mergePatch } from '../../machinery/merge-patch.ts'
import { StrategicMergeError, strategicMerge } from '../../machinery/strategic-merge.ts'
import { type ApiObject, copyOf, isRecord, type StoredObject } from '../api-object.ts'
import { decodePatched } from './decode-body.ts'
import type { RequestContext } from './registry.ts'
import { type Resource, type ServedVersion, toVersion } from './resource.ts'

export type PatchType = 'json' | 'merge' | 'strategic'

interface Patch {
  readonly type: PatchType
  readonly body: unknown
}

/**
 * The transform of a patch. The patch sees the object in the request's version. A patch that does not name a
 * resourceVersion may be tried again on a newer state.
 */
export function patchTransform(
  resource: Resource,
  version: ServedVersion,
  patch: Patch,
  context: RequestContext,
): (current: StoredObject | undefined) => ApiObject {
  const problems = problemsOf(patch, context)
  return (current) => {
    const shown = toVersion(current as StoredObject, version)
    // A JSON patch changes its document in place: what is shared with the stored object must not be reached by it.
    const before = patch.type === 'json' ? (structuredClone(shown) as ApiObject) : copyOf(shown)
    const after = applyPatch(version.typeRef, patch, before)
    const refuse = (problem: string | DecodeError) => refusal(patch, after, problem)
    if (patch.type !== 'strategic') checkKind(after, before.metadata.name ?? '', version, refuse)
    const object = decodePatched(after, version, context, problems, refuse)
    object.metadata = isRecord(object.metadata) ? object.metadata : {}
    checkIdentity(resource, object, before)
    if (!namesVersion(patch)) delete object.metadata.resourceVersion
    object.kind = version.kind
    object.apiVersion = version.apiVersion
    return version.convert ? version.convert.toStorage(object) : object
  }
}

const OPERATION_FIELDS = new Set(['op', 'path', 'from', 'value'])

/** What is said twice in a patch, or not known in it. */
function problemsOf({ type, body }: Patch, { duplicateFields = [] }: RequestContext): string[] {
  const prefix = type === 'json' ? 'json patch ' : ''
  const twice = duplicateFields.map((problem) => `${prefix}${problem}`)
  if (type !== 'json' || !Array.isArray(body)) return twice
  const unknown = body.flatMap((operation, i) =>
    isRecord(operation)
      ? Object.keys(operation)
          .filter((key) => !OPERATION_FIELDS.has(key))
          .map((key) => `[${i}].${key}`)
      : [],
  )
  return [...twice, ...unknown.map((path) => `json patch unknown field ${JSON.stringify(path)}`)]
}

/** What a patch makes has to be of a kind's type. */
function refusal(patch: Patch, after: unknown, problem: string | DecodeError): StatusError {
  const strategic = patch.type === 'strategic'
  const text = typeof problem === 'string' ? problem : strategic ? unstructuredError(problem) : problem.message
  const shown = strategic ? formatValue(patch.body) : documentOf(after)
  return invalid({ group: '', kind: '' }, '', [field.invalid('patch', shown, text)])
}

/** The document of a patch as upstream shows it: the fields that it went through are in order. */
function documentOf(after: unknown): string {
  if (!isRecord(after)) return JSON.stringify(after)
  return JSON.stringify(Object.fromEntries(Object.entries(after).sort(([a], [b]) => (a < b ? -1 : 1))))
}

/** A strategic patch is read into the type there is; the others make a document, which says what it is. */
function checkKind(after: unknown, name: string, version: ServedVersion, refuse: (problem: string) => Error): void {
  if (!isRecord(after)) return
  // A kind of no version is read as one that has no fields of its own.
  if (after.kind && !after.apiVersion) throw badRequest(nameless(name))
  // What it does not say is what was asked for (DecodeInto).
  const kind = after.kind || version.kind
  const apiVersion = after.apiVersion || version.apiVersion
  if (kind === version.kind && apiVersion === version.apiVersion) return
  const [of, number = ''] = String(apiVersion).split('/')
  const group = number === '' ? `/${of}` : `${of}/${number}`
  const internal = (version.group.split('.')[0] ?? '') || 'core'
  throw refuse(`unable to decode ${group}, Kind=${kind} into *${internal}.${version.kind}`)
}

/** The body of a patch that names the version it is meant for holds on to it. */
function namesVersion(patch: Patch): boolean {
  if (patch.type === 'json') {
    return Array.isArray(patch.body) && patch.body.some((op) => op?.path === '/metadata/resourceVersion')
  }
  const metadata = isRecord(patch.body) ? patch.body.metadata : undefined
  return isRecord(metadata) && typeof metadata.resourceVersion === 'string' && metadata.resourceVersion !== ''
}

const nameless = (name: string) =>
  `the name of the object (${name} based on URL) was undeterminable: name must be provided`

function checkIdentity(resource: Resource, object: ApiObject, before: ApiObject): void {
  const { name, namespace } = object.metadata
  if (resource.namespaced && namespace && namespace !== before.metadata.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  if (name === before.metadata.name) return
  throw badRequest(
    name
      ? `the name of the object (${name}) does not match the name on the URL (${before.metadata.name})`
      : nameless(before.metadata.name ?? ''),
  )
}

/** Applies a patch to plain JSON. Throws BadRequest or Invalid with upstream's wording. */
export function applyPatch(typeRef: string, patch: Patch, before: ApiObject): unknown {
  const { type, body } = patch
  switch (type) {
    case 'merge':
      if (body === null) throw badRequest('Invalid JSON Patch')
      if (!isRecord(body)) throw badRequest(`error decoding patch: ${notAMap(body)}`)
      return mergePatch(before, body)
    case 'strategic':
      if (body === null) return before
      if (!isRecord(body)) throw badRequest(notAMap(body))
      return strategic(typeRef, before, body)
    case 'json':
      return operations(before, body)
  }
}

function notAMap(body: unknown): string {
  return `json: cannot unmarshal ${jsonKind(body)} into Go value of type map[string]interface {}`
}

function jsonKind(value: unknown): string {
  if (typeof value === 'boolean') return 'bool'
  return Array.isArray(value) ? 'array' : typeof value
}

function strategic(typeRef: string, before: ApiObject, patch: Record<string, unknown>): unknown {
  try {
    return strategicMerge(typeRef, before, patch)
  } catch (error) {
    if (!(error instanceof StrategicMergeError)) throw error
    // Model: interpretStrategicMergePatchError, which has a code for few of them.
    if (error.fault === 'unprocessable') throw unprocessable(error)
    const refuse = error.fault === 'malformed' ? badRequest : serverProblem
    throw refuse(error.message, { cause: error })
  }
}

const MAX_OPERATIONS = 10_000

function operations(before: ApiObject, patch: unknown): unknown {
  if (patch === null) return before
  const wrong = Array.isArray(patch) ? patch.find((operation) => !isRecord(operation) && operation !== null) : patch
  if (wrong !== undefined) {
    const type = Array.isArray(patch) ? 'handlers.jsonPatchOp' : '[]handlers.jsonPatchOp'
    throw badRequest(`error decoding patch: json: cannot unmarshal ${jsonKind(wrong)} into Go value of type ${type}`)
  }
  const list = patch as (Record<string, unknown> | null)[]
  if (list.length > MAX_OPERATIONS) {
    throw requestEntityTooLarge(
      `Request entity too large: The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${list.length}`,
    )
  }
  try {
    return jsonPatch(before, list)
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error
    throw unprocessable(error)
  }
}

/** Upstream keeps what is wrong to itself here. */
function unprocessable(cause: Error): StatusError {
  const message = 'the server rejected our request due to an error in our request'
  return new StatusError({ message, reason: 'Invalid', details: {}, code: 422 }, { cause })
}
