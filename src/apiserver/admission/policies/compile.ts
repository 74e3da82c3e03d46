// Policies with their expressions compiled, once for each state of a policy.

import type {
  MutatingAdmissionPolicy,
  ValidatingAdmissionPolicy,
} from '../../../api/generated/admissionregistration-v1.ts'
import { BOOL, JSON_PATCH_TYPE, listType, NULL, OBJECT_TYPE, STRING } from '../../../machinery/cel/index.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import { compileConditions } from './conditions-compile.ts'
import { admissionEnv } from './environment.ts'
import { type CompiledVariables, compileExpression, compileVariables, type Expression } from './expression.ts'

interface Compiled {
  readonly conditions: readonly Expression[]
  readonly variables: CompiledVariables
}

export interface CompiledValidation extends Compiled {
  readonly validations: readonly { readonly condition: Expression; readonly message: Expression | undefined }[]
  readonly auditAnnotations: readonly { readonly key: string; readonly value: Expression }[]
}

export interface CompiledMutation extends Compiled {
  readonly mutations: readonly { readonly type: 'apply' | 'json'; readonly expression: Expression }[]
}

/** Compiles a validating policy; problems are kept with the expressions. */
export function compileValidation({ spec }: DeepReadonly<Pick<ValidatingAdmissionPolicy, 'spec'>>): CompiledValidation {
  const params = spec.paramKind !== undefined
  const variables = compileVariables(spec.variables ?? [], { params, authorizer: true })
  const env = admissionEnv({ params, authorizer: true, variables: variables.types })
  // Texts are no place for questions about permissions.
  const plain = admissionEnv({ params, authorizer: false, variables: variables.types })
  return {
    conditions: compileConditions(spec.matchConditions ?? [], { params, authorizer: true }),
    variables,
    validations: (spec.validations ?? []).map(({ expression, messageExpression }) => ({
      condition: compileExpression(env, expression, [BOOL]),
      message: messageExpression ? compileExpression(plain, messageExpression, [STRING]) : undefined,
    })),
    auditAnnotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      value: compileExpression(env, valueExpression, [STRING, NULL]),
    })),
  }
}

/** Compiles a mutating policy; problems are kept with the expressions. */
export function compileMutation({ spec }: DeepReadonly<Pick<MutatingAdmissionPolicy, 'spec'>>): CompiledMutation {
  const params = spec.paramKind !== undefined
  const variables = compileVariables(spec.variables ?? [], { params, authorizer: true, mutation: true })
  const env = admissionEnv({ params, authorizer: true, mutation: true, variables: variables.types })
  return {
    conditions: compileConditions(spec.matchConditions ?? [], { params, authorizer: true }),
    variables,
    mutations: (spec.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch }) =>
      patchType === 'JSONPatch'
        ? { type: 'json', expression: compileExpression(env, jsonPatch?.expression ?? '', [listType(JSON_PATCH_TYPE)]) }
        : { type: 'apply', expression: compileExpression(env, applyConfiguration?.expression ?? '', [OBJECT_TYPE]) },
    ),
  }
}

/** Keeps what was made of an object that does not change. */
export function once<T extends object, R>(make: (object: T) => R): (object: T) => R {
  const known = new WeakMap<T, R>()
  return (object) => {
    let made = known.get(object)
    if (made === undefined) {
      made = make(object)
      known.set(object, made)
    }
    return made
  }
}
