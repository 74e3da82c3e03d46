// Rules on ObjectMeta that hold for every kind. Wording: k8s.io/apimachinery/pkg/api/validation/objectmeta.go.

import { type FieldError, field } from '../../machinery/errors.ts'
import { dnsLabelProblem, dnsSubdomainProblem, labelValueProblem, qualifiedNameProblem } from '../../machinery/names.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import type { Resource } from './resource.ts'

const MAX_ANNOTATIONS = 256 * 1024
const IMMUTABLE = 'field is immutable'

/** Problems of an object's metadata on create. */
export function validateMetadata(resource: Resource, object: ApiObject): FieldError[] {
  const { name, generateName, namespace } = object.metadata
  const errors: FieldError[] = []
  const nameProblem = resource.definition.nameProblem ?? dnsSubdomainProblem
  if (generateName) {
    // A generated name may end in a dash: the suffix completes it.
    const problem = nameProblem(generateName.replace(/-$/, 'a'))
    if (problem) errors.push(field.invalid('metadata.generateName', generateName, problem))
  }
  if (!name) {
    errors.push(field.required('metadata.name', 'name or generateName is required'))
  } else {
    const problem = nameProblem(name)
    if (problem) errors.push(field.invalid('metadata.name', name, problem))
  }
  if (resource.namespaced) {
    if (!namespace) errors.push(field.required('metadata.namespace'))
    else {
      const problem = dnsLabelProblem(namespace)
      if (problem) errors.push(field.invalid('metadata.namespace', namespace, problem))
    }
  } else if (namespace) {
    errors.push(field.forbidden('metadata.namespace', 'not allowed on this type'))
  }
  return [...errors, ...validateCommon(object)]
}

function validateCommon(object: ApiObject): FieldError[] {
  const { labels, annotations, ownerReferences, finalizers } = object.metadata
  const errors = validateLabels(labels ?? {}, 'metadata.labels')
  let size = 0
  for (const [key, value] of Object.entries(annotations ?? {})) {
    const problem = qualifiedNameProblem(key.toLowerCase())
    if (problem) errors.push(field.invalid('metadata.annotations', key, problem))
    size += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (size > MAX_ANNOTATIONS) errors.push(field.tooLong('metadata.annotations', MAX_ANNOTATIONS))
  let controllers = 0
  for (const [i, owner] of (ownerReferences ?? []).entries()) {
    const at = `metadata.ownerReferences[${i}]`
    if (!owner.apiVersion) errors.push(field.invalid(`${at}.apiVersion`, '', 'version must not be empty'))
    if (!owner.kind) errors.push(field.invalid(`${at}.kind`, '', 'must not be empty'))
    if (!owner.name) errors.push(field.invalid(`${at}.name`, '', 'must not be empty'))
    if (!owner.uid) errors.push(field.invalid(`${at}.uid`, '', 'must not be empty'))
    if (owner.controller) controllers += 1
  }
  if (controllers > 1) {
    errors.push(
      field.invalid(
        'metadata.ownerReferences',
        ownerReferences,
        'Only one reference can have Controller set to true. Found "true" in references',
      ),
    )
  }
  for (const finalizer of finalizers ?? []) {
    const problem = qualifiedNameProblem(finalizer)
    if (problem) errors.push(field.invalid('metadata.finalizers', finalizer, problem))
  }
  return errors
}

/** Problems of a label map at `path`. */
export function validateLabels(labels: Readonly<Record<string, string>>, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(labels)) {
    const keyProblem = qualifiedNameProblem(key)
    if (keyProblem) errors.push(field.invalid(path, key, keyProblem))
    const valueProblem = labelValueProblem(value)
    if (valueProblem) errors.push(field.invalid(path, value, valueProblem))
  }
  return errors
}

/** Problems of a change of metadata. */
export function validateMetadataUpdate(object: ApiObject, old: StoredObject): FieldError[] {
  const errors: FieldError[] = []
  const immutable = (name: 'name' | 'namespace' | 'uid' | 'creationTimestamp' | 'deletionTimestamp') => {
    const value = object.metadata[name]
    if (value !== old.metadata[name]) errors.push(field.invalid(`metadata.${name}`, value ?? '', IMMUTABLE))
  }
  immutable('name')
  immutable('namespace')
  immutable('uid')
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
  return [...errors, ...validateCommon(object)]
}
