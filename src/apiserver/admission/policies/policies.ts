// Policies with their bindings: found for a request, with how it is seen and the parameters of each evaluation.

import type { MatchResources, ParamKind, ParamRef } from '../../../api/generated/admissionregistration-v1.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import type { StoredObject } from '../../api-object.ts'
import { type Derived, derived } from '../../registry/derived.ts'
import type { Registry } from '../../registry/registry.ts'
import type { AdmissionAttributes } from '../admission.ts'
import { type Criteria, matched, namespaceOf, type Seen } from '../dynamic/matching.ts'
import { paramsOf, servedKind } from './params.ts'

/** What both kinds of policies have. */
export interface AnyPolicy {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly failurePolicy?: string
    readonly matchConstraints?: DeepReadonly<MatchResources>
    readonly paramKind?: DeepReadonly<ParamKind>
  }
}

/** What both kinds of bindings have. */
export interface AnyBinding {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly policyName?: string
    readonly matchResources?: DeepReadonly<MatchResources>
    readonly paramRef?: DeepReadonly<ParamRef>
  }
}

/** A policy that has bindings. */
export interface Bound<P, B> {
  readonly policy: P
  readonly bindings: readonly B[]
}

/** One evaluation of a policy. */
export interface Invocation<P, B> {
  readonly policy: P
  readonly binding: B
  readonly seen: Seen
  readonly params: StoredObject | undefined
}

/** A policy or binding that cannot be used for a request as it is configured. */
export interface Misconfigured<P, B> {
  readonly policy: P
  readonly binding?: B
  readonly message: string
}

const GROUP = 'admissionregistration.k8s.io'
const ANYTHING = [
  { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*', '*/*'], scope: '*' },
] as const

/** The policies of a kind that are bound, by name; those without a binding do nothing. */
export function boundPolicies<P extends AnyPolicy, B extends AnyBinding>(
  registry: Registry,
  kind: 'validating' | 'mutating',
): () => readonly Bound<P, B>[] | Promise<readonly Bound<P, B>[]> {
  const read = <T>(resource: string) =>
    derived(registry, registry.resource(GROUP, resource), (objects) => objects as unknown as readonly T[])
  const policies: Derived<readonly P[]> = read(`${kind}admissionpolicies`)
  const bindings: Derived<readonly B[]> = read(`${kind}admissionpolicybindings`)
  let last: { p: readonly P[]; b: readonly B[]; bound: readonly Bound<P, B>[] } | undefined
  const join = (p: readonly P[], b: readonly B[]) => {
    if (last?.p !== p || last.b !== b) last = { p, b, bound: bind(p, b) }
    return last.bound
  }
  return () => {
    const p = policies.get()
    const b = bindings.get()
    if (p instanceof Promise || b instanceof Promise) return Promise.all([p, b]).then(([ps, bs]) => join(ps, bs))
    return join(p, b)
  }
}

function bind<P extends AnyPolicy, B extends AnyBinding>(
  policies: readonly P[],
  bindings: readonly B[],
): Bound<P, B>[] {
  const byPolicy = new Map<string, B[]>()
  for (const binding of bindings) {
    const { policyName = '' } = binding.spec
    byPolicy.set(policyName, [...(byPolicy.get(policyName) ?? []), binding])
  }
  return policies.flatMap((policy) => {
    const own = byPolicy.get(policy.metadata.name)
    return own ? [{ policy, bindings: own }] : []
  })
}

/** What of the policies is about a request. */
export async function invocationsOf<P extends AnyPolicy, B extends AnyBinding>(
  registry: Registry,
  bound: readonly Bound<P, B>[],
  attributes: AdmissionAttributes,
): Promise<{
  readonly invocations: readonly Invocation<P, B>[]
  readonly misconfigured: readonly Misconfigured<P, B>[]
}> {
  const invocations: Invocation<P, B>[] = []
  const misconfigured: Misconfigured<P, B>[] = []
  for (const { policy, bindings } of bound) {
    const { paramKind, matchConstraints } = policy.spec
    const seen = await matched(registry, criteriaOf(matchConstraints), attributes)
    if (!seen) continue
    const kind = paramKind && servedKind(registry, paramKind)
    if (paramKind && !kind) {
      const why = `failed to find resource referenced by paramKind: '${kindText(paramKind)}'`
      misconfigured.push({ policy, message: `failed to configure policy: ${why}` })
      continue
    }
    for (const binding of bindings) {
      const { matchResources, paramRef } = binding.spec
      if (matchResources && !(await matched(registry, criteriaOf(matchResources), attributes))) continue
      try {
        const namespace = namespaceOf(attributes)
        for (const params of await paramsOf(registry, kind, paramRef, namespace)) {
          invocations.push({ policy, binding, seen, params })
        }
      } catch (error) {
        if (!(error instanceof Error)) throw error
        misconfigured.push({ policy, binding, message: `failed to configure binding: ${error.message}` })
      }
    }
  }
  return { invocations, misconfigured }
}

/** As Go prints a GroupVersionKind. */
function kindText({ apiVersion = '', kind = '' }: DeepReadonly<ParamKind>): string {
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`
}

function criteriaOf(match: DeepReadonly<MatchResources> | undefined): Criteria {
  const rules = match?.resourceRules ?? []
  return {
    rules: rules.length === 0 ? ANYTHING : rules,
    excluded: match?.excludeResourceRules ?? [],
    matchPolicy: match?.matchPolicy,
    namespaceSelector: match?.namespaceSelector,
    objectSelector: match?.objectSelector,
  }
}
