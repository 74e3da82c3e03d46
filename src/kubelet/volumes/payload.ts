// Collects the files of configMap, secret, downwardAPI and projected volumes.

import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Secret,
  ServiceAccountTokenProjection,
  Volume,
  VolumeProjection,
} from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { ObjectReader } from '../pods/env.ts'
import { type FieldContext, fieldValue, resourceFieldValue } from '../pods/field-ref.ts'
import { type ApiPod, allContainersOf } from '../pods/types.ts'
import type { ProjectedFile } from './atomic-writer.ts'

export interface PayloadContext extends FieldContext {
  readonly objects: ObjectReader
  /** Gives a token, and records when it must be renewed. */
  token(source: DeepReadonly<ServiceAccountTokenProjection>): Promise<string>
}

type Files = Map<string, ProjectedFile>
type Entries = ReadonlyMap<string, Buffer>

/** The files of a volume; undefined when the volume is not made of files from the API. */
export async function volumePayload(volume: DeepReadonly<Volume>, context: PayloadContext): Promise<Files | undefined> {
  if (volume.configMap) {
    const { name = '', optional, items, defaultMode } = volume.configMap
    return configMapFiles({ name, optional, items, mode: defaultMode ?? 0o644 }, context)
  }
  if (volume.secret) {
    const { secretName: name = '', optional, items, defaultMode } = volume.secret
    return secretFiles({ name, optional, items, mode: defaultMode ?? 0o644 }, context)
  }
  if (volume.downwardAPI)
    return downwardFiles(volume.downwardAPI.items ?? [], volume.downwardAPI.defaultMode ?? 0o644, context)
  if (!volume.projected) return undefined
  const all: Files = new Map()
  const mode = volume.projected.defaultMode ?? 0o644
  for (const source of volume.projected.sources ?? []) {
    for (const [path, file] of await sourceFiles(source, mode, context)) all.set(path, file)
  }
  return all
}

async function sourceFiles(
  source: DeepReadonly<VolumeProjection>,
  mode: number,
  context: PayloadContext,
): Promise<Files> {
  if (source.configMap) return configMapFiles({ name: '', ...source.configMap, mode }, context)
  if (source.secret) return secretFiles({ name: '', ...source.secret, mode }, context)
  if (source.downwardAPI) return downwardFiles(source.downwardAPI.items ?? [], mode, context)
  if (source.serviceAccountToken) return tokenFile(source.serviceAccountToken, mode, context)
  throw new Error(`projected volume source ${Object.keys(source).join(', ')} is not supported`)
}

interface Selection {
  readonly name: string
  readonly optional?: boolean | undefined
  readonly items?: readonly DeepReadonly<KeyToPath>[] | undefined
  readonly mode: number
}

async function configMapFiles(selection: Selection, context: PayloadContext): Promise<Files> {
  const found = await context.objects.configMap(context.pod.metadata.namespace, selection.name)
  if (!found && !selection.optional) throw new Error(`configmap "${selection.name}" not found`)
  return select(configMapEntries(found), selection, 'configmap')
}

function configMapEntries(map: DeepReadonly<ConfigMap> | undefined): Entries {
  return new Map([
    ...Object.entries(map?.data ?? {}).map(([k, v]): [string, Buffer] => [k, Buffer.from(v)]),
    ...Object.entries(map?.binaryData ?? {}).map(([k, v]): [string, Buffer] => [k, Buffer.from(v, 'base64')]),
  ])
}

async function secretFiles(selection: Selection, context: PayloadContext): Promise<Files> {
  const found: DeepReadonly<Secret> | undefined = await context.objects.secret(
    context.pod.metadata.namespace,
    selection.name,
  )
  if (!found && !selection.optional) throw new Error(`secret "${selection.name}" not found`)
  const entries = Object.entries(found?.data ?? {}).map(([k, v]): [string, Buffer] => [k, Buffer.from(v, 'base64')])
  return select(new Map(entries), selection, 'secret')
}

function select(entries: Entries, selection: Selection, kind: 'configmap' | 'secret'): Files {
  const files: Files = new Map()
  if (!selection.items || selection.items.length === 0) {
    for (const [path, data] of entries) files.set(path, { data, mode: selection.mode })
    return files
  }
  for (const { key, path, mode } of selection.items) {
    const data = entries.get(key)
    if (data) files.set(path, { data, mode: mode ?? selection.mode })
    else if (!selection.optional) {
      const what =
        kind === 'configmap' ? 'configmap references non-existent config key' : 'references non-existent secret key'
      throw new Error(`${what}: ${key}`)
    }
  }
  return files
}

function downwardFiles(
  items: readonly DeepReadonly<DownwardAPIVolumeFile>[],
  mode: number,
  context: PayloadContext,
): Files {
  const files: Files = new Map()
  for (const item of items) {
    let text = ''
    if (item.fieldRef) text = fieldValue(item.fieldRef, context)
    else if (item.resourceFieldRef) text = resourceFieldValue(item.resourceFieldRef, '', context)
    files.set(item.path, { data: Buffer.from(text), mode: item.mode ?? mode })
  }
  return files
}

async function tokenFile(
  source: DeepReadonly<ServiceAccountTokenProjection>,
  mode: number,
  context: PayloadContext,
): Promise<Files> {
  const owner = commonUser(context.pod)
  const restricted = owner !== undefined || context.pod.spec.securityContext?.fsGroup !== undefined
  const data = Buffer.from(await context.token(source))
  const file = { data, mode: restricted ? 0o600 : mode, ...(owner === undefined ? {} : { uid: owner }) }
  return new Map([[source.path, file]])
}

/** The user that all containers run as, when there is one: the token then belongs to it. */
function commonUser(pod: ApiPod): number | undefined {
  const shared = pod.spec.securityContext?.runAsUser
  const users = new Set(allContainersOf(pod).map((c) => c.securityContext?.runAsUser ?? shared))
  return users.size === 1 ? [...users][0] : undefined
}
