// What is wrong with claims for devices and with classes of devices.
// Model: k8s.io/kubernetes/pkg/apis/resource/validation.

import type {
  DeviceClaim,
  DeviceClassSpec,
  DeviceConstraint,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  ExactDeviceRequest,
} from '../../../api/generated/resource-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { checkSubdomain } from '../core/field-checks.ts'
import { isExtendedName } from '../core/resource-requirements.ts'
import {
  checkConfiguration,
  checkFullId,
  checkLabel,
  checkList,
  checkRequestRef,
  checkToleration,
  type RequestNames,
} from './device-common.ts'
import { expressionProblems } from './device-expressions.ts'

const MAX_REQUESTS = 32
const MAX_FIRST_AVAILABLE = 8
const MAX_SELECTORS = 32
const MODES = ['All', 'ExactCount']

/** The requests that others may name. */
export function requestNames({ requests }: DeviceClaim): RequestNames {
  return new Map(
    (requests ?? []).map(({ name, firstAvailable = [] }) => [name, new Set(firstAvailable.map((sub) => sub.name))]),
  )
}

/** Problems of the names of requests in a list. */
export function requestRefProblems(refs: readonly string[] = [], path: string, names: RequestNames): FieldError[] {
  const check = (ref: string, at: string) => checkRequestRef(at, ref, names)
  return checkList(refs, path, MAX_REQUESTS, check, (ref) => ref)
}

/** Problems of what a claim asks for. */
export function claimProblems(claim: DeviceClaim = {}, path: string): FieldError[] {
  const { constraints = [], config = [] } = claim
  const requests = claim.requests ?? []
  const names = requestNames(claim)
  return [
    ...checkList(requests, `${path}.requests`, MAX_REQUESTS, requestProblems, ({ name }) => name ?? ''),
    ...checkList(constraints, `${path}.constraints`, MAX_REQUESTS, (constraint, at) =>
      constraintProblems(constraint, at, names),
    ),
    ...checkList(config, `${path}.config`, MAX_REQUESTS, (configuration, at) => [
      ...requestRefProblems(configuration.requests, `${at}.requests`, names),
      ...checkConfiguration(at, configuration),
    ]),
  ]
}

function constraintProblems(constraint: DeviceConstraint, path: string, names: RequestNames): FieldError[] {
  const { requests, matchAttribute, distinctAttribute } = constraint
  const errors = requestRefProblems(requests, `${path}.requests`, names)
  if (matchAttribute !== undefined) return [...errors, ...checkFullId(`${path}.matchAttribute`, matchAttribute)]
  if (distinctAttribute !== undefined) {
    return [...errors, ...checkFullId(`${path}.distinctAttribute`, distinctAttribute)]
  }
  // Upstream's words, although none is set.
  const why = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
  return [...errors, field.required(path, why)]
}

function requestProblems({ name, exactly, firstAvailable = [] }: DeviceRequest, path: string): FieldError[] {
  const errors = checkLabel(`${path}.name`, name)
  const one = 'exactly one of `exactly` or `firstAvailable` is required'
  if (exactly && firstAvailable.length > 0) {
    errors.push(field.invalid(path, null, `${one}, but multiple fields are set`))
  } else if (exactly) errors.push(...amountProblems(exactly, `${path}.exactly`))
  else if (firstAvailable.length === 0) errors.push(field.required(path, one))
  else {
    const check = (sub: DeviceSubRequest, at: string) => [
      ...checkLabel(`${at}.name`, sub.name),
      ...amountProblems(sub, at),
    ]
    const at = `${path}.firstAvailable`
    errors.push(...checkList(firstAvailable, at, MAX_FIRST_AVAILABLE, check, (sub) => sub.name ?? ''))
  }
  return errors
}

function amountProblems(request: ExactDeviceRequest | DeviceSubRequest, path: string): FieldError[] {
  const { deviceClassName, selectors = [], allocationMode = '', count, tolerations = [] } = request
  const classAt = `${path}.deviceClassName`
  const errors = [
    ...(deviceClassName ? checkSubdomain(classAt, deviceClassName) : [field.required(classAt)]),
    ...checkList(selectors, `${path}.selectors`, MAX_SELECTORS, selectorProblems),
  ]
  if (!MODES.includes(allocationMode)) {
    errors.push(field.notSupported(`${path}.allocationMode`, allocationMode, MODES))
  } else if (allocationMode === 'All' && count) {
    errors.push(field.invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'"))
  } else if (allocationMode === 'ExactCount' && (count ?? 0) <= 0) {
    errors.push(field.invalid(`${path}.count`, count ?? 0, 'must be greater than zero'))
  }
  return [...errors, ...tolerations.flatMap((t, i) => checkToleration(`${path}.tolerations[${i}]`, t))]
}

function selectorProblems({ cel }: DeviceSelector, path: string): FieldError[] {
  if (!cel) return [field.required(`${path}.cel`)]
  return expressionProblems(`${path}.cel.expression`, cel.expression ?? '')
}

/** Problems of a class of devices. What drivers are told may be longer where it always was. */
export function classProblems(spec: DeviceClassSpec, path: string, old?: DeviceClassSpec): FieldError[] {
  const { selectors = [], config = [], extendedResourceName: name } = spec
  const known = old !== undefined && sameJson(config, old.config ?? [])
  return [
    ...checkList(selectors, `${path}.selectors`, MAX_SELECTORS, selectorProblems),
    ...checkList(config, `${path}.config`, MAX_REQUESTS, (item, at) => checkConfiguration(at, item, known)),
    ...(name === undefined || isExtendedName(name)
      ? []
      : [field.invalid(`${path}.extendedResourceName`, name, 'must be a valid extended resource name')]),
  ]
}
