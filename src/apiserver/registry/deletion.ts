// What a deletion means for an object: who may do it, what becomes of its dependents, and how long it stays.
// Model: BeforeDelete of k8s.io/apiserver/pkg/registry/rest and the deletion part of pkg/registry/generic/registry/store.go.

import type { DeleteOptions } from '../../api/generated/meta-v1.ts'
import { formatTime } from '../../machinery/clock.ts'
import { conflict, type FieldError, field, invalid, type StatusError } from '../../machinery/errors.ts'
import { type ApiObject, copyOf, type StoredObject } from '../api-object.ts'
import type { Resource } from './resource.ts'

const ORPHAN = 'orphan'
const FOREGROUND = 'foregroundDeletion'
const POLICIES = ['Foreground', 'Background', 'Orphan']

/** Throws Invalid. Model: ValidateDeleteOptions. */
export function checkDeleteOptions(options: DeleteOptions): void {
  const { propagationPolicy: policy, orphanDependents, dryRun = [] } = options
  const path = 'propagationPolicy'
  const problems: FieldError[] = []
  if (policy !== undefined && orphanDependents !== undefined) {
    problems.push(field.invalid(path, policy, 'orphanDependents and deletionPropagation cannot be both set'))
  }
  if (policy !== undefined && !POLICIES.includes(policy)) {
    problems.push(field.notSupported(path, policy, [...POLICIES, 'nil']))
  }
  problems.push(...dryRunProblems(dryRun))
  if (problems.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', problems)
}

/** Model: ValidateDryRun. */
export function dryRunProblems(values: readonly string[]): FieldError[] {
  return values.every((value) => value === 'All') ? [] : [field.notSupported('dryRun', values, ['All'])]
}

/** Throws Conflict when the object is not the one that is meant. */
export function checkPreconditions(
  resource: Resource,
  name: string,
  options: DeleteOptions,
  object: StoredObject | undefined,
): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  const { uid: own = '', resourceVersion: current = '' } = object?.metadata ?? {}
  const refuse = (what: string, wanted: string, is: string, otherwise: string): StatusError =>
    waitsForContent(resource)
      ? conflict(
          resource,
          name,
          `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${is}`,
        )
      : conflict(
          { group: resource.group, resource: resource.kind },
          name,
          `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${is}). The object might have been ${otherwise}`,
        )
  if (uid !== undefined && uid !== own) throw refuse('UID', uid, own, 'deleted and then recreated')
  if (resourceVersion !== undefined && resourceVersion !== current) {
    throw refuse('ResourceVersion', resourceVersion, current, 'modified')
  }
}

/** Namespaces and definitions stay until what is in them is gone, and are deleted in ways of their own. */
function waitsForContent({ group, resource }: Pick<Resource, 'group' | 'resource'>): boolean {
  return (group === '' && resource === 'namespaces') || isDefinition({ group, resource })
}

const isDefinition = ({ group, resource }: Pick<Resource, 'group' | 'resource'>) =>
  group === 'apiextensions.k8s.io' && resource === 'customresourcedefinitions'

// Model: ReturnDeletedObject in the storage packages of k8s.io/kubernetes/pkg/registry.
const ANSWERED_WITH_OBJECT = new Set([
  '/namespaces',
  '/persistentvolumeclaims',
  '/persistentvolumes',
  '/pods',
  '/podtemplates',
  '/resourcequotas',
  '/serviceaccounts',
  '/services',
  'resource.k8s.io/deviceclasses',
  'resource.k8s.io/resourceclaims',
  'resource.k8s.io/resourceclaimtemplates',
  'resource.k8s.io/resourceslices',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csinodes',
  'storage.k8s.io/storageclasses',
  'storage.k8s.io/volumeattachments',
  'storage.k8s.io/volumeattributesclasses',
])

/** Whether a deletion is answered with the object, not with a Status. */
export function answersWithObject({ group, resource }: Pick<Resource, 'group' | 'resource'>): boolean {
  return ANSWERED_WITH_OBJECT.has(`${group}/${resource}`)
}

/** Versions in which the dependents of a kind stay unless asked otherwise. Model: DefaultGarbageCollectionPolicy. */
const ORPHANING: Readonly<Record<string, readonly string[]>> = {
  '/replicationcontrollers': ['v1'],
  'batch/jobs': ['batch/v1'],
  'batch/cronjobs': ['batch/v1beta1'],
  'apps/daemonsets': ['extensions/v1beta1', 'apps/v1beta2'],
  'apps/deployments': ['extensions/v1beta1', 'apps/v1beta1', 'apps/v1beta2'],
  'apps/replicasets': ['extensions/v1beta1', 'apps/v1beta2'],
}

