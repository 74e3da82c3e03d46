// Rules that claims for devices, classes of devices and slices share.
// Model: k8s.io/kubernetes/pkg/apis/resource/validation.

import type { DeviceTaint, DeviceToleration, OpaqueDeviceConfiguration } from '../../../api/generated/resource-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import {
  dnsLabelProblem,
  dnsSubdomainProblem,
  labelValueProblem,
  qualifiedNameProblems,
} from '../../../machinery/names.ts'
import { invalidFor } from '../core/field-checks.ts'
import { validateDriverName } from '../core/volume-sources.ts'

const MAX_POOL = 253
const MAX_ID = 32
const MAX_RAW = 10 * 1024
const MAX_CONDITIONS = 4
const TAINT_EFFECTS = ['NoExecute', 'NoSchedule', 'None']
const OPERATORS = ['Equal', 'Exists']
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/
const NO_IDENTIFIER =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')"

/** Checks each of a list, and that no two have the same key; of a list that is too long nothing else is said. */
export function checkList<T>(
  list: readonly T[],
  path: string,
  max: number,
  check: (item: T, path: string) => readonly FieldError[],
  keyOf?: (item: T) => unknown,
): FieldError[] {
  if (list.length > max) return [field.tooMany(path, list.length, max)]
  const errors = list.flatMap((item, i) => check(item, `${path}[${i}]`))
  if (!keyOf) return errors
  const seen = new Set<string>()
  for (const [i, item] of list.entries()) {
    const key = keyOf(item)
    const text = JSON.stringify(key)
    if (seen.has(text)) errors.push(field.duplicate(`${path}[${i}]`, key))
    seen.add(text)
  }
  return errors
}

export function checkLabel(path: string, name = ''): FieldError[] {
  return invalidFor(path, name, [dnsLabelProblem(name)])
}

export function checkPoolName(path: string, name = ''): FieldError[] {
  if (name === '') return [field.required(path)]
  const long = name.length > MAX_POOL ? [field.tooLong(path, MAX_POOL)] : []
  return [...long, ...name.split('/').flatMap((part) => invalidFor(path, part, [dnsSubdomainProblem(part)]))]
}

/** The names of requests, and of the alternatives in each. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>

/** A request, or with a slash one of its alternatives. */
export function checkRequestRef(path: string, ref: string, names: RequestNames): FieldError[] {
  const [request = '', alternative, ...more] = ref.split('/')
  const unknown = field.invalid(
    path,
    ref,
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
  )
  if (more.length > 0) return [unknown]
  const alternatives = names.get(request)
  const found = alternatives !== undefined && (alternative === undefined || alternatives.has(alternative))
  return [
    ...checkLabel(path, request),
    ...(alternative === undefined ? [] : checkLabel(path, alternative)),
    ...(found ? [] : [unknown]),
  ]
}

/** What a driver is told, which must be an object. `known`: that it was there before there was a limit to its size. */
export function checkRaw(path: string, raw: unknown, known = false): FieldError[] {
  if (raw === undefined || raw === null) return [field.required(path)]
  if (!known && Buffer.byteLength(JSON.stringify(raw)) > MAX_RAW) return [field.tooLong(path, MAX_RAW)]
  if (typeof raw === 'object' && !Array.isArray(raw)) return []
  return [field.invalid(path, '<value omitted>', 'must be a valid JSON object')]
}

export function checkConfiguration(
  path: string,
  { opaque }: { readonly opaque?: OpaqueDeviceConfiguration },
  known = false,
): FieldError[] {
  if (!opaque) return [field.required(`${path}.opaque`)]
  return [
    ...validateDriverName(`${path}.opaque.driver`, opaque.driver),
    ...checkRaw(`${path}.opaque.parameters`, opaque.parameters, known),
  ]
}

function checkIdentifier(path: string, id: string): FieldError[] {
  const long = id.length > MAX_ID ? [field.tooLong(path, MAX_ID)] : []
  return IDENTIFIER.test(id) ? long : [...long, field.invalid(path, id, NO_IDENTIFIER)]
}

