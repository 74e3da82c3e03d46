// What is wrong with the expressions of webhooks and policies: none that does not compile is stored.

import type {
  MatchCondition,
  MutatingAdmissionPolicySpec,
  ValidatingAdmissionPolicySpec,
  Variable,
} from '../../../api/generated/admissionregistration-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { qualifiedNameProblem } from '../../../machinery/names.ts'
import { compileMutation, compileValidation } from '../../admission/policies/compile.ts'
import { compileConditions } from '../../admission/policies/conditions-compile.ts'
import type { CompiledVariables, Expression } from '../../admission/policies/expression.ts'

const MAX_CONDITIONS = 64
const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/

function problem(path: string, expression: Expression | undefined): FieldError[] {
  if (expression?.problem === undefined || expression.source.trim() === '') return []
  return [field.invalid(path, expression.source, expression.problem)]
}

/** Of matchConditions. */
export function conditionProblems(
  path: string,
  conditions: readonly MatchCondition[] | undefined,
  { params }: { readonly params: boolean },
): FieldError[] {
  if (!conditions) return []
  const errors: FieldError[] = []
  if (conditions.length > MAX_CONDITIONS) {
    return [field.tooMany(path, conditions.length, MAX_CONDITIONS)]
  }
  const compiled = compileConditions(conditions, { params, authorizer: true })
  const names = new Set<string>()
  for (const [i, { name = '', expression }] of conditions.entries()) {
    const at = `${path}[${i}]`
    if (name === '') errors.push(field.required(`${at}.name`))
    else {
      const bad = qualifiedNameProblem(name)
      if (bad) errors.push(field.invalid(`${at}.name`, name, bad))
      if (names.has(name)) errors.push(field.duplicate(`${at}.name`, name))
    }
    names.add(name)
    if (!expression?.trim()) errors.push(field.required(`${at}.expression`))
    errors.push(...problem(`${at}.expression`, compiled[i]))
  }
  return errors
}

function variableProblems(variables: readonly Variable[] | undefined, compiled: CompiledVariables): FieldError[] {
  return (variables ?? []).flatMap(({ name, expression }, i) => {
    const at = `spec.variables[${i}]`
    if (!IDENTIFIER.test(name ?? '')) {
      return [field.invalid(`${at}.name`, name, 'name is not a valid CEL identifier')]
    }
    if (!expression?.trim()) return [field.required(`${at}.expression`, 'expression is not specified')]
    return problem(`${at}.expression`, compiled.expressions.get(name))
  })
}

function policyConditionProblems({
  matchConditions,
  paramKind,
}: Pick<ValidatingAdmissionPolicySpec, 'matchConditions' | 'paramKind'>): FieldError[] {
  return conditionProblems('spec.matchConditions', matchConditions, { params: paramKind !== undefined })
}

/** Of a validating policy; conditions that did not change are not looked at again. */
export function validationProblems(spec: ValidatingAdmissionPolicySpec, sameConditions = false): FieldError[] {
  const compiled = compileValidation({ spec })
  return [
    ...(sameConditions ? [] : policyConditionProblems(spec)),
    ...variableProblems(spec.variables, compiled.variables),
    ...compiled.validations.flatMap(({ condition, message }, i) => [
      ...problem(`spec.validations[${i}].expression`, condition),
      ...problem(`spec.validations[${i}].messageExpression`, message),
    ]),
    ...compiled.auditAnnotations.flatMap(({ value }, i) => {
      const at = `spec.auditAnnotations[${i}].valueExpression`
      return value.source.trim() === '' ? [field.required(at, 'valueExpression is not specified')] : problem(at, value)
    }),
  ]
}

/** Of a mutating policy. */
export function mutationProblems(spec: MutatingAdmissionPolicySpec, sameConditions = false): FieldError[] {
  const compiled = compileMutation({ spec })
  return [
    ...(sameConditions ? [] : policyConditionProblems(spec)),
    ...variableProblems(spec.variables, compiled.variables),
    ...compiled.mutations.flatMap(({ type, expression }, i) => {
      const at = `spec.mutations[${i}].${type === 'json' ? 'jsonPatch' : 'applyConfiguration'}.expression`
      return expression.source.trim() === ''
        ? [field.required(at, 'expression is not specified')]
        : problem(at, expression)
    }),
  ]
}
