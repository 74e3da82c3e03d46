// Kinds that are stored and served but that nothing in this version acts on: whoever creates one is told so.

const NOT_YET: Readonly<Record<string, string>> = {
  '/persistentvolumeclaims': 'claims are not bound to volumes yet',
  'autoscaling/horizontalpodautoscalers': 'nothing is scaled automatically yet',
  'networking.k8s.io/networkpolicies': 'network policies are not enforced yet',
  'resource.k8s.io/resourceclaims': 'devices are not allocated yet',
  'certificates.k8s.io/podcertificaterequests': 'certificates of pods are not issued',
  'coordination.k8s.io/leasecandidates': 'leaders are not chosen from candidates',
  'resource.k8s.io/devicetaintrules': 'devices are not tainted',
  'resource.k8s.io/resourcepoolstatusrequests': 'pools of devices are not counted',
  'scheduling.k8s.io/podgroups': 'groups of pods are not scheduled together',
  'scheduling.k8s.io/workloads': 'groups of pods are not scheduled together',
  'storagemigration.k8s.io/storageversionmigrations': 'stored objects are not migrated',
}

/** What to tell the creator of an object that nothing acts on; undefined for everything that works. */
export function notYet(resource: { readonly group: string; readonly resource: string }): string | undefined {
  const why = NOT_YET[`${resource.group}/${resource.resource}`]
  return why === undefined
    ? undefined
    : `${resource.resource}: ${why} by this version of Sampan; the object is only stored`
}
