// Asking whether a request is allowed. Libraries: k8s.io/apiserver/pkg/cel/library, authz and authz selectors.

import { type Declaration, fail } from '../functions.ts'
import { AUTHORIZER, DECISION, GROUP_CHECK, PATH_CHECK, RESOURCE_CHECK } from '../types.ts'
import { Opaque } from '../values.ts'

/** What is asked of an authorizer. */
export type AuthorizationCheck =
  | { readonly kind: 'path'; readonly path: string; readonly verb: string }
  | (ResourceCheck & { readonly kind: 'resource'; readonly verb: string })

interface ResourceCheck {
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly fieldSelector: string
  readonly labelSelector: string
}

/** What an authorizer answers. */
export interface AuthorizationDecision {
  readonly allowed: boolean
  readonly reason: string
  readonly error?: string
}

/** The authorizer that expressions ask: answers for the user of the request or for a service account. */
export interface CelAuthorizer {
  check(check: AuthorizationCheck): AuthorizationDecision
  /** The same for a service account's user. */
  serviceAccount(namespace: string, name: string): CelAuthorizer
}

const opaque = (type: Opaque['type'], data: unknown) => new Opaque(type, data, (other) => other === data)

/** An authorizer as the value of a variable. */
export function authorizerValue(authorizer: CelAuthorizer): Opaque {
  return opaque(AUTHORIZER, authorizer)
}

interface Check {
  readonly authorizer: CelAuthorizer
  readonly check: ResourceCheck
}

const EMPTY: ResourceCheck = {
  group: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  fieldSelector: '',
  labelSelector: '',
}

const authorizerOf = (value: Opaque) => value.data as CelAuthorizer
const checkOf = (value: Opaque) => value.data as Check
const decisionOf = (value: Opaque) => value.data as AuthorizationDecision
const decision = (data: AuthorizationDecision) => opaque(DECISION, data)

function refined(type: Opaque['type'], field: keyof ResourceCheck) {
  return (value: Opaque, text: string) => {
    const { authorizer, check } = checkOf(value)
    return opaque(type, { authorizer, check: { ...check, [field]: text } } satisfies Check)
  }
}

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/

function serviceAccount(value: Opaque, namespace: string, name: string): Opaque {
  if (!NAME.test(namespace)) return fail('Invalid service account namespace')
  if (!NAME.test(name)) return fail('Invalid service account name')
  return authorizerValue(authorizerOf(value).serviceAccount(namespace, name))
}

export const AUTHORIZERS: readonly Declaration[] = [
  [
    'path',
    'authorizer_path',
    'authorizer.(string)->pathCheck',
    (value: Opaque, path: string) =>
      path === '' ? fail('path must not be empty') : opaque(PATH_CHECK, { authorizer: authorizerOf(value), path }),
  ],
  [
    'group',
    'authorizer_group',
    'authorizer.(string)->groupCheck',
    (value: Opaque, group: string) =>
      opaque(GROUP_CHECK, { authorizer: authorizerOf(value), check: { ...EMPTY, group } } satisfies Check),
  ],
  ['serviceAccount', 'authorizer_serviceaccount', 'authorizer.(string,string)->authorizer', serviceAccount],
  ['resource', 'groupcheck_resource', 'groupCheck.(string)->resourceCheck', refined(RESOURCE_CHECK, 'resource')],
  ...(['subresource', 'namespace', 'name'] as const).map((field): Declaration => {
    return [field, `resourcecheck_${field}`, 'resourceCheck.(string)->resourceCheck', refined(RESOURCE_CHECK, field)]
  }),
  ...(['fieldSelector', 'labelSelector'] as const).map((field): Declaration => {
    const id = `authorizer_${field.toLowerCase()}`
    return [field, id, 'resourceCheck.(string)->resourceCheck', refined(RESOURCE_CHECK, field)]
  }),
  [
    'check',
    'pathcheck_check',
    'pathCheck.(string)->decision',
    (value: Opaque, verb: string) => {
      const { authorizer, path } = value.data as { authorizer: CelAuthorizer; path: string }
      return decision(authorizer.check({ kind: 'path', path, verb }))
    },
  ],
  [
    'check',
    'resourcecheck_check',
    'resourceCheck.(string)->decision',
    (value: Opaque, verb: string) => {
      const { authorizer, check } = checkOf(value)
      return decision(authorizer.check({ kind: 'resource', ...check, verb }))
    },
  ],
  ['errored', 'decision_errored', 'decision.()->bool', (value: Opaque) => decisionOf(value).error !== undefined],
  ['error', 'decision_error', 'decision.()->string', (value: Opaque) => decisionOf(value).error ?? ''],
  ['allowed', 'decision_allowed', 'decision.()->bool', (value: Opaque) => decisionOf(value).allowed],
  ['reason', 'decision_reason', 'decision.()->string', (value: Opaque) => decisionOf(value).reason],
]
