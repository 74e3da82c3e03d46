// clustertrustbundles and podcertificaterequests. Rules and wording: k8s.io/kubernetes/pkg/apis/certificates/validation.

import type { ClusterTrustBundle, PodCertificateRequest } from '../../../api/generated/certificates-v1beta1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { type Shapes, structValue } from '../../../machinery/go/struct-json.ts'
import { dnsSubdomainProblem, qualifiedNameProblems } from '../../../machinery/names.ts'
import { ownKeyProblem, stubRequestProblem, trustBundleProblems } from '../../../machinery/pkcs10.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource, keepMetadata, type ResourceDefinition } from '../../resource-definition.ts'
import { nameColumn, text } from '../columns/common.ts'
import { validateConditions } from '../core/condition-validation.ts'
import { immutable, invalidFor } from '../core/field-checks.ts'
import { validateSignerName } from '../extension/signer-name.ts'
import { chainProblems } from './certificate-chain.ts'

const IMMUTABLE = 'field is immutable'
const MAX_BUNDLE = 1024 * 1024
const OMITTED = '<value omitted>'
/** A value that is not shown at all. Upstream: OmitValueType. */
const unshown = (path: string, why: string): FieldError => ({
  type: 'FieldValueInvalid',
  path,
  message: `Invalid value: ${why}`,
})
const SHAPES: Shapes = {
  PodCertificateRequestSpec:
    'SignerName PodName PodUID ServiceAccountName ServiceAccountUID NodeName NodeUID MaxExpirationSeconds:*i PKIXPublicKey=pkixPublicKey:*s ProofOfPossession:*s StubPKCS10Request=stubPKCS10Request:*s UnverifiedUserAnnotations:{}s',
}

/** A bundle of a signer is named after it. Upstream: ValidateClusterTrustBundleName. */
function bundleNameProblem(name: string, signer: string): string | undefined {
  if (signer === '') {
    return name.includes(':')
      ? 'ClusterTrustBundle without signer name must not have ":" in its name'
      : dnsSubdomainProblem(name)
  }
  const prefix = `${signer.replaceAll('/', ':')}:`
  return name.startsWith(prefix)
    ? dnsSubdomainProblem(name.slice(prefix.length))
    : `ClusterTrustBundle for signerName ${signer} must be named with prefix ${prefix}`
}

const clusterTrustBundles = defineResource<ClusterTrustBundle>({
  group: 'certificates.k8s.io',
  resource: 'clustertrustbundles',
  unconditionalUpdate: false,
  generation: false,
  nameProblem: (name, { spec }) => bundleNameProblem(name, spec.signerName ?? ''),
  validate({ spec }, old) {
    const { signerName = '', trustBundle = '' } = spec
    const at = 'spec.trustBundle'
    const errors = signerName === '' ? [] : validateSignerName('spec.signerName', signerName)
    if (old?.spec.trustBundle === trustBundle) return errors
    if (trustBundle.length > MAX_BUNDLE) return [...errors, field.tooLong(at, MAX_BUNDLE)]
    return [...errors, ...trustBundleProblems(trustBundle).map((problem) => field.invalid(at, OMITTED, problem))]
  },
  validateUpdate: (bundle, old) => immutable('spec.signerName', bundle.spec.signerName, old.spec.signerName),
  selectableFields: { 'spec.signerName': ({ spec }) => spec.signerName ?? '' },
  columns: [nameColumn, text('SignerName', ({ spec }) => spec.signerName || '<none>')],
})

const MIN_SECONDS = 3600
const MAX_SECONDS = 91 * 86_400
/** Signers of Kubernetes give certificates for a day at most. */
const MAX_KUBERNETES_SECONDS = 86_400
const MAX_UID = 128
const MAX_STUB = 10 * 1024
const OUTCOMES = ['Issued', 'Denied', 'Failed']
const STUB_AT = 'spec.stubPKCS10Request'

type Spec = PodCertificateRequest['spec']

function uidProblems(path: string, uid = ''): FieldError[] {
  if (uid === '') return [field.invalid(path, uid, 'must not be empty')]
  return uid.length > MAX_UID ? [field.tooLong(path, MAX_UID)] : []
}

function keyProblems(spec: Spec): FieldError[] {
  const [stub, key, proof] = [spec.stubPKCS10Request || '', spec.pkixPublicKey || '', spec.proofOfPossession || '']
  const why = 'exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set'
  const both = key !== '' && proof !== ''
  const none = key === '' && proof === ''
  if (stub === '') return both ? ownKeyProblems(key, proof, spec.podUID ?? '') : [unshown('spec', why)]
  if (!none) return [unshown('spec', why)]
  const der = Buffer.from(stub, 'base64')
  if (der.length > MAX_STUB) return [field.tooLong(STUB_AT, MAX_STUB)]
  const problem = stubRequestProblem(der)
  if (!problem) return []
  if (problem.value !== undefined) return [field.invalid(STUB_AT, problem.value, problem.message)]
  return [unshown(STUB_AT, problem.message)]
}

function ownKeyProblems(key: string, proof: string, podUID: string): FieldError[] {
  const [keyAt, proofAt] = ['spec.pkixPublicKey', 'spec.proofOfPossession']
  const [der, signature] = [Buffer.from(key, 'base64'), Buffer.from(proof, 'base64')]
  if (der.length > MAX_STUB) return [field.tooLong(keyAt, MAX_STUB)]
  if (signature.length > MAX_STUB) return [field.tooLong(proofAt, MAX_STUB)]
  const problem = ownKeyProblem(der, signature, podUID)
  if (!problem) return []
  if (problem.of === 'proof') return [unshown(proofAt, problem.message)]
  return [field.invalid(keyAt, problem.value ?? key, problem.message)]
}

