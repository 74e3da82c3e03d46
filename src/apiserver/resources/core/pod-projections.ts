// Validation of projected and downward API volumes. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type {
  ClusterTrustBundleProjection,
  DownwardAPIVolumeFile,
  KeyToPath,
  PodCertificateProjection,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
} from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { checkFileMode, checkNonReservedPath, checkOptionalEnum, checkRequired } from './field-checks.ts'
import { validateLabelSelector } from './label-selector-validation.ts'
import type { PodLeniency } from './leniency.ts'
import { VOLUME_FIELDS, validateFieldRef, validateResourceFieldRef } from './pod-env.ts'

const SHORTEST_TOKEN_SECONDS = 600
const LONGEST_TOKEN_SECONDS = 2 ** 32
const KEY_TYPES = ['ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519', 'RSA3072', 'RSA4096']

/** Problems of the files of a downward API volume: all blame the volume, none says which file. */
export function validateDownwardItems(items: readonly DownwardAPIVolumeFile[], at: string): FieldError[] {
  return items.flatMap((item) => validateDownwardItem(item, at))
}

function validateDownwardItem(item: DownwardAPIVolumeFile, at: string): FieldError[] {
  const errors = [...checkRequired(`${at}.path`, item.path), ...checkNonReservedPath(`${at}.path`, item.path ?? '')]
  if (item.fieldRef) {
    errors.push(...validateFieldRef(item.fieldRef, VOLUME_FIELDS, `${at}.fieldRef`))
    if (item.resourceFieldRef) {
      const why = 'fieldRef and resourceFieldRef can not be specified simultaneously'
      errors.push(field.invalid(at, 'resource', why))
    }
  } else if (item.resourceFieldRef) {
    errors.push(...validateResourceFieldRef(item.resourceFieldRef, `${at}.resourceFieldRef`, true))
  } else errors.push(field.required(at, 'one of fieldRef and resourceFieldRef is required'))
  return [...errors, ...checkFileMode(`${at}.mode`, item.mode)]
}

/** Problems of a projected volume: its sources share one directory. */
export function validateProjected(projected: ProjectedVolumeSource, at: string, lenient: PodLeniency): FieldError[] {
  const errors = checkFileMode(`${at}.defaultMode`, projected.defaultMode)
  const paths = new Set<string>()
  const take = (path: string | undefined, blamed: string) => {
    if (!path) return
    if (paths.has(path)) errors.push(field.invalid(at, blamed, 'conflicting duplicate paths'))
    paths.add(path)
  }
  for (const [i, source] of (projected.sources ?? []).entries()) {
    const path = `${at}.sources[${i}]`
    for (const kind of ['secret', 'configMap'] as const) {
      const projection = source[kind]
      if (!projection) continue
      errors.push(...checkRequired(`${path}.${kind}.name`, projection.name))
      for (const [n, item] of (projection.items ?? []).entries()) {
        errors.push(...validateKeyToPath(item, `${path}.${kind}.items[${n}]`))
        take(item.path, projection.name ?? '')
      }
    }
    for (const item of source.downwardAPI?.items ?? []) {
      errors.push(...validateDownwardItem(item, `${path}.downwardAPI`))
      take(item.path, item.path)
    }
    if (source.serviceAccountToken) errors.push(...validateToken(source.serviceAccountToken, path, at, lenient))
    if (source.clusterTrustBundle) {
      errors.push(...validateTrustBundle(source.clusterTrustBundle, `${path}.clusterTrustBundle`))
      take(source.clusterTrustBundle.path, source.clusterTrustBundle.path)
    }
    if (source.podCertificate) errors.push(...validatePodCertificate(source.podCertificate, `${path}.podCertificate`))
    if (Object.keys(source).length > 1) {
      errors.push(field.forbidden(path, 'may not specify more than 1 volume type per source'))
    }
  }
  return errors
}

function validateToken(
  token: ServiceAccountTokenProjection,
  path: string,
  volume: string,
  lenient: PodLeniency,
): FieldError[] {
  const seconds = token.expirationSeconds ?? 0
  const at = `${path}.serviceAccountToken.expirationSeconds`
  const errors: FieldError[] = []
  if (seconds < SHORTEST_TOKEN_SECONDS) {
    errors.push(field.invalid(at, seconds, 'may not specify a duration less than 10 minutes'))
  }
  if (seconds > LONGEST_TOKEN_SECONDS) {
    errors.push(field.invalid(at, seconds, 'may not specify a duration larger than 2^32 seconds'))
  }
  if (!token.path) return [...errors, field.required(`${volume}.path`)]
  return lenient.tokenPaths ? errors : [...errors, ...checkNonReservedPath(`${volume}.path`, token.path)]
}

function validateTrustBundle(bundle: ClusterTrustBundleProjection, at: string): FieldError[] {
  const { name, signerName, labelSelector, path } = bundle
  const errors: FieldError[] = []
  if (name !== undefined && signerName !== undefined) {
    errors.push(field.invalid(at, bundle, 'only one of name and signerName may be used'))
  } else if (name !== undefined) {
    if (name === '') errors.push(field.required(`${at}.name`, 'must be a valid object name'))
    if (labelSelector) {
      const why = 'labelSelector must be unset if name is specified'
      errors.push(field.invalid(`${at}.labelSelector`, labelSelector, why))
    }
  } else if (signerName !== undefined) {
    if (signerName === '') errors.push(field.required(`${at}.signerName`, 'must be a valid signer name'))
    if (labelSelector) errors.push(...validateLabelSelector(labelSelector, `${at}.labelSelector`))
  } else errors.push(field.required(at, 'either name or signerName must be specified'))
  return [...errors, ...checkRequired(`${at}.path`, path), ...checkNonReservedPath(`${at}.path`, path ?? '')]
}

function validatePodCertificate(certificate: PodCertificateProjection, at: string): FieldError[] {
  const { signerName, keyType, credentialBundlePath, keyPath, certificateChainPath } = certificate
  const errors = [
    ...checkRequired(`${at}.signerName`, signerName),
    ...checkOptionalEnum(`${at}.keyType`, keyType ?? '', KEY_TYPES),
  ]
  if (!credentialBundlePath && !keyPath && !certificateChainPath) {
    errors.push(field.required(at, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath'))
  }
  for (const [name, path] of Object.entries({ credentialBundlePath, keyPath, certificateChainPath })) {
    if (path) errors.push(...checkNonReservedPath(`${at}.${name}`, path))
  }
  return errors
}

/** Problems of a key that becomes a file. */
export function validateKeyToPath(item: KeyToPath, at: string): FieldError[] {
  return [
    ...checkRequired(`${at}.key`, item.key),
    ...checkRequired(`${at}.path`, item.path),
    ...checkNonReservedPath(`${at}.path`, item.path ?? ''),
    ...checkFileMode(`${at}.mode`, item.mode),
  ]
}
