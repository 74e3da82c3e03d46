// AppArmor profiles in the annotations that said what a field says today.
// Model: applyAppArmorVersionSkew of k8s.io/kubernetes/pkg/registry/core/pod.

import type { AppArmorProfile, Pod } from '../../../api/generated/core-v1.ts'
import { sameJson } from '../../../machinery/same-json.ts'

export const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'
const LOCALHOST = 'localhost/'
const MAX_PROFILE = 4095

/** The profile that an annotation means; undefined where it means none that there can be. */
export function appArmorProfileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' }
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' }
  const profile = annotation.startsWith(LOCALHOST) ? annotation.slice(LOCALHOST.length) : ''
  return profile === '' ? undefined : { type: 'Localhost', localhostProfile: profile }
}

const isValid = ({ localhostProfile: profile }: AppArmorProfile) =>
  profile === undefined || (profile.trim() === profile && Buffer.byteLength(profile) <= MAX_PROFILE)

/** Puts what annotations of a new pod say into fields, and warns of it. */
export function applyAppArmorAnnotations({ metadata, spec }: Pod, warn: (message: string) => void): void {
  if (spec.os?.name === 'windows') return
  const { annotations = {} } = metadata
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    const annotation = annotations[`${APP_ARMOR}${container.name}`]
    if (annotation === undefined || container.securityContext?.appArmorProfile) continue
    const meant = appArmorProfileOf(annotation)
    const profile = meant && isValid(meant) ? meant : undefined
    if (profile && sameJson(profile, spec.securityContext?.appArmorProfile)) continue
    if (profile) container.securityContext = { ...container.securityContext, appArmorProfile: profile }
    const why = 'deprecated since v1.30; use the "appArmorProfile" field instead'
    warn(`metadata.annotations[${APP_ARMOR}${container.name}]: ${why}`)
  }
}
