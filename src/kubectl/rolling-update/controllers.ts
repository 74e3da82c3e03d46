// The two replication controllers of a rolling update: finding them, telling their pods apart, changing their sizes.
// Model: pkg/kubectl/rolling_updater.go of kubernetes 1.2.

import { createHash } from 'node:crypto'
import { matches, selectorOfMap } from '../../machinery/labels.ts'
import type { KubectlContext } from '../command.ts'
import type { Mapping } from '../discovery/mapper.ts'
import { KubectlError } from '../errors.ts'
import { isObject, itemsOf, type KubeObject } from '../object.ts'
import { isReady } from '../pods/selection.ts'
import { toCompactJson } from '../printers/json.ts'
import { createObject, deleteObject, findObject, getObject, patchObject, type Target } from '../write/objects.ts'
import { waitDeleted } from '../write/wait-deleted.ts'
import { type Deadline, watchUntil } from '../write/watch-until.ts'

/** What of a replication controller matters here. */
export interface Controller extends KubeObject {
  readonly spec: {
    readonly replicas?: number
    readonly selector: Record<string, string>
    readonly template: { metadata?: { labels?: Record<string, string> }; spec: { containers: Container[] } }
    readonly [key: string]: unknown
  }
}

interface Container {
  readonly name: string
  readonly image: string
  readonly [key: string]: unknown
}

export const SOURCE_ID = 'kubectl.kubernetes.io/update-source-id'
export const DESIRED_REPLICAS = 'kubectl.kubernetes.io/desired-replicas'
export const ORIGINAL_REPLICAS = 'kubectl.kubernetes.io/original-replicas'
export const NEXT_CONTROLLER = 'kubectl.kubernetes.io/next-controller-id'

export const replicas = (rc: Controller) => rc.spec.replicas ?? 1
export const nameOf = (rc: KubeObject) => rc.metadata?.name ?? ''
export const annotationOf = (rc: KubeObject, key: string) => rc.metadata?.annotations?.[key]

/** The controller with annotations added. */
export function annotated(rc: Controller, annotations: Record<string, string>): Controller {
  return { ...rc, metadata: { ...rc.metadata, annotations: { ...rc.metadata?.annotations, ...annotations } } }
}

/** A controller's pods, through one namespace. */
export interface Controllers {
  get(name: string): Promise<Controller>
  find(name: string): Promise<Controller | undefined>
  create(rc: Controller): Promise<Controller>
  annotate(rc: Controller, annotations: Record<string, string | null>): Promise<Controller>
  /** Changes the size and waits until the controller has seen to it. */
  resize(rc: Controller, to: number, deadline: Deadline): Promise<Controller>
  available(rc: Controller): Promise<number>
  delete(rc: Controller, deadline: Deadline): Promise<void>
  /** Gives the controller's pods and selector one more label, so that a second one can have pods of its own. */
  distinguish(rc: Controller, key: string, value: string): Promise<Controller>
  /** Gives the controller another name; its pods stay. */
  rename(rc: Controller, name: string, deadline: Deadline): Promise<Controller>
}

/** The controllers of `namespace`. */
export async function controllersOf(ctx: KubectlContext, namespace: string): Promise<Controllers> {
  const mapper = await ctx.mapper()
  const mapping = await mapper.mappingForKind('v1', 'ReplicationController')
  const pods = await mapper.mappingForKind('v1', 'Pod')
  const at = (name: string): Target => ({ mapping, namespace, name })
  const podsOf = (selector: Record<string, string>) => listPods(ctx, namespace, selector)
  const controllers: Controllers = {
    get: async (name) => (await getObject(ctx, at(name))) as Controller,
    find: async (name) => (await findObject(ctx, at(name))) as Controller | undefined,
    create: async (rc) => (await createObject(ctx, at(''), rc)) as Controller,
    annotate: async (rc, annotations) =>
      (await patchObject(ctx, at(nameOf(rc)), { type: 'merge', body: { metadata: { annotations } } })) as Controller,
    async resize(rc, to, deadline) {
      const target = at(nameOf(rc))
      await patchObject(ctx, target, { type: 'merge', body: { spec: { replicas: to } } }, { subresource: 'scale' })
      await watchUntil(ctx, target, { deadline, decide: (object) => object !== undefined && hasSize(object, to) })
      return controllers.get(target.name)
    },
    async available(rc) {
      const ready = (await podsOf(rc.spec.selector)).filter(isReady)
      return ready.length
    },
    async delete(rc, deadline) {
      await deleteObject(ctx, at(nameOf(rc)), { propagationPolicy: 'Orphan' })
      await waitDeleted(ctx, at(nameOf(rc)), { deadline, uid: rc.metadata?.uid })
    },
    distinguish: (rc, key, value) =>
      distinguish({ ctx, controllers, pods, namespace, podsOf, target: at(nameOf(rc)) }, key, value),
    async rename(rc, name, deadline) {
      await controllers.delete(rc, deadline)
      return controllers.create(withName(rc, name))
    },
  }
  return controllers
}

