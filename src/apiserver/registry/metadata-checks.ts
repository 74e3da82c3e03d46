// How often, and in which order, each kind tells what is wrong with metadata: upstream's generic part looks at them, and
// what a kind has of its own most often does so again.

import type { FieldError } from '../../machinery/errors.ts'
import { pathSegmentProblem } from '../../machinery/names.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import { ownerProblems } from './manager-rules.ts'
import {
  type NameRule,
  validateCommon,
  validateFinalizers,
  validateKubeFinalizers,
  validateMetadataChange,
  validateNames,
  validateNamespace,
} from './metadata.ts'
import type { Resource } from './resource.ts'

/**
 * Functions of upstream, one letter each: M is ValidateObjectMeta, O is ValidateObjectMetaWithOpts (which does not ask
 * about generateName), U is ValidateObjectMetaUpdate. Small letters are those of apimachinery, which let finalizers
 * be that belong to no domain (validateKubeFinalizerName).
 */
type Checks = string

const checksOf = (groups: Readonly<Record<Checks, string>>): ReadonlyMap<string, Checks> =>
  new Map(
    Object.entries(groups).flatMap(([checks, kinds]) => kinds.split(/\s+/).map((kind) => [kind, checks] as const)),
  )

const EXTENSION_KINDS = [
  'mutatingadmissionpolicies mutatingadmissionpolicybindings mutatingwebhookconfigurations',
  'validatingadmissionpolicies validatingadmissionpolicybindings validatingwebhookconfigurations',
]
  .join(' ')
  .replace(/\w+/g, '$&.admissionregistration.k8s.io')
const RBAC_KINDS = 'clusterroles clusterrolebindings roles rolebindings'.replace(/\w+/g, '$&.rbac.authorization.k8s.io')

/** What strategies look at in new objects; the others: M. */
const OF_NEW = checksOf({
  '': 'events poddisruptionbudgets.policy',
  O: 'deviceclasses.resource.k8s.io replicationcontrollers',
  o: 'leasecandidates.coordination.k8s.io',
  m: `${EXTENSION_KINDS} apiservices.apiregistration.k8s.io customresourcedefinitions.apiextensions.k8s.io
    leases.coordination.k8s.io runtimeclasses.node.k8s.io`,
})

/** What strategies look at in changed objects, after ValidateObjectMetaAccessor and ...AccessorUpdate; the others: U. */
const OF_CHANGED = checksOf({
  '': 'events poddisruptionbudgets.policy storageversions.internal.apiserver.k8s.io',
  u: `customresourcedefinitions.apiextensions.k8s.io leasecandidates.coordination.k8s.io
    leases.coordination.k8s.io`,
  um: 'apiservices.apiregistration.k8s.io',
  UM: `configmaps controllerrevisions.apps endpoints ingressclasses.networking.k8s.io ingresses.networking.k8s.io
    persistentvolumeclaims pods secrets serviceaccounts volumeattributesclasses.storage.k8s.io`,
  m: EXTENSION_KINDS,
  M: `csinodes.storage.k8s.io endpointslices.discovery.k8s.io flowschemas.flowcontrol.apiserver.k8s.io limitranges
    prioritylevelconfigurations.flowcontrol.apiserver.k8s.io volumeattachments.storage.k8s.io`,
  mu: 'runtimeclasses.node.k8s.io',
  MU: `clustertrustbundles.certificates.k8s.io csistoragecapacities.storage.k8s.io ipaddresses.networking.k8s.io
    jobs.batch namespaces nodes resourceclaims.resource.k8s.io resourceclaimtemplates.resource.k8s.io
    storageclasses.storage.k8s.io storageversionmigrations.storagemigration.k8s.io`,
  MM: 'persistentvolumes',
  OU: `certificatesigningrequests.certificates.k8s.io deviceclasses.resource.k8s.io ${RBAC_KINDS}`,
})

/** The same for writes to subresources. */
const OF_STATUS = checksOf({
  '': 'cronjobs.batch poddisruptionbudgets.policy',
  u: 'apiservices.apiregistration.k8s.io customresourcedefinitions.apiextensions.k8s.io',
  M: 'volumeattachments.storage.k8s.io',
  OU: 'certificatesigningrequests.certificates.k8s.io',
})

type Asked = Pick<Resource, 'group' | 'resource' | 'namespaced' | 'view'> & {
  readonly definition: { readonly nameProblem?: NameRule }
}

/** The kind under the group by which it was asked for. */
const idOf = ({ resource }: Asked, group: string) => (group === '' ? resource : `${resource}.${group}`)

/** Problems of a new object's metadata that the kind looks for. Model: RESTCreateStrategy.Validate. */
export function newMetadataProblems(resource: Asked, group: string, object: ApiObject): FieldError[] {
  const checks = resource.view ? 'm' : (OF_NEW.get(idOf(resource, group)) ?? 'M')
  if (checks === '') return []
  return [
    ...validateNames(resource.definition.nameProblem, object, checks !== 'O' && checks !== 'o'),
    ...validateNamespace(resource, object),
    ...validateCommon(object, 'metadata'),
    ...validateFinalizers(object, 'metadata'),
    ...(isKube(checks) ? validateKubeFinalizers(object) : []),
  ]
}

/** Problems of a new object's metadata that are looked for when there are no others. Model: BeforeCreate. */
export function commonMetadataProblems(resource: Asked, group: string, object: ApiObject): FieldError[] {
  const checks = resource.view ? 'm' : (OF_NEW.get(idOf(resource, group)) ?? 'M')
  if (checks === 'M' || checks === 'm') return []
  return [
    ...validateNames(pathSegmentProblem, object, true),
    ...validateNamespace(resource, object),
    ...validateCommon(object, 'metadata'),
    ...validateFinalizers(object, 'metadata'),
  ]
}

/** Problems of a change of metadata. Model: validateCommonFields, and RESTUpdateStrategy.ValidateUpdate. */
export function changedMetadataProblems(
  resource: Asked,
  { group, subresource }: { readonly group: string; readonly subresource: string },
  object: ApiObject,
  old: StoredObject,
): FieldError[] {
  const checks = resource.view ? 'u' : checksOfChange(idOf(resource, group), subresource)
  const change = validateMetadataChange(object, old)
  const common = validateCommon(object, 'metadata')
  const finalizers = validateFinalizers(object, 'metadata')
  const managers = ownerProblems(object)
  const kube = isKube(checks) ? validateKubeFinalizers(object) : []
  const names = /[mo]/i.test(checks)
    ? validateNames(resource.definition.nameProblem, object, !checks.toLowerCase().includes('o'))
    : []
  const found = [change, common, finalizers, managers, kube, names]
  if (found.every(({ length }) => length === 0)) return []
  const ofOne = (check: string) =>
    check === 'u' ? [...change, ...common, ...managers] : [...names, ...common, ...finalizers, ...managers]
  const problems = [...common, ...finalizers, ...managers, ...ofOne('u')]
  for (const check of checks) problems.push(...ofOne(check.toLowerCase()), ...kube)
  return problems
}

const checksOfChange = (id: string, subresource: string) => (subresource === '' ? OF_CHANGED : OF_STATUS).get(id) ?? 'U'

const isKube = (checks: Checks) => /[A-Z]/.test(checks)
