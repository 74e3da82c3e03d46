// The checks that level restricted adds to baseline: today's best practices of hardening.
// Spec: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted

import { isGoodSeccomp, procMount, seccompProfile } from './baseline.ts'
import {
  type Check,
  type CheckPod,
  containersOf,
  containersText,
  exceptUserNamespaces,
  exceptWindows,
  namesOf,
  plural,
  quoted,
  settersText,
  sortedSet,
} from './check.ts'

const allowPrivilegeEscalation: CheckPod = (pod) => {
  const containers = namesOf(pod, (c) => c.securityContext?.allowPrivilegeEscalation !== false)
  if (containers.length === 0) return undefined
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${containersText(containers)} must set securityContext.allowPrivilegeEscalation=false`,
  }
}

const capabilities: CheckPod = (pod) => {
  const added = (c: { securityContext?: { capabilities?: { add?: readonly string[] } } }) =>
    (c.securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE')
  const keeping = namesOf(pod, (c) => !c.securityContext?.capabilities?.drop?.includes('ALL'))
  const adding = namesOf(pod, (c) => added(c).length > 0)
  const details = [
    ...(keeping.length > 0 ? [`${containersText(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [
          `${containersText(adding)} must not include ${quoted(sortedSet(containersOf(pod).flatMap(added)))} in securityContext.capabilities.add`,
        ]
      : []),
  ]
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') }
}

const ALLOWED_VOLUMES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
])
const OTHER_VOLUMES = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'nfs',
  'iscsi',
  'glusterfs',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'fc',
  'azureFile',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'storageos',
]

const restrictedVolumes: CheckPod = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter(
    (volume) => !Object.keys(volume).some((source) => ALLOWED_VOLUMES.has(source)),
  )
  if (bad.length === 0) return undefined
  const types = sortedSet(bad.map((volume) => OTHER_VOLUMES.find((source) => source in volume) ?? 'unknown'))
  const names = bad.map(({ name }) => name)
  const use = names.length === 1 ? 'uses' : 'use'
  return {
    reason: 'restricted volume types',
    detail: `${plural('volume', names.length)} ${quoted(names)} ${use} ${plural('restricted volume type', types.length)} ${quoted(types)}`,
  }
}

const runAsNonRoot: CheckPod = (pod) => {
  const reason = 'runAsNonRoot != true'
  const ofPod = pod.spec.securityContext?.runAsNonRoot
  const refusing = namesOf(pod, (c) => c.securityContext?.runAsNonRoot === false)
  if (ofPod === false || refusing.length > 0) {
    return {
      reason,
      detail: `${settersText(ofPod === false, refusing)} must not set securityContext.runAsNonRoot=false`,
    }
  }
  const silent = ofPod ? [] : namesOf(pod, (c) => c.securityContext?.runAsNonRoot === undefined)
  if (silent.length === 0) return undefined
  return { reason, detail: `pod or ${containersText(silent)} must set securityContext.runAsNonRoot=true` }
}

const runAsUser: CheckPod = (pod) => {
  const byPod = pod.spec.securityContext?.runAsUser === 0
  const containers = namesOf(pod, (c) => c.securityContext?.runAsUser === 0)
  if (!byPod && containers.length === 0) return undefined
  return { reason: 'runAsUser=0', detail: `${settersText(byPod, containers)} must not set runAsUser=0` }
}

const seccompRequired: CheckPod = (pod) => {
  const bad = seccompProfile(pod)
  if (bad) return bad
  if (isGoodSeccomp(pod.spec.securityContext?.seccompProfile?.type)) return undefined
  const silent = namesOf(pod, (c) => c.securityContext?.seccompProfile === undefined)
  if (silent.length === 0) return undefined
  return {
    reason: 'seccompProfile',
    detail: `pod or ${containersText(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  }
}

/** In the order in which violations are told. */
export const restrictedChecks: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    versions: [
      { since: 8, check: allowPrivilegeEscalation },
      { since: 25, check: exceptWindows(allowPrivilegeEscalation) },
    ],
  },
  {
    id: 'capabilities_restricted',
    versions: [
      { since: 22, check: capabilities, overrides: 'capabilities_baseline' },
      { since: 25, check: exceptWindows(capabilities), overrides: 'capabilities_baseline' },
    ],
  },
  // Baseline lets it pass in user namespaces since then.
  { id: 'procMount_restricted', versions: [{ since: 35, check: procMount, overrides: 'procMount' }] },
  { id: 'restrictedVolumes', versions: [{ since: 0, check: restrictedVolumes, overrides: 'hostPathVolumes' }] },
  {
    id: 'runAsNonRoot',
    versions: [
      { since: 0, check: runAsNonRoot },
      { since: 35, check: exceptUserNamespaces(runAsNonRoot) },
    ],
  },
  {
    id: 'runAsUser',
    versions: [
      { since: 23, check: runAsUser },
      { since: 35, check: exceptUserNamespaces(runAsUser) },
    ],
  },
  {
    id: 'seccompProfile_restricted',
    versions: [
      { since: 19, check: seccompRequired, overrides: 'seccompProfile_baseline' },
      { since: 25, check: exceptWindows(seccompRequired), overrides: 'seccompProfile_baseline' },
    ],
  },
]
