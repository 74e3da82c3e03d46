// The patch types over one object: what a PATCH request does to the current state.
// Spec: https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply
// Model: pkg/endpoints/handlers/patch.go of k8s.io/apiserver.

import { typeRefOfKind } from '../../api/schema.ts'
import { DecodeError, decode } from '../../machinery/decode.ts'
import {
  badRequest,
  field,
  internalError,
  invalid,
  requestEntityTooLarge,
  StatusError,
  serverProblem,
} from '../../machinery/errors.ts'
import { inFieldOrder, inNameOrder } from '../../machinery/go/field-order.ts'
import { formatValue } from '../../machinery/go/format.ts'
import { unstructuredError } from '../../machinery/go/unstructured-error.ts'
import { compareBytes, sortedEntries } from '../../machinery/go/value.ts'
import { JsonPatchError, jsonPatch, stepsOf } from '../../machinery/json-patch.ts'
import { mergePatch } from '../../machinery/merge-patch.ts'
import { StrategicMergeError, strategicMerge } from '../../machinery/strategic-merge.ts'
import { type ApiObject, copyOf, isRecord, type StoredObject } from '../api-object.ts'
import { decodePatched, internalName, kindProblem, notRegistered } from './decode-body.ts'
import type { RequestContext } from './registry.ts'
import { type Resource, type ServedVersion, toVersion } from './resource.ts'
import { inOrderOf } from './strict-fields.ts'

export type PatchType = 'json' | 'merge' | 'strategic'

interface Patch {
  readonly type: PatchType
  readonly body: unknown
}

/**
 * The transform of a patch. The patch sees the object in the request's version, or what `show` makes of it. A patch
 * that does not name a resourceVersion may be tried again on a newer state.
 */
export function patchTransform(
  resource: Resource,
  version: ServedVersion,
  patch: Patch,
  context: RequestContext,
  show = (current: StoredObject) => toVersion(current, version),
): (current: StoredObject | undefined) => ApiObject {
  const problems = problemsOf(patch, context)
  return (current) => {
    const before = copyOf(show(current as StoredObject))
    const after = applyPatch(version.typeRef, patch, before)
    const refuse = (problem: string | DecodeError) => refusal(patch, after, problem, version)
    if (patch.type !== 'strategic') checkKind(resource, after, before.metadata.name ?? '', version, refuse)
    const order = (unknown: readonly string[]) => inOrderOfPatch(unknown, patch, after, version)
    const object = decodePatched(after, version, context, { problems, order, refuse })
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
  if (type !== 'json' || !Array.isArray(body)) return [...duplicateFields]
  const unknown = body.flatMap((operation, i) =>
    isRecord(operation)
      ? Object.keys(operation)
          .filter((key) => !OPERATION_FIELDS.has(key))
          .map((key) => `[${i}].${key}`)
      : [],
  )
  return inOrderOf(body, duplicateFields, unknown).map((problem) => `json patch ${problem}`)
}

/** What a patch makes has to be of a kind's type. */
function refusal(patch: Patch, after: unknown, problem: string | DecodeError, version: ServedVersion): StatusError {
  const strategic = patch.type === 'strategic'
  const text = typeof problem === 'string' ? problem : strategic ? unstructuredError(problem) : problem.message
  const shown = strategic ? formatValue(patch.body) : JSON.stringify(documentOf(patch, after, version))
  return invalid({ group: '', kind: '' }, '', [field.invalid('patch', shown, text)])
}

/** The document of a patch as upstream shows it: what the patch went through is in order, the rest as it was. */
function documentOf({ type, body }: Patch, after: unknown, version: ServedVersion): unknown {
  const document = version.decode ? inNameOrder(after) : inFieldOrder(version.typeRef, after)
  if (type === 'merge') return mergedInOrder(document, body)
  const paths = (body as readonly (Record<string, unknown> | null)[]).flatMap((operation) => [
    operation?.path,
    operation?.from,
  ])
  const steps = paths.map((path) => (typeof path === 'string' && stepsOf(path)) || [''])
  return steps.reduce((whole, path) => walkedInOrder(whole, path.slice(0, -1)), document)
}

function mergedInOrder(document: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return document
  if (!isRecord(document)) return inNameOrder(document)
  const merged = sortedEntries(document).map(([name, value]) => [name, mergedInOrder(value, patch[name])])
  return Object.fromEntries(merged)
}

function walkedInOrder(document: unknown, [step, ...rest]: readonly string[]): unknown {
  if (Array.isArray(document)) {
    return document.map((item, i) => (String(i) === step ? walkedInOrder(item, rest) : item))
  }
  if (!isRecord(document)) return document
  const entries = sortedEntries(document)
  return Object.fromEntries(entries.map(([name, v]) => [name, name === step ? walkedInOrder(v, rest) : v]))
}

/** Upstream meets unknown fields in the document that it made, or sorts their paths when it made none. */
function inOrderOfPatch(unknown: readonly string[], patch: Patch, after: unknown, version: ServedVersion) {
  if (patch.type === 'strategic') return [...unknown].sort(compareBytes)
  return decode(version.typeRef, documentOf(patch, after, version)).unknownFields
}

/** A strategic patch is read into the type there is; the others make a document, which says what it is. */
function checkKind(
  resource: Resource,
  after: unknown,
  name: string,
  version: ServedVersion,
  refuse: (problem: string) => Error,
): void {
  const unreadable = kindProblem(after)
  if (unreadable !== undefined) throw refuse(unreadable)
  const { kind: said, apiVersion } = after as { kind?: string; apiVersion?: string }
  const kind = said || version.kind
  if (version.decode) return checkCustomKind(after, name, version, refuse)
  // A kind of no version is read as one that has no fields of its own.
  if (!apiVersion) throw badRequest(nameless(name))
  if (kind === version.kind && apiVersion === version.apiVersion) return
  const [group, number] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion]
  const typeRef = typeRefOfKind(group, number, kind)
  // Custom kinds' scales are of a scheme that has nothing else.
  if (typeRef === undefined || resource.view) throw refuse(notRegistered(kind, apiVersion))
  throw refuse(
    decodeProblem(typeRef, after) ?? `converting (${number}.${kind}) to (${internalName(version)}): unknown conversion`,
  )
}

