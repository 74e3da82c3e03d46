// limitranges. Rules and wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type { LimitRange, LimitRangeItem } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { compareQuantities, quantityMilli } from '../../../machinery/quantity.ts'
import { defineResource } from '../../resource-definition.ts'
import { genericColumns } from '../columns/common.ts'
import { checkQualifiedName } from '../core/field-checks.ts'
import {
  canonical,
  mayOvercommit,
  validateContainerResourceName,
  validateResourceName,
} from '../core/resource-requirements.ts'

const TYPES = new Set(['Pod', 'Container', 'PersistentVolumeClaim'])
const BOUNDS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const
type Bound = (typeof BOUNDS)[number]

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
      errors.push(...validateType(item.type ?? '', `${path}.type`))
      if (types.has(item.type)) errors.push(field.duplicate(`${path}.type`, item.type))
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

function validateType(type: string, path: string): FieldError[] {
  const errors = checkQualifiedName(path, type)
  if (errors.length > 0 || type.includes('/') || TYPES.has(type)) return errors
  return [field.invalid(path, type, 'must be a standard limit type or fully qualified')]
}

function validateItem(item: LimitRangeItem, path: string): FieldError[] {
  const isPod = item.type === 'Pod'
  const checkName = isPod || item.type === 'Container' ? validateContainerResourceName : validateResourceName
  const namesOf = (bound: Bound) =>
    Object.keys(item[bound] ?? {}).flatMap((name) => checkName(`${path}.${bound}[${name}]`, name))
  const errors = [...namesOf('max'), ...namesOf('min')]
  for (const bound of ['default', 'defaultRequest'] as const) {
    if (!isPod) errors.push(...namesOf(bound))
    else if (Object.keys(item[bound] ?? {}).length > 0) {
      errors.push(field.forbidden(`${path}.${bound}`, "may not be specified when `type` is 'Pod'"))
    }
  }
  if (item.type === 'PersistentVolumeClaim' && item.min?.storage === undefined && item.max?.storage === undefined) {
    const why = 'either minimum or maximum storage value is required, but neither was provided'
    errors.push(field.required(`${path}.limits`, why))
  }
  errors.push(...namesOf('maxLimitRequestRatio'))
  const { default: _, defaultRequest: __, ...ofPods } = item
  const compared: LimitRangeItem = isPod ? ofPods : item
  const names = new Set(BOUNDS.flatMap((bound) => Object.keys(compared[bound] ?? {})))
  for (const name of [...names].sort()) errors.push(...validateBounds(compared, name, path))
  return errors
}

/**
 * The bounds that must not be in the wrong order: lower, upper, the field to blame, whose value is shown, and their
 * names in messages.
 */
const ORDER = [
  ['min', 'max', 'min', 'min', 'min', 'max'],
  ['min', 'defaultRequest', 'defaultRequest', 'defaultRequest', 'min', 'default request'],
  ['defaultRequest', 'max', 'defaultRequest', 'defaultRequest', 'default request', 'max'],
  ['defaultRequest', 'default', 'defaultRequest', 'defaultRequest', 'default request', 'default limit'],
  ['min', 'default', 'default', 'min', 'min', 'default'],
  ['default', 'max', 'default', 'max', 'default', 'max'],
] as const

function validateBounds(item: LimitRangeItem, name: string, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [low, high, blamed, shown, lowName, highName] of ORDER) {
    const [a, b] = [item[low]?.[name], item[high]?.[name]]
    if (a === undefined || b === undefined || compareQuantities(a, b) <= 0) continue
    const why = `${lowName} value ${canonical(a)} is greater than ${highName} value ${canonical(b)}`
    errors.push(field.invalid(`${path}.${blamed}[${name}]`, canonical(item[shown]?.[name] ?? ''), why))
  }
  const ratio = item.maxLimitRequestRatio?.[name]
  if (ratio !== undefined) errors.push(...validateRatio(item, name, ratio, `${path}.maxLimitRequestRatio[${name}]`))
  const [limit, request] = [item.default?.[name], item.defaultRequest?.[name]]
  if (mayOvercommit(name) || limit === undefined || request === undefined || compareQuantities(limit, request) === 0) {
    return errors
  }
  const why = `default value ${canonical(limit)} must equal to defaultRequest value ${canonical(request)} in ${name}`
  return [...errors, field.invalid(`${path}.defaultRequest[${name}]`, canonical(request), why)]
}

function validateRatio(item: LimitRangeItem, name: string, ratio: string, path: string): FieldError[] {
  if (compareQuantities(ratio, '1') < 0) return [field.invalid(path, ratio, `ratio ${ratio} is less than 1`)]
  const [min, max] = [item.min?.[name], item.max?.[name]]
  if (min === undefined || max === undefined || compareQuantities(min, '0') <= 0) return []
  const widest = quantityMilli(max) / quantityMilli(min)
  if (quantityMilli(ratio) / 1000 <= widest) return []
  return [field.invalid(path, ratio, `ratio ${ratio} is greater than max/min = ${widest.toFixed(6)}`)]
}
