// Sets up and tears down the volumes of pods on this node. Setting up is idempotent: calling it again publishes what
// has changed since.

import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { PersistentVolume, Volume } from '../../api/generated/core-v1.ts'
import { persistentvolumeclaims, persistentvolumes } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import type { Clock } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { isReason } from '../../machinery/errors.ts'
import { ifThere } from '../../machinery/if-there.ts'
import type { MountedVolume } from '../pods/container-config.ts'
import type { ObjectReader } from '../pods/env.ts'
import { messageOf } from '../pods/errors.ts'
import type { FieldContext } from '../pods/field-ref.ts'
import { type ApiPod, allContainersOf } from '../pods/types.ts'
import { quantityValue } from '../quantity.ts'
import { type Payload, writeAtomically } from './atomic-writer.ts'
import { prepareHostPath } from './host-path.ts'
import type { Mounter } from './mounter.ts'
import { volumePayload } from './payload.ts'
import type { TokenManager } from './tokens.ts'

export interface VolumeEnv {
  /** The kubelet's root directory. */
  readonly root: string
  readonly client: Client
  readonly clock: Clock
  readonly objects: ObjectReader
  readonly tokens: TokenManager
  readonly mounter: Mounter
}

/** One volume could not be set up. The message is that of the FailedMount event. */
class VolumeError extends Error {
  override readonly name = 'VolumeError'
}

export interface VolumesReady {
  readonly volumes: ReadonlyMap<string, MountedVolume>
  /** When to set up again because a token must be renewed; undefined when there is no need. */
  readonly renewAt: number | undefined
}

type Plugin = 'empty-dir' | 'configmap' | 'secret' | 'projected' | 'downward-api'
const IN_MEMORY: ReadonlySet<Plugin> = new Set(['secret', 'projected', 'downward-api'])

/** See the file comment. */
export class VolumeManager {
  readonly #env: VolumeEnv
  readonly #published = new Map<string, string>()
  #memoryMounted: Promise<void> | undefined
  #stamps = 0

  constructor(env: VolumeEnv) {
    this.#env = env
  }