function decodeProblem(typeRef: string, value: unknown): string | undefined {
  try {
    decode(typeRef, value)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return error.message
  }
  return undefined
}

/** What a custom object says it is comes to be judged with the rest of it. Model: validateKubeObjectType. */
function checkCustomKind(
  after: unknown,
  name: string,
  version: ServedVersion,
  refuse: (problem: string) => Error,
): void {
  const { kind, apiVersion } = after as { kind?: string; apiVersion?: string }
  if (!kind) throw refuse(`Object 'Kind' is missing in '${JSON.stringify(inNameOrder(after))}'`)
  if (!apiVersion) throw internalError("Object 'apiVersion' is missing in 'object has no apiVersion field'")
  const problems = [
    ...(kind === version.kind ? [] : [field.invalid('kind', kind, `must be ${version.kind}`)]),
    ...(apiVersion === version.apiVersion
      ? []
      : [field.invalid('apiVersion', apiVersion, `must be ${version.apiVersion}`)]),
  ]
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
  if (problems.length > 0) throw invalid({ group, kind }, name, problems)
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
function applyPatch(typeRef: string, patch: Patch, before: ApiObject): unknown {
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

/** What Go's decoder says of a value that is to be a map. */
export function notAMap(body: unknown): string {
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
  for (const operation of list) checkOperation(operation ?? {})
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

function checkOperation(operation: Record<string, unknown>): void {
  for (const name of ['op', 'path', 'from']) {
    const value = operation[name]
    if (value === undefined || value === null || typeof value === 'string') continue
    const into = `Go struct field jsonPatchOp.${name} of type string`
    throw badRequest(`error decoding patch: json: cannot unmarshal ${jsonKind(value)} into ${into}`)
  }
}

/** Upstream keeps what is wrong to itself here. */
function unprocessable(cause: Error): StatusError {
  const message = 'the server rejected our request due to an error in our request'
  return new StatusError({ message, reason: 'Invalid', details: {}, code: 422 }, { cause })
}
