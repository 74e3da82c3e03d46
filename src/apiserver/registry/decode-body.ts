// From a request's parsed body to an object of the storage version.

import { typeRefOfKind } from '../../api/schema.ts'
import { DecodeError, decode } from '../../machinery/decode.ts'
import { badRequest, StatusError } from '../../machinery/errors.ts'
import { quote } from '../../machinery/go/format.ts'
import { type ApiObject, isRecord } from '../api-object.ts'
import type { RequestContext } from './registry.ts'
import type { ServedVersion } from './resource.ts'
import { inOrderOf, unknownField, warningsOf } from './strict-fields.ts'

/**
 * Checks that `body` is an object of `version`, decodes it and converts it to the storage version. Unknown fields
 * are dropped, warned about or refused as the request says. Throws BadRequest with upstream's wording.
 */
export function decodeBody(body: unknown, version: ServedVersion, context: RequestContext): ApiObject {
  if (!isRecord(body)) {
    if (version.decode) throw badRequest(unrecognized(body, version.kind))
    throw badRequest(
      `${version.kind} in version ${quote(version.version)} cannot be handled as a ${version.kind}: json: cannot unmarshal ${Array.isArray(body) ? 'array' : typeof body} into Go value of type ${version.version}.${version.kind}`,
    )
  }
  const object = version.decode ? version.decode(body, context) : decodeBuiltIn(body, version, context)
  context.decoded?.(object, version)
  return object
}

function decodeBuiltIn(body: Record<string, unknown>, version: ServedVersion, context: RequestContext): ApiObject {
  checkKind(body, version)
  const object = decodeAs(body, version, context)
  object.kind = version.kind
  object.apiVersion = version.apiVersion
  object.metadata = isRecord(object.metadata) ? object.metadata : {}
  return version.convert ? version.convert.toStorage(object) : object
}

/** What upstream says of a body for a custom kind that is no object; of what the body was it shows the bytes. */
function unrecognized(body: unknown, kind: string): string {
  const bytes = Buffer.from(JSON.stringify(body))
  const shown = `${bytes.subarray(0, 30).toString('hex')}${bytes.length > 30 ? ' ...' : ''}`
  return `the object provided is unrecognized (must be of type ${kind}): ${notAnObject(body)} (${shown})`
}

/** Why no kind can be read from JSON. */
export const NO_KIND = "couldn't get version/kind; json parse error"

/** Why no kind can be read from a value that is no object, in the words of Go's decoder. */
export function notAnObject(value: unknown): string {
  const given = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  const wanted = `struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`
  return `${NO_KIND}: json: cannot unmarshal ${given} into Go value of type ${wanted}`
}

/** What keeps kind and version of an object from being read; undefined for nothing. */
export function kindProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return notAnObject(value)
  for (const [name, is] of Object.entries(value)) {
    if ((name !== 'kind' && name !== 'apiVersion') || typeof is === 'string' || is === null) continue
    const what = Array.isArray(is) ? 'array' : typeof is === 'boolean' ? 'bool' : typeof is
    return `${NO_KIND}: json: cannot unmarshal ${what} into Go struct field .${name} of type string`
  }
  const { apiVersion } = value
  const isVersion = typeof apiVersion !== 'string' || apiVersion.split('/').length <= 2
  return isVersion ? undefined : `unexpected GroupVersion string: ${apiVersion}`
}

/** What kinds are converted to before anything else is done with them, as upstream calls it. */
export function internalName({ group, kind }: ServedVersion): string {
  return `${(group.split('.')[0] ?? '') || 'core'}.${kind}`
}

