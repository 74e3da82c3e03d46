// Which admission plugins run. Model: AdmissionOptions of k8s.io/kubernetes/pkg/kubeapiserver/options.

/** Every plugin that upstream has, in alphabetical order; those that always run have no name there. */
const DEFAULT_ON = [
  ...['CertificateApproval', 'CertificateSigning', 'CertificateSubjectRestriction', 'ClusterTrustBundleAttest'],
  ...['DefaultIngressClass', 'DefaultStorageClass', 'DefaultTolerationSeconds', 'JobValidation', 'LimitRanger'],
  ...['MutatingAdmissionPolicy', 'MutatingAdmissionWebhook', 'NamespaceLifecycle', 'NodeDeclaredFeatureValidator'],
  ...['PersistentVolumeClaimResize', 'PodGroupProtection', 'PodGroupWorkloadExists', 'PodResizeValidator'],
  ...['PodSecurity', 'PodTopologyLabels', 'Priority', 'ResourceQuota', 'RuntimeClass', 'ServiceAccount'],
  ...['StorageObjectInUseProtection', 'TaintNodesByCondition', 'ValidatingAdmissionPolicy'],
  'ValidatingAdmissionWebhook',
]
const DEFAULT_OFF = [
  ...['AlwaysAdmit', 'AlwaysDeny', 'AlwaysPullImages', 'DenyServiceExternalIPs', 'EventRateLimit'],
  ...['ExtendedResourceToleration', 'ImagePolicyWebhook', 'LimitPodHardAntiAffinityTopology'],
  ...['NamespaceAutoProvision', 'NamespaceExists', 'OwnerReferencesPermissionEnforcement', 'PodNodeSelector'],
  'PodTolerationRestriction',
]
/** Off upstream, and here on as long as it is not turned off: nodes are not to be believed everything. */
const OWN_ON = ['NodeRestriction']

const ALL: ReadonlySet<string> = new Set([...DEFAULT_ON, ...DEFAULT_OFF, ...OWN_ON])

export interface PluginChoice {
  readonly enabled?: readonly string[] | undefined
  readonly disabled?: readonly string[] | undefined
  /** All that run, as older servers were told. */
  readonly only?: readonly string[] | undefined
}

/** The names of the plugins that run. Throws an Error with all that is wrong with the choice, in upstream's words. */
export function chosenPlugins({ enabled, disabled, only }: PluginChoice): ReadonlySet<string> {
  const problems: string[] = []
  if (only && (enabled || disabled)) {
    problems.push(
      'admission-control and enable-admission-plugins/disable-admission-plugins flags are mutually exclusive',
    )
  }
  const unknown = (flag: string, names: readonly string[] = []) =>
    names.filter((name) => !ALL.has(name)).map((name) => `${flag} plugin ${JSON.stringify(name)} is unknown`)
  problems.push(
    ...unknown('admission-control', only),
    ...unknown('enable-admission-plugins', enabled),
    ...unknown('disable-admission-plugins', disabled),
  )
  const both = [...new Set(enabled)].filter((name) => disabled?.includes(name)).sort()
  if (both.length > 0) {
    problems.push(`[${both.join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`)
  }
  if (problems.length > 0) throw new Error(problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`)
  if (only) return new Set(only)
  const off = new Set(disabled)
  return new Set([...DEFAULT_ON, ...OWN_ON, ...(enabled ?? [])].filter((name) => !off.has(name)))
}

/** Whether a plugin runs; those that are no plugins upstream always do. */
export const runs = (chosen: ReadonlySet<string>, name: string): boolean => chosen.has(name) || !ALL.has(name)
