// Builds a kustomization: gathers, generates, patches, transforms, names.
// Model: sigs.k8s.io/kustomize/api/krusty.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import { jsonPatch } from '../../machinery/json-patch.ts'
import { mergePatched } from '../apply/merge-diff.ts'
import { KubectlError } from '../errors.ts'
import { configMapData, readSources, secretData } from '../generators/key-values.ts'
import { contentHash } from '../generators/name-hash.ts'
import { groupOf, isObject, itemsOf, type KubeObject } from '../object.ts'
import { parseManifest } from '../resources/lenient.ts'
import {
  type GeneratorArgs,
  type Kustomization,
  type PatchArgs,
  type ReplacementArgs,
  readKustomization,
} from './file.ts'
import { fixReferences } from './references.ts'
import { replaceFields } from './replacements.ts'
import { isSelected, type Resource, rename, resourceOf } from './resource.ts'
import { addAnnotations, addLabels, affixNames, setImages, setNamespace, setReplicas } from './transform.ts'

const MAX_DEPTH = 64

/** The objects of the kustomization in a folder, in the order in which they can be created. Throws KubectlError. */
export async function buildKustomization(dir: string, env: NodeJS.ProcessEnv): Promise<KubeObject[]> {
  const resources = await accumulate({ dir, env, above: [] }, [])
  for (const resource of resources) {
    if (!resource.hashed) continue
    // Names are no part of what is hashed here.
    const hash = contentHash({ ...resource.object, metadata: { name: '' } })
    rename(resource, `${resource.object.metadata?.name}-${hash}`)
  }
  fixReferences(resources)
  return resources.map(({ object }) => object).sort(inCreationOrder)
}

interface Place {
  readonly dir: string
  readonly env: NodeJS.ProcessEnv
  readonly above: readonly string[]
}

/** `given` is what a component works on besides its own. */
async function accumulate(place: Place, given: Resource[]): Promise<Resource[]> {
  const { dir, above } = place
  if (above.includes(dir) || above.length > MAX_DEPTH) {
    throw new KubectlError(`cycle detected: ${[...above, dir].join(' -> ')}`)
  }
  const file = readKustomization(dir)
  const below = (path: string): Place => ({ ...place, dir: resolve(dir, path), above: [...above, dir] })
  let resources = given
  for (const path of [...(file.resources ?? []), ...(file.bases ?? [])]) {
    for (const resource of await load(place, path, below)) add(resources, resource)
  }
  generate(place, file, resources)
  for (const path of file.components ?? []) resources = await accumulate(below(path), resources)
  await transform(place, file, resources)
  return resources
}

async function load(place: Place, path: string, below: (path: string) => Place): Promise<Resource[]> {
  const absolute = resolve(place.dir, path)
  if (!existsSync(absolute)) {
    const remote = /^(https?|ssh|git):|github\.com/.test(path)
    throw new KubectlError(
      remote
        ? `accumulating resources: resource "${path}" is remote, which is not supported`
        : `accumulating resources: accumulation err='accumulating resources from '${path}': open ${absolute}: no such file or directory'`,
    )
  }
  if (statSync(absolute).isDirectory()) return accumulate(below(path), [])
  return documents(readText(place, path)).map((object) => resourceOf(object))
}

function readText({ dir }: Place, path: string): string {
  const absolute = resolve(dir, path)
  if (absolute !== dir && !absolute.startsWith(dir.endsWith(sep) ? dir : dir + sep)) {
    throw new KubectlError(`security; file '${absolute}' is not in or below '${dir}'`)
  }
  if (!existsSync(absolute)) throw new KubectlError(`open ${absolute}: no such file or directory`)
  return readFileSync(absolute, 'utf8')
}

function documents(text: string): KubeObject[] {
  return parseManifest(text).flatMap((document) => {
    if (!isObject(document)) throw new KubectlError('a document of a resource file is no object')
    const object = document as KubeObject
    return object.kind?.endsWith('List') ? (itemsOf(object) ?? [object]) : [object]
  })
}