function checkKind(body: Record<string, unknown>, version: ServedVersion): void {
  const apiVersion = body.apiVersion ?? undefined
  const kind = body.kind ?? undefined
  if (typeof apiVersion === 'string' && apiVersion !== '' && apiVersion !== version.apiVersion) {
    const [group = '', name = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
    if (typeRefOfKind(group, name, String(kind || version.kind)) === undefined) {
      const problem = notRegistered(String(kind || version.kind), apiVersion)
      throw badRequest(
        `${kind || version.kind} in version ${quote(name)} cannot be handled as a ${version.kind}: ${problem}`,
      )
    }
  }
  if (kind !== undefined && kind !== '' && kind !== version.kind) {
    const isKnown = typeRefOfKind(version.group, version.version, String(kind)) !== undefined
    if (!isKnown && (!apiVersion || apiVersion === version.apiVersion)) {
      throw badRequest(
        `${kind} in version ${quote(version.version)} cannot be handled as a ${version.kind}: ${notRegistered(String(kind), version.apiVersion)}`,
      )
    }
    throw badRequest(
      `${kind} in version ${quote(version.version)} cannot be handled as a ${version.kind}: converting (${version.version}.${kind}) to (${internalName(version)}): unknown conversion`,
    )
  }
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== version.apiVersion) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${version.apiVersion})`,
    )
  }
}

/** The answer to a kind that there is none of; upstream names the place where its kinds are listed. */
export function notRegistered(kind: string, apiVersion: string): string {
  return `no kind ${quote(kind)} is registered for version ${quote(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`
}

/** Decodes as the type of `version`, reporting unknown fields as the request asks. */
export function decodeAs(body: unknown, version: ServedVersion, context: RequestContext): ApiObject {
  if (version.decode && isRecord(body)) return version.decode(body, context)
  try {
    const { object, unknownFields } = decode(version.typeRef, body)
    report(inOrderOf(body, context.duplicateFields ?? [], unknownFields), version, context)
    keepReset(body, object as ApiObject)
    return object as ApiObject
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw badRequest(
      `${version.kind} in version ${quote(version.version)} cannot be handled as a ${version.kind}: ${error.message}`,
      { cause: error },
    )
  }
}

/** An empty list of managedFields means something else than none: it ends tracking. */
function keepReset(body: unknown, object: ApiObject): void {
  const metadata = isRecord(body) ? body.metadata : undefined
  if (!isRecord(metadata) || !isRecord(object.metadata)) return
  if (Array.isArray(metadata.managedFields) && metadata.managedFields.length === 0) object.metadata.managedFields = []
}

/** How what a patch made is judged. */
export interface PatchJudge {
  /** What is wrong with the patch itself. */
  readonly problems: readonly string[]
  /** Puts the paths of unknown fields of a built-in type into upstream's order. */
  readonly order: (unknown: readonly string[]) => readonly string[]
  readonly refuse: (problem: string | DecodeError) => Error
}

/** Decodes what a patch made, as the type of `version`. Throws what `refuse` makes of a problem in upstream's words. */
export function decodePatched(
  patched: unknown,
  version: ServedVersion,
  context: RequestContext,
  { problems, order, refuse }: PatchJudge,
): ApiObject {
  const settle = (all: readonly string[]) => {
    if (all.length === 0 || context.fieldValidation === 'Ignore') return
    if (context.fieldValidation === 'Strict') throw refuse(`strict decoding error: ${all.join(', ')}`)
    for (const problem of all) context.warn(problem)
  }
  if (version.decode && isRecord(patched)) {
    const unknown: string[] = []
    const warn = (problem: string) => unknown.push(problem)
    const object = customPatched(patched, version, { ...context, fieldValidation: 'Warn', duplicateFields: [], warn })
    if (object instanceof DecodeError) throw refuse(object)
    settle([...problems, ...unknown])
    return object
  }
  try {
    const { object, unknownFields } = decode(version.typeRef, patched)
    const told = unknownFields.length > 1 ? order(unknownFields) : unknownFields
    settle([...problems, ...told.map(unknownField)])
    keepReset(patched, object as ApiObject)
    return object as ApiObject
  } catch (error) {
    throw error instanceof DecodeError ? refuse(error) : error
  }
}

function customPatched(
  patched: Record<string, unknown>,
  version: ServedVersion,
  context: RequestContext,
): ApiObject | DecodeError {
  try {
    return decodeAs(patched, version, context)
  } catch (error) {
    if (error instanceof StatusError && error.cause instanceof DecodeError) return error.cause
    throw error
  }
}

/** Warns about unknown and duplicate fields, or refuses them, as the request says: first what is there twice. */
export function reportUnknown(paths: readonly string[], version: ServedVersion, context: RequestContext): void {
  report([...(context.duplicateFields ?? []), ...paths.map(unknownField)], version, context)
}

function report(problems: readonly string[], version: ServedVersion, context: RequestContext): void {
  if (context.fieldValidation === 'Ignore' || problems.length === 0) return
  if (context.fieldValidation === 'Warn') {
    for (const warning of problems.flatMap(warningsOf)) context.warn(warning)
    return
  }
  throw badRequest(
    `${version.kind} in version ${quote(version.version)} cannot be handled as a ${version.kind}: strict decoding error: ${problems.join(', ')}`,
  )
}
