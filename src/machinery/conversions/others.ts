// Conversions of the smaller kinds. Models: the conversion.go and defaults.go of each group's retired version.

import { sameJson } from '../same-json.ts'
import { type LegacyConversion, part, records, withSpec } from './conversion.ts'
import { isRecord, type VersionedObject } from './versioned-object.ts'

type Json = Record<string, unknown>

const EMPTY_MATCH = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match'
const NOTHING = { matchExpressions: [{ key: EMPTY_MATCH, operator: 'Exists' }] }
const EVERYTHING = { matchExpressions: [{ key: EMPTY_MATCH, operator: 'DoesNotExist' }] }

function exchangeSelector(object: VersionedObject, pairs: readonly (readonly [object, object])[]): VersionedObject {
  const spec = part(object, 'spec')
  const pair = pairs.find(([from]) => spec.selector !== undefined && sameJson(spec.selector, from))
  return pair ? withSpec(object, { ...spec, selector: pair[1] }) : object
}

/** policy/v1beta1: an empty selector chose no pods, in v1 it chooses all. */
export const oldBudgets: LegacyConversion = {
  toStorage: (object) =>
    exchangeSelector(object, [
      [{}, NOTHING],
      [EVERYTHING, {}],
    ]),
  fromStorage: (object) =>
    exchangeSelector(object as VersionedObject, [
      [NOTHING, {}],
      [{}, EVERYTHING],
    ]),
}

const RBAC = 'rbac.authorization.k8s.io'

function subjectToStorage({ apiVersion, ...subject }: Json): Json {
  // Everyone was a user by the name of *.
  if (subject.kind === 'User' && subject.name === '*') {
    return { ...subject, kind: 'Group', name: 'system:authenticated', apiGroup: RBAC }
  }
  const slash = typeof apiVersion === 'string' ? apiVersion.indexOf('/') : -1
  if (typeof apiVersion === 'string' && slash > 0) return { ...subject, apiGroup: apiVersion.slice(0, slash) }
  return subject
}

function subjectFromStorage({ apiGroup, ...subject }: Json): Json {
  const own = subject.kind === 'ServiceAccount' && !apiGroup
  return { ...subject, apiVersion: own ? 'v1' : `${String(apiGroup || RBAC)}/v1alpha1` }
}

function editSubjects(object: VersionedObject, edit: (subject: Json) => Json): VersionedObject {
  return object.subjects ? { ...object, subjects: records(object, 'subjects').map(edit) } : object
}

/** rbac v1alpha1: a subject had an apiVersion instead of a group. */
export const alphaBindings: LegacyConversion = {
  toStorage: (object) => editSubjects(object, subjectToStorage),
  fromStorage: (object) => editSubjects(object as VersionedObject, subjectFromStorage),
}

/** admissionregistration v1beta1: other defaults, and side effects could be unknown. */
export const oldWebhooks: LegacyConversion = {
  toStorage(object) {
    const webhooks = records(object, 'webhooks').map((webhook) => ({
      ...webhook,
      failurePolicy: webhook.failurePolicy ?? 'Ignore',
      matchPolicy: webhook.matchPolicy ?? 'Exact',
      sideEffects: webhook.sideEffects ?? 'Unknown',
      timeoutSeconds: webhook.timeoutSeconds ?? 30,
      admissionReviewVersions: webhook.admissionReviewVersions ?? ['v1beta1'],
    }))
    return object.webhooks ? { ...object, webhooks } : object
  },
  forgives: ({ path, message }) =>
    /^webhooks\[\d+\]\.sideEffects$/.test(path) && /^Unsupported value: "(Unknown|Some)"/.test(message),
}

/** certificates v1beta1: a request needed neither signer nor usages. */
export const oldCertificateRequests: LegacyConversion = {
  toStorage(object) {
    const spec = part(object, 'spec')
    spec.signerName ||= 'kubernetes.io/legacy-unknown'
    spec.usages ??= ['digital signature', 'key encipherment']
    const status = part(object, 'status')
    const conditions = records(status, 'conditions').map((c) => ({ ...c, status: c.status || 'True' }))
    return {
      ...withSpec(object, spec),
      ...(object.status === undefined ? {} : { status: { ...status, ...(status.conditions ? { conditions } : {}) } }),
    }
  },
  forgives: ({ path, message }) => path === 'spec.signerName' && message.includes('the legacy signerName'),
}

const ZONE = 'topology.kubernetes.io/zone'
const HOST = 'kubernetes.io/hostname'

function endpointToStorage({ topology, ...endpoint }: Json): Json {
  if (!isRecord(topology)) return endpoint
  const { [ZONE]: zone, ...rest } = topology
  if (endpoint.nodeName !== undefined && rest[HOST] === endpoint.nodeName) delete rest[HOST]
  return {
    ...endpoint,
    ...(zone === undefined ? {} : { zone }),
    ...(Object.keys(rest).length > 0 ? { deprecatedTopology: rest } : {}),
  }
}

function endpointFromStorage({ deprecatedTopology, zone, ...endpoint }: Json): Json {
  const topology: Json = {
    ...(isRecord(deprecatedTopology) ? deprecatedTopology : {}),
    ...(endpoint.nodeName === undefined ? {} : { [HOST]: endpoint.nodeName }),
    ...(zone === undefined ? {} : { [ZONE]: zone }),
  }
  return Object.keys(topology).length > 0 ? { ...endpoint, topology } : endpoint
}

function editEndpoints(object: VersionedObject, edit: (endpoint: Json) => Json): VersionedObject {
  return object.endpoints ? { ...object, endpoints: records(object, 'endpoints').map(edit) } : object
}

/** discovery v1beta1: zone and node were entries of a topology map. */
export const oldEndpointSlices: LegacyConversion = {
  toStorage: (object) => editEndpoints(object, endpointToStorage),
  fromStorage: (object) => editEndpoints(object as VersionedObject, endpointFromStorage),
}
