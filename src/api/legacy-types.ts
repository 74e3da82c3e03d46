// The API versions that upstream retired before v1.36, as differences from the versions that took their place.
// Field names, merge keys and protobuf numbers: k8s.io/api at the releases that still served them.

import type { FieldSchema } from './schema-types.ts'

/** How one type differs from the type of the same name in the version that took over. */
export interface TypeDifference {
  /** Fields of today that the old type did not know. */
  readonly without?: readonly string[]
  /** Fields of the old type that are new, or were declared otherwise. `#Name` refers to a type of the same version. */
  readonly fields?: Readonly<Record<string, FieldSchema>>
  /** Fields that are required today and were not. */
  readonly optional?: readonly string[]
  /** Required fields among `fields`. */
  readonly required?: readonly string[]
  /** The type has no successor: `fields` is all of it. */
  readonly alone?: boolean
}

/** A retired version of a group. */
export interface LegacyVersion {
  readonly group: string
  readonly version: string
  /** Prefix of its types: `io.k8s.api.extensions.v1beta1.`. */
  readonly prefix: string
  /** Where the types live that took over. */
  readonly like: readonly string[]
  /** Resources by the group and version in which they are served today. */
  readonly resources: Readonly<Record<string, readonly string[]>>
  readonly types?: Readonly<Record<string, TypeDifference>>
  /** Types that were used from their home and never copied into the version. */
  readonly shared?: readonly string[]
  /** Subresources that are answered with a kind of this version, and their actions. */
  readonly subresources?: Readonly<Record<string, { readonly kind: string; readonly actions: readonly string[] }>>
  /** Subresources of today that the version did not have. */
  readonly withoutSubresources?: readonly string[]
}

const api = (name: string) => `io.k8s.api.${name}.`
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const AGGREGATOR = 'io.k8s.kube-aggregator.pkg.apis.apiregistration.'
const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.'

const text = (pb: number): FieldSchema => ({ type: 'string', pb, wire: 'bytes' })
/** Text whose emptiness means absence. */
const word = (pb: number): FieldSchema => ({ ...text(pb), zeroIsAbsent: true })
const ref = (name: string, pb: number): FieldSchema => ({ ref: name, pb, wire: 'bytes' })
const list = (items: FieldSchema, pb: number): FieldSchema => ({ type: 'array', items, pb, wire: 'bytes' })
const texts = (pb: number): FieldSchema => list({ type: 'string' }, pb)
const map = (pb: number): FieldSchema => ({ map: { type: 'string' }, pb, wire: 'bytes' })
const int32 = (pb: number): FieldSchema => ({ type: 'integer', format: 'int32', pb, wire: 'varint' })
const int64 = (pb: number): FieldSchema => ({
  type: 'integer',
  format: 'int64',
  pb,
  wire: 'varint',
  zeroIsAbsent: true,
})
const quantity = (pb: number) => ref('io.k8s.apimachinery.pkg.api.resource.Quantity', pb)
const selector = (pb: number) => ref(`${META}LabelSelector`, pb)

const OBJECT = { apiVersion: { type: 'string' }, kind: { type: 'string' } } as const

const ROLLBACK: Readonly<Record<string, TypeDifference>> = {
  RollbackConfig: { alone: true, fields: { revision: int64(1) } },
  DeploymentRollback: {
    alone: true,
    fields: { ...OBJECT, name: text(1), updatedAnnotations: map(2), rollbackTo: ref('#RollbackConfig', 3) },
    required: ['name', 'rollbackTo'],
  },
  DeploymentSpec: { optional: ['selector'], fields: { rollbackTo: ref('#RollbackConfig', 8) } },
}

const SCALE: Readonly<Record<string, TypeDifference>> = {
  Scale: {
    alone: true,
    fields: {
      ...OBJECT,
      metadata: ref(`${META}ObjectMeta`, 1),
      spec: ref('#ScaleSpec', 2),
      status: ref('#ScaleStatus', 3),
    },
  },
  ScaleSpec: { alone: true, fields: { replicas: { ...int32(1), zeroIsAbsent: true } } },
  ScaleStatus: {
    alone: true,
    fields: { replicas: int32(1), selector: map(2), targetSelector: word(3) },
    required: ['replicas'],
  },
}

const INGRESS: Readonly<Record<string, TypeDifference>> = {
  IngressSpec: { without: ['defaultBackend'], fields: { backend: ref('#IngressBackend', 1) } },
  HTTPIngressPath: { optional: ['pathType'] },
  IngressBackend: {
    without: ['service'],
    fields: { serviceName: word(1), servicePort: ref('io.k8s.apimachinery.pkg.util.intstr.IntOrString', 2) },
  },
}

