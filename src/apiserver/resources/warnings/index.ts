// What the server says of objects that it takes, kind by kind: WarningsOnCreate and WarningsOnUpdate of upstream's strategies.

import type { StatefulSet } from '../../../api/generated/apps-v1.ts'
import type { CronJob, Job, JobSpec } from '../../../api/generated/batch-v1.ts'
import type {
  Endpoints,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodTemplate,
  PodTemplateSpec,
  Secret,
  ServiceAccount,
} from '../../../api/generated/core-v1.ts'
import type { EndpointSlice } from '../../../api/generated/discovery-v1.ts'
import type { Ingress, NetworkPolicy, NetworkPolicyPeer } from '../../../api/generated/networking-v1.ts'
import type { RuntimeClass } from '../../../api/generated/node-v1.ts'
import type { ResourceSlice } from '../../../api/generated/resource-v1.ts'
import type { CSIDriver, CSIStorageCapacity, StorageClass } from '../../../api/generated/storage-v1.ts'
import { dnsLabelProblem } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import type { ApiObject } from '../../api-object.ts'
import type { ResourceDefinition } from '../../resource-definition.ts'
import { addressWarnings, networkWarnings } from './addresses.ts'
import { keyPairProblem } from './key-pair.ts'
import { deprecationOf, selectorWarnings } from './node-labels.ts'
import { podWarnings, templateWarnings } from './pods.ts'
import { serviceWarnings } from './services.ts'
import { claimSpecWarnings, claimWarnings, volumeWarnings } from './volumes.ts'

type Warnings = Pick<ResourceDefinition, 'warnings' | 'statusWarnings'>

function of<T>(warnings: (object: T, old: T | undefined) => readonly string[], status?: (object: T) => string[]) {
  return { warnings, ...(status ? { statusWarnings: status } : {}) } as unknown as Warnings
}

const LABEL = 'a DNS label is recommended'
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const ENDPOINTS_MANAGED_BY = 'endpoints.kubernetes.io/managed-by'
/** They write addresses as they should be. */
const CAREFUL = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io']
const ENFORCES = 'kubernetes.io/enforce-mountable-secrets'
const INGRESS_CLASS = 'kubernetes.io/ingress.class'
const STATIC = '.static.k8s.io'

function nameWarnings({ metadata }: ApiObject, use: string): string[] {
  const problem = dnsLabelProblem(metadata.name)
  return problem
    ? [`metadata.name: this is used in ${use}, which can result in surprising behavior; ${LABEL}: [${problem}]`]
    : []
}
const IN_NAMES = 'Pod names and hostnames'

const isCounted = (object: ApiObject, old: ApiObject) => object.metadata.generation !== old.metadata.generation

interface Templated extends ApiObject {
  readonly spec: { readonly template?: PodTemplateSpec }
}

/** Of kinds whose names are those of pods; their templates are looked at again when anything has changed. */
function workload(object: Templated, old: Templated | undefined): string[] {
  if (old && !isCounted(object, old)) return []
  const names = old ? [] : nameWarnings(object, IN_NAMES)
  return [...names, ...templateWarnings(object.spec.template, 'spec.template')]
}

function statefulSet(set: StatefulSet & ApiObject, old: (StatefulSet & ApiObject) | undefined): string[] {
  const { template, volumeClaimTemplates = [], revisionHistoryLimit = 0 } = set.spec
  return [
    ...(old && !isCounted(set, old) ? [] : templateWarnings(template, 'spec.template')),
    ...volumeClaimTemplates.flatMap(({ spec }, i) =>
      // Upstream's own capital.
      claimSpecWarnings(spec ?? {}, `spec.volumeClaimTemplates[${i}]${old ? '.Spec' : ''}`),
    ),
    ...(revisionHistoryLimit < 0
      ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
      : []),
  ]
}

function jobSpec({ completionMode, completions = 0, parallelism = 0, template }: JobSpec, path: string): string[] {
  const many = completionMode === 'Indexed' && completions > 100_000 && parallelism > 10_000
  const why =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail'
  return [...(many ? [`${path}: ${why}`] : []), ...templateWarnings(template, `${path}.template`)]
}

