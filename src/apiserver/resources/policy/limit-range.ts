// limitranges. Rules and wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type { LimitRange, LimitRangeItem } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { qualifiedNameProblem } from '../../../machinery/names.ts'
import { compareQuantities, quantityMilli } from '../../../machinery/quantity.ts'
import { defineResource } from '../../resource-definition.ts'
import { genericColumns } from '../columns/common.ts'

const TYPES = new Set(['Pod', 'Container', 'PersistentVolumeClaim'])
const CONTAINER_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage'])
const OTHER_RESOURCES = new Set(['storage', 'pods', 'services', 'replicationcontrollers', 'resourcequotas', 'secrets'])
const BOUNDS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

export const limitRanges = defineResource<LimitRange>({
  group: '',
  resource: 'limitranges',
  shortNames: ['limits'],
  generation: false,
  createOnUpdate: true,
  defaults: ({ spec }) => spec.limits?.forEach(defaultItem),
  validate({ spec }) {
    const errors: FieldError[] = []
    const types = new Set<string>()
    for (const [i, item] of (spec.limits ?? []).entries()) {
      const path = `spec.limits[${i}]`
      errors.push(...validateType(item.type, `${path}.type`))
      if (item.type && types.has(item.type)) errors.push(field.duplicate(`${path}.type`, item.type))
      types.add(item.type)
      errors.push(...validateItem(item, path))
    }
    return errors
  },
  columns: genericColumns,
})

/** What is not said of containers is taken from the nearest bound that is. */
function defaultItem(item: LimitRangeItem): void {
  if (item.type !== 'Container') return
  const limit = { ...item.max, ...item.default }
  if (Object.keys(limit).length > 0) item.default = limit
  const request = { ...item.min, ...limit, ...item.defaultRequest }
  if (Object.keys(request).length > 0) item.defaultRequest = request
}

function validateType(type: string | undefined, path: string): FieldError[] {
  if (!type) return [field.required(path)]
  const problem = qualifiedNameProblem(type)
  if (problem) return [field.invalid(path, type, problem)]
  if (type.includes('/') || TYPES.has(type)) return []
  return [field.invalid(path, type, 'must be a standard limit type or fully qualified')]
}

function validateItem(item: LimitRangeItem, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const bound of BOUNDS) {
    for (const name of Object.keys(item[bound] ?? {})) {
      errors.push(...validateResourceName(item.type, name, `${path}.${bound}[${name}]`))
    }
  }
  if (item.type === 'Pod') {
    for (const bound of ['default', 'defaultRequest'] as const) {
      if (item[bound]) errors.push(field.forbidden(`${path}.${bound}`, "may not be specified when `type` is 'Pod'"))
    }
  }
  if (item.type === 'PersistentVolumeClaim' && item.min?.storage === undefined && item.max?.storage === undefined) {
    const why = 'either minimum or maximum storage value is required, but neither was provided'
    errors.push(field.required(`${path}.limits`, why))
  }
  const names = new Set(BOUNDS.flatMap((bound) => Object.keys(item[bound] ?? {})))
  for (const name of [...names].sort()) errors.push(...validateBounds(item, name, path))
  return errors
}

function validateResourceName(type: string, name: string, path: string): FieldError[] {
  const problem = qualifiedNameProblem(name)
  if (problem) return [field.invalid(path, name, problem)]
  if (name.includes('/') || name.startsWith('hugepages-') || CONTAINER_RESOURCES.has(name)) return []
  if (type === 'Pod' || type === 'Container') {
    return [field.invalid(path, name, 'must be a standard resource for containers')]
  }
  return OTHER_RESOURCES.has(name) ? [] : [field.invalid(path, name, 'must be a standard resource type')]
}

/** The bounds that must not be in the wrong order: lower, upper, the field to blame, and their names in messages. */
const ORDER = [
  ['min', 'max', 'min', 'min', 'max'],
  ['min', 'defaultRequest', 'defaultRequest', 'min', 'default request'],
  ['defaultRequest', 'max', 'defaultRequest', 'default request', 'max'],
  ['defaultRequest', 'default', 'defaultRequest', 'default request', 'default limit'],
  ['min', 'default', 'default', 'min', 'default'],
  ['default', 'max', 'default', 'default', 'max'],
] as const

function validateBounds(item: LimitRangeItem, name: string, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [low, high, blamed, lowName, highName] of ORDER) {
    const [a, b] = [item[low]?.[name], item[high]?.[name]]
    if (a === undefined || b === undefined || compareQuantities(a, b) <= 0) continue
    const why = `${lowName} value ${a} is greater than ${highName} value ${b}`
    errors.push(field.invalid(`${path}.${blamed}[${name}]`, item[blamed]?.[name], why))
  }
  const ratio = item.maxLimitRequestRatio?.[name]
  if (ratio !== undefined) errors.push(...validateRatio(item, name, ratio, `${path}.maxLimitRequestRatio[${name}]`))
  const [limit, request] = [item.default?.[name], item.defaultRequest?.[name]]
  const overcommits = CONTAINER_RESOURCES.has(name) || /^(?:[^/]+\.)?kubernetes\.io\//.test(name)
  if (!overcommits && limit !== undefined && request !== undefined && compareQuantities(limit, request) > 0) {
    const why = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`
    errors.push(field.invalid(`${path}.default[${name}]`, limit, why))
  }
  return errors
}

function validateRatio(item: LimitRangeItem, name: string, ratio: string, path: string): FieldError[] {
  if (compareQuantities(ratio, '1') < 0) return [field.invalid(path, ratio, `ratio ${ratio} is less than 1`)]
  const [min, max] = [item.min?.[name], item.max?.[name]]
  if (min === undefined || max === undefined || compareQuantities(min, '0') <= 0) return []
  const widest = quantityMilli(max) / quantityMilli(min)
  if (quantityMilli(ratio) / 1000 <= widest) return []
  return [field.invalid(path, ratio, `ratio ${ratio} is greater than max/min = ${widest.toFixed(6)}`)]
}