  podDirectory(uid: string): string {
    return join(this.#env.root, 'pods', uid)
  }

  /** Sets up every volume that a container mounts. Rejects with the VolumeErrors of all that failed. */
  async setUp(pod: ApiPod, context: FieldContext): Promise<VolumesReady> {
    const volumes = new Map<string, MountedVolume>()
    const errors: VolumeError[] = []
    let renewAt: number | undefined
    const used = new Set(allContainersOf(pod).flatMap((c) => (c.volumeMounts ?? []).map((m) => m.name)))
    for (const volume of pod.spec.volumes ?? []) {
      if (!used.has(volume.name)) continue
      try {
        const ready = await this.#setUpOne(pod, volume, context)
        volumes.set(volume.name, ready)
        if (ready.renewAt !== undefined) renewAt = Math.min(renewAt ?? ready.renewAt, ready.renewAt)
      } catch (error) {
        const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${messageOf(error)}`
        errors.push(new VolumeError(message, { cause: error }))
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, errors.map((e) => e.message).join('; '))
    return { volumes, renewAt }
  }

  /** Unmounts and removes everything of a pod. Safe to call again. */
  async tearDown(uid: string): Promise<void> {
    const directory = this.podDirectory(uid)
    for (const mount of await this.#env.mounter.mountsBelow(directory)) await this.#env.mounter.unmount(mount)
    await rm(directory, { recursive: true, force: true })
    await rm(join(this.#memoryRoot, uid), { recursive: true, force: true })
    for (const key of this.#published.keys()) if (key.startsWith(`${uid}/`)) this.#published.delete(key)
    this.#env.tokens.forget(uid)
  }

  /** Pods that have left directories on this node. */
  async leftovers(): Promise<string[]> {
    const names = await Promise.all(
      [join(this.#env.root, 'pods'), this.#memoryRoot].map(async (path) => (await ifThere(readdir(path))) ?? []),
    )
    return [...new Set(names.flat())]
  }

  async #setUpOne(
    pod: ApiPod,
    volume: DeepReadonly<Volume>,
    context: FieldContext,
  ): Promise<MountedVolume & { renewAt?: number }> {
    if (volume.hostPath) {
      await prepareHostPath(volume.hostPath.path, volume.hostPath.type ?? '')
      return { path: volume.hostPath.path, readOnly: false }
    }
    if (volume.emptyDir) return this.#emptyDir(pod, volume)
    if (volume.persistentVolumeClaim || volume.ephemeral) return this.#claim(pod, volume)
    let renewAt: number | undefined
    const payload = await volumePayload(volume, {
      ...context,
      objects: this.#env.objects,
      token: async (source) => {
        const answer = await this.#env.tokens.token(pod, source)
        renewAt = Math.min(renewAt ?? answer.renewAt, answer.renewAt)
        return answer.token
      },
    })
    if (!payload) throw new Error(`volume type ${typeOf(volume)} is not supported by this kubelet`)
    const path = await this.#publish(pod, volume, payload)
    return { path, readOnly: true, ...(renewAt === undefined ? {} : { renewAt }) }
  }

  async #emptyDir(pod: ApiPod, volume: DeepReadonly<Volume>): Promise<MountedVolume> {
    const path = this.#path(pod, 'empty-dir', volume.name)
    const made = await mkdir(path, { recursive: true, mode: 0o777 })
    const memory = volume.emptyDir?.medium === 'Memory'
    if (volume.emptyDir?.medium && !memory) {
      throw new Error(`emptyDir medium ${JSON.stringify(volume.emptyDir.medium)} is not supported by this kubelet`)
    }
    if (memory && !(await this.#env.mounter.isMounted(path))) {
      await this.#env.mounter.mountTmpfs(path, quantityValue(volume.emptyDir?.sizeLimit))
    }
    const gid = pod.spec.securityContext?.fsGroup
    if (made !== undefined || memory) {
      if (gid !== undefined) await chown(path, 0, gid)
      await chmod(path, gid === undefined ? 0o777 : 0o2777)
    }
    return { path, readOnly: false }
  }

  async #publish(pod: ApiPod, volume: DeepReadonly<Volume>, payload: Payload): Promise<string> {
    const kind: Plugin = volume.configMap
      ? 'configmap'
      : volume.secret
        ? 'secret'
        : volume.projected
          ? 'projected'
          : 'downward-api'
    if (kind !== 'configmap') await this.#memory()
    const path = this.#path(pod, kind, volume.name)
    await mkdir(path, { recursive: true, mode: 0o755 })
    const key = `${pod.metadata.uid}/${volume.name}`
    const digest = digestOf(payload)
    if (this.#published.get(key) === digest) return path
    const gid = pod.spec.securityContext?.fsGroup
    const stamp = `${new Date(this.#env.clock.now()).toISOString().replace(/[-:T]/g, '_').slice(0, 23)}.${++this.#stamps}`
    await writeAtomically(path, payload, { stamp, ...(gid === undefined ? {} : { gid }) })
    this.#published.set(key, digest)
    return path
  }

  /** A claim whose volume lies on this node: hostPath or local. */
  async #claim(pod: ApiPod, volume: DeepReadonly<Volume>): Promise<MountedVolume> {
    const { namespace } = pod.metadata
    const name = volume.persistentVolumeClaim?.claimName ?? `${pod.metadata.name}-${volume.name}`
    const claim = await this.#env.client.get(persistentvolumeclaims, { namespace, name }).catch((error: unknown) => {
      if (isReason(error, 'NotFound')) throw new Error(`persistentvolumeclaim "${name}" not found`)
      throw error
    })
    const bound = claim.spec.volumeName
    if (!bound || claim.status.phase !== 'Bound') throw new Error(`PVC ${namespace}/${name} is not bound`)
    const persistent = await this.#env.client.get(persistentvolumes, { name: bound })
    const path = await persistentPath(persistent)
    const gid = pod.spec.securityContext?.fsGroup
    if (gid !== undefined)
      await ownByGroup(path, gid, pod.spec.securityContext?.fsGroupChangePolicy === 'OnRootMismatch')
    return { path, readOnly: volume.persistentVolumeClaim?.readOnly ?? false }
  }

  #path(pod: ApiPod, plugin: Plugin, name: string): string {
    const { uid } = pod.metadata
    const parent = IN_MEMORY.has(plugin) ? join(this.#memoryRoot, uid) : join(this.podDirectory(uid), 'volumes')
    return join(parent, `kubernetes.io~${plugin}`, name)
  }

  get #memoryRoot(): string {
    return join(this.#env.root, 'memory')
  }

  /** What must not reach a disk shares one memory file system: a mount for each volume costs a process and a slot. */
  #memory(): Promise<void> {
    this.#memoryMounted ??= this.#mountMemory().catch((error: unknown) => {
      this.#memoryMounted = undefined
      throw error
    })
    return this.#memoryMounted
  }

  async #mountMemory(): Promise<void> {
    const path = this.#memoryRoot
    await mkdir(path, { recursive: true, mode: 0o700 })
    if (!(await this.#env.mounter.isMounted(path))) await this.#env.mounter.mountTmpfs(path, 0)
  }
}

async function persistentPath(volume: DeepReadonly<PersistentVolume>): Promise<string> {
  const { hostPath, local } = volume.spec
  if (hostPath) {
    await prepareHostPath(hostPath.path, hostPath.type ?? '')
    return hostPath.path
  }
  if (local) {
    await prepareHostPath(local.path, 'Directory')
    return local.path
  }
  throw new Error(
    `persistent volume ${JSON.stringify(volume.metadata.name)}: its type is not supported by this kubelet`,
  )
}

/** Gives a tree to the group, as fsGroup asks: group-writable, new files inherit the group. */
async function ownByGroup(path: string, gid: number, onlyOnMismatch: boolean): Promise<void> {
  const found = await lstat(path)
  if (found.isSymbolicLink()) return
  const wanted = found.isDirectory() ? 0o2070 : 0o060
  if (onlyOnMismatch && found.gid === gid && (found.mode & wanted) === wanted) return
  await chown(path, found.uid, gid)
  await chmod(path, (found.mode & 0o7777) | wanted)
  if (!found.isDirectory()) return
  for (const name of await readdir(path)) await ownByGroup(join(path, name), gid, false)
}

function typeOf(volume: DeepReadonly<Volume>): string {
  return Object.keys(volume).find((key) => key !== 'name') ?? 'unknown'
}

function digestOf(payload: Payload): string {
  const hash = createHash('sha256')
  for (const [path, file] of [...payload].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${path}\0${file.mode}\0${file.uid ?? 0}\0${file.data.length}\0`).update(file.data)
  }
  return hash.digest('hex')
}
