// The security settings of a container, merged from the pod's and its own, and the non-root check.

import type { ContainerSecurity, ImageInfo } from '../runtime/runtime.ts'
import { type ApiContainer, type ApiPod, podName } from './types.ts'

/** Merged settings; `seccompRoot` is where Localhost profiles lie. */
export function containerSecurity(pod: ApiPod, container: ApiContainer, seccompRoot: string): ContainerSecurity {
  const own = container.securityContext ?? {}
  const shared = pod.spec.securityContext ?? {}
  const runAsUser = own.runAsUser ?? shared.runAsUser
  const runAsGroup = own.runAsGroup ?? shared.runAsGroup
  return {
    privileged: own.privileged ?? false,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    allowPrivilegeEscalation: own.allowPrivilegeEscalation ?? true,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
    supplementalGroups: supplementalGroups(pod),
    seccomp: seccomp(own.privileged ? undefined : (own.seccompProfile ?? shared.seccompProfile), seccompRoot),
    procMount: own.procMount === 'Unmasked' ? 'Unmasked' : 'Default',
  }
}

/** Groups of every container: the listed ones and fsGroup. */
export function supplementalGroups(pod: ApiPod): number[] {
  const { supplementalGroups: groups = [], fsGroup } = pod.spec.securityContext ?? {}
  return [...groups, ...(fsGroup === undefined ? [] : [fsGroup])]
}

function seccomp(
  profile: { readonly type: string; readonly localhostProfile?: string } | undefined,
  root: string,
): ContainerSecurity['seccomp'] {
  if (profile?.type === 'RuntimeDefault') return 'RuntimeDefault'
  if (profile?.type === 'Localhost') return { localhost: `${root}/${profile.localhostProfile ?? ''}` }
  return 'Unconfined'
}

/** Throws when runAsNonRoot is asked for and the container would run as root, or that cannot be told. */
export function verifyNonRoot(pod: ApiPod, container: ApiContainer, image: ImageInfo | undefined): void {
  const own = container.securityContext ?? {}
  const shared = pod.spec.securityContext ?? {}
  if (!(own.runAsNonRoot ?? shared.runAsNonRoot)) return
  const where = `(pod: "${podName(pod)}", container: ${container.name})`
  const user = own.runAsUser ?? shared.runAsUser
  if (user === 0) throw new Error(`container's runAsUser breaks non-root policy ${where}`)
  if (user !== undefined) return
  if (image?.uid === undefined && image?.username) {
    throw new Error(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    )
  }
  if (!image?.uid) throw new Error(`container has runAsNonRoot and image will run as root ${where}`)
}
