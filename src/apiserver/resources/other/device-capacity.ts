// What is wrong with how much of a device's capacity may be asked for.
// Model: k8s.io/kubernetes/pkg/apis/resource/validation, validateRequestPolicy.

import type { CapacityRequestPolicy, CapacityRequestPolicyRange } from '../../../api/generated/resource-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { compareQuantities, formatQuantity, parseQuantity, quantityValue } from '../../../machinery/quantity.ts'
import { canonical } from '../core/resource-requirements.ts'
import { checkList } from './device-common.ts'

const MAX_OPTIONS = 10

/** Problems of the policy of a capacity of this size. */
export function requestPolicyProblems(capacity: string, policy: CapacityRequestPolicy, path: string): FieldError[] {
  const { default: usual, validValues = [], validRange } = policy
  if (validValues.length > 0 && validRange) {
    const why = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
    return [field.forbidden(path, why)]
  }
  const kind = validValues.length > 0 ? 'validValues' : 'validRange'
  if (validValues.length === 0 && !validRange) return []
  if (usual == null) return [field.required(`${path}.default`, `required when ${kind} is defined`)]
  if (validRange) return rangeProblems(usual, capacity, validRange, `${path}.validRange`)
  return optionProblems(usual, capacity, validValues, `${path}.validValues`)
}

function optionProblems(usual: string, capacity: string, options: readonly string[], path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [i, option] of options.entries()) {
    if (i === 0 || compareQuantities(options[i - 1] ?? '0', option) <= 0) continue
    errors.push(field.invalid(`${path}[${i}]`, canonical(option), 'values must be sorted in ascending order'))
  }
  const check = (option: string, at: string) =>
    compareQuantities(option, capacity) > 0
      ? [field.invalid(at, canonical(option), `option is larger than capacity value: ${canonical(capacity)}`)]
      : []
  errors.push(...checkList(options, path, MAX_OPTIONS, check, (option) => String(quantityValue(option))))
  // Of a list that is too long, none was looked at.
  const found = options.length <= MAX_OPTIONS && options.some((option) => compareQuantities(option, usual) === 0)
  if (found) return errors
  return [...errors, field.invalid(path, canonical(usual), 'default value is not valid according to the requestPolicy')]
}

function rangeProblems(
  usual: string,
  capacity: string,
  { min, max, step }: Partial<CapacityRequestPolicyRange>,
  path: string,
): FieldError[] {
  if (min === undefined) return [field.required(`${path}.min`, 'required when validRange is defined')]
  const errors: FieldError[] = []
  const check = (a: string, b: string, name: 'min' | 'max', shown: string, why: string) => {
    if (compareQuantities(a, b) > 0) errors.push(field.invalid(`${path}.${name}`, canonical(shown), why))
  }
  check(min, capacity, 'min', min, `min is larger than capacity value: ${canonical(capacity)}`)
  check(min, usual, 'min', usual, `default is less than min: ${canonical(min)}`)
  if (max !== undefined) {
    check(min, max, 'max', min, `min is larger than max: ${canonical(max)}`)
    check(max, capacity, 'max', max, `max is larger than capacity value: ${canonical(capacity)}`)
    check(usual, max, 'max', usual, `default is more than max: ${canonical(max)}`)
  }
  if (step === undefined) return errors
  const at = `${path}.step`
  const added = sum(min, step)
  if (compareQuantities(added, capacity) > 0) {
    const why = `one step ${added} is larger than capacity value: ${canonical(capacity)}`
    errors.push(field.invalid(at, canonical(step), why))
  }
  for (const value of max === undefined ? [usual] : [usual, max]) {
    if ((quantityValue(value) - quantityValue(min)) % quantityValue(step) === 0) continue
    const why = `value is not a multiple of a given step (${canonical(step)}) from (${canonical(min)})`
    errors.push(field.invalid(at, canonical(value), why))
  }
  return errors
}

function sum(a: string, b: string): string {
  const [first, second] = [parseQuantity(a), parseQuantity(b)]
  if (!first || !second) return a
  return formatQuantity({ ...first, nanos: first.nanos + second.nanos })
}
