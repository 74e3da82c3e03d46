// Who writes a policy or binding must be allowed to read its parameters: expressions could tell what is in them.

import type { ParamKind } from '../../../api/generated/admissionregistration-v1.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import { forbidden } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import type { Authorizer } from '../../authorization/authorizer.ts'
import type { Registry } from '../../registry/registry.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'
import { servedKind } from './params.ts'
import type { AnyBinding, AnyPolicy } from './policies.ts'

const GROUP = 'admissionregistration.k8s.io'
const POLICIES = new Set(['validatingadmissionpolicies', 'mutatingadmissionpolicies'])
const BINDINGS: Readonly<Record<string, string>> = {
  validatingadmissionpolicybindings: 'validatingadmissionpolicies',
  mutatingadmissionpolicybindings: 'mutatingadmissionpolicies',
}

export function paramAccess(registry: Registry, authorizer: Authorizer): AdmissionPlugin {
  async function mayGet(
    { user }: AdmissionAttributes,
    paramKind: DeepReadonly<ParamKind>,
    at: { readonly namespace: string; readonly name: string },
  ): Promise<boolean> {
    const served = servedKind(registry, paramKind)
    const [version = '', group = ''] = (paramKind.apiVersion ?? '').split('/').reverse()
    // A kind that is not served yet may become any resource of its group.
    const resource = served?.resource.resource ?? '*'
    const attributes = { user, verb: 'get', group, version, resource, subresource: '', path: '', isResource: true }
    return (await authorizer.authorize({ ...attributes, ...at })).verdict === 'allow'
  }

  async function checkPolicy(attributes: AdmissionAttributes): Promise<void> {
    const { paramKind } = (attributes.object as unknown as AnyPolicy).spec
    const before = (attributes.old as unknown as AnyPolicy | undefined)?.spec.paramKind
    if (!paramKind || sameJson(paramKind, before)) return
    if (await mayGet(attributes, paramKind, { namespace: '*', name: '*' })) return
    const { apiVersion = '', kind = '' } = paramKind
    throw refusal(attributes, `on all objects of the referenced paramKind (kind=${kind}, apiVersion=${apiVersion})`)
  }

  async function checkBinding(attributes: AdmissionAttributes, policies: string): Promise<void> {
    const { paramRef, policyName = '' } = (attributes.object as unknown as AnyBinding).spec
    const before = (attributes.old as unknown as AnyBinding | undefined)?.spec
    if (!paramRef || (before?.policyName === policyName && sameJson(paramRef, before.paramRef))) return
    const policy = await registry.lookup<AnyPolicy>(GROUP, policies, '', policyName)
    const paramKind = policy?.spec.paramKind
    if (!paramKind) return
    const at = { namespace: paramRef.namespace || '*', name: paramRef.name || '*' }
    if (!(await mayGet(attributes, paramKind, at))) throw refusal(attributes, 'on the object of the paramRef')
  }

  return {
    name: 'PolicyParamAccess',
    validate(attributes) {
      const { resource, operation, object, subresource } = attributes
      if (resource.group !== GROUP || !object || subresource !== '') return undefined
      if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined
      if (POLICIES.has(resource.resource)) return checkPolicy(attributes)
      const policies = BINDINGS[resource.resource]
      return policies === undefined ? undefined : checkBinding(attributes, policies)
    },
  }
}

function refusal({ resource, object, name, user }: AdmissionAttributes, what: string) {
  return forbidden(resource, object?.metadata.name ?? name, `user ${user.name} must have "get" permission ${what}`)
}