const SCALED = { kind: 'Scale', actions: ['get', 'patch', 'put'] } as const
const ROLLED_BACK = { kind: 'DeploymentRollback', actions: ['post'] } as const

// An autoscaler's conditions had no merge key.
const CONDITIONS = list({ ref: '#HorizontalPodAutoscalerCondition' }, 6)
const AVERAGES = { targetAverageUtilization: int32(2), targetAverageValue: quantity(3) } as const
const CURRENT_AVERAGES = { currentAverageUtilization: int32(2), currentAverageValue: quantity(3) } as const

const METRICS: Readonly<Record<string, TypeDifference>> = {
  HorizontalPodAutoscalerSpec: { without: ['behavior'] },
  HorizontalPodAutoscalerStatus: { fields: { conditions: CONDITIONS } },
  ObjectMetricSource: {
    without: ['describedObject', 'metric'],
    fields: {
      target: ref('#CrossVersionObjectReference', 1),
      metricName: text(2),
      targetValue: quantity(3),
      selector: selector(4),
      averageValue: quantity(5),
    },
    required: ['metricName', 'target', 'targetValue'],
  },
  PodsMetricSource: {
    without: ['metric', 'target'],
    fields: { metricName: text(1), targetAverageValue: quantity(2), selector: selector(3) },
    required: ['metricName', 'targetAverageValue'],
  },
  ResourceMetricSource: { without: ['target'], fields: AVERAGES },
  ContainerResourceMetricSource: { without: ['target'], fields: { ...AVERAGES, container: text(4) } },
  ExternalMetricSource: {
    without: ['metric', 'target'],
    fields: {
      metricName: text(1),
      metricSelector: selector(2),
      targetValue: quantity(3),
      targetAverageValue: quantity(4),
    },
    required: ['metricName'],
  },
  ObjectMetricStatus: {
    without: ['current', 'describedObject', 'metric'],
    fields: {
      target: ref('#CrossVersionObjectReference', 1),
      metricName: text(2),
      currentValue: quantity(3),
      selector: selector(4),
      averageValue: quantity(5),
    },
    required: ['currentValue', 'metricName', 'target'],
  },
  PodsMetricStatus: {
    without: ['current', 'metric'],
    fields: { metricName: text(1), currentAverageValue: quantity(2), selector: selector(3) },
    required: ['currentAverageValue', 'metricName'],
  },
  ResourceMetricStatus: { without: ['current'], fields: CURRENT_AVERAGES, required: ['currentAverageValue'] },
  ContainerResourceMetricStatus: {
    without: ['current'],
    fields: { ...CURRENT_AVERAGES, container: text(4) },
    required: ['currentAverageValue'],
  },
  ExternalMetricStatus: {
    without: ['current', 'metric'],
    fields: {
      metricName: text(1),
      metricSelector: selector(2),
      currentValue: quantity(3),
      currentAverageValue: quantity(4),
    },
    required: ['currentValue', 'metricName'],
  },
}

const RBAC = ['clusterrolebindings', 'clusterroles', 'rolebindings', 'roles']
const WEBHOOK: TypeDifference = { optional: ['admissionReviewVersions', 'sideEffects'] }

/** A version whose types are those of `v1` but for some differences. */
function successor(
  group: string,
  pkg: string,
  versions: { readonly old: string; readonly now?: string },
  resources: readonly string[],
  more: Partial<LegacyVersion> = {},
): LegacyVersion {
  const { old, now = 'v1' } = versions
  return {
    group,
    version: old,
    prefix: api(`${pkg}.${old}`),
    like: [api(`${pkg}.${now}`)],
    resources: { [`${group}/${now}`]: resources },
    ...more,
  }
}

const V1BETA1 = { old: 'v1beta1' } as const

