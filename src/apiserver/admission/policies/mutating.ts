// MutatingAdmissionPolicy: requests changed by expressions.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/

import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '../../../api/generated/admissionregistration-v1.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import { forbidden, internalError, StatusError } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { isRecord, type StoredObject } from '../../api-object.ts'
import type { Authorizer } from '../../authorization/authorizer.ts'
import type { Registry } from '../../registry/registry.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'
import { isExempt, type Seen } from '../dynamic/matching.ts'
import { takeObject } from '../dynamic/shown-object.ts'
import { Reinvocation } from '../reinvocation.ts'
import { activationOf, namespaceObjectOf, showObjects } from './activation.ts'
import { Authorizations } from './authorizer.ts'
import { type CompiledMutation, compileMutation, once } from './compile.ts'
import { judgeConditions } from './conditions-compile.ts'
import { Budget, evaluate, OutOfBudget, POLICY_BUDGET, variableValues } from './expression.ts'
import { MutationError, mutated } from './mutate.ts'
import { servedKind } from './params.ts'
import { type Bound, boundPolicies, type Invocation, invocationsOf, type Misconfigured } from './policies.ts'

type Policy = DeepReadonly<MutatingAdmissionPolicy>
type Binding = DeepReadonly<MutatingAdmissionPolicyBinding>
type Failed = Misconfigured<Policy, Binding> & { readonly reason?: string }

const NAME = 'MutatingAdmissionPolicy'

export function mutatingPolicies(registry: Registry, authorizer: Authorizer): AdmissionPlugin {
  const configured = boundPolicies<Policy, Binding>(registry, 'mutating')
  const compiled = once(compileMutation)

  async function ask(attributes: AdmissionAttributes, bound: readonly Bound<Policy, Binding>[]): Promise<void> {
    const { invocations, misconfigured } = await invocationsOf(registry, bound, attributes)
    const failed: Failed[] = [...misconfigured]
    if (invocations.length > 0) {
      const authorizations = new Authorizations(authorizer)
      const reinvocation = Reinvocation.of(attributes)
      reinvocation.begin(NAME, attributes.object)
      let renewed = false
      for (const invocation of invocations) {
        const { policy, binding } = invocation
        const { problems, made } = await run(attributes, invocation, authorizations, reinvocation)
        failed.push(...problems.map((message) => ({ policy, binding, message, reason: 'Invalid' })))
        renewed ||= made
      }
      if (renewed) reinvocation.renewed(NAME)
      reinvocation.end(NAME, attributes.object)
    }
    const counted = failed.filter(({ policy }) => policy.spec.failurePolicy !== 'Ignore')
    if (counted.length > 0) throw denial(attributes, counted)
  }

  /**
   * Evaluates one policy and changes the object. Gives what could not be done, though what comes after that is done, and
   * whether anything made the object anew, be it as it was.
   */
  async function run(
    attributes: AdmissionAttributes,
    invocation: Invocation<Policy, Binding>,
    authorizations: Authorizations,
    reinvocation: Reinvocation,
  ): Promise<{ readonly problems: readonly string[]; readonly made: boolean }> {
    const { policy } = invocation
    const { conditions, mutations, variables } = compiled(policy)
    const values = await activation(attributes, invocation, authorizations)
    const { met, error } = await authorizations.settle(() => judgeConditions(conditions, values))
    if (error !== undefined) return { problems: [error], made: false }
    const id = idOf(invocation)
    if (!met || !reinvocation.includes(NAME, id)) return { problems: [], made: false }
    const problems: string[] = []
    let changed = false
    let made = false
    if (attributes.object) {
      for (const mutation of mutations) {
        try {
          changed = (await change(attributes, invocation, authorizations, variables, mutation)) || changed
          made = true
        } catch (error) {
          if (!(error instanceof MutationError)) throw error
          problems.push(error.message)
        }
      }
    }
    reinvocation.called(NAME, id, { changed, ifNeeded: policy.spec.reinvocationPolicy === 'IfNeeded' })
    return { problems, made }
  }

  async function activation(
    attributes: AdmissionAttributes,
    { seen, params }: Invocation<Policy, Binding>,
    authorizations: Authorizations,
  ) {
    const namespace = await namespaceObjectOf(registry, attributes)
    return activationOf(attributes, {
      ...{ seen, params, namespace, authorizations },
      objects: await showObjects(attributes, seen),
    })
  }

  /** One mutation, on the object as the ones before it have left it. Gives whether anything changed. */
  async function change(
    attributes: AdmissionAttributes,
    invocation: Invocation<Policy, Binding>,
    authorizations: Authorizations,
    variables: CompiledMutation['variables'],
    { type, expression }: CompiledMutation['mutations'][number],
  ): Promise<boolean> {
    const { seen } = invocation
    const { object: before } = await showObjects(attributes, seen)
    if (!before) return false
    if (!expression.program) throw new MutationError(expression.problem)
    const values = await activation(attributes, invocation, authorizations)
    const { value, error } = await authorizations.settle(() => {
      const budget = new Budget(POLICY_BUDGET)
      try {
        return evaluate(expression, { ...values, variables: variableValues(variables, values, budget) }, budget)
      } catch (failure) {
        if (!(failure instanceof OutOfBudget)) throw failure
        return { error: failure.message }
      }
    })
    if (error !== undefined) throw new MutationError(error)
    const after = mutated(type, before, value, seen)
    if (sameJson(after, before)) return false
    checkKind(registry, after, before, seen)
    await takeObject(attributes, seen, after, registry.clock.now())
    return true
  }

  async function admit(
    attributes: AdmissionAttributes,
    pending: Promise<readonly Bound<Policy, Binding>[]>,
  ): Promise<void> {
    const bound = await pending
    if (bound.length > 0) await ask(attributes, bound)
  }

  return {
    name: NAME,
    admit(attributes) {
      if (isExempt(attributes)) return undefined
      const bound = configured()
      if (bound instanceof Promise) return admit(attributes, bound)
      return bound.length === 0 ? undefined : ask(attributes, bound)
    },
  }
}

