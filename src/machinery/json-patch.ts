// JSON patch. Spec: RFC 6902, read as evanphx/json-patch does, which upstream uses: places may be counted from the end of
// a list, what a map does not have can be copied, tested and replaced as null, and the first `/` of a path may be any text.

import { sameJson } from './same-json.ts'

/** The patch is malformed or does not fit the document. */
export class JsonPatchError extends Error {
  override name = 'JsonPatchError'
}

type Container = Record<string, unknown> | unknown[]

interface Place {
  readonly container: Container
  readonly key: string
}

/** Applies `patch` to a copy of `document`. Throws JsonPatchError. */
export function jsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw new JsonPatchError('json: cannot unmarshal object into Go value of type jsonpatch.Patch')
  }
  const whole = { document: structuredClone(document), copied: 0 }
  for (const operation of patch) applyOperation(whole, new Operation(operation ?? {}))
  return whole.document
}

/** The names of the steps of a path, the last of which may not be there yet. Undefined for a path that leads nowhere. */
export function stepsOf(path: string): string[] | undefined {
  const [, ...steps] = path.split('/')
  return steps.length === 0 ? undefined : steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

class Operation {
  readonly #said: Record<string, unknown>

  constructor(said: Record<string, unknown>) {
    this.#said = said
  }

  get kind(): unknown {
    return this.#said.op ?? 'unknown'
  }

  get value(): unknown {
    return structuredClone(this.#said.value ?? null)
  }

  /** `otherwise` is what is wrong when the operation does not say it. */
  place(name: 'path' | 'from', otherwise: string): string {
    const place = this.#said[name]
    if (typeof place === 'string') return place
    throw new JsonPatchError(`${otherwise}: missing value`)
  }
}

interface Whole {
  document: unknown
  /** How much JSON was added by copying. */
  copied: number
}

/** A few copies of copies would fill any memory. Model: AccumulatedCopySizeLimit, as kube-apiserver sets it. */
const MAX_COPIED_BYTES = 3 * 1024 * 1024

function applyOperation(whole: Whole, operation: Operation): void {
  switch (operation.kind) {
    case 'add':
      return add(whole, operation)
    case 'remove':
      return remove(whole, operation)
    case 'replace':
      return replace(whole, operation)
    case 'move':
      return move(whole, operation)
    case 'copy':
      return copy(whole, operation)
    case 'test':
      return test(whole, operation)
    default:
      throw new JsonPatchError(`Unexpected kind: ${operation.kind}`)
  }
}

function add(whole: Whole, operation: Operation): void {
  const path = operation.place('path', 'add operation failed to decode path')
  const { container, key } = find(whole, path, `add operation does not apply: doc is missing path: "${path}"`)
  within(`error in add for path: '${path}'`, () => insert(container, key, operation.value))
}

function remove(whole: Whole, operation: Operation): void {
  const path = operation.place('path', 'remove operation failed to decode path')
  const { container, key } = find(whole, path, `remove operation does not apply: doc is missing path: "${path}"`)
  within(`error in remove for path: '${path}'`, () => take(container, key))
}

function replace(whole: Whole, operation: Operation): void {
  const missing = 'replace operation failed to decode path: operation missing path field'
  const path = operation.place('path', missing)
  if (path === '') {
    if (typeof operation.value !== 'object' || operation.value === null) {
      throw new JsonPatchError('replace operation value must be object or array: %!w(<nil>)')
    }
    whole.document = operation.value
    return
  }
  const { container, key } = find(whole, path, `replace operation does not apply: doc is missing path: ${path}`)
  if (!Array.isArray(container)) return define(container, key, operation.value)
  const missingKey = `replace operation does not apply: doc is missing key: ${path}: missing value`
  container[at(container, key, missingKey)] = operation.value
}

function destination(whole: Whole, path: string, operation: 'move' | 'copy'): Place {
  return find(whole, path, `${operation} operation does not apply: doc is missing destination path: ${path}`)
}

function move(whole: Whole, operation: Operation): void {
  const from = operation.place('from', 'move operation failed to decode from: operation, missing from field')
  const source = find(whole, from, `move operation does not apply: doc is missing from path: ${from}`)
  const value = within(`error in move for path: '${source.key}'`, () => take(source.container, source.key))
  const path = operation.place('path', 'move operation failed to decode path: operation missing path field')
  const { container, key } = destination(whole, path, 'move')
  within(`error in move for path: '${path}'`, () => insert(container, key, value))
}

function copy(whole: Whole, operation: Operation): void {
  const from = operation.place('from', 'copy operation failed to decode from: operation, missing from field')
  const source = find(whole, from, `copy operation does not apply: doc is missing from path: ${from}`)
  const value = within(`error in copy for from: '${from}'`, () => get(source.container, source.key))
  const path = operation.place('path', 'copy operation failed to decode path')
  const { container, key } = destination(whole, path, 'copy')
  const json = JSON.stringify(value)
  whole.copied += Buffer.byteLength(json)
  if (whole.copied > MAX_COPIED_BYTES) {
    const by = `the accumulated size increase of copy is ${whole.copied}, exceeding the limit ${MAX_COPIED_BYTES}`
    throw new JsonPatchError(`Unable to complete the copy, ${by}`)
  }
  within('error while adding value during copy', () => insert(container, key, JSON.parse(json)))
}

function test(whole: Whole, operation: Operation): void {
  const path = operation.place('path', 'test operation failed to decode path: operation missing path field')
  const failed = `testing value ${path} failed: test failed`
  if (path === '') {
    if (!sameJson(whole.document, operation.value)) throw new JsonPatchError(failed)
    return
  }
  const { container, key } = find(whole, path, `test operation does not apply: is missing path: ${path}`)
  const value = within(`error in test for path: '${path}'`, () => get(container, key))
  if (!sameJson(value, operation.value)) throw new JsonPatchError(failed)
}

/** Model: findObject. */
function find(whole: Whole, path: string, problem: string): Place {
  const steps = stepsOf(path) ?? []
  const key = steps.pop()
  let container = whole.document
  for (const step of steps) {
    if (!isContainer(container)) break
    try {
      container = get(container, step)
    } catch (cause) {
      throw new JsonPatchError(`${problem}: missing value`, { cause })
    }
  }
  if (key === undefined || !isContainer(container)) throw new JsonPatchError(`${problem}: missing value`)
  return { container, key }
}

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null

/** Runs a step; what goes wrong in it is said after `where`. */
function within<T>(where: string, step: () => T): T {
  try {
    return step()
  } catch (cause) {
    if (!(cause instanceof JsonPatchError)) throw cause
    throw new JsonPatchError(`${where}: ${cause.message}`, { cause })
  }
}

/** Null for what a map does not have. */
function get(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container[at(container, key)]
  return Object.hasOwn(container, key) ? container[key] : null
}

function insert(container: Container, key: string, value: unknown): void {
  if (!Array.isArray(container)) define(container, key, value)
  else if (key === '-') container.push(value)
  else {
    const index = numberOf(key, (problem) => `value was not a proper array index: '${key}': ${problem}`)
    container.splice(fromFront(index, container.length + 1), 0, value)
  }
}

function take(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container.splice(at(container, key), 1)[0]
  if (!Object.hasOwn(container, key)) {
    throw new JsonPatchError(`Unable to remove nonexistent key: ${key}: missing value`)
  }
  const value = container[key]
  delete container[key]
  return value
}

/** Even what is called `__proto__` is a key like others. */
function define(container: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(container, key, { value, enumerable: true, writable: true, configurable: true })
}

/** Which element of a list a key names; `problem` is said in place of what is wrong with it. */
function at(list: readonly unknown[], key: string, problem?: string): number {
  try {
    return fromFront(
      numberOf(key, (why) => why),
      list.length,
    )
  } catch (cause) {
    if (problem === undefined) throw cause
    throw new JsonPatchError(problem, { cause })
  }
}

/** Model: strconv.Atoi. */
function numberOf(key: string, describe: (problem: string) => string): number {
  if (/^[+-]?\d+$/.test(key) && Number.isSafeInteger(Number(key))) return Number(key)
  throw new JsonPatchError(describe(`strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`))
}

function fromFront(index: number, length: number): number {
  if (index < length && index >= -length) return index < 0 ? index + length : index
  throw new JsonPatchError(`Unable to access invalid index: ${index}: invalid index referenced`)
}