/** Whether dependents stay when nobody says what is to become of them. */
export function orphansByDefault({ group, resource }: Resource, apiVersion: string): boolean {
  return ORPHANING[`${group}/${resource}`]?.includes(apiVersion) ?? false
}

/**
 * The finalizers of an object that is deleted with these options through this version. Those of the garbage collector
 * come from the options, or else from the object, or else from its kind.
 */
export function deletionFinalizers(
  resource: Resource,
  object: StoredObject,
  options: DeleteOptions,
  apiVersion: string,
): readonly string[] {
  const current = object.metadata.finalizers ?? []
  // Their deletion begins without a look at what is asked for: REST.Delete of customresourcedefinition/etcd.go.
  if (isDefinition(resource) && !object.metadata.deletionTimestamp) return current
  // Events have no dependents that anybody would wait for.
  const policy = resource.resource === 'events' ? undefined : policyOf(current, options, resource, apiVersion)
  const wanted = current.filter((name) => name !== ORPHAN && name !== FOREGROUND)
  if (policy === 'Orphan') wanted.push(ORPHAN)
  if (policy === 'Foreground') wanted.push(FOREGROUND)
  return wanted.length === current.length && wanted.every((name) => current.includes(name)) ? current : wanted
}

function policyOf(
  finalizers: readonly string[],
  { orphanDependents, propagationPolicy }: DeleteOptions,
  resource: Resource,
  apiVersion: string,
): string | undefined {
  if (orphanDependents !== undefined) return orphanDependents ? 'Orphan' : 'Background'
  if (propagationPolicy !== undefined) return propagationPolicy
  const own = finalizers.find((name) => name === ORPHAN || name === FOREGROUND)
  if (own !== undefined) return own === ORPHAN ? 'Orphan' : 'Foreground'
  return orphansByDefault(resource, apiVersion) ? 'Orphan' : undefined
}

/** `pending`: a deletion is under way that this one changes nothing about. `timestamp` is absent for what goes at once. */
export type Grace =
  | { readonly kind: 'none' | 'pending' }
  | { readonly kind: 'graceful'; readonly seconds: number; readonly timestamp: number }

/** How long the object is to stay for graceful deletion. Model: BeforeDelete. */
export function graceOf(resource: Resource, object: StoredObject, options: DeleteOptions, now: number): Grace {
  // A negative period is the shortest that there is.
  const requested = atLeastOne(options.gracePeriodSeconds)
  const { gracePeriod } = resource.definition
  if (!gracePeriod) return { kind: 'none' }
  const { deletionTimestamp } = object.metadata
  if (deletionTimestamp) {
    const pending = atLeastOne(object.metadata.deletionGracePeriodSeconds)
    if (!pending) return { kind: 'none' }
    if (requested === undefined || requested >= pending) return { kind: 'pending' }
    const moved = Date.parse(deletionTimestamp) + (requested - pending) * 1000
    if (moved >= now) return { kind: 'graceful', seconds: requested, timestamp: moved }
    return { kind: 'graceful', seconds: requested === 0 ? 0 : 1, timestamp: now }
  }
  const seconds = gracePeriod(object as ApiObject, requested)
  return seconds === undefined ? { kind: 'none' } : { kind: 'graceful', seconds, timestamp: now + seconds * 1000 }
}

function atLeastOne(seconds: number | undefined): number | undefined {
  return seconds !== undefined && seconds < 0 ? 1 : seconds
}

/** A copy of the object that carries its deletion. */
export function marked(
  resource: Resource,
  old: StoredObject,
  finalizers: readonly string[],
  grace: Grace,
  now: number,
): ApiObject {
  const object = copyOf(old)
  const { metadata } = object
  delete metadata.resourceVersion
  if (finalizers.length > 0) metadata.finalizers = [...finalizers]
  else delete metadata.finalizers
  const first = !metadata.deletionTimestamp
  if (waitsForContent(resource)) {
    if (first) metadata.deletionTimestamp = formatTime(now)
    if (resource.resource === 'namespaces') object.status = { ...(object.status as object), phase: 'Terminating' }
    resource.definition.prepareDelete?.(object, now)
    // The second deletion of a definition is like any other kind's.
    if (!first && resource.resource !== 'namespaces') metadata.deletionGracePeriodSeconds = 0
    return object
  }
  if (first && metadata.generation) metadata.generation += 1
  if (grace.kind === 'graceful') {
    metadata.deletionTimestamp = formatTime(grace.timestamp)
    metadata.deletionGracePeriodSeconds = grace.seconds
    return object
  }
  if (first || Date.parse(metadata.deletionTimestamp ?? '') > now) metadata.deletionTimestamp = formatTime(now)
  metadata.deletionGracePeriodSeconds = 0
  return object
}
