// The config maps and secrets that this node's pods refer to: read on demand and watched one by one, so that a node
// never sees more than its pods need.

import type { ConfigMap, Pod, Secret } from '../../api/generated/core-v1.ts'
import { configmaps, secrets } from '../../api/generated/resources.ts'
import type { ResourceRef } from '../../api/resource-ref.ts'
import type { KubeObject } from '../../client/client.ts'
import { Informer, type InformerEnv } from '../../client/informer.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { isReason } from '../../machinery/errors.ts'
import type { ObjectReader } from '../pods/env.ts'
import { allContainersOf } from '../pods/types.ts'

interface Entry {
  readonly informer: Informer<KubeObject>
  readonly stop: AbortController
  readonly users: Set<string>
}

/** `configmaps/default/web`. */
type RefKey = string

/** Names of everything a pod reads: volumes, environment, pull secrets. */
function referencesOf(pod: DeepReadonly<Pod>): { configMaps: Set<string>; secrets: Set<string> } {
  const maps = new Set<string>()
  const secretNames = new Set<string>()
  const add = (set: Set<string>, name: string | undefined) => name && set.add(name)
  for (const volume of pod.spec.volumes ?? []) {
    add(maps, volume.configMap?.name)
    add(secretNames, volume.secret?.secretName)
    for (const source of volume.projected?.sources ?? []) {
      add(maps, source.configMap?.name)
      add(secretNames, source.secret?.name)
    }
  }
  for (const container of allContainersOf(pod)) {
    for (const source of container.envFrom ?? []) {
      add(maps, source.configMapRef?.name)
      add(secretNames, source.secretRef?.name)
    }
    for (const variable of container.env ?? []) {
      add(maps, variable.valueFrom?.configMapKeyRef?.name)
      add(secretNames, variable.valueFrom?.secretKeyRef?.name)
    }
  }
  for (const pull of pod.spec.imagePullSecrets ?? []) add(secretNames, pull.name)
  return { configMaps: maps, secrets: secretNames }
}

/** See the file comment. Bounded by the references of the pods that are tracked. */
export class ObjectStore implements ObjectReader {
  readonly #env: InformerEnv
  readonly #changed: (podUid: string) => void
  readonly #entries = new Map<RefKey, Entry>()
  readonly #tracked = new Map<string, Set<RefKey>>()

  /** `changed` is told the pods whose objects changed. */
  constructor(env: InformerEnv, changed: (podUid: string) => void) {
    this.#env = env
    this.#changed = changed
  }

  /** Starts to follow what the pod refers to. */
  track(pod: DeepReadonly<Pod>): void {
    const { uid, namespace } = pod.metadata
    const refs = referencesOf(pod)
    const keys = new Set<RefKey>()
    for (const name of refs.configMaps) keys.add(this.#use(configmaps, namespace, name, uid))
    for (const name of refs.secrets) keys.add(this.#use(secrets, namespace, name, uid))
    for (const key of this.#tracked.get(uid) ?? []) if (!keys.has(key)) this.#release(key, uid)
    this.#tracked.set(uid, keys)
  }

  untrack(uid: string): void {
    for (const key of this.#tracked.get(uid) ?? []) this.#release(key, uid)
    this.#tracked.delete(uid)
  }

  close(): void {
    for (const entry of this.#entries.values()) entry.stop.abort()
    this.#entries.clear()
  }

  configMap(namespace: string, name: string): Promise<DeepReadonly<ConfigMap> | undefined> {
    return this.#get(configmaps, namespace, name)
  }

  secret(namespace: string, name: string): Promise<DeepReadonly<Secret> | undefined> {
    return this.#get(secrets, namespace, name)
  }

  async #get<T extends KubeObject>(ref: ResourceRef<T>, namespace: string, name: string) {
    const entry = this.#entries.get(`${ref.resource}/${namespace}/${name}`)
    if (entry?.informer.synced) return entry.informer.get(`${namespace}/${name}`) as DeepReadonly<T> | undefined
    try {
      return await this.#env.client.get(ref, { namespace, name })
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined
      throw error
    }
  }

  #use<T extends KubeObject>(ref: ResourceRef<T>, namespace: string, name: string, uid: string): RefKey {
    const key = `${ref.resource}/${namespace}/${name}`
    const found = this.#entries.get(key)
    if (found) {
      found.users.add(uid)
      return key
    }
    const informer = new Informer<T>(this.#env, ref, { namespace, fieldSelector: `metadata.name=${name}` })
    const entry: Entry = {
      informer: informer as unknown as Informer<KubeObject>,
      stop: new AbortController(),
      users: new Set([uid]),
    }
    this.#entries.set(key, entry)
    const tell = () => {
      for (const user of entry.users) this.#changed(user)
    }
    informer.subscribe({ add: () => informer.synced && tell(), update: tell, delete: tell })
    void informer.run(entry.stop.signal)
    return key
  }

  #release(key: RefKey, uid: string): void {
    const entry = this.#entries.get(key)
    entry?.users.delete(uid)
    if (!entry || entry.users.size > 0) return
    entry.stop.abort()
    this.#entries.delete(key)
  }
}
