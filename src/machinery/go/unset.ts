// What stands in an object for fields that nobody set: Go's encoder leaves out only what its type marks so, and no
// struct that is held by value. Spec: https://pkg.go.dev/encoding/json#Marshal

import { type FieldSchema, typeOf } from '../../api/schema.ts'

type Json = Record<string, unknown>
/** Settles one field of an object. */
type Step = (object: Json, stored: boolean) => void
/** Settles a value in its place. */
type Inside = (value: unknown, stored: boolean) => void

const SCALARS: Readonly<Record<string, unknown>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': '0',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 0,
}
const ZEROS: Readonly<Record<string, unknown>> = { string: '', integer: 0, number: 0, boolean: false }

const known = new Map<string, readonly Step[]>()

/**
 * Puts what upstream writes into an object of a type of the facts, in place, wherever a field is not set. `stored`: a
 * list without elements is one that is not set, as it comes back from protobuf.
 */
export function setUnset(typeRef: string, object: Json, stored = false): void {
  for (const step of stepsOf(typeRef)) step(object, stored)
}

function stepsOf(typeRef: string): readonly Step[] {
  const steps = known.get(typeRef)
  if (steps) return steps
  const made: Step[] = []
  // Types hold themselves: known before it is complete.
  known.set(typeRef, made)
  for (const [name, field] of Object.entries(typeOf(typeRef).fields ?? {})) {
    const step = stepOf(name, field)
    if (step) made.push(step)
  }
  return made
}

function stepOf(name: string, field: FieldSchema): Step | undefined {
  const inside = insideOf(field)
  const isCollection = field.items !== undefined || field.map !== undefined
  switch (field.unset) {
    case 'struct':
      return (object, stored) => {
        object[name] ??= {}
        inside?.(object[name], stored)
      }
    case 'null':
      return (object, stored) => {
        const value = object[name]
        if (value === undefined || (stored && isCollection && isEmpty(value))) object[name] = null
        else if (value !== null) inside?.(value, stored)
      }
    case 'zero': {
      const zero = field.ref ? SCALARS[field.ref] : field.type && ZEROS[field.type]
      return (object) => {
        object[name] ??= zero
      }
    }
    default:
      return (
        inside &&
        ((object, stored) => {
          const value = object[name]
          if (value !== undefined && value !== null) inside(value, stored)
        })
      )
  }
}

/** How what a field holds is settled; undefined for values that hold no objects. */
function insideOf(field: FieldSchema): Inside | undefined {
  if (field.ref) {
    const { ref } = field
    if (ref in SCALARS || !holdsAny(ref)) return undefined
    const steps = stepsOf(ref)
    return (value, stored) => {
      if (isJson(value)) for (const step of steps) step(value, stored)
    }
  }
  const inner = field.items ?? field.map
  const inside = inner && insideOf(inner)
  if (!inside) return undefined
  if (field.items) {
    return (value, stored) => {
      if (Array.isArray(value)) for (const item of value) inside(item, stored)
    }
  }
  return (value, stored) => {
    if (isJson(value)) for (const key in value) inside(value[key], stored)
  }
}

/** Whether anything in a type, or in what it holds, is written though it is not set. */
function holdsAny(typeRef: string, seen: Set<string> = new Set()): boolean {
  if (seen.has(typeRef)) return false
  seen.add(typeRef)
  return Object.values(typeOf(typeRef).fields ?? {}).some((field) => {
    if (field.unset) return true
    let inner: FieldSchema | undefined = field
    while (inner && !inner.ref) inner = inner.items ?? inner.map
    return inner?.ref !== undefined && holdsAny(inner.ref, seen)
  })
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  return isJson(value) && Object.keys(value).length === 0
}
