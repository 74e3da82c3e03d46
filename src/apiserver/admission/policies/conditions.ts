// matchConditions: expressions that decide last whether a webhook or policy is about a request.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-matchconditions

import type { MatchCondition } from '../../../api/generated/admissionregistration-v1.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import { forbidden } from '../../../machinery/errors.ts'
import type { Authorizer } from '../../authorization/authorizer.ts'
import type { Registry } from '../../registry/registry.ts'
import type { ConditionsMet } from '../dynamic/conditions.ts'
import { activationOf, namespaceObjectOf, showObjects } from './activation.ts'
import { Authorizations } from './authorizer.ts'
import { compileConditions, judgeConditions } from './conditions-compile.ts'
import type { Expression } from './expression.ts'

type Conditions = readonly DeepReadonly<MatchCondition>[]

/** The conditions of webhooks. */
export function webhookConditions(registry: Registry, authorizer: Authorizer): ConditionsMet {
  const compiled = new WeakMap<Conditions, readonly Expression[]>()
  return async ({ attributes, seen, conditions, failsClosed }) => {
    let expressions = compiled.get(conditions)
    if (!expressions) {
      expressions = compileConditions(conditions, { params: false, authorizer: true })
      compiled.set(conditions, expressions)
    }
    const authorizations = new Authorizations(authorizer)
    const activation = activationOf(attributes, {
      seen,
      objects: await showObjects(attributes, seen),
      namespace: await namespaceObjectOf(registry, attributes),
      authorizations,
    })
    const all = expressions
    const { met, error } = await authorizations.settle(() => judgeConditions(all, activation))
    if (error !== undefined && failsClosed) throw forbidden(attributes.resource, attributes.name, error)
    return met
  }
}

/** Where nothing is authorized there is nobody to ask. */
export const NOBODY: Authorizer = { authorize: () => ({ verdict: 'none', reason: 'there is no authorizer' }) }
