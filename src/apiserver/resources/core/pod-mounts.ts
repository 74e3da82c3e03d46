// Validation of what containers mount. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type { Container, Volume, VolumeDevice, VolumeMount } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { checkDescendingPath, checkNoBacksteps } from './field-checks.ts'

/** The parts of a container that mounts are checked with. */
export type Mounting = Pick<Container, 'volumeMounts' | 'volumeDevices' | 'securityContext'>

/** Problems of a container's mounts and devices; `volumes` are the pod's by name. */
export function validateMounts(container: Mounting, path: string, volumes: ReadonlyMap<string, Volume>): FieldError[] {
  const { volumeMounts: mounts = [], volumeDevices: devices = [] } = container
  return [
    ...validateVolumeMounts(container, mounts, devices, volumes, `${path}.volumeMounts`),
    ...validateDevices(devices, mounts, volumes, `${path}.volumeDevices`),
  ]
}

function validateVolumeMounts(
  container: Mounting,
  mounts: readonly VolumeMount[],
  devices: readonly VolumeDevice[],
  volumes: ReadonlyMap<string, Volume>,
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  const paths = new Set<string>()
  for (const [i, mount] of mounts.entries()) {
    const at = `${path}[${i}]`
    const { name, mountPath } = mount
    if (!name) errors.push(field.required(`${at}.name`))
    if (!volumes.has(name)) errors.push(field.notFound(`${at}.name`, name ?? ''))
    if (!mountPath) errors.push(field.required(`${at}.mountPath`))
    if (paths.has(mountPath)) errors.push(field.invalid(`${at}.mountPath`, mountPath, 'must be unique'))
    paths.add(mountPath)
    if (devices.some((d) => d.name === name)) {
      errors.push(field.invalid(`${at}.name`, name, 'must not already exist in volumeDevices'))
    }
    if (devices.some((d) => d.devicePath === mountPath)) {
      errors.push(field.invalid(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'))
    }
    errors.push(...validateSubPath(mount, at, path))
    errors.push(...validatePropagation(mount, container, path))
  }
  return errors
}

/** Some of these blame the whole list, as upstream does. */
function validateSubPath(mount: VolumeMount, at: string, list: string): FieldError[] {
  const { subPath, subPathExpr } = mount
  const errors: FieldError[] = []
  if (subPath) errors.push(...checkDescendingPath(`${list}.subPath`, subPath))
  if (subPathExpr) {
    if (subPath) {
      errors.push(field.invalid(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'))
    }
    errors.push(...checkDescendingPath(`${list}.subPathExpr`, subPathExpr))
  }
  return errors
}

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None']
const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible']

function validatePropagation(mount: VolumeMount, container: Mounting, list: string): FieldError[] {
  const { mountPropagation: propagation, recursiveReadOnly: recursive } = mount
  const errors: FieldError[] = []
  const at = `${list}.mountPropagation`
  if (propagation !== undefined && !PROPAGATIONS.includes(propagation)) {
    errors.push(field.notSupported(at, propagation, PROPAGATIONS))
  }
  if (propagation === 'Bidirectional' && !container.securityContext?.privileged) {
    const why = 'Bidirectional mount propagation is available only to privileged containers'
    errors.push(field.forbidden(at, why))
  }
  if (recursive === undefined || recursive === 'Disabled') return errors
  const recursiveAt = `${list}.recursiveReadOnly`
  if (!RECURSIVE.includes(recursive)) return [...errors, field.notSupported(recursiveAt, recursive, RECURSIVE)]
  if (!mount.readOnly) errors.push(field.forbidden(recursiveAt, 'may only be specified when readOnly is true'))
  if (propagation !== undefined && propagation !== 'None') {
    const why = 'may only be specified when mountPropagation is None or not specified'
    errors.push(field.forbidden(recursiveAt, why))
  }
  return errors
}

function validateDevices(
  devices: readonly VolumeDevice[],
  mounts: readonly VolumeMount[],
  volumes: ReadonlyMap<string, Volume>,
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  const paths = new Set<string>()
  for (const [i, { name, devicePath }] of devices.entries()) {
    const at = `${path}[${i}]`
    const volume = volumes.get(name)
    if (!name) errors.push(field.required(`${at}.name`))
    if (names.has(name)) errors.push(field.invalid(`${at}.name`, name, 'must be unique'))
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral) {
      const why = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'
      errors.push(field.invalid(`${at}.name`, name, why))
    }
    if (!volume) errors.push(field.notFound(`${at}.name`, name ?? ''))
    if (!devicePath) errors.push(field.required(`${at}.devicePath`))
    if (paths.has(devicePath)) errors.push(field.invalid(`${at}.devicePath`, devicePath, 'must be unique'))
    if (devicePath && checkNoBacksteps('', devicePath).length > 0) {
      errors.push(field.invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"))
    } else paths.add(devicePath)
    if (mounts.some((m) => m.name === name)) {
      errors.push(field.invalid(`${at}.name`, name, 'must not already exist in volumeMounts'))
    }
    if (mounts.some((m) => m.mountPath === devicePath)) {
      errors.push(field.invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'))
    }
    if (name) names.add(name)
  }
  return errors
}