const sameKind = (a: KubeObject, b: KubeObject) => a.kind === b.kind && groupOf(a.apiVersion) === groupOf(b.apiVersion)

function add(resources: Resource[], resource: Resource): void {
  const { object } = resource
  const same = resources.some(
    (other) =>
      sameKind(other.object, object) &&
      other.object.metadata?.name === object.metadata?.name &&
      other.object.metadata?.namespace === object.metadata?.namespace,
  )
  if (same)
    throw new KubectlError(
      `may not add resource with an already registered id: ${object.kind}/${object.metadata?.name}`,
    )
  resources.push(resource)
}

function generate(place: Place, file: Kustomization, resources: Resource[]): void {
  for (const args of file.configMapGenerator ?? [])
    addGenerated(resources, args, generated(place, file, args, 'ConfigMap'))
  for (const args of file.secretGenerator ?? []) addGenerated(resources, args, generated(place, file, args, 'Secret'))
}

function generated(
  { dir, env }: Place,
  file: Kustomization,
  args: GeneratorArgs,
  kind: 'ConfigMap' | 'Secret',
): Resource {
  const envFiles = [...(args.envs ?? []), ...(args.env ? [args.env] : [])]
  const sources = { files: args.files ?? [], literals: args.literals ?? [], envFiles }
  const values = readSources(sources, { cwd: dir, env })
  const [shared, own] = [file.generatorOptions ?? {}, args.options ?? {}]
  const labels = { ...shared.labels, ...own.labels }
  const annotations = { ...shared.annotations, ...own.annotations }
  const metadata = {
    name: args.name,
    ...(args.namespace ? { namespace: args.namespace } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  }
  const object: KubeObject = {
    apiVersion: 'v1',
    kind,
    metadata,
    ...(kind === 'ConfigMap' ? configMapData(values) : { ...secretData(values), type: args.type ?? 'Opaque' }),
    ...((own.immutable ?? shared.immutable) ? { immutable: true } : {}),
  }
  return resourceOf(object, !(own.disableNameSuffixHash ?? shared.disableNameSuffixHash ?? false))
}

function addGenerated(resources: Resource[], { behavior = 'create', name }: GeneratorArgs, made: Resource): void {
  const old = resources.find((other) => sameKind(other.object, made.object) && other.names.includes(name))
  if (behavior === 'create') return add(resources, made)
  if (old === undefined) {
    throw new KubectlError(`id ${made.object.kind}.v1.[noGrp]/${name}.[noNs] does not exist; cannot merge or replace`)
  }
  const metadata = { ...made.object.metadata, ...old.object.metadata }
  old.object = { ...made.object, metadata, ...(behavior === 'merge' ? mergedData(old.object, made.object) : {}) }
  old.hashed = made.hashed
}

function mergedData(old: KubeObject, made: KubeObject): object {
  return Object.fromEntries(
    ['data', 'binaryData'].flatMap((key) => {
      const values = { ...(isObject(old[key]) ? old[key] : {}), ...(isObject(made[key]) ? made[key] : {}) }
      return Object.keys(values).length > 0 ? [[key, values]] : []
    }),
  )
}

async function transform(place: Place, file: Kustomization, resources: Resource[]): Promise<void> {
  for (const text of file.patchesStrategicMerge ?? []) {
    const inline = text.includes('\n')
    await patch(resources, { patch: inline ? text : readText(place, text) })
  }
  for (const args of file.patches ?? []) await patch(resources, withText(place, args))
  if (file.namespace) setNamespace(resources, file.namespace)
  affixNames(resources, file.namePrefix, file.nameSuffix)
  fixReferences(resources)
  if (file.commonLabels) addLabels(resources, file.commonLabels, { selectors: true, templates: true })
  for (const { pairs = {}, includeSelectors = false, includeTemplates = false } of file.labels ?? []) {
    addLabels(resources, pairs, { selectors: includeSelectors, templates: includeTemplates })
  }
  if (file.commonAnnotations) addAnnotations(resources, file.commonAnnotations)
  for (const args of file.patchesJson6902 ?? []) await patch(resources, withText(place, args))
  setReplicas(resources, file.replicas ?? [])
  setImages(resources, file.images ?? [])
  for (const args of file.replacements ?? []) {
    for (const one of args.path ? replacementsIn(place, args.path) : [args]) replaceFields(resources, one)
  }
}

function replacementsIn(place: Place, path: string): ReplacementArgs[] {
  return parseManifest(readText(place, path)).flat() as ReplacementArgs[]
}

function withText(place: Place, { path, patch: text, target }: PatchArgs): PatchArgs {
  if ((path === undefined) === (text === undefined)) {
    throw new KubectlError('patch and path cannot be set at the same time, and one of them must be')
  }
  return { patch: text ?? readText(place, path ?? ''), ...(target ? { target } : {}) }
}

/** Applies a strategic merge patch or a JSON patch. */
async function patch(resources: Resource[], { patch: text = '', target }: PatchArgs): Promise<void> {
  const parsed = parseManifest(text)
  const [first] = parsed
  if (Array.isArray(first)) {
    if (target === undefined) throw new KubectlError('must specify a target for JSON patch')
    for (const resource of resources.filter((r) => isSelected(r, target))) {
      resource.object = jsonPatch(resource.object, first) as KubeObject
    }
    return
  }
  for (const document of parsed as KubeObject[]) {
    const found = resources.filter((r) => (target ? isSelected(r, target) : isMeant(r, document)))
    if (found.length === 0 && target === undefined) {
      throw new KubectlError(
        `no resource matches strategic merge patch "${document.kind}.${document.apiVersion}/${document.metadata?.name}": no matches for Id ${document.kind}/${document.metadata?.name}; failed to find unique target for patch`,
      )
    }
    for (const resource of found) {
      if (document.$patch === 'delete') resources.splice(resources.indexOf(resource), 1)
      else resource.object = await merged(resource.object, document)
    }
  }
}

const isMeant = ({ object, names }: Resource, document: KubeObject) =>
  sameKind(object, document) && names.includes(document.metadata?.name ?? '')

/** The object with the patch in it; what it is and what it is called stays. */
async function merged(object: KubeObject, document: KubeObject): Promise<KubeObject> {
  const group = groupOf(object.apiVersion)
  const version = object.apiVersion?.split('/').at(-1) ?? ''
  const { typeRefOfKind } = await import('../../api/schema.ts')
  const ref = typeRefOfKind(group, version, object.kind ?? '')
  const { name, namespace } = object.metadata ?? {}
  const metadata = { ...document.metadata, name, ...(namespace ? { namespace } : {}) }
  const body = { ...document, apiVersion: object.apiVersion, kind: object.kind, metadata }
  if (ref === undefined) return mergePatched(object, body)
  const { strategicMerge } = await import('../../machinery/strategic-merge.ts')
  return strategicMerge(ref, object as Record<string, unknown>, body) as KubeObject
}

const FIRST = [
  'Namespace',
  'ResourceQuota',
  'StorageClass',
  'CustomResourceDefinition',
  'ServiceAccount',
  'PodSecurityPolicy',
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
  'ConfigMap',
  'Secret',
  'Endpoints',
  'Service',
  'LimitRange',
  'PriorityClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Deployment',
  'StatefulSet',
  'CronJob',
  'PodDisruptionBudget',
]
const LAST = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']

function inCreationOrder(a: KubeObject, b: KubeObject): number {
  const rank = ({ kind = '' }: KubeObject) => {
    const first = FIRST.indexOf(kind)
    return first >= 0 ? first - FIRST.length : LAST.indexOf(kind) + 1
  }
  const key = (o: KubeObject) =>
    `${groupOf(o.apiVersion)}_${o.apiVersion?.split('/').at(-1)}_${o.kind}|${o.metadata?.namespace ?? ''}|${o.metadata?.name}`
  return rank(a) - rank(b) || (key(a) < key(b) ? -1 : 1)
}
