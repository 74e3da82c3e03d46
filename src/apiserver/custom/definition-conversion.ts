// What a definition may say about the conversion of its versions. Model: validateCustomResourceConversion of
// k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation.

import type { CustomResourceDefinition, CustomResourceDefinitionSpec } from '../../api/generated/apiextensions-v1.ts'
import { type FieldError, field } from '../../machinery/errors.ts'
import { dns1035LabelProblem } from '../../machinery/names.ts'
import { webhookClientProblems } from '../webhook-client-problems.ts'
import { isTrue } from './names.ts'

const AT = 'spec.conversion'
const BUNDLE = `${AT}.webhookClientConfig.caBundle`
const STRATEGIES = ['None', 'Webhook']
const REVIEW_VERSIONS = ['v1', 'v1beta1']

/** Problems of a definition's conversion; `old` is what it was before an update. */
export function conversionProblems(
  spec: CustomResourceDefinitionSpec,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  const problems = problemsOf(spec, mustRecognize(old))
  return mayHaveBadBundle(old) ? problems.filter(({ path }) => path !== BUNDLE) : problems
}

/** Before a kind is established, and where it was so before, authorities may be anything. Model: allowInvalidCABundle. */
function mayHaveBadBundle(old: CustomResourceDefinition | undefined): boolean {
  if (!old || !isTrue(old, 'Established')) return true
  return problemsOf(old.spec, true).some(({ path }) => path === BUNDLE)
}

/** What has no version of the review that anybody knows may stay so. Model: hasValidConversionReviewVersionOrEmpty. */
function mustRecognize(old: CustomResourceDefinition | undefined): boolean {
  const before = old?.spec.conversion?.webhook?.conversionReviewVersions ?? []
  return before.length === 0 || before.some(isRecognized)
}

const isRecognized = (version: string) => REVIEW_VERSIONS.includes(version)

function problemsOf(
  { conversion, preserveUnknownFields }: CustomResourceDefinitionSpec,
  recognize: boolean,
): FieldError[] {
  if (!conversion) return []
  const { strategy, webhook } = conversion
  const versions = webhook?.conversionReviewVersions ?? []
  const errors: FieldError[] = []
  if (strategy !== 'None' && preserveUnknownFields) {
    errors.push(field.invalid(`${AT}.strategy`, strategy, 'must be None if spec.preserveUnknownFields is true'))
  }
  if (!strategy) errors.push(field.required(`${AT}.strategy`))
  else if (!STRATEGIES.includes(strategy)) errors.push(field.notSupported(`${AT}.strategy`, strategy, STRATEGIES))
  if (strategy !== 'Webhook') {
    const detail = 'should not be set when strategy is not set to Webhook'
    if (webhook?.clientConfig) errors.push(field.forbidden(`${AT}.webhookClientConfig`, detail))
    if (versions.length > 0) errors.push(field.forbidden(`${AT}.conversionReviewVersions`, detail))
    return errors
  }
  const client = webhook?.clientConfig
  return [
    ...errors,
    ...(client
      ? webhookClientProblems(`${AT}.webhookClientConfig`, client)
      : [field.required(`${AT}.webhookClientConfig`, 'required when strategy is set to Webhook')]),
    ...reviewVersionProblems(versions, recognize),
  ]
}

function reviewVersionProblems(versions: readonly string[], recognize: boolean): FieldError[] {
  const path = `${AT}.conversionReviewVersions`
  if (versions.length === 0) return [field.required(path)]
  const errors: FieldError[] = []
  for (const [i, version] of versions.entries()) {
    const problem = versions.indexOf(version) < i ? 'duplicate version' : dns1035LabelProblem(version)
    if (problem) errors.push(field.invalid(`${path}[${i}]`, version, problem))
  }
  if (recognize && !versions.some(isRecognized)) {
    errors.push(field.invalid(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`))
  }
  return errors
}
