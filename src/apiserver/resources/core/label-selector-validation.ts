// Validation of label selectors. Wording: k8s.io/apimachinery/pkg/apis/meta/v1/validation.

import type { LabelSelector } from '../../../api/generated/meta-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { labelValueProblem } from '../../../machinery/names.ts'
import { validateLabels } from '../../registry/metadata.ts'
import { checkQualifiedName, invalidFor } from './field-checks.ts'

/** Whether an expression names a value that no label can have. Upstream: LabelSelectorHasInvalidLabelValue. */
export function hasImpossibleValue(selector: LabelSelector | undefined): boolean {
  return (selector?.matchExpressions ?? []).some(({ values = [] }) =>
    values.some((value) => labelValueProblem(value) !== undefined),
  )
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist']

/** Problems of a label selector at `path`. `anyValue`: its expressions may name values that no label can have. */
export function validateLabelSelector(selector: LabelSelector, path: string, anyValue = false): FieldError[] {
  const errors = validateLabels(selector.matchLabels ?? {}, `${path}.matchLabels`)
  for (const [i, expression] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${i}]`
    const { key, operator = '', values = [] } = expression
    const takesValues = operator === 'In' || operator === 'NotIn'
    if (!OPERATORS.includes(operator)) {
      errors.push(field.invalid(`${at}.operator`, operator, 'not a valid selector operator'))
    } else if (takesValues && values.length === 0) {
      errors.push(field.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    } else if (!takesValues && values.length > 0) {
      errors.push(field.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
    }
    errors.push(...checkQualifiedName(`${at}.key`, key))
    for (const [v, value] of anyValue ? [] : values.entries()) {
      errors.push(...invalidFor(`${at}.values[${v}]`, value, [labelValueProblem(value)]))
    }
  }
  return errors
}