/** Upstream: ValidatePodCertificateRequestCreate. */
function requestProblems({ spec }: PodCertificateRequest): FieldError[] {
  const { signerName = '', podName = '', serviceAccountName = '', nodeName = '' } = spec
  const host = signerName.split('/')[0] ?? ''
  const isKubernetes = host === 'kubernetes.io' || host.endsWith('.kubernetes.io')
  const longest = isKubernetes ? MAX_KUBERNETES_SECONDS : MAX_SECONDS
  const seconds = spec.maxExpirationSeconds ?? 0
  const why = `must be in the range [${MIN_SECONDS}, ${longest}]`
  return [
    ...validateSignerName('spec.signerName', signerName),
    ...Object.keys(spec.unverifiedUserAnnotations ?? {}).flatMap((key) =>
      invalidFor('spec.unverifiedUserAnnotations', key.toLowerCase(), qualifiedNameProblems(key.toLowerCase())),
    ),
    ...invalidFor('spec.podName', podName, [dnsSubdomainProblem(podName)]),
    ...uidProblems('spec.podUID', spec.podUID),
    ...invalidFor('spec.serviceAccountName', serviceAccountName, [dnsSubdomainProblem(serviceAccountName)]),
    ...uidProblems('spec.serviceAccountUID', spec.serviceAccountUID),
    ...invalidFor('spec.nodeName', nodeName, [dnsSubdomainProblem(nodeName)]),
    ...uidProblems('spec.nodeUID', spec.nodeUID),
    ...(seconds >= MIN_SECONDS && seconds <= longest ? [] : [field.invalid('spec.maxExpirationSeconds', seconds, why)]),
    ...keyProblems(spec),
  ]
}

/** One outcome, and nothing changes after it. Upstream: ValidatePodCertificateRequestStatusUpdate. */
function outcomeProblems(
  request: PodCertificateRequest,
  old: PodCertificateRequest,
  { now }: { readonly now: number },
): FieldError[] {
  const { status } = request
  const conditions = status.conditions ?? []
  const errors = conditions.flatMap(({ type, status: value }, i) => {
    // The path is upstream's.
    const at = `status.conditions.[${i}]`
    if (!OUTCOMES.includes(type)) return [field.notSupported(`${at}.type`, type, OUTCOMES)]
    const known = conditions.slice(0, i).some((before) => OUTCOMES.includes(before.type))
    const one = 'There may be at most one condition with type "Issued", "Denied", or "Failed"'
    return [
      ...(known ? [field.invalid(`${at}.type`, type, one)] : []),
      ...(value === 'True' ? [] : [field.notSupported(`${at}.status`, value, ['True'])]),
    ]
  })
  errors.push(...validateConditions(conditions, 'status.conditions'))
  if (errors.length > 0) return errors
  const same = sameJson(status, old.status)
  if ((old.status.conditions ?? []).length > 0) {
    const why = 'immutable after PodCertificateRequest is issued, denied, or failed'
    return same ? [] : [unshown('status', why)]
  }
  if (conditions.length === 0) {
    const why = 'status is immutable unless transitioning to "Issued", "Denied", or "Failed"'
    return same ? [] : [unshown('status', why)]
  }
  const { conditions: _, ...others } = status
  if (conditions[0]?.type === 'Issued') return chainProblems(request, now)
  if (Object.keys(others).length === 0) return []
  const why = 'non-condition status fields must be empty when denying or failing the PodCertificateRequest'
  return [unshown('status', why)]
}

const podCertificateRequests = defineResource<PodCertificateRequest>({
  group: 'certificates.k8s.io',
  resource: 'podcertificaterequests',
  // Who writes to what is reset comes to own it: GetResetFields names nothing but the spec.
  unconditionalUpdate: false,
  resets: { '': [], status: ['spec'] },
  prepareStatusUpdate: (request, old) => keepMetadata(request, old),
  generation: false,
  defaults({ spec }) {
    spec.maxExpirationSeconds ??= 86_400
  },
  validateCreate: requestProblems,
  validateUpdate({ spec }, old) {
    if (sameJson(spec, old.spec)) return []
    return [field.invalid('spec', structValue(SHAPES, 'PodCertificateRequestSpec', spec), IMMUTABLE)]
  },
  validateStatusUpdate: outcomeProblems,
  selectableFields: {
    'spec.signerName': ({ spec }) => spec.signerName,
    'spec.podName': ({ spec }) => spec.podName,
    'spec.nodeName': ({ spec }) => spec.nodeName,
  },
  columns: [
    nameColumn,
    text('PodName', ({ spec }) => spec.podName),
    text('ServiceAccountName', ({ spec }) => spec.serviceAccountName),
    text('NodeName', ({ spec }) => spec.nodeName),
    text('SignerName', ({ spec }) => spec.signerName),
    text(
      'State',
      ({ status }) => (status.conditions ?? []).findLast(({ type }) => OUTCOMES.includes(type))?.type ?? 'Pending',
    ),
    text('UnverifiedUserAnnotations', ({ spec }) => {
      const pairs = Object.entries(spec.unverifiedUserAnnotations ?? {}).map(([key, value]) => `${key}=${value}`)
      return pairs.sort().join(',') || '<none>'
    }),
  ],
})

export const certificatePreviews: readonly ResourceDefinition[] = [clusterTrustBundles, podCertificateRequests]