function hasSize({ status, metadata }: KubeObject, size: number): boolean {
  if (!isObject(status)) return false
  return (
    Number(status.replicas ?? 0) === size && Number(status.observedGeneration ?? 0) >= Number(metadata?.generation ?? 0)
  )
}

function withName(rc: Controller, name: string): Controller {
  const annotations = Object.fromEntries(
    Object.entries(rc.metadata?.annotations ?? {}).filter(([key]) => !INTERNAL.has(key)),
  )
  const { labels, namespace } = rc.metadata ?? {}
  const metadata = { name, ...(namespace ? { namespace } : {}), ...(labels ? { labels } : {}), annotations }
  return { apiVersion: 'v1', kind: 'ReplicationController', metadata, spec: rc.spec }
}

const INTERNAL = new Set([SOURCE_ID, DESIRED_REPLICAS, ORIGINAL_REPLICAS, NEXT_CONTROLLER])

async function listPods(
  ctx: KubectlContext,
  namespace: string,
  selector: Record<string, string>,
): Promise<KubeObject[]> {
  const client = await ctx.client()
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`
  const list = (await client.json({ path, signal: ctx.signal })) as KubeObject
  const wanted = selectorOfMap(selector) ?? []
  return (itemsOf(list) ?? []).filter((pod) => matches(wanted, pod.metadata?.labels))
}

interface Scene {
  readonly ctx: KubectlContext
  readonly controllers: Controllers
  readonly pods: Mapping
  readonly namespace: string
  readonly podsOf: (selector: Record<string, string>) => Promise<KubeObject[]>
  readonly target: Target
}

/** First the template, so that new pods have the label; then the pods there are; then the selector. */
async function distinguish(scene: Scene, key: string, value: string): Promise<Controller> {
  const { ctx, controllers, pods, namespace, podsOf, target } = scene
  const label = { metadata: { labels: { [key]: value } } }
  await patchObject(ctx, target, { type: 'merge', body: { spec: { template: label } } })
  const rc = await controllers.get(target.name)
  const old = rc.spec.selector
  for (const pod of await podsOf(old)) {
    await patchObject(ctx, { mapping: pods, namespace, name: nameOf(pod) }, { type: 'merge', body: label })
  }
  const body = { spec: { selector: { [key]: value } } }
  const updated = (await patchObject(ctx, target, { type: 'merge', body })) as Controller
  // Pods that were made between the two would be nobody's.
  for (const pod of await podsOf(old)) {
    if (pod.metadata?.labels?.[key] === value) continue
    await deleteObject(ctx, { mapping: pods, namespace, name: nameOf(pod) })
  }
  return updated
}

/** A short text that is another for another controller. */
export function hashOf(rc: KubeObject): string {
  const { metadata, spec } = rc
  const { name, namespace, labels } = metadata ?? {}
  return createHash('md5').update(toCompactJson({ name, namespace, labels, spec })).digest('hex')
}

/** The controller that shall run `image` in place of `old`. Throws KubectlError. */
export function withImage(
  old: Controller,
  options: { readonly image: string; readonly name: string; readonly container: string; readonly key: string },
): Controller {
  const { containers } = old.spec.template.spec
  if (containers.length > 1 && options.container === '') {
    throw new KubectlError('Must specify container to update when updating a multi-container pod')
  }
  const wanted = options.container === '' ? containers[0]?.name : options.container
  const target = containers.find((c) => c.name === wanted)
  if (!target) throw new KubectlError(`container ${options.container} not found in pod`)
  if (target.image === options.image)
    throw new KubectlError('Specified --image must be distinct from existing container image')
  const template = {
    ...old.spec.template,
    spec: {
      ...old.spec.template.spec,
      containers: containers.map((c) => (c === target ? { ...c, image: options.image } : c)),
    },
  }
  const bare: Controller = { ...withName(old, options.name), spec: { ...old.spec, template } }
  const hash = hashOf(bare)
  const labelled = {
    ...template,
    metadata: { ...template.metadata, labels: { ...template.metadata?.labels, [options.key]: hash } },
  }
  return {
    ...bare,
    metadata: { ...bare.metadata, name: options.name || `${nameOf(old)}-${hash}` },
    spec: { ...old.spec, selector: { ...old.spec.selector, [options.key]: hash }, template: labelled },
  }
}