/** The name of an attribute or a capacity, before which a driver may stand. */
export function checkQualifiedId(path: string, name: string): FieldError[] {
  const [first = '', second, ...more] = name.split('/')
  // Upstream looks at no more than one slash.
  if (more.length > 0) return []
  if (second === undefined) return checkIdentifier(path, first)
  return [
    ...(first === '' ? [field.invalid(path, '', 'the domain must not be empty')] : validateDriverName(path, first)),
    ...(second === '' ? [field.invalid(path, '', 'the name must not be empty')] : checkIdentifier(path, second)),
  ]
}

/** The name of an attribute with its driver. */
export function checkFullId(path: string, name: string): FieldError[] {
  const errors = checkQualifiedId(path, name)
  if (name.includes('/')) return errors
  const why = 'a fully qualified name must be a domain and a name separated by a slash'
  return [...errors, field.invalid(path, name, why)]
}

function checkLabelName(path: string, name: string): FieldError[] {
  return invalidFor(path, name, qualifiedNameProblems(name))
}

function checkLabelValue(path: string, value: string): FieldError[] {
  return invalidFor(path, value, [labelValueProblem(value)])
}

/** `known`: an effect that may be there although it is not known. */
export function checkTaint(path: string, taint: Partial<DeviceTaint>, known?: string): FieldError[] {
  const { key = '', value = '', effect = '' } = taint
  const errors = [
    ...checkLabelName(`${path}.key`, key),
    ...(value === '' ? [] : checkLabelValue(`${path}.value`, value)),
  ]
  if (effect === known) return errors
  if (effect === '') errors.push(field.required(`${path}.effect`))
  else if (!TAINT_EFFECTS.includes(effect)) {
    errors.push(field.notSupported(`${path}.effect`, effect, TAINT_EFFECTS))
  }
  return errors
}

export function checkToleration(path: string, toleration: DeviceToleration): FieldError[] {
  const { key = '', operator = '', value = '', effect = '' } = toleration
  const errors = key === '' ? [] : checkLabelName(`${path}.key`, key)
  if (operator === 'Exists') {
    if (value !== '') errors.push(field.invalid(`${path}.value`, value, 'must be empty for operator `Exists`'))
  } else if (operator === 'Equal') errors.push(...checkLabelValue(`${path}.value`, value))
  else if (operator === '') errors.push(field.required(`${path}.operator`))
  else errors.push(field.notSupported(`${path}.operator`, operator, OPERATORS))
  if (effect !== '' && !TAINT_EFFECTS.includes(effect)) {
    errors.push(field.notSupported(`${path}.effect`, effect, TAINT_EFFECTS))
  }
  return errors
}

/** Conditions a device waits for before it is bound, and those that say that it cannot be. */
export function checkBinding(
  path: string,
  { bindingConditions = [], bindingFailureConditions = [] }: Binding,
): FieldError[] {
  const [at, failureAt] = [`${path}.bindingConditions`, `${path}.bindingFailureConditions`]
  const check = (name: string, where: string) => checkLabelName(where, name)
  const errors = [
    ...checkList(bindingConditions, at, MAX_CONDITIONS, check),
    ...checkList(bindingFailureConditions, failureAt, MAX_CONDITIONS, check),
  ]
  const twice = (list: readonly string[], i: number) => list.indexOf(list[i] ?? '') < i
  for (const [i, name] of bindingConditions.entries()) {
    if (twice(bindingConditions, i)) errors.push(field.duplicate(`${at}[${i}]`, name))
  }
  for (const [i, name] of bindingFailureConditions.entries()) {
    if (twice(bindingFailureConditions, i)) errors.push(field.duplicate(`${failureAt}[${i}]`, name))
    if (!bindingConditions.includes(name)) continue
    const why = 'bindingFailureConditions must not overlap with bindingConditions'
    errors.push(field.invalid(`${failureAt}[${i}]`, name, why))
  }
  if (bindingConditions.length === 0 && bindingFailureConditions.length > 0) {
    errors.push(field.invalid(at, null, 'bindingConditions are required to use bindingFailureConditions'))
  }
  if (bindingFailureConditions.length === 0 && bindingConditions.length > 0) {
    errors.push(field.invalid(failureAt, null, 'bindingFailureConditions are required to use bindingConditions'))
  }
  return errors
}

interface Binding {
  readonly bindingConditions?: readonly string[]
  readonly bindingFailureConditions?: readonly string[]
}
