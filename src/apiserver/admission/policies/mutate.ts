// What a mutation's value makes of an object: an apply configuration is merged, a JSON patch applied.

import { describeProblems, problemsOf } from '../../../machinery/apply/conform.ts'
import { merge } from '../../../machinery/apply/merge.ts'
import type { TypeSchema } from '../../../machinery/apply/schema.ts'
import { List, MapValue, OBJECT_TYPE, objectNameProblems, toJson, type Value } from '../../../machinery/cel/index.ts'
import { JsonPatchError, jsonPatch } from '../../../machinery/json-patch.ts'
import { isRecord, type StoredObject } from '../../api-object.ts'
import { schemaOfVersion } from '../../registry/field-owners.ts'
import type { Seen } from '../dynamic/matching.ts'

/** Why a policy could not change the object. */
export class MutationError extends Error {
  override name = 'MutationError'
}

/** The object after one mutation. Throws MutationError. */
export function mutated(type: 'apply' | 'json', before: StoredObject, value: Value, seen: Seen): unknown {
  return type === 'json' ? patched(before, value) : applied(before, value, schemaOfVersion(seen.version))
}

function applied(before: StoredObject, value: Value, schema: TypeSchema): unknown {
  checkTypeNames(value, OBJECT_TYPE.name)
  const made = toJson(value)
  if (!isRecord(made)) throw new MutationError('invalid return type')
  const { apiVersion, kind } = before
  const config = { ...made, apiVersion, kind }
  const problems = problemsOf(schema, config)
  if (problems.length > 0) {
    throw new MutationError(
      `error applying patch: failed to convert patch object to typed object: ${describeProblems(problems)}`,
    )
  }
  const atomics = atomicsIn(schema, config, '')
  if (atomics.length > 0) {
    throw new MutationError(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`,
    )
  }
  return merge(schema, before, config)
}

/** Objects must have the type that belongs to their place: `Object.spec` under `spec`. */
function checkTypeNames(value: Value, place: string): void {
  const [problem] = objectNameProblems(value, place)
  if (problem !== undefined) throw new MutationError(`type mismatch: ${problem}`)
}

/** Places of values that could only be replaced as a whole, which is seldom what is meant. */
function atomicsIn(schema: TypeSchema, value: unknown, path: string): string[] {
  if (schema.kind === 'map' && isRecord(value)) {
    const own = schema.relationship === 'atomic' ? [path] : []
    const inner = Object.entries(value).flatMap(([name, field]) => {
      const under = schema.field(name)
      return under ? atomicsIn(under, field, `${path}.${name}`) : []
    })
    return [...own, ...inner]
  }
  if (schema.kind === 'list' && Array.isArray(value)) {
    const own = schema.relationship === 'atomic' ? [path] : []
    return [...own, ...value.flatMap((item, i) => atomicsIn(schema.element, item, `${path}[${i}]`))]
  }
  return []
}

function patched(before: StoredObject, value: Value): unknown {
  if (!(value instanceof List)) {
    throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array')
  }
  for (const operation of value.toArray()) {
    const made = operation instanceof MapValue ? operation.get('value') : undefined
    if (made instanceof MapValue && made.typeName?.startsWith(OBJECT_TYPE.name)) checkTypeNames(made, made.typeName)
  }
  try {
    return jsonPatch(before, toJson(value))
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error
    // A test that fails means that there is nothing to do.
    if (error.message.startsWith('testing value')) return before
    throw new MutationError(`JSON Patch: ${error.message}`, { cause: error })
  }
}
