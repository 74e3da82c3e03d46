// Names of objects inside other objects: they follow when the object that they mean is renamed.
// Model: the name references of kustomize.

import { isObject } from '../object.ts'
import type { Resource } from './resource.ts'

type Json = Record<string, unknown>

/** Fields that hold a name, and whose. */
const NAMES: Readonly<Record<string, string>> = {
  serviceAccountName: 'ServiceAccount',
  serviceAccount: 'ServiceAccount',
  secretName: 'Secret',
  claimName: 'PersistentVolumeClaim',
  storageClassName: 'StorageClass',
  priorityClassName: 'PriorityClass',
  ingressClassName: 'IngressClass',
  runtimeClassName: 'RuntimeClass',
  serviceName: 'Service',
  volumeName: 'PersistentVolume',
}
/** Fields that hold an object with the name in it. */
const REFERENCES: Readonly<Record<string, string>> = {
  configMap: 'ConfigMap',
  configMapRef: 'ConfigMap',
  configMapKeyRef: 'ConfigMap',
  secret: 'Secret',
  secretRef: 'Secret',
  secretKeyRef: 'Secret',
  service: 'Service',
}
/** Fields that hold a list of such objects. */
const LISTS: Readonly<Record<string, string>> = { imagePullSecrets: 'Secret', secrets: 'Secret' }
/** Fields whose objects say their kind. */
const BY_KIND = new Set(['roleRef', 'scaleTargetRef', 'subjects', 'targetRef'])

/** Writes the present names wherever former ones stand. */
export function fixReferences(resources: readonly Resource[]): void {
  const current = new Map<string, string>()
  for (const { object, names } of resources) {
    for (const name of names) current.set(`${object.kind}/${name}`, object.metadata?.name ?? name)
  }
  const nameOf = (kind: string, name: unknown) =>
    typeof name === 'string' ? (current.get(`${kind}/${name}`) ?? name) : name
  for (const resource of resources) {
    if (resource.object.kind === 'ConfigMap' || resource.object.kind === 'Secret') continue
    const { metadata, ...rest } = resource.object
    resource.object = { ...(fixed(rest, nameOf) as Json), ...(metadata ? { metadata } : {}) }
  }
}

type NameOf = (kind: string, name: unknown) => unknown

function fixed(value: unknown, nameOf: NameOf): unknown {
  if (Array.isArray(value)) return value.map((item) => fixed(item, nameOf))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fixedField(key, inner, nameOf)]))
}

function fixedField(key: string, value: unknown, nameOf: NameOf): unknown {
  const named = (kind: string, inner: unknown) =>
    isObject(inner) && 'name' in inner ? { ...inner, name: nameOf(kind, inner.name) } : inner
  const deep = fixed(value, nameOf)
  const own = (table: Readonly<Record<string, string>>) => (Object.hasOwn(table, key) ? table[key] : undefined)
  const [name, reference, list] = [own(NAMES), own(REFERENCES), own(LISTS)]
  if (name !== undefined && typeof value === 'string') return nameOf(name, value)
  if (reference !== undefined) return named(reference, deep)
  if (list !== undefined && Array.isArray(deep)) return deep.map((item) => named(list, item))
  if (!BY_KIND.has(key)) return deep
  const byKind = (item: unknown) => (isObject(item) ? named(String(item.kind), item) : item)
  return Array.isArray(deep) ? deep.map(byKind) : byKind(deep)
}
