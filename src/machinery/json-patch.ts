// JSON patch. Spec: RFC 6902; messages follow evanphx/json-patch, which upstream uses.

import type { Operation } from 'fast-json-patch'
import fastJsonPatch from 'fast-json-patch'

/** The patch is malformed (`syntax`) or does not fit the document (`apply`). */
export class JsonPatchError extends Error {
  override name = 'JsonPatchError'
  readonly kind: 'syntax' | 'apply'
  constructor(kind: 'syntax' | 'apply', message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.kind = kind
  }
}

const MAX_OPERATIONS = 10_000
const OPERATIONS = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test'])

/** Applies `patch` to a copy of `document`. Throws JsonPatchError. */
export function jsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw new JsonPatchError('syntax', 'json: cannot unmarshal object into Go value of type jsonpatch.Patch')
  }
  if (patch.length > MAX_OPERATIONS) {
    throw new JsonPatchError(
      'syntax',
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
    )
  }
  let current = structuredClone(document)
  for (const operation of patch as Operation[]) {
    if (!OPERATIONS.has(operation?.op)) throw new JsonPatchError('apply', `Unexpected kind: ${operation?.op}`)
    try {
      current = fastJsonPatch.applyOperation(current, structuredClone(operation), true, true).newDocument
    } catch (cause) {
      throw new JsonPatchError('apply', describe(operation), { cause })
    }
  }
  return current
}

function describe(operation: Operation): string {
  switch (operation.op) {
    case 'test':
      return `testing value ${operation.path} failed: test failed`
    case 'remove':
      return `error in remove for path: '${operation.path}': Unable to remove nonexistent key: ${operation.path.split('/').at(-1)}: missing value`
    case 'replace':
      return `replace operation does not apply: doc is missing path: ${operation.path}: missing value`
    default:
      return `${operation.op} operation does not apply: doc is missing path: "${operation.path}": missing value`
  }
}