function cronJob(object: CronJob & ApiObject, old: (CronJob & ApiObject) | undefined): string[] {
  const { schedule = '', jobTemplate } = object.spec
  const zoned = old !== undefined && schedule.includes('TZ')
  const why =
    'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details'
  return [
    ...(old ? [] : nameWarnings(object, IN_NAMES)),
    ...(old && !isCounted(object, old) ? [] : jobSpec(jobTemplate.spec ?? ({} as JobSpec), 'spec.jobTemplate.spec')),
    ...(zoned ? [why] : []),
  ]
}

function node({ spec }: Node): string[] {
  return [
    ...(spec.configSource ? ['spec.configSource: the feature is removed'] : []),
    ...(spec.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
    ...(spec.podCIDRs ?? []).flatMap((cidr, i) => networkWarnings(`spec.podCIDRs[${i}]`, cidr)),
  ]
}

function secret({ type, data = {} }: Secret): string[] {
  if (type !== 'kubernetes.io/tls') return []
  const [cert, key] = [data['tls.crt'], data['tls.key']].map((text = '') =>
    Buffer.from(text, 'base64').toString('latin1'),
  )
  const problem = keyPairProblem(cert ?? '', key ?? '')
  return problem === undefined ? [] : [problem]
}

function endpoints({ metadata, subsets }: Endpoints): string[] {
  if (metadata.labels?.[ENDPOINTS_MANAGED_BY] === 'endpoint-controller') return []
  return (subsets ?? []).flatMap((subset, s) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((list) =>
      (subset[list] ?? []).flatMap(({ ip }, i) => addressWarnings(`subsets[${s}].${list}[${i}].ip`, ip)),
    ),
  )
}

function endpointSlice({ metadata, addressType, endpoints: list }: EndpointSlice, old: EndpointSlice | undefined) {
  const names = !old && addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []
  if (CAREFUL.includes(metadata.labels?.[MANAGED_BY] ?? '')) return names
  const addresses = (list ?? []).flatMap((endpoint, e) =>
    (endpoint.addresses ?? []).flatMap((address, i) => addressWarnings(`endpoints[${e}].addresses[${i}]`, address)),
  )
  return [...names, ...addresses]
}

function networkPolicy({ spec }: NetworkPolicy): string[] {
  const peers = (list: readonly NetworkPolicyPeer[] = [], path: string) =>
    list.flatMap(({ ipBlock }, i) => {
      const at = `${path}[${i}].ipBlock`
      if (!ipBlock) return []
      return [
        ...networkWarnings(`${at}.cidr`, ipBlock.cidr),
        ...(ipBlock.except ?? []).flatMap((cidr, e) => networkWarnings(`${at}.except[${e}]`, cidr)),
      ]
    })
  return [
    ...(spec?.ingress ?? []).flatMap(({ from }, i) => peers(from, `spec.ingress[${i}].from`)),
    ...(spec?.egress ?? []).flatMap(({ to }, i) => peers(to, `spec.egress[${i}].to`)),
  ]
}

function ingress({ metadata, spec }: Ingress, old: Ingress | undefined): string[] {
  if (old || metadata.annotations?.[INGRESS_CLASS] === undefined || spec.ingressClassName !== undefined) return []
  return [`annotation "${INGRESS_CLASS}" is deprecated, please use 'spec.ingressClassName' instead`]
}

const ingressStatus = ({ status }: Ingress) =>
  (status.loadBalancer?.ingress ?? []).flatMap(({ ip }, i) =>
    ip ? addressWarnings(`status.loadBalancer.ingress[${i}]`, ip) : [],
  )

const podStatus = ({ status }: Pod) =>
  (['podIPs', 'hostIPs'] as const).flatMap((list) =>
    (status[list] ?? []).flatMap(({ ip }, i) => addressWarnings(`status.${list}[${i}].ip`, ip)),
  )

function csiDriver({ spec }: CSIDriver, old: CSIDriver | undefined): string[] {
  const { tokenRequests = [], serviceAccountTokenInSecrets } = spec
  if (tokenRequests.length === 0 || serviceAccountTokenInSecrets !== undefined) return []
  if (old && sameJson(tokenRequests, old.spec.tokenRequests)) return []
  return [
    'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes',
  ]
}

function storageClass({ allowedTopologies }: StorageClass): string[] {
  return (allowedTopologies ?? []).flatMap(({ matchLabelExpressions = [] }, t) =>
    matchLabelExpressions.flatMap(({ key }, i) => {
      const message = deprecationOf(key)
      return message === undefined ? [] : [`allowedTopologies[${t}].matchLabelExpressions[${i}].key: ${message}`]
    }),
  )
}

function runtimeClass({ scheduling }: RuntimeClass): string[] {
  return Object.keys(scheduling?.nodeSelector ?? {}).flatMap((label) => {
    const message = deprecationOf(label)
    return message === undefined ? [] : [`scheduling.nodeSelector: ${message}`]
  })
}

function serviceAccount({ metadata }: ServiceAccount, old: ServiceAccount | undefined): string[] {
  if (metadata.annotations?.[ENFORCES] === undefined || old?.metadata.annotations?.[ENFORCES] !== undefined) return []
  const why = 'deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets'
  return [`metadata.annotations[${ENFORCES}]: ${why}`]
}

function resourceSlice({ spec: { driver } }: ResourceSlice): string[] {
  if (driver === driver.toLowerCase()) return []
  const quoted = JSON.stringify(driver)
  return [`spec.driver: driver names should be lowercase; ${quoted} contains uppercase characters`]
}

function admission({ metadata: { name = '' } }: ApiObject): string[] {
  if (!name.endsWith(STATIC)) return []
  const why = 'are reserved for static manifest-based configurations and cannot be managed via the API'
  return [`metadata.name: names ending with "${STATIC}" ${why}`]
}

const ADMISSION = [
  'validatingwebhookconfigurations',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
]

const WARNINGS: Readonly<Record<string, Warnings>> = {
  '/pods': of<Pod & ApiObject>(
    // People do not change pods: nothing is said of that.
    (pod, old) => (old ? [] : [...nameWarnings(pod, "the Pod's hostname"), ...podWarnings(pod)]),
    podStatus,
  ),
  '/podtemplates': of<PodTemplate & ApiObject>((object, old) =>
    old && !isCounted(object, old) ? [] : templateWarnings(object.template, 'template'),
  ),
  // Of an update upstream looks at the old template.
  '/replicationcontrollers': of<Templated>((object, old) => {
    if (!old) return workload(object, old)
    return isCounted(object, old) ? templateWarnings(old.spec.template, 'spec.template') : []
  }),
  '/nodes': of<Node>(node),
  '/secrets': of<Secret>(secret),
  '/serviceaccounts': of<ServiceAccount>(serviceAccount),
  '/services': of(serviceWarnings),
  '/endpoints': of<Endpoints>(endpoints),
  '/persistentvolumes': of<PersistentVolume>(volumeWarnings),
  '/persistentvolumeclaims': of<PersistentVolumeClaim>(claimWarnings),
  'apps/deployments': of<Templated>(workload),
  'apps/replicasets': of<Templated>(workload),
  'apps/statefulsets': of<StatefulSet & ApiObject>(statefulSet),
  'apps/daemonsets': of<Templated>((set, old) =>
    old && sameJson(set.spec.template, old.spec.template) ? [] : templateWarnings(set.spec.template, 'spec.template'),
  ),
  'batch/jobs': of<Job & ApiObject>((job, old) => {
    if (old && !isCounted(job, old)) return []
    return [...(old ? [] : nameWarnings(job, IN_NAMES)), ...jobSpec(job.spec, 'spec')]
  }),
  'batch/cronjobs': of<CronJob & ApiObject>(cronJob),
  'discovery.k8s.io/endpointslices': of<EndpointSlice>(endpointSlice),
  'networking.k8s.io/networkpolicies': of<NetworkPolicy>(networkPolicy),
  'networking.k8s.io/ingresses': of<Ingress>(ingress, ingressStatus),
  'node.k8s.io/runtimeclasses': of<RuntimeClass>(runtimeClass),
  'resource.k8s.io/resourceslices': of<ResourceSlice>(resourceSlice),
  'storage.k8s.io/csidrivers': of<CSIDriver>(csiDriver),
  'storage.k8s.io/storageclasses': of<StorageClass>(storageClass),
  'storage.k8s.io/csistoragecapacities': of<CSIStorageCapacity>(({ nodeTopology }) =>
    nodeTopology ? selectorWarnings(nodeTopology, 'nodeTopology') : [],
  ),
  ...Object.fromEntries(ADMISSION.map((kind) => [`admissionregistration.k8s.io/${kind}`, of<ApiObject>(admission)])),
}

/** A definition with what is said of its objects. */
export function withWarnings(definition: ResourceDefinition): ResourceDefinition {
  return { ...definition, ...WARNINGS[`${definition.group}/${definition.resource}`] }
}
