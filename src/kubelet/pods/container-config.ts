// Turns a container of a pod into the configuration the runtime gets.

import type { VolumeMount } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { ContainerConfig, ImageInfo, Mount } from '../runtime/runtime.ts'
import { ContainerStartError, messageOf } from './errors.ts'
import { expand, expandStrict } from './expand.ts'
import { containerAnnotations, containerLabels } from './identity.ts'
import { containerResources } from './qos.ts'
import { namespacesOf } from './sandbox-config.ts'
import { containerSecurity, verifyNonRoot } from './security.ts'
import type { ApiContainer, ApiPod } from './types.ts'

/** A mounted volume of the pod: where it lies on the node. */
export interface MountedVolume {
  readonly path: string
  /** The whole volume is read-only whatever the mount says. */
  readonly readOnly: boolean
}

export interface ContainerSettings {
  readonly pod: ApiPod
  readonly container: ApiContainer
  readonly restartCount: number
  /** Reference that the runtime resolved the image to. */
  readonly imageRef: string
  readonly imageInfo: ImageInfo | undefined
  readonly env: ReadonlyMap<string, string>
  readonly volumes: ReadonlyMap<string, MountedVolume>
  /** Where the managed /etc/hosts lies; empty when the container brings its own. */
  readonly hostsPath: string
  /** Where the termination log lies on the node. */
  readonly terminationLog: string
  readonly nodeMemory: number
  /** The running container that an ephemeral one is to look into. */
  readonly targetId: string | undefined
  readonly seccompRoot: string
  /** Makes sure that a sub-path exists inside its volume and gives its real path. */
  subPath(volumePath: string, subPath: string): Promise<string>
}

/** Rejects with a ContainerStartError whose reason is CreateContainerConfigError. */
export async function containerConfig(settings: ContainerSettings): Promise<ContainerConfig> {
  try {
    return await build(settings)
  } catch (error) {
    throw new ContainerStartError('CreateContainerConfigError', messageOf(error), { cause: error })
  }
}

async function build(settings: ContainerSettings): Promise<ContainerConfig> {
  const { pod, container, env } = settings
  verifyNonRoot(pod, container, settings.imageInfo)
  const lookup = (name: string) => env.get(name)
  return {
    name: container.name,
    attempt: settings.restartCount,
    image: settings.imageRef,
    command: (container.command ?? []).map((c) => expand(c, lookup)),
    args: (container.args ?? []).map((a) => expand(a, lookup)),
    workingDir: container.workingDir ?? '',
    env: [...env].map(([name, value]) => ({ name, value })),
    mounts: await mounts(settings),
    labels: containerLabels(pod, container),
    annotations: containerAnnotations({ ...settings, terminationLog: settings.terminationLog }),
    logPath: `${container.name}/${settings.restartCount}.log`,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    resources: containerResources(pod, container, settings.nodeMemory),
    security: containerSecurity(pod, container, settings.seccompRoot),
    namespaces: namespacesOf(pod),
    ...(settings.targetId === undefined ? {} : { targetId: settings.targetId }),
  }
}

async function mounts(settings: ContainerSettings): Promise<Mount[]> {
  const { container } = settings
  const out: Mount[] = []
  for (const mount of container.volumeMounts ?? []) out.push(await volumeMount(mount, settings))
  const taken = new Set(out.map((m) => m.containerPath.replace(/\/+$/, '')))
  if (settings.hostsPath !== '' && !taken.has('/etc/hosts')) {
    out.push({ hostPath: settings.hostsPath, containerPath: '/etc/hosts', readOnly: false, propagation: 'None' })
  }
  const terminationPath = container.terminationMessagePath || '/dev/termination-log'
  out.push({ hostPath: settings.terminationLog, containerPath: terminationPath, readOnly: false, propagation: 'None' })
  return out
}

async function volumeMount(mount: DeepReadonly<VolumeMount>, settings: ContainerSettings): Promise<Mount> {
  const volume = settings.volumes.get(mount.name)
  if (!volume)
    throw new Error(`cannot find volume "${mount.name}" to mount into container "${settings.container.name}"`)
  const sub = mount.subPathExpr ? expandStrict(mount.subPathExpr, (n) => settings.env.get(n)) : (mount.subPath ?? '')
  return {
    hostPath: sub === '' ? volume.path : await settings.subPath(volume.path, sub),
    containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
    readOnly: volume.readOnly || (mount.readOnly ?? false),
    propagation: (mount.mountPropagation ?? 'None') as Mount['propagation'],
  }
}
