// What `kubectl wait --for` asks of an object.
// Model: k8s.io/kubectl/pkg/cmd/wait/{condition,json}.go.

import { KubectlError } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'
import { relaxedPath } from '../printers/relaxed-path.ts'
import { findJsonPath } from '../template/jsonpath.ts'

export type Condition =
  | { readonly kind: 'create' }
  | { readonly kind: 'delete' }
  | { readonly kind: 'test'; readonly test: (object: KubeObject) => boolean }

/** Reads one value of --for. Throws KubectlError. */
export function parseCondition(text: string): Condition {
  const lower = text.toLowerCase()
  if (lower === 'create' || lower === 'delete') return { kind: lower }
  if (text.startsWith('condition=')) {
    const [name = '', ...value] = text.slice('condition='.length).split('=')
    const status = value.length === 0 ? 'true' : value.join('=')
    return { kind: 'test', test: (object) => hasCondition(object, name, status) }
  }
  if (text.startsWith('jsonpath=')) return { kind: 'test', test: pathTest(text.slice('jsonpath='.length)) }
  throw new KubectlError(`unrecognized condition: ${JSON.stringify(text)}`)
}

/** Whether the object's status has the condition, seen by its controller since the last change. */
export function hasCondition(object: KubeObject, name: string, status: string): boolean {
  const { conditions, observedGeneration } = isObject(object.status) ? object.status : {}
  if (!Array.isArray(conditions)) return false
  const condition = conditions
    .filter(isObject)
    .find((c) => typeof c.type === 'string' && c.type.toLowerCase() === name.toLowerCase() && 'status' in c)
  if (!condition) return false
  const generation = object.metadata?.generation
  const observed = condition.observedGeneration ?? observedGeneration
  if (typeof generation === 'number' && typeof observed === 'number' && observed < generation) return false
  return String(condition.status).toLowerCase() === status.toLowerCase()
}

const FORMAT =
  "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'"

function pathTest(input: string): (object: KubeObject) => boolean {
  const [path = '', value, ...more] = splitAtSingleEquals(input)
  if (more.length > 0) throw new KubectlError(FORMAT)
  const expression = relaxedPath(path)
  const wanted = value?.replace(/^['"]+|['"]+$/g, '')
  if (wanted === '') {
    throw new KubectlError(
      "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
    )
  }
  if (expression === '') throw new KubectlError('jsonpath expression cannot be empty')
  return (object) => holds(findJsonPath(expression, object, { allowMissingKeys: true }), wanted)
}

/** `==` is part of an expression; a single `=` ends it. */
export function splitAtSingleEquals(input: string): string[] {
  return input
    .replaceAll('==', '\u0000')
    .split('=')
    .map((part) => part.replaceAll('\u0000', '=='))
}

function holds(results: readonly (readonly unknown[])[], wanted: string | undefined): boolean {
  const [first] = results
  if (first === undefined || first.length === 0) return false
  if (results.length > 1) throw new KubectlError('given jsonpath expression matches more than one list')
  if (first.length > 1) throw new KubectlError('given jsonpath expression matches more than one value')
  if (wanted === undefined) return true
  const [value] = first
  if (typeof value === 'object' && value !== null) {
    throw new KubectlError('jsonpath leads to a nested object or list which is not supported')
  }
  return String(value).trim() === wanted.trim()
}
