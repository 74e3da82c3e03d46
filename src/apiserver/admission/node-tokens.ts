// The part of NodeRestriction about tokens: a kubelet gets them for pods on its node, and for those whom these speak to.

import type { TokenRequest } from '../../api/generated/authentication-v1.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/generated/core-v1.ts'
import type { CSIDriver } from '../../api/generated/storage-v1.ts'
import { notFound } from '../../machinery/errors.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import { volumeClaimsOf } from '../authorization/pod-references.ts'
import type { Registry } from '../registry/registry.ts'
import type { AdmissionAttributes } from './admission.ts'

/** Refuses by `refuse`, or by throwing NotFound. */
export async function admitToken(
  registry: Registry,
  authorizer: Authorizer,
  attributes: AdmissionAttributes,
  { node, refuse }: { readonly node: string; readonly refuse: (why: string) => void },
): Promise<void> {
  const { operation, subresource, namespace, name, user, object } = attributes
  if (operation !== 'CREATE' || subresource !== 'token') return
  const { spec } = object as unknown as Partial<TokenRequest>
  const ref = spec?.boundObjectRef
  if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name) {
    return refuse('node requested token not bound to a pod')
  }
  if (!ref.uid) return refuse('node requested token with a pod binding without a uid')
  const pod = await registry.lookup<Pod>('', 'pods', namespace, ref.name)
  if (!pod) throw notFound({ group: '', resource: 'pod' }, ref.name)
  if (pod.metadata.uid !== ref.uid) {
    refuse(
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  }
  if (pod.spec.nodeName !== node) refuse('node requested token bound to a pod scheduled on a different node')
  const [audience = '', ...others] = spec?.audiences ?? []
  if (others.length > 0) refuse('node may only request 0 or 1 audiences')
  const found = await speaksTo(registry, pod, audience)
  if (found === true) return
  if (found.length > 0) {
    const problem = found.length === 1 ? found.join() : `[${found.join(', ')}]`
    refuse(`error validating audience ${JSON.stringify(audience)}: ${problem}`)
  }
  const { verdict } = await authorizer.authorize({
    ...{ user, verb: 'request-serviceaccounts-token-audience', group: '', version: 'v1', resource: audience },
    ...{ subresource: '', namespace, name, path: '', isResource: true },
  })
  if (verdict === 'allow') return
  refuse(
    `audience ${JSON.stringify(audience)} not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`,
  )
}

/**
 * Whether a volume of the pod is for the audience, as a token or by its driver; else what could not be looked at.
 * Model: podReferencesAudience.
 */
async function speaksTo(registry: Registry, pod: Pod, audience: string): Promise<true | readonly string[]> {
  const problems: string[] = []
  const driverOf = async (claim: string) => {
    const driver = await driverOfClaim(registry, pod.metadata.namespace ?? '', claim)
    if (typeof driver === 'string') return driver
    problems.push(driver.problem)
    return ''
  }
  for (const volume of pod.spec.volumes ?? []) {
    const tokens = (volume.projected?.sources ?? []).map(({ serviceAccountToken }) => serviceAccountToken)
    if (tokens.some((token) => token && (token.audience ?? '') === audience)) return true
    const [claim] = volumeClaimsOf({ ...pod, spec: { ...pod.spec, volumes: [volume] } })
    const name = claim === undefined ? (volume.csi?.driver ?? '') : await driverOf(claim)
    if (name === '') continue
    const driver = await registry.lookup<CSIDriver>('storage.k8s.io', 'csidrivers', '', name)
    if (!driver) problems.push(`csidriver.storage.k8s.io ${JSON.stringify(name)} not found`)
    if (driver?.spec.tokenRequests?.some((request) => request.audience === audience)) return true
  }
  return problems
}

/** The driver of the volume behind a claim, empty without one. */
async function driverOfClaim(
  registry: Registry,
  namespace: string,
  name: string,
): Promise<string | { readonly problem: string }> {
  const claim = await registry.lookup<PersistentVolumeClaim>('', 'persistentvolumeclaims', namespace, name)
  if (!claim) return { problem: `persistentvolumeclaim ${JSON.stringify(name)} not found` }
  const { volumeName = '' } = claim.spec
  const volume = await registry.lookup<PersistentVolume>('', 'persistentvolumes', '', volumeName)
  return volume
    ? (volume.spec.csi?.driver ?? '')
    : { problem: `persistentvolume ${JSON.stringify(volumeName)} not found` }
}
