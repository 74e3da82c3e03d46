// What a kustomization does to all objects: names, namespace, labels, annotations, images, replicas.

import { KubectlError } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'
import type { ImageArgs, Kustomization } from './file.ts'
import { type Resource, rename } from './resource.ts'

type Json = Record<string, unknown>
type Labels = Readonly<Record<string, string>>

const CLUSTER_SCOPED = new Set([
  'APIService',
  'CSIDriver',
  'CSINode',
  'CertificateSigningRequest',
  'ClusterRole',
  'ClusterRoleBinding',
  'ClusterTrustBundle',
  'ComponentStatus',
  'CustomResourceDefinition',
  'DeviceClass',
  'FlowSchema',
  'IPAddress',
  'IngressClass',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
  'MutatingWebhookConfiguration',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PriorityClass',
  'PriorityLevelConfiguration',
  'ResourceSlice',
  'RuntimeClass',
  'ServiceCIDR',
  'StorageClass',
  'StorageVersionMigration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
  'VolumeAttachment',
  'VolumeAttributesClass',
])
const NEVER_RENAMED = new Set(['CustomResourceDefinition', 'APIService', 'Namespace'])

/** Puts all namespaced objects, and the subjects that are among them, into a namespace. */
export function setNamespace(resources: readonly Resource[], namespace: string): void {
  const accounts = new Set(
    resources.filter(({ object }) => object.kind === 'ServiceAccount').flatMap(({ names }) => names),
  )
  for (const resource of resources) {
    const { object } = resource
    if (object.kind === 'Namespace') rename(resource, namespace)
    else if (!CLUSTER_SCOPED.has(object.kind ?? '')) {
      resource.object = { ...object, metadata: { ...object.metadata, namespace } }
    }
    if (/^(Cluster)?RoleBinding$/.test(object.kind ?? '') && Array.isArray(object.subjects)) {
      const subjects = object.subjects.map((subject: Json) =>
        subject.kind === 'ServiceAccount' && (subject.name === 'default' || accounts.has(String(subject.name)))
          ? { ...subject, namespace }
          : subject,
      )
      resource.object = { ...resource.object, subjects }
    }
  }
}

/** Puts text before and after all names. */
export function affixNames(resources: readonly Resource[], prefix = '', suffix = ''): void {
  if (prefix === '' && suffix === '') return
  for (const resource of resources) {
    if (NEVER_RENAMED.has(resource.object.kind ?? '')) continue
    rename(resource, `${prefix}${resource.object.metadata?.name ?? ''}${suffix}`)
  }
}

/** The value at a path changed; `create` makes what is missing on the way. */
function edited(value: Json, path: readonly string[], create: boolean, edit: (value: unknown) => unknown): Json {
  const [key, ...rest] = path
  if (key === undefined || (!create && value[key] === undefined)) return value
  if (rest.length === 0) return { ...value, [key]: edit(value[key]) }
  const next = value[key] ?? {}
  if (!isObject(next)) return value
  return { ...value, [key]: edited(next, rest, create, edit) }
}

const added = (labels: Labels) => (value: unknown) => ({ ...(isObject(value) ? value : {}), ...labels })

const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  ReplicationController: ['spec.template.metadata'],
  Deployment: ['spec.template.metadata'],
  ReplicaSet: ['spec.template.metadata'],
  DaemonSet: ['spec.template.metadata'],
  StatefulSet: ['spec.template.metadata'],
  Job: ['spec.template.metadata'],
  CronJob: ['spec.jobTemplate.metadata', 'spec.jobTemplate.spec.template.metadata'],
}
const SELECTORS: Readonly<Record<string, { readonly path: string; readonly create: boolean }>> = {
  Service: { path: 'spec.selector', create: true },
  ReplicationController: { path: 'spec.selector', create: true },
  Deployment: { path: 'spec.selector.matchLabels', create: true },
  ReplicaSet: { path: 'spec.selector.matchLabels', create: true },
  DaemonSet: { path: 'spec.selector.matchLabels', create: true },
  StatefulSet: { path: 'spec.selector.matchLabels', create: true },
  Job: { path: 'spec.selector.matchLabels', create: false },
  CronJob: { path: 'spec.jobTemplate.spec.selector.matchLabels', create: false },
  PodDisruptionBudget: { path: 'spec.selector.matchLabels', create: false },
  NetworkPolicy: { path: 'spec.podSelector.matchLabels', create: false },
}

/** Adds labels to objects and, as asked, to the templates and selectors in them. */
export function addLabels(
  resources: readonly Resource[],
  labels: Labels,
  { selectors, templates }: { readonly selectors: boolean; readonly templates: boolean },
): void {
  for (const resource of resources) {
    const kind = resource.object.kind ?? ''
    let object: Json = edited(resource.object, ['metadata', 'labels'], true, added(labels))
    const selector = SELECTORS[kind]
    if (selectors && selector) object = edited(object, selector.path.split('.'), selector.create, added(labels))
    if (selectors || templates) {
      for (const path of TEMPLATES[kind] ?? []) {
        object = edited(object, [...path.split('.'), 'labels'], true, added(labels))
      }
    }
    resource.object = object
  }
}

/** Adds annotations to objects and the templates in them. */
export function addAnnotations(resources: readonly Resource[], annotations: Labels): void {
  for (const resource of resources) {
    let object: Json = resource.object
    for (const path of ['metadata', ...(TEMPLATES[resource.object.kind ?? ''] ?? [])]) {
      object = edited(object, [...path.split('.'), 'annotations'], true, added(annotations))
    }
    resource.object = object
  }
}

/** Sets numbers of replicas. Throws KubectlError when nothing has the name. */
export function setReplicas(resources: readonly Resource[], replicas: NonNullable<Kustomization['replicas']>): void {
  const kinds = new Set(['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'])
  for (const { name, count } of replicas) {
    const found = resources.filter((r) => kinds.has(r.object.kind ?? '') && r.names.includes(name))
    if (found.length === 0) {
      throw new KubectlError(
        `resource with name ${name} does not match a config with the following GVK [${[...kinds].join(' ')}]`,
      )
    }
    for (const resource of found) {
      resource.object = edited(resource.object, ['spec', 'replicas'], true, () => count)
    }
  }
}

/** Changes the images of containers, however deep these are. */
export function setImages(resources: readonly Resource[], images: readonly ImageArgs[]): void {
  for (const resource of resources) resource.object = withImages(resource.object, images) as KubeObject
}

function withImages(value: unknown, images: readonly ImageArgs[]): unknown {
  if (Array.isArray(value)) return value.map((item) => withImages(item, images))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (!/^(initC|ephemeralC|c)ontainers$/.test(key) || !Array.isArray(inner)) return [key, withImages(inner, images)]
      return [
        key,
        inner.map((container: unknown) =>
          isObject(container) && typeof container.image === 'string'
            ? { ...container, image: images.reduce(newImage, container.image) }
            : container,
        ),
      ]
    }),
  )
}

/** The image as the rule wants it, when it means this one. */
export function newImage(image: string, { name, newName, newTag, tagSuffix, digest }: ImageArgs): string {
  const parts = /^(.*?)(:[\w.-]+)?(@.+)?$/.exec(image)
  const [, base = image, tag = '', oldDigest = ''] = parts ?? []
  if (base !== name) return image
  const named = newName ?? base
  if (digest) return `${named}${newTag ? `:${newTag}` : ''}@${digest}`
  if (newTag) return `${named}:${newTag}`
  if (tagSuffix) return `${named}${tag}${tagSuffix}`
  return `${named}${tag}${oldDigest}`
}
