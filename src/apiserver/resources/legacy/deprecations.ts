// When each version that is not stable was deprecated and is withdrawn, and the warning that says so.
// Facts: the prerelease-lifecycle tags of k8s.io/api.

/** The release without it, as the warning about something deprecated says; empty without one. */
export function removalOf(warning: string): string {
  return /unavailable in v(\d+\.\d+)/.exec(warning)?.[1] ?? ''
}

interface Lifecycle {
  readonly deprecated: string
  readonly removed: string
  /** Group and version to use instead. */
  readonly use?: string
  /** Kind to use instead, where it is another one. */
  readonly kind?: string
}

const life = (deprecated: string, removed: string, use?: string, kind?: string): Lifecycle => ({
  deprecated,
  removed,
  ...(use ? { use } : {}),
  ...(kind ? { kind } : {}),
})

const devices = (deprecated: string, removed: string) =>
  Object.fromEntries(
    ['DeviceClass', 'ResourceClaim', 'ResourceClaimTemplate', 'ResourceSlice'].map((kind) => [
      kind,
      life(deprecated, removed),
    ]),
  )

/** By group and version, then by kind; `*` for all kinds that are not named. */
const LIFECYCLES: Readonly<Record<string, Readonly<Record<string, Lifecycle>>>> = {
  'extensions/v1beta1': {
    '*': life('1.8', '1.16', 'apps/v1'),
    DeploymentRollback: life('1.8', '1.16'),
    Scale: life('1.2', '1.16'),
    NetworkPolicy: life('1.9', '1.16', 'networking.k8s.io/v1'),
    Ingress: life('1.14', '1.22', 'networking.k8s.io/v1'),
  },
  'apps/v1beta1': { '*': life('1.8', '1.16', 'apps/v1'), Scale: life('1.8', '1.16', 'autoscaling/v1') },
  'apps/v1beta2': { '*': life('1.9', '1.16', 'apps/v1'), Scale: life('1.9', '1.16', 'autoscaling/v1') },
  'batch/v1beta1': { '*': life('1.21', '1.25', 'batch/v1') },
  'networking.k8s.io/v1beta1': {
    '*': life('1.19', '1.22', 'networking.k8s.io/v1'),
    IPAddress: life('1.34', '1.37'),
    ServiceCIDR: life('1.34', '1.37'),
    // Upstream names the list here.
    IngressClass: life('1.19', '1.22', 'networking.k8s.io/v1', 'IngressClassList'),
  },
  'policy/v1beta1': { '*': life('1.21', '1.25', 'policy/v1') },
  'autoscaling/v2beta1': { '*': life('1.22', '1.25', 'autoscaling/v2') },
  'autoscaling/v2beta2': { '*': life('1.23', '1.26', 'autoscaling/v2') },
  'rbac.authorization.k8s.io/v1beta1': { '*': life('1.17', '1.22', 'rbac.authorization.k8s.io/v1') },
  'storage.k8s.io/v1beta1': {
    '*': life('1.19', '1.22', 'storage.k8s.io/v1'),
    CSINode: life('1.17', '1.22', 'storage.k8s.io/v1'),
    CSIStorageCapacity: life('1.24', '1.27', 'storage.k8s.io/v1'),
    VolumeAttributesClass: life('1.34', '1.37', 'storage.k8s.io/v1'),
  },
  'storage.k8s.io/v1alpha1': { VolumeAttributesClass: life('1.32', '1.35', 'storage.k8s.io/v1') },
  'resource.k8s.io/v1alpha3': { DeviceTaintRule: life('1.36', '1.39') },
  'resource.k8s.io/v1beta1': devices('1.35', '1.38'),
  'resource.k8s.io/v1beta2': devices('1.36', '1.39'),
  'admissionregistration.k8s.io/v1alpha1': {
    MutatingAdmissionPolicy: life('1.35', '1.38'),
    MutatingAdmissionPolicyBinding: life('1.35', '1.38'),
  },
  'admissionregistration.k8s.io/v1beta1': { '*': life('1.16', '1.22', 'admissionregistration.k8s.io/v1') },
  'apiextensions.k8s.io/v1beta1': { '*': life('1.16', '1.22', 'apiextensions.k8s.io/v1') },
  'apiregistration.k8s.io/v1beta1': { '*': life('1.19', '1.22', 'apiregistration.k8s.io/v1') },
  'coordination.k8s.io/v1alpha2': { LeaseCandidate: life('1.35', '1.38') },
  'coordination.k8s.io/v1beta1': {
    '*': life('1.19', '1.22', 'coordination.k8s.io/v1'),
    LeaseCandidate: life('1.36', '1.39'),
  },
  'certificates.k8s.io/v1alpha1': { ClusterTrustBundle: life('1.34', '1.37') },
  'certificates.k8s.io/v1beta1': { '*': life('1.19', '1.22', 'certificates.k8s.io/v1') },
  'discovery.k8s.io/v1beta1': { '*': life('1.21', '1.25', 'discovery.k8s.io/v1') },
  'scheduling.k8s.io/v1beta1': { '*': life('1.14', '1.22', 'scheduling.k8s.io/v1') },
  'events.k8s.io/v1beta1': { '*': life('1.22', '1.25') },
  'node.k8s.io/v1beta1': { '*': life('1.22', '1.25') },
}

/** The warning for the use of a kind in a retired version; undefined where upstream gave none (alpha versions). */
export function deprecationOf(apiVersion: string, kind: string): string | undefined {
  return previewDeprecationOf(apiVersion, kind) ?? warningOf(apiVersion, kind, LIFECYCLES[apiVersion]?.['*'])
}

/** The warning for the use of a kind in an alpha or beta version of today; undefined for those in good standing. */
export function previewDeprecationOf(apiVersion: string, kind: string): string | undefined {
  return warningOf(apiVersion, kind, LIFECYCLES[apiVersion]?.[kind])
}

function warningOf(apiVersion: string, kind: string, lifecycle: Lifecycle | undefined): string | undefined {
  if (!lifecycle) return undefined
  const instead = lifecycle.use ? `; use ${lifecycle.use} ${lifecycle.kind ?? kind}` : ''
  return `${apiVersion} ${kind} is deprecated in v${lifecycle.deprecated}+, unavailable in v${lifecycle.removed}+${instead}`
}
