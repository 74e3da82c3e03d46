// Rules on ObjectMeta that hold for every kind. Wording: k8s.io/apimachinery/pkg/api/validation/objectmeta.go.

import type { OwnerReference } from '../../api/generated/meta-v1.ts'
import { type FieldError, field } from '../../machinery/errors.ts'
import {
  dnsLabelProblem,
  dnsSubdomainProblem,
  labelValueProblem,
  qualifiedNameProblems,
} from '../../machinery/names.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'

const MAX_ANNOTATIONS = 256 * 1024
const IMMUTABLE = 'field is immutable'
const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion']

/** Gives what is wrong with a name, which may follow from what the object says. */
export type NameRule = (name: string, object: ApiObject) => string | readonly string[] | undefined

/** Problems of what an object is called, and of what its name is to begin with if that is asked. */
export function validateNames(
  rule: NameRule = dnsSubdomainProblem,
  object: ApiObject,
  generated: boolean,
): FieldError[] {
  const { name, generateName } = object.metadata
  const problems = (at: string, value: string, judged: string) =>
    [rule(judged, object) ?? []].flat().map((problem) => field.invalid(at, value, problem))
  return [
    ...(generateName && generated ? problems('metadata.generateName', generateName, masked(generateName)) : []),
    ...(name
      ? problems('metadata.name', name, name)
      : [field.required('metadata.name', 'name or generateName is required')]),
  ]
}

/** Problems of where an object is said to be. */
export function validateNamespace({ namespaced }: { readonly namespaced: boolean }, object: ApiObject): FieldError[] {
  const { namespace } = object.metadata
  if (!namespaced) return namespace ? [field.forbidden('metadata.namespace', 'not allowed on this type')] : []
  if (!namespace) return [field.required('metadata.namespace')]
  const problem = dnsLabelProblem(namespace)
  return problem ? [field.invalid('metadata.namespace', namespace, problem)] : []
}

/** A generated name may end in a dash: the suffix completes it. Upstream: maskTrailingDash. */
function masked(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name
}

/** Problems of what is the same whatever the names may be, but for the finalizers. */
export function validateCommon(object: ApiObject, path: string): FieldError[] {
  const { labels, annotations, ownerReferences } = object.metadata
  return [
    ...(labels ? validateLabels(labels, `${path}.labels`) : []),
    ...(annotations ? validateAnnotations(annotations, `${path}.annotations`) : []),
    ...(ownerReferences ? validateOwners(ownerReferences, `${path}.ownerReferences`) : []),
  ]
}

/** Problems of annotations: their keys are like those of labels but for the case, and all together have a size. */
export function validateAnnotations(annotations: Readonly<Record<string, string>>, path: string): FieldError[] {
  const errors: FieldError[] = []
  let size = 0
  for (const [key, value] of Object.entries(annotations)) {
    for (const problem of qualifiedNameProblems(key.toLowerCase())) errors.push(field.invalid(path, key, problem))
    size += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (size > MAX_ANNOTATIONS) errors.push(field.tooLong(path, MAX_ANNOTATIONS))
  return errors
}

/**
 * Drops owners that are told twice, and warns of them. Model: dedupOwnerReferencesAndAddWarning, which does so before
 * admission for whole objects, and after it for all.
 */
export function dropRepeatedOwners(object: ApiObject, warn: (message: string) => void, admitted: boolean): void {
  const owners = object.metadata.ownerReferences
  if (!owners || owners.length < 2) return
  const kept: OwnerReference[] = []
  const twice: string[] = []
  for (const owner of owners) {
    if (kept.some((other) => other.uid === owner.uid && sameJson(other, owner))) twice.push(owner.uid)
    else kept.push(owner)
  }
  if (twice.length === 0) return
  object.metadata.ownerReferences = kept
  warn(
    `.metadata.ownerReferences contains duplicate entries${admitted ? ' after mutating admission happens' : ''}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${twice.join(', ')}`,
  )
}

/** The paths tell no index, as upstream's do not. */
function validateOwners(owners: readonly OwnerReference[], path: string): FieldError[] {
  const errors: FieldError[] = []
  let first: string | undefined
  for (const { apiVersion = '', kind = '', name = '', uid = '', controller } of owners) {
    // More than one slash makes it no version at all.
    const version = apiVersion.split('/').length > 2 ? '' : apiVersion
    if (version === '') errors.push(field.invalid(`${path}.apiVersion`, apiVersion, 'version must not be empty'))
    if (kind === '') errors.push(field.invalid(`${path}.kind`, kind, 'must not be empty'))
    if (name === '') errors.push(field.invalid(`${path}.name`, name, 'must not be empty'))
    if (uid === '') errors.push(field.invalid(`${path}.uid`, uid, 'must not be empty'))
    if (apiVersion === 'v1' && kind === 'Event') {
      const why = '/v1, Kind=Event is disallowed from being an owner'
      errors.push(field.invalid(path, { apiVersion, kind, name, uid }, why))
    }
    if (!controller) continue
    const current = `${kind}/${name}`
    if (first !== undefined) {
      const why = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${current}`
      errors.push(field.invalid(path, owners, why))
    }
    first ??= current
  }
  return errors
}

/** Problems of the names of finalizers. */
export function validateFinalizers({ metadata }: ApiObject, at: string): FieldError[] {
  const { finalizers } = metadata
  if (!finalizers) return []
  const path = `${at}.finalizers`
  const errors = finalizers.flatMap((name) => qualifiedNameProblems(name).map((p) => field.invalid(path, name, p)))
  if (!finalizers.includes('orphan') || !finalizers.includes('foregroundDeletion')) return errors
  const why = 'finalizer orphan and foregroundDeletion cannot be both set'
  return [...errors, field.invalid(path, finalizers, why)]
}

/** Finalizers of others than Kubernetes have a domain. Upstream: validateKubeFinalizerName. */
export function validateKubeFinalizers({ metadata }: ApiObject): FieldError[] {
  const why = 'name is neither a standard finalizer name nor is it fully qualified'
  return (metadata.finalizers ?? []).flatMap((name, i) =>
    name.includes('/') || STANDARD_FINALIZERS.includes(name)
      ? []
      : [field.invalid(`metadata.finalizers[${i}]`, name, why)],
  )
}

/** Problems of a label map at `path`. */
export function validateLabels(labels: Readonly<Record<string, string>>, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(labels)) {
    for (const problem of qualifiedNameProblems(key)) errors.push(field.invalid(path, key, problem))
    const valueProblem = labelValueProblem(value)
    if (valueProblem) errors.push(field.invalid(path, value, valueProblem))
  }
  return errors
}

/** Problems of what may not change. */
export function validateMetadataChange(object: ApiObject, old: StoredObject): FieldError[] {
  const errors: FieldError[] = []
  if (old.metadata.deletionTimestamp) {
    const before = new Set(old.metadata.finalizers ?? [])
    const added = (object.metadata.finalizers ?? []).filter((f) => !before.has(f))
    if (added.length > 0) {
      errors.push(
        field.forbidden(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((f) => JSON.stringify(f)).join(', ')}}`,
        ),
      )
    }
  }
  for (const name of ['name', 'namespace', 'uid', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    const value = object.metadata[name]
    if (value !== old.metadata[name]) errors.push(field.invalid(`metadata.${name}`, value ?? '', IMMUTABLE))
  }
  return errors
}
