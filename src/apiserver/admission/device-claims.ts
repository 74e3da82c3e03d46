// Who may have devices for administration, and who may say in the status of a claim what becomes of it.
// Model: AuthorizedFor… of k8s.io/kubernetes/pkg/registry/resource/utils.go, which validation asks.

import type { Namespace } from '../../api/generated/core-v1.ts'
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceRequest,
  ResourceClaim,
  ResourceClaimTemplate,
} from '../../api/generated/resource-v1.ts'
import { type FieldError, field, invalid } from '../../machinery/errors.ts'
import { dnsSubdomainProblem } from '../../machinery/names.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { type AuthorizationAttributes, type Authorizer, forbiddenMessage } from '../authorization/authorizer.ts'
import type { Registry } from '../registry/registry.ts'
import type { UserInfo } from '../user.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'

const GROUP = 'resource.k8s.io'
const LABEL = 'resource.kubernetes.io/admin-access'
const NODE_NAME = 'authentication.kubernetes.io/node-name'
const ACCOUNT = /^system:serviceaccount:[^:]+:[^:]+$/

/** Looks at new claims and templates, and at writes to the status of claims. */
export function deviceClaims(registry: Registry, authorizer: Authorizer): AdmissionPlugin {
  /** Asks before a new administrator's access at `path`. */
  async function adminProblems({ namespace }: AdmissionAttributes, path: string | undefined): Promise<FieldError[]> {
    if (path === undefined) return []
    const found = await registry.lookup<Namespace>('', 'namespaces', '', namespace)
    if (found?.metadata.labels?.[LABEL] === 'true') return []
    const why = `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`
    return [field.forbidden(path, why)]
  }

  async function statusProblems(attributes: AdmissionAttributes): Promise<FieldError[]> {
    const [{ status }, { status: old }] = [claimOf(attributes.object), claimOf(attributes.old)]
    const granted = adminResult(old.allocation) !== undefined
    const errors = await adminProblems(attributes, granted ? undefined : adminResult(status.allocation))
    const bound = !sameJson(status.allocation, old.allocation) || !sameJson(status.reservedFor, old.reservedFor)
    if (bound) errors.push(...(await bindingProblems(attributes)))
    const drivers = status.allocation ? changedDrivers(status.devices ?? [], old.devices ?? []) : []
    for (const driver of drivers) errors.push(...(await driverProblems(attributes, driver)))
    return errors
  }

  async function bindingProblems(attributes: AdmissionAttributes): Promise<FieldError[]> {
    const verb = verbOf(attributes)
    const why = await refusal(attributes, [verb], { subresource: 'binding', namespace: '', name: '' })
    if (why === undefined) return []
    const needs = `changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="${verb}" permission`
    return [field.forbidden('status.allocation', `${needs}: ${why}`)]
  }

  async function driverProblems(attributes: AdmissionAttributes, driver: string): Promise<FieldError[]> {
    const verb = verbOf(attributes)
    const near = isOnNode(attributes.user, nodeOf(claimOf(attributes.object).status.allocation))
    const verbs = [...(near ? [`associated-node:${verb}`] : []), `arbitrary-node:${verb}`]
    const { namespace } = attributes
    const why = await refusal(attributes, verbs, { subresource: 'driver', namespace, name: driver })
    if (why === undefined) return []
    const needs = `changing status.devices requires resource="resourceclaims/driver", verb="[${verbs.join(' ')}]" permission`
    return [field.forbidden('status.devices', `${needs}: ${why}`)]
  }

  /** Why none of the verbs may be used; undefined when one may. */
  async function refusal(
    { user, context }: AdmissionAttributes,
    verbs: readonly string[],
    at: { readonly subresource: string; readonly namespace: string; readonly name: string },
  ): Promise<string | undefined> {
    let first: string | undefined
    for (const verb of verbs) {
      const { version } = context.version
      const asked: AuthorizationAttributes = {
        ...{ user, verb, group: GROUP, version, resource: 'resourceclaims', path: '', isResource: true },
        ...at,
      }
      const { verdict, reason, error } = await authorizer.authorize(asked)
      if (verdict === 'allow') return undefined
      const what = `resourceclaims.${GROUP}${at.name === '' ? '' : ` ${JSON.stringify(at.name)}`} is forbidden`
      const why = [error, reason].filter((text) => text).join(': ')
      first ??= `${what}: ${forbiddenMessage(asked)}${why === '' ? '' : `: ${why}`}`
    }
    return first
  }

  return {
    name: 'ResourceClaimAuthorization',
    validate(attributes) {
      const { resource, operation, subresource } = attributes
      if (resource.group !== GROUP) return undefined
      const claim = resource.resource === 'resourceclaims'
      if (claim && operation === 'UPDATE' && subresource === 'status') return refuse(attributes, statusProblems)
      if (operation !== 'CREATE' || subresource !== '') return undefined
      if (claim) return refuse(attributes, (a) => adminProblems(a, adminRequest(requestsOf(claimOf(a.object)))))
      if (resource.resource !== 'resourceclaimtemplates') return undefined
      return refuse(attributes, (a) => {
        const { spec } = a.object as unknown as ResourceClaimTemplate
        return adminProblems(a, adminRequest(spec.spec?.devices?.requests))
      })
    },
  }
}

