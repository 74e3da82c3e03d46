// Validation of what jobs make of failures and successes. Wording: k8s.io/kubernetes/pkg/apis/batch/validation.

import type { JobSpec, PodFailurePolicyRule, SuccessPolicyRule } from '../../../api/generated/batch-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { checkNonNegative, checkOptionalEnum, checkQualifiedName } from '../core/field-checks.ts'

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const OPERATORS = ['In', 'NotIn']
const STATUSES = ['False', 'True', 'Unknown']
const MOST_RULES = 20
const MOST_CONDITIONS = 20
const MOST_EXIT_CODES = 255
const LONGEST_INDEXES = 64 * 1024

/** A required word of a list, whose absence is answered with the list. */
function checkWord(path: string, value: string | undefined, allowed: readonly string[]): FieldError[] {
  if (value) return checkOptionalEnum(path, value, allowed)
  return [field.required(path, `valid values: [${allowed.map((word) => JSON.stringify(word)).join(' ')}]`)]
}

/** Something that is wrong with more than one field: no value is shown. */
function wrong(path: string, why: string): FieldError {
  return { type: 'FieldValueInvalid', path, message: `Invalid value: ${why}` }
}

/** Problems of the pod failure policy at `path`. */
export function validateFailurePolicy(spec: JobSpec, path: string): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? []
  const at = `${path}.rules`
  const surplus = rules.length > MOST_RULES ? [field.tooMany(at, rules.length, MOST_RULES)] : []
  return [...surplus, ...rules.flatMap((rule, i) => validateFailureRule(rule, spec, `${at}[${i}]`))]
}

function validateFailureRule(rule: PodFailurePolicyRule, spec: JobSpec, at: string): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule
  const errors = checkWord(`${at}.action`, action, ACTIONS)
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    errors.push(field.invalid(`${at}.action`, action, 'requires the backoffLimitPerIndex to be set'))
  }
  if (onExitCodes) errors.push(...validateExitCodes(onExitCodes, spec, `${at}.onExitCodes`))
  if (onPodConditions.length > MOST_CONDITIONS) {
    errors.push(field.tooMany(`${at}.onPodConditions`, onPodConditions.length, MOST_CONDITIONS))
  }
  for (const [i, pattern] of onPodConditions.entries()) {
    const path = `${at}.onPodConditions[${i}]`
    errors.push(...checkQualifiedName(`${path}.type`, pattern.type ?? ''))
    errors.push(...checkWord(`${path}.status`, pattern.status, STATUSES))
  }
  if (onExitCodes && onPodConditions.length > 0) {
    errors.push(wrong(at, 'specifying both OnExitCodes and OnPodConditions is not supported'))
  }
  if (!onExitCodes && onPodConditions.length === 0) {
    errors.push(wrong(at, 'specifying one of OnExitCodes and OnPodConditions is required'))
  }
  return errors
}

function validateExitCodes(
  { operator, containerName, values: sent }: NonNullable<PodFailurePolicyRule['onExitCodes']>,
  spec: JobSpec,
  at: string,
): FieldError[] {
  const values = sent ?? []
  const errors = checkWord(`${at}.operator`, operator, OPERATORS)
  const { initContainers = [] } = spec.template?.spec ?? {}
  const containers = spec.template?.spec?.containers ?? []
  if (containerName !== undefined && ![...containers, ...initContainers].some((c) => c.name === containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template'
    errors.push(field.invalid(`${at}.containerName`, containerName, why))
  }
  const path = `${at}.values`
  if (values.length === 0) errors.push(field.invalid(path, values, 'at least one value is required'))
  if (values.length > MOST_EXIT_CODES) errors.push(field.tooMany(path, values.length, MOST_EXIT_CODES))
  for (const [i, value] of values.entries()) {
    if (operator === 'In' && value === 0) {
      errors.push(field.invalid(`${path}[${i}]`, value, 'must not be 0 for the In operator'))
    }
    if (values.indexOf(value) < i) errors.push(field.duplicate(`${path}[${i}]`, value))
  }
  const ordered = values.every((value, i) => i === 0 || (values[i - 1] ?? value) <= value)
  return ordered ? errors : [...errors, field.invalid(path, values, 'must be ordered')]
}

/** Problems of the success policy at `path` of an indexed job. */
export function validateSuccessPolicy(spec: JobSpec, path: string): FieldError[] {
  const rules = spec.successPolicy?.rules ?? []
  const at = `${path}.rules`
  const errors: FieldError[] = []
  if (rules.length === 0) {
    errors.push(field.required(at, 'at least one rules must be specified when the successPolicy is specified'))
  }
  if (rules.length > MOST_RULES) errors.push(field.tooMany(at, rules.length, MOST_RULES))
  return [...errors, ...rules.flatMap((rule, i) => validateSuccessRule(rule, spec.completions ?? 0, `${at}[${i}]`))]
}

function validateSuccessRule(
  { succeededCount: count, succeededIndexes: indexes }: SuccessPolicyRule,
  completions: number,
  at: string,
): FieldError[] {
  const errors: FieldError[] = []
  if (count === undefined && indexes === undefined) {
    errors.push(field.required(at, 'at least one of succeededCount or succeededIndexes must be specified'))
  }
  const parsed = countIndexes(indexes ?? '', completions)
  if ((indexes ?? '').length > LONGEST_INDEXES) errors.push(field.tooLong(`${at}.succeededIndexes`, LONGEST_INDEXES))
  if (typeof parsed === 'string') {
    errors.push(field.invalid(`${at}.succeededIndexes`, indexes, `error parsing succeededIndexes: ${parsed}`))
  }
  if (count === undefined) return errors
  const path = `${at}.succeededCount`
  errors.push(...checkNonNegative(path, count))
  if (count > completions) {
    const why = `must be less than or equal to ${completions} (the number of specified completions)`
    errors.push(field.invalid(path, count, why))
  }
  const total = typeof parsed === 'string' ? 0 : parsed
  if (indexes !== undefined && count > total) {
    const why = `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`
    errors.push(field.invalid(path, count, why))
  }
  return errors
}

/** How many indexes a list as `1,3-5` holds, or what is wrong with it. */
function countIndexes(text: string, completions: number): number | string {
  let last = -1
  let total = 0
  for (const interval of text === '' ? [] : text.split(',')) {
    const ends = interval.split('-')
    if (ends.length > 2) {
      return `the fragment ${JSON.stringify(interval)} violates the requirement that an index interval can have at most two parts separated by '-'`
    }
    for (const end of ends) {
      if (!/^[+-]?\d+$/.test(end)) return `cannot convert string to integer for index: ${JSON.stringify(end)}`
      if (Number(end) >= completions) return `too large index: ${JSON.stringify(end)}`
    }
    const [from = 0, to = from] = ends.map(Number)
    if (ends.length === 2 && from >= to) return `non-increasing order, previous: ${from}, current: ${to}`
    if (last >= from) return `non-increasing order, previous: ${last}, current: ${from}`
    last = to
    total += to - from + 1
  }
  return total
}
