// What a rule of a definition must look like. Model: ValidateCustomResourceDefinitionOpenAPISchema of
// k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation.

import type { ValidationRule } from '../../api/generated/apiextensions-v1.ts'
import { type FieldError, field } from '../../machinery/errors.ts'
import { fieldAt } from './rule-path.ts'
import type { Schema } from './schema.ts'

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']

/** Problems of a rule's form; what it means is not looked at. */
export function ruleFormProblems(rule: ValidationRule, schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { message = '', messageExpression = '', reason, fieldPath = '' } = rule
  const [text, said] = [(rule.rule ?? '').trim(), message.trim()]
  if (text === '') errors.push(field.required(`${path}.rule`, 'rule is not specified'))
  else if (message !== '' && said === '') {
    errors.push(field.invalid(`${path}.message`, message, 'must be non-empty if specified'))
  } else if (hasNewlines(said)) {
    errors.push(field.invalid(`${path}.message`, message, 'must not contain line breaks'))
  } else if (hasNewlines(text) && said === '') {
    errors.push(field.required(`${path}.message`, 'message must be specified if rule contains line breaks'))
  }
  if (messageExpression !== '' && messageExpression.trim() === '') {
    errors.push(field.required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'))
  }
  if (reason !== undefined && !REASONS.includes(reason)) {
    errors.push(field.notSupported(`${path}.reason`, reason, REASONS))
  }
  const at = `${path}.fieldPath`
  if (fieldPath !== '' && fieldPath.trim() === '') {
    errors.push(field.invalid(at, fieldPath, 'must be non-empty if specified'))
  }
  if (hasNewlines(fieldPath)) errors.push(field.invalid(at, fieldPath, 'must not contain line breaks'))
  if (fieldPath !== '' && typeof fieldAt(fieldPath, schema) === 'string') {
    errors.push(field.invalid(at, fieldPath, 'must be a valid path'))
  }
  return errors
}

const hasNewlines = (text: string) => /[\n\r]/.test(text)