async function refuse(
  attributes: AdmissionAttributes,
  problemsOf: (attributes: AdmissionAttributes) => Promise<FieldError[]>,
): Promise<void> {
  const errors = await problemsOf(attributes)
  const { resource, name } = attributes
  if (errors.length > 0) throw invalid({ group: resource.group, kind: resource.kind }, name, errors)
}

const claimOf = (object: unknown) => object as ResourceClaim
const requestsOf = ({ spec }: ResourceClaim) => spec.devices?.requests
const verbOf = ({ patches }: AdmissionAttributes) => (patches ? 'patch' : 'update')

/** Where administrator's access is asked for first. */
function adminRequest(requests: readonly DeviceRequest[] | null | undefined): string | undefined {
  const at = (requests ?? []).findIndex(({ exactly }) => exactly?.adminAccess === true)
  return at < 0 ? undefined : `spec.devices.requests[${at}].adminAccess`
}

/** Where administrator's access is given first. */
function adminResult(allocation: AllocationResult | undefined): string | undefined {
  const at = (allocation?.devices?.results ?? []).findIndex(({ adminAccess }) => adminAccess === true)
  return at < 0 ? undefined : `status.allocation.devices.results[${at}].adminAccess`
}

/** The drivers of devices of which something else is said than before, in order. */
function changedDrivers(now: readonly AllocatedDeviceStatus[], before: readonly AllocatedDeviceStatus[]): string[] {
  const idOf = ({ driver, pool, device, shareID = '' }: AllocatedDeviceStatus) =>
    JSON.stringify([driver, pool, device, shareID])
  const old = new Map(before.map((status) => [idOf(status), status]))
  const kept = new Set(now.map(idOf))
  const changed = [
    ...now.filter((status) => !sameJson(status, old.get(idOf(status)))),
    ...before.filter((status) => !kept.has(idOf(status))),
  ]
  return [...new Set(changed.map(({ driver }) => driver))].sort()
}

/** The one node that an allocation is for. */
function nodeOf(allocation: AllocationResult | undefined): string | undefined {
  const [term, ...others] = allocation?.nodeSelector?.nodeSelectorTerms ?? []
  if (!term || others.length > 0 || (term.matchExpressions ?? []).length > 0) return undefined
  const [match, ...more] = term.matchFields ?? []
  if (!match || more.length > 0 || match.key !== 'metadata.name' || match.operator !== 'In') return undefined
  return match.values?.length === 1 ? match.values[0] : undefined
}

/** Whether a service account acts from a pod on the node. */
function isOnNode({ name, extra }: UserInfo, node: string | undefined): boolean {
  const nodes = extra?.[NODE_NAME] ?? []
  return (
    node !== undefined && ACCOUNT.test(name) && nodes.length === 1 && nodes[0] === node && !dnsSubdomainProblem(node)
  )
}
