// ValidatingAdmissionPolicy: requests judged by expressions.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/

import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/generated/admissionregistration-v1.ts'
import type { Activation } from '../../../machinery/cel/index.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import { forbidden, StatusError } from '../../../machinery/errors.ts'
import type { Authorizer } from '../../authorization/authorizer.ts'
import type { PolicyObserver, PolicyOutcome } from '../../metrics/admission.ts'
import type { Registry } from '../../registry/registry.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'
import { isExempt } from '../dynamic/matching.ts'
import { activationOf, namespaceObjectOf, type ShownObjects, showObjects } from './activation.ts'
import { Authorizations } from './authorizer.ts'
import { compileValidation, once } from './compile.ts'
import { type Judgement, judge } from './judge.ts'
import { type Bound, boundPolicies, type Invocation, invocationsOf } from './policies.ts'

type Policy = DeepReadonly<ValidatingAdmissionPolicy>
type Binding = DeepReadonly<ValidatingAdmissionPolicyBinding>

/** A refusal, and whose it is. */
interface Denied {
  readonly policy: Policy
  readonly binding?: Binding | undefined
  readonly message: string
  readonly reason?: string | undefined
}

const FAILURES = 'validation.policy.admission.k8s.io/validation_failure'
const MAX_FAILURES = 50
const CODES: Readonly<Record<string, number>> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
}

export function validatingPolicies(
  registry: Registry,
  authorizer: Authorizer,
  observe?: PolicyObserver,
): AdmissionPlugin {
  const configured = boundPolicies<Policy, Binding>(registry, 'validating')
  const compiled = once(compileValidation)

  async function ask(attributes: AdmissionAttributes, bound: readonly Bound<Policy, Binding>[]): Promise<void> {
    const { invocations, misconfigured } = await invocationsOf(registry, bound, attributes)
    const denied: Denied[] = misconfigured.filter(({ policy }) => policy.spec.failurePolicy !== 'Ignore')
    const failures: object[] = []
    const annotations = new Map<string, Set<string>>()
    const authorizations = new Authorizations(authorizer)
    const namespace = invocations.length === 0 ? undefined : await namespaceObjectOf(registry, attributes)
    const shown = new Map<string, ShownObjects>()
    for (const invocation of invocations) {
      const { policy, binding, seen, params } = invocation
      const { apiVersion } = seen.version
      const objects = shown.get(apiVersion) ?? (await showObjects(attributes, seen))
      shown.set(apiVersion, objects)
      const activation: Activation = activationOf(attributes, { seen, objects, namespace, params, authorizations })
      const failsClosed = policy.spec.failurePolicy !== 'Ignore'
      const started = registry.clock.now()
      const judgement = await authorizations.settle(() => judge(policy, compiled(policy), activation, failsClosed))
      const seconds = (registry.clock.now() - started) / 1000
      act(attributes, invocation, judgement, { denied, failures, observe, seconds })
      for (const { key, value } of judgement.auditAnnotations) {
        const name = `${policy.metadata.name}/${key}`
        annotations.set(name, (annotations.get(name) ?? new Set()).add(value))
      }
      denied.push(...judgement.auditErrors.map((message) => ({ policy, binding, message })))
    }
    const { context } = attributes
    for (const [key, values] of annotations) context.annotate?.(key, [...values].join(', '))
    if (failures.length > 0) context.annotate?.(FAILURES, JSON.stringify(failures.slice(0, MAX_FAILURES)))
    const [first] = denied
    if (first) throw denial(attributes, first)
  }

  async function validate(
    attributes: AdmissionAttributes,
    pending: Promise<readonly Bound<Policy, Binding>[]>,
  ): Promise<void> {
    const bound = await pending
    if (bound.length > 0) await ask(attributes, bound)
  }

  return {
    name: 'ValidatingAdmissionPolicy',
    validate(attributes) {
      if (isExempt(attributes)) return undefined
      const bound = configured()
      if (bound instanceof Promise) return validate(attributes, bound)
      return bound.length === 0 ? undefined : ask(attributes, bound)
    },
  }
}

/** Does with each finding what the binding wants done. */
function act(
  { context }: AdmissionAttributes,
  { policy, binding }: Invocation<Policy, Binding>,
  { findings }: Judgement,
  into: {
    readonly denied: Denied[]
    readonly failures: object[]
    readonly observe: PolicyObserver | undefined
    readonly seconds: number
  },
): void {
  for (const { message, reason, expressionIndex } of findings) {
    for (const action of binding.spec.validationActions) {
      into.observe?.({
        policy: policy.metadata.name,
        binding: binding.metadata.name,
        errorType: errorTypeOf(message, reason),
        action: action.toLowerCase() as PolicyOutcome['action'],
        seconds: into.seconds,
      })
      if (action === 'Deny') into.denied.push({ policy, binding, message, reason })
      if (action === 'Warn') {
        const { name } = policy.metadata
        context.warn(
          `Validation failed for ValidatingAdmissionPolicy '${name}' with binding '${binding.metadata.name}': ${message}`,
        )
      }
      if (action === 'Audit') {
        into.failures.push({
          message,
          policy: policy.metadata.name,
          binding: binding.metadata.name,
          expressionIndex,
          validationActions: binding.spec.validationActions,
        })
      }
    }
  }
}

/** What kind of failure is behind a finding: one without a reason comes of an expression that failed. */
function errorTypeOf(message: string, reason: string | undefined): PolicyOutcome['errorType'] {
  if (reason !== undefined) return 'no_error'
  if (message.startsWith('compilation error')) return 'compile_error'
  return message.includes('running out of cost budget') ? 'out_of_budget' : 'invalid_error'
}

function denial({ resource, object, name }: AdmissionAttributes, { policy, binding, message, reason }: Denied) {
  const by = binding ? ` with binding '${binding.metadata.name}'` : ''
  const why = `ValidatingAdmissionPolicy '${policy.metadata.name}'${by} denied request: ${message}`
  const { status } = forbidden(resource, object?.metadata?.name ?? name, why)
  const given = reason || 'Invalid'
  return new StatusError({
    ...status,
    message: status.message ?? why,
    reason: given,
    details: { ...status.details, causes: [{ message: why }] },
    code: CODES[given] ?? 422,
  })
}
