// Kinds that belong to every group version: options of deletions and events of watches.
// Model: metav1.AddToGroupVersion, and what the scheme of kube-apiserver v1.36 is told of.

import type { Json } from './schemas.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const EVERYWHERE = new Set([`${META}DeleteOptions`, `${META}WatchEvent`])

interface GroupVersion {
  readonly group: string
  readonly version: string
}

/** All that upstream's programs know, whether it is served or not. */
const VERSIONS: Readonly<Record<string, string>> = {
  '': 'v1',
  'admission.k8s.io': 'v1 v1beta1',
  'admissionregistration.k8s.io': 'v1 v1alpha1 v1beta1',
  'apiextensions.k8s.io': 'v1 v1beta1',
  'apiregistration.k8s.io': 'v1 v1beta1',
  apps: 'v1 v1beta1 v1beta2',
  'authentication.k8s.io': 'v1 v1alpha1 v1beta1',
  'authorization.k8s.io': 'v1 v1beta1',
  autoscaling: 'v1 v2',
  batch: 'v1 v1beta1',
  'certificates.k8s.io': 'v1 v1alpha1 v1beta1',
  'coordination.k8s.io': 'v1 v1alpha2 v1beta1',
  'discovery.k8s.io': 'v1 v1beta1',
  'events.k8s.io': 'v1 v1beta1',
  extensions: 'v1beta1',
  'flowcontrol.apiserver.k8s.io': 'v1 v1beta1 v1beta2 v1beta3',
  'imagepolicy.k8s.io': 'v1alpha1',
  'internal.apiserver.k8s.io': 'v1alpha1',
  'networking.k8s.io': 'v1 v1beta1',
  'node.k8s.io': 'v1 v1alpha1 v1beta1',
  policy: 'v1 v1beta1',
  'rbac.authorization.k8s.io': 'v1 v1alpha1 v1beta1',
  'resource.k8s.io': 'v1 v1alpha3 v1beta1 v1beta2',
  'scheduling.k8s.io': 'v1 v1alpha2 v1beta1',
  'storage.k8s.io': 'v1 v1alpha1 v1beta1',
  'storagemigration.k8s.io': 'v1beta1',
}

export const ALL_VERSIONS: readonly GroupVersion[] = Object.entries(VERSIONS).flatMap(([group, versions]) =>
  versions.split(' ').map((version) => ({ group, version })),
)

/** Of which the server of custom resources does not know. */
const FOREIGN = ['admission.k8s.io', 'apiextensions.k8s.io', 'apiregistration.k8s.io', 'imagepolicy.k8s.io']
export const CUSTOM_VERSIONS = ALL_VERSIONS.filter(({ group }) => !FOREIGN.includes(group))

/** The group versions of documents' keys, after the core's. */
export function versionsOf(keys: readonly string[]): readonly GroupVersion[] {
  const own = keys.flatMap((key) => {
    const [, group = '', version] = key.split('/')
    return key.startsWith('apis/') && version !== undefined ? [{ group, version }] : []
  })
  return [{ group: '', version: 'v1' }, ...own]
}

/** What a type of every group version says of its kinds; nothing of others. */
export function kindsEverywhere(ref: string, versions: readonly GroupVersion[]): Json {
  if (!EVERYWHERE.has(ref)) return {}
  const kind = ref.slice(META.length)
  return { 'x-kubernetes-group-version-kind': versions.map(({ group, version }) => ({ group, kind, version })) }
}