/** A policy may call an object something else, but nothing can be done with it then. Model: jsonPatcher.Patch. */
function checkKind(registry: Registry, after: unknown, before: StoredObject, { resource }: Seen): void {
  if (resource.view || !isRecord(after)) return
  const { apiVersion, kind } = { apiVersion: String(after.apiVersion), kind: String(after.kind) }
  if (apiVersion === before.apiVersion && kind === before.kind) return
  if (!servedKind(registry, { apiVersion, kind })) {
    throw internalError(
      `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`,
    )
  }
  const [group = ''] = resource.group.split('.')
  const made = `${apiVersion.split('/').pop()}.${kind}`
  const wanted = `${group || 'core'}.${resource.kind}`
  throw internalError(`failed to convert object: converting (${made}) to (${wanted}): unknown conversion`)
}

function idOf({ policy, binding, params }: Invocation<Policy, Binding>): string {
  const param = params ? `${params.metadata.namespace ?? ''}/${params.metadata.name}` : ''
  return `${policy.metadata.name} ${binding.metadata.name} ${param}`
}

function denial({ resource, object, name }: AdmissionAttributes, failed: readonly Failed[]): StatusError {
  const messages = failed.map(({ policy, binding, message }) => {
    const by = binding ? ` with binding '${binding.metadata.name}'` : ''
    return `policy '${policy.metadata.name}'${by} denied request: ${message}`
  })
  const { status } = forbidden(resource, object?.metadata?.name ?? name, '')
  const [message = ''] = messages
  return new StatusError({
    ...status,
    message,
    reason: failed[0]?.reason ?? 'Forbidden',
    details: { ...status.details, causes: messages.map((text) => ({ message: text })) },
    code: 403,
  })
}
