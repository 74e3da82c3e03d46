// What is wrong with webhooks, policies of admission and their bindings, other than expressions and what they match.
// Rules and wording: k8s.io/kubernetes/pkg/apis/admissionregistration/validation.

import type {
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  Validation,
} from '../../../api/generated/admissionregistration-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dns1035LabelProblem, dnsSubdomainProblem, pathSegmentProblem } from '../../../machinery/names.ts'
import { checkEnum, checkOptionalEnum, checkQualifiedName, checkSubdomain, invalidFor } from '../core/field-checks.ts'
import { validateLabelSelector } from '../core/label-selector-validation.ts'

const REVIEW_VERSIONS = ['v1', 'v1beta1']
const MAX_ANNOTATIONS = 20
const MAX_VALUE_EXPRESSION = 5 * 1024
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']
const ACTIONS = ['Audit', 'Deny', 'Warn']
const MISSING_PARAMS = ['Deny', 'Allow']
const EXCLUSIVE = 'name and selector are mutually exclusive'
const NOTHING = 'validations or auditAnnotations must contain at least one item'
const NEWLINE = /[\n\r]/

/** Of the name of a webhook. Upstream: IsFullyQualifiedName. */
export function webhookNameProblems(name: string, path: string): FieldError[] {
  if (name === '') return [field.required(path)]
  const problem = dnsSubdomainProblem(name)
  if (problem) return [field.invalid(path, name, problem)]
  if (name.split('.').length >= 3) return []
  return [field.invalid(path, name, 'should be a domain with at least three segments separated by dots')]
}

/** Whether a webhook understands a version of reviews that is spoken here. */
export function acceptsReview(versions: readonly string[]): boolean {
  return versions.some((version) => REVIEW_VERSIONS.includes(version))
}

/** Of the versions of reviews that a webhook understands: one that is spoken here must be among them, or `any`. */
export function reviewVersionProblems(versions: readonly string[], path: string, any = false): FieldError[] {
  const spoken = REVIEW_VERSIONS.join(', ')
  if (versions.length === 0) return [field.required(path, `must specify one of ${spoken}`)]
  const errors = versions.flatMap((version, i) =>
    versions.indexOf(version) < i
      ? [field.invalid(`${path}[${i}]`, version, 'duplicate version')]
      : invalidFor(`${path}[${i}]`, version, [dns1035LabelProblem(version)]),
  )
  if (any || acceptsReview(versions)) return errors
  return [...errors, field.invalid(path, versions, `must include at least one of ${spoken}`)]
}

/** Of the kind of parameters. */
export function paramKindProblems(kind: ParamKind | undefined): FieldError[] {
  if (!kind) return []
  const at = 'spec.paramKind'
  const lower = (kind.kind ?? '').toLowerCase()
  const problem = dns1035LabelProblem(lower)
  const errors = kind.apiVersion
    ? versionProblems(kind.apiVersion, `${at}.apiVersion`)
    : [field.required(`${at}.apiVersion`)]
  if (lower === '') errors.push(field.required(`${at}.kind`))
  else if (problem) {
    errors.push(field.invalid(`${at}.kind`, kind.kind, `may have mixed case, but should otherwise match: ${problem}`))
  }
  return errors
}

function versionProblems(apiVersion: string, path: string): FieldError[] {
  const [version = '', group = '', ...more] = apiVersion.split('/').reverse()
  if (more.length > 0) return [field.invalid(path, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)]
  return [
    ...(group === '' ? [] : invalidFor(path, group, [dnsSubdomainProblem(group)])),
    ...(version === ''
      ? [field.invalid(path, apiVersion, 'version must be specified')]
      : invalidFor(path, version, [dns1035LabelProblem(version)])),
  ]
}

/** Of a reference to parameters. */
export function paramRefProblems(ref: ParamRef | undefined): FieldError[] {
  if (!ref) return []
  const at = 'spec.paramRef'
  const { name = '', selector } = ref
  const errors = name === '' ? [] : invalidFor(`${at}.name`, name, [pathSegmentProblem(name)])
  if (selector) {
    if (name !== '') errors.push(field.forbidden(`${at}.name`, EXCLUSIVE))
    errors.push(...validateLabelSelector(selector, `${at}.selector`))
    if (name !== '') errors.push(field.forbidden(`${at}.selector`, EXCLUSIVE))
  }
  if (name === '' && !selector) errors.push(field.required(at, 'one of name or selector must be specified'))
  return [...errors, ...checkEnum(`${at}.parameterNotFoundAction`, ref.parameterNotFoundAction, MISSING_PARAMS)]
}

/** Of the name of the policy that is bound. */
export function policyNameProblems(name: string | undefined): FieldError[] {
  return name ? checkSubdomain('spec.policyName', name) : [field.required('spec.policyName')]
}

/** Of what happens to what a policy refuses. */
export function actionProblems(actions: readonly string[]): FieldError[] {
  const at = 'spec.validationActions'
  const errors = actions.flatMap((action, i) => [
    ...checkOptionalEnum(`${at}[${i}]`, action, ACTIONS),
    ...(actions.indexOf(action) < i ? [field.duplicate(`${at}[${i}]`, action)] : []),
  ])
  if (actions.includes('Deny') && actions.includes('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)'
    errors.push(field.invalid(at, actions, why))
  }
  return actions.length > 0 ? errors : [field.required(at, 'at least one validation action is required')]
}

/** Of what a validating policy says besides its expressions. */
export function validationTextProblems({ metadata, spec }: ValidatingAdmissionPolicy): FieldError[] {
  const { validations = [], auditAnnotations = [] } = spec
  const at = 'spec.auditAnnotations'
  if (validations.length === 0 && auditAnnotations.length === 0) {
    return [field.required('spec.validations', NOTHING), field.required(at, NOTHING)]
  }
  const errors = validations.flatMap((validation, i) => textProblems(validation, `spec.validations[${i}]`))
  if (auditAnnotations.length > MAX_ANNOTATIONS) {
    const why = `must not have more than ${MAX_ANNOTATIONS} auditAnnotations`
    errors.push(field.invalid(at, auditAnnotations, why))
  }
  const keys = new Set<string>()
  for (const [i, { key = '', valueExpression = '' }] of auditAnnotations.entries()) {
    errors.push(...checkQualifiedName(`${at}[${i}].key`, `${metadata.name}/${key}`))
    if (Buffer.byteLength(valueExpression.trim()) > MAX_VALUE_EXPRESSION) {
      const why = `must not exceed ${MAX_VALUE_EXPRESSION} bytes in length`
      errors.push(field.required(`${at}[${i}].valueExpression`, why))
    }
    if (keys.has(key)) errors.push(field.duplicate(`${at}[${i}].key`, key))
    keys.add(key)
  }
  return errors
}

function textProblems({ expression, message, messageExpression, reason }: Validation, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (!expression?.trim()) errors.push(field.required(`${at}.expression`, 'expression is not specified'))
  if (messageExpression && messageExpression.trim() === '') {
    errors.push(field.invalid(`${at}.messageExpression`, messageExpression, 'must be non-empty if specified'))
  }
  if (message && message.trim() === '') {
    errors.push(field.invalid(`${at}.message`, message, 'must be non-empty if specified'))
  } else if (message && NEWLINE.test(message.trim())) {
    errors.push(field.invalid(`${at}.message`, message, 'must not contain line breaks'))
  }
  return [...errors, ...checkOptionalEnum(`${at}.reason`, reason, REASONS)]
}
