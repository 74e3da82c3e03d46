// From a request's body to a custom object: metadata of the right types, unknown fields dropped, defaults filled in.

import { DecodeError, decode } from '../../machinery/decode.ts'
import { badRequest } from '../../machinery/errors.ts'
import { compareBytes } from '../../machinery/go/value.ts'
import { type ApiObject, isRecord } from '../api-object.ts'
import { reportUnknown } from '../registry/decode-body.ts'
import type { RequestContext } from '../registry/registry.ts'
import type { ServedVersion } from '../registry/resource.ts'
import { applyDefaults } from './default.ts'
import { coerceEmbedded } from './embedded.ts'
import { prune } from './prune.ts'
import type { Schema } from './schema.ts'

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/** What a version's objects are decoded by. `keepUnknown`: nothing is dropped, as definitions of old may ask. */
export interface Shape {
  readonly schema: Schema
  readonly keepUnknown: boolean
}

/** Decodes a body as an object of `version`. Throws BadRequest. The body is not changed. */
export function decodeCustom(
  body: Record<string, unknown>,
  shape: Shape,
  version: ServedVersion,
  context: RequestContext,
): ApiObject {
  checkType(body, version)
  const object = structuredClone(body)
  const unknown: string[] = []
  object.apiVersion = version.apiVersion
  object.metadata = decodeMetadata(object.metadata, version, unknown)
  unknown.push(...conform(object, shape))
  const embedded = coerceEmbedded(object, shape.schema)
  if (embedded.problem) throw unhandled(version, `${embedded.problem.path}: ${embedded.problem.message}`)
  unknown.push(...embedded.unknown)
  reportUnknown(unknown, version, context)
  return object as ApiObject
}

/** Drops in place what the schema does not have, giving its paths. */
export function drop(object: Record<string, unknown>, { schema, keepUnknown }: Shape): string[] {
  return keepUnknown ? [] : prune(object, schema, { root: true }).sort(compareBytes)
}

/** Drops in place what the schema does not have, giving its paths, and fills in defaults. */
export function conform(object: Record<string, unknown>, shape: Shape): string[] {
  const unknown = drop(object, shape)
  const { metadata } = object
  applyDefaults(object, shape.schema)
  // Defaults of metadata are the server's business.
  object.metadata = metadata
  return unknown
}

function checkType(body: Record<string, unknown>, { apiVersion: wanted, kind: wantedKind }: ServedVersion): void {
  const { apiVersion, kind } = body
  if (typeof kind !== 'string' || kind === '') {
    const text = JSON.stringify(body)
    const why = `Object 'Kind' is missing in '${text}'`
    throw badRequest(`the object provided is unrecognized (must be of type ${wantedKind}): ${why} (${summary(text)})`)
  }
  if (apiVersion !== wanted) {
    const shown =
      apiVersion === undefined ? '' : typeof apiVersion === 'string' ? apiVersion : JSON.stringify(apiVersion)
    throw badRequest(`the API version in the data (${shown}) does not match the expected API version (${wanted})`)
  }
}

function decodeMetadata(metadata: unknown, version: ServedVersion, unknown: string[]): Record<string, unknown> {
  if (metadata === undefined || metadata === null) return {}
  try {
    if (!isRecord(metadata)) {
      throw new DecodeError(
        `json: cannot unmarshal ${Array.isArray(metadata) ? 'array' : typeof metadata} into Go value of type v1.ObjectMeta`,
      )
    }
    const { object, unknownFields } = decode(OBJECT_META, metadata)
    unknown.push(...unknownFields.map((path) => `metadata.${path}`))
    return object
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw unhandled(version, error.message, error)
  }
}

function unhandled({ kind, version }: ServedVersion, why: string, cause?: unknown): Error {
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`, { cause })
}

/** The beginning of a body, as upstream tells it: summarizeData. */
function summary(text: string): string {
  return text.length > 30 ? `${text.slice(0, 30)} ...` : text
}
