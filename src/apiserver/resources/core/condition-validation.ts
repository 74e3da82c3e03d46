// Validation of conditions as metav1.Condition has them.
// Wording: k8s.io/apimachinery/pkg/apis/meta/v1/validation, ValidateConditions.

import type { Condition } from '../../../api/generated/meta-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import type { Shapes } from '../../../machinery/go/struct-json.ts'
import { checkOptionalEnum, checkQualifiedName } from './field-checks.ts'

const STATUSES = ['False', 'True', 'Unknown']
const MAX_REASON = 1024
const MAX_MESSAGE = 32 * 1024
const REASON_FORMAT = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
const REASON = new RegExp(`^${REASON_FORMAT}$`)
const BAD_REASON = `a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '${REASON_FORMAT}')`

/** A condition as messages of upstream show it. */
export const CONDITION_SHAPE: Shapes = {
  Condition:
    'type=type status=status ?observedGeneration=observedGeneration:i lastTransitionTime=lastTransitionTime reason=reason message=message',
}

/** Problems of a list of conditions at `path`. */
export function validateConditions(conditions: readonly Condition[] | undefined, path: string): FieldError[] {
  if (!conditions) return []
  const errors: FieldError[] = []
  const types = new Set<string>()
  for (const [i, condition] of conditions.entries()) {
    if (types.has(condition.type)) errors.push(field.duplicate(`${path}[${i}].type`, condition.type))
    types.add(condition.type)
    errors.push(...validateCondition(condition, `${path}[${i}]`))
  }
  return errors
}

function validateCondition(condition: Condition, path: string): FieldError[] {
  const { type, status, observedGeneration = 0, lastTransitionTime, reason, message = '' } = condition
  const errors = [
    ...checkQualifiedName(`${path}.type`, type ?? ''),
    ...checkOptionalEnum(`${path}.status`, status ?? '', STATUSES),
  ]
  if (observedGeneration < 0) {
    const why = 'must be greater than or equal to zero'
    errors.push(field.invalid(`${path}.observedGeneration`, observedGeneration, why))
  }
  if (!lastTransitionTime) errors.push(field.required(`${path}.lastTransitionTime`))
  if (!reason) errors.push(field.required(`${path}.reason`))
  else {
    if (!REASON.test(reason)) errors.push(field.invalid(`${path}.reason`, reason, BAD_REASON))
    if (Buffer.byteLength(reason) > MAX_REASON) errors.push(field.tooLong(`${path}.reason`, MAX_REASON))
  }
  if (Buffer.byteLength(message) > MAX_MESSAGE) errors.push(field.tooLong(`${path}.message`, MAX_MESSAGE))
  return errors
}
