// JSON patch. Spec: RFC 6902; messages follow evanphx/json-patch, which upstream uses.

import type { Operation } from 'fast-json-patch'
import fastJsonPatch from 'fast-json-patch'

/** The patch is malformed or does not fit the document. */
export class JsonPatchError extends Error {
  override name = 'JsonPatchError'
}

const OPERATIONS = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test'])

/** Applies `patch` to a copy of `document`. Throws JsonPatchError. */
export function jsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw new JsonPatchError('json: cannot unmarshal object into Go value of type jsonpatch.Patch')
  }
  let current = structuredClone(document)
  for (const operation of patch as readonly Operation[]) {
    if (!OPERATIONS.has(operation?.op)) throw new JsonPatchError(`Unexpected kind: ${operation?.op}`)
    try {
      const found = located(current, structuredClone(operation))
      checkPlaces(found)
      if (found.op === 'replace') settable(current, found.path)
      current = fastJsonPatch.applyOperation(current, found, true, true).newDocument
    } catch (cause) {
      throw new JsonPatchError(describe(operation, current), { cause })
    }
  }
  return current
}

/** Upstream's library finds nothing by an empty path, not even the whole document. */
function checkPlaces(operation: Operation): void {
  const places = 'from' in operation ? [operation.path, operation.from] : [operation.path]
  if (places.some((place) => typeof place === 'string' && !place.startsWith('/'))) throw new JsonPatchError('no place')
}

/** Upstream's library replaces what is not there yet in a map. */
function settable(document: unknown, path: string): void {
  const tokens = path
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = tokens.pop() ?? ''
  let at: unknown = document
  for (const token of tokens) at = (at as Record<string, unknown> | undefined | null)?.[token]
  if (typeof at !== 'object' || at === null || Array.isArray(at) || Object.hasOwn(at, last)) return
  Object.defineProperty(at, last, { value: null, enumerable: true, writable: true, configurable: true })
}

/** The operation with its places counted from the front: upstream's library takes `-1` for the last of a list, too. */
function located(document: unknown, operation: Operation): Operation {
  if (typeof operation.path === 'string') {
    const adds = operation.op === 'add' || operation.op === 'copy' || operation.op === 'move'
    operation.path = fromFront(document, operation.path, adds ? 1 : 0)
  }
  if ('from' in operation && typeof operation.from === 'string') {
    operation.from = fromFront(document, operation.from, 0)
  }
  return operation
}

function fromFront(document: unknown, path: string, longer: number): string {
  if (!/\/-\d/.test(path)) return path
  const tokens = path.split('/')
  let at: unknown = document
  for (let i = 1; i < tokens.length; i++) {
    const token = tokens[i] ?? ''
    if (Array.isArray(at) && /^-\d+$/.test(token)) {
      const last = i === tokens.length - 1
      tokens[i] = String(at.length + (last ? longer : 0) + Number(token))
    }
    at = (at as Record<string, unknown> | undefined | null)?.[
      (tokens[i] ?? '').replaceAll('~1', '/').replaceAll('~0', '~')
    ]
  }
  return tokens.join('/')
}

/** Whether there is something that could hold what a path leads to. */
function hasParent(document: unknown, path: string): boolean {
  let at = document
  for (const token of path.split('/').slice(1, -1)) {
    if (typeof at !== 'object' || at === null) return false
    at = (at as Record<string, unknown>)[token.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return typeof at === 'object' && at !== null
}

function describe(operation: Operation, document: unknown): string {
  switch (operation.op) {
    case 'test':
      return `testing value ${operation.path} failed: test failed`
    case 'remove':
      if (!hasParent(document, operation.path)) {
        return `remove operation does not apply: doc is missing path: "${operation.path}": missing value`
      }
      return `error in remove for path: '${operation.path}': Unable to remove nonexistent key: ${operation.path.split('/').at(-1)}: missing value`
    case 'replace':
      return `replace operation does not apply: doc is missing path: ${operation.path}: missing value`
    default:
      return `${operation.op} operation does not apply: doc is missing path: "${operation.path}": missing value`
  }
}