/** Every retired version that is served again on request. */
export const legacyVersions: readonly LegacyVersion[] = [
  {
    group: 'extensions',
    version: 'v1beta1',
    prefix: api('extensions.v1beta1'),
    like: [api('apps.v1'), api('networking.v1')],
    resources: {
      'apps/v1': ['daemonsets', 'deployments', 'replicasets'],
      'networking.k8s.io/v1': ['ingresses', 'networkpolicies'],
    },
    types: {
      ...ROLLBACK,
      ...SCALE,
      ...INGRESS,
      DaemonSetSpec: { optional: ['selector'], fields: { templateGeneration: int64(5) } },
      ReplicaSetSpec: { optional: ['selector'] },
    },
    subresources: { 'deployments/rollback': ROLLED_BACK, 'deployments/scale': SCALED, 'replicasets/scale': SCALED },
  },
  successor('apps', 'apps', { old: 'v1beta1' }, ['controllerrevisions', 'deployments', 'statefulsets'], {
    types: { ...ROLLBACK, ...SCALE, StatefulSetSpec: { optional: ['selector'] } },
    subresources: { 'deployments/rollback': ROLLED_BACK, 'deployments/scale': SCALED, 'statefulsets/scale': SCALED },
  }),
  successor(
    'apps',
    'apps',
    { old: 'v1beta2' },
    ['controllerrevisions', 'daemonsets', 'deployments', 'replicasets', 'statefulsets'],
    {
      types: SCALE,
      subresources: { 'deployments/scale': SCALED, 'replicasets/scale': SCALED, 'statefulsets/scale': SCALED },
    },
  ),
  successor('autoscaling', 'autoscaling', { old: 'v2beta1', now: 'v2' }, ['horizontalpodautoscalers'], {
    types: METRICS,
  }),
  successor('autoscaling', 'autoscaling', { old: 'v2beta2', now: 'v2' }, ['horizontalpodautoscalers'], {
    types: { HorizontalPodAutoscalerStatus: { fields: { conditions: CONDITIONS } } },
  }),
  successor('batch', 'batch', V1BETA1, ['cronjobs'], { shared: ['JobSpec'] }),
  successor('certificates.k8s.io', 'certificates', V1BETA1, ['certificatesigningrequests'], {
    types: {
      CertificateSigningRequestSpec: { optional: ['signerName'] },
      CertificateSigningRequestCondition: { optional: ['status'] },
    },
  }),
  successor('networking.k8s.io', 'networking', V1BETA1, ['ingressclasses', 'ingresses'], { types: INGRESS }),
  successor('policy', 'policy', V1BETA1, ['poddisruptionbudgets'], {
    types: { PodDisruptionBudgetSpec: { fields: { selector: selector(2) } } },
  }),
  successor('rbac.authorization.k8s.io', 'rbac', V1BETA1, RBAC),
  successor('rbac.authorization.k8s.io', 'rbac', { old: 'v1alpha1' }, RBAC, {
    types: {
      PolicyRule: {
        fields: { apiGroups: texts(3), resources: texts(4), resourceNames: texts(5), nonResourceURLs: texts(6) },
      },
      Subject: { without: ['apiGroup'], fields: { apiVersion: word(2) } },
    },
  }),
  successor(
    'storage.k8s.io',
    'storage',
    V1BETA1,
    ['csidrivers', 'csinodes', 'csistoragecapacities', 'storageclasses', 'volumeattachments'],
    { withoutSubresources: ['volumeattachments/status'] },
  ),
  successor(
    'admissionregistration.k8s.io',
    'admissionregistration',
    V1BETA1,
    ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
    { types: { MutatingWebhook: WEBHOOK, ValidatingWebhook: WEBHOOK } },
  ),
  {
    group: 'apiextensions.k8s.io',
    version: 'v1beta1',
    prefix: `${EXTENSIONS}v1beta1.`,
    like: [`${EXTENSIONS}v1.`],
    resources: { 'apiextensions.k8s.io/v1': ['customresourcedefinitions'] },
    // What a schema may hold is the same in both versions, and schemas are large.
    shared: ['CustomResourceValidation'],
    types: {
      CustomResourceDefinitionSpec: {
        optional: ['scope', 'versions'],
        fields: {
          version: word(2),
          validation: ref(`${EXTENSIONS}v1.CustomResourceValidation`, 5),
          subresources: ref('#CustomResourceSubresources', 6),
          additionalPrinterColumns: list({ ref: '#CustomResourceColumnDefinition' }, 8),
        },
      },
      CustomResourceColumnDefinition: { without: ['jsonPath'], fields: { JSONPath: text(6) }, required: ['JSONPath'] },
      CustomResourceConversion: {
        without: ['webhook'],
        fields: { webhookClientConfig: ref('#WebhookClientConfig', 2), conversionReviewVersions: texts(3) },
      },
    },
  },
  {
    group: 'apiregistration.k8s.io',
    version: 'v1beta1',
    prefix: `${AGGREGATOR}v1beta1.`,
    like: [`${AGGREGATOR}v1.`],
    resources: { 'apiregistration.k8s.io/v1': ['apiservices'] },
  },
  successor('scheduling.k8s.io', 'scheduling', V1BETA1, ['priorityclasses']),
  successor('scheduling.k8s.io', 'scheduling', { old: 'v1alpha1' }, ['priorityclasses']),
  successor('coordination.k8s.io', 'coordination', V1BETA1, ['leases']),
  successor('node.k8s.io', 'node', V1BETA1, ['runtimeclasses']),
  successor('discovery.k8s.io', 'discovery', V1BETA1, ['endpointslices'], {
    types: {
      Endpoint: {
        without: ['deprecatedTopology', 'zone'],
        fields: { topology: map(5), hints: ref('#EndpointHints', 7) },
      },
    },
  }),
  successor('events.k8s.io', 'events', V1BETA1, ['events']),
]
